/*
 * pending.h - x_pending: what X has granted to nobody knows which account.
 *
 * After the exchange X is asked whose tokens these are.  While it does not
 * say, the grant waits here, under a version and a lease like a connection's
 * (lease.h), so that any worker may go on asking and renew it when its access
 * token nears its end.  It leaves as a connection (nx_connection_save()), or
 * for x_revocations when X refuses it for good or its user disconnects.
 * Tokens are sealed with `<row id> <user id> pending_…_token` as context.
 */
#ifndef NX_STORE_PENDING_H
#define NX_STORE_PENDING_H

#include "nx/store/candidate.h"
#include "nx/store/connection.h"

struct nx_pending {
	const char	*id;		/* a UUID, made before the exchange */
	const char	*user_id;
	const char	*login_hash;	/* the attempt's */
	const char	*aim;		/* connection to renew, or NULL */
	bool		 replaces;	/* another account may take its place */
	const char	*asked;		/* scopes that were asked for */
	const char	*scopes;	/* granted, or NULL: not said */
	const char	*access_token, *refresh_token;	/* or NULL */
	int64_t		 expires_at;	/* of the access token, wall clock */
	int64_t		 granted_us, claimed_us;	/* as nx_new_grant */
	const char	*grant_hash;	/* of the access token; of the one
					 * before where nx_pending_put() brings
					 * a renewed pair */
	int64_t		 version;	/* 1 as it was exchanged */
};

/* One that was taken. */
struct nx_waiting {
	struct nx_pending	 pending;	/* id NULL: there is none */
	char			 owner[NX_UUID_LEN + 1];
	bool			 renew;		/* its refresh token first */
	bool			 suspect;	/* an earlier renewal died */
	int64_t			 open_for;	/* seconds since it began */
	int			 tries;		/* this one included */
	int			 refusals;	/* 401 to this access token */
	bool			 broken;	/* it will never open */
};

/*
 * Store it: version 1 as a new row, due in a moment; a later one in place of
 * the version before it.  Where that has been given up since, the row comes
 * back; where it has become a connection, that gets the pair; otherwise, as
 * after a disconnect, the pair is parked.  Idempotent, also when this very
 * pair has become a connection.  Notes the outcome `pending` of the attempt.
 */
NX_MUST_USE enum nx_rc	nx_pending_put(const struct nx_store_ask *ask,
			    const struct nx_pending *p, struct nx_err *err);

/* Is there anything to take? */
NX_MUST_USE enum nx_rc	nx_pending_is_due(const struct nx_store_ask *ask,
			    bool *out, struct nx_err *err);

/*
 * Take the lease of one of those that are due for longest: half a minute, or
 * where it is to be renewed as long as such a call may take, with its start
 * written down as in lease.h.  KEY_UNKNOWN (it is put off).
 */
NX_MUST_USE enum nx_rc	nx_pending_take(const struct nx_store_ask *ask,
			    struct nx_candidates *found,
			    struct nx_waiting *out, struct nx_err *err);

/* How a turn ended that brought no profile. */
struct nx_put_off {
	int	pause;		/* seconds */
	bool	refused;	/* X did not know the access token */
	bool	lost;		/* X's answer to the renewal was */
	bool	answered;	/* X said something all the same; otherwise
				 * the lease runs on */
};
NX_MUST_USE enum nx_rc	nx_pending_put_off(const struct nx_store_ask *ask,
			    const struct nx_waiting *w,
			    const struct nx_put_off *how,
			    struct nx_err *err);

/*
 * It will not become a connection: its tokens are parked under its own id
 * as connection_id, and the attempt ends with `why`.  Nothing happens
 * when it was renewed meanwhile.
 */
NX_MUST_USE enum nx_rc	nx_pending_drop(const struct nx_store_ask *ask,
			    const struct nx_waiting *w, enum nx_rc why,
			    struct nx_err *err);

/*
 * `connection_id` is disconnected, or whatever the user has (NULL): park what
 * was to renew it, and what may be any account.  `*ended`: how many; they are
 * parked with `parked_as` as connection_id.
 */
NX_MUST_USE enum nx_rc	nx_pending_end(const struct nx_store_ask *ask,
			    const char *user_id, const char *connection_id,
			    const char *parked_as, int *ended,
			    struct nx_err *err);

/*
 * How many of the user's grants may still appear by themselves: rows here and
 * attempts that are under way.
 */
NX_MUST_USE enum nx_rc	nx_pending_count(const struct nx_store_ask *ask,
			    const char *user_id, int *out,
			    struct nx_err *err);

#endif
