/*
 * keep.c - save what X has granted, whatever the database does.
 *
 * X hands it out once, so it is kept aside first and saved then: a process
 * that dies in between leaves it to the others of its host.
 */

#include "nx/flow/account/keep.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/must.h"
#include "nx/flow/account/revoke.h"
#include "nx/store/rescue.h"

enum { FIRST_PAUSE_MS = 100, LAST_PAUSE_MS = 1000, RESERVE_MS = 400 };

/* Wait before the next try; false when time is up or a try is useless. */
static bool
pause_before_retry(struct nx_ctx *ctx, enum nx_rc rc, int *pause)
{
	if (rc != NX_DB_DOWN && rc != NX_BUSY && rc != NX_TIMEOUT &&
	    rc != NX_CONFIG && rc != NX_SCHEMA_OLD && rc != NX_INTERNAL &&
	    rc != NX_NO_MEMORY)
		return false;
	if (nx_clock_left(ctx->deadline) < *pause + RESERVE_MS)
		return false;
	nx_clock_sleep(*pause);
	*pause = *pause * 2 > LAST_PAUSE_MS ? LAST_PAUSE_MS : *pause * 2;
	return true;
}

/* Without a file, the database is the only place. */
static void
not_aside(struct nx_ctx *ctx, const char *who)
{
	nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
	    "rescue.failed", NX_S("for", who),
	    NX_S("detail", ctx->err.detail));
}

enum nx_rc
nx_keep_grant(struct nx_ctx *ctx, const struct nx_new_grant *grant,
    struct nx_saved *out)
{
	int pause = FIRST_PAUSE_MS;
	enum nx_rc rc;

	do {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_connection_save(&ask, grant, out, &ctx->err);
	} while (rc != NX_OK && pause_before_retry(ctx, rc, &pause));
	return rc;
}

void
nx_keep_open(struct nx_ctx *ctx, const char *who, struct nx_rescue *out)
{
	struct nx_err kept = ctx->err;

	if (nx_rescue_open(ctx->app->conf.state_dir, out, &ctx->err) == NX_OK)
		return;
	not_aside(ctx, who);
	ctx->err = kept;
}

/* What is to be kept: a pair, or a grant without a name. */
struct keeping {
	const struct nx_new_pair	*pair;
	const struct nx_pending		*pending;
	bool				 stored;	/* a pair, as it is */
};

/* Into its file, which is made now where that was not possible before. */
static bool
write_aside(struct nx_ctx *ctx, const struct keeping *k,
    struct nx_rescue *aside)
{
	const struct nx_app *app = ctx->app;
	enum nx_rc rc;

	assert(k->pair != NULL || k->pending != NULL);
	if (aside->fd < 0 && nx_rescue_open(app->conf.state_dir, aside,
	    &ctx->err) != NX_OK)
		return false;
	rc = k->pair != NULL ?
	    nx_rescue_pair(aside, app->ring, k->pair, &ctx->err) :
	    nx_rescue_pending(aside, app->ring, k->pending, &ctx->err);
	if (rc == NX_OK)
		return true;
	not_aside(ctx, k->pair != NULL ? k->pair->connection_id :
	    k->pending->user_id);
	nx_rescue_close(aside, false);
	return false;
}

/* In an arena of its own: it may take many tries. */
static enum nx_rc
save_kept(struct nx_ctx *ctx, struct keeping *k)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;

	if ((ask.arena = nx_arena_new(NX_ARENA_MAX)) == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "before a save");
	rc = k->pair != NULL ?
	    nx_lease_save(&ask, k->pair, &k->stored, &ctx->err) :
	    nx_pending_put(&ask, k->pending, &ctx->err);
	nx_arena_free(ask.arena);
	return rc;
}

/* However long the disk or the database took for it. */
static void
have_time(struct nx_ctx *ctx)
{
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
}

/*
 * With a file, until time is up.  Without one this process holds the only
 * pair that lives, and goes on until the database or the disk takes it.
 */
static enum nx_rc
save_or_keep(struct nx_ctx *ctx, struct keeping *k, struct nx_rescue *aside,
    bool kept)
{
	int pause = FIRST_PAUSE_MS;
	enum nx_rc rc;

	for (;;) {
		if (!kept)
			have_time(ctx);
		rc = save_kept(ctx, k);
		if (!kept)
			have_time(ctx);
		if (rc == NX_OK || !pause_before_retry(ctx, rc, &pause))
			return rc == NX_OK || !kept ? rc : NX_SAVE_DEFERRED;
		if (!kept) {
			kept = write_aside(ctx, k, aside);
			have_time(ctx);
		}
	}
}

bool
nx_keep_aside(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside)
{
	const struct keeping k = { .pending = p };

	return write_aside(ctx, &k, aside);
}

enum nx_rc
nx_keep_pending(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside)
{
	struct keeping k = { .pending = p };
	enum nx_rc rc;

	rc = save_or_keep(ctx, &k, aside, aside->fd >= 0);
	nx_rescue_close(aside, rc == NX_OK);
	return rc;
}

enum nx_rc
nx_keep_pair(struct nx_ctx *ctx, const struct nx_new_pair *pair,
    struct nx_rescue *aside, bool *stored)
{
	struct keeping k = { .pair = pair };
	const bool kept = write_aside(ctx, &k, aside);
	enum nx_rc rc;

	NX_FAULT("refresh.before_save");
	rc = save_or_keep(ctx, &k, aside, kept);
	*stored = k.stored;
	nx_rescue_close(aside, rc == NX_OK);
	NX_FAULT("refresh.after_save");
	if (rc == NX_OK && !*stored)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "refresh.fenced", NX_S("connection", pair->connection_id));
	if (rc == NX_OK)
		return NX_OK;
	nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
	    rc == NX_SAVE_DEFERRED ? "refresh.kept_aside" :
	    "refresh.not_saved", NX_S("connection", pair->connection_id),
	    NX_S("detail", ctx->err.detail));
	return rc == NX_SAVE_DEFERRED ? NX_OK : rc;
}

static void
park_stray(struct nx_ctx *ctx, const struct nx_parked *whose,
    const struct nx_stray *stray)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_parked what = *whose;
	const struct nx_err kept = ctx->err;
	struct nx_err err = { 0 };
	enum nx_class said;

	what.access_token = stray->refreshes ? NULL : stray->token;
	what.refresh_token = stray->refreshes ? stray->token : NULL;
	if (nx_revocation_park(&ask, &what, &err) == NX_OK)
		return;
	said = nx_revoke_token(ctx, stray->token, stray->refreshes ?
	    "refresh_token" : "access_token", INT64_MAX);
	ctx->err = kept;
	nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
	    "grant.not_parked", NX_S("user", whose->user_id),
	    NX_S("revoked", nx_class_name(said)),
	    NX_S("detail", err.detail));
}

void
nx_keep_strays(struct nx_ctx *ctx, const struct nx_parked *whose,
    const struct nx_grant *grant)
{
	if (grant->nstrays == 0)
		return;
	nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
	    "grant.not_understood", NX_S("user", whose->user_id),
	    NX_I("tokens", (int64_t)grant->nstrays));
	for (size_t i = 0; i < grant->nstrays; i++)
		park_stray(ctx, whose, &grant->strays[i]);
}

int
nx_keep_replay(struct nx_ctx *ctx)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	const struct nx_app *app = ctx->app;
	int saved = 0, left = 0;
	enum nx_rc rc;

	rc = nx_rescue_replay(&ask, app->conf.state_dir, &saved, &left,
	    &ctx->err);
	if (saved > 0)
		nx_log(&app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "rescue.replayed", NX_I("saved", saved),
		    NX_I("left", left));
	else if (rc != NX_OK && left > 0)
		nx_log(&app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "rescue.waiting", NX_I("left", left),
		    NX_S("detail", ctx->err.detail));
	return saved;
}

enum nx_rc
nx_keep_check(const struct nx_app *app, struct nx_err *err)
{
	return nx_rescue_check(app->conf.state_dir, err);
}

enum nx_rc
nx_keep_look(const struct nx_app *app, struct nx_rescue_state *out,
    struct nx_err *err)
{
	return nx_rescue_look(app->conf.state_dir, out, err);
}
