/*
 * deliver.c - send a post, part by part, each id durable before the next.
 *
 * A create leaves at most once under one decision to send it: what may have
 * been carried out is `unknown` and goes to settle.c.  Whatever is certain not
 * to have left may be tried again, now or by the worker.
 */

#include "deliver.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/random.h"
#include "nx/flow/account/refresh.h"
#include "nx/flow/account/scope.h"

enum {
	SAVE_PAUSE_MS = 200,
	NEWS = 60,		/* seconds between notes of a success */
	ROOM_MS = NX_HTTP_TIMEOUT_MS + NX_SAVE_MS,	/* for one part */
	AGAIN_PAUSE_MS = 250,	/* where no byte left */
	PARENT_PAUSE_MS = 500,	/* X does not see the parent yet; doubles */
	PARENT_TRIES = 3,
	PARENT_YOUNG = 60,	/* seconds in which that is believed */
	FIRST_LOOK = 3,		/* seconds until an unknown is looked up */
	FIRST_WAIT = 5, LAST_WAIT = 900,	/* seconds between tries */
	DOUBLINGS = 4,		/* of a guess at when a limit ends */
	TRIES_MAX = 10,
	WAIT_MAX = 26 * 3600,	/* longer than any window of X */
};

const struct nx_post_error *
nx_delivery_error(struct nx_ctx *ctx)
{
	struct nx_post_error *error = nx_arena_alloc(ctx->arena,
	    sizeof(*error));

	if (error == NULL)
		return NULL;
	error->err = ctx->err;
	error->request_id = ctx->request_id;
	(void)nx_err_for_users(&error->err);
	nx_err_date(&error->err, nx_clock_wall());
	return error;
}

enum nx_rc
nx_delivery_save(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_post_outcome *what, bool *ours)
{
	struct nx_post_outcome outcome = *what;
	struct nx_err err = { 0 };
	enum nx_rc rc;

	outcome.id = d->post->id;
	outcome.user_id = d->post->user_id;
	outcome.lease = d->lease;
	outcome.is_news = d->connection->last_success_at <
	    nx_clock_wall() - NEWS;
	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);
		int64_t until = nx_clock_mono() + NX_POST_LEASE_MS;

		rc = nx_post_finish(&ask, &outcome, ours, &err);
		if (rc == NX_OK)
			d->leased_until = until;
		if (rc != NX_DB_DOWN && rc != NX_BUSY && rc != NX_TIMEOUT)
			break;
		if (nx_clock_left(ctx->deadline) < 2 * SAVE_PAUSE_MS)
			break;
		nx_clock_sleep(SAVE_PAUSE_MS);
	}
	if (rc == NX_OK && *ours)
		nx_stats_count(ctx->app->stats, NX_STAT_POSTS,
		    outcome.post_state, 0);
	if (rc != NX_OK && rc != NX_OUTCOME_UNKNOWN)
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "post.outcome_not_saved", NX_S("post", d->post->id),
		    NX_S("state", nx_post_state_name(outcome.post_state)),
		    NX_S("x_id", outcome.x_id), NX_S("detail", err.detail));
	return rc;
}

/* Whose row is gone has no name any more. */
static enum nx_rc
not_connected(struct nx_ctx *ctx, const char *username)
{
	if (username == NULL || *username == '\0')
		return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "The X account of"
		    " this post is no longer connected here.");
	return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "@%s is no longer"
	    " connected.", username);
}

enum nx_rc
nx_delivery_ready(struct nx_ctx *ctx, struct nx_delivery *d,
    const char *scope)
{
	struct nx_connection *c = d->connection;
	enum nx_rc rc;

	if (c->status != NX_STATUS_CONNECTED)
		return not_connected(ctx, c->username);
	if (c->access_token == NULL)
		return nx_fail(&ctx->err, d->token_rc == NX_OK ?
		    NX_NEEDS_REAUTH : d->token_rc, "The access token of"
		    " connection %s does not open.", c->id);
	if ((rc = nx_scope_need(ctx, c, scope)) != NX_OK)
		return rc;
	if (d->refreshed || !nx_refresh_is_due(c, nx_clock_wall()))
		return NX_OK;
	d->refreshed = true;
	return nx_refresh(ctx, c);
}

bool
nx_delivery_renews(struct nx_ctx *ctx, struct nx_delivery *d,
    enum nx_class class, enum nx_rc *rc)
{
	*rc = NX_OK;
	if (class != NX_CLASS_TOKEN || d->refreshed)
		return false;
	d->refreshed = true;
	d->connection->token_expires_at = 0;	/* X says so */
	*rc = nx_refresh(ctx, d->connection);
	return *rc == NX_OK;
}

static struct nx_x_post
part_for_x(const struct nx_delivery *d, size_t i)
{
	const struct nx_options *o = &d->options;
	struct nx_x_post what = {
		.text = d->post->parts[i].text,
		.made_with_ai = o->made_with_ai,
		.paid_partnership = o->paid_partnership,
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

/* Milliseconds until part `i` may be tried once more; 0: no more. */
static int
pause_before_again(const struct nx_delivery *d, size_t i,
    const struct nx_verdict *v, int tries)
{
	if (v->class == NX_CLASS_RETRY && v->x.status == 0 && tries == 0)
		return AGAIN_PAUSE_MS;
	if (misses_parent(d, i, v) && tries < PARENT_TRIES)
		return PARENT_PAUSE_MS << tries;
	return 0;
}

static bool
has_room(const struct nx_ctx *ctx, const struct nx_delivery *d, int ms)
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
		pause = pause_before_again(d, i, &v, tries);
		if (pause == 0 || !has_room(ctx, d, pause))
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

/* Trouble that passes without anybody changing the post. */
static bool
passes(enum nx_rc rc)
{
	switch (rc) {
	case NX_X_RATE:
	case NX_X_MONEY:
	case NX_X_OPERATOR:
	case NX_X_DOWN:
	case NX_REFRESH_BUSY:
	case NX_DB_DOWN:
	case NX_BUSY:
	case NX_TIMEOUT:
	case NX_NO_MEMORY:
	case NX_KEY_UNKNOWN:
		return true;
	default:
		return false;
	}
}

/* Is anything of it live, or meant to be gone? */
static bool
is_begun(const struct nx_stored_post *p)
{
	return p->goal != NX_GOAL_SEND ||
	    p->parts[0].state == NX_PART_SENT;
}

/* Until a limit ends.  A minute goes up to a quarter of an hour, that to 4. */
static int
guess(const struct nx_stored_post *p, const struct nx_err *err)
{
	const int tries = p->tries < DOUBLINGS ? p->tries : DOUBLINGS;

	if (err->rc != NX_X_RATE || !err->is_guess)
		return err->retry_after;
	return err->retry_after << tries;
}

/* A limit is no failure; but how long it lasts is guessed by their number. */
bool
nx_delivery_failed(const struct nx_ctx *ctx, const struct nx_delivery *d,
    enum nx_rc rc)
{
	return rc != NX_OK && (rc != NX_X_RATE ||
	    (ctx->err.is_guess && d->post->tries < DOUBLINGS));
}

int
nx_delivery_wait(const struct nx_delivery *d, const struct nx_err *err)
{
	const struct nx_stored_post *p = d->post;
	const int64_t due = p->publish_at > p->created_at ? p->publish_at :
	    p->created_at;
	const bool x_knows = err->rc == NX_X_RATE || err->rc == NX_X_MONEY;
	int wait = FIRST_WAIT << (p->tries > 8 ? 8 : p->tries);
	unsigned char spread;

	if (wait > LAST_WAIT)
		wait = LAST_WAIT;
	if (x_knows && err->retry_after > 0) {
		nx_random(&spread, sizeof(spread));
		wait = guess(p, err) + spread % 3;
	}
	if (!(passes(err->rc) || d->too_soon) ||
	    (p->tries >= TRIES_MAX && err->rc != NX_X_RATE))
		return -1;
	/* What nobody has seen yet is not news for ever. */
	return !is_begun(p) && nx_clock_wall() - due + wait > WAIT_MAX ?
	    -1 : wait;
}

/* What X says about this very post: its key is used up. */
static const enum nx_rc decisions[] = { NX_DUPLICATE, NX_X_REFUSED,
    NX_X_AUTOMATED, NX_REPLY_REFUSED, NX_REPLY_UNSEEN, NX_X_ACCOUNT };

enum { DECISIONS = sizeof(decisions) / sizeof(decisions[0]) };

/* Did X never decide about it, so that the same key may try again? */
static bool
is_undecided(enum nx_rc rc)
{
	size_t i = 0;

	while (i < DECISIONS && decisions[i] != rc)
		i++;
	return i == DECISIONS;
}

bool
nx_delivery_was_decided(const struct nx_post_error *error)
{
	return error != NULL && !is_undecided(error->err.rc);
}

/* Its answer was lost; or once was, and now X has the text already. */
static bool
may_be_live(const struct nx_stored_part *part, enum nx_rc rc)
{
	return rc == NX_OUTCOME_UNKNOWN ||
	    (rc == NX_DUPLICATE && part->was_lost);
}

/* The states that follow when part `i` came to `rc`. */
static void
decide(const struct nx_ctx *ctx, const struct nx_delivery *d, size_t i,
    enum nx_rc rc, struct nx_post_outcome *o)
{
	const struct nx_stored_post *post = d->post;
	int wait;

	*o = (struct nx_post_outcome){
		.position = (int)i,
		.part_state = NX_PART_FAILED,
		.post_state = i > 0 ? NX_POST_STATE_PARTIAL :
		    NX_POST_STATE_FAILED,
		.x_id = post->parts[i].post_id,
		.next_try = -1,
		.failed = nx_delivery_failed(ctx, d, rc),
	};
	if (rc == NX_OK) {
		o->part_state = NX_PART_SENT;
		o->post_state = i + 1 == post->nparts ?
		    NX_POST_STATE_SENT : NX_POST_STATE_SENDING;
		return;
	}
	if (may_be_live(&post->parts[i], rc)) {
		o->part_state = NX_PART_UNKNOWN;
		o->post_state = NX_POST_STATE_UNKNOWN;
		o->next_try = FIRST_LOOK;
		return;
	}
	wait = nx_delivery_wait(d, &ctx->err);
	if (i > 0 && d->options.withdraw && !(wait >= 0 &&
	    rc == NX_X_RATE && d->options.queue)) {
		o->goal = NX_GOAL_WITHDRAW;
		o->next_try = 0;
		o->keeps_lease = true;
	} else if (i > 0)
		o->next_try = wait;
	else if (wait >= 0 && (!d->attended ||
	    (rc == NX_X_RATE && d->options.queue))) {
		o->part_state = NX_PART_WAITING;
		o->post_state = NX_POST_STATE_QUEUED;
		o->next_try = wait;
	} else
		o->release_key = is_undecided(rc);
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

void
nx_delivery_took(struct nx_stored_post *post, const struct nx_post_outcome *o)
{
	post->parts[o->position].state = o->part_state;
	post->parts[o->position].error = o->error;
	post->state = o->post_state;
	post->goal = o->goal;
	post->error = o->error;
	post->next_try_at = o->next_try < 0 ? 0 :
	    nx_clock_wall() + o->next_try;
}

bool
nx_delivery_put_off(struct nx_ctx *ctx, struct nx_delivery *d,
    enum nx_post_state state, int wait)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_post_put_off(&ask, d->post, d->lease, state, wait,
	    &err) == NX_OK) {
		d->post->state = state;
		d->post->next_try_at = nx_clock_wall() + wait;
		return true;
	}
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "post.not_put_off", NX_S("post", d->post->id),
	    NX_S("detail", err.detail));
	return false;
}

/* Part `i` did not leave in this delivery: the rest is for the worker. */
static void
hand_over(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	if (nx_delivery_put_off(ctx, d, NX_POST_STATE_QUEUED, 0))
		d->post->parts[i].state = NX_PART_WAITING;
	else
		d->post->state = NX_POST_STATE_SENDING;
}

/* Part `i` is live and our row does not know: its lease runs out, and then
 * the worker finds out. */
static void
unrecorded(struct nx_delivery *d, size_t i)
{
	d->unrecorded = true;
	d->post->parts[i].state = NX_PART_SENT;
	d->post->state = i + 1 == d->post->nparts ? NX_POST_STATE_SENT :
	    NX_POST_STATE_PARTIAL;
}

/* Write down what part `i` came to; with an id that cannot be its own. */
static enum nx_rc
record(struct nx_ctx *ctx, struct nx_delivery *d, size_t i, enum nx_rc *rc,
    struct nx_post_outcome *outcome, bool *ours)
{
	enum nx_rc saved;

	decide(ctx, d, i, *rc, outcome);
	outcome->error = *rc == NX_OK ? NULL : nx_delivery_error(ctx);
	saved = nx_delivery_save(ctx, d, outcome, ours);
	if (*rc != NX_OK || saved != NX_OUTCOME_UNKNOWN)
		return saved;
	*rc = nx_fail(&ctx->err, NX_OUTCOME_UNKNOWN, "X answered with the id"
	    " of another post, %s.", d->post->parts[i].post_id);
	d->post->parts[i].post_id = NULL;
	decide(ctx, d, i, *rc, outcome);
	outcome->error = nx_delivery_error(ctx);
	return nx_delivery_save(ctx, d, outcome, ours);
}

/* One part and its record; `*more` when the next is to follow. */
static enum nx_rc
step(struct nx_ctx *ctx, struct nx_delivery *d, size_t i, bool *more)
{
	struct nx_post_outcome outcome;
	bool ours = true;
	enum nx_rc rc = nx_delivery_ready(ctx, d, "tweet.write");

	*more = false;
	if (rc == NX_OK)
		rc = send_part(ctx, d, i);
	if (record(ctx, d, i, &rc, &outcome, &ours) != NX_OK && rc == NX_OK) {
		unrecorded(d, i);
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
		if (i > first && !has_room(ctx, d, 0)) {
			hand_over(ctx, d, i);
			return NX_OK;
		}
		rc = step(ctx, d, i, &more);
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
