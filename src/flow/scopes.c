/* scopes.c - lists of OAuth scopes. */

#include "nx/flow/scopes.h"

static bool
next_scope(const char **at, struct nx_slice *out)
{
	*at += strspn(*at, " ");
	*out = (struct nx_slice){ *at, strcspn(*at, " ") };
	*at += out->n;
	return out->n > 0;
}

bool
nx_scopes_have(const char *granted, const char *scope)
{
	struct nx_slice one;

	while (next_scope(&granted, &one)) {
		if (nx_slice_is(one, scope))
			return true;
	}
	return false;
}

const char *
nx_scopes_missing(struct nx_arena *arena, const char *asked,
    const char *granted)
{
	struct nx_slice one;
	char *missing = NULL, *name;

	while (next_scope(&asked, &one)) {
		if ((name = nx_arena_slice(arena, one)) == NULL)
			return missing;
		if (!nx_scopes_have(granted, name))
			missing = missing == NULL ? name :
			    nx_arena_printf(arena, "%s %s", missing, name);
	}
	return missing;
}
