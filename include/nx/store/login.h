/*
 * login.h - x_logins: one row for each attempt whose answer came back.
 *
 * It makes the callback happen once: whoever inserts the row spends the code,
 * everybody else waits for the outcome and shows the same.  Only the hash of
 * the state is kept, for an hour.
 */
#ifndef NX_STORE_LOGIN_H
#define NX_STORE_LOGIN_H

#include "nx/store/connection.h"

enum nx_login_state {
	NX_LOGIN_ABSENT,	/* never claimed */
	NX_LOGIN_CLAIMED,	/* by this call: go on */
	NX_LOGIN_BUSY,		/* by another one that is under way */
	NX_LOGIN_WAITS,		/* another attempt of the user's is */
	NX_LOGIN_PENDING,	/* X has granted it, see x_pending */
	NX_LOGIN_DONE,		/* `rc` says how it ended */
};

struct nx_login {
	enum nx_login_state	 state;
	const char		*user_id;
	const char		*return_to;
	enum nx_rc		 rc;		/* NX_OK: connected */
	int64_t			 claimed_us;	/* by the database's clock */
	int64_t			 now_us;	/* the same, of this answer */
};

/* An attempt is under way for so long at the most: an exchange is waited for
 * two minutes, and what it brings is then kept. */
#define NX_LOGIN_OPEN	"170 s"

/*
 * `hash`: SHA-256 of the state in hex.  A user's attempts are claimed one at
 * a time, since X ends with each login what it granted before: whose exchange
 * comes last must be known.  WAITS: claim it again later.  The user's expired
 * rows go as well.
 */
NX_MUST_USE enum nx_rc	nx_login_claim(const struct nx_store_ask *ask,
			    const char *hash, const char *user_id,
			    const char *return_to, struct nx_login *out,
			    struct nx_err *err);

/* Read it; claims nothing.  `user_id` NULL: not known, it is looked for. */
NX_MUST_USE enum nx_rc	nx_login_look(const struct nx_store_ask *ask,
			    const char *user_id, const char *hash,
			    struct nx_login *out, struct nx_err *err);

/* Whoever claimed it has spent nothing: let it be claimed again. */
NX_MUST_USE enum nx_rc	nx_login_release(const struct nx_store_ask *ask,
			    const char *user_id, const char *hash,
			    struct nx_err *err);

/*
 * It has ended, with `rc`; one that has connected an account stays so.
 * `user_id` NULL as above.
 */
NX_MUST_USE enum nx_rc	nx_login_finish(const struct nx_store_ask *ask,
			    const char *user_id, const char *hash,
			    enum nx_rc rc, struct nx_err *err);

#endif
