/* scopes.h - lists of OAuth scopes, separated by spaces.  Pure. */
#ifndef NX_FLOW_SCOPES_H
#define NX_FLOW_SCOPES_H

#include "nx/base/arena.h"

bool		 nx_scopes_have(const char *granted, const char *scope);

/* Those of `asked` that `granted` lacks, in the arena; NULL: none. */
const char	*nx_scopes_missing(struct nx_arena *arena, const char *asked,
		    const char *granted);

#endif
