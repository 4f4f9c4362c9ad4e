/*
 * deliver.c - send a post, part by part, each id durable before the next.
 *
 * A create leaves at most once under one decision to send it: what may have
 * been carried out is `unknown` and goes to reconcile.c.  Whatever is certain
 * not to have left may be tried again, now or by the worker.
 */

#include "deliver.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "withdraw.h"

enum {
	ROOM_MS = NX_HTTP_TIMEOUT_MS + NX_SAVE_MS,	/* for one part */
	PARENT_YOUNG = 60,	/* seconds in which X may not see it yet */
};

static struct nx_x_post
part_for_x(const struct nx_delivery *d, size_t i)
{
	const struct nx_options *o = &d->options;
	struct nx_x_post what = {
		.text = d->post->parts[i].text,
		.marks = o->marks,
	};

	if (i > 0) {
		what.reply_to = d->post->parts[i - 1].post_id;
		return what;
	}
	what.reply_to = o->reply_to;
	what.quote = o->quote;
	what.reply_settings = o->reply_settings;
	what.poll = o->poll;
	return what;
}

/*
 * X sometimes does not see for a moment what it has just taken, and then
 * calls it deleted, or nobody's.  Of a parent that we did not send, only the
 * former is worth a moment's patience.
 */
static bool
misses_parent(const struct nx_delivery *d, size_t i,
    const struct nx_verdict *v)
{
	if (i == 0)
		return v->class == NX_CLASS_UNSEEN &&
		    d->options.reply_to != NULL;
	return (v->class == NX_CLASS_UNSEEN || v->class == NX_CLASS_REPLY) &&
	    nx_clock_wall() - d->post->parts[i - 1].sent_at <= PARENT_YOUNG;
}

static bool
has_time(const struct nx_ctx *ctx, const struct nx_delivery *d, int ms)
{
	return nx_clock_left(ctx->deadline) >= ms + ROOM_MS &&
	    nx_clock_left(d->leased_until) >= ms + ROOM_MS;
}

static enum nx_rc
send_part(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	const struct nx_x_post what = part_for_x(d, i);
	struct nx_stored_part *part = &d->post->parts[i];
	struct nx_x_posted posted = { 0 };
	struct nx_verdict v;
	enum nx_rc rc;
	int pause;

	for (int tries = 0;; tries++) {
		struct nx_x x = nx_ctx_x(ctx);

		NX_FAULT("post.before_call");
		nx_x_post_create(&x, d->connection->access_token, &what,
		    &posted, &v);
		NX_FAULT("post.after_answer");
		d->limits = posted.windows;
		if (nx_delivery_renews(ctx, d, v.class, &rc))
			continue;
		if (rc != NX_OK)
			return rc;
		pause = nx_trouble_pause(&v, misses_parent(d, i, &v), tries);
		if (pause == 0 || !has_time(ctx, d, pause))
			break;
		nx_clock_sleep(pause);
	}
	d->too_soon = i > 0 && misses_parent(d, i, &v);
	if (v.class != NX_CLASS_DONE)
		return nx_verdict_fail(NX_ACT_CREATE, &v, nx_clock_wall(),
		    &ctx->err);
	part->post_id = posted.id;
	part->sent_at = nx_clock_wall();
	return NX_OK;
}

/* X's word that it has the text may settle another post of the account. */
static void
tell_twins(struct nx_ctx *ctx, const struct nx_delivery *d, size_t i)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_post_seen(&ask, d->post, i, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "post.twins_not_told", NX_S("detail", err.detail));
}

/* Part `i` did not leave in this delivery: the rest is for the worker. */
static void
hand_to_worker(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	if (nx_delivery_put_off(ctx, d, NX_EVENT_HANDED_OVER, 0))
		d->post->parts[i].state = NX_PART_WAITING;
	else
		d->post->state = NX_POST_STATE_SENDING;
}

/*
 * Part `i` is live and our row does not know: its lease runs out, and then
 * the worker finds out.
 */
static void
show_unrecorded(struct nx_delivery *d, size_t i)
{
	d->unrecorded = true;
	d->post->parts[i].state = NX_PART_SENT;
	d->post->state = i + 1 == d->post->nparts ? NX_POST_STATE_SENT :
	    NX_POST_STATE_PARTIAL;
}

/* What follows when part `i` came to `rc`, which ctx->err explains. */
static struct nx_post_outcome
outcome_sent(struct nx_ctx *ctx, const struct nx_delivery *d, size_t i,
    enum nx_rc rc)
{
	const struct nx_stored_part *part = &d->post->parts[i];
	const int wait = rc == NX_OK ? -1 : nx_delivery_wait(d, &ctx->err);
	struct nx_post_outcome o = nx_delivery_outcome(d,
	    &(struct nx_happened){
		.event = nx_trouble_sending(part, &d->options, rc, wait),
		.part = i,
		.last = i + 1 == d->post->nparts,
		.decided = nx_trouble_is_decided(rc),
		.wait = wait,
	    });

	o.x_id = part->post_id;
	o.error = rc == NX_OK ? NULL : nx_delivery_error(ctx);
	o.failed = nx_trouble_counts(d->post, rc, ctx->err.is_guess);
	return o;
}

/* Write down what part `i` came to; with an id that cannot be its own. */
static enum nx_rc
record_part(struct nx_ctx *ctx, struct nx_delivery *d, size_t i, enum nx_rc *rc,
    struct nx_post_outcome *outcome, bool *ours)
{
	enum nx_rc saved;

	*outcome = outcome_sent(ctx, d, i, *rc);
	saved = nx_delivery_save(ctx, d, outcome, ours);
	if (*rc != NX_OK || saved != NX_OUTCOME_UNKNOWN)
		return saved;
	*rc = nx_fail_for(&ctx->err, NX_OUTCOME_UNKNOWN, NX_WHY_ANOTHERS_ID,
	    NX_S("x_id", d->post->parts[i].post_id));
	d->post->parts[i].post_id = NULL;
	*outcome = outcome_sent(ctx, d, i, *rc);
	return nx_delivery_save(ctx, d, outcome, ours);
}

/* One part and its record; `*more` when the next is to follow. */
static enum nx_rc
deliver_part(struct nx_ctx *ctx, struct nx_delivery *d, size_t i, bool *more)
{
	struct nx_post_outcome outcome;
	bool ours = true;
	enum nx_rc rc = nx_delivery_ready(ctx, d, "tweet.write");

	*more = false;
	if (rc == NX_OK)
		rc = send_part(ctx, d, i);
	if (record_part(ctx, d, i, &rc, &outcome, &ours) != NX_OK &&
	    rc == NX_OK) {
		show_unrecorded(d, i);
		return NX_OK;
	}
	nx_delivery_took(d->post, &outcome);
	if (!ours) {		/* somebody else is at it now */
		d->post->state = NX_POST_STATE_SENDING;
		return NX_OK;
	}
	if (rc == NX_DUPLICATE)
		tell_twins(ctx, d, i);
	*more = rc == NX_OK && i + 1 < d->post->nparts;
	if (*more)
		d->post->parts[i + 1].state = NX_PART_SENDING;
	return rc;
}

/* A thread of which nothing shall stay when it breaks, as it did with `rc`. */
static enum nx_rc
withdraw_broken(struct nx_ctx *ctx, struct nx_delivery *d, enum nx_rc rc)
{
	struct nx_err why = ctx->err;
	enum nx_rc left = nx_withdraw(ctx, d);

	if (left != NX_OK || d->post->state != NX_POST_STATE_FAILED)
		return NX_OK;	/* the worker goes on with it */
	ctx->err = why;
	return rc;
}

enum nx_rc
nx_deliver(struct nx_ctx *ctx, struct nx_delivery *d)
{
	struct nx_stored_post *post = d->post;
	bool more = true;
	enum nx_rc rc = NX_OK;
	size_t i = 0;

	while (i < post->nparts && post->parts[i].state == NX_PART_SENT)
		i++;
	for (size_t first = i; more && i < post->nparts; i++) {
		if (i > first && !has_time(ctx, d, 0)) {
			hand_to_worker(ctx, d, i);
			return NX_OK;
		}
		rc = deliver_part(ctx, d, i, &more);
	}
	if (rc == NX_OK)
		return NX_OK;
	nx_ctx_report(ctx, post->state == NX_POST_STATE_UNKNOWN ?
	    "post.unknown" : post->next_try_at != 0 ? "post.put_off" :
	    "post.failed", post->user_id, post->connection_id);
	if (post->goal == NX_GOAL_WITHDRAW)
		return withdraw_broken(ctx, d, rc);
	return post->state == NX_POST_STATE_FAILED ? rc : NX_OK;
}
