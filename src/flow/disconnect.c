/*
 * disconnect.c - end a connection: at X, and here.
 *
 * The lease is taken first, so that no refresh hands out a new pair while the
 * old one is being revoked.
 */

#include "nx/flow/disconnect.h"

#include "nx/base/clock.h"
#include "nx/flow/connections.h"
#include "nx/store/lease.h"

enum { WAIT_MS = 100 };

static const char reason[] = "Disconnected by its owner.";

/* The lease on a connected row; ENDED when it is connected no more. */
static enum nx_rc
hold(struct nx_ctx *ctx, const struct nx_connection *c,
    struct nx_lease *lease)
{
	int64_t seen = c->version;
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_lease_take(&ask, c->id, seen, lease, &ctx->err);
		if (rc != NX_OK || lease->state == NX_LEASE_TAKEN ||
		    lease->state == NX_LEASE_ENDED)
			return rc;
		if (lease->state == NX_LEASE_MOVED) {
			seen = lease->connection.version;
			continue;
		}
		if (nx_clock_left(ctx->deadline) < NX_SAVE_MS) {
			(void)nx_fail(&ctx->err, NX_REFRESH_BUSY,
			    "The connection is being renewed right now.");
			ctx->err.retry_after = 5;
			return NX_REFRESH_BUSY;
		}
		nx_clock_sleep(WAIT_MS);
	}
}

static bool
revoke(struct nx_ctx *ctx, const struct nx_connection *c)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v = { .class = NX_CLASS_DONE };
	bool done = true;

	if (c->refresh_token != NULL) {
		nx_oauth_revoke(&x, c->refresh_token, "refresh_token", &v);
		done = v.class == NX_CLASS_DONE;
	}
	if (c->access_token != NULL) {
		nx_oauth_revoke(&x, c->access_token, "access_token", &v);
		done = done && v.class == NX_CLASS_DONE;
	}
	return done;
}

enum nx_rc
nx_disconnect(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, struct nx_connection *out, bool *revoked)
{
	struct nx_lease lease = { .state = NX_LEASE_ENDED };
	struct nx_store_ask ask;
	enum nx_rc rc;

	*revoked = false;
	rc = nx_connections_find(ctx, user_id, connection_id, out);
	if (rc == NX_OK && strcmp(out->status, "connected") == 0)
		rc = hold(ctx, out, &lease);
	if (rc != NX_OK)
		return rc;
	if (lease.state == NX_LEASE_TAKEN)
		*revoked = revoke(ctx, &lease.connection);
	ask = nx_ctx_store(ctx);
	rc = nx_connection_end(&ask, out->id, "disconnected", reason,
	    &ctx->err);
	if (rc != NX_OK)
		return rc;
	out->status = "disconnected";
	out->status_reason = reason;
	out->has_refresh_token = false;
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "connection.disconnected", NX_S("user", user_id),
	    NX_S("connection", out->id), NX_I("revoked", *revoked));
	return NX_OK;
}
