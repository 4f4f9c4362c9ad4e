/*
 * seal.h - values that only we can read, and that do not open elsewhere.
 *
 * Format, ASCII throughout:
 *
 *	nx1.<key id>.<base64url(nonce | ciphertext | tag)>
 *
 *	nx1	version: AES-256-GCM (NIST SP 800-38D), keys as in keyring.h
 *	key id	1-16 characters of [A-Za-z0-9_-]
 *	nonce	12 random bytes;  tag 16 bytes;  base64url without padding
 *	AAD	`nx1.<key id>.` and then the context's bytes, so version, key
 *		and context are authenticated and cannot run into each other
 *
 * A value opens only under the purpose and the context that sealed it.
 * Nonces are random, so one key is good for 2^32 values of one purpose (SP
 * 800-38D section 8.3): rotate before that.
 *
 * Any thread; arguments are borrowed.
 */
#ifndef NX_SEAL_SEAL_H
#define NX_SEAL_SEAL_H

#include "nx/base/buf.h"
#include "nx/base/maxima.h"
#include "nx/seal/keyring.h"

/*
 * What a value is for.  The name goes into the key's derivation and is
 * never changed: to do so makes every value of that purpose unreadable.
 */
#define NX_PURPOSE_LIST(X)						\
	X(ATTEMPT, "flow")	/* the cookie of one connect attempt */	\
	X(TOKEN, "token")	/* a token column in the database */	\
	X(RESCUE, "rescue")	/* a grant in the rescue file */

enum nx_purpose {
#define NX_PURPOSE_ENUM(name, text) NX_PURPOSE_##name,
	NX_PURPOSE_LIST(NX_PURPOSE_ENUM)
#undef NX_PURPOSE_ENUM
	NX_PURPOSE_COUNT
};

enum {
	/* the text of such a value: header, base64url of nonce to tag */
	NX_SEAL_TEXT_MAX = 5 + NX_KEY_ID_MAX +
	    (NX_SEAL_PLAIN_MAX + 12 + 16 + 2) / 3 * 4,
};

/*
 * Append `plain` (any bytes, also none) sealed with the ring's first key.
 * `context` says where the value belongs: row id and column, say.
 * Errors: TOO_BIG (`plain` over its maximum, or `out` over its own),
 * NO_MEMORY.  What `out` holds is unchanged on failure.
 */
NX_MUST_USE enum nx_rc	nx_seal(const struct nx_keyring *ring,
			    enum nx_purpose purpose, struct nx_slice context,
			    struct nx_slice plain, struct nx_buf *out);

/*
 * Append what was sealed.  `out` must be a secret buffer.
 * Errors: MALFORMED (not our format), KEY_UNKNOWN (its key is not on the
 * ring), SEAL_BROKEN (changed, or of another purpose or context), TOO_BIG,
 * NO_MEMORY.  What `out` holds is unchanged on failure.
 */
NX_MUST_USE enum nx_rc	nx_unseal(const struct nx_keyring *ring,
			    enum nx_purpose purpose, struct nx_slice context,
			    struct nx_slice sealed, struct nx_buf *out);

/*
 * The id of the key that sealed it, a part of `sealed`; empty when `sealed`
 * is not of our format.  Nothing is authenticated by this.
 */
struct nx_slice		nx_sealed_key_id(struct nx_slice sealed);

#endif
