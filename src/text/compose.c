/*
 * compose.c - cuts a text that is too long, or divides it into a thread.
 *
 * Weights are not additive across a cut, and a cut may turn half a word into
 * a link or a mention.  So every piece is put together, measured and scanned
 * as X will see it, before it is taken; if it will not do, the next shorter
 * one is tried.
 */

#include "nx/text/compose.h"

#include <stdio.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/utf16.h>

#include "cut.h"
#include "nx/base/buf.h"
#include "nx/text/find.h"
#include "nx/text/weigh.h"

enum {
	SCALE = 100,
	TRIES_MAX = 64,		/* pieces looked at for one place in a text */
	SEAM = 64,		/* units after a cut where it may show */
	SUFFIX_MAX = 32,
	NO_CUT = -1,
};

struct piece {
	int32_t	from, to;	/* places: indices of cuts.v */
};

struct work {
	const struct nx_compose_ask	*ask;
	struct nx_cuts			 cuts;
	int32_t				 end;	/* last place to be reached */
	struct nx_buf			 text;	/* the piece being looked at */
	struct piece			 pieces[NX_PARTS_MAX];
	int				 count;
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

/* Set apart what is no text at all, before anything is counted. */
static enum nx_rc
check_characters(struct nx_slice text, struct nx_err *err)
{
	struct nx_units t;
	enum nx_rc rc = nx_units_read(text, &t);
	bool blank = true;
	UChar32 c;
	int32_t i;

	if (rc == NX_TOO_BIG)
		return nx_fail(err, rc, "The text has %zu bytes; %d are"
		    " looked at.", text.n, NX_TEXT_BYTES_MAX);
	if (rc != NX_OK)
		return nx_fail(err, rc, "The text is not valid UTF-8.");
	for (i = 0; i < t.n && rc == NX_OK;) {
		U16_NEXT(t.u, i, t.n, c);
		if (nx_is_refused(c))
			rc = nx_fail(err, NX_TEXT_INVALID, "The text holds"
			    " U+%04X, which X refuses.", (unsigned int)c);
		blank = blank && (u_isUWhiteSpace(c) || u_iscntrl(c));
	}
	nx_units_free(&t);
	if (rc == NX_OK && blank)
		rc = nx_fail(err, NX_TEXT_EMPTY,
		    "The text is empty or only white space.");
	return rc;
}

/* Entities of `text`, which is freed with nx_hits_free(). */
static enum nx_rc
scan(struct nx_slice text, struct nx_hits *hits)
{
	struct nx_units t;
	enum nx_rc rc;

	*hits = (struct nx_hits){ 0 };
	if ((rc = nx_units_read(text, &t)) == NX_OK &&
	    (rc = nx_units_classify(&t)) == NX_OK) {
		nx_scan(&t, NX_ENTITY_ALL, hits);
		rc = hits->failed ? NX_NO_MEMORY : NX_OK;
	}
	nx_units_free(&t);
	return rc;
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
 * Are the entities of a piece that begins at `unit` the same as those of the
 * whole, as far as they begin within `len` units?
 */
static bool
same_entities(const struct work *w, const struct nx_hits *piece, int32_t unit,
    int32_t len)
{
	const struct nx_hits *whole = &w->cuts.hits;
	int32_t i = 0, k = hit_from(whole, unit);

	for (;; i++, k++) {
		bool a = i < piece->n && piece->v[i].start < len;
		bool b = k < whole->n && whole->v[k].start < unit + len;

		if (!a || !b)
			return a == b;
		if (piece->v[i].kind != whole->v[k].kind ||
		    piece->v[i].start + unit != whole->v[k].start ||
		    piece->v[i].end + unit != whole->v[k].end)
			return false;
	}
}

static struct nx_slice
between(const struct work *w, int32_t from, int32_t to)
{
	const struct nx_cut *v = w->cuts.v;

	return (struct nx_slice){ w->ask->text.p + v[from].byte,
	    v[to].byte - v[from].byte };
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

/* Does the piece [from, to) with `suffix` pass as X would see it? */
static bool
passes(struct work *w, int32_t from, int32_t to, const char *suffix)
{
	const struct nx_cut *v = w->cuts.v;
	struct nx_hits hits;
	struct nx_weight weight;
	bool good;

	nx_buf_reset(&w->text);
	nx_buf_slice_add(&w->text, between(w, from, to));
	nx_buf_adds(&w->text, suffix);
	if (!nx_buf_ok(&w->text)) {
		w->rc = NX_NO_MEMORY;
		return false;
	}
	w->rc = nx_weigh(nx_buf_slice(&w->text), w->ask->limit, &weight);
	if (w->rc != NX_OK || !weight.valid)
		return false;
	w->rc = scan(nx_buf_slice(&w->text), &hits);
	good = w->rc == NX_OK && same_entities(w, &hits, v[from].unit,
	    v[to].unit - v[from].unit);
	nx_hits_free(&hits);
	return good;
}

/* Does what follows the cut at `at` begin as it did before the cut? */
static bool
leaves_whole(struct work *w, int32_t at)
{
	int32_t from = skip_blank(w, at), to;
	struct nx_hits hits;
	bool good;

	to = reach(w, from, (int64_t)w->ask->limit * SCALE);
	w->rc = scan(between(w, from, to), &hits);
	good = w->rc == NX_OK && same_entities(w, &hits,
	    w->cuts.v[from].unit, SEAM);
	nx_hits_free(&hits);
	return good;
}

static bool
is_repeated(const struct work *w, int32_t from, int32_t to)
{
	int i;

	for (i = 0; i < w->count; i++)
		if (nx_slice_eq(between(w, from, to),
		    between(w, w->pieces[i].from, w->pieces[i].to)))
			return true;
	return false;
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

/* Is the piece distinct and sound, and what it leaves behind it? */
static bool
is_good(struct work *w, int32_t from, int32_t to, const char *suffix)
{
	if (w->ask->on_long != NX_THREAD)
		return passes(w, from, to, suffix);
	return passes(w, from, to, suffix) &&
	    (to == w->end || leaves_whole(w, to));
}

/*
 * The best place to end the piece that begins at `from` and gets `suffix`,
 * which weighs `reserved`; NO_CUT when there is none.
 */
static int32_t
choose(struct work *w, int32_t from, const char *suffix, int64_t reserved)
{
	const struct nx_cut *v = w->cuts.v;
	int64_t room = (int64_t)w->ask->limit * SCALE - reserved;
	int32_t max = reach(w, from, room), i;
	bool distinct = w->ask->on_long == NX_THREAD && !w->ask->numbering;
	const struct tier *tier = w->ask->on_long == NX_THREAD ?
	    thread_tiers : short_tiers;
	int tries = TRIES_MAX;

	if (w->ask->on_long == NX_THREAD)
		max = before_second_cashtag(w, from, max);
	if (w->ask->on_long == NX_THREAD && max == w->end &&
	    !(distinct && is_repeated(w, from, max)) &&
	    is_good(w, from, max, suffix))
		return max;
	for (; tier->percent >= 0; tier++) {
		for (i = max; i > from && tries > 0 && w->rc == NX_OK &&
		    v[i].weight - v[from].weight >=
		    room * tier->percent / 100; i--) {
			if (v[i].level < tier->level || v[i - 1].blank ||
			    (distinct && is_repeated(w, from, i)))
				continue;
			if (is_good(w, from, i, suffix))
				return i;
			tries--;
		}
	}
	return NO_CUT;
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

/* Divide the text, with numbers of `digits` digits in all. */
static enum nx_rc
divide(struct work *w, int digits, struct nx_err *err)
{
	static const int widest[] = { 0, 9, 99, 999 };
	int32_t from = skip_blank(w, 0), to;
	char suffix[SUFFIX_MAX];

	for (w->count = 0; from < w->end; w->count++) {
		if (w->count == NX_PARTS_MAX)
			return nx_fail(err, NX_TEXT_TOO_LONG, "The text makes"
			    " a thread of more than %d posts.", NX_PARTS_MAX);
		number(w, w->count + 1, widest[digits], suffix);
		to = choose(w, from, suffix, (int64_t)strlen(suffix) * SCALE);
		if (w->rc != NX_OK)
			return w->rc;
		if (to == NO_CUT)
			return nx_fail(err, NX_TEXT_TOO_LONG, "No place was"
			    " found to divide the text after post %d without"
			    " breaking a tag or repeating a post.", w->count);
		w->pieces[w->count] = (struct piece){ from, to };
		from = skip_blank(w, to);
	}
	if (!w->cuts.complete)
		return nx_fail(err, NX_TEXT_TOO_LONG, "The text makes a thread"
		    " of more than %d posts.", NX_PARTS_MAX);
	return NX_OK;
}

/* Put `text` and `suffix` into the arena and measure them once more. */
static enum nx_rc
finish(const struct nx_compose_ask *ask, struct nx_slice text,
    const char *suffix, struct nx_arena *arena, struct nx_part *out)
{
	size_t n = text.n + strlen(suffix);
	char *p = nx_arena_alloc(arena, n + 1);
	struct nx_weight weight;
	struct nx_hits hits;
	enum nx_rc rc;
	int32_t i;

	if (p == NULL)
		return NX_NO_MEMORY;
	memcpy(p, text.p, text.n);
	memcpy(p + text.n, suffix, n - text.n);
	out->text = (struct nx_slice){ p, n };
	if ((rc = nx_weigh(out->text, ask->limit, &weight)) != NX_OK)
		return rc;
	out->weighted_length = weight.weighted_length;
	if ((rc = scan(out->text, &hits)) == NX_OK)
		for (i = 0; i < hits.n; i++)
			out->has_url |= hits.v[i].kind == NX_ENTITY_URL;
	nx_hits_free(&hits);
	return rc;
}

/* One post: all of `text` and `suffix`. */
static enum nx_rc
single(const struct nx_compose_ask *ask, struct nx_slice text,
    const char *suffix, struct nx_arena *arena, struct nx_composed *out)
{
	enum nx_rc rc;

	out->parts = nx_arena_alloc(arena, sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	rc = finish(ask, text, suffix, arena, &out->parts[0]);
	out->count = 1;
	out->has_url = out->parts[0].has_url;
	return rc;
}

static enum nx_rc
thread(struct work *w, struct nx_arena *arena, struct nx_composed *out,
    struct nx_err *err)
{
	char suffix[SUFFIX_MAX];
	int digits = 0, i;
	enum nx_rc rc;

	/* How long the numbers are depends on how many parts there are. */
	do {
		if ((rc = divide(w, ++digits, err)) != NX_OK)
			return rc;
	} while (w->ask->numbering && digits_of(w->count) > digits);
	out->parts = nx_arena_alloc(arena,
	    (size_t)w->count * sizeof(*out->parts));
	if (out->parts == NULL)
		return NX_NO_MEMORY;
	for (i = 0; i < w->count; i++) {
		number(w, i + 1, w->count, suffix);
		rc = finish(w->ask, between(w, w->pieces[i].from,
		    w->pieces[i].to), suffix, arena, &out->parts[i]);
		if (rc != NX_OK)
			return rc;
		out->has_url |= out->parts[i].has_url;
	}
	out->count = (size_t)w->count;
	return NX_OK;
}

/* The link is one that X will see as one, from end to end. */
static enum nx_rc
check_link(const struct nx_compose_ask *ask, struct nx_arena *arena,
    struct nx_err *err)
{
	struct nx_entity *found = NULL;
	struct nx_slice link = ask->link;
	size_t n = 0;
	enum nx_rc rc;

	if (link.n == 0)
		return NX_OK;
	rc = nx_find(link, NX_ENTITY_URL, arena, &found, &n);
	if (rc == NX_NO_MEMORY)
		return rc;
	if (rc == NX_OK && n == 1 && found->start == 0 &&
	    found->end == link.n && (strncasecmp(link.p, "https://", 8) == 0
	    || strncasecmp(link.p, "http://", 7) == 0))
		return NX_OK;
	return nx_fail(err, NX_INVALID,
	    "link must be one http:// or https:// URL, and nothing else.");
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
	const char *suffix;
	int32_t from = skip_blank(w, 0), to;
	int weight;
	enum nx_rc rc;

	if ((rc = ending(w->ask, arena, &suffix, &weight, err)) != NX_OK)
		return rc;
	to = choose(w, from, suffix, (int64_t)weight * SCALE);
	if (w->rc != NX_OK)
		return w->rc;
	if (to == NO_CUT)
		return nx_fail(err, NX_TEXT_TOO_LONG,
		    "The text begins with something that does not fit into"
		    " a post and cannot be cut.");
	out->truncated = true;
	return single(w->ask, between(w, from, to), suffix, arena, out);
}

/* The whole without white space at its ends, if that fits. */
static bool
trimmed_fits(struct work *w, int32_t from)
{
	struct nx_weight weight;

	if (!w->cuts.complete)
		return false;
	w->rc = nx_weigh(between(w, from, w->end), w->ask->limit, &weight);
	return w->rc == NX_OK && weight.valid;
}

/* Make what fits out of the text of `ask`, which does not fit as it is. */
static enum nx_rc
shorten(const struct nx_compose_ask *ask, int weighted_length,
    struct nx_arena *arena, struct nx_composed *out, struct nx_err *err)
{
	struct work w = {
		.ask = ask,
		.text = NX_BUF(ask->text.n + ask->link.n + SUFFIX_MAX),
	};
	int64_t most = (int64_t)ask->limit * SCALE *
	    (ask->on_long == NX_THREAD ? NX_PARTS_MAX : 1);
	enum nx_rc rc;

	if ((rc = nx_cuts_make(ask->text, most, &w.cuts)) != NX_OK)
		goto out;
	w.end = w.cuts.n;
	while (w.end > 0 && w.cuts.v[w.end - 1].blank)
		w.end--;
	if (trimmed_fits(&w, skip_blank(&w, 0)))
		rc = single(ask, between(&w, skip_blank(&w, 0), w.end), "",
		    arena, out);
	else if (w.rc != NX_OK)
		rc = w.rc;
	else if (ask->on_long == NX_REJECT)
		rc = nx_fail(err, NX_TEXT_TOO_LONG, "The text counts %d of %d"
		    " characters.", weighted_length, ask->limit);
	else
		rc = ask->on_long == NX_THREAD ? thread(&w, arena, out, err) :
		    truncate_text(&w, arena, out, err);
out:
	nx_cuts_free(&w.cuts);
	nx_buf_free(&w.text);
	return rc;
}

/* X takes one cashtag a post. */
static enum nx_rc
check_cashtags(const struct nx_composed *out, struct nx_err *err)
{
	struct nx_hits hits;
	enum nx_rc rc;
	size_t i;

	for (i = 0; i < out->count; i++) {
		int32_t k;
		int seen = 0;

		rc = scan(out->parts[i].text, &hits);
		for (k = 0; k < hits.n; k++)
			seen += hits.v[k].kind == NX_ENTITY_CASHTAG;
		nx_hits_free(&hits);
		if (rc != NX_OK)
			return rc;
		if (seen > 1)
			return nx_fail(err, NX_INVALID, "The text holds %d"
			    " cashtags; X takes one in a post.", seen);
	}
	return NX_OK;
}

enum nx_rc
nx_compose(const struct nx_compose_ask *ask, struct nx_arena *arena,
    struct nx_composed *out, struct nx_err *err)
{
	struct nx_weight whole;
	enum nx_rc rc;

	*out = (struct nx_composed){ 0 };
	if ((rc = check_characters(ask->text, err)) != NX_OK ||
	    (rc = check_link(ask, arena, err)) != NX_OK)
		return rc;
	if ((rc = nx_weigh(ask->text, ask->limit, &whole)) == NX_OK)
		rc = whole.valid ? single(ask, ask->text, "", arena, out) :
		    shorten(ask, whole.weighted_length, arena, out, err);
	if (rc == NX_OK)
		rc = check_cashtags(out, err);
	if (rc == NX_NO_MEMORY)
		nx_fail(err, rc, "There is no memory for the text.");
	if (rc != NX_OK)
		*out = (struct nx_composed){ 0 };
	return rc;
}
