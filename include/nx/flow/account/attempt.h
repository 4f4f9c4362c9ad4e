/*
 * attempt.h - an attempt to connect an X account, on its way out to X.
 *
 * State and PKCE verifier are made and sealed, with the user, the way back
 * and the expiry, into an attempt that the browser keeps in a cookie and
 * brings back (connect.h).  No database; any thread.
 */
#ifndef NX_FLOW_ACCOUNT_ATTEMPT_H
#define NX_FLOW_ACCOUNT_ATTEMPT_H

#include "nx/base/buf.h"
#include "nx/base/conf.h"
#include "nx/base/maxima.h"
#include "nx/seal/keyring.h"
#include "nx/seal/pkce.h"

enum {
	NX_ATTEMPT_SECONDS = 600,	/* its life */
};

struct nx_attempt_ask {
	const char	*user_id;
	const char	*return_to;	/* NULL: the dashboard */
	const char	*connection_id;	/* to be renewed; NULL: any account */
	const char	*scopes;	/* NULL: TWITTER_SCOPES */
	bool		 replace;	/* another account may take its place */
	int64_t		 now;		/* wall clock, seconds */
};

struct nx_attempt_start {
	char		 state[NX_PKCE_LEN + 1];
	struct nx_buf	 authorize_url;
	struct nx_buf	 sealed;
};

/*
 * RETURN_TO when `return_to` leaves the site, INVALID (connection_id, replace,
 * scopes), TOO_BIG, NO_MEMORY.  Free `out` in any case.
 */
NX_MUST_USE enum nx_rc	nx_attempt_begin(const struct nx_conf *conf,
			    const struct nx_keyring *ring,
			    const struct nx_attempt_ask *ask,
			    struct nx_attempt_start *out,
			    struct nx_err *err);
void			nx_attempt_start_free(struct nx_attempt_start *s);

/* When a sealed one ends (wall clock, seconds); 0: it does not open. */
int64_t	nx_attempt_expires(const struct nx_keyring *ring,
	    struct nx_slice sealed);

#endif
