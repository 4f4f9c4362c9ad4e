/* verdict_fail.c - a verdict as an error, and how long to wait after it. */

#include "nx/x/verdict.h"

enum {
	BACKOFF_RATE = 60,	/* seconds, where X names no time */
	BACKOFF_LIMIT = 15 * 60,	/* of a limit without a window */
	BACKOFF_RETRY = 5,
	BACKOFF_MONEY = 3600,
};

static enum nx_rc
code_of(enum nx_act act, enum nx_class class)
{
	switch (class) {
	case NX_CLASS_RATE:
		return NX_X_RATE;
	case NX_CLASS_TOKEN:
		return NX_X_TOKEN;
	case NX_CLASS_SUSPECT:
		return NX_NEEDS_REAUTH;
	case NX_CLASS_CODE:
		return NX_CODE_REFUSED;
	case NX_CLASS_DUPLICATE:
		return NX_DUPLICATE;
	case NX_CLASS_REFUSED:
		return NX_X_REFUSED;
	case NX_CLASS_REPLY:
		return NX_REPLY_REFUSED;
	case NX_CLASS_UNSEEN:
		return NX_REPLY_UNSEEN;
	case NX_CLASS_AUTOMATED:
		return NX_X_AUTOMATED;
	case NX_CLASS_ACCOUNT:
		return NX_X_ACCOUNT;
	case NX_CLASS_MONEY:
		return NX_X_MONEY;
	case NX_CLASS_OPERATOR:
		return NX_X_OPERATOR;
	case NX_CLASS_PLAN:
		return NX_NOT_IN_PLAN;
	case NX_CLASS_UNKNOWN:
		return act == NX_ACT_CODE ? NX_CODE_LOST :
		    act == NX_ACT_CREATE ? NX_OUTCOME_UNKNOWN : NX_X_DOWN;
	case NX_CLASS_RETRY:
	case NX_CLASS_DONE:
	case NX_CLASS_COUNT:
		break;
	}
	return NX_X_DOWN;
}

/* A second more than X says: clocks differ. */
static int
backoff_seconds(const struct nx_verdict *v, enum nx_rc rc, int64_t now)
{
	if (v->retry_at > now)
		return v->retry_at - now >= INT32_MAX ? INT32_MAX :
		    (int)(v->retry_at - now) + 1;
	return rc == NX_X_RATE && v->x.status != 429 ? BACKOFF_LIMIT :
	    rc == NX_X_RATE ? BACKOFF_RATE :
	    rc == NX_X_MONEY ? BACKOFF_MONEY :
	    rc == NX_X_DOWN ? BACKOFF_RETRY : 0;
}

enum nx_rc
nx_verdict_fail(enum nx_act act, const struct nx_verdict *v, int64_t now,
    struct nx_err *err)
{
	const enum nx_rc rc = code_of(act, v->class);
	const bool mute = v->x.detail[0] == '\0' && v->x.title[0] == '\0';

	if (err == NULL)
		return rc;
	if (v->x.status == 0)
		(void)nx_fail(err, rc, "No answer came from X: %s.",
		    v->x.detail);
	else if (v->x.status < 300)
		(void)nx_fail(err, rc, "X answered %d, but not with what"
		    " was asked for.", v->x.status);
	else if (mute)
		(void)nx_fail(err, rc, "X answered %d and gave no reason.",
		    v->x.status);
	else
		(void)nx_fail(err, rc, "X answered %d: %s", v->x.status,
		    v->x.detail[0] != '\0' ? v->x.detail : v->x.title);
	err->x = v->x;
	err->retry_after = backoff_seconds(v, rc, now);
	err->is_guess = v->retry_at <= now;
	return rc;
}
