/*
 * cut.c - walks a text cluster by cluster and judges the places between.
 *
 * ICU gives the clusters and the places where a line may break; the latter
 * know Thai, Lao, Khmer and Burmese words, and which signs may not begin or
 * end a line in Chinese and Japanese.
 */

#include "cut.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ubrk.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "weigh.h"

enum {
	NFC_MAX = 64,		/* units of a cluster that is normalised */
	CLOSERS_MAX = 8,	/* looked at behind the end of a sentence */
	TITLE_MAX = 4,		/* letters of "Prof" */
};

/* Where the walk has come to. */
struct cutter {
	const struct nx_text	*text;
	UBreakIterator		*clusters, *lines, *sentences;
	int32_t			 line, sentence;	/* next such break */
	int32_t			 hit;			/* next entity */
};

static bool
is_white_space(const struct nx_units *t, int32_t from, int32_t to)
{
	UChar32 c;

	while (from < to) {
		U16_NEXT(t->u, from, to, c);
		if (!u_isUWhiteSpace(c))
			return false;
	}
	return true;
}

/* The weight of units that NFC changes; 0 when it does not. */
static int
nfc_weight(const struct nx_units *t, int32_t from, int32_t to)
{
	UErrorCode ec = U_ZERO_ERROR;
	UChar nfc[NFC_MAX];
	int32_t n, i = 0;
	int weight = 0;
	UChar32 c;

	/* A cluster that is too long for this is nothing that is written. */
	if (to - from > NFC_MAX || (to == from + 1 && t->u[from] < 0x300))
		return 0;
	n = unorm2_normalize(unorm2_getNFCInstance(&ec), t->u + from,
	    to - from, nfc, NFC_MAX, &ec);
	if (U_FAILURE(ec) || (n == to - from && u_memcmp(nfc, t->u + from,
	    n) == 0))
		return 0;
	while (i < n) {
		U16_NEXT(nfc, i, n, c);
		weight += nx_weight_of(c);
	}
	return weight;
}

/* The weight of a cluster, or a part of it, that is in no URL. */
static int
weigh_cluster(const struct nx_text *text, int32_t from, int32_t to)
{
	const struct nx_units *t = &text->units;
	int weight;
	UChar32 c;

	if (text->before != NULL)
		return text->before[to] - text->before[from];
	if ((weight = nfc_weight(t, from, to)) > 0)
		return weight;
	while (from < to) {
		int span = nx_emoji_at(t, from);

		if (span > 0) {
			from += span;
			weight += NX_WEIGHT_EMOJI;
			continue;
		}
		U16_NEXT(t->u, from, t->n, c);
		weight += nx_weight_of(c);
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

/* Does the word before unit `i` only seem to end with a full stop? */
static bool
is_title(const struct nx_units *t, int32_t i)
{
	static const char *const titles[] = {
		"Dr", "Mr", "Mrs", "Ms", "Mt", "No", "Prof", "St", "vs",
	};
	char word[TITLE_MAX + 1] = "";
	int32_t from = i;
	size_t k;

	while (from > 0 && i - from <= TITLE_MAX && u_isalpha(t->u[from - 1]))
		from--;
	if (i - from == 1)
		return true;
	if (i - from > TITLE_MAX)
		return false;
	for (k = 0; from + (int32_t)k < i; k++)
		word[k] = (char)(t->u[from + (int32_t)k] & 0x7f);
	for (k = 0; k < sizeof(titles) / sizeof(titles[0]); k++)
		if (strcmp(word, titles[k]) == 0)
			return true;
	return false;
}

/* May a sentence end before unit `i`?  `*wide`: no space is needed. */
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
		return u_hasBinaryProperty(c, UCHAR_S_TERM) &&
		    (c != '.' || back > 0 || !is_title(t, i));
	}
	return false;
}

/* Does ICU let a sentence begin at or behind white space at `i`? */
static bool
sentence_begins(struct cutter *w, int32_t i)
{
	const struct nx_units *t = &w->text->units;

	while (i < t->n && u_isUWhiteSpace(t->u[i]))
		i++;
	while (w->sentence != UBRK_DONE && w->sentence < i)
		w->sentence = ubrk_next(w->sentences);
	return w->sentence == i || i == t->n;
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
level_at(struct cutter *w, const struct nx_cut *cut)
{
	const struct nx_units *t = &w->text->units;
	int lines = cut->blank ? newlines_at(t, cut->unit) : 0;
	bool wide, ends;

	if (lines > 0)
		return lines > 1 ? NX_CUT_PARAGRAPH : NX_CUT_SENTENCE;
	while (w->line != UBRK_DONE && w->line < cut->unit)
		w->line = ubrk_next(w->lines);
	if (!cut->blank && w->line != cut->unit)
		return NX_CUT_CLUSTER;
	ends = sentence_ends(t, cut->unit, &wide);
	if (ends && (cut->blank || wide) && sentence_begins(w, cut->unit))
		return NX_CUT_SENTENCE;
	return cut->blank ? NX_CUT_SPACE : NX_CUT_LINE;
}

/* Is there a border of clusters between any two of these? */
static bool
is_plain(UChar c)
{
	return (c < 0x300 && c != '\r') || (c >= 0x3041 && c <= 0x3096) ||
	    (c >= 0x30a1 && c <= 0x30fa) || (c >= 0x4e00 && c <= 0x9fff);
}

static int32_t
cluster_end(const struct cutter *w, int32_t i)
{
	const struct nx_units *t = &w->text->units;
	int32_t end;

	if (i + 1 < t->n && is_plain(t->u[i]) && is_plain(t->u[i + 1]))
		return i + 1;
	end = ubrk_following(w->clusters, i);
	return end == UBRK_DONE ? t->n : end;
}

/* The end of what may not be cut and begins at `i`; its weight. */
static int32_t
next_end(struct cutter *w, int32_t i, int *weight)
{
	const struct nx_hits *hits = &w->text->hits;
	int32_t end = cluster_end(w, i), at = i;

	while (w->hit < hits->n && hits->v[w->hit].end <= i)
		w->hit++;
	*weight = 0;
	/* An entity may begin or end inside a cluster: take all of both. */
	while (w->hit < hits->n && hits->v[w->hit].start < end) {
		const struct nx_hit *h = &hits->v[w->hit++];

		if (h->kind == NX_ENTITY_URL) {
			if (h->start > at)
				*weight += weigh_cluster(w->text, at, h->start);
			*weight += NX_WEIGHT_URL;
			at = h->end;
		}
		if (h->end > end)
			end = ubrk_isBoundary(w->clusters, h->end) ? h->end :
			    ubrk_following(w->clusters, h->end);
	}
	if (at < end)
		*weight += weigh_cluster(w->text, at, end);
	return end;
}

static enum nx_rc
list_cuts(struct cutter *w, int64_t max_weight, struct nx_cuts *out)
{
	const struct nx_units *t = &w->text->units;
	int32_t i = 0;
	bool leading = true;

	out->v = calloc((size_t)t->n + 1, sizeof(*out->v));
	if (out->v == NULL)
		return NX_NO_MEMORY;
	while (i < t->n && (out->v[out->n].weight <= max_weight ||
	    out->v[out->n - 1].blank)) {
		struct nx_cut *cut = &out->v[out->n + 1];
		int weight;
		int32_t end = next_end(w, i, &weight);
		bool blank = is_white_space(t, i, end);

		*cut = (struct nx_cut){
			.byte = cut[-1].byte + nx_units_bytes(t, i, end),
			.weight = cut[-1].weight + weight,
			.unit = end,
			.blank = end < t->n && u_isUWhiteSpace(t->u[end]),
		};
		/* White space goes with what follows it, or with neither. */
		cut->level = blank ? NX_CUT_CLUSTER :
		    (uint8_t)level_at(w, cut);
		cut[-1].blank = blank;
		if ((leading = leading && blank))
			max_weight += weight;
		out->n++;
		i = end;
	}
	out->v[out->n].blank = false;
	out->complete = i == t->n;
	return NX_OK;
}

enum nx_rc
nx_cuts_list(const struct nx_text *text, int64_t max_weight,
    struct nx_cuts *out)
{
	const struct nx_units *t = &text->units;
	struct cutter w = { .text = text };
	UErrorCode ec = U_ZERO_ERROR;
	enum nx_rc rc;

	*out = (struct nx_cuts){ 0 };
	w.clusters = ubrk_open(UBRK_CHARACTER, "en", t->u, t->n, &ec);
	w.lines = ubrk_open(UBRK_LINE, "en", t->u, t->n, &ec);
	w.sentences = ubrk_open(UBRK_SENTENCE, "en", t->u, t->n, &ec);
	rc = U_SUCCESS(ec) ? list_cuts(&w, max_weight, out) : NX_NO_MEMORY;
	if (w.clusters != NULL)
		ubrk_close(w.clusters);
	if (w.lines != NULL)
		ubrk_close(w.lines);
	if (w.sentences != NULL)
		ubrk_close(w.sentences);
	return rc;
}

void
nx_cuts_free(struct nx_cuts *cuts)
{
	free(cuts->v);
	*cuts = (struct nx_cuts){ 0 };
}
