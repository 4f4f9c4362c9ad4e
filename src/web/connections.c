/* connections.c - GET /api/twitter/connections. */

#include "nx/flow/account/connections.h"

#include "nx/flow/view/answer.h"
#include "query.h"

enum nx_rc
nx_web_connections(struct nx_call *call)
{
	struct nx_connection *list;
	struct nx_ctx *ctx = call->ctx;
	const char *user;
	size_t n;
	int pending;
	enum nx_rc rc = nx_web_user(call, NULL, &user);

	if (rc == NX_OK)
		rc = nx_connections_shown(ctx, user, &list, &n);
	if (rc == NX_OK)
		rc = nx_connections_pending(ctx, user, &pending);
	if (rc != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_answer_connections(&ctx->app->conf, ctx->arena, list, n,
	    pending, &call->reply->body);
	return NX_OK;
}
