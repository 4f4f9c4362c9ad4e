/*
 * lease.h - the right to spend a connection's refresh token, once, across
 * threads, processes and hosts (design section 5).
 *
 * Taking it writes "attempt started" and commits before X is called, so a
 * crash is seen.  Saving is fenced by the token version that was read: X
 * grants one pair for one refresh token, so as long as the version stands the
 * pair is the only living one, even when the lease has run out meanwhile (a
 * rescued pair is saved late).  Giving up is fenced by the owner as well.
 * Every change of a row's tokens counts the version up, its end included.
 */
#ifndef NX_STORE_LEASE_H
#define NX_STORE_LEASE_H

#include "nx/store/connection.h"

/* Longer than a call to X and its save can take together. */
enum { NX_LEASE_MS = 20000 };

enum nx_lease_state {
	NX_LEASE_TAKEN,		/* ours; both tokens are opened */
	NX_LEASE_HELD,		/* somebody else is at it: wait and ask again */
	NX_LEASE_MOVED,		/* a newer pair is there; access is opened */
	NX_LEASE_ENDED,		/* no longer connected; see status */
};

struct nx_lease {
	enum nx_lease_state	 state;
	char			 owner[NX_ID_LEN + 1];
	bool			 suspect;	/* an earlier attempt died */
	struct nx_connection	 connection;	/* as it is now */
};

/*
 * `seen`: the version whose access token is too old.  A lease that ran out
 * with its attempt open is taken over as `suspect`.  CONNECTION_UNKNOWN,
 * KEY_UNKNOWN, SEAL_BROKEN.
 */
NX_MUST_USE enum nx_rc	nx_lease_take(const struct nx_store_ask *ask,
			    const char *connection_id, int64_t seen,
			    struct nx_lease *out, struct nx_err *err);

/* A pair that X gave for the refresh token of a lease. */
struct nx_new_pair {
	const char	*connection_id, *owner;	/* the lease's */
	int64_t		 version;		/* whose token was spent */
	const char	*access_token, *refresh_token, *scopes;
	int64_t		 expires_at;		/* wall clock */
};

/*
 * Store the new pair and give the lease back.  A NULL refresh token or NULL
 * scopes keep the stored ones; `needs_reauth` becomes `connected` again.
 * `*saved` is false when the version has moved past it.  Safe to repeat with
 * the same arguments: a pair that is there already counts as saved.
 */
NX_MUST_USE enum nx_rc	nx_lease_save(const struct nx_store_ask *ask,
			    const struct nx_new_pair *pair, bool *saved,
			    struct nx_err *err);

/* Give it back; the refresh token was not spent (X was not reached). */
NX_MUST_USE enum nx_rc	nx_lease_release(const struct nx_store_ask *ask,
			    const struct nx_lease *lease, struct nx_err *err);

/*
 * X refused the refresh token: give it back and make the connection
 * `needs_reauth` with `reason`, unless the version has moved.
 */
NX_MUST_USE enum nx_rc	nx_lease_dead(const struct nx_store_ask *ask,
			    const struct nx_lease *lease, const char *reason,
			    struct nx_err *err);

/*
 * Connections, soonest first and without tokens, whose access token ends
 * within `within` seconds, that can be refreshed and that nobody is at.
 * `user_id` NULL: everybody's.  `*count`: at most so many, then how many.
 */
NX_MUST_USE enum nx_rc	nx_lease_due(const struct nx_store_ask *ask,
			    const char *user_id, int within,
			    struct nx_connection **out, size_t *count,
			    struct nx_err *err);

#endif
