/* posts.c - /api/twitter/posts: history, one post, resume, delete. */

#include "nx/flow/publish/posts.h"

#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/uuid.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/publish/change.h"
#include "json_body.h"
#include "post.h"

enum {
	WAIT_USUAL = 2,		/* seconds, while nobody knows better */
	WAIT_MAX = 3600,	/* nobody waits longer for an answer */
	LIMIT_DIGITS = 3,
	PATH_MAX_BYTES = 80,
};

/* Is something of what was asked for still to come? */
static bool
is_open(const struct nx_stored_post *post)
{
	const enum nx_post_state state = nx_shown_state(post);

	return state == NX_POST_STATE_QUEUED ||
	    state == NX_POST_STATE_SENDING ||
	    state == NX_POST_STATE_UNKNOWN ||
	    (post->goal != NX_GOAL_SEND && post->next_try_at != 0);
}

static void
say_when(struct nx_reply *reply, const struct nx_stored_post *post)
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
nx_web_answer(struct nx_call *call, const struct nx_published *done,
    int status)
{
	const bool open = is_open(&done->post);
	char path[PATH_MAX_BYTES];

	nx_reply_json(call->reply, open ? 202 : status);
	if (open) {
		(void)snprintf(path, sizeof(path), "/api/twitter/posts/%s",
		    done->post.id);
		nx_reply_header(call->reply, "Location", path);
		say_when(call->reply, &done->post);
	}
	nx_answer_post(done, &call->reply->body);
}

/* Of whom: named in the query, or (unless NULL) in the body. */
static enum nx_rc
read_user(struct nx_call *call, const char *in_body, const char **user)
{
	struct nx_ctx *ctx = call->ctx;
	const char *named;
	enum nx_rc rc = nx_request_query(call->request, "user_id",
	    ctx->arena, &named, &ctx->err);

	if (rc != NX_OK)
		return rc;
	if (named != NULL && in_body != NULL)
		return nx_fail(&ctx->err, NX_INVALID,
		    "user_id is named twice, in the address and the body.");
	return nx_session_user(ctx, call->session,
	    named != NULL ? named : in_body, user);
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

static enum nx_rc
read_limit(struct nx_call *call, int *out)
{
	struct nx_ctx *ctx = call->ctx;
	const char *text;
	size_t n;
	enum nx_rc rc = nx_request_query(call->request, "limit", ctx->arena,
	    &text, &ctx->err);

	*out = NX_HISTORY_USUAL;
	if (rc != NX_OK || text == NULL)
		return rc;
	n = strspn(text, "0123456789");
	*out = n <= LIMIT_DIGITS && text[n] == '\0' ? (int)strtol(text,
	    NULL, 10) : 0;
	return *out >= 1 && *out <= NX_POSTS_PAGE_MAX ? NX_OK :
	    nx_fail(&ctx->err, NX_INVALID, "limit must be a number from 1"
	    " to %d.", NX_POSTS_PAGE_MAX);
}

static enum nx_rc
read_before(struct nx_call *call, const char **out)
{
	struct nx_ctx *ctx = call->ctx;
	enum nx_rc rc = nx_request_query(call->request, "before",
	    ctx->arena, out, &ctx->err);

	return rc != NX_OK || *out == NULL || nx_uuid_valid(*out) ? rc :
	    nx_fail(&ctx->err, NX_INVALID,
	    "before must be the id of a post, as `next` gave it.");
}

static enum nx_rc
read_connection(struct nx_call *call, const char **out)
{
	struct nx_ctx *ctx = call->ctx;
	enum nx_rc rc = nx_request_query(call->request, "connection_id",
	    ctx->arena, out, &ctx->err);

	return rc != NX_OK || *out == NULL || nx_uuid_valid(*out) ? rc :
	    nx_fail(&ctx->err, NX_INVALID, "connection_id must be a UUID.");
}

static enum nx_rc
read_view(struct nx_call *call, bool *upcoming)
{
	struct nx_ctx *ctx = call->ctx;
	const char *view;
	enum nx_rc rc = nx_request_query(call->request, "view", ctx->arena,
	    &view, &ctx->err);

	*upcoming = rc == NX_OK && view != NULL &&
	    strcmp(view, "upcoming") == 0;
	if (rc != NX_OK || view == NULL || *upcoming)
		return rc;
	return strcmp(view, "attention") == 0 ?
	    nx_fail(&ctx->err, NX_NOT_OFFERED, "view=attention is not"
	    " offered by this version.") :
	    nx_fail(&ctx->err, NX_INVALID, "view must be upcoming.");
}

/* Of other services; to leave one out unseen would show too much. */
static enum nx_rc
refuse_others(struct nx_call *call)
{
	static const char *const names[] = { "state", "q", "from", "to" };
	struct nx_ctx *ctx = call->ctx;
	const char *value;
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; rc == NX_OK &&
	    i < sizeof(names) / sizeof(names[0]); i++) {
		rc = nx_request_query(call->request, names[i], ctx->arena,
		    &value, &ctx->err);
		if (rc == NX_OK && value != NULL)
			rc = nx_fail(&ctx->err, NX_NOT_OFFERED, "%s is not"
			    " offered by this version.", names[i]);
	}
	return rc;
}

enum nx_rc
nx_web_posts(struct nx_call *call)
{
	struct nx_post_query query = { .before = NULL };
	struct nx_post_page page;
	enum nx_rc rc;

	if ((rc = read_user(call, NULL, &query.user_id)) != NX_OK ||
	    (rc = read_limit(call, &query.limit)) != NX_OK ||
	    (rc = read_before(call, &query.before)) != NX_OK ||
	    (rc = read_connection(call, &query.connection_id)) != NX_OK ||
	    (rc = read_view(call, &query.upcoming)) != NX_OK ||
	    (rc = refuse_others(call)) != NX_OK ||
	    (rc = nx_posts_history(call->ctx, &query, &page)) != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_answer_posts(&page, &call->reply->body);
	return NX_OK;
}

static void
say_version(struct nx_reply *reply, const struct nx_stored_post *post)
{
	char etag[NX_ETAG_MAX];

	nx_answer_etag(post, etag);
	if (*etag != '\0')
		nx_reply_header(reply, "ETag", etag);
}

enum nx_rc
nx_web_post_get(struct nx_call *call)
{
	const char *user, *id;
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = read_user(call, NULL, &user)) != NX_OK ||
	    (rc = read_id(call, &id)) != NX_OK ||
	    (rc = nx_posts_get(call->ctx, user, id, &done)) != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	say_version(call->reply, &done.post);
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
	    (rc = read_user(call, named, &ask.user_id)) != NX_OK ||
	    (rc = read_id(call, &ask.id)) != NX_OK ||
	    (rc = nx_posts_change(call->ctx, &ask, &done)) != NX_OK)
		return rc;
	say_version(call->reply, &done.post);
	nx_web_answer(call, &done, 200);
	return NX_OK;
}

typedef enum nx_rc change_fn(struct nx_ctx *, const char *user,
    const char *id, struct nx_published *out);

/* What changes a post has a body only if the caller likes to. */
static enum nx_rc
change(struct nx_call *call, change_fn *how)
{
	const char *user, *named = NULL, *id;
	const struct nx_uuid_member member = { "user_id", &named };
	struct nx_published done;
	enum nx_rc rc;

	if ((rc = nx_web_uuids(call, &member, 1)) != NX_OK ||
	    (rc = read_user(call, named, &user)) != NX_OK ||
	    (rc = read_id(call, &id)) != NX_OK ||
	    (rc = how(call->ctx, user, id, &done)) != NX_OK)
		return rc;
	nx_web_answer(call, &done, 200);
	return NX_OK;
}

enum nx_rc
nx_web_post_resume(struct nx_call *call)
{
	return change(call, nx_posts_resume);
}

enum nx_rc
nx_web_post_remove(struct nx_call *call)
{
	return change(call, nx_posts_remove);
}
