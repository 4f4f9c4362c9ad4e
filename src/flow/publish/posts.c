/*
 * posts.c - what was published: look it up, go on with it, take it back; and
 * the worker's turns, which do the same for nobody in particular.
 */

#include "nx/flow/publish/posts.h"

#include "nx/base/clock.h"
#include "deliver.h"
#include "reconcile.h"
#include "withdraw.h"

enum nx_rc
nx_posts_get(struct nx_ctx *ctx, const char *user_id, const char *id,
    struct nx_published *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	memset(out, 0, sizeof(*out));
	out->in_full = true;
	return nx_post_get(&ask, user_id, id, &out->post, &ctx->err);
}

enum nx_rc
nx_posts_history(struct nx_ctx *ctx, const struct nx_post_query *query,
    struct nx_post_page *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	memset(out, 0, sizeof(*out));
	if (query->limit < 1 || query->limit > NX_POSTS_PAGE_MAX)
		return nx_fail_for(&ctx->err, NX_INVALID,
		    NX_WHY_NOT_IN_RANGE, NX_S("member", "limit"),
		    NX_I("least", 1), NX_I("limit", NX_POSTS_PAGE_MAX));
	return nx_post_list(&ask, query, out, &ctx->err);
}

/* What was claimed, ready to be worked on. */
static enum nx_rc
open_delivery(struct nx_ctx *ctx, struct nx_claimed *claimed, bool attended,
    struct nx_delivery *out)
{
	*out = (struct nx_delivery){
		.post = &claimed->post,
		.connection = &claimed->connection,
		.lease = claimed->lease,
		.token_rc = claimed->token_rc,
		.leased_until = nx_clock_mono() + NX_POST_LEASE_MS,
		.attended = attended,
	};
	return nx_options_read(claimed->post.options, ctx->arena,
	    &out->options, &ctx->err);
}

/* As it is now; what was asked for no claim reads. */
static void
show_post(struct nx_published *out, const struct nx_stored_post *post)
{
	const char *source = out->post.source;

	out->post = *post;
	out->post.source = source;
}

static void
show_delivery(struct nx_published *out, const struct nx_delivery *d)
{
	show_post(out, d->post);
	out->post.version = 0;		/* what was saved has another */
	out->limits = d->limits;
	out->unrecorded = d->unrecorded;
}

/* Look it up; what follows a part that was found is sent as well. */
static enum nx_rc
settle_unknown(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed)
{
	bool go_on;
	enum nx_rc rc = nx_reconcile(ctx, d, claimed, &go_on);

	return rc == NX_OK && go_on ? nx_deliver(ctx, d) : rc;
}

/* Whether there is anything to go on with in a post that was not taken. */
static enum nx_rc
refuse_resume(struct nx_ctx *ctx, const struct nx_claimed *claimed)
{
	const struct nx_stored_post *post = &claimed->post;

	if (post->state == NX_POST_STATE_SENT || !nx_post_rests(post->state))
		return NX_OK;
	if (post->is_superseded)
		return nx_fail_for(&ctx->err, NX_NOT_RESUMABLE,
		    NX_WHY_POST_ANEW, { 0 });
	return nx_fail_for(&ctx->err, NX_NOT_RESUMABLE, NX_WHY_POST_IS,
	    NX_S("id", post->id),
	    NX_S("state", nx_post_state_name(post->state)),
	    NX_I("removing", post->goal != NX_GOAL_SEND &&
	    post->next_try_at != 0));
}

/* One turn of a resume; `*looked` when it was for an outcome. */
static enum nx_rc
go_on(struct nx_ctx *ctx, struct nx_claimed *claimed,
    struct nx_published *out, bool *looked)
{
	struct nx_delivery d;
	enum nx_rc rc = open_delivery(ctx, claimed, true, &d);

	*looked = claimed->post.state == NX_POST_STATE_UNKNOWN;
	if (rc == NX_OK)
		rc = *looked ? settle_unknown(ctx, &d, claimed) :
		    nx_deliver(ctx, &d);
	show_delivery(out, &d);
	return rc;
}

enum nx_rc
nx_posts_resume(struct nx_ctx *ctx, const char *user_id, const char *id,
    struct nx_published *out)
{
	struct nx_claimed claimed;
	bool looked;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	do {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_post_take(&ask, user_id, id, NX_TAKE_RESUME, &claimed,
		    &ctx->err);
		if (rc != NX_OK)
			return rc;
		if (!claimed.taken) {
			out->post = claimed.post;
			return refuse_resume(ctx, &claimed);
		}
		rc = go_on(ctx, &claimed, out, &looked);
		/* A thread's part that was not sent after all is sent now. */
	} while (rc == NX_OK && looked &&
	    out->post.state == NX_POST_STATE_PARTIAL &&
	    out->post.goal == NX_GOAL_SEND && out->post.next_try_at != 0 &&
	    nx_clock_left(ctx->deadline) > NX_HTTP_TIMEOUT_MS);
	return rc;
}

enum nx_rc
nx_posts_send_now(struct nx_ctx *ctx, const char *user_id, const char *id,
    struct nx_published *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_claimed claimed;
	struct nx_err why = ctx->err;
	bool looked;

	/* Whoever else has it sends it; what cannot be taken stays due. */
	if (nx_post_take(&ask, user_id, id, NX_TAKE_SEND, &claimed,
	    &why) != NX_OK)
		return NX_OK;
	if (!claimed.taken) {
		show_post(out, &claimed.post);
		return NX_OK;
	}
	return go_on(ctx, &claimed, out, &looked);
}

enum nx_rc
nx_posts_remove(struct nx_ctx *ctx, const char *user_id, const char *id,
    struct nx_published *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_claimed claimed;
	struct nx_delivery d;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = nx_post_take(&ask, user_id, id, NX_TAKE_REMOVE, &claimed,
	    &ctx->err);
	if (rc != NX_OK)
		return rc;
	out->post = claimed.post;
	if (!claimed.taken)
		return NX_OK;
	rc = open_delivery(ctx, &claimed, true, &d);
	if (rc == NX_OK)
		rc = nx_withdraw(ctx, &d);
	show_delivery(out, &d);
	return rc;
}

typedef enum nx_rc claim_fn(const struct nx_store_ask *ask,
    struct nx_claimed *out, struct nx_err *err);
typedef enum nx_rc work_fn(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed);

/* A post's own trouble is told where it happens; a turn goes on. */
static enum nx_rc
work_on_next(struct nx_ctx *ctx, claim_fn *claim, work_fn *work, int *done)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_claimed claimed;
	struct nx_delivery d;
	enum nx_rc rc = claim(&ask, &claimed, &ctx->err);

	*done = rc == NX_OK && claimed.post.id != NULL;
	if (*done == 0)
		return rc;
	rc = open_delivery(ctx, &claimed, false, &d);
	if (rc == NX_OK)
		rc = work(ctx, &d, &claimed);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id, "post.done",
	    NX_S("post", claimed.post.id),
	    NX_S("state", nx_post_state_name(claimed.post.state)),
	    NX_S("connection", claimed.post.connection_id),
	    NX_S("code", rc == NX_OK ? NULL : nx_rc_code(rc)));
	return NX_OK;
}

static enum nx_rc
send_or_remove(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed)
{
	(void)claimed;
	return d->post->goal == NX_GOAL_SEND ? nx_deliver(ctx, d) :
	    nx_withdraw(ctx, d);
}

enum nx_rc
nx_posts_send_due(struct nx_ctx *ctx, int *done)
{
	return work_on_next(ctx, nx_post_claim_due, send_or_remove, done);
}

enum nx_rc
nx_posts_settle_due(struct nx_ctx *ctx, int *done)
{
	return work_on_next(ctx, nx_post_claim_unknown, settle_unknown, done);
}

enum nx_rc
nx_posts_mend_lines(struct nx_ctx *ctx, int *done)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	int lines;

	*done = 0;			/* the next turn is early enough */
	return nx_post_mend_lines(&ask, &lines, &ctx->err);
}
