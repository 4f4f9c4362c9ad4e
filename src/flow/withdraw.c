/*
 * withdraw.c - delete a post at X, newest part first, each deletion durable
 * before the next: an answer never stays behind without what it answers to.
 */

#include "nx/flow/deliver.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/x/posts.h"

static size_t
count_live(const struct nx_stored_post *post)
{
	size_t n = 0;

	for (size_t i = 0; i < post->nparts; i++)
		n += strcmp(post->parts[i].state, "sent") == 0;
	return n;
}

static const char *
end_state(const struct nx_stored_post *post)
{
	return post->goal == NX_GOAL_WITHDRAW ? "failed" : "deleted";
}

static enum nx_rc
delete_part(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	const char *id = d->post->parts[i].post_id;
	struct nx_verdict v;
	enum nx_rc rc = nx_delivery_ready(ctx, d, "tweet.write");

	while (rc == NX_OK) {
		struct nx_x x = nx_ctx_x(ctx);

		NX_FAULT("delete.before_call");
		nx_posts_delete(&x, d->connection->access_token, id, &v);
		NX_FAULT("delete.after_answer");
		if (v.class == NX_CLASS_DONE)
			return NX_OK;
		if (nx_delivery_renews(ctx, d, v.class, &rc))
			continue;
		if (rc == NX_OK)
			return nx_verdict_fail(NX_ACT_DELETE, &v,
			    nx_clock_wall(), &ctx->err);
	}
	return rc;
}

/* What has to wait is the worker's; what X refuses stays as it is. */
static struct nx_post_outcome
outcome_of(struct nx_ctx *ctx, const struct nx_delivery *d, size_t i,
    enum nx_rc rc)
{
	const struct nx_stored_post *post = d->post;
	const bool last = rc == NX_OK && count_live(post) == 1;
	struct nx_post_outcome o = {
		.position = (int)i,
		.part_state = rc == NX_OK ? "deleted" : "sent",
		.post_state = last ? end_state(post) : rc == NX_OK ?
		    "partial" : post->state,
		.error = rc == NX_OK ? post->error : nx_delivery_error(ctx),
		.goal = post->goal,
		.next_try = last ? -1 : 0,
		.failed = rc != NX_OK && rc != NX_X_RATE,
		.keeps_lease = rc == NX_OK && !last,
	};

	if (last && post->goal == NX_GOAL_DELETE)
		o.error = NULL;
	if (rc != NX_OK && (o.next_try = nx_delivery_wait(d,
	    &ctx->err)) < 0)
		o.goal = NX_GOAL_SEND;
	return o;
}

static enum nx_rc
end_without_parts(struct nx_ctx *ctx, struct nx_delivery *d)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	d->post->state = end_state(d->post);
	return nx_post_put_off(&ask, d->post, d->lease, d->post->state, -1,
	    &ctx->err);
}

/* The rest is for the worker, at once. */
static enum nx_rc
hand_over(struct nx_ctx *ctx, struct nx_delivery *d)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	d->post->next_try_at = nx_clock_wall();
	return nx_post_put_off(&ask, d->post, d->lease, d->post->state, 0,
	    &ctx->err);
}

enum nx_rc
nx_withdraw(struct nx_ctx *ctx, struct nx_delivery *d)
{
	struct nx_stored_post *post = d->post;
	bool ours = true, first = true;
	enum nx_rc rc;

	if (count_live(post) == 0)
		return end_without_parts(ctx, d);
	for (size_t i = post->nparts; i-- > 0;) {
		struct nx_post_outcome outcome;

		if (strcmp(post->parts[i].state, "sent") != 0)
			continue;
		if (!first && nx_clock_left(ctx->deadline) <
		    NX_HTTP_TIMEOUT_MS + NX_SAVE_MS)
			return hand_over(ctx, d);
		first = false;
		rc = delete_part(ctx, d, i);
		outcome = outcome_of(ctx, d, i, rc);
		if (rc != NX_OK)
			nx_ctx_report(ctx, "post.not_deleted", post->user_id,
			    post->connection_id);
		rc = nx_delivery_save(ctx, d, &outcome, &ours);
		if (rc != NX_OK)
			return nx_fail(&ctx->err, rc, "What was deleted could"
			    " not be saved; it is tried again.");
		nx_delivery_took(post, &outcome);
		if (!ours || !outcome.keeps_lease)
			break;
	}
	if (ours && post->goal != NX_GOAL_SEND &&
	    post->next_try_at == 0)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "post.withdrawn", NX_S("post", post->id),
		    NX_S("state", post->state));
	return NX_OK;
}
