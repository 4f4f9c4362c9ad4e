/* refresh.c - renew an access token, once, whoever asks for it. */

#include "nx/flow/refresh.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/flow/keep.h"

enum {
	FIRST_WAIT_MS = 30, LAST_WAIT_MS = 500,
	STILL_LIVES = 5,	/* seconds an access token must have left */
};

bool
nx_refresh_is_due(const struct nx_connection *c, int64_t now)
{
	return c->token_expires_at <= now +
	    (c->refresh_refused ? STILL_LIVES : NX_REFRESH_EARLY);
}

static bool
still_lives(const struct nx_connection *c)
{
	return c->access_token != NULL &&
	    c->token_expires_at > nx_clock_wall() + STILL_LIVES;
}

/* The old access token serves on; true when it does. */
static bool
falls_back(struct nx_ctx *ctx, const struct nx_connection *c)
{
	if (!still_lives(c))
		return false;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "refresh.put_off", NX_S("connection", c->id),
	    NX_S("detail", ctx->err.detail));
	return true;
}

void
nx_refresh_put_off(struct nx_ctx *ctx, const struct nx_lease *lease,
    int pause)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_lease_release(&ask, lease, pause, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_released", NX_S("detail", err.detail));
}

/* What its owner reads while the access token serves on. */
static const char *
last_words(struct nx_ctx *ctx, const struct nx_connection *c,
    const char *reason)
{
	char end[NX_RFC3339_MAX];

	nx_clock_text(c->token_expires_at, end);
	return nx_arena_printf(ctx->arena, "%s It works until %.5s UTC:"
	    " reconnect it before.", reason, end + strlen("2026-01-01T"));
}

/*
 * X refuses the refresh token, or there is none: suspect, not dead.  The
 * owner is told at once, and the access token serves to its end; `*moved`
 * when the row has something newer, which decides.
 */
static enum nx_rc
refused(struct nx_ctx *ctx, const struct nx_lease *lease, const char *reason,
    bool *moved)
{
	const struct nx_connection *c = &lease->connection;
	const bool lives = still_lives(c);
	const struct nx_refusal why = {
		.reason = lives ? last_words(ctx, c, reason) : reason,
		.lives = lives,
	};
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err kept = ctx->err, err = { 0 };
	enum nx_rc rc;
	bool told;

	rc = nx_lease_refused(&ask, lease, &why, &told, &err);
	if (rc != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_ended", NX_S("detail", err.detail));
	*moved = rc == NX_OK && !told;
	if (*moved)
		return NX_OK;
	ctx->err = kept;
	nx_ctx_report(ctx, lives ? "connection.ends" :
	    "connection.needs_reauth", c->user_id, c->id);
	return lives ? NX_OK :
	    nx_fail(&ctx->err, NX_NEEDS_REAUTH, "%s", reason);
}

/* X's answer was lost: the next to take the lease will find out. */
static void
leave_open(struct nx_ctx *ctx, const struct nx_lease *lease)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_lease_lost(&ask, lease, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_released", NX_S("detail", err.detail));
}

/*
 * When X's answer is lost, it may have rotated the token.  The same token is
 * tried once more; if it was rotated, X refuses it and we know.  True when an
 * answer was lost and none after it told what became of the token.
 */
static bool
spend(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_grant *grant, struct nx_verdict *v)
{
	struct nx_x x = nx_ctx_x(ctx);
	bool lost;

	NX_FAULT("refresh.before_call");
	nx_oauth_refresh(&x, lease->connection.refresh_token, grant, v);
	lost = v->class == NX_CLASS_UNKNOWN;
	if (lost && nx_clock_left(x.deadline) > NX_SAVE_MS)
		nx_oauth_refresh(&x, lease->connection.refresh_token, grant,
		    v);
	NX_FAULT("refresh.after_answer");
	return lost;
}

static enum nx_rc
take_home(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_grant *grant, struct nx_connection *c)
{
	const struct nx_new_pair pair = {
		.connection_id = lease->connection.id,
		.owner = lease->owner,
		.version = lease->connection.version,
		.access_token = grant->access_token,
		.refresh_token = grant->refresh_token,
		.scopes = grant->scopes,
		.expires_at = grant->expires_at,
	};
	bool stored;
	enum nx_rc rc = nx_keep_pair(ctx, &pair, &stored);

	*c = lease->connection;
	c->access_token = grant->access_token;
	c->refresh_token = NULL;
	c->token_expires_at = grant->expires_at;
	c->version += stored;
	if (rc == NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "refresh.done", NX_S("connection", c->id),
		    NX_I("version", c->version));
	return rc;
}

/* Why X refuses, as far as the row tells. */
static const char *
why_refused(const struct nx_lease *lease, bool lost)
{
	return lease->suspect || lost ?
	    "X no longer renews this connection: X's answer to an earlier"
	    " renewal was lost on its way." :
	    "X no longer renews this connection: it was ended at X, or used"
	    " elsewhere.";
}

/* What the operator must mend is nobody's failure: no pause. */
static int
pause_of(const struct nx_verdict *v)
{
	int64_t wait = v->retry_at - nx_clock_wall();

	if (v->class == NX_CLASS_MONEY || v->class == NX_CLASS_OPERATOR)
		return 0;
	if (wait > NX_LEASE_PAUSE_MAX)
		return NX_LEASE_PAUSE_MAX;
	return wait > NX_LEASE_PAUSE ? (int)wait : NX_LEASE_PAUSE;
}

enum nx_rc
nx_refresh_leased(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_connection *c, struct nx_renewal *out)
{
	struct nx_grant grant = { 0 };
	struct nx_verdict v;
	enum nx_rc rc;

	*c = lease->connection;
	*out = (struct nx_renewal){ .said = NX_CLASS_REFUSED };
	if (lease->connection.refresh_token == NULL) {
		(void)nx_fail(&ctx->err, NX_NEEDS_REAUTH,
		    "X gave no refresh token for this connection.");
		return refused(ctx, lease, "X gave no right to renew the"
		    " access (offline.access).", &out->moved);
	}
	out->lost = spend(ctx, lease, &grant, &v);
	out->said = v.class;
	if (v.class == NX_CLASS_DONE)
		return take_home(ctx, lease, &grant, c);
	rc = nx_verdict_fail(NX_ACT_REFRESH, &v, nx_clock_wall(), &ctx->err);
	if (v.class == NX_CLASS_SUSPECT)
		return rc;
	if (out->lost)
		leave_open(ctx, lease);
	else
		nx_refresh_put_off(ctx, lease, pause_of(&v));
	if (falls_back(ctx, c))
		return NX_OK;
	nx_ctx_report(ctx, "refresh.failed", c->user_id, c->id);
	return rc;
}

enum nx_rc
nx_refresh_refused(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *renewal)
{
	return refused(ctx, lease, why_refused(lease, renewal->lost),
	    &renewal->moved);
}

/* The lease is ours: call X, once. */
static enum nx_rc
renew(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_connection *c, bool *moved)
{
	struct nx_renewal renewal;
	enum nx_rc rc = nx_refresh_leased(ctx, lease, c, &renewal);

	if (renewal.said == NX_CLASS_SUSPECT)
		rc = nx_refresh_refused(ctx, lease, &renewal);
	*moved = renewal.moved;
	return rc;
}

static enum nx_rc
ended(struct nx_ctx *ctx, const struct nx_connection *c)
{
	return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "@%s is %s%s%.200s",
	    c->username, c->status, c->status_reason == NULL ? "" : ": ",
	    c->status_reason == NULL ? "" : c->status_reason);
}

enum nx_rc
nx_refresh(struct nx_ctx *ctx, struct nx_connection *c)
{
	const int64_t seen = c->version, ends = c->token_expires_at;
	int wait = FIRST_WAIT_MS;
	struct nx_lease lease;
	bool moved = false;
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_lease_take(&ask, c->id, seen, &lease, &ctx->err);
		if (rc != NX_OK)
			return rc;
		if (lease.state == NX_LEASE_TAKEN) {
			lease.connection.token_expires_at = ends;
			rc = renew(ctx, &lease, c, &moved);
			if (!moved)
				return rc;
			continue;
		}
		if (lease.state == NX_LEASE_ENDED)
			return ended(ctx, &lease.connection);
		if (lease.state == NX_LEASE_MOVED) {
			*c = lease.connection;
			return NX_OK;
		}
		if (nx_clock_left(ctx->deadline) < wait + NX_SAVE_MS) {
			(void)nx_fail(&ctx->err, NX_REFRESH_BUSY, "Somebody"
			    " else is renewing it, and takes long.");
			ctx->err.retry_after = 5;
			return falls_back(ctx, c) ? NX_OK : NX_REFRESH_BUSY;
		}
		nx_clock_sleep(wait);
		wait = wait * 2 > LAST_WAIT_MS ? LAST_WAIT_MS : wait * 2;
	}
}
