/* connections.c - a user's connections: list them, end one. */

#include "nx/flow/account/connections.h"

#include "json_body.h"
#include "nx/flow/account/disconnect.h"
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

enum nx_rc
nx_web_disconnect(struct nx_call *call)
{
	const char *user, *named = NULL, *connection_id = NULL;
	const struct nx_uuid_member members[] = {
		{ "user_id", &named }, { "connection_id", &connection_id },
	};
	struct nx_connection c;
	bool revoked;
	enum nx_rc rc = nx_web_uuids(call, members, 2);

	if (rc == NX_OK)
		rc = nx_session_user(call->ctx, call->session, named, &user);
	if (rc == NX_OK)
		rc = nx_disconnect(call->ctx, user, connection_id, &c,
		    &revoked);
	if (rc != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_answer_connection(&call->ctx->app->conf, call->ctx->arena, &c,
	    &call->reply->body);
	return NX_OK;
}
