/* when.c - read publish_at. */

#include "nx/flow/publish/when.h"

/* Does a time that was read name a part of a second beside whole ones? */
static bool
has_fraction(struct nx_slice text)
{
	size_t i = sizeof("2026-12-24T18:00:00") - 1;

	if (text.p[i++] != '.')
		return false;
	while (text.p[i] == '0')	/* `Z` or an offset follows */
		i++;
	return text.p[i] >= '1' && text.p[i] <= '9';
}

enum nx_rc
nx_when_read(const char *name, struct nx_slice text, int64_t now,
    int64_t *out, struct nx_err *err)
{
	char server[NX_RFC3339_MAX];
	int64_t at;

	*out = 0;
	if (nx_clock_parse(text, &at) != NX_OK)
		return nx_fail_for(err, NX_INVALID, NX_WHY_NOT_TIME,
		    NX_S("member", name));
	if (has_fraction(text))
		at++;
	nx_clock_text(now, server);
	if (at > now + NX_WHEN_AHEAD_MAX)
		return nx_fail_for(err, NX_INVALID, NX_WHY_TIME_FAR,
		    NX_S("member", name), NX_S("now", server));
	*out = at > 0 ? at : 1;
	return NX_OK;
}

enum nx_rc
nx_when_check(int64_t at, int64_t now, struct nx_err *err)
{
	char server[NX_RFC3339_MAX];

	nx_clock_text(now, server);
	return at >= now - NX_WHEN_PAST_MAX ? NX_OK : nx_fail_for(err,
	    NX_INVALID, NX_WHY_TIME_PAST, NX_S("member", "publish_at"),
	    NX_S("now", server));
}
