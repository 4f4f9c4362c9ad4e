/*
 * apply.c - apply what is pending, in nobody's way.
 *
 * A statement that needs a table for itself waits for it a moment only, since
 * everybody else queues up behind; then the file is begun anew, after a pause
 * that grows.  Where somebody keeps a transaction open, that may be for long.
 */

#include "nx/base/clock.h"
#include "nx/base/random.h"
#include "room.h"

enum { FIRST_PAUSE_MS = 200, LAST_PAUSE_MS = 5000, LOCK_PAUSE_MS = 200 };

enum nx_rc
nx_migrate_take_turn(struct nx_ctx *ctx, struct nx_migrator *m,
    int64_t deadline)
{
	enum nx_rc rc;

	while ((rc = nx_migrator_lock(m, &ctx->err)) == NX_SCHEMA_BUSY &&
	    nx_clock_left(deadline) > 0)
		nx_clock_sleep(LOCK_PAUSE_MS);
	return rc;
}

/* Half of it to all of it, so that what repeats is not met again and again. */
static int
some_of(int pause)
{
	unsigned char r;

	nx_random(&r, sizeof(r));
	return pause / 2 + pause / 2 * r / 255;
}

static void
explain_busy(struct nx_ctx *ctx, struct nx_migrator *m, int wait)
{
	const char *oldest = nx_migrator_oldest(m, ctx->arena);
	struct nx_err why = ctx->err;

	(void)nx_fail(&ctx->err, NX_SCHEMA_BUSY, "%.150s For %d s no lock was"
	    " to be had; %s.", why.detail, wait, oldest != NULL ? oldest :
	    "no transaction is open now");
}

enum nx_rc
nx_migrate_patiently(struct nx_ctx *ctx, struct nx_migrator *m,
    const struct nx_migration *file, struct nx_apply *apply, int64_t deadline)
{
	const struct nx_log *log = &ctx->app->conf.log;
	int pause = FIRST_PAUSE_MS;
	enum nx_rc rc;

	nx_log(log, NX_LOG_INFO, NULL, "migrate.apply",
	    NX_S("file", file->name));
	while ((rc = nx_migrator_run(m, file, &ctx->err)) == NX_SCHEMA_BUSY &&
	    nx_clock_left(deadline) > pause) {
		nx_log(log, NX_LOG_INFO, NULL, "migrate.retry",
		    NX_S("file", file->name), NX_S("detail", ctx->err.detail));
		nx_clock_sleep(some_of(pause));
		apply->retries++;
		pause = pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : pause * 2;
	}
	if (rc == NX_SCHEMA_BUSY)
		explain_busy(ctx, m, apply->wait);
	apply->applied += rc == NX_OK && !file->contracts;
	return rc;
}

static enum nx_rc
apply_one(struct nx_ctx *ctx, struct nx_migrator *m,
    const struct nx_migration *file, struct nx_apply *apply, int64_t deadline)
{
	bool there = false;
	enum nx_rc rc = NX_OK;

	if (file->version != apply->again)
		rc = nx_migrator_is_there(m, file, &there, &ctx->err);
	if (rc != NX_OK)
		return rc;
	if (!there)
		return nx_migrate_patiently(ctx, m, file, apply, deadline);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, NULL, "migrate.adopt",
	    NX_S("file", file->name));
	apply->adopted++;
	return nx_migrator_adopt(m, file, &ctx->err);
}

/* The first that has changed and is not to be applied again. */
static const struct nx_file *
find_changed(const struct nx_files *files, int again)
{
	for (int i = 0; i < files->n; i++) {
		if (files->all[i].state == NX_FILE_CHANGED && i != again)
			return &files->all[i];
	}
	return NULL;
}

static enum nx_rc
apply_what_pends(struct nx_ctx *ctx, struct nx_migrator *m,
    struct nx_files *files, struct nx_apply *apply, int64_t deadline)
{
	const struct nx_file *file;
	enum nx_rc rc = nx_files_compare(ctx, m, files);

	if (rc == NX_OK && (file = find_changed(files, apply->again)) != NULL)
		rc = nx_fail(&ctx->err, NX_SCHEMA_WRONG, "%s is not the file"
		    " that was applied on %s. A change is a new file; if this"
		    " one is to be run once more, say --again=%d.",
		    file->sql.name, file->row->at, file->sql.version);
	for (int i = 0; rc == NX_OK && i < files->n; i++) {
		if (files->all[i].state == NX_FILE_PENDING ||
		    i == apply->again)
			rc = apply_one(ctx, m, &files->all[i].sql, apply,
			    deadline);
	}
	return rc == NX_OK ? nx_files_compare(ctx, m, files) : rc;
}

/* Where nothing of ours was, or all is contracted, no older one is at work. */
static bool
is_to_contract(const struct nx_files *files, const struct nx_apply *apply,
    bool was_empty)
{
	return files->form == NX_FORM_CONTRACTED ? apply->again >= 0 :
	    files->form == NX_FORM_EXPANDED && was_empty && !apply->expands;
}

static enum nx_rc
apply_all(struct nx_ctx *ctx, struct nx_migrator *m, struct nx_files *files,
    struct nx_apply *apply)
{
	int64_t deadline = nx_clock_mono() + (int64_t)apply->wait * 1000;
	bool was_empty = false;
	enum nx_rc rc = nx_migrate_take_turn(ctx, m, deadline);

	if (rc == NX_OK)
		rc = nx_migrator_is_empty(m, &was_empty, &ctx->err);
	if (rc == NX_OK)
		rc = apply_what_pends(ctx, m, files, apply, deadline);
	if (rc == NX_OK && is_to_contract(files, apply, was_empty))
		rc = nx_contract_run(ctx, m, files, apply, deadline);
	return rc;
}

enum nx_rc
nx_migrate_apply(struct nx_ctx *ctx, struct nx_files *files,
    struct nx_apply *apply)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	if (rc == NX_OK)
		rc = apply_all(ctx, m, files, apply);
	nx_migrator_close(m);
	return rc;
}
