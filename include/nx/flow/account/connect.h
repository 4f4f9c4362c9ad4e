/*
 * connect.h - the use case "connect an X account": out to X and back.
 *
 * The way out makes state and PKCE verifier and seals them, with the user,
 * the way back and the expiry, into a `flow` that the browser keeps in a
 * cookie.  It touches no database.  The way back spends the code once.
 */
#ifndef NX_FLOW_ACCOUNT_CONNECT_H
#define NX_FLOW_ACCOUNT_CONNECT_H

#include "nx/flow/app.h"
#include "nx/seal/pkce.h"

enum {
	NX_FLOW_SECONDS = 600,		/* an attempt's life */
	NX_FLOW_MAX = 3000,		/* bytes of a sealed flow */
};

struct nx_connect_start {
	char		 state[NX_PKCE_LEN + 1];
	struct nx_buf	 authorize_url;
	struct nx_buf	 flow;		/* sealed */
};

struct nx_connect_ask {
	const char	*user_id;
	const char	*return_to;	/* NULL: the dashboard */
	const char	*connection_id;	/* to be renewed; NULL: any account */
	const char	*scopes;	/* NULL: TWITTER_SCOPES */
	bool		 replace;	/* another account may take its place */
	int64_t		 now;		/* wall clock */
};

/*
 * RETURN_TO when `return_to` leaves the site, INVALID (connection_id, replace,
 * scopes), TOO_BIG, NO_MEMORY.  Free `out` in any case.  Any thread.
 */
NX_MUST_USE enum nx_rc	nx_connect_begin(const struct nx_conf *conf,
			    const struct nx_keyring *ring,
			    const struct nx_connect_ask *ask,
			    struct nx_connect_start *out,
			    struct nx_err *err);
void			nx_connect_start_free(struct nx_connect_start *s);

/* When a sealed flow ends (wall clock); 0 for one that does not open. */
int64_t	nx_connect_expires(const struct nx_keyring *ring,
	    struct nx_slice flow);

/* What came back from X's redirect; absent things are NULL. */
struct nx_connect_answer {
	const char	*user_id;	/* signed in; NULL: operator */
	const char	*state, *code;
	const char	*error, *error_description;
	const char	*flow;		/* sealed, as the cookie holds it */
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

/*
 * NX_OK when `scope` was granted to the connection, else SCOPE_MISSING with
 * the address that asks X for it as well.
 */
NX_MUST_USE enum nx_rc	nx_connect_need(struct nx_ctx *ctx,
			    const struct nx_connection *c,
			    const char *scope);

#endif
