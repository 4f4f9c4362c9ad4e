/*
 * candidate.h - claims in two steps.
 *
 * What may be taken is looked for by an index and without a lock, some at a
 * time and in random order, so that many who look rarely meet; then one is
 * taken by its key, where the condition of the lease is the fence.  Somebody
 * else may have been faster.  No statement locks rows of more than one user
 * (docs/decisions.md).
 */
#ifndef NX_STORE_CANDIDATE_H
#define NX_STORE_CANDIDATE_H

#include "nx/base/uuid.h"
#include "nx/store/store.h"

struct nx_candidate {
	char	user_id[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	int64_t	version;	/* as it was found; what moves, was taken */
};

enum { NX_CANDIDATES = 32 };

/* Kept by whoever takes one after the other; begins as { .n = 0 }. */
struct nx_candidates {
	struct nx_candidate	list[NX_CANDIDATES];
	size_t			n;	/* to be taken from the end */
};

#endif
