/* token_refresh.c - one sweep over what is due, then exit. */

#include <stdlib.h>

#include "nx/base/json.h"
#include "nx/base/stop.h"
#include "nx/base/uuid.h"
#include "nx/cli/command.h"
#include "nx/flow/account/keys.h"
#include "nx/flow/account/sweep.h"

enum { WITHIN_MAX = 7200 };

/* What is named is meant to the second; else the ids spread it. */
static enum nx_rc
read_due(struct nx_command *c, struct nx_due *out)
{
	const char *text = c->args.within, *user = c->args.user_id;

	*out = (struct nx_due){ .user_id = user, .within = NX_SWEEP_WITHIN };
	if (user != NULL && !nx_uuid_valid(user) && !c->args.dry_run)
		return nx_fail(&c->ctx.err, NX_USAGE,
		    "--user_id must be a UUID.");
	if (text == NULL && user == NULL)
		out->spread = true;
	if (text == NULL || nx_args_number(text, 0, WITHIN_MAX, &out->within))
		return NX_OK;
	return nx_fail(&c->ctx.err, NX_USAGE,
	    "--within must be 0 to %d seconds.", WITHIN_MAX);
}

static void
add_sweep(struct nx_command *c, const struct nx_sweep *total)
{
	struct nx_jw w = { .out = &c->out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_bool(&w, "dry_run", c->args.dry_run);
	nx_jw_i64(&w, "due", total->due);
	nx_jw_i64(&w, "refreshed", total->refreshed);
	nx_jw_i64(&w, "waiting", total->waiting);
	nx_jw_i64(&w, "ending", total->ending);
	nx_jw_i64(&w, "needs_reauth", total->ended);
	nx_jw_i64(&w, "failed", total->failed);
	nx_jw_i64(&w, "unreadable", total->unreadable);
	nx_jw_bool(&w, "stopped", total->stopped);
	nx_jw_bool(&w, "outage", total->outage);
	nx_jw_close(&w, '}');
}

/* What the operator must mend comes before what mends itself. */
static enum nx_rc
judge_sweep(struct nx_command *c, const struct nx_sweep *total)
{
	if (total->halt.rc != NX_OK) {
		c->ctx.err = total->halt;
		return total->halt.rc;
	}
	if (total->unreadable > 0)
		return nx_fail(&c->ctx.err, NX_SEAL_BROKEN, "The tokens of %d"
		    " connections do not open; the log names keys.",
		    total->unreadable);
	if (total->failed > 0)
		return nx_fail(&c->ctx.err, NX_INTERNAL, "%d renewed pairs"
		    " could neither be saved nor kept aside.", total->failed);
	if (total->outage || total->waiting > 0)
		return nx_fail(&c->ctx.err, NX_X_DOWN, "%d of %lld wait for a"
		    " later sweep.", total->waiting, (long long)total->due);
	if (total->stopped)
		return nx_fail(&c->ctx.err, NX_REFRESH_BUSY,
		    "Told to stop before all was done; nothing was dropped.");
	return NX_OK;
}

static enum nx_rc
run_sweep(struct nx_command *c, const struct nx_due *due)
{
	struct nx_stop *stop = nx_stop_new();
	struct nx_sweep total;
	enum nx_rc rc;

	if (stop == NULL)
		return nx_fail(&c->ctx.err, NX_NO_MEMORY, "at the start");
	c->ctx.stop = nx_stop_flag(stop);
	rc = nx_sweep(&c->ctx, due, NX_SWEEP_THREADS, &total);
	c->ctx.stop = NULL;
	nx_stop_free(stop);
	add_sweep(c, &total);
	return rc == NX_OK ? judge_sweep(c, &total) : rc;
}

static enum nx_rc
sweep_command(struct nx_command *c)
{
	struct nx_sweep total = { 0 };
	struct nx_due due;
	enum nx_rc rc = read_due(c, &due);

	if (rc != NX_OK)
		return rc;
	if (!c->args.dry_run) {
		rc = nx_command_need(c,
		    NX_NEED_KEYS | NX_NEED_X | NX_NEED_DB);
		if (rc == NX_OK)
			rc = nx_keys_check(&c->app, &c->ctx.err);
		return rc == NX_OK ? run_sweep(c, &due) : rc;
	}
	/* A dry run counts what is due where there is a database to ask. */
	if (getenv("DATABASE_URL") != NULL)
		rc = nx_command_need(c, NX_NEED_DB);
	if (rc == NX_OK && c->app.pool != NULL)
		rc = nx_sweep_count(&c->ctx, &due, &total);
	if (rc == NX_OK)
		add_sweep(c, &total);
	return rc;
}

static void
add_keys(struct nx_jw *w, const struct nx_rekeyed *done)
{
	nx_jw_open(w, "keys_in_use", '[');
	for (size_t i = 0; i < done->in_use.n; i++)
		nx_jw_str(w, NULL, done->in_use.ids[i]);
	nx_jw_close(w, ']');
	nx_jw_open(w, "keys_that_may_go", '[');
	for (size_t i = 0; i < done->nmay_go; i++)
		nx_jw_str(w, NULL, done->may_go[i]);
	nx_jw_close(w, ']');
}

static enum nx_rc
rekey(struct nx_command *c)
{
	struct nx_jw w = { .out = &c->out };
	struct nx_rekeyed done = { .in_use = { .n = 0 } };
	enum nx_rc rc = NX_OK;

	if (!c->args.dry_run)
		rc = nx_command_need(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_keys_check(&c->app, &c->ctx.err);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_rekey(&c->ctx, &done);
	if (rc != NX_OK)
		return rc;
	nx_jw_open(&w, NULL, '{');
	nx_jw_bool(&w, "dry_run", c->args.dry_run);
	nx_jw_i64(&w, "resealed", done.rows.resealed);
	nx_jw_i64(&w, "unreadable", done.rows.unreadable);
	if (!c->args.dry_run)
		add_keys(&w, &done);
	nx_jw_close(&w, '}');
	return NX_OK;
}

int
nx_token_refresh(int argc, char **argv)
{
	struct nx_command c;
	int exit_status;

	if (nx_command_open(&c, NX_TOKEN_REFRESH, "token_refresh", argc,
	    argv, &exit_status) != NX_OK)
		return exit_status;
	return nx_command_close(&c,
	    c.args.rekey ? rekey(&c) : sweep_command(&c));
}
