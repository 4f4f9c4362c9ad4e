/* attempt.h - what a browser keeps of an attempt to connect. */
#ifndef NX_SRC_FLOW_ACCOUNT_ATTEMPT_H
#define NX_SRC_FLOW_ACCOUNT_ATTEMPT_H

#include "nx/flow/account/connect.h"

struct nx_attempt {
	int64_t		 expires;	/* wall clock */
	const char	*state, *verifier, *user_id, *return_to;
	const char	*connection_id, *scopes;	/* NULL: none named */
	bool		 replace;
};

/*
 * Open what nx_connect_begin() sealed; texts of `out` live in the arena.
 * KEY_UNKNOWN, NO_MEMORY; whatever else: it is not ours, or was changed.
 */
NX_MUST_USE enum nx_rc	nx_attempt_open(const struct nx_keyring *ring,
			    const char *sealed, struct nx_arena *arena,
			    struct nx_attempt *out);

#endif
