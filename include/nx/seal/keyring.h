/*
 * keyring.h - the keys that seal and open values (docs/contract.md section 3).
 *
 * Text form: `id:base64-of-32-bytes[,id:...]`, as in NEXUS_KEYS.  The first
 * key seals, every key opens, so a key is rotated by putting a new one in
 * front and is retired by leaving it out.  From each key one AES-256 key per
 * purpose (seal.h) is derived at parse time with HKDF-SHA256 (RFC 5869): no
 * salt, info `nexus-x/1/<purpose>`.  The keys themselves are not kept.
 */
#ifndef NX_SEAL_KEYRING_H
#define NX_SEAL_KEYRING_H

#include "nx/base/err.h"
#include "nx/base/maxima.h"
#include "nx/base/slice.h"

enum { NX_KEY_BYTES = 32 };

/* Opaque and immutable: any thread may use one without a lock. */
struct nx_keyring;

/*
 * Read a ring.  Ids are 1-16 characters of [A-Za-z0-9_-], each once; key
 * bytes are base64 or base64url, padding optional.  The caller owns `*out`,
 * which is NULL on failure.
 * Errors: CONFIG with a detail that names the entry, never its key;
 * NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_keyring_parse(const char *text,
			    struct nx_keyring **out, struct nx_err *err);

/* Wipes the keys.  NULL is fine. */
void		 nx_keyring_free(struct nx_keyring *ring);

/* The id of the key that seals; lives as long as the ring. */
const char	*nx_keyring_primary(const struct nx_keyring *ring);

/* The id of key `i`, the first being 0; NULL past the last. */
const char	*nx_keyring_id(const struct nx_keyring *ring, size_t i);

bool		 nx_keyring_has(const struct nx_keyring *ring,
		    struct nx_slice id);

#endif
