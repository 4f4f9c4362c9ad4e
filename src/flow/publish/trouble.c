/*
 * trouble.c - what a failure means for a post.  Pure.
 *
 * What X or the way to it answers is, of a part, one of these
 * (post_machine.h); what becomes of the post then is a row of
 * store/machine_rows.h:
 *
 * LOST      The request may have been carried out.  It is never sent again
 *           before X's timeline has been looked at: first after 3 s, then
 *           ever less often, for a week.  Not there 90 s after it left, or an
 *           hour where X says that it has the text: it was not sent.
 * soft      LIMITED, DEFERRED: nothing of it was carried out, and it passes
 *           without anybody changing the post: limits, money, keys and
 *           settings of the operator, X or our database away.  Who waits for
 *           an answer is told and may send the same request again, with the
 *           same key; else the worker tries again, as long after it as X
 *           says, or after 5 s, doubling, up to 15 minutes.  After ten
 *           failures in a row, or when the first part is more than 26 hours
 *           late, it is hard.  A limit of X is no failure, and never ends.
 * hard      REFUSED: tried again only when a person asks for it.  Where X has
 *           decided on this very post its key is used up.
 *
 * Within one attempt the same create leaves again only where no byte of it
 * left, once; or where X does not see yet what it has just taken, three times.
 */

#include "trouble.h"

enum {
	FIRST_LOOK = 3,		/* seconds until an unknown is looked up */
	FIRST_WAIT = 5, LAST_WAIT = 900,	/* seconds between tries */
	WAIT_DOUBLINGS = 8,
	LIMIT_DOUBLINGS = 4,	/* of a guess at when a limit ends */
	SPREAD = 3,		/* seconds that a known time is spread over */
	TRIES_MAX = 10,
	LATE_MAX = 26 * 3600,	/* longer than any window of X */
	QUIET = 90,		/* seconds without a trace: not sent */
	QUIET_EVIDENT = 3600,	/* where X says that it has it */
	LOOK_MIN = 3,		/* seconds between two looks */
	BLIND_MIN = 15, BLIND_MAX = 900,	/* when looking does not help */
	GIVE_UP = 7 * 24 * 3600, GIVE_UP_TRIES = 10,
	AGAIN_PAUSE_MS = 250,	/* where no byte left */
	PARENT_PAUSE_MS = 500,	/* X does not see the parent yet; doubles */
	PARENT_TRIES = 3,
};

/* Trouble that passes without anybody changing the post. */
static bool
passes_by_itself(enum nx_rc rc)
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

bool
nx_trouble_is_decided(enum nx_rc rc)
{
	switch (rc) {
	case NX_DUPLICATE:
	case NX_X_REFUSED:
	case NX_X_AUTOMATED:
	case NX_REPLY_REFUSED:
	case NX_REPLY_UNSEEN:
	case NX_X_ACCOUNT:
		return true;
	default:
		return false;
	}
}

/* Is anything of it live, or meant to be gone? */
static bool
is_begun(const struct nx_stored_post *p)
{
	return p->goal != NX_GOAL_SEND || p->parts[0].state == NX_PART_SENT;
}

/* Until a limit ends.  A minute goes up to a quarter of an hour, that to 4. */
static int
guess_limit(const struct nx_stored_post *p, const struct nx_err *err)
{
	const int tries = p->tries < LIMIT_DOUBLINGS ? p->tries :
	    LIMIT_DOUBLINGS;

	if (err->rc != NX_X_RATE || !err->is_guess)
		return err->retry_after;
	return err->retry_after << tries;
}

/* How long a limit lasts is guessed by the number of failures. */
bool
nx_trouble_counts(const struct nx_stored_post *post, enum nx_rc rc,
    bool is_guess)
{
	return rc != NX_OK && (rc != NX_X_RATE ||
	    (is_guess && post->tries < LIMIT_DOUBLINGS));
}

static int
back_off(const struct nx_trouble *t)
{
	const struct nx_err *err = t->err;
	const int tries = t->post->tries;
	const int wait = FIRST_WAIT << (tries > WAIT_DOUBLINGS ?
	    WAIT_DOUBLINGS : tries);

	if ((err->rc == NX_X_RATE || err->rc == NX_X_MONEY) &&
	    err->retry_after > 0)
		return guess_limit(t->post, err) + t->spread % SPREAD;
	return wait > LAST_WAIT ? LAST_WAIT : wait;
}

int
nx_trouble_wait(const struct nx_trouble *t)
{
	const struct nx_stored_post *p = t->post;
	const int64_t due = p->publish_at > p->created_at ? p->publish_at :
	    p->created_at;
	const int wait = back_off(t);

	if (!(passes_by_itself(t->err->rc) || t->too_soon) ||
	    (p->tries >= TRIES_MAX && t->err->rc != NX_X_RATE))
		return -1;
	/* What nobody has seen yet is not news for ever. */
	return !is_begun(p) && t->now - due + wait > LATE_MAX ? -1 : wait;
}

/* Its answer was lost; or once was, and now X has the text already. */
static bool
may_be_live(const struct nx_stored_part *part, enum nx_rc rc)
{
	return rc == NX_OUTCOME_UNKNOWN ||
	    (rc == NX_DUPLICATE && part->was_lost);
}

enum nx_post_event
nx_trouble_sending(const struct nx_stored_part *part,
    const struct nx_options *options, enum nx_rc rc, int wait)
{
	if (rc == NX_OK)
		return NX_EVENT_ACCEPTED;
	if (may_be_live(part, rc))
		return NX_EVENT_LOST;
	if (wait < 0)
		return NX_EVENT_REFUSED;
	return rc == NX_X_RATE && options->queue ? NX_EVENT_LIMITED :
	    NX_EVENT_DEFERRED;
}

enum nx_post_event
nx_trouble_removing(enum nx_rc rc, int wait)
{
	return rc == NX_OK ? NX_EVENT_REMOVED : wait < 0 ?
	    NX_EVENT_RETAINED : NX_EVENT_DELAYED;
}

int64_t
nx_trouble_quiet(bool evident)
{
	return evident ? QUIET_EVIDENT : QUIET;
}

int
nx_trouble_next_look(int64_t age, int64_t quiet)
{
	int64_t wait = age / 2;

	if (wait > quiet - age)
		wait = quiet - age;
	return wait < LOOK_MIN ? LOOK_MIN : (int)wait;
}

int
nx_trouble_look_again(int64_t age, const struct nx_err *err)
{
	int64_t wait = age / 4;

	if (wait > BLIND_MAX)
		wait = BLIND_MAX;
	if (wait < BLIND_MIN)
		wait = BLIND_MIN;
	return wait < err->retry_after ? err->retry_after : (int)wait;
}

enum nx_post_event
nx_trouble_unseen(const struct nx_stored_post *post, int64_t age)
{
	return age > GIVE_UP && post->tries >= GIVE_UP_TRIES ?
	    NX_EVENT_ABANDONED : NX_EVENT_UNSEEN;
}

int
nx_trouble_pause(const struct nx_verdict *v, bool misses_parent, int tries)
{
	if (v->class == NX_CLASS_RETRY && v->x.status == 0 && tries == 0)
		return AGAIN_PAUSE_MS;
	return misses_parent && tries < PARENT_TRIES ?
	    PARENT_PAUSE_MS << tries : 0;
}

int
nx_trouble_next_try(enum nx_next_try next, int wait)
{
	switch (next) {
	case NX_TRY_NOW:
		return 0;
	case NX_TRY_LOOK:
		return FIRST_LOOK;
	case NX_TRY_WAIT:
		return wait;
	case NX_TRY_NEVER:
		break;
	}
	return -1;
}
