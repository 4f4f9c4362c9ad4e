/*
 * cut.c - walks a text cluster by cluster and judges the places between.
 *
 * ICU gives the clusters and the places where a line may break; the latter
 * know Thai, Lao, Khmer and Burmese words, and which signs may not begin or
 * end a line in Chinese and Japanese.
 */

#include "cut.h"

#include <stdlib.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

enum { URL_WEIGHT = 2300, EMOJI_WEIGHT = 200, NFC_MAX = 64, CLOSERS_MAX = 8 };

struct walk {
	struct nx_cuts	*c;
	UBreakIterator	*clusters, *lines;
	int32_t		 line;		/* next line break at or after */
	int32_t		 hit;		/* next entity */
	bool		 is_nfc;
};

static bool
is_blank(const struct nx_units *t, int32_t from, int32_t to)
{
	UChar32 c;

	while (from < to) {
		U16_NEXT(t->u, from, to, c);
		if (!u_isUWhiteSpace(c))
			return false;
	}
	return true;
}

/* The weight of a cluster that is in no URL. */
static int
weight_of(const struct walk *w, int32_t from, int32_t to)
{
	const struct nx_units *t = &w->c->t;
	const UChar *u = t->u;
	UChar nfc[NFC_MAX];
	UErrorCode ec = U_ZERO_ERROR;
	int weight = 0, span;
	UChar32 c;

	if ((span = nx_emoji_span(t, from)) > 0 && span <= to - from) {
		weight = EMOJI_WEIGHT;
		from += span;
	}
	if (!w->is_nfc && to > from + 1) {
		int32_t n = unorm2_normalize(unorm2_getNFCInstance(&ec),
		    u + from, to - from, nfc, NFC_MAX, &ec);

		/* A longer cluster is taken as it is, which is no less. */
		if (U_SUCCESS(ec)) {
			u = nfc;
			from = 0;
			to = n;
		}
	}
	while (from < to) {
		U16_NEXT(u, from, to, c);
		weight += nx_units_weight(c);
	}
	return weight;
}

/* Is `c` a full stop of a script that puts no space after it? */
static bool
is_wide_stop(UChar32 c)
{
	return c == 0x3002 || c == 0xff01 || c == 0xff1f || c == 0xff0e ||
	    c == 0xff61;
}

/* Does a sentence end before unit `i`?  `*wide`: no space is needed. */
static bool
sentence_ends(const struct nx_units *t, int32_t i, bool *wide)
{
	UChar32 c;
	int back;

	*wide = false;
	for (back = 0; i > 0 && back < CLOSERS_MAX; back++) {
		U16_PREV(t->u, 0, i, c);
		switch (u_charType(c)) {
		case U_END_PUNCTUATION:
		case U_FINAL_PUNCTUATION:
			continue;
		default:
			break;
		}
		if (c == '"' || c == '\'')
			continue;
		*wide = is_wide_stop(c);
		return u_hasBinaryProperty(c, UCHAR_S_TERM) || c == 0x2026;
	}
	return false;
}

/* Ends of lines in the white space that begins at `i`; 2 is enough. */
static int
newlines_at(const struct nx_units *t, int32_t i)
{
	int n = 0;

	for (; i < t->n && n < 2 && u_isUWhiteSpace(t->u[i]); i++) {
		if (t->u[i] == 0x2029)
			return 2;
		if (t->u[i] == '\n' || t->u[i] == 0x2028 ||
		    t->u[i] == 0x85 ||
		    (t->u[i] == '\r' && (i + 1 == t->n ||
		    t->u[i + 1] != '\n')))
			n++;
	}
	return n;
}

static enum nx_level
level_at(struct walk *w, const struct nx_cut *cut)
{
	const struct nx_units *t = &w->c->t;
	int lines = cut->blank ? newlines_at(t, cut->unit) : 0;
	bool wide, ends;

	if (lines > 0)
		return lines > 1 ? NX_CUT_PARAGRAPH : NX_CUT_SENTENCE;
	while (w->line != UBRK_DONE && w->line < cut->unit)
		w->line = ubrk_next(w->lines);
	if (!cut->blank && w->line != cut->unit)
		return NX_CUT_CLUSTER;
	ends = sentence_ends(t, cut->unit, &wide);
	if (ends && (cut->blank || wide))
		return NX_CUT_SENTENCE;
	return cut->blank ? NX_CUT_SPACE : NX_CUT_LINE;
}

/* The end of what may not be cut and begins at `i`; its weight. */
static int32_t
next_end(struct walk *w, int32_t i, int *weight)
{
	const struct nx_hits *hits = &w->c->hits;
	int32_t end = ubrk_following(w->clusters, i), at = i;

	if (end == UBRK_DONE)
		end = w->c->t.n;
	while (w->hit < hits->n && hits->v[w->hit].end <= i)
		w->hit++;
	*weight = 0;
	/* An entity may begin or end inside a cluster: take all of both. */
	while (w->hit < hits->n && hits->v[w->hit].start < end) {
		const struct nx_hit *h = &hits->v[w->hit++];

		if (h->kind == NX_ENTITY_URL) {
			if (h->start > at)
				*weight += weight_of(w, at, h->start);
			*weight += URL_WEIGHT;
			at = h->end;
		}
		if (h->end > end)
			end = ubrk_isBoundary(w->clusters, h->end) ? h->end :
			    ubrk_following(w->clusters, h->end);
	}
	if (at < end)
		*weight += weight_of(w, at, end);
	return end;
}

static size_t
utf8_length(const struct nx_units *t, int32_t from, int32_t to)
{
	size_t n = 0;
	UChar32 c;

	while (from < to) {
		U16_NEXT(t->u, from, to, c);
		n += U8_LENGTH(c);
	}
	return n;
}

static enum nx_rc
list(struct walk *w, int64_t max_weight)
{
	struct nx_cuts *c = w->c;
	const struct nx_units *t = &c->t;
	int32_t i = 0;
	bool leading = true;

	c->v = calloc((size_t)t->n + 1, sizeof(*c->v));
	if (c->v == NULL)
		return NX_NO_MEMORY;
	while (i < t->n && (c->v[c->n].weight <= max_weight ||
	    c->v[c->n - 1].blank)) {
		struct nx_cut *cut = &c->v[c->n + 1];
		int weight;
		int32_t end = next_end(w, i, &weight);
		bool blank = is_blank(t, i, end);

		*cut = (struct nx_cut){
			.byte = cut[-1].byte + utf8_length(t, i, end),
			.weight = cut[-1].weight + weight,
			.unit = end,
			.blank = end < t->n && u_isUWhiteSpace(t->u[end]),
		};
		/* White space goes with what follows it, or with neither. */
		cut->level = blank ? NX_CUT_CLUSTER : level_at(w, cut);
		cut[-1].blank = blank;
		if ((leading = leading && blank))
			max_weight += weight;
		c->n++;
		i = end;
	}
	c->v[c->n].blank = false;
	c->complete = i == t->n;
	return NX_OK;
}

static enum nx_rc
open_breaks(struct walk *w)
{
	const struct nx_units *t = &w->c->t;
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);

	w->clusters = ubrk_open(UBRK_CHARACTER, "en", t->u, t->n, &ec);
	w->lines = ubrk_open(UBRK_LINE, "en", t->u, t->n, &ec);
	w->is_nfc = U_SUCCESS(ec) &&
	    unorm2_spanQuickCheckYes(nfc, t->u, t->n, &ec) == t->n;
	return U_SUCCESS(ec) ? NX_OK : NX_NO_MEMORY;
}

enum nx_rc
nx_cuts_make(struct nx_slice text, int64_t max_weight, struct nx_cuts *out)
{
	struct walk w = { .c = out };
	enum nx_rc rc;

	*out = (struct nx_cuts){ 0 };
	if ((rc = nx_units_read(text, &out->t)) != NX_OK ||
	    (rc = nx_units_classify(&out->t)) != NX_OK)
		return rc;
	nx_scan(&out->t, NX_ENTITY_ALL, &out->hits);
	if (out->hits.failed)
		return NX_NO_MEMORY;
	if ((rc = open_breaks(&w)) == NX_OK)
		rc = list(&w, max_weight);
	if (w.clusters != NULL)
		ubrk_close(w.clusters);
	if (w.lines != NULL)
		ubrk_close(w.lines);
	return rc;
}

void
nx_cuts_free(struct nx_cuts *c)
{
	free(c->v);
	nx_hits_free(&c->hits);
	nx_units_free(&c->t);
	c->v = NULL;
}
