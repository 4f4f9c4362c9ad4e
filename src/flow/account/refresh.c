/*
 * refresh.c - renew an access token, once, whoever asks for it.
 *
 * The asker takes the lease, or waits for whoever has it; what is done under
 * it (renewal.c) goes on without the asker.
 */

#include "nx/flow/account/refresh.h"

#include "nx/base/clock.h"
#include "renewal.h"

enum {
	FIRST_WAIT_MS = 30, LAST_WAIT_MS = 500,
	LIVING_MS = 5000,	/* then an access token that lives serves on */
	BUSY_AGAIN = 5,		/* seconds: when to come again */
};

bool
nx_refresh_is_due(const struct nx_connection *c, int64_t now)
{
	return c->token_expires_at <= now +
	    (c->refresh_refused ? NX_TOKEN_LIVES : NX_REFRESH_EARLY);
}

bool
nx_refresh_lives(const struct nx_connection *c)
{
	return c->access_token != NULL &&
	    c->token_expires_at > nx_clock_wall() + NX_TOKEN_LIVES;
}

bool
nx_refresh_falls_back(struct nx_ctx *ctx, const struct nx_connection *c)
{
	if (!nx_refresh_lives(c))
		return false;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "refresh.put_off", NX_S("connection", c->id),
	    NX_S("detail", ctx->err.detail));
	return true;
}

/* Nobody waits any more to hear that X refuses. */
static void
settle_late(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *renewal, void *arg)
{
	enum nx_rc rc = NX_OK;

	(void)arg;
	if (renewal->said == NX_CLASS_SUSPECT)
		rc = nx_refresh_refused(ctx, lease, &renewal->moved);
	(void)rc;			/* told, and in the row */
}

static enum nx_rc
busy_renewing(struct nx_ctx *ctx, const struct nx_connection *c)
{
	(void)nx_fail(&ctx->err, NX_REFRESH_BUSY, "It is being renewed, and"
	    " that takes long.");
	ctx->err.retry_after = BUSY_AGAIN;
	return nx_refresh_falls_back(ctx, c) ? NX_OK : NX_REFRESH_BUSY;
}

/* The lease is ours: have X asked, once. */
static enum nx_rc
renew_taken(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_refresh_wait *wait, struct nx_connection *c, bool *moved)
{
	struct nx_renewal renewal = { .moved = false };

	*moved = false;
	*c = lease->connection;
	if (nx_refresh_leased(ctx, lease, wait, &renewal) != NX_PURSUIT_DONE)
		return busy_renewing(ctx, c);
	*c = renewal.now;
	if (renewal.said == NX_CLASS_SUSPECT)
		renewal.rc = nx_refresh_refused(ctx, lease, &renewal.moved);
	*moved = renewal.moved;
	return renewal.rc;
}

static enum nx_rc
fail_ended(struct nx_ctx *ctx, const struct nx_connection *c)
{
	return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "@%s is %s%s%.200s",
	    c->username, nx_connection_status_name(c->status),
	    c->status_reason == NULL ? "" : ": ",
	    c->status_reason == NULL ? "" : c->status_reason);
}

/* How long the asker waits: with an access token that lives, not long. */
static int64_t
patience_of(const struct nx_ctx *ctx, const struct nx_connection *c)
{
	const int64_t end = ctx->deadline - NX_SAVE_MS;
	const int64_t soon = nx_clock_mono() + LIVING_MS;

	return nx_refresh_lives(c) && soon < end ? soon : end;
}

enum nx_rc
nx_refresh(struct nx_ctx *ctx, struct nx_connection *c)
{
	const int64_t seen = c->version, ends = c->token_expires_at;
	const struct nx_refresh_wait patience = {
		.deadline = patience_of(ctx, c), .late = settle_late,
	};
	int wait = FIRST_WAIT_MS;
	struct nx_lease lease;
	bool moved;
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_lease_take(&ask, c->user_id, c->id, seen, &lease,
		    &ctx->err);
		if (rc != NX_OK)
			return rc;
		if (lease.state == NX_LEASE_TAKEN) {
			lease.connection.token_expires_at = ends;
			rc = renew_taken(ctx, &lease, &patience, c, &moved);
			if (!moved)
				return rc;
			continue;
		}
		if (lease.state == NX_LEASE_ENDED)
			return fail_ended(ctx, &lease.connection);
		if (lease.state == NX_LEASE_MOVED) {
			*c = lease.connection;
			return NX_OK;
		}
		if (nx_clock_left(patience.deadline) < wait)
			return busy_renewing(ctx, c);
		nx_clock_sleep(wait);
		wait = wait * 2 > LAST_WAIT_MS ? LAST_WAIT_MS : wait * 2;
	}
}
