/*
 * reconcile.c - find out whether X has a part whose answer was lost.
 *
 * The account's own timeline is the witness.  A post that is there is adopted
 * at once.  One that is not may still be under way inside X, so it is called
 * not sent only by a look that comes after enough quiet, saw everything since
 * the part left, and left no doubt.  Otherwise it stays unknown.
 */

#include "reconcile.h"

#include "nx/base/clock.h"
#include "nx/text/same.h"
#include "nx/text/weigh.h"
#include "nx/x/timeline.h"

enum {
	LEEWAY = 600,		/* seconds that X's clock may be off */
	PAGES_MAX = 32,		/* X reaches back 3,200 posts */
};

/* One search through a timeline. */
struct search {
	const struct nx_delivery	*d;
	size_t				 part;
	const char			*since_id;
	int64_t				 not_before;	/* wall clock */
	int64_t				 not_after;	/* the same */
	struct nx_arena			*page;	/* of one page */
	const char			*found;	/* X's id; or NULL */
	const char			*untold;	/* fits, if a reply */
	int				 nuntold;
	bool				 tells_parents;
	bool				 whole;	/* all of it was seen */
	bool				 doubt;	/* it may be what was seen */
	bool				 is_evident;	/* X says it has it */
	int64_t				 age;	/* seconds since it left */
};

static size_t
unknown_part(const struct nx_stored_post *post)
{
	size_t i = 0;

	while (i < post->nparts &&
	    post->parts[i].state != NX_PART_UNKNOWN)
		i++;
	return i;
}

/* The post that the part answers to: its own thread's, or somebody's. */
static const char *
parent_of(const struct search *s)
{
	return s->part > 0 ? s->d->post->parts[s->part - 1].post_id :
	    s->d->options.reply_to;
}

static enum nx_rc
compare_entry(const struct search *s, const struct nx_x_entry *entry,
    enum nx_likeness *out)
{
	const struct nx_stored_part *part = &s->d->post->parts[s->part];
	struct nx_link *links = nx_arena_alloc(s->page,
	    (entry->nlinks + 1) * sizeof(*links));

	enum nx_rc rc;

	*out = NX_DIFFERENT;
	if (links == NULL)
		return NX_NO_MEMORY;
	for (size_t i = 0; i < entry->nlinks; i++)
		links[i] = (struct nx_link){
			nx_slice_str(entry->links[i].shown),
			nx_slice_str(entry->links[i].meant),
		};
	rc = nx_text_compare(part->text, entry->text, links, entry->nlinks,
	    parent_of(s) != NULL, out);
	/* Of what X cuts, only the beginning is there to be compared. */
	if (rc == NX_OK && *out != NX_SAME && entry->is_cut &&
	    part->weighted_length > NX_LIMIT_POST)
		*out = NX_ALIKE;
	return rc;
}

/* Write the id down as ours, unless it is, or may become, somebody else's. */
static enum nx_rc
reserve_id(struct nx_ctx *ctx, struct search *s, const char *id)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_id_claim claim;
	enum nx_rc rc = nx_post_reserve_id(&ask, s->d->post, s->part, id,
	    s->not_before, &claim);

	if (claim == NX_ID_OURS)
		s->found = id;
	else if (claim == NX_ID_CONTESTED)
		s->doubt = true;
	return rc;
}

/* What is only alike leaves a doubt, unless it is known to be another's. */
static enum nx_rc
doubt_id(struct nx_ctx *ctx, struct search *s, const char *id)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	bool taken = false;
	enum nx_rc rc = nx_post_id_is_taken(&ask, s->d->post, s->part, id,
	    s->not_before, &taken);

	s->doubt = s->doubt || !taken;
	return rc;
}

/*
 * An entry with the right text: is it the part that is looked for?  What is
 * younger than a request can be must be somebody's who said the same later,
 * unless our clock is wrong.
 */
static enum nx_rc
consider_entry(struct nx_ctx *ctx, struct search *s, const struct nx_x_entry *e,
    enum nx_likeness likeness)
{
	const char *id, *parent = parent_of(s);

	if (likeness == NX_DIFFERENT)
		return NX_OK;
	if (e->reply_to != NULL &&
	    (parent == NULL || strcmp(parent, e->reply_to) != 0))
		return NX_OK;
	if ((id = nx_arena_str(ctx->arena, e->id)) == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "while looking");
	if (likeness == NX_ALIKE || e->created_at > s->not_after)
		return doubt_id(ctx, s, id);
	if (parent != NULL && e->reply_to == NULL) {
		s->untold = id;
		s->nuntold++;
	} else
		return reserve_id(ctx, s, id);
	return NX_OK;
}

static enum nx_rc
look_at_page(struct nx_ctx *ctx, struct search *s,
    const struct nx_timeline *page)
{
	enum nx_likeness likeness;
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; i < page->n; i++)
		s->tells_parents |= page->entries[i].reply_to != NULL;
	for (size_t i = 0; i < page->n && rc == NX_OK &&
	    s->found == NULL; i++) {
		const struct nx_x_entry *e = &page->entries[i];

		if (e->created_at != 0 && (e->created_at < s->not_before ||
		    e->created_at > s->not_after + LEEWAY))
			continue;
		rc = compare_entry(s, e, &likeness);
		if (rc == NX_OK)
			rc = consider_entry(ctx, s, e, likeness);
	}
	return rc;
}

static enum nx_rc
read_page(struct nx_ctx *ctx, struct nx_delivery *d, struct nx_arena *arena,
    const struct nx_timeline_ask *what, struct nx_timeline *page)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;
	enum nx_rc rc;

	x.arena = arena;
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
look_through(struct nx_ctx *ctx, struct nx_delivery *d, struct search *s)
{
	bool old_names = false, complete = true;
	struct nx_timeline_ask what = {
		.x_user_id = d->connection->x_user_id,
		.since_id = s->since_id,
		.start = s->since_id == NULL ? s->not_before : 0,
		.parents = true,
		.old_names = &old_names,
	};
	struct nx_timeline page;
	enum nx_rc rc = NX_OK;

	for (int n = 0; n < PAGES_MAX && rc == NX_OK; n++) {
		if (n > 0 && nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
			return NX_OK;
		nx_arena_reset(s->page);
		rc = read_page(ctx, d, s->page, &what, &page);
		if (rc == NX_OK)
			rc = look_at_page(ctx, s, &page);
		if (rc != NX_OK || s->found != NULL)
			return rc;
		complete = complete && page.complete;
		s->whole = complete && page.next == NULL;
		if (page.next == NULL || (what.page != NULL &&
		    strcmp(page.next, what.page) == 0))
			return NX_OK;
		what.page = nx_arena_str(ctx->arena, page.next);
	}
	return rc;
}

/* Where X does not tell what answers to what, the only one will do. */
static enum nx_rc
settle_for(struct nx_ctx *ctx, struct search *s)
{
	if (s->found != NULL || s->tells_parents || s->nuntold == 0)
		return NX_OK;
	if (s->nuntold == 1)
		return reserve_id(ctx, s, s->untold);
	s->doubt = true;
	return NX_OK;
}

static enum nx_rc
search_timeline(struct nx_ctx *ctx, struct nx_delivery *d, struct search *s)
{
	enum nx_rc rc = nx_delivery_ready(ctx, d, "tweet.read");

	if (rc != NX_OK)
		return rc;
	if ((s->page = nx_arena_new(NX_ARENA_MAX)) == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "while looking");
	rc = look_through(ctx, d, s);
	if (rc == NX_OK)
		rc = settle_for(ctx, s);
	nx_arena_free(s->page);
	if (rc != NX_OK && ctx->err.rc != rc)
		(void)nx_fail(&ctx->err, rc, "while looking");
	return rc;
}

static enum nx_rc
save_found(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_post_outcome *outcome)
{
	bool ours;
	enum nx_rc rc = nx_delivery_save(ctx, d, outcome, &ours);

	if (rc != NX_OK)
		return nx_fail(&ctx->err, rc, "The outcome could not be"
		    " saved.");
	if (!ours)
		return nx_fail_for(&ctx->err, NX_POST_BUSY, NX_WHY_POST_HELD,
		    NX_S("id", d->post->id));
	nx_delivery_took(d->post, outcome);
	if (outcome->part_state == NX_PART_UNKNOWN)
		return NX_OK;
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "post.settled", NX_S("post", d->post->id),
	    NX_S("part", nx_part_state_name(outcome->part_state)),
	    NX_S("x_id", outcome->x_id),
	    NX_S("state", nx_post_state_name(outcome->post_state)));
	return NX_OK;
}

/* What follows for the part that is searched for. */
static struct nx_post_outcome
outcome_found(const struct search *s, enum nx_post_event event, int wait)
{
	const struct nx_stored_post *post = s->d->post;

	return nx_delivery_outcome(s->d, &(struct nx_happened){
		.event = event,
		.part = s->part,
		.last = s->part + 1 == post->nparts,
		.decided = s->is_evident,
		.wait = wait,
	});
}

/* Enough quiet, and nothing there. */
static enum nx_rc
not_sent(struct nx_ctx *ctx, struct nx_delivery *d, const struct search *s)
{
	const struct nx_err passing = { .rc = NX_X_DOWN };
	struct nx_post_outcome outcome = outcome_found(s, NX_EVENT_ABSENT,
	    nx_delivery_wait(d, &passing));

	if (s->is_evident)
		(void)nx_fail_for(&ctx->err, NX_DUPLICATE,
		    NX_WHY_SAID_NOT_SHOWN, { 0 });
	else
		(void)nx_fail_for(&ctx->err, NX_NOT_SENT, NX_WHY_NOT_SHOWN,
		    { 0 });
	outcome.error = nx_delivery_error(ctx);
	outcome.failed = true;
	return save_found(ctx, d, &outcome);
}

/*
 * Looking did not help, for the reason in ctx->err, which its owner can read
 * meanwhile.  In the end it is left to somebody who presses the button.
 */
static enum nx_rc
stay_unknown(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct search *s)
{
	struct nx_post_outcome outcome = outcome_found(s,
	    nx_trouble_unseen(d->post, s->age),
	    nx_trouble_look_again(s->age, &ctx->err));

	outcome.failed = true;
	/* That X says it has it is worth more than why nobody finds it. */
	outcome.error = s->is_evident ? d->post->parts[s->part].error :
	    nx_delivery_error(ctx);
	return save_found(ctx, d, &outcome);
}

static enum nx_rc
leave_undecided(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct search *s)
{
	(void)nx_fail_for(&ctx->err, NX_OUTCOME_UNKNOWN, s->doubt ?
	    NX_WHY_ONE_ALIKE : NX_WHY_NOT_ALL_READ, { 0 });
	return stay_unknown(ctx, d, s);
}

static enum nx_rc
adopt_part(struct nx_ctx *ctx, struct nx_delivery *d, struct search *s,
    bool *go_on)
{
	struct nx_post_outcome outcome = outcome_found(s,
	    NX_EVENT_ACCEPTED, -1);
	enum nx_rc rc;

	outcome.x_id = s->found;
	rc = save_found(ctx, d, &outcome);
	/* The id turns out to be another part's. */
	if (rc == NX_OUTCOME_UNKNOWN) {
		s->doubt = true;
		return leave_undecided(ctx, d, s);
	}
	if (rc != NX_OK)
		return rc;
	d->post->parts[s->part].post_id = s->found;
	d->post->parts[s->part].sent_at = nx_clock_wall();
	*go_on = outcome.post_state == NX_POST_STATE_SENDING;
	if (*go_on)
		d->post->parts[s->part + 1].state = NX_PART_SENDING;
	return NX_OK;
}

static enum nx_rc
note_blind(struct nx_ctx *ctx, struct nx_delivery *d, const struct search *s)
{
	struct nx_err why = ctx->err;

	/* It is about this look, not about what was posted. */
	if (why.rc == NX_X_REFUSED || why.rc == NX_X_ACCOUNT)
		ctx->err.rc = why.rc = NX_NOT_LOOKED_UP;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "post.not_looked_up", NX_S("post", d->post->id),
	    NX_S("code", nx_rc_code(why.rc)), NX_S("detail", why.detail));
	(void)stay_unknown(ctx, d, s);
	ctx->err = why;
	return why.rc;
}

/* A search for the part that is unknown; false: there is none. */
static bool
begin_search(const struct nx_delivery *d, const struct nx_claimed *claimed,
    struct search *s)
{
	*s = (struct search){
		.d = d,
		.part = unknown_part(d->post),
		.since_id = claimed->since_id,
		.not_before = claimed->first_left_at - LEEWAY,
		.not_after = nx_clock_wall() - claimed->age +
		    nx_trouble_quiet(false),
		.age = claimed->age,
	};
	if (s->part == d->post->nparts)
		return false;
	s->is_evident = nx_post_error_is(d->post->parts[s->part].error,
	    NX_DUPLICATE);
	return true;
}

enum nx_rc
nx_reconcile(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_claimed *claimed, bool *go_on)
{
	struct search s;
	int64_t quiet;

	*go_on = false;
	if (!begin_search(d, claimed, &s))
		return NX_OK;
	quiet = nx_trouble_quiet(s.is_evident);
	if (search_timeline(ctx, d, &s) != NX_OK)
		return note_blind(ctx, d, &s);
	if (s.found != NULL)
		return adopt_part(ctx, d, &s, go_on);
	if (s.age >= quiet)
		return s.whole && !s.doubt ? not_sent(ctx, d, &s) :
		    leave_undecided(ctx, d, &s);
	(void)nx_delivery_put_off(ctx, d, NX_EVENT_TOO_EARLY,
	    nx_trouble_next_look(s.age, quiet));
	return NX_OK;
}
