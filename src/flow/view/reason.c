/* reason.c - why a post is as it is. */

#include "reason.h"

#include "nx/base/must.h"
#include "problem.h"
#include "shown.h"

enum { CAUSE_MAX = sizeof(((struct nx_err *)0)->detail) + 1 };

static void
put_arg(struct nx_why *why, struct nx_kv arg)
{
	assert(why->nargs < NX_WHY_ARGS);
	why->args[why->nargs++] = arg;
}

static void
put_time(struct nx_why *why, const char *name, int64_t at)
{
	if (at == 0)
		return;
	nx_clock_text(at, why->at);
	put_arg(why, NX_S(name, why->at));
}

/* How many are live, and, counted from 1, which part is meant. */
static void
put_parts(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t, size_t part)
{
	if (post->nparts < 2)
		return;
	if (part < post->nparts)
		put_arg(why, NX_I("part", (int64_t)part + 1));
	put_arg(why, NX_I("live", (int64_t)t->live));
	put_arg(why, NX_I("parts", (int64_t)post->nparts));
	if (t->deleted > 0)
		put_arg(why, NX_I("deleted", (int64_t)t->deleted));
}

/*
 * What stood in the way.  X's own words do not tell what its staff ask for, so
 * that the remedy is said as well.
 */
static void
put_cause(struct nx_why *why, const struct nx_post_error *error)
{
	if (error == NULL || error->err.detail[0] == '\0')
		return;
	why->cause = error;
	put_arg(why, NX_S("cause", nx_rc_code(error->err.rc)));
	if (error->err.rc == NX_X_AUTOMATED)
		put_arg(why, NX_S("remedy", nx_rc_code(error->err.rc)));
}

static void
explain_queued(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	const struct nx_post_error *error = post->error;

	why->reason = t->live > 0 ? NX_WHY_REST_FOLLOWS :
	    error == NULL ? NX_WHY_DUE :
	    nx_post_error_is(error, NX_X_RATE) ? NX_WHY_LIMITED :
	    NX_WHY_PUT_OFF;
	if (why->reason == NX_WHY_REST_FOLLOWS)
		put_parts(why, post, t, post->nparts);
	else
		put_time(why, "at", nx_shown_due(post));
	if (why->reason == NX_WHY_PUT_OFF)
		put_cause(why, error);
}

/* Why it is not settled yet, once that was tried. */
static void
put_doubt(struct nx_why *why, const struct nx_stored_post *post)
{
	const struct nx_post_error *error = post->error;

	if (error == NULL || nx_post_error_is(error, NX_DUPLICATE))
		return;
	if (nx_post_error_is(error, NX_OUTCOME_UNKNOWN)) {
		if (post->tries > 1 || post->next_try_at == 0)
			put_cause(why, error);
		return;
	}
	put_arg(why, NX_I("unseen", 1));
	put_cause(why, error);
	if (error->err.rc != NX_X_AUTOMATED)
		put_arg(why, NX_S("remedy", nx_rc_code(error->err.rc)));
	why->cause = error;
	put_time(why, "next", post->next_try_at);
}

static void
explain_unknown(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	why->reason = post->nparts > 1 ? NX_WHY_UNKNOWN_PART :
	    NX_WHY_UNKNOWN;
	put_parts(why, post, t, t->missing);
	if (post->goal != NX_GOAL_SEND)
		put_arg(why, NX_I("removing", 1));
	else if (post->next_try_at != 0) {
		put_arg(why, NX_I("looks", 1));
		if (post->tries <= 1)
			put_arg(why, NX_I("first", 1));
	}
	put_doubt(why, post);
}

/* The wish to have it gone, while something of it is still there. */
static void
explain_removal(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	why->reason = post->goal == NX_GOAL_WITHDRAW ? NX_WHY_WITHDRAWING :
	    post->nparts > 1 ? NX_WHY_DELETING_PARTS : NX_WHY_DELETING;
	put_parts(why, post, t, post->goal == NX_GOAL_WITHDRAW ? t->missing :
	    post->nparts);
	put_cause(why, post->error);
	put_time(why, "next", post->next_try_at);
}

/* X did not delete what somebody wanted gone. */
static void
explain_kept(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	why->reason = post->nparts > 1 ? NX_WHY_NOT_DELETED_PART :
	    NX_WHY_NOT_DELETED;
	put_parts(why, post, t, t->kept);
	put_cause(why, post->parts[t->kept].error);
}

static void
explain_partial(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	why->reason = NX_WHY_PARTIAL;
	put_parts(why, post, t, t->missing);
	put_cause(why, post->error != NULL || t->missing == post->nparts ?
	    post->error : post->parts[t->missing].error);
	put_time(why, "next", post->next_try_at);
}

static void
explain_failed(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	const struct nx_post_error *error = t->missing == post->nparts ?
	    NULL : post->parts[t->missing].error;

	if (error == NULL)
		error = post->error;
	why->reason = t->deleted > 0 ? NX_WHY_WITHDRAWN :
	    post->nparts == 1 && nx_post_error_is(error, NX_DUPLICATE) ?
	    NX_WHY_TAKEN : NX_WHY_FAILED;
	if (t->deleted > 0)
		put_parts(why, post, t, t->missing);
	put_cause(why, error);
}

static void
explain_sending(struct nx_why *why, const struct nx_stored_post *post,
    const struct nx_tally *t)
{
	why->reason = post->nparts > 1 ? NX_WHY_SENDING_PARTS :
	    NX_WHY_SENDING;
	put_parts(why, post, t, post->nparts);
}

void
nx_why(const struct nx_stored_post *post, struct nx_why *out)
{
	const struct nx_tally t = nx_tally(post);
	const enum nx_post_state state = nx_shown_state(post);

	*out = (struct nx_why){ .reason = NX_WHY_NONE };
	if (state == NX_POST_STATE_QUEUED)
		explain_queued(out, post, &t);
	else if (state == NX_POST_STATE_UNKNOWN)
		explain_unknown(out, post, &t);
	else if (state == NX_POST_STATE_SENDING)
		explain_sending(out, post, &t);
	else if (post->goal != NX_GOAL_SEND && t.live > 0)
		explain_removal(out, post, &t);
	else if (t.kept < post->nparts)
		explain_kept(out, post, &t);
	else if (state == NX_POST_STATE_PARTIAL)
		explain_partial(out, post, &t);
	else if (state == NX_POST_STATE_FAILED)
		explain_failed(out, post, &t);
}

/* What it says, as a sentence that ends. */
static void
end_sentence(char *text, size_t size)
{
	size_t n = strlen(text);

	if (n > 0 && n + 1 < size && strchr(".!?", text[n - 1]) == NULL)
		memcpy(text + n, ".", 2);
}

void
nx_why_text(const struct nx_why *why, struct nx_buf *out)
{
	struct nx_buf remedy = NX_BUF(NX_REMEDY_MAX);
	char cause[CAUSE_MAX] = "";
	struct nx_why said = *why;

	if (why->cause != NULL) {
		(void)snprintf(cause, sizeof(cause), "%s",
		    why->cause->err.detail);
		end_sentence(cause, sizeof(cause));
		nx_remedy_add(&remedy, &why->cause->err);
	}
	for (int i = 0; i < said.nargs; i++) {
		if (strcmp(said.args[i].key, "cause") == 0)
			said.args[i].str = cause;
		else if (strcmp(said.args[i].key, "remedy") == 0)
			said.args[i].str = nx_buf_str(&remedy);
	}
	nx_words_add(out, nx_reason_sentence(said.reason), said.args);
	nx_buf_free(&remedy);
}
