/*
 * settle.c - find out whether X has a part whose answer was lost.
 *
 * The account's own timeline is the witness.  A post that is there is adopted
 * at once.  One that is not may still be under way inside X, so it is called
 * not sent only by a look that comes after enough quiet and saw everything
 * since well before the part left.
 */

#include "nx/flow/deliver.h"

#include "nx/base/clock.h"
#include "nx/text/same.h"
#include "nx/x/timeline.h"

enum {
	QUIET = 90,		/* seconds without a trace: not sent */
	QUIET_EVIDENT = 3600,	/* where X says that it has it */
	LEEWAY = 600,		/* seconds that X's clock may be off */
	PAGES_MAX = 32,		/* X reaches back 3,200 posts */
	PAUSE_MIN = 3,		/* seconds between two looks */
	BLIND_MIN = 15, BLIND_MAX = 900,	/* while X cannot be asked */
	GIVE_UP = 7 * 24 * 3600,
};

/* One search through a timeline. */
struct search {
	const struct nx_delivery	*d;
	size_t				 part;
	int64_t				 not_before;	/* wall clock */
	const char			*found;		/* X's id, or NULL */
	bool				 whole;	/* nothing was left out */
};

static size_t
unknown_part(const struct nx_stored_post *post)
{
	size_t i = 0;

	while (i < post->nparts &&
	    strcmp(post->parts[i].state, "unknown") != 0)
		i++;
	return i;
}

/* The post that part `i` answers to: its own thread's, or somebody's. */
static const char *
parent_of(const struct nx_delivery *d, size_t i)
{
	return i > 0 ? d->post->parts[i - 1].post_id : d->options.reply_to;
}

static enum nx_rc
has_text(const struct search *s, const struct nx_x_entry *entry,
    struct nx_arena *arena, bool *same)
{
	const struct nx_slice text = s->d->post->parts[s->part].text;
	struct nx_link *links = nx_arena_alloc(arena,
	    (entry->nlinks + 1) * sizeof(*links));

	*same = false;
	if (links == NULL)
		return NX_NO_MEMORY;
	for (size_t i = 0; i < entry->nlinks; i++)
		links[i] = (struct nx_link){
			nx_slice_str(entry->links[i].shown),
			nx_slice_str(entry->links[i].meant),
		};
	return parent_of(s->d, s->part) == NULL ?
	    nx_text_is_same(text, entry->text, links, entry->nlinks, same) :
	    nx_text_is_same_reply(text, entry->text, links, entry->nlinks,
	    same);
}

/* Is it the part that is looked for, and nobody else's? */
static enum nx_rc
is_ours(struct nx_ctx *ctx, const struct search *s,
    const struct nx_x_entry *entry, bool *ours)
{
	const struct nx_stored_post *post = s->d->post;
	const char *parent = parent_of(s->d, s->part);
	struct nx_store_ask ask;
	bool known = false;
	enum nx_rc rc;

	*ours = false;
	if (entry->created_at != 0 && entry->created_at < s->not_before)
		return NX_OK;
	if (entry->reply_to != NULL &&
	    (parent == NULL || strcmp(parent, entry->reply_to) != 0))
		return NX_OK;
	rc = has_text(s, entry, ctx->arena, ours);
	if (rc != NX_OK || !*ours)
		return rc;
	ask = nx_ctx_store(ctx);
	rc = nx_post_id_is_known(&ask, post->user_id, entry->id,
	    s->not_before, &known, &ctx->err);
	*ours = rc == NX_OK && !known;
	return rc;
}

static enum nx_rc
look_at_page(struct nx_ctx *ctx, struct search *s,
    const struct nx_timeline *page)
{
	bool ours = false;
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; i < page->n && rc == NX_OK && !ours; i++) {
		rc = is_ours(ctx, s, &page->entries[i], &ours);
		if (ours)
			s->found = page->entries[i].id;
	}
	return rc;
}

static enum nx_rc
read_page(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_timeline_ask *what, struct nx_timeline *page)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;
	enum nx_rc rc;

	nx_timeline_read(&x, d->connection->access_token, what, page, &v);
	if (nx_delivery_renews(ctx, d, v.class, &rc))
		nx_timeline_read(&x, d->connection->access_token, what, page,
		    &v);
	else if (rc != NX_OK)
		return rc;
	return v.class == NX_CLASS_DONE ? NX_OK :
	    nx_verdict_fail(NX_ACT_READ, &v, nx_clock_wall(), &ctx->err);
}

/* Page by page until it is found, or there is no more, or no time. */
static enum nx_rc
look(struct nx_ctx *ctx, struct nx_delivery *d, const char *since_id,
    struct search *s)
{
	struct nx_timeline_ask what = {
		.x_user_id = d->connection->x_user_id,
		.since_id = since_id,
		.start = since_id == NULL ? s->not_before : 0,
	};
	struct nx_timeline page;
	enum nx_rc rc = NX_OK;

	for (int n = 0; n < PAGES_MAX && rc == NX_OK; n++) {
		if (n > 0 && nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
			return NX_OK;
		rc = read_page(ctx, d, &what, &page);
		if (rc == NX_OK)
			rc = look_at_page(ctx, s, &page);
		s->whole = rc == NX_OK && page.next == NULL;
		if (s->found != NULL || s->whole)
			return rc;
		what.page = page.next;
	}
	return rc;
}

static enum nx_rc
save(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_post_outcome *outcome)
{
	bool ours;
	enum nx_rc rc = nx_delivery_save(ctx, d, outcome, &ours);

	if (rc != NX_OK)
		return nx_fail(&ctx->err, rc, "The outcome could not be"
		    " saved.");
	if (!ours)
		return nx_fail(&ctx->err, NX_POST_BUSY, "Somebody else is at"
		    " post %s.", d->post->id);
	nx_delivery_took(d->post, outcome);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "post.settled", NX_S("post", d->post->id),
	    NX_S("part", outcome->part_state), NX_S("x_id", outcome->x_id),
	    NX_S("state", outcome->post_state));
	return NX_OK;
}

static enum nx_rc
adopt(struct nx_ctx *ctx, struct nx_delivery *d, const struct search *s,
    bool *go_on)
{
	const bool last = s->part + 1 == d->post->nparts;
	const bool stays = d->post->goal == NX_GOAL_SEND;
	const struct nx_post_outcome outcome = {
		.position = (int)s->part,
		.part_state = "sent",
		.post_state = last ? "sent" : stays ? "sending" : "partial",
		.x_id = s->found,
		.goal = d->post->goal,
		.next_try = stays ? -1 : 0,
	};
	enum nx_rc rc = save(ctx, d, &outcome);

	if (rc != NX_OK)
		return rc;
	d->post->parts[s->part].post_id = s->found;
	d->post->parts[s->part].sent_at = nx_clock_wall();
	*go_on = stays && !last;
	if (*go_on) {
		d->post->parts[s->part + 1].state = "sending";
		d->post->parts[s->part + 1].attempts++;
	}
	return NX_OK;
}

/* For the reason in ctx->err. */
static enum nx_rc
not_sent(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	struct nx_post_outcome outcome = {
		.position = (int)i,
		.part_state = "failed",
		.post_state = i > 0 ? "partial" : "failed",
		.goal = d->post->goal,
		.next_try = -1,
		.failed = true,
		.error = nx_delivery_error(ctx),
		.release_key = i == 0 && ctx->err.rc == NX_NOT_SENT,
	};

	if (outcome.goal != NX_GOAL_SEND && i == 0)
		outcome.post_state = "cancelled";
	else if (outcome.goal != NX_GOAL_SEND)
		outcome.next_try = 0;
	else if (i > 0 && d->options.withdraw) {
		outcome.goal = NX_GOAL_WITHDRAW;
		outcome.next_try = 0;
	} else if (i > 0 && ctx->err.rc == NX_NOT_SENT) {
		struct nx_err passing = { .rc = NX_X_DOWN };

		outcome.next_try = nx_delivery_wait(d, &passing);
	}
	return save(ctx, d, &outcome);
}

/* Enough quiet, and nothing there. */
static enum nx_rc
missing(struct nx_ctx *ctx, struct nx_delivery *d, size_t i)
{
	if (nx_delivery_failed_as(&d->post->parts[i], NX_DUPLICATE))
		(void)nx_fail(&ctx->err, NX_DUPLICATE, "X says that it has"
		    " this text already, but not since it was first sent.");
	else
		(void)nx_fail(&ctx->err, NX_NOT_SENT, "X's answer was lost,"
		    " and the account's timeline does not show it.");
	return not_sent(ctx, d, i);
}

static enum nx_rc
look_again(struct nx_ctx *ctx, struct nx_delivery *d, int64_t wait)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };
	enum nx_rc rc = nx_post_put_off(&ask, d->post, d->lease, "unknown",
	    (int)wait, &err);

	if (rc == NX_OK)
		d->post->next_try_at = nx_clock_wall() + wait;
	else
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "post.not_put_off", NX_S("post", d->post->id),
		    NX_S("detail", err.detail));
	return rc;
}

/* X could not be asked. */
static enum nx_rc
blind(struct nx_ctx *ctx, struct nx_delivery *d, int64_t age)
{
	int64_t wait = age / 4;
	enum nx_rc rc = ctx->err.rc;

	if (wait < ctx->err.retry_after)
		wait = ctx->err.retry_after;
	if (wait > BLIND_MAX)
		wait = BLIND_MAX;
	if (wait < BLIND_MIN)
		wait = BLIND_MIN;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "post.not_looked_up", NX_S("post", d->post->id),
	    NX_S("code", nx_rc_code(rc)), NX_S("detail", ctx->err.detail));
	if (age > GIVE_UP) {
		(void)nx_fail(&ctx->err, NX_OUTCOME_UNKNOWN, "X could not be"
		    " asked about it for a week: look at the account.");
		return not_sent(ctx, d, unknown_part(d->post));
	}
	(void)look_again(ctx, d, wait);
	return rc;
}

static enum nx_rc
search(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed, struct search *s)
{
	const struct nx_stored_part *part = &d->post->parts[s->part];
	/* One that left before may be live since then. */
	const bool again = part->attempts > 1;
	const char *since = claimed->age < QUIET && !again ?
	    claimed->since_id : NULL;
	enum nx_rc rc;

	s->not_before = (again ? d->post->created_at : claimed->left_at) -
	    LEEWAY;
	rc = nx_delivery_ready(ctx, d, "tweet.read");
	return rc == NX_OK ? look(ctx, d, since, s) : rc;
}

enum nx_rc
nx_settle(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed, bool *go_on)
{
	struct search s = { .d = d, .part = unknown_part(d->post) };
	const int64_t age = claimed->age;
	int64_t wait = age / 2, quiet;
	enum nx_rc rc;

	*go_on = false;
	if (s.part == d->post->nparts)
		return NX_OK;
	quiet = nx_delivery_failed_as(&d->post->parts[s.part],
	    NX_DUPLICATE) ? QUIET_EVIDENT : QUIET;
	rc = search(ctx, d, claimed, &s);
	if (rc != NX_OK)
		return blind(ctx, d, age);
	if (s.found != NULL)
		return adopt(ctx, d, &s, go_on);
	if (age >= quiet && s.whole)
		return missing(ctx, d, s.part);
	if (wait > quiet - age)
		wait = quiet - age;
	(void)look_again(ctx, d, wait < PAUSE_MIN ? PAUSE_MIN : wait);
	return NX_OK;
}
