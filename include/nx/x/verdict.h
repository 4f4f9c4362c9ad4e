/*
 * verdict.h - what an answer of X means for us: one class.
 *
 * The table in facts about X's API (section 8 of the fact sheet) is the
 * specification: status and the last path segment of `type` decide first,
 * wording only where X gives nothing else.  Pure.
 */
#ifndef NX_X_VERDICT_H
#define NX_X_VERDICT_H

#include "nx/x/http.h"

/* What was asked of X: the same answer means different things. */
enum nx_act {
	NX_ACT_CODE,		/* exchange of an authorization code */
	NX_ACT_REFRESH,		/* exchange of a refresh token */
	NX_ACT_REVOKE,
	NX_ACT_READ,		/* GET */
	NX_ACT_CREATE,		/* POST /2/tweets */
	NX_ACT_DELETE,
};

enum nx_class {
	NX_CLASS_DONE,		/* 2xx with a readable body */
	NX_CLASS_RETRY,		/* passing trouble, nothing was carried out */
	NX_CLASS_RATE,		/* wait until retry_at */
	NX_CLASS_TOKEN,		/* access token refused: refresh, then once */
	NX_CLASS_SUSPECT,	/* refresh token refused: re-read the row */
	NX_CLASS_CODE,		/* code refused: expired, used, PKCE, ... */
	NX_CLASS_DUPLICATE,	/* X has this text from this author already */
	NX_CLASS_REFUSED,	/* for good: the request must change */
	NX_CLASS_ACCOUNT,	/* this X account is locked or suspended */
	NX_CLASS_MONEY,		/* the whole app pauses */
	NX_CLASS_OPERATOR,	/* client id, secret, app set-up */
	NX_CLASS_UNKNOWN,	/* may or may not have been carried out */
	NX_CLASS_COUNT
};

struct nx_verdict {
	enum nx_class	 class;
	int64_t		 retry_at;	/* wall clock; 0: not known */
	struct nx_err_x	 x;		/* status 0 when X did not answer */
};

/* `now`: wall clock.  A body that does not parse is never DONE. */
void	nx_verdict_of(enum nx_act act, const struct nx_http_answer *answer,
	    int64_t now, struct nx_verdict *out);

/*
 * The error of a verdict that is not DONE: fills `err` with code, X's words
 * and retry_after (seconds from `now`), and returns the code.
 */
enum nx_rc	nx_verdict_fail(enum nx_act act, const struct nx_verdict *v,
		    int64_t now, struct nx_err *err);

const char	*nx_class_name(enum nx_class class);

#endif
