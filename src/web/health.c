/* health.c - is the process alive, can it do its work. */

#include "nx/base/json.h"
#include "nx/flow/connections.h"
#include "nx/web/routes.h"

enum nx_rc
nx_web_healthz(struct nx_call *call)
{
	nx_reply_json(call->reply, 200);
	nx_buf_adds(&call->reply->body, "{\"status\":\"alive\"}");
	return NX_OK;
}

enum nx_rc
nx_web_readyz(struct nx_call *call)
{
	struct nx_jw w = { .out = &call->reply->body };
	enum nx_rc rc = nx_ready(call->ctx);

	if (rc != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "status", "ready");
	nx_jw_str(&w, "database", "reachable");
	nx_jw_str(&w, "key", nx_keyring_primary(call->ctx->app->ring));
	nx_jw_close(&w, '}');
	return NX_OK;
}
