/*
 * rekey.h - seal stored tokens with the ring's first key, so that older keys
 * can be dropped.
 */
#ifndef NX_STORE_REKEY_H
#define NX_STORE_REKEY_H

#include "nx/store/connection.h"

struct nx_rekey {
	char	after[NX_ID_LEN + 1];	/* where to go on; "" at the start */
	int	resealed;		/* rows, so far */
	int	unreadable;		/* rows that no key of the ring opens */
	bool	finished;
};

/*
 * One batch, in order of id.  A row that is changed meanwhile is left as it
 * is now: whoever changed it has sealed it with the first key.  Call it until
 * `finished`; safe to stop and to start again.
 */
NX_MUST_USE enum nx_rc	nx_rekey_batch(const struct nx_store_ask *ask,
			    struct nx_rekey *progress, struct nx_err *err);

#endif
