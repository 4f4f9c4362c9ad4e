/* posts.c - GET /api/twitter/posts: history, and what is queued. */

#include "nx/flow/publish/posts.h"

#include <stdlib.h>

#include "nx/flow/view/answer.h"
#include "query.h"

enum { LIMIT_DIGITS = 3 };

static enum nx_rc
read_page_limit(struct nx_call *call, int *out)
{
	const char *text;
	size_t n;
	enum nx_rc rc = nx_web_query(call, "limit", &text);

	*out = NX_HISTORY_USUAL;
	if (rc != NX_OK || text == NULL)
		return rc;
	n = strspn(text, "0123456789");
	*out = n <= LIMIT_DIGITS && text[n] == '\0' ? (int)strtol(text,
	    NULL, 10) : 0;
	return *out >= 1 && *out <= NX_POSTS_PAGE_MAX ? NX_OK :
	    nx_fail_for(&call->ctx->err, NX_INVALID, NX_WHY_NOT_IN_RANGE,
	    NX_S("member", "limit"), NX_I("least", 1),
	    NX_I("limit", NX_POSTS_PAGE_MAX));
}

static enum nx_rc
read_view(struct nx_call *call, bool *upcoming)
{
	struct nx_ctx *ctx = call->ctx;
	const char *view;
	enum nx_rc rc = nx_web_query(call, "view", &view);

	*upcoming = rc == NX_OK && view != NULL &&
	    strcmp(view, "upcoming") == 0;
	if (rc != NX_OK || view == NULL || *upcoming)
		return rc;
	return strcmp(view, "attention") == 0 ?
	    nx_fail(&ctx->err, NX_NOT_OFFERED, "view=attention is not"
	    " offered by this version.") :
	    nx_fail_for(&ctx->err, NX_INVALID, NX_WHY_NOT_EXPECTED,
	    NX_S("member", "view"), NX_S("expected", "upcoming"));
}

/* Of other services; to leave one out unseen would show too much. */
static enum nx_rc
refuse_unoffered(struct nx_call *call)
{
	static const char *const names[] = { "state", "q", "from", "to" };
	struct nx_ctx *ctx = call->ctx;
	const char *value;
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; rc == NX_OK &&
	    i < sizeof(names) / sizeof(names[0]); i++) {
		rc = nx_web_query(call, names[i], &value);
		if (rc == NX_OK && value != NULL)
			rc = nx_fail_for(&ctx->err, NX_NOT_OFFERED,
			    NX_WHY_NOT_OFFERED, NX_S("member", names[i]));
	}
	return rc;
}

enum nx_rc
nx_web_posts(struct nx_call *call)
{
	struct nx_post_query query = { .before = NULL };
	struct nx_post_page page;
	enum nx_rc rc;

	if ((rc = nx_web_user(call, NULL, &query.user_id)) != NX_OK ||
	    (rc = read_page_limit(call, &query.limit)) != NX_OK ||
	    (rc = nx_web_query_uuid(call, "before", "the id of a post, as"
	    " `next` gave it", &query.before)) != NX_OK ||
	    (rc = nx_web_query_uuid(call, "connection_id", "a UUID",
	    &query.connection_id)) != NX_OK ||
	    (rc = read_view(call, &query.upcoming)) != NX_OK ||
	    (rc = refuse_unoffered(call)) != NX_OK ||
	    (rc = nx_posts_history(call->ctx, &query, &page)) != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_answer_posts(&page, &call->reply->body);
	return NX_OK;
}
