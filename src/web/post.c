/* post.c - POST /api/twitter/post. */

#include "nx/flow/publish.h"

#include "nx/flow/answer.h"
#include "nx/web/routes.h"

static int
status_of(const struct nx_published *done)
{
	const struct nx_stored_post *post = &done->post;

	if (strcmp(post->state, "unknown") == 0)
		return 202;
	return post->is_repeat || strcmp(post->state, "dry_run") == 0 ?
	    200 : 201;
}

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
	nx_reply_json(call->reply, status_of(&done));
	nx_answer_post(&done, &call->reply->body);
	return NX_OK;
}
