/*
 * rekey.h - which keys sealed what is stored, and sealing it anew with the
 * ring's first key, so that older keys can be dropped.
 */
#ifndef NX_STORE_REKEY_H
#define NX_STORE_REKEY_H

#include "nx/base/maxima.h"
#include "nx/store/connection.h"

struct nx_rekey {
	char	after[NX_UUID_LEN + 1];	/* where to go on; "" at the start */
	int	table;			/* ... and in which; 0 at the start */
	int	resealed;		/* rows, so far */
	int	unreadable;		/* rows that no key of the ring opens */
	bool	finished;
};

/*
 * One batch, in order of id, with one round trip to read and one to write.  A
 * row that is changed meanwhile is left as it is now: whoever changed it has
 * sealed it with the first key.  Call it until `finished`; safe to stop and
 * to start again, and safe beside everything else that goes on.
 */
NX_MUST_USE enum nx_rc	nx_rekey_batch(const struct nx_store_ask *ask,
			    struct nx_rekey *progress, struct nx_err *err);

/*
 * The ids of all keys that sealed a token in the database, in the arena, each
 * once.  Reads a few entries of an index, however many rows there are.
 */
struct nx_keys_in_use {
	const char	*ids[NX_KEYS_IN_USE_MAX];
	size_t		 n;
};
NX_MUST_USE enum nx_rc	nx_keys_in_use(const struct nx_store_ask *ask,
			    struct nx_keys_in_use *out, struct nx_err *err);

#endif
