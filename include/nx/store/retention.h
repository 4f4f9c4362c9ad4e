/* retention.h - delete posts that ended long ago. */
#ifndef NX_STORE_RETENTION_H
#define NX_STORE_RETENTION_H

#include "nx/base/uuid.h"
#include "nx/store/store.h"

/* How far a walk over all posts, by user and id, has come. */
struct nx_retention {
	int	 days;		/* that a post is kept after its last change */
	char	 user_id[NX_UUID_LEN + 1], post_id[NX_UUID_LEN + 1];
	bool	 over;
	long	 gone;		/* posts that it deleted */
};

void	nx_retention_begin(struct nx_retention *walk, int days);

/*
 * Look at the next 1,000 posts, and delete with their parts those that ended
 * before that time: that nothing is to be done about, whose outcome is known,
 * and that have given up their idempotency key (purge.h).  Many may walk at
 * once.  Safe to repeat.
 */
NX_MUST_USE enum nx_rc	nx_retention_step(const struct nx_store_ask *ask,
			    struct nx_retention *walk, struct nx_err *err);

#endif
