/*
 * compose.c - cuts a text that is too long, or divides it into a thread.
 *
 * Weights are not additive across a cut, and a cut may turn half a word into
 * a link or a mention.  So the text on both sides of a place is scanned as it
 * would stand there; then the whole piece is put together, measured and
 * scanned as X will see it, before it is taken.  What may be looked at for
 * this is bounded, so that the time is linear whatever the text.
 */

#include "nx/text/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "cut.h"
#include "link.h"
#include "nx/base/buf.h"
#include "nx/text/weigh.h"

enum {
	SCALE = 100,
	TRIES_MAX = 64,		/* places looked at for one end of a piece */
	RUN_MAX = 128,		/* units beside a place where it may show */
	LOOKS_MAX = 8,		/* times that a unit is looked at, on average */
	SUFFIX_MAX = 32,
	LENGTHS = 512,
	NONE = -1,
};

struct piece {
	const struct nx_cut	*from, *to;
	int			 weighted_length;
	int			 before;	/* of such a length; or NONE */
};

struct work {
	const struct nx_compose_ask	*ask;
	struct nx_cuts			 cuts;
	int32_t				 end;	/* last place to be reached */
	int32_t				 seen;	/* units up to the last that is
						   to be seen */
	int64_t				 units_left;	/* to be looked at */
	struct nx_buf			 text;	/* the piece being looked at */
	struct nx_hits			 hits;	/* and what is in it */
	struct piece			 pieces[NX_PARTS_MAX];
	int				 count;
	int				 last[LENGTHS];	/* piece of as many
						   bytes, modulo */
	enum nx_rc			 rc;	/* why looking stopped */
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

/* Is this nothing to X, however many of them there are? */
static bool
is_unseen(UChar32 c)
{
	return u_isUWhiteSpace(c) || u_iscntrl(c);
}

/* Is there nothing to see in the units [from, to)? */
static bool
is_blank(const struct nx_units *t, int32_t from, int32_t to)
{
	UChar32 c;

	while (from < to) {
		U16_NEXT(t->u, from, to, c);
		if (!is_unseen(c))
			return false;
	}
	return true;
}

/* Set apart what is no text at all, before anything is counted. */
static enum nx_rc
read_text(struct nx_slice text, struct nx_units *t, struct nx_err *err)
{
	enum nx_rc rc = nx_units_read(text, t);
	UChar32 c;
	int32_t i;

	if (rc == NX_TOO_BIG)
		return nx_fail(err, rc, "The text has %zu bytes; %d are"
		    " looked at.", text.n, NX_TEXT_BYTES_MAX);
	if (rc == NX_INVALID)
		return nx_fail(err, rc, "The text is not valid UTF-8.");
	if (rc != NX_OK)
		return rc;
	for (i = 0; i < t->n; ) {
		U16_NEXT(t->u, i, t->n, c);
		if (nx_is_refused(c))
			return nx_fail(err, NX_TEXT_INVALID, "The text holds"
			    " U+%04X, which X refuses.", (unsigned int)c);
	}
	return is_blank(t, 0, t->n) ? nx_fail(err, NX_TEXT_EMPTY,
	    "The text is empty or only white space.") : NX_OK;
}

static bool
is_nfc(const struct nx_units *t)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);

	return U_SUCCESS(ec) &&
	    unorm2_spanQuickCheckYes(nfc, t->u, t->n, &ec) == t->n;
}

/* Scan the whole text; `*weight` is what it counts, in hundredths. */
static enum nx_rc
look_over(struct nx_slice text, struct nx_cuts *c, int64_t *weight)
{
	struct nx_weight w = { 0 };
	enum nx_rc rc;

	if ((rc = nx_units_classify(&c->t)) != NX_OK)
		return rc;
	nx_scan_urls(&c->t, &c->hits);
	if (is_nfc(&c->t)) {
		c->before = malloc(((size_t)c->t.n + 1) * sizeof(*c->before));
		if (c->before == NULL)
			return NX_NO_MEMORY;
		*weight = nx_units_weigh(&c->t, &c->hits, c->before);
	} else {
		if ((rc = nx_weigh(text, 1, &w)) != NX_OK)
			return rc;
		*weight = (int64_t)w.weighted_length * SCALE;
	}
	nx_scan_rest(&c->t, NX_ENTITY_ALL, &c->hits);
	return c->hits.failed ? NX_NO_MEMORY : NX_OK;
}

/* First entity at or after a unit. */
static int32_t
hit_from(const struct nx_hits *hits, int32_t unit)
{
	int32_t low = 0, high = hits->n;

	while (low < high) {
		int32_t mid = (low + high) / 2;

		if (hits->v[mid].start < unit)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Are the entities of a piece the same as those of the whole in the units
 * [from, to)?  The piece begins at `from` and may go on after `to`.
 */
static bool
same_entities(const struct work *w, const struct nx_hits *piece, int32_t from,
    int32_t to)
{
	const struct nx_hits *whole = &w->cuts.hits;
	int32_t i = 0, k = hit_from(whole, from);

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
keeps_entities(struct work *w, int32_t from, int32_t to, int64_t *weight)
{
	const struct nx_units *all = &w->cuts.t;
	struct nx_units t = { all->u + from, all->cls + from, to - from };

	w->units_left -= t.n;
	w->hits.n = 0;
	nx_scan_urls(&t, &w->hits);
	if (weight != NULL)
		*weight = nx_units_weigh(&t, &w->hits, NULL);
	nx_scan_rest(&t, NX_ENTITY_ALL, &w->hits);
	if (w->hits.failed)
		w->rc = NX_NO_MEMORY;
	return !w->hits.failed && same_entities(w, &w->hits, from, to);
}

/* Whether unit `i` is in an entity; its start and end are then given. */
static bool
in_entity(const struct work *w, int32_t i, int32_t *start, int32_t *end)
{
	const struct nx_hits *hits = &w->cuts.hits;
	int32_t k = hit_from(hits, i) - 1;

	if (k < 0 || hits->v[k].end <= i)
		return false;
	*start = hits->v[k].start;
	*end = hits->v[k].end;
	return true;
}

/*
 * Where what stands before a cut at unit `to` begins to matter: behind white
 * space, which no entity reaches across, or far enough away.
 */
static int32_t
run_begin(const struct work *w, int32_t from, int32_t to)
{
	const struct nx_units *t = &w->cuts.t;
	int32_t i = to, least = to - RUN_MAX, unused;

	while (i > from && i > least && (t->cls[i - 1] & NX_C_SPACE) == 0)
		i--;
	if (i > from && i <= least) {
		/* Half a label would be seen as a whole one. */
		while (i > from && i > least - RUN_MAX && t->u[i] != '.')
			i--;
		(void)in_entity(w, i, &i, &unused);
		U16_SET_CP_START(t->u, 0, i);
	}
	return i > from ? i : from;
}

/* Where what stands after a cut at unit `from` ceases to matter. */
static int32_t
run_end(const struct work *w, int32_t from)
{
	const struct nx_units *t = &w->cuts.t;
	int32_t i = from, most = from + RUN_MAX, unused;

	while (i < t->n && i < most && (t->cls[i] & NX_C_SPACE) == 0)
		i++;
	if (i == most && i < t->n) {
		(void)in_entity(w, i, &unused, &i);
		U16_SET_CP_START(t->u, 0, i);
	}
	return i;
}

static struct nx_slice
between(const struct work *w, const struct nx_cut *from,
    const struct nx_cut *to)
{
	return (struct nx_slice){ w->ask->text.p + from->byte,
	    (size_t)(to->byte - from->byte) };
}

/* The first place from `i` on that white space does not follow. */
static int32_t
skip_blank(const struct work *w, int32_t i)
{
	while (i < w->end && w->cuts.v[i].blank)
		i++;
	return i;
}

/* The last place whose distance from `from` is within `weight`. */
static int32_t
reach(const struct work *w, int32_t from, int64_t weight)
{
	const struct nx_cut *v = w->cuts.v;
	int32_t low = from, high = w->end;

	while (low < high) {
		int32_t mid = (low + high + 1) / 2;

		if (v[mid].weight - v[from].weight <= weight)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

/* What `piece` with `suffix` counts. */
static enum nx_rc
weigh_piece(struct work *w, struct piece *piece, const char *suffix)
{
	struct nx_weight weight;
	enum nx_rc rc;

	nx_buf_reset(&w->text);
	nx_buf_slice_add(&w->text, between(w, piece->from, piece->to));
	nx_buf_adds(&w->text, suffix);
	if (!nx_buf_ok(&w->text))
		return NX_NO_MEMORY;
	rc = nx_weigh(nx_buf_slice(&w->text), w->ask->limit, &weight);
	piece->weighted_length = weight.weighted_length;
	return rc;
}

/* Is `piece` with `suffix` one that X will take? */
static bool
passes(struct work *w, struct piece *piece, const char *suffix)
{
	int32_t from = piece->from->unit, to = piece->to->unit;
	bool is_plain = w->ask->on_long == NX_THREAD && w->cuts.before != NULL;
	int64_t weight = 0;

	if (is_blank(&w->cuts.t, from, to) ||
	    !keeps_entities(w, from, to, is_plain ? &weight : NULL))
		return false;
	/* A number adds its length to what is in NFC, and nothing else. */
	if (is_plain)
		piece->weighted_length = (int)(weight / SCALE) +
		    (int)strlen(suffix);
	else
		w->rc = weigh_piece(w, piece, suffix);
	return w->rc == NX_OK && piece->weighted_length <= w->ask->limit;
}

/* Does ending `piece` here leave alone what stands before and after? */
static bool
leaves_whole(struct work *w, const struct piece *piece)
{
	const struct nx_cut *v = w->cuts.v;
	int32_t before = piece->to->unit;
	int32_t after = v[skip_blank(w, (int32_t)(piece->to - v))].unit;

	if (!keeps_entities(w, run_begin(w, piece->from->unit, before),
	    before, NULL))
		return false;
	return w->ask->on_long != NX_THREAD || (after > before &&
	    (w->cuts.t.cls[after - 1] & NX_C_SPACE) != 0) ||
	    keeps_entities(w, after, run_end(w, after), NULL);
}

/* X takes no post twice; what has a number is never the same. */
static bool
is_repeated(const struct work *w, const struct nx_cut *from,
    const struct nx_cut *to)
{
	struct nx_slice text = between(w, from, to);
	int i = w->last[text.n % LENGTHS];

	for (; i != NONE; i = w->pieces[i].before)
		if (nx_slice_eq(text, between(w, w->pieces[i].from,
		    w->pieces[i].to)))
			return true;
	return false;
}

/* Take the piece that comes next as it is. */
static void
take(struct work *w)
{
	struct piece *piece = &w->pieces[w->count];
	int *last = &w->last[between(w, piece->from, piece->to).n % LENGTHS];

	piece->before = *last;
	*last = w->count++;
}

/* Where a piece from `from` must end so as to have one cashtag at the most. */
static int32_t
before_second_cashtag(const struct work *w, int32_t from, int32_t to)
{
	const struct nx_hits *hits = &w->cuts.hits;
	const struct nx_cut *v = w->cuts.v;
	int32_t i = hit_from(hits, v[from].unit);
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

static bool
is_among(int32_t i, const int32_t *tried, int n)
{
	while (n-- > 0)
		if (tried[n] == i)
			return true;
	return false;
}

/* Does a sentence end with `c` and nothing else, neither asked nor called? */
static bool
is_stop(UChar32 c)
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
before_stops(const struct work *w, const struct nx_cut *start, int32_t i)
{
	const struct nx_cut *v = w->cuts.v;
	int32_t at = i;
	UChar32 c;

	for (; &v[at] > start; at--) {
		U16_GET(w->cuts.t.u, 0, v[at - 1].unit, w->cuts.t.n, c);
		if (!v[at - 1].blank && (!is_stop(c) ||
		    v[at].unit - v[at - 1].unit != U16_LENGTH(c)))
			return at;
	}
	return i;
}

/*
 * End `piece` at the best place up to `max`; it gets `suffix`.  False when
 * there is none.
 */
static bool
choose(struct work *w, struct piece *piece, int32_t max, const char *suffix)
{
	const struct nx_cut *v = w->cuts.v, *start = piece->from;
	const struct tier *tier = w->ask->on_long == NX_THREAD ?
	    thread_tiers : short_tiers;
	int64_t most = v[max].weight - start->weight;
	bool distinct = w->ask->on_long == NX_THREAD && !w->ask->numbering;
	int32_t tried[TRIES_MAX], i;
	int n = 0;

	for (; tier->percent >= 0; tier++) {
		for (i = max; &v[i] > start && v[i].weight - start->weight >=
		    most * tier->percent / 100; i--) {
			if (v[i].level < tier->level || v[i - 1].blank ||
			    (v[i].unit >= w->seen && i < w->end) ||
			    is_among(i, tried, n) || (distinct &&
			    is_repeated(w, start, &v[i])))
				continue;
			piece->to = w->ask->on_long == NX_THREAD ? &v[i] :
			    &v[before_stops(w, start, i)];
			if (leaves_whole(w, piece) && passes(w, piece, suffix))
				return true;
			if (w->rc != NX_OK || n == TRIES_MAX ||
			    w->units_left < 0)
				return false;
			tried[n++] = i;
		}
	}
	return false;
}

/* So many looks at units that a text is hostile which needs more. */
static void
may_look(struct work *w)
{
	w->units_left = (int64_t)LOOKS_MAX * (w->cuts.t.n + TRIES_MAX *
	    NX_LIMIT_POST / 4);
}

static int
digits_of(int n)
{
	return n < 10 ? 1 : n < 100 ? 2 : 3;
}

static void
number(const struct work *w, int position, int total, char out[SUFFIX_MAX])
{
	out[0] = '\0';
	if (w->ask->numbering)
		snprintf(out, SUFFIX_MAX, " (%d/%d)", position, total);
}

/* The next piece of a thread from place `from` on. */
static bool
next_piece(struct work *w, int32_t from, int total, struct piece *out)
{
	const struct nx_cut *v = w->cuts.v;
	char suffix[SUFFIX_MAX];
	int64_t room;
	int32_t max;

	number(w, w->count + 1, total, suffix);
	room = ((int64_t)w->ask->limit - (int64_t)strlen(suffix)) * SCALE;
	max = reach(w, from, room);
	max = before_second_cashtag(w, from, max);
	*out = (struct piece){ .from = &v[from], .to = &v[max] };
	if (max == w->end && max > from &&
	    (w->ask->numbering || !is_repeated(w, out->from, out->to)) &&
	    passes(w, out, suffix))
		return true;
	return w->rc == NX_OK && choose(w, out, max, suffix);
}

/* Divide the text, with numbers of `digits` digits in all. */
static enum nx_rc
divide(struct work *w, int digits, struct nx_err *err)
{
	static const int widest[] = { 0, 9, 99, 999 };
	int32_t from = skip_blank(w, 0);
	int i;

	may_look(w);
	for (i = 0; i < LENGTHS; i++)
		w->last[i] = NONE;
	for (w->count = 0; from < w->end; take(w)) {
		struct piece *piece = &w->pieces[w->count];

		if (w->count == NX_PARTS_MAX)
			return nx_fail(err, NX_TEXT_TOO_LONG, "The text makes"
			    " a thread of more than %d posts.", NX_PARTS_MAX);
		if (!next_piece(w, from, widest[digits], piece))
			return w->rc != NX_OK ? w->rc : nx_fail(err,
			    NX_TEXT_TOO_LONG, "No place was found to divide"
			    " the text after post %d without breaking a tag%s.",
			    w->count, w->ask->numbering ? "" : " or repeating"
			    " a post; numbering would tell them apart");
		from = skip_blank(w, (int32_t)(piece->to - w->cuts.v));
	}
	if (!w->cuts.complete)
		return nx_fail(err, NX_TEXT_TOO_LONG, "The text makes a thread"
		    " of more than %d posts.", NX_PARTS_MAX);
	return NX_OK;
}

/* How many entities of a kind the whole text has in a piece of it. */
static int
entities_in(const struct work *w, const struct piece *piece,
    enum nx_entity_kind kind)
{
	const struct nx_hits *hits = &w->cuts.hits;
	int32_t i = hit_from(hits, piece->from->unit);
	int n = 0;

	for (; i < hits->n && hits->v[i].start < piece->to->unit; i++)
		n += hits->v[i].kind == kind;
	return n;
}

/* Put a piece and its suffix into the arena. */
static enum nx_rc
finish(const struct work *w, const struct piece *piece, const char *suffix,
    struct nx_arena *arena, struct nx_part *out)
{
	struct nx_slice text = between(w, piece->from, piece->to);
	size_t n = text.n + strlen(suffix);
	char *p = nx_arena_alloc(arena, n + 1);

	if (p == NULL)
		return NX_NO_MEMORY;
	memcpy(p, text.p, text.n);
	memcpy(p + text.n, suffix, n - text.n);
	*out = (struct nx_part){
		.text = { p, n },
		.weighted_length = piece->weighted_length,
		.has_url = entities_in(w, piece, NX_ENTITY_URL) > 0 ||
		    (w->ask->on_long == NX_TRUNCATE && *suffix != '\0' &&
		    w->ask->link.n > 0),
	};
	return NX_OK;
}

/* One post, which X takes with one cashtag at the most. */
static enum nx_rc
single(const struct work *w, const struct piece *piece, const char *suffix,
    struct nx_arena *arena, struct nx_composed *out, struct nx_err *err)
{
	int cashtags = entities_in(w, piece, NX_ENTITY_CASHTAG);
	enum nx_rc rc;

	if (cashtags > 1)
		return nx_fail(err, NX_INVALID, "The text holds %d"
		    " cashtags; X takes one in a post.", cashtags);
	out->parts = nx_arena_alloc(arena, sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	rc = finish(w, piece, suffix, arena, &out->parts[0]);
	out->count = 1;
	out->has_url = out->parts[0].has_url;
	return rc;
}

static enum nx_rc
thread(struct work *w, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	int64_t least = w->cuts.v[w->end].weight / SCALE / w->ask->limit;
	int digits = digits_of(least < NX_PARTS_MAX ? (int)least :
	    NX_PARTS_MAX), i;
	char suffix[SUFFIX_MAX];
	enum nx_rc rc;

	/* How long the numbers are depends on how many parts there are. */
	while ((rc = divide(w, digits, err)) == NX_OK && w->ask->numbering &&
	    digits_of(w->count) > digits)
		digits++;
	if (rc != NX_OK)
		return rc;
	out->parts = nx_arena_alloc(arena,
	    (size_t)w->count * sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	for (i = 0; i < w->count; i++) {
		number(w, i + 1, w->count, suffix);
		rc = finish(w, &w->pieces[i], suffix, arena, &out->parts[i]);
		if (rc != NX_OK)
			return rc;
		out->has_url |= out->parts[i].has_url;
	}
	out->count = (size_t)w->count;
	return NX_OK;
}

/* `...`, and the link if there is one; its weight goes to `*weight`. */
static enum nx_rc
ending(const struct nx_compose_ask *ask, struct nx_arena *arena,
    const char **out, int *weight, struct nx_err *err)
{
	struct nx_weight w;
	enum nx_rc rc;

	*out = NULL;
	*weight = 0;
	*out = nx_arena_printf(arena, "...%s%.*s", ask->link.n > 0 ? " " : "",
	    (int)ask->link.n, ask->link.n > 0 ? ask->link.p : "");
	if (*out == NULL)
		return NX_NO_MEMORY;
	if ((rc = nx_weigh(nx_slice_str(*out), ask->limit, &w)) != NX_OK)
		return rc;
	if (w.weighted_length >= ask->limit)
		return nx_fail(err, NX_TEXT_TOO_LONG, "The link leaves no"
		    " room for text: it counts %d of %d characters.",
		    w.weighted_length, ask->limit);
	*weight = w.weighted_length;
	return NX_OK;
}

static enum nx_rc
truncate_text(struct work *w, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	int32_t from = skip_blank(w, 0), max;
	struct piece piece = { .from = &w->cuts.v[from] };
	const char *suffix;
	int weight;
	enum nx_rc rc;

	if ((rc = ending(w->ask, arena, &suffix, &weight, err)) != NX_OK)
		return rc;
	max = reach(w, from, (int64_t)(w->ask->limit - weight) * SCALE);
	may_look(w);
	if (!choose(w, &piece, max, suffix))
		return w->rc != NX_OK ? w->rc : nx_fail(err, NX_TEXT_TOO_LONG,
		    "The text begins with something that does not fit into"
		    " a post and cannot be cut.");
	out->truncated = true;
	return single(w, &piece, suffix, arena, out, err);
}

/* The whole without white space at its ends, if that fits. */
static bool
trimmed_fits(struct work *w, struct piece *out)
{
	struct nx_weight weight;

	*out = (struct piece){ .from = &w->cuts.v[skip_blank(w, 0)],
	    .to = &w->cuts.v[w->end] };
	if (!w->cuts.complete)
		return false;
	w->rc = nx_weigh(between(w, out->from, out->to), w->ask->limit,
	    &weight);
	out->weighted_length = weight.weighted_length;
	return w->rc == NX_OK && weight.valid;
}

/* What is behind this cannot stand alone. */
static int32_t
last_seen(const struct work *w)
{
	const struct nx_units *t = &w->cuts.t;
	int32_t i = w->cuts.v[w->end].unit, at;
	UChar32 c;

	while ((at = i) > 0) {
		U16_PREV(t->u, 0, i, c);
		if (!is_unseen(c))
			break;
	}
	return at;
}

/* Make what fits out of a text that counts `weight` and does not fit. */
static enum nx_rc
shorten(struct work *w, int64_t weight, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	const struct nx_compose_ask *ask = w->ask;
	int64_t most = (int64_t)ask->limit * SCALE *
	    (ask->on_long == NX_THREAD ? NX_PARTS_MAX : 1);
	struct piece piece;
	enum nx_rc rc;

	if ((rc = nx_cuts_list(&w->cuts, most)) != NX_OK)
		return rc;
	w->end = w->cuts.n;
	while (w->end > 0 && w->cuts.v[w->end - 1].blank)
		w->end--;
	w->seen = last_seen(w);
	if (trimmed_fits(w, &piece))
		return single(w, &piece, "", arena, out, err);
	if (w->rc != NX_OK)
		return w->rc;
	if (ask->on_long == NX_REJECT)
		return nx_fail(err, NX_TEXT_TOO_LONG, "The text counts %lld of"
		    " %d characters.", (long long)(weight / SCALE),
		    ask->limit);
	return ask->on_long == NX_THREAD ? thread(w, arena, out, err) :
	    truncate_text(w, arena, out, err);
}

static enum nx_rc
compose(struct work *w, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	const struct nx_compose_ask *ask = w->ask;
	const struct nx_cut start = { 0 };
	struct nx_cut end = { .byte = (int32_t)ask->text.n };
	int64_t weight = 0;
	enum nx_rc rc;

	if ((rc = read_text(ask->text, &w->cuts.t, err)) != NX_OK ||
	    (rc = nx_link_check(ask->link, arena, err)) != NX_OK ||
	    (rc = look_over(ask->text, &w->cuts, &weight)) != NX_OK)
		return rc;
	end.unit = w->cuts.t.n;
	if (weight <= (int64_t)ask->limit * SCALE)
		return single(w, &(struct piece){ &start, &end,
		    (int)(weight / SCALE), NONE }, "", arena, out, err);
	return shorten(w, weight, arena, out, err);
}

enum nx_rc
nx_compose(const struct nx_compose_ask *ask, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	struct work w = {
		.ask = ask,
		.text = NX_BUF(ask->text.n + ask->link.n + SUFFIX_MAX),
	};
	enum nx_rc rc;

	*out = (struct nx_composed){ 0 };
	rc = compose(&w, arena, out, err);
	nx_cuts_free(&w.cuts);
	nx_buf_free(&w.text);
	nx_hits_free(&w.hits);
	if (rc == NX_NO_MEMORY)
		nx_fail(err, rc, "There is no memory for the text.");
	if (rc != NX_OK)
		*out = (struct nx_composed){ 0 };
	return rc;
}
