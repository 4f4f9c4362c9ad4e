/* refresh.c - renew an access token, once, whoever asks for it. */

#include "nx/flow/refresh.h"

#include "nx/base/clock.h"
#include "nx/flow/keep.h"

enum {
	FIRST_WAIT_MS = 30, LAST_WAIT_MS = 500,
	STILL_LIVES = 5,	/* seconds an access token must have left */
	SWEEP_BATCH = 100,
};

bool
nx_refresh_is_due(const struct nx_connection *c, int64_t now)
{
	return c->token_expires_at <= now + NX_REFRESH_EARLY;
}

/* The old access token serves on; true when it does. */
static bool
falls_back(struct nx_ctx *ctx, const struct nx_connection *c)
{
	if (c->access_token == NULL ||
	    c->token_expires_at <= nx_clock_wall() + STILL_LIVES)
		return false;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "refresh.put_off", NX_S("connection", c->id),
	    NX_S("detail", ctx->err.detail));
	return true;
}

static void
release(struct nx_ctx *ctx, const struct nx_lease *lease)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_lease_release(&ask, lease, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_released", NX_S("detail", err.detail));
}

/* X said no to the refresh token, or there is none. */
static enum nx_rc
end(struct nx_ctx *ctx, const struct nx_lease *lease, const char *reason)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err kept = ctx->err, err = { 0 };

	if (falls_back(ctx, &lease->connection)) {
		release(ctx, lease);
		return NX_OK;
	}
	if (nx_lease_dead(&ask, lease, reason, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_ended", NX_S("detail", err.detail));
	ctx->err = kept;
	nx_ctx_report(ctx, "connection.needs_reauth",
	    lease->connection.user_id, lease->connection.id);
	return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "%s", reason);
}

/*
 * X's answer was lost: it may have rotated the token.  The same token is
 * tried once more; if it was rotated, X refuses it and we know.
 */
static void
spend(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_grant *grant, struct nx_verdict *v)
{
	struct nx_x x = nx_ctx_x(ctx);

	nx_oauth_refresh(&x, lease->connection.refresh_token, grant, v);
	if (v->class == NX_CLASS_UNKNOWN &&
	    nx_clock_left(x.deadline) > NX_SAVE_MS)
		nx_oauth_refresh(&x, lease->connection.refresh_token, grant,
		    v);
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

/* The lease is ours: call X, once. */
static enum nx_rc
renew(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_connection *c)
{
	struct nx_grant grant = { 0 };
	struct nx_verdict v;
	enum nx_rc rc;

	*c = lease->connection;
	if (lease->connection.refresh_token == NULL) {
		(void)nx_fail(&ctx->err, NX_NEEDS_REAUTH,
		    "X gave no refresh token for this connection.");
		return end(ctx, lease, "X gave no right to renew the access"
		    " (offline.access), and it has run out.");
	}
	spend(ctx, lease, &grant, &v);
	if (v.class == NX_CLASS_DONE)
		return take_home(ctx, lease, &grant, c);
	rc = nx_verdict_fail(NX_ACT_REFRESH, &v, nx_clock_wall(), &ctx->err);
	if (v.class == NX_CLASS_SUSPECT)
		return end(ctx, lease, "X no longer accepts this connection:"
		    " it was ended at X, or used elsewhere.");
	/* UNKNOWN keeps "attempt started" in the row: the lease runs out. */
	if (v.class != NX_CLASS_UNKNOWN)
		release(ctx, lease);
	if (falls_back(ctx, c))
		return NX_OK;
	nx_ctx_report(ctx, "refresh.failed", c->user_id, c->id);
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
	const int64_t seen = c->version;
	int wait = FIRST_WAIT_MS;
	struct nx_lease lease;
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_lease_take(&ask, c->id, seen, &lease, &ctx->err);
		if (rc != NX_OK)
			return rc;
		if (lease.state == NX_LEASE_TAKEN)
			return renew(ctx, &lease, c);
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

static void
count(struct nx_sweep *sweep, enum nx_rc rc, const struct nx_connection *c,
    int64_t before)
{
	if (rc == NX_OK && c->version != before)
		sweep->refreshed++;
	else if (rc == NX_NEEDS_REAUTH)
		sweep->ended++;
	else if (rc == NX_OK || nx_rc_exit(rc) == 75)
		sweep->waiting++;
	else
		sweep->failed++;
}

enum nx_rc
nx_refresh_sweep(struct nx_ctx *ctx, const char *user_id, int within,
    bool dry, struct nx_sweep *out)
{
	const int64_t whole = ctx->deadline;
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_connection *due;
	size_t n = SWEEP_BATCH;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = nx_lease_due(&ask, user_id, within, &due, &n, &ctx->err);
	if (rc != NX_OK)
		return rc;
	out->due = (int)n;
	for (size_t i = 0; i < n && !dry; i++) {
		const int64_t before = due[i].version;

		if (nx_clock_left(whole) == 0)
			break;
		ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		count(out, nx_refresh(ctx, &due[i]), &due[i], before);
	}
	ctx->deadline = whole;
	return NX_OK;
}

enum nx_rc
nx_rekey(struct nx_ctx *ctx, struct nx_rekey *out)
{
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	do {
		struct nx_store_ask ask;

		ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		ask = nx_ctx_store(ctx);
		ask.deadline = ctx->deadline;
		rc = nx_rekey_batch(&ask, out, &ctx->err);
		nx_arena_reset(ctx->arena);
	} while (rc == NX_OK && !out->finished);
	return rc;
}
