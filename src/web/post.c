/* post.c - POST /api/twitter/post. */

#include "json_body.h"
#include "post.h"

#include "nx/flow/publish/publish.h"

enum nx_rc
nx_web_post(struct nx_call *call)
{
	struct nx_ctx *ctx = call->ctx;
	struct nx_publish_ask ask;
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = nx_web_json_body(call)) != NX_OK ||
	    (rc = nx_publish_parse(ctx, call->request->body, &ask)) != NX_OK)
		return rc;
	rc = nx_session_user(ctx, call->session, ask.user_id, &ask.user_id);
	if (rc != NX_OK)
		return rc;
	ask.key = call->request->idempotency_key;
	if ((rc = nx_publish(ctx, &ask, &done)) != NX_OK)
		return rc;
	nx_web_answer(call, &done,
	    done.post.is_repeat || ask.dry_run ? 200 : 201);
	return NX_OK;
}
