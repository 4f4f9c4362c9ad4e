/* post.c - one post: publish, read, change, resume, remove. */

#include "nx/flow/publish/publish.h"

#include "json_body.h"
#include "nx/base/clock.h"
#include "nx/base/uuid.h"
#include "nx/flow/publish/change.h"
#include "nx/flow/publish/posts.h"
#include "nx/flow/view/answer.h"
#include "post.h"
#include "query.h"

enum {
	WAIT_USUAL = 2,		/* seconds, while nobody knows better */
	WAIT_MAX = 3600,	/* nobody waits longer for an answer */
	PATH_MAX_BYTES = 80,
};

/* Is something of what was asked for still to come? */
static bool
is_unfinished(const struct nx_stored_post *post)
{
	const enum nx_post_state state = nx_shown_state(post);

	return state == NX_POST_STATE_QUEUED ||
	    state == NX_POST_STATE_SENDING ||
	    state == NX_POST_STATE_UNKNOWN ||
	    (post->goal != NX_GOAL_SEND && post->next_try_at != 0);
}

static void
add_retry_after(struct nx_reply *reply, const struct nx_stored_post *post)
{
	const int64_t due = nx_shown_due(post);
	int64_t wait = due == 0 ? WAIT_USUAL : due - nx_clock_wall();
	char text[16];

	if (wait > WAIT_MAX)
		return;
	(void)snprintf(text, sizeof(text), "%d", wait < 1 ? 1 : (int)wait);
	nx_reply_header(reply, "Retry-After", text);
}

void
nx_web_answer_post(struct nx_call *call, const struct nx_published *done,
    int status)
{
	const bool unfinished = is_unfinished(&done->post);
	char path[PATH_MAX_BYTES];

	nx_reply_json(call->reply, unfinished ? 202 : status);
	if (unfinished) {
		(void)snprintf(path, sizeof(path), "/api/twitter/posts/%s",
		    done->post.id);
		nx_reply_header(call->reply, "Location", path);
		add_retry_after(call->reply, &done->post);
	}
	nx_answer_post(done, &call->reply->body);
}

static void
add_etag(struct nx_reply *reply, const struct nx_stored_post *post)
{
	char etag[NX_ETAG_MAX];

	nx_answer_etag(post, etag);
	if (*etag != '\0')
		nx_reply_header(reply, "ETag", etag);
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
	nx_web_answer_post(call, &done,
	    done.post.is_repeat || ask.dry_run ? 200 : 201);
	return NX_OK;
}

/* The id in the path: what is none cannot be the id of a post. */
static enum nx_rc
read_id(struct nx_call *call, const char **id)
{
	*id = nx_arena_slice(call->ctx->arena, call->param);
	if (*id == NULL)
		return nx_fail(&call->ctx->err, NX_NO_MEMORY,
		    "while reading the address");
	return nx_uuid_valid(*id) ? NX_OK : nx_fail(&call->ctx->err,
	    NX_POST_UNKNOWN, "The id in the address is not a UUID.");
}

enum nx_rc
nx_web_post_get(struct nx_call *call)
{
	const char *user, *id;
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = nx_web_user(call, NULL, &user)) != NX_OK ||
	    (rc = read_id(call, &id)) != NX_OK ||
	    (rc = nx_posts_get(call->ctx, user, id, &done)) != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	add_etag(call->reply, &done.post);
	nx_answer_post(&done, &call->reply->body);
	return NX_OK;
}

enum nx_rc
nx_web_post_change(struct nx_call *call)
{
	struct nx_change_ask ask = {
		.body = call->request->body,
		.if_match = call->request->if_match,
	};
	const char *named;
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = nx_web_json_body(call)) != NX_OK ||
	    (rc = nx_change_user(call->ctx, ask.body, &named)) != NX_OK ||
	    (rc = nx_web_user(call, named, &ask.user_id)) != NX_OK ||
	    (rc = read_id(call, &ask.id)) != NX_OK ||
	    (rc = nx_posts_change(call->ctx, &ask, &done)) != NX_OK)
		return rc;
	add_etag(call->reply, &done.post);
	nx_web_answer_post(call, &done, 200);
	return NX_OK;
}

typedef enum nx_rc act_fn(struct nx_ctx *, const char *user,
    const char *id, struct nx_published *out);

/* What is done to a post has a body only if the caller likes to. */
static enum nx_rc
act_on_post(struct nx_call *call, act_fn *act)
{
	const char *user, *named = NULL, *id;
	const struct nx_uuid_member member = { "user_id", &named };
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = nx_web_uuids(call, &member, 1)) != NX_OK ||
	    (rc = nx_web_user(call, named, &user)) != NX_OK ||
	    (rc = read_id(call, &id)) != NX_OK ||
	    (rc = act(call->ctx, user, id, &done)) != NX_OK)
		return rc;
	nx_web_answer_post(call, &done, 200);
	return NX_OK;
}

enum nx_rc
nx_web_post_resume(struct nx_call *call)
{
	return act_on_post(call, nx_posts_resume);
}

enum nx_rc
nx_web_post_remove(struct nx_call *call)
{
	return act_on_post(call, nx_posts_remove);
}
