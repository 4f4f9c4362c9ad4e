/*
 * disconnect.c - end a connection: here, and at X.
 *
 * Here comes first: one transaction wipes the tokens and parks them sealed,
 * so that a crash, or an X that hangs, loses neither.  Then X is told
 * (revoke.c).  A refresh that is under way need not be waited for: its pair
 * finds the connection ended and is parked as well.
 */

#include "nx/flow/account/disconnect.h"

#include "nx/base/uuid.h"
#include "nx/base/words_list.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/revoke.h"
#include "nx/store/pending.h"

/* Without an id: the only one that works or, when none does, that may hold
 * tokens. */
static enum nx_rc
choose_connection(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, struct nx_connection *out)
{
	struct nx_connection *list;
	struct nx_err kept;
	size_t n, held = 0;
	enum nx_rc rc;

	rc = nx_connections_find(ctx, user_id, connection_id, out);
	if (rc != NX_NEEDS_REAUTH || connection_id != NULL)
		return rc;
	kept = ctx->err;
	if (nx_connections(ctx, user_id, &list, &n) != NX_OK)
		return ctx->err.rc;
	for (size_t i = 0; i < n; i++) {
		if (list[i].status != NX_STATUS_NEEDS_REAUTH)
			continue;
		*out = list[i];
		held++;
	}
	ctx->err = kept;
	return held == 1 ? NX_OK : rc;
}

/* What waits to become a connection. */
static enum nx_rc
end_pending(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, int *ended)
{
	char parked_as[NX_UUID_LEN + 1];
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;

	nx_uuid_random(parked_as);
	rc = nx_pending_end(&ask, user_id, connection_id, parked_as, ended,
	    &ctx->err);
	if (rc == NX_OK && *ended > 0)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "pending.disconnected", NX_S("user", user_id),
		    NX_I("count", *ended),
		    NX_I("revoked", nx_revoke_parked(ctx, user_id,
		    parked_as)));
	return rc;
}

/* There is no connection to end, but there may be what would become one. */
static enum nx_rc
end_only_pending(struct nx_ctx *ctx, const char *user_id, enum nx_rc why)
{
	const struct nx_err kept = ctx->err;
	int ended;

	if (end_pending(ctx, user_id, NULL, &ended) != NX_OK)
		return ctx->err.rc;
	ctx->err = kept;
	return ended == 0 ? why : nx_fail(&ctx->err, why, "There was no"
	    " connection yet; what waited to become one has been ended.");
}

/* It, and what waits to become it. */
static enum nx_rc
end_connection(struct nx_ctx *ctx, const struct nx_connection *c,
    bool *revoked)
{
	struct nx_store_ask ask;
	int ended;
	enum nx_rc rc = end_pending(ctx, c->user_id, c->id, &ended);

	if (rc != NX_OK)
		return rc;
	ask = nx_ctx_store(ctx);
	rc = nx_connection_end(&ask, c->user_id, c->id,
	    NX_STATUS_DISCONNECTED, NX_WORDS_DISCONNECTED, &ctx->err);
	if (rc != NX_OK)
		return rc;
	*revoked = nx_revoke_parked(ctx, c->user_id, c->id);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "connection.disconnected", NX_S("user", c->user_id),
	    NX_S("connection", c->id), NX_I("revoked", *revoked));
	return NX_OK;
}

enum nx_rc
nx_disconnect(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, struct nx_connection *out, bool *revoked)
{
	enum nx_rc rc;

	*revoked = false;
	rc = choose_connection(ctx, user_id, connection_id, out);
	if (rc == NX_NOT_CONNECTED && connection_id == NULL)
		return end_only_pending(ctx, user_id, rc);
	if (rc == NX_OK)
		rc = end_connection(ctx, out, revoked);
	if (rc != NX_OK)
		return rc;
	out->status = NX_STATUS_DISCONNECTED;
	out->status_reason = NX_WORDS_DISCONNECTED;
	out->has_refresh_token = false;
	return NX_OK;
}
