/* connections.c - GET /api/twitter/connections. */

#include "nx/flow/account/connections.h"

#include "nx/flow/view/answer.h"
#include "routes.h"

enum nx_rc
nx_web_connections(struct nx_call *call)
{
	struct nx_connection *list;
	struct nx_ctx *ctx = call->ctx;
	const char *named, *user;
	size_t n;
	int pending;
	enum nx_rc rc;

	rc = nx_request_query(call->request, "user_id", ctx->arena, &named,
	    &ctx->err);
	if (rc == NX_OK)
		rc = nx_session_user(ctx, call->session, named, &user);
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
