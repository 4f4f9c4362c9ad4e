/*
 * withdraw.c - delete a post at X, newest part first, each deletion durable
 * before the next: an answer never stays behind without what it answers to.
 */

#include "withdraw.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/store/post_claim.h"
#include "nx/x/posts.h"

static size_t
count_live(const struct nx_stored_post *post)
{
	size_t n = 0;

	for (size_t i = 0; i < post->nparts; i++)
		n += post->parts[i].state == NX_PART_SENT;
	return n;
}

/*
 * X may refuse to delete what it has deleted already for somebody who died
 * before he could write it down.
 */
static bool
is_gone(struct nx_ctx *ctx, const struct nx_delivery *d, const char *id,
    enum nx_class class)
{
	struct nx_x x = nx_ctx_x(ctx);

	return (class == NX_CLASS_REFUSED || class == NX_CLASS_ACCOUNT) &&
	    nx_x_post_is_gone(&x, d->connection->access_token, id);
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
		nx_x_post_delete(&x, d->connection->access_token, id, &v);
		NX_FAULT("delete.after_answer");
		if (v.class == NX_CLASS_DONE)
			return NX_OK;
		if (nx_delivery_renews(ctx, d, v.class, &rc))
			continue;
		if (rc != NX_OK || is_gone(ctx, d, id, v.class))
			return rc;
		return nx_verdict_fail(NX_ACT_DELETE, &v, nx_clock_wall(),
		    &ctx->err);
	}
	return rc;
}

/* X's refusal is about this deletion, not about what was posted. */
static enum nx_rc
explain_refusal(struct nx_ctx *ctx, enum nx_rc rc)
{
	struct nx_err why = ctx->err;

	if (rc != NX_X_REFUSED && rc != NX_X_ACCOUNT)
		return rc;
	(void)nx_fail(&ctx->err, NX_NOT_DELETED, "%s", why.detail);
	ctx->err.x = why.x;
	return NX_NOT_DELETED;
}

/*
 * Why a thread is taken back, whatever stood in the way of that meanwhile; NULL
 * where its owner wants it gone.
 */
static const struct nx_post_error *
cause_of(const struct nx_stored_post *post)
{
	if (post->goal != NX_GOAL_WITHDRAW)
		return NULL;
	for (size_t i = 0; i < post->nparts; i++) {
		const struct nx_stored_part *part = &post->parts[i];

		if (part->error != NULL && part->state != NX_PART_SENT &&
		    part->state != NX_PART_DELETED)
			return part->error;
	}
	return post->error;
}

/* What follows when deleting part `i` came to `rc`, which ctx->err explains. */
static struct nx_post_outcome
outcome_removed(struct nx_ctx *ctx, const struct nx_delivery *d, size_t i,
    enum nx_rc rc)
{
	const struct nx_post_error *cause = cause_of(d->post);
	const int wait = rc == NX_OK ? -1 : nx_delivery_wait(d, &ctx->err);
	struct nx_post_outcome o = nx_delivery_outcome(d,
	    &(struct nx_happened){
		.event = nx_trouble_removing(rc, wait),
		.part = i,
		.last = count_live(d->post) == 1,
		.decided = cause != NULL &&
		    nx_trouble_is_decided(cause->err.rc),
		.wait = wait,
	    });

	o.error = rc == NX_OK ? cause : nx_delivery_error(ctx);
	o.failed = nx_trouble_counts(d->post, rc, ctx->err.is_guess);
	return o;
}

static enum nx_rc
end_without_parts(struct nx_ctx *ctx, struct nx_delivery *d)
{
	const struct nx_post_outcome o = nx_delivery_outcome(d,
	    &(struct nx_happened){ .event = NX_EVENT_EMPTY });
	struct nx_store_ask ask = nx_ctx_store(ctx);

	d->post->state = o.post_state;
	return nx_post_put_off(&ask, d->post, d->lease, o.post_state,
	    o.next_try, &ctx->err);
}

/* Delete part `i` and write it down; `*more` when the next may follow. */
static enum nx_rc
remove_part(struct nx_ctx *ctx, struct nx_delivery *d, size_t i, bool *more)
{
	struct nx_stored_post *post = d->post;
	struct nx_post_outcome outcome;
	enum nx_rc rc = explain_refusal(ctx, delete_part(ctx, d, i)), saved;
	bool ours;

	*more = false;
	outcome = outcome_removed(ctx, d, i, rc);
	if (rc != NX_OK)
		nx_ctx_report(ctx, "post.not_deleted", post->user_id,
		    post->connection_id);
	saved = nx_delivery_save(ctx, d, &outcome, &ours);
	if (saved != NX_OK)
		return nx_fail(&ctx->err, saved, "What was deleted could"
		    " not be saved; it is tried again.");
	nx_delivery_took(post, &outcome);
	*more = ours && outcome.keeps_lease;
	return rc != NX_OK && outcome.next_try < 0 ? rc : NX_OK;
}

enum nx_rc
nx_withdraw(struct nx_ctx *ctx, struct nx_delivery *d)
{
	struct nx_stored_post *post = d->post;
	bool more = true, first = true;
	enum nx_rc rc = NX_OK;

	if (count_live(post) == 0)
		return end_without_parts(ctx, d);
	for (size_t i = post->nparts; i-- > 0 && more;) {
		if (post->parts[i].state != NX_PART_SENT)
			continue;
		if (!first && nx_clock_left(ctx->deadline) <
		    NX_HTTP_TIMEOUT_MS + NX_SAVE_MS) {
			if (!nx_delivery_put_off(ctx, d,
			    NX_EVENT_INTERRUPTED, 0))
				post->next_try_at = nx_clock_wall();
			return NX_OK;
		}
		first = false;
		rc = remove_part(ctx, d, i, &more);
	}
	if (rc == NX_OK && post->next_try_at == 0)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "post.withdrawn", NX_S("post", post->id),
		    NX_S("state", nx_post_state_name(post->state)));
	return rc;
}
