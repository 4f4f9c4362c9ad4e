/* scopes.c - lists of OAuth scopes. */

#include "nx/x/scopes.h"

#include "nx/base/maxima.h"

/* What X's API knows (OpenAPI 2.167), and users.email of its guide. */
static const char known[] = "tweet.read tweet.write tweet.moderate.write"
    " users.read users.email media.write offline.access follows.read"
    " follows.write space.read mute.read mute.write like.read like.write"
    " list.read list.write block.read block.write bookmark.read"
    " bookmark.write dm.read dm.write timeline.read broadcast.read"
    " broadcast.write";

/* Without these the account cannot be told. */
static const char needed[] = "users.read tweet.read";

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

const char *
nx_scopes_join(struct nx_arena *arena, const char *a, const char *b)
{
	const char *more = nx_scopes_missing(arena, b, a);

	return more == NULL ? a : *a == '\0' ? more :
	    nx_arena_printf(arena, "%s %s", a, more);
}

static bool
has_slice(const char *list, struct nx_slice scope)
{
	struct nx_slice one;

	while (next_scope(&list, &one)) {
		if (nx_slice_eq(one, scope))
			return true;
	}
	return false;
}

bool
nx_scopes_name_account(const char *granted)
{
	const char *must = needed;
	struct nx_slice one;

	while (next_scope(&must, &one)) {
		if (!has_slice(granted, one))
			return false;
	}
	return true;
}

enum nx_rc
nx_scopes_check(const char *asked, struct nx_err *err)
{
	const char *rest = asked, *must = needed;
	struct nx_slice one;

	if (strlen(asked) > NX_SCOPES_ASKED_MAX)
		return nx_fail(err, NX_INVALID, "scopes must be at most %d"
		    " characters.", NX_SCOPES_ASKED_MAX);
	while (next_scope(&rest, &one)) {
		if (!has_slice(known, one))
			return nx_fail(err, NX_INVALID, "scopes: X knows no"
			    " scope %.*s.", one.n > 60 ? 60 : (int)one.n,
			    one.p);
		if (has_slice(rest, one))
			return nx_fail(err, NX_INVALID, "scopes: %.*s is"
			    " there twice.", (int)one.n, one.p);
	}
	while (next_scope(&must, &one)) {
		if (!has_slice(asked, one))
			return nx_fail(err, NX_INVALID, "scopes must hold"
			    " %.*s.", (int)one.n, one.p);
	}
	return NX_OK;
}
