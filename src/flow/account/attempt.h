/* attempt.h - what a sealed attempt holds. */
#ifndef NX_SRC_FLOW_ACCOUNT_ATTEMPT_H
#define NX_SRC_FLOW_ACCOUNT_ATTEMPT_H

#include "nx/base/arena.h"
#include "nx/flow/account/attempt.h"

struct nx_attempt {
	int64_t		 expires;	/* wall clock, seconds */
	const char	*state, *verifier, *user_id, *return_to;
	const char	*connection_id, *scopes;	/* NULL: none named */
	bool		 replace;
};

/*
 * Open what nx_attempt_begin() sealed; texts of `out` live in the arena.
 * KEY_UNKNOWN, NO_MEMORY; whatever else: it is not ours, or was changed.
 */
NX_MUST_USE enum nx_rc	nx_attempt_open(const struct nx_keyring *ring,
			    const char *sealed, struct nx_arena *arena,
			    struct nx_attempt *out);

#endif
