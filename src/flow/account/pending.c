/* pending.c - whose tokens has X granted: ask, and go on asking (settle.c). */

#include "nx/flow/account/pending.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/revoke.h"
#include "nx/seal/digest.h"
#include "nx/store/brake.h"
#include "nx/x/scopes.h"
#include "renewal.h"
#include "settle.h"

enum {
	PROFILE_MS = 6000,	/* for X, while a person waits */
	SAVE_MS = 5000,		/* for the database, likewise */
	/* Seconds for a pair that was kept aside elsewhere to come home. */
	WAIT_FOR_PAIR = 6 * 3600,
	FIRST_PAUSE = 5, LAST_PAUSE = 600,	/* seconds between tries */
	BATCH = 16,		/* of one task */
	ROOM_FOR_ONE = 64 * 1024,	/* of its arena */
};

/* X did not say whose it is: let it wait. */
static enum nx_rc
wait_for_x(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside, bool in_table)
{
	enum nx_rc rc = NX_OK;

	nx_ctx_report(ctx, "connect.pending", p->user_id, NULL);
	if (!in_table)
		rc = nx_keep_pending(ctx, p, aside);
	NX_FAULT("connect.after_pending");
	return rc;
}

/* Kept aside or, where that is not possible, in x_pending. */
static enum nx_rc
keep_first(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside, bool *in_table)
{
	enum nx_rc rc;

	*in_table = false;
	if (nx_keep_aside(ctx, p, aside))
		return NX_OK;
	rc = nx_keep_pending(ctx, p, aside);
	*in_table = rc == NX_OK;
	return rc;
}

/* What is in a file comes home by itself: the person hears of it soon. */
static void
shorten_deadline(struct nx_ctx *ctx, const struct nx_rescue *aside)
{
	const int64_t soon = nx_clock_mono() + SAVE_MS;

	if (aside->written && soon < ctx->deadline)
		ctx->deadline = soon;
}

static enum nx_rc
ask_and_settle(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside, bool in_table, struct nx_settled *out)
{
	const struct nx_grant_place place = { .in_table = in_table };
	struct nx_x_user user;
	struct nx_verdict v;
	enum nx_class said;
	enum nx_rc rc;

	said = nx_settle_ask(ctx, p->access_token, PROFILE_MS, &user, &v);
	shorten_deadline(ctx, aside);
	if (said != NX_CLASS_DONE) {
		out->pending = true;
		return wait_for_x(ctx, p, aside, in_table);
	}
	NX_FAULT("connect.before_save");
	rc = nx_settle_grant(ctx, p, &place, &user, out);
	NX_FAULT("connect.after_save");
	nx_rescue_close(aside, rc == NX_OK || rc == NX_OTHER_ACCOUNT);
	if (rc == NX_OK || rc == NX_OTHER_ACCOUNT || !in_table)
		return rc;
	out->pending = true;		/* there it is safe */
	return NX_OK;
}

enum nx_rc
nx_pending_first(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_rescue *aside, struct nx_settled *out)
{
	bool in_table;
	enum nx_rc rc;

	*out = (struct nx_settled){ .pending = false };
	rc = keep_first(ctx, p, aside, &in_table);
	NX_FAULT("connect.kept_aside");
	if (rc == NX_OK)
		rc = ask_and_settle(ctx, p, aside, in_table, out);
	else if (rc != NX_SAVE_DEFERRED)
		return nx_fail(&ctx->err, rc, "The grant could not be kept:"
		    " %.200s", ctx->err.detail);
	if (rc == NX_OK || rc == NX_OTHER_ACCOUNT)
		return rc;
	return nx_fail(&ctx->err, NX_SAVE_DEFERRED, "The grant is kept aside:"
	    " %.200s", ctx->err.detail);
}

/* The longer it takes the rarer it is tried, and not before X says so. */
static int
pause_before_try(const struct nx_waiting *w, const struct nx_verdict *v)
{
	int64_t named = v->retry_at - nx_clock_wall();
	int64_t pause = FIRST_PAUSE;

	for (int i = 1; i < w->tries && pause < LAST_PAUSE; i++)
		pause *= 2;
	if (pause > LAST_PAUSE)
		pause = LAST_PAUSE;
	return (int)(named > pause && named <= 25 * 3600 ? named : pause);
}

static enum nx_rc
put_off(struct nx_ctx *ctx, const struct nx_waiting *w,
    const struct nx_verdict *v, const struct nx_verdict *renewal)
{
	const struct nx_put_off how = {
		.pause = pause_before_try(w, v),
		.refused = v->class == NX_CLASS_TOKEN,
		.lost = renewal->class == NX_CLASS_UNKNOWN,
		.answered = renewal->x.status != 0,
	};
	struct nx_store_ask ask = nx_ctx_store(ctx);

	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "pending.put_off", NX_S("user", w->pending.user_id),
	    NX_I("tries", w->tries), NX_I("pause", how.pause),
	    NX_S("detail", ctx->err.detail));
	return nx_pending_put_off(&ask, w, &how, &ctx->err);
}

/* It will never be a connection: the attempt ends with `code`. */
static enum nx_rc
give_up(struct nx_ctx *ctx, const struct nx_waiting *w, enum nx_rc code,
    const char *why)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc = nx_pending_drop(&ask, w, code, &ctx->err);

	if (rc != NX_OK)
		return rc;
	(void)nx_revoke_parked(ctx, w->pending.user_id, w->pending.id);
	(void)nx_fail(&ctx->err, code, "%s", why);
	nx_ctx_report(ctx, "pending.given_up", w->pending.user_id, NULL);
	return NX_OK;
}

/* A pair that X gave for the grant's refresh token. */
static enum nx_rc
keep_renewed(struct nx_ctx *ctx, struct nx_pending *p,
    const struct nx_grant *grant, struct nx_rescue *aside)
{
	char hash[NX_SHA256_HEX + 1];
	enum nx_rc rc;

	p->access_token = grant->access_token;
	p->refresh_token = grant->refresh_token != NULL ?
	    grant->refresh_token : p->refresh_token;
	p->scopes = grant->scopes != NULL ? grant->scopes : p->scopes;
	p->expires_at = grant->expires_at;
	p->version++;
	if (nx_keep_aside(ctx, p, aside))
		NX_FAULT("pending.kept_aside");
	rc = nx_keep_pending(ctx, p, aside);
	nx_sha256_hex(nx_slice_str(p->access_token), hash);
	p->grant_hash = nx_arena_str(ctx->arena, hash);
	return rc;
}

/*
 * Spend its refresh token, unless X answers nobody.  NX_OK: `v` tells what X
 * said; the lease is still held, with a new pair where that is DONE.
 */
static enum nx_rc
renew_waiting(struct nx_ctx *ctx, struct nx_waiting *w, struct nx_verdict *v)
{
	struct nx_x x = nx_ctx_x(ctx);
	const struct nx_parked whose = { .user_id = w->pending.user_id };
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_rescue aside;
	struct nx_grant grant;
	int wait;
	enum nx_rc rc;

	*v = (struct nx_verdict){ .class = NX_CLASS_RETRY };
	if (nx_ctx_stops(ctx))
		return NX_OK;
	rc = nx_brake_enter(&ask, w->owner, w->pending.user_id,
	    w->pending.id, &wait, &ctx->err);
	v->retry_at = nx_clock_wall() + wait;
	if (rc == NX_OK && wait > 0)
		(void)nx_fail(&ctx->err, NX_X_DOWN, "X answers no renewals"
		    " now.");
	if (rc != NX_OK || wait > 0)
		return rc;
	nx_keep_open(ctx, w->pending.user_id, &aside);
	NX_FAULT("pending.before_call");
	nx_oauth_refresh(&x, w->pending.refresh_token, &grant, v);
	NX_FAULT("pending.after_answer");
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
	if (v->class == NX_CLASS_DONE)
		rc = keep_renewed(ctx, &w->pending, &grant, &aside);
	else {
		nx_rescue_close(&aside, false);
		nx_keep_strays(ctx, &whose, &grant);
		(void)nx_verdict_fail(NX_ACT_REFRESH, v, nx_clock_wall(),
		    &ctx->err);
	}
	nx_refresh_tell_others(ctx, w->owner, v);
	return rc;
}

/* X has named the account. */
static enum nx_rc
settle_waiting(struct nx_ctx *ctx, const struct nx_waiting *w,
    const struct nx_x_user *user)
{
	const struct nx_pending *p = &w->pending;
	const struct nx_grant_place place = { true, w->owner };
	struct nx_settled settled = { .pending = false };
	enum nx_rc rc;

	NX_FAULT("pending.before_save");
	rc = nx_settle_grant(ctx, p, &place, user, &settled);
	NX_FAULT("pending.after_save");
	if (rc == NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "pending.settled", NX_S("user", p->user_id),
		    NX_S("connection", settled.connection_id));
	else if (rc == NX_OTHER_ACCOUNT)
		nx_ctx_report(ctx, "connect.failed", p->user_id,
		    settled.connection_id);
	return rc == NX_OTHER_ACCOUNT ? NX_OK : rc;
}

/* One that was taken: renew it where it must be, then ask. */
static enum nx_rc
settle_one(struct nx_ctx *ctx, struct nx_waiting *w)
{
	const struct nx_pending *p = &w->pending;
	struct nx_verdict renewal = { .class = NX_CLASS_DONE }, v = renewal;
	struct nx_x_user user;
	bool lives, ended;
	enum nx_rc rc = NX_OK;

	if (w->broken)
		return give_up(ctx, w, NX_X_TOKEN,
		    "A token of it does not open.");
	if (p->scopes != NULL && !nx_scopes_name_account(p->scopes))
		return give_up(ctx, w, NX_SCOPE_MISSING, "X gave no right to"
		    " ask whose account it is.");
	if (w->renew)
		rc = renew_waiting(ctx, w, &renewal);
	if (rc != NX_OK)
		return rc;
	lives = p->expires_at > nx_clock_wall() + NX_TOKEN_LIVES;
	if (lives && nx_settle_ask(ctx, p->access_token, NX_REQUEST_MS, &user,
	    &v) == NX_CLASS_DONE)
		return settle_waiting(ctx, w, &user);
	ended = (renewal.class == NX_CLASS_SUSPECT && !(w->suspect &&
	    w->open_for < WAIT_FOR_PAIR)) ||
	    (!lives && p->refresh_token == NULL);
	if (ended && (!lives || v.class == NX_CLASS_TOKEN))
		return give_up(ctx, w, NX_X_TOKEN, "X granted access and"
		    " ended it again before it said to which account.");
	return put_off(ctx, w, lives ? &v : &renewal, &renewal);
}

/* A task: those that are due, one after the other. */
static void
settle_all(struct nx_ctx *ctx, void *state)
{
	struct nx_candidates found = { .n = 0 };
	enum nx_rc rc = NX_OK;

	(void)state;
	for (int i = 0; rc == NX_OK && i < BATCH && !nx_ctx_stops(ctx) &&
	    nx_arena_has(ctx->arena, ROOM_FOR_ONE); i++) {
		struct nx_store_ask ask;
		struct nx_waiting w;

		ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		ask = nx_ctx_store(ctx);
		rc = nx_pending_take(&ask, &found, &w, &ctx->err);
		if (rc == NX_OK && w.pending.id == NULL)
			break;
		if (rc == NX_OK)
			rc = settle_one(ctx, &w);
	}
	if (rc != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "pending.failed", NX_S("code", nx_rc_code(rc)),
		    NX_S("detail", ctx->err.detail));
}

enum nx_rc
nx_pending_settle_due(struct nx_ctx *ctx, int *done)
{
	static const struct nx_task_kind kind = { .run = settle_all,
	    .alone = true };
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_task *task;
	bool due;
	enum nx_rc rc = nx_pending_is_due(&ask, &due, &ctx->err);

	*done = 0;
	if (rc != NX_OK || !due)
		return rc;
	task = nx_task_new(ctx, &kind, 1, nx_clock_mono());
	/* Full, or one is at it: there is a next time. */
	if (task != NULL && nx_task_run(task, nx_clock_mono()))
		nx_task_free(task);
	return NX_OK;
}
