/* migrate.c - the commands of nexus-x-migrate. */

#include <string.h>

#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/cli/command.h"
#include "nx/flow/migrate/migrate.h"

enum {
	WAIT_S = 60,
	WAIT_MAX = 24 * 3600,
	ROWS = 100 * 1000,
	ROWS_MAX = 100 * 1000 * 1000,
	LIMIT_MS = 200,			/* docs/contract.md 8 */
};

struct work {
	struct nx_command	*c;
	const char		*dir;
	struct nx_files		 files;
};

static const char *const states[] = {
	[NX_FILE_PENDING] = "pending",
	[NX_FILE_APPLIED] = "applied",
	[NX_FILE_ADOPTED] = "adopted",
	[NX_FILE_CHANGED] = "changed",
};

/* A number from 0 to `max`; without the option `*out` stays as it is. */
static enum nx_rc
read_number(struct nx_command *c, const char *name, const char *text, int max,
    int *out)
{
	return text == NULL || nx_args_number(text, 0, max, out) ? NX_OK :
	    nx_fail(&c->ctx.err, NX_USAGE,
	    "--%s must be a number from 0 to %d.", name, max);
}

/* -1 is no version. */
static void
add_version(struct nx_jw *w, int version)
{
	if (version < 0)
		nx_jw_null(w, "version");
	else
		nx_jw_i64(w, "version", version);
}

static void
add_files(struct nx_jw *w, const struct nx_files *files)
{
	nx_jw_open(w, "files", '[');
	for (int i = 0; i < files->n; i++) {
		const struct nx_file *file = &files->all[i];

		nx_jw_open(w, NULL, '{');
		nx_jw_str(w, "name", file->sql.name);
		nx_jw_str(w, "state", states[file->state]);
		if (file->row != NULL) {
			nx_jw_str(w, "applied_at", file->row->at);
			nx_jw_str(w, "program", file->row->program);
		}
		nx_jw_close(w, '}');
	}
	nx_jw_close(w, ']');
}

static void
open_answer(struct work *k, struct nx_jw *w)
{
	*w = (struct nx_jw){ .out = &k->c->out };
	nx_jw_open(w, NULL, '{');
	add_version(w, k->files.version);
	nx_jw_i64(w, "needed", k->files.n - 1);
	nx_jw_bool(w, "contracted", k->files.form == NX_FORM_CONTRACTED);
}

static enum nx_rc
run_status(struct work *k)
{
	struct nx_jw w;
	enum nx_rc rc = nx_migrate_status(&k->c->ctx, &k->files);

	if (rc != NX_OK)
		return rc;
	open_answer(k, &w);
	nx_jw_i64(&w, "pending", k->files.pending);
	nx_jw_i64(&w, "changed", k->files.changed);
	add_files(&w, &k->files);
	nx_jw_close(&w, '}');
	return NX_OK;
}

static enum nx_rc
run_apply(struct work *k)
{
	const struct nx_args *args = &k->c->args;
	struct nx_apply apply = { .again = -1, .wait = WAIT_S,
	    .expands = args->expand };
	struct nx_jw w;
	enum nx_rc rc;

	rc = read_number(k->c, "wait", args->wait, WAIT_MAX, &apply.wait);
	if (rc == NX_OK)
		rc = read_number(k->c, "again", args->again, k->files.n - 1,
		    &apply.again);
	if (rc == NX_OK)
		rc = nx_migrate_apply(&k->c->ctx, &k->files, &apply);
	if (rc != NX_OK)
		return rc;
	open_answer(k, &w);
	nx_jw_i64(&w, "applied", apply.applied);
	nx_jw_i64(&w, "adopted", apply.adopted);
	nx_jw_i64(&w, "retries", apply.retries);
	nx_jw_close(&w, '}');
	return NX_OK;
}

static enum nx_rc
run_contract(struct work *k)
{
	struct nx_apply apply = { .wait = WAIT_S };
	struct nx_jw w;
	enum nx_rc rc;

	rc = read_number(k->c, "wait", k->c->args.wait, WAIT_MAX,
	    &apply.wait);
	if (rc == NX_OK)
		rc = nx_migrate_contract(&k->c->ctx, &k->files, &apply);
	if (rc != NX_OK)
		return rc;
	open_answer(k, &w);
	nx_jw_i64(&w, "retries", apply.retries);
	nx_jw_close(&w, '}');
	return NX_OK;
}

static void
add_problems(struct work *k, struct nx_slice problems)
{
	struct nx_jw w;

	open_answer(k, &w);
	nx_jw_bool(&w, "ok", problems.n == 0);
	nx_jw_open(&w, "problems", '[');
	while (problems.n > 0) {
		struct nx_slice line = nx_slice_cut(&problems, '\n');

		if (line.n > 0)
			nx_jw_slice(&w, NULL, line);
	}
	nx_jw_close(&w, ']');
	nx_jw_close(&w, '}');
}

static enum nx_rc
run_check(struct work *k)
{
	struct nx_buf problems = NX_BUF(NX_MIGRATE_PROBLEMS_MAX);
	enum nx_rc rc;

	if (k->c->args.list)
		return nx_migrate_list(&k->c->ctx, &k->c->out);
	rc = nx_migrate_check(&k->c->ctx, &k->files, k->dir, &problems);
	k->c->failed = problems.n > 0;
	if (rc == NX_OK)
		add_problems(k, nx_buf_slice(&problems));
	nx_buf_free(&problems);
	return rc;
}

static void
add_times(struct work *k, const struct nx_lock_times *times)
{
	struct nx_jw w = { .out = &k->c->out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_i64(&w, "rows", times->rows);
	nx_jw_i64(&w, "limit_ms", times->limit_ms);
	nx_jw_bool(&w, "ok", times->over == 0);
	nx_jw_open(&w, "files", '[');
	for (int i = 0; i < times->n; i++) {
		const struct nx_lock_time *t = &times->all[i];

		nx_jw_open(&w, NULL, '{');
		nx_jw_str(&w, "name", t->name);
		nx_jw_i64(&w, "longest_block_ms", t->seen.longest_ms);
		nx_jw_str(&w, "blocked", t->seen.longest_ms == 0 ? NULL :
		    t->seen.statement);
		nx_jw_i64(&w, "took_ms", t->ms);
		nx_jw_i64(&w, "retries", t->retries);
		nx_jw_i64(&w, "statements", t->seen.statements);
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, ']');
	nx_jw_close(&w, '}');
}

static enum nx_rc
run_lock_times(struct work *k)
{
	const struct nx_args *args = &k->c->args;
	struct nx_lock_times times = { .from = -1, .rows = ROWS,
	    .limit_ms = LIMIT_MS, .wait = WAIT_S };
	enum nx_rc rc;

	rc = read_number(k->c, "from", args->from, k->files.n - 1,
	    &times.from);
	if (rc == NX_OK)
		rc = read_number(k->c, "rows", args->rows, ROWS_MAX,
		    &times.rows);
	if (rc == NX_OK)
		rc = read_number(k->c, "limit", args->limit, WAIT_MAX * 1000,
		    &times.limit_ms);
	if (rc == NX_OK)
		rc = read_number(k->c, "wait", args->wait, WAIT_MAX,
		    &times.wait);
	if (rc == NX_OK)
		rc = nx_migrate_lock_times(&k->c->ctx, &k->files, &times);
	if (rc == NX_OK)
		add_times(k, &times);
	k->c->failed = times.over > 0;
	return rc;
}

static const struct action {
	const char	*name;
	enum nx_rc	(*run)(struct work *k);
} actions[] = {
	{ "status", run_status },
	{ "apply", run_apply },
	{ "contract", run_contract },
	{ "check", run_check },
	{ "lock-times", run_lock_times },
};

static enum nx_rc
run_action(struct work *k)
{
	struct nx_command *c = k->c;
	const struct action *a = NULL;
	enum nx_rc rc;

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (c->args.action != NULL &&
		    strcmp(c->args.action, actions[i].name) == 0)
			a = &actions[i];
	}
	if (a == NULL)
		return nx_fail(&c->ctx.err, NX_USAGE,
		    "Say what to do: status, apply, contract, check or"
		    " lock-times.");
	if ((rc = nx_files_read(&c->ctx, k->dir, &k->files)) != NX_OK ||
	    (rc = nx_command_need(c, NX_NEED_DB)) != NX_OK)
		return rc;
	return a->run(k);
}

int
nx_migrate(int argc, char **argv, const char *dir)
{
	struct nx_command c;
	struct work k = { .c = &c, .dir = dir };
	int exit_status;

	if (nx_command_open(&c, NX_MIGRATE, "nexus-x-migrate", argc, argv,
	    &exit_status) != NX_OK)
		return exit_status;
	if (c.args.dir != NULL)
		k.dir = c.args.dir;
	return nx_command_close(&c, run_action(&k));
}
