/*
 * search.c - the place where a piece of a text best ends.
 *
 * What may be looked at for this is bounded, so that the time is linear
 * whatever the text.
 */

#include <unicode/utf16.h>

#include "draft.h"
#include "nx/text/weigh.h"

enum {
	TRIES_MAX = 64,		/* places looked at for one end of a piece */
	LOOKS_MAX = 8,		/* times that a unit is looked at, on average */
};

/*
 * Where to cut: at this level or better, with the room filled that far.  The
 * first that can be had is taken.
 */
static const struct tier {
	enum nx_level	level;
	int		percent;	/* -1: end of the list */
} thread_tiers[] = {
	{ NX_CUT_PARAGRAPH, 50 }, { NX_CUT_SENTENCE, 50 },
	{ NX_CUT_SPACE, 70 }, { NX_CUT_LINE, 50 }, { NX_CUT_SPACE, 25 },
	{ NX_CUT_LINE, 25 }, { NX_CUT_CLUSTER, 0 }, { NX_CUT_CLUSTER, -1 },
};

/* A text that is cut short has no reason to stop at a sentence. */
static const struct tier *const short_tiers = thread_tiers + 2;

int32_t
nx_skip_blank(const struct nx_draft *d, int32_t i)
{
	while (i < d->end && d->cuts.v[i].blank)
		i++;
	return i;
}

int32_t
nx_search_reach(const struct nx_draft *d, int32_t from, int64_t weight)
{
	const struct nx_cut *v = d->cuts.v;
	int32_t low = from, high = d->end;

	while (low < high) {
		int32_t mid = (low + high + 1) / 2;

		if (v[mid].weight - v[from].weight <= weight)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

int32_t
nx_search_cashtag(const struct nx_draft *d, int32_t from, int32_t to)
{
	const struct nx_hits *hits = &d->text->hits;
	const struct nx_cut *v = d->cuts.v;
	int32_t i = nx_hits_from(hits, v[from].unit);
	int seen = 0;

	for (; i < hits->n && hits->v[i].start < v[to].unit; i++) {
		if (hits->v[i].kind != NX_ENTITY_CASHTAG || ++seen < 2)
			continue;
		while (v[to].unit > hits->v[i].start)
			to--;
		break;
	}
	while (to > from && v[to - 1].blank)
		to--;
	return to;
}

void
nx_search_begin(struct nx_draft *d)
{
	d->units_left = (int64_t)LOOKS_MAX * (d->text->units.n + TRIES_MAX *
	    NX_LIMIT_POST / 4);
}

/* Does a sentence end with `c` and nothing else, neither asked nor called? */
static bool
is_full_stop(UChar32 c)
{
	static const UChar32 stops[] = { '.', 0x2026, 0x3002, 0xff0e, 0xff61,
	    0x06d4, 0x0964 };

	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (stops[i] == c)
			return true;
	return false;
}

/*
 * Where a text that is cut short at place `i` ends: the dots take the place of
 * a full stop.  It must not consist of stops alone.
 */
static int32_t
before_stops(const struct nx_draft *d, const struct nx_cut *start, int32_t i)
{
	const struct nx_units *t = &d->text->units;
	const struct nx_cut *v = d->cuts.v;
	int32_t at = i;
	UChar32 c;

	for (; &v[at] > start; at--) {
		U16_GET(t->u, 0, v[at - 1].unit, t->n, c);
		if (!v[at - 1].blank && (!is_full_stop(c) ||
		    v[at].unit - v[at - 1].unit != U16_LENGTH(c)))
			return at;
	}
	return i;
}

static bool
is_among(int32_t i, const int32_t *tried, int n)
{
	while (n-- > 0)
		if (tried[n] == i)
			return true;
	return false;
}

/* May a piece end at place `i`, for all that is known without looking? */
static bool
is_candidate(const struct nx_draft *d, int32_t i, enum nx_level level)
{
	const struct nx_cut *v = d->cuts.v;

	return v[i].level >= level && !v[i - 1].blank &&
	    (v[i].unit < d->seen || i == d->end);
}

bool
nx_search_end(struct nx_draft *d, struct nx_piece *piece, int32_t max,
    const char *suffix)
{
	const struct nx_cut *v = d->cuts.v, *start = piece->from;
	const struct tier *tier = nx_draft_is_thread(d) ? thread_tiers :
	    short_tiers;
	const int64_t most = v[max].weight - start->weight;
	const bool distinct = nx_draft_is_thread(d) && !d->ask->numbering;
	int32_t tried[TRIES_MAX], i;
	int n = 0;

	for (; tier->percent >= 0; tier++) {
		for (i = max; &v[i] > start && v[i].weight - start->weight >=
		    most * tier->percent / 100; i--) {
			if (!is_candidate(d, i, tier->level) ||
			    is_among(i, tried, n) || (distinct &&
			    nx_piece_is_repeated(d, start, &v[i])))
				continue;
			piece->to = nx_draft_is_thread(d) ? &v[i] :
			    &v[before_stops(d, start, i)];
			if (nx_piece_leaves_whole(d, piece) &&
			    nx_piece_passes(d, piece, suffix))
				return true;
			if (d->rc != NX_OK || n == TRIES_MAX ||
			    d->units_left < 0)
				return false;
			tried[n++] = i;
		}
	}
	return false;
}
