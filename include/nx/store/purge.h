/* purge.h - what has served its time. */
#ifndef NX_STORE_PURGE_H
#define NX_STORE_PURGE_H

#include "nx/store/store.h"

/*
 * One small batch of each: logins older than an hour, events older than 90
 * days, idempotency keys (not their posts) older than a day of posts that are
 * settled.  `*gone`: how many of them; 0 when nothing was left.
 */
NX_MUST_USE enum nx_rc	nx_purge_batch(const struct nx_store_ask *ask,
			    int *gone, struct nx_err *err);

#endif
