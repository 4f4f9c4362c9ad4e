/*
 * verified.h - tokens that were found good, for as long as they are.
 *
 * Checking a signature costs more than all else a light request does, and a
 * browser sends the same token for an hour.  Kept are the token's SHA-256 and
 * what it says, in a table that never grows: of those that meet in one place
 * the one that was not asked for longest makes way.  Pure but for its mutex,
 * which guards the table; any thread.
 */
#ifndef NX_SEAL_VERIFIED_H
#define NX_SEAL_VERIFIED_H

#include "nx/seal/digest.h"
#include "nx/seal/jwt.h"

struct nx_verified;

/* Room for `entries`, a multiple of four.  NULL when out of memory. */
NX_MUST_USE struct nx_verified	*nx_verified_new(size_t entries);
void				 nx_verified_free(struct nx_verified *v);

/*
 * What the token with this hash says, if it was kept under the same
 * `generation` of keys and `now` is still before its end and the leeway.
 */
bool	nx_verified_find(struct nx_verified *v,
	    const unsigned char hash[NX_SHA256_BYTES], uint64_t generation,
	    int64_t now, struct nx_jwt_claims *out);

/* Keep what a token says that nx_jwt_check() has just accepted. */
void	nx_verified_keep(struct nx_verified *v,
	    const unsigned char hash[NX_SHA256_BYTES], uint64_t generation,
	    const struct nx_jwt_claims *claims);

#endif
