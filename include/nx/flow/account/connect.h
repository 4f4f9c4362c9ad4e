/*
 * connect.h - the use case "connect an X account": back from X.
 *
 * The browser brings the attempt that it took out (attempt.h) and X's answer;
 * the code in it is spent once.
 */
#ifndef NX_FLOW_ACCOUNT_CONNECT_H
#define NX_FLOW_ACCOUNT_CONNECT_H

#include "nx/flow/app.h"

/* What came back from X's redirect; absent things are NULL. */
struct nx_connect_answer {
	const char	*user_id;	/* signed in; NULL: operator */
	const char	*state, *code;
	const char	*error, *error_description;
	const char	*attempt;	/* sealed, as the cookie holds it */
};

struct nx_connect_result {
	const char	*return_to;	/* NULL: the attempt is not known */
	bool		 pending;	/* the account appears by itself */
	bool		 repeated;
	/* Not where it is repeated or pending; on OTHER_ACCOUNT the one that
	 * was to be renewed. */
	const char	*connection_id, *username;
	const char	*missing_scopes;	/* or NULL */
};

/*
 * Come back: check the attempt, exchange the code, read the profile, store
 * the connection.  `out->return_to` is set as soon as the attempt is known,
 * also on failure.  A repeated answer gets the first one's outcome and
 * exchanges nothing.
 *
 * It is a patient task: where X takes longer for the code than the request
 * has time, or does not name the account, the answer is NX_OK with `pending`,
 * and the account appears by itself (flow/pending.h).
 *
 * Where a connection was to be renewed and X says another account, the grant
 * is given back and the answer is OTHER_ACCOUNT with both names; or, with
 * `replace`, it is stored and the old connection is disconnected.
 * Errors: STATE_*, CODE_*, DENIED, X_*, DB_DOWN, SAVE_DEFERRED,
 * CONNECTION_UNKNOWN, OTHER_ACCOUNT; BUSY: nothing was spent, the same answer
 * may come again.  Details are in ctx->err.
 */
NX_MUST_USE enum nx_rc	nx_connect_finish(struct nx_ctx *ctx,
			    const struct nx_connect_answer *answer,
			    struct nx_connect_result *out);

/*
 * Only check what nx_connect_finish() checks before it calls anybody, for
 * dry runs: no database, no network.
 */
NX_MUST_USE enum nx_rc	nx_connect_check(struct nx_ctx *ctx,
			    const struct nx_connect_answer *answer,
			    struct nx_connect_result *out);

#endif
