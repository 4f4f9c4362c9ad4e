/*
 * piece.c - does X take a piece of a text, and see in it what is meant?
 *
 * Weights are not additive across a cut, and a cut may turn half a word into
 * a link or a mention.  So the text on both sides of a place is scanned as it
 * would stand there; then the whole piece is put together, measured and
 * scanned as X will see it, before it is taken.
 */

#include <unicode/utf16.h>

#include "draft.h"
#include "nx/text/weigh.h"
#include "scan.h"
#include "weigh.h"

enum { RUN_MAX = 128 };		/* units beside a place where it may show */

struct nx_slice
nx_piece_text(const struct nx_draft *d, const struct nx_cut *from,
    const struct nx_cut *to)
{
	return (struct nx_slice){ d->text->bytes.p + from->byte,
	    (size_t)(to->byte - from->byte) };
}

int
nx_piece_entities(const struct nx_draft *d, const struct nx_piece *piece,
    enum nx_entity_kind kind)
{
	const struct nx_hits *hits = &d->text->hits;
	int32_t i = nx_hits_from(hits, piece->from->unit);
	int n = 0;

	for (; i < hits->n && hits->v[i].start < piece->to->unit; i++)
		n += hits->v[i].kind == kind;
	return n;
}

/*
 * Are the entities of a piece the same as those of the whole in the units
 * [from, to)?  The piece begins at `from` and may go on after `to`.
 */
static bool
same_entities(const struct nx_hits *whole, const struct nx_hits *piece,
    int32_t from, int32_t to)
{
	int32_t i = 0, k = nx_hits_from(whole, from);

	for (;; i++, k++) {
		bool a = i < piece->n && piece->v[i].start < to - from;
		bool b = k < whole->n && whole->v[k].start < to;

		if (!a || !b)
			return a == b;
		if (piece->v[i].kind != whole->v[k].kind ||
		    piece->v[i].start + from != whole->v[k].start ||
		    piece->v[i].end + from != whole->v[k].end)
			return false;
	}
}

/*
 * Do the units [from, to) by themselves hold the same entities as before?
 * No suffix changes any: what may end a text may stand before ` (` and `...`.
 * `weight` (may be NULL): what they weigh, if they are in NFC.
 */
static bool
keeps_entities(struct nx_draft *d, int32_t from, int32_t to, int64_t *weight)
{
	const struct nx_units *all = &d->text->units;
	struct nx_units t = { all->u + from, all->cls + from, to - from };

	d->units_left -= t.n;
	d->hits.n = 0;
	nx_scan_urls(&t, &d->hits);
	if (weight != NULL)
		*weight = nx_units_weigh(&t, &d->hits, NULL);
	nx_scan_rest(&t, NX_ENTITY_ALL, &d->hits);
	if (d->hits.failed)
		d->rc = NX_NO_MEMORY;
	return !d->hits.failed &&
	    same_entities(&d->text->hits, &d->hits, from, to);
}

/* What `piece` with `suffix` counts, put together. */
static enum nx_rc
weigh_piece(struct nx_draft *d, struct nx_piece *piece, const char *suffix)
{
	struct nx_weight weight;
	enum nx_rc rc;

	nx_buf_reset(&d->tried);
	nx_buf_slice_add(&d->tried, nx_piece_text(d, piece->from, piece->to));
	nx_buf_adds(&d->tried, suffix);
	if (!nx_buf_ok(&d->tried))
		return NX_NO_MEMORY;
	rc = nx_weigh(nx_buf_slice(&d->tried), d->ask->limit, &weight);
	piece->weighted_length = weight.weighted_length;
	return rc;
}

bool
nx_piece_passes(struct nx_draft *d, struct nx_piece *piece,
    const char *suffix)
{
	const int32_t from = piece->from->unit, to = piece->to->unit;
	const bool is_plain = nx_draft_is_thread(d) && d->text->before != NULL;
	int64_t weight = 0;

	if (nx_units_unseen(&d->text->units, from, to) ||
	    !keeps_entities(d, from, to, is_plain ? &weight : NULL))
		return false;
	/* A number adds its length to what is in NFC, and nothing else. */
	if (is_plain)
		piece->weighted_length = (int)(weight / NX_WEIGHT_SCALE) +
		    (int)strlen(suffix);
	else
		d->rc = weigh_piece(d, piece, suffix);
	return d->rc == NX_OK && piece->weighted_length <= d->ask->limit;
}

/* The entity that unit `i` is in; NULL: none. */
static const struct nx_hit *
entity_around(const struct nx_hits *hits, int32_t i)
{
	const int32_t k = nx_hits_from(hits, i) - 1;

	return k < 0 || hits->v[k].end <= i ? NULL : &hits->v[k];
}

/*
 * Where what stands before a cut at unit `to` begins to matter: behind white
 * space, which no entity reaches across, or far enough away.
 */
static int32_t
run_begin(const struct nx_text *text, int32_t from, int32_t to)
{
	const struct nx_units *t = &text->units;
	const int32_t least = to - RUN_MAX;
	const struct nx_hit *hit;
	int32_t i = to;

	while (i > from && i > least && (t->cls[i - 1] & NX_C_SPACE) == 0)
		i--;
	if (i > from && i <= least) {
		/* Half a label would be seen as a whole one. */
		while (i > from && i > least - RUN_MAX && t->u[i] != '.')
			i--;
		if ((hit = entity_around(&text->hits, i)) != NULL)
			i = hit->start;
		U16_SET_CP_START(t->u, 0, i);
	}
	return i > from ? i : from;
}

/* Where what stands after a cut at unit `from` ceases to matter. */
static int32_t
run_end(const struct nx_text *text, int32_t from)
{
	const struct nx_units *t = &text->units;
	const int32_t most = from + RUN_MAX;
	const struct nx_hit *hit;
	int32_t i = from;

	while (i < t->n && i < most && (t->cls[i] & NX_C_SPACE) == 0)
		i++;
	if (i == most && i < t->n) {
		if ((hit = entity_around(&text->hits, i)) != NULL)
			i = hit->end;
		U16_SET_CP_START(t->u, 0, i);
	}
	return i;
}

bool
nx_piece_leaves_whole(struct nx_draft *d, const struct nx_piece *piece)
{
	const struct nx_cut *v = d->cuts.v;
	const uint32_t *cls = d->text->units.cls;
	int32_t before = piece->to->unit;
	int32_t after = v[nx_skip_blank(d, (int32_t)(piece->to - v))].unit;

	if (!keeps_entities(d, run_begin(d->text, piece->from->unit, before),
	    before, NULL))
		return false;
	return !nx_draft_is_thread(d) ||
	    (after > before && (cls[after - 1] & NX_C_SPACE) != 0) ||
	    keeps_entities(d, after, run_end(d->text, after), NULL);
}

bool
nx_piece_is_repeated(const struct nx_draft *d, const struct nx_cut *from,
    const struct nx_cut *to)
{
	const struct nx_slice text = nx_piece_text(d, from, to);
	int i = d->last[text.n % NX_LENGTH_SLOTS];

	while (i != NX_NO_PIECE && !nx_slice_eq(text, nx_piece_text(d,
	    d->pieces[i].from, d->pieces[i].to)))
		i = d->pieces[i].before;
	return i != NX_NO_PIECE;
}

void
nx_pieces_clear(struct nx_draft *d)
{
	for (int i = 0; i < NX_LENGTH_SLOTS; i++)
		d->last[i] = NX_NO_PIECE;
	d->count = 0;
}

void
nx_piece_take(struct nx_draft *d)
{
	struct nx_piece *piece = &d->pieces[d->count];
	int *last = &d->last[nx_piece_text(d, piece->from, piece->to).n %
	    NX_LENGTH_SLOTS];

	piece->before = *last;
	*last = d->count++;
}
