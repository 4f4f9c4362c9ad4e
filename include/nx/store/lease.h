/*
 * lease.h - the right to spend a connection's refresh token, once, across
 * threads, processes and hosts (docs/design.md).
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

#include "nx/store/candidate.h"
#include "nx/store/connection.h"

/*
 * Longer than an answer of X is waited for (120 s) and saving it takes, so
 * nobody has to renew it.
 */
enum { NX_LEASE_MS = 150000 };

/* How long a row that failed waits for its next turn: seconds. */
enum { NX_LEASE_PAUSE = 30, NX_LEASE_PAUSE_MAX = 900 };

enum nx_lease_state {
	NX_LEASE_TAKEN,		/* ours; both tokens are opened */
	NX_LEASE_HELD,		/* somebody else is at it: wait and ask again */
	NX_LEASE_MOVED,		/* a newer pair is there; access is opened */
	NX_LEASE_ENDED,		/* no longer connected; see status */
};

struct nx_lease {
	enum nx_lease_state	 state;
	char			 owner[NX_UUID_LEN + 1];
	bool			 suspect;	/* an earlier attempt died */
	struct nx_connection	 connection;	/* as it is now */
};

/*
 * `seen`: the version whose access token is too old.  A lease that ran out
 * with its attempt open is taken over as `suspect`.  CONNECTION_UNKNOWN,
 * KEY_UNKNOWN, SEAL_BROKEN.
 */
NX_MUST_USE enum nx_rc	nx_lease_take(const struct nx_store_ask *ask,
			    const char *user_id, const char *connection_id,
			    int64_t seen, struct nx_lease *out,
			    struct nx_err *err);

/* A pair that X gave for the refresh token of a lease. */
struct nx_new_pair {
	const char	*user_id;		/* NULL: it is to be found */
	const char	*connection_id, *owner;	/* the lease's */
	int64_t		 version;		/* whose token was spent */
	const char	*access_token, *refresh_token, *scopes;
	int64_t		 expires_at;		/* wall clock */
};

/*
 * Store the new pair and give the lease back.  A NULL refresh token or NULL
 * scopes keep the stored ones; `needs_reauth` becomes `connected` again.
 * `*saved` is false when the version has moved past it; a pair of a connection
 * that was disconnected meanwhile is then parked (revocation.h).  Safe to
 * repeat with the same arguments: a pair that is there already counts as
 * saved.
 */
NX_MUST_USE enum nx_rc	nx_lease_save(const struct nx_store_ask *ask,
			    const struct nx_new_pair *pair, bool *saved,
			    struct nx_err *err);

/*
 * Give it back; the refresh token was not spent (X was not reached).
 * `pause` > 0: it failed, and sweeps leave it alone for so many seconds,
 * doubled by every failure before this one up to NX_LEASE_PAUSE_MAX.
 * nx_lease_take() does not ask, and a new pair ends the pause.
 */
NX_MUST_USE enum nx_rc	nx_lease_release(const struct nx_store_ask *ask,
			    const struct nx_lease *lease, int pause,
			    struct nx_err *err);

/*
 * The token may be spent, and nobody knows: leave the attempt open.  Whoever
 * takes the lease next finds it `suspect`.  Where X has `answered`, if only
 * with its trouble, that may be in a moment; otherwise the token may still be
 * on its way, and the lease runs to its end.  Sweeps leave the row alone for
 * NX_LEASE_PAUSE.
 */
NX_MUST_USE enum nx_rc	nx_lease_lost(const struct nx_store_ask *ask,
			    const struct nx_lease *lease, bool answered,
			    struct nx_err *err);

struct nx_refusal {
	const char	*reason;	/* for the owner, in plain words */
	bool		 lives;		/* the access token serves on */
};

/*
 * X refused the refresh token, or there is none: give the lease back.  While
 * the access token lives, the connection stays connected with the reason to
 * read, `refresh_refused`, and no sweep touches it until that token is over;
 * else it becomes `needs_reauth`.  `*told` is false when the row has moved on
 * and nothing was changed: take the lease again and see.
 */
NX_MUST_USE enum nx_rc	nx_lease_refused(const struct nx_store_ask *ask,
			    const struct nx_lease *lease,
			    const struct nx_refusal *why, bool *told,
			    struct nx_err *err);

/*
 * What is due: a connection whose access token ends within `within` seconds
 * and that can be renewed, or has ended and cannot.
 */
struct nx_due {
	const char	*user_id;	/* NULL: everybody's */
	int		 within;
	bool		 spread;	/* the id makes it up to 255 seconds
					 * less, so that not all meet */
	int64_t		 begun;		/* nx_lease_clock(): what was renewed
					 * since is not due again; 0: it is */
};

/*
 * Connections that are due and free, some of the soonest, with the version of
 * their tokens; however many are due, leased or put off.
 */
NX_MUST_USE enum nx_rc	nx_lease_find_due(const struct nx_store_ask *ask,
			    const struct nx_due *due,
			    struct nx_candidates *out, struct nx_err *err);

/*
 * Take the lease of one that was found: `out->state` is TAKEN, with both
 * tokens opened, or it is not to be had any more, and will not be found again
 * as it is.  KEY_UNKNOWN and SEAL_BROKEN: it has its pause.
 */
NX_MUST_USE enum nx_rc	nx_lease_take_due(const struct nx_store_ask *ask,
			    const struct nx_due *due,
			    const struct nx_candidate *found,
			    struct nx_lease *out, struct nx_err *err);

/* The database's time, by which leases run: ms since 1970. */
NX_MUST_USE enum nx_rc	nx_lease_clock(const struct nx_store_ask *ask,
			    int64_t *out, struct nx_err *err);

/* How many could be taken now; counted to NX_DUE_COUNT_MAX. */
enum { NX_DUE_COUNT_MAX = 10000 };
NX_MUST_USE enum nx_rc	nx_lease_count_due(const struct nx_store_ask *ask,
			    const struct nx_due *due, int64_t *out,
			    struct nx_err *err);

#endif
