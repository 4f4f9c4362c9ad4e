/* reason.c - why a post is as it is, in plain words. */

#include "reason.h"

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "shown.h"

enum { CODE_MAX = 64, CAUSE_MAX = sizeof(((struct nx_err *)0)->detail) };

/* A member of an error that is stored as JSON text, appended. */
static void
add_member(struct nx_buf *out, const char *error, const char *member)
{
	struct json_object *obj;
	const char *text;

	if (error == NULL ||
	    nx_json_parse(nx_slice_str(error), &obj, NULL) != NX_OK)
		return;
	if ((text = nx_json_str(obj, member)) != NULL)
		nx_buf_adds(out, text);
	json_object_put(obj);
}

static bool
has_code(const char *error, enum nx_rc rc)
{
	struct nx_buf code = NX_BUF(CODE_MAX);
	bool same;

	add_member(&code, error, "code");
	same = nx_slice_is(nx_buf_slice(&code), nx_rc_code(rc));
	nx_buf_free(&code);
	return same;
}

/* What stood in the way, as one more sentence. */
static void
add_cause(struct nx_buf *out, const char *error)
{
	struct nx_buf text = NX_BUF(CAUSE_MAX);

	add_member(&text, error, "detail");
	if (text.n > 0) {
		nx_buf_addc(out, ' ');
		nx_buf_slice_add(out, nx_buf_slice(&text));
		if (strchr(".!?", text.p[text.n - 1]) == NULL)
			nx_buf_addc(out, '.');
	}
	nx_buf_free(&text);
	/* X's own words do not tell what its staff ask for. */
	if (has_code(error, NX_X_AUTOMATED)) {
		nx_buf_addc(out, ' ');
		nx_buf_adds(out, nx_rc_remedy(NX_X_AUTOMATED));
	}
}

/* `words`, the time and a full stop, unless there is no time. */
static void
add_time(struct nx_buf *out, const char *words, int64_t at)
{
	char text[NX_RFC3339_MAX];

	if (at == 0)
		return;
	nx_clock_text(at, text);
	nx_buf_addf(out, "%s %s.", words, text);
}

static void
add_live(struct nx_buf *out, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	nx_buf_addf(out, "%zu of %zu parts %s%s on X", t->live, post->nparts,
	    t->live == 1 ? "is" : "are", t->deleted > 0 ? " still" : "");
}

static void
say_queued(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	const int64_t at = nx_shown_due(post);

	if (t->live > 0) {
		add_live(out, post, t);
		nx_buf_adds(out, "; the others follow by themselves.");
	} else if (has_code(post->error, NX_X_RATE))
		add_time(out, "X's limit is reached; it is sent at", at);
	else if (post->error != NULL) {
		nx_buf_adds(out, "It could not be sent yet.");
		add_cause(out, post->error);
		add_time(out, " The next try is at", at);
	} else
		add_time(out, "It will be sent at", at);
}

/* Why it is not settled yet, once that was tried. */
static void
add_doubt(struct nx_buf *out, const struct nx_stored_post *post)
{
	if (post->error == NULL || has_code(post->error, NX_DUPLICATE))
		return;
	if (has_code(post->error, NX_OUTCOME_UNKNOWN)) {
		if (post->tries > 1 || post->next_try_at == 0)
			add_cause(out, post->error);
		return;
	}
	nx_buf_adds(out, " It could not be looked up yet.");
	add_cause(out, post->error);
	nx_buf_addc(out, ' ');
	add_member(out, post->error, "remedy");
	add_time(out, " The next look is at", post->next_try_at);
}

static void
say_unknown(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	if (post->nparts > 1) {
		add_live(out, post, t);
		nx_buf_addf(out, "; part %zu may or may not be: the answer"
		    " was lost.", t->missing + 1);
	} else
		nx_buf_adds(out, "X may or may not have it: the answer was"
		    " lost.");
	if (post->goal != NX_GOAL_SEND)
		nx_buf_adds(out, " We look it up at X and delete what we"
		    " find.");
	else if (post->next_try_at != 0)
		nx_buf_addf(out, " We look it up at X%s; do not post it"
		    " again meanwhile.", post->tries > 1 ? "" :
		    ", which takes a minute or two");
	add_doubt(out, post);
}

/* The wish to have it gone, while something of it is still there. */
static void
say_removal(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	if (post->goal == NX_GOAL_WITHDRAW)
		nx_buf_addf(out, "Part %zu could not be sent, so the others"
		    " are deleted again; ", t->missing + 1);
	else
		nx_buf_adds(out, "It is being deleted; ");
	if (post->nparts > 1)
		add_live(out, post, t);
	else
		nx_buf_adds(out, "it is still on X");
	nx_buf_addc(out, '.');
	add_cause(out, post->error);
	add_time(out, " The next try is at", post->next_try_at);
}

/* X did not delete what somebody wanted gone. */
static void
say_kept(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	if (post->nparts > 1) {
		nx_buf_addf(out, "Part %zu could not be deleted; ",
		    t->kept + 1);
		add_live(out, post, t);
	} else
		nx_buf_adds(out, "It could not be deleted; it is still on X");
	nx_buf_addc(out, '.');
	add_cause(out, post->parts[t->kept].error);
}

static void
say_partial(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	const char *error = post->error;

	add_live(out, post, t);
	nx_buf_addc(out, '.');
	if (t->missing < post->nparts) {
		nx_buf_addf(out, " Part %zu could not be sent.",
		    t->missing + 1);
		if (error == NULL)
			error = post->parts[t->missing].error;
	}
	add_cause(out, error);
	add_time(out, " It goes on by itself at", post->next_try_at);
}

static void
say_failed(const struct nx_stored_post *post, const struct nx_tally *t,
    struct nx_buf *out)
{
	const char *why = t->missing == post->nparts ? NULL :
	    post->parts[t->missing].error;

	if (t->deleted > 0)
		nx_buf_addf(out, "Part %zu could not be sent, so what was on"
		    " X was deleted again.", t->missing + 1);
	else
		nx_buf_adds(out, "Nothing of it is on X.");
	add_cause(out, why != NULL ? why : post->error);
}

void
nx_reason(const struct nx_stored_post *post, struct nx_buf *out)
{
	const struct nx_tally t = nx_tally(post);

	if (nx_is_shown(post, NX_POST_STATE_QUEUED))
		say_queued(post, &t, out);
	else if (nx_is_shown(post, NX_POST_STATE_UNKNOWN))
		say_unknown(post, &t, out);
	else if (nx_is_shown(post, NX_POST_STATE_SENDING)) {
		nx_buf_adds(out, "It is being sent.");
		if (post->nparts > 1) {
			nx_buf_addc(out, ' ');
			add_live(out, post, &t);
			nx_buf_addc(out, '.');
		}
	} else if (post->goal != NX_GOAL_SEND && t.live > 0)
		say_removal(post, &t, out);
	else if (t.kept < post->nparts)
		say_kept(post, &t, out);
	else if (nx_is_shown(post, NX_POST_STATE_PARTIAL))
		say_partial(post, &t, out);
	else if (nx_is_shown(post, NX_POST_STATE_FAILED))
		say_failed(post, &t, out);
}
