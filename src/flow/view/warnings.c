/* warnings.c - what was done to a text, and what it costs. */

#include "nx/base/maxima.h"
#include "nx/flow/view/answer.h"

#include "nx/x/price.h"

enum { WARNINGS_MAX = 3 };

/* Which parts hold a link, counted from 1: "1, 3". */
static int64_t
list_links(const struct nx_composed *made, struct nx_buf *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < made->count; i++) {
		if (made->parts[i].has_url)
			nx_buf_addf(out, "%s%zu", n++ > 0 ? ", " : "", i + 1);
	}
	return n;
}

static const char *
price_of(struct nx_arena *arena, bool has_url)
{
	char text[NX_PRICE_TEXT];

	nx_price_text(nx_price_post(has_url), text);
	return nx_arena_str(arena, text);
}

static struct nx_post_warning
warn_of_links(struct nx_arena *arena, const struct nx_composed *made)
{
	struct nx_post_warning w = {
		.warning = NX_WARN_LINK_PRICE,
		.args = {
			NX_S("price_usd", price_of(arena, true)),
			NX_S("usual_usd", price_of(arena, false)),
		},
	};
	struct nx_buf list = NX_BUF(NX_WARNING_MAX);

	if (made->count > 1) {
		w.warning = NX_WARN_LINK_PRICE_PARTS;
		w.args[2] = NX_I("count", list_links(made, &list));
		w.args[3] = NX_S("positions", nx_arena_slice(arena,
		    nx_buf_slice(&list)));
	}
	nx_buf_free(&list);
	return w;
}

struct nx_post_warnings
nx_answer_warnings(struct nx_arena *arena, const struct nx_composed *made)
{
	struct nx_post_warning *all = nx_arena_alloc(arena,
	    WARNINGS_MAX * sizeof(*all));
	struct nx_post_warnings found = { all, 0 };

	if (all == NULL)
		return found;
	if (made->truncated)
		all[found.n++].warning = NX_WARN_CUT;
	if (made->count > 1)
		all[found.n++].warning = NX_WARN_SPLIT;
	if (made->has_url)
		all[found.n++] = warn_of_links(arena, made);
	return found;
}
