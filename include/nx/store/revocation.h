/*
 * revocation.h - x_revocations: tokens that X is still to be told about.
 *
 * nx_connection_end() parks what it wipes, in the same transaction, so that a
 * crash loses neither, and so does whatever else takes a token that may be
 * alive out of its place.  A parked row outlives the connection.  Taking one
 * moves its next try ahead, from half a minute up to some hours, so that no
 * second worker has it at the same time and a crash only delays it.  Telling X
 * twice does no harm.
 */
#ifndef NX_STORE_REVOCATION_H
#define NX_STORE_REVOCATION_H

#include "nx/store/lease.h"

struct nx_revocation {
	const char	*id;		/* NULL: there is none to take */
	const char	*user_id;
	const char	*connection_id;	/* or NULL */
	const char	*hint;		/* access_token or refresh_token */
	const char	*token;		/* opened, or NULL */
	bool		 broken;	/* it will never open */
};

struct nx_parked_of {
	const char	*user_id, *connection_id;
};

/*
 * Take one of those that are due for longest; with `whose`, one of that
 * connection which nobody has tried yet.  KEY_UNKNOWN (it stays, and
 * `out->id` is set).
 */
NX_MUST_USE enum nx_rc	nx_revocation_take(const struct nx_store_ask *ask,
			    const struct nx_parked_of *whose,
			    struct nx_candidates *found,
			    struct nx_revocation *out, struct nx_err *err);

/* X knows. */
NX_MUST_USE enum nx_rc	nx_revocation_done(const struct nx_store_ask *ask,
			    const struct nx_revocation *r,
			    struct nx_err *err);

/*
 * X does not, and `why`.  Seven days after it was parked, or at once when it
 * does not open, it is given up: `*given_up`, and a row in x_events.
 */
NX_MUST_USE enum nx_rc	nx_revocation_failed(const struct nx_store_ask *ask,
			    const struct nx_revocation *r, const char *why,
			    bool *given_up, struct nx_err *err);

/* A grant that nobody will use. */
struct nx_parked {
	const char	*user_id;
	const char	*connection_id, *x_user_id;	/* NULL: not known */
	const char	*access_token, *refresh_token;	/* NULL: none */
};
NX_MUST_USE enum nx_rc	nx_revocation_park(const struct nx_store_ask *ask,
			    const struct nx_parked *what,
			    struct nx_err *err);

/*
 * A pair that nx_lease_save() did not take: park it if the connection was
 * ended, or connected anew, while X was being asked; else it has been used
 * already.
 */
NX_MUST_USE enum nx_rc	nx_revocation_park_pair(
			    const struct nx_store_ask *ask,
			    const struct nx_new_pair *pair,
			    struct nx_err *err);

#endif
