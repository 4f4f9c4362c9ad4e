/* connections.c - list and find connections; is the database there. */

#include "nx/flow/account/connections.h"

#include "nx/base/clock.h"
#include "nx/base/uuid.h"
#include "nx/store/pending.h"
#include "nx/store/post.h"

enum { READY_MS = 2000 };

enum nx_rc
nx_connections(struct nx_ctx *ctx, const char *user_id,
    struct nx_connection **out, size_t *count)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	return nx_connection_list(&ask, user_id, out, count, &ctx->err);
}

enum nx_rc
nx_connections_shown(struct nx_ctx *ctx, const char *user_id,
    struct nx_connection **out, size_t *count)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc = nx_connections(ctx, user_id, out, count);

	return rc != NX_OK ? rc :
	    nx_post_count_queued(&ask, *out, *count, &ctx->err);
}

enum nx_rc
nx_connections_pending(struct nx_ctx *ctx, const char *user_id, int *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	return nx_pending_count(&ask, user_id, out, &ctx->err);
}

enum nx_rc
nx_connections_find(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, struct nx_connection *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_connection *list;
	size_t n;
	enum nx_rc rc;

	if (connection_id == NULL)
		return nx_connection_pick(&ask, user_id, NULL, out,
		    &ctx->err);
	rc = nx_connection_list(&ask, user_id, &list, &n, &ctx->err);
	if (rc != NX_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (nx_uuid_same(list[i].id, connection_id)) {
			*out = list[i];
			return NX_OK;
		}
	}
	return nx_fail(&ctx->err, NX_CONNECTION_UNKNOWN,
	    "You have no connection with this id.");
}

enum nx_rc
nx_ready(struct nx_ctx *ctx, bool *confirmed)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	ask.deadline = nx_clock_mono() + READY_MS;
	return nx_connection_ready(&ask, confirmed, &ctx->err);
}
