/*
 * verdict.h - what an answer of X means for us: one class.
 *
 * The rows of verdict.c are the specification: status, the last path segment
 * of `type` and OAuth's `error` decide first, wording only where X gives
 * nothing else.  X renames types and rewords texts, so whatever is not known
 * falls to the careful side: no grant is dropped and nothing is sent twice
 * because of an answer that nobody understands.  Pure.
 */
#ifndef NX_X_VERDICT_H
#define NX_X_VERDICT_H

#include "nx/http/http.h"
#include "nx/x/window.h"

/* What was asked of X: the same answer means different things. */
enum nx_act {
	NX_ACT_CODE,		/* exchange of an authorization code */
	NX_ACT_REFRESH,		/* exchange of a refresh token */
	NX_ACT_REVOKE,
	NX_ACT_PROFILE,		/* GET /2/users/me: without it, no app */
	NX_ACT_READ,		/* any other GET */
	NX_ACT_CREATE,		/* POST /2/tweets */
	NX_ACT_DELETE,
	NX_ACT_UPLOAD,		/* of media, but for */
	NX_ACT_SEGMENT,		/* one part of a file: a 2xx may be empty */
};

enum nx_class {
	NX_CLASS_DONE,		/* 2xx with a readable body */
	NX_CLASS_RETRY,		/* passing trouble, nothing was carried out */
	NX_CLASS_RATE,		/* a limit is reached: wait until retry_at */
	NX_CLASS_TOKEN,		/* access token refused: refresh, then once */
	NX_CLASS_SUSPECT,	/* refresh token refused: re-read the row */
	NX_CLASS_CODE,		/* code refused: expired, used, PKCE, ... */
	NX_CLASS_DUPLICATE,	/* X has this text from this author already */
	NX_CLASS_REFUSED,	/* for good: the request must change */
	NX_CLASS_REPLY,		/* X's rule on whom one may reply to, quote */
	NX_CLASS_UNSEEN,	/* what it answers to is not there, or not yet
				 * (X does not see for a moment what it has
				 * just taken) */
	NX_CLASS_AUTOMATED,	/* looks automated to X: not again unchanged */
	NX_CLASS_ACCOUNT,	/* this X account is locked or suspended */
	NX_CLASS_MONEY,		/* the whole app pauses */
	NX_CLASS_OPERATOR,	/* client id, secret, what the app may do */
	NX_CLASS_PLAN,		/* this endpoint is not in the app's plan */
	NX_CLASS_UNKNOWN,	/* may or may not have been carried out */
	NX_CLASS_COUNT
};

struct nx_x_answer {
	struct nx_http_answer	 http;
	struct nx_windows	 windows;	/* none without a status */
};

struct nx_verdict {
	enum nx_class	 class;
	int64_t		 retry_at;	/* wall clock, at most a day and an
					 * hour ahead; of MONEY a month; 0:
					 * not known, or not to be believed */
	struct nx_err_x	 x;	/* status 0: X did not answer, detail: why */
};

/*
 * `now`: wall clock.  A 2xx whose body is not a JSON object is never DONE,
 * except for REVOKE, where the status says it all, and for DELETE and SEGMENT,
 * when the body is empty.  X's words are not taken from a 2xx of the token
 * endpoint, which may hold a grant.
 */
void	nx_verdict_of(enum nx_act act, const struct nx_x_answer *answer,
	    int64_t now, struct nx_verdict *out);

/*
 * X said 2xx, but the caller misses what it must hold: the verdict becomes
 * what a lost answer to `act` would be.
 */
void	nx_verdict_unreadable(enum nx_act act, struct nx_verdict *v);

/*
 * A 2xx that holds all it must hold is DONE, even where its connection ended
 * badly after that, as without its last chunk.
 */
void	nx_verdict_whole(const struct nx_x_answer *answer,
	    struct nx_verdict *v);

/*
 * The error of a verdict that is not DONE: fills `err` with code, X's words
 * and retry_after (seconds from `now`), and returns the code.  Where X named
 * no time, retry_after is where to begin, to be doubled each time: a minute
 * for a 429, 15 minutes for a limit that is told otherwise; is_guess is set.
 */
enum nx_rc	nx_verdict_fail(enum nx_act act, const struct nx_verdict *v,
		    int64_t now, struct nx_err *err);

const char	*nx_class_name(enum nx_class class);

#endif
