/* link.c - what X makes a link of, and why not of the rest. */

#include "link.h"

#include <stdio.h>
#include <string.h>

#include "find.h"

enum { LINK_SHOWN = 80 };	/* bytes of it in a message */

/* One token with a scheme that browsers follow. */
static bool
is_web_address(struct nx_slice link)
{
	for (size_t i = 0; i < link.n; i++) {
		if ((unsigned char)link.p[i] <= ' ')
			return false;
	}
	return nx_slice_starts_nocase(link, "https://") ||
	    nx_slice_starts_nocase(link, "http://");
}

/* How many bytes of `text` are a link to X, from its beginning. */
static enum nx_rc
link_to_x(struct nx_slice text, struct nx_arena *arena, size_t *seen)
{
	struct nx_entity *found = NULL;
	size_t n = 0;
	enum nx_rc rc = nx_find(text, NX_ENTITY_URL, arena, &found, &n);

	*seen = rc == NX_OK && n > 0 && found->start == 0 ? found->end : 0;
	return rc;
}

/* What is quoted of it. */
static const char *
quote_link(struct nx_slice s, char out[LINK_SHOWN + 1])
{
	(void)snprintf(out, LINK_SHOWN + 1, "%.*s",
	    (int)(s.n < LINK_SHOWN ? s.n : LINK_SHOWN), s.p);
	return out;
}

/* Why X sees no link in a web address: mostly for the end of its host. */
static enum nx_rc
explain_host(struct nx_slice link, struct nx_arena *arena, struct nx_err *err)
{
	struct nx_slice host = link, tld;
	char host_shown[LINK_SHOWN + 1], tld_shown[LINK_SHOWN + 1];
	const char *probe;
	size_t seen = 0;

	(void)nx_slice_cut(&host, '/');
	(void)nx_slice_cut(&host, '/');
	host.n = host.p == NULL ? 0 : strcspn(host.p, "/?#:");
	tld = (struct nx_slice){ host.p + host.n, 0 };
	while (tld.p > host.p && tld.p[-1] != '.') {
		tld.p--;
		tld.n++;
	}
	probe = nx_arena_printf(arena, "https://x.%.*s", (int)tld.n, tld.p);
	if (probe == NULL ||
	    link_to_x(nx_slice_str(probe), arena, &seen) != NX_OK)
		return NX_NO_MEMORY;
	return nx_fail_for(err, NX_INVALID, NX_WHY_LINK_NOWHERE,
	    NX_S("member", "link"), NX_S("host", quote_link(host, host_shown)),
	    NX_S("tld", seen > 0 ? NULL : quote_link(tld, tld_shown)));
}

enum nx_rc
nx_link_check(struct nx_slice link, struct nx_arena *arena,
    struct nx_err *err)
{
	char shown[LINK_SHOWN + 1];
	struct nx_slice part;
	size_t seen;
	enum nx_rc rc;

	if (link.n == 0)
		return NX_OK;
	rc = link_to_x(link, arena, &seen);
	if (rc == NX_NO_MEMORY)
		return rc;
	if (rc != NX_OK || !is_web_address(link))
		return nx_fail_for(err, NX_INVALID, NX_WHY_LINK_NOT_ONE,
		    NX_S("member", "link"));
	if (seen == link.n)
		return NX_OK;
	if (seen == 0)
		return explain_host(link, arena, err);
	part = (struct nx_slice){ link.p, seen };
	return nx_fail_for(err, NX_INVALID, NX_WHY_LINK_ENDS,
	    NX_S("member", "link"), NX_S("seen", quote_link(part, shown)));
}
