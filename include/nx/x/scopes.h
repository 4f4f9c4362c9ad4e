/* scopes.h - lists of X's OAuth scopes, separated by spaces.  Pure. */
#ifndef NX_X_SCOPES_H
#define NX_X_SCOPES_H

#include "nx/base/arena.h"

bool		 nx_scopes_have(const char *granted, const char *scope);

/* Those of `asked` that `granted` lacks, in the arena; NULL: none. */
const char	*nx_scopes_missing(struct nx_arena *arena, const char *asked,
		    const char *granted);

/* Those of `a`, and then those of `b` that it lacks, in the arena. */
const char	*nx_scopes_join(struct nx_arena *arena, const char *a,
		    const char *b);

/* Does X tell whose account it is to a grant with these (GET /2/users/me)? */
bool		 nx_scopes_name_account(const char *granted);

/*
 * May a caller ask X for these?  INVALID, naming the one that X does not know
 * or that is there twice, or what no connection does without.
 */
NX_MUST_USE enum nx_rc	nx_scopes_check(const char *asked,
			    struct nx_err *err);

#endif
