/* endings.c - what is put behind a piece of a text. */

#include <stdio.h>

#include "draft.h"
#include "nx/text/weigh.h"

void
nx_ending_number(const struct nx_compose_ask *ask, int position, int total,
    char out[NX_PART_NUMBER_MAX])
{
	out[0] = '\0';
	if (ask->numbering)
		(void)snprintf(out, NX_PART_NUMBER_MAX, " (%d/%d)", position,
		    total);
}

enum nx_rc
nx_ending_cut(const struct nx_compose_ask *ask, struct nx_arena *arena,
    const char **out, int *length, struct nx_err *err)
{
	struct nx_weight w;
	enum nx_rc rc;

	*length = 0;
	*out = nx_arena_printf(arena, "...%s%.*s", ask->link.n > 0 ? " " : "",
	    (int)ask->link.n, ask->link.n > 0 ? ask->link.p : "");
	if (*out == NULL)
		return NX_NO_MEMORY;
	if ((rc = nx_weigh(nx_slice_str(*out), ask->limit, &w)) != NX_OK)
		return rc;
	if (w.weighted_length >= ask->limit)
		return nx_fail_for(err, NX_TEXT_TOO_LONG, NX_WHY_LINK_NO_ROOM,
		    NX_S("member", "link"),
		    NX_I("weighted_length", w.weighted_length),
		    NX_I("limit", ask->limit));
	*length = w.weighted_length;
	return NX_OK;
}
