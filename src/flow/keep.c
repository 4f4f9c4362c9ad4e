/*
 * keep.c - save what X has granted, whatever the database does.
 *
 * X hands it out once, so it is kept aside first and saved then: a process
 * that dies in between leaves it to the others of its host.
 */

#include "nx/flow/keep.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/store/rescue.h"

enum { FIRST_PAUSE_MS = 100, LAST_PAUSE_MS = 1000, RESERVE_MS = 400 };

/* Wait before the next try; false when time is up or a try is useless. */
static bool
pause_before_retry(struct nx_ctx *ctx, enum nx_rc rc, int *pause)
{
	if (rc != NX_DB_DOWN && rc != NX_BUSY && rc != NX_TIMEOUT &&
	    rc != NX_CONFIG && rc != NX_INTERNAL && rc != NX_NO_MEMORY)
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

static void
revoke(struct nx_ctx *ctx, const struct nx_new_grant *grant)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;

	x.deadline = nx_clock_mono() + NX_SAVE_MS;
	if (grant->refresh_token != NULL)
		nx_oauth_revoke(&x, grant->refresh_token, "refresh_token",
		    &v);
	nx_oauth_revoke(&x, grant->access_token, "access_token", &v);
}

enum nx_rc
nx_keep_grant(struct nx_ctx *ctx, const struct nx_new_grant *grant,
    const char *login_hash, const char **connection_id)
{
	const struct nx_app *app = ctx->app;
	char id[NX_ID_LEN + 1];
	int pause = FIRST_PAUSE_MS;
	struct nx_rescue aside;
	struct nx_err why;
	enum nx_rc kept, rc;

	kept = nx_rescue_open(app->conf.state_dir, &aside, &ctx->err);
	if (kept == NX_OK)
		kept = nx_rescue_grant(&aside, app->ring, grant, login_hash,
		    &ctx->err);
	if (kept != NX_OK)
		not_aside(ctx, grant->user_id);
	NX_FAULT("connect.before_save");
	do {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_connection_save(&ask, grant, id, &ctx->err);
	} while (rc != NX_OK && pause_before_retry(ctx, rc, &pause));
	nx_rescue_close(&aside, rc == NX_OK);
	if (rc == NX_OK) {
		NX_FAULT("connect.after_save");
		*connection_id = nx_arena_str(ctx->arena, id);
		return NX_OK;
	}
	why = ctx->err;
	if (kept == NX_OK)
		return nx_fail(&ctx->err, NX_SAVE_DEFERRED, "The grant of @%s"
		    " is kept aside: %.200s", grant->username, why.detail);
	revoke(ctx, grant);
	return nx_fail(&ctx->err, NX_DB_DOWN, "The grant could neither be"
	    " saved nor kept aside, so it was given back to X.");
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

/* Into its file, which is made now where that was not possible before. */
static bool
pair_is_aside(struct nx_ctx *ctx, const struct nx_new_pair *pair,
    struct nx_rescue *aside)
{
	const struct nx_app *app = ctx->app;

	if (aside->fd < 0 && nx_rescue_open(app->conf.state_dir, aside,
	    &ctx->err) != NX_OK)
		return false;
	if (nx_rescue_pair(aside, app->ring, pair, &ctx->err) == NX_OK)
		return true;
	not_aside(ctx, pair->connection_id);
	nx_rescue_close(aside, false);
	return false;
}

/* In an arena of its own: it may take many tries. */
static enum nx_rc
save_pair(struct nx_ctx *ctx, const struct nx_new_pair *pair, bool *stored)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;

	if ((ask.arena = nx_arena_new(NX_ARENA_MAX)) == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "before a save");
	rc = nx_lease_save(&ask, pair, stored, &ctx->err);
	nx_arena_free(ask.arena);
	return rc;
}

/*
 * With a file, until time is up.  Without one this process holds the only
 * pair that lives, and goes on until the database or the disk takes it.
 */
static enum nx_rc
save_or_keep(struct nx_ctx *ctx, const struct nx_new_pair *pair,
    struct nx_rescue *aside, bool *stored)
{
	bool kept = pair_is_aside(ctx, pair, aside);
	int pause = FIRST_PAUSE_MS;
	enum nx_rc rc;

	NX_FAULT("refresh.before_save");
	for (;;) {
		rc = save_pair(ctx, pair, stored);
		if (rc == NX_OK || !pause_before_retry(ctx, rc, &pause))
			return rc == NX_OK || !kept ? rc : NX_SAVE_DEFERRED;
		if (!kept) {
			kept = pair_is_aside(ctx, pair, aside);
			ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		}
	}
}

enum nx_rc
nx_keep_pair(struct nx_ctx *ctx, const struct nx_new_pair *pair,
    struct nx_rescue *aside, bool *stored)
{
	enum nx_rc rc;

	*stored = false;
	rc = save_or_keep(ctx, pair, aside, stored);
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
park(struct nx_ctx *ctx, const struct nx_parked *whose,
    const struct nx_stray *stray)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_parked what = *whose;
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_err err = { 0 };
	struct nx_verdict v = { .class = NX_CLASS_DONE };

	what.access_token = stray->refreshes ? NULL : stray->token;
	what.refresh_token = stray->refreshes ? stray->token : NULL;
	if (nx_revocation_park(&ask, &what, &err) == NX_OK)
		return;
	nx_oauth_revoke(&x, stray->token, stray->refreshes ?
	    "refresh_token" : "access_token", &v);
	nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
	    "grant.not_parked", NX_S("user", whose->user_id),
	    NX_S("revoked", nx_class_name(v.class)),
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
		park(ctx, whose, &grant->strays[i]);
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
