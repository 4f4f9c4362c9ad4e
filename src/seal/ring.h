/* ring.h - what a key ring is made of.  Only for the seal room. */
#ifndef NX_SRC_SEAL_RING_H
#define NX_SRC_SEAL_RING_H

#include <openssl/evp.h>

#include "nx/seal/seal.h"

struct ring_key {
	char		 id[NX_KEY_ID_MAX + 1];
	unsigned char	 derived[NX_PURPOSE_COUNT][NX_KEY_BYTES];
};

struct nx_keyring {
	EVP_CIPHER	*gcm;	/* fetching it for each call is slow */
	size_t		 n;	/* at least 1 */
	struct ring_key	 keys[NX_KEYRING_MAX];	/* the first one seals */
};

/* NULL when the ring has no such key. */
const struct ring_key	*ring_find(const struct nx_keyring *ring,
			    struct nx_slice id);

bool	ring_id_is_valid(struct nx_slice id);

#endif
