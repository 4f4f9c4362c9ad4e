/* lock_times.c - rehearse migrations on a database of a size. */

#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/store/probe.h"
#include "room.h"

enum { SCRATCH_NAME_MAX = 40 };

static enum nx_rc
rehearse_file(struct nx_ctx *ctx, struct nx_migrator *m,
    const struct nx_migration *file, struct nx_lock_times *out)
{
	struct nx_lock_time *time = &out->all[out->n];
	struct nx_apply apply = { .again = -1, .wait = out->wait };
	struct nx_probe *probe;
	int64_t begun;
	enum nx_rc rc;

	rc = nx_probe_start(ctx->app->conf.database_url, out->database,
	    &probe, &ctx->err);
	if (rc != NX_OK)
		return rc;
	begun = nx_clock_mono();
	rc = nx_migrate_patiently(ctx, m, file, &apply,
	    begun + (int64_t)out->wait * 1000);
	nx_probe_stop(probe, &time->seen);
	time->name = file->name;
	time->ms = (int)(nx_clock_mono() - begun);
	time->retries = apply.retries;
	out->over += time->seen.longest_ms > out->limit_ms;
	out->n++;
	return rc;
}

static enum nx_rc
rehearse_all(struct nx_ctx *ctx, const struct nx_files *files,
    struct nx_lock_times *out)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrator_open(ctx->app->conf.database_url,
	    out->database, &m, &ctx->err);

	for (int i = 0; rc == NX_OK && i < files->n; i++) {
		if (i >= out->from)
			rc = nx_migrator_fill(m, out->rows, &ctx->err);
		if (rc == NX_OK)
			rc = i < out->from ? nx_migrator_run(m,
			    &files->all[i].sql, &ctx->err) :
			    rehearse_file(ctx, m, &files->all[i].sql, out);
	}
	for (int i = 0; rc == NX_OK && i < files->ncontract; i++)
		rc = rehearse_file(ctx, m, &files->contract[i], out);
	nx_migrator_close(m);
	return rc;
}

/* The first that is pending, or else the newest. */
static int
first_to_rehearse(const struct nx_files *files)
{
	for (int i = 0; i < files->n; i++) {
		if (files->all[i].state == NX_FILE_PENDING)
			return i;
	}
	return files->n - 1;
}

enum nx_rc
nx_migrate_lock_times(struct nx_ctx *ctx, struct nx_files *files,
    struct nx_lock_times *out)
{
	char name[SCRATCH_NAME_MAX];
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	(void)snprintf(name, sizeof(name), "nx_lock_times_%d", getpid());
	out->database = name;
	if (rc == NX_OK)
		rc = nx_files_compare(ctx, m, files);
	if (out->from < 0)
		out->from = first_to_rehearse(files);
	if (rc == NX_OK)
		rc = nx_migrator_scratch(m, name, &ctx->err);
	if (rc == NX_OK) {
		rc = rehearse_all(ctx, files, out);
		nx_migrator_drop(m, name);
	}
	out->database = NULL;
	nx_migrator_close(m);
	return rc;
}
