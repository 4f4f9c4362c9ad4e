/* tags.c - mentions, hashtags and cashtags, as twitter-text extracts them. */

#include <unicode/utf16.h>

#include "nx/base/maxima.h"
#include "scan.h"

static bool
is_at(UChar c)
{
	return c == '@' || c == 0xff20;
}

static bool
is_hash(UChar c)
{
	return c == '#' || c == 0xff03;
}

static bool
is_name(UChar c)
{
	return nx_is_alnum(c) || c == '_';
}

/* "://" at `i`: then what stands before it is a scheme. */
static bool
scheme_at(const struct nx_units *t, int32_t i)
{
	return i + 2 < t->n && t->u[i] == ':' && t->u[i + 1] == '/' &&
	    t->u[i + 2] == '/';
}

/* May a mention begin at `i`, with nothing before `from` to be looked at? */
static bool
mention_may_begin(const struct nx_units *t, int32_t i, int32_t from)
{
	UChar before;

	if (i == 0)
		return true;
	if (i - 1 < from)
		return false;
	if ((t->cls[i - 1] & NX_C_BEFORE_MENTION) != 0)
		return true;
	/* "RT@name": R and T after something that is not a name */
	if (i - 2 < from || (t->u[i - 1] | 0x20) != 't' ||
	    (t->u[i - 2] | 0x20) != 'r')
		return false;
	if (i == 2)
		return true;
	before = t->u[i - 3];
	return i - 3 >= from && !is_name(before) && before != '+' &&
	    before != '~' && before != '.' && before != '-';
}

/* "/list" at `i`: its end, or `i`. */
static int32_t
list_end(const struct nx_units *t, int32_t i)
{
	int32_t j = i + 1;

	if (j >= t->n || t->u[i] != '/' || !nx_is_letter(t->u[j]))
		return i;
	while (j < t->n && j - i <= NX_LIST_NAME_MAX &&
	    (is_name(t->u[j]) || t->u[j] == '-'))
		j++;
	return j;
}

void
nx_scan_mentions(const struct nx_units *t, struct nx_hits *out)
{
	int32_t i, j, from = 0;

	for (i = 0; i < t->n; i++) {
		if (!is_at(t->u[i]) || !mention_may_begin(t, i, from))
			continue;
		for (j = i + 1; j < t->n && j - i <= NX_SCREEN_NAME_MAX &&
		    is_name(t->u[j]); j++)
			;
		if (j == i + 1)
			continue;
		from = list_end(t, j);
		if (from >= t->n || !(is_at(t->u[from]) ||
		    (t->cls[from] & NX_C_LATIN) != 0 || scheme_at(t, from)))
			nx_hits_add(out, (struct nx_hit){ NX_ENTITY_MENTION,
			    i, from, from - i });
	}
}

static bool
hashtag_may_begin(const struct nx_units *t, int32_t i, int32_t from)
{
	int32_t j = i;
	UChar32 c;

	if (i == 0)
		return true;
	if (i <= from)
		return false;
	U16_PREV(t->u, from, j, c);
	if (c == 0xfe0e || c == 0xfe0f)
		return true;
	return (t->cls[j] & NX_C_TAG) == 0 && c != '&' && !U_IS_SURROGATE(c);
}

void
nx_scan_hashtags(const struct nx_units *t, struct nx_hits *out)
{
	int32_t i, j, from = 0;
	uint32_t all;

	for (i = 0; i < t->n; i++) {
		if (!is_hash(t->u[i]) || !hashtag_may_begin(t, i, from))
			continue;
		if (i + 1 < t->n && (t->u[i + 1] == 0xfe0f ||
		    t->u[i + 1] == 0x20e3))
			continue;
		all = 0;
		for (j = i + 1; j < t->n && (t->cls[j] & NX_C_TAG) != 0;) {
			all |= t->cls[j];
			U16_FWD_1(t->u, j, t->n);
		}
		if ((all & NX_C_TAG_ALPHA) == 0)
			continue;
		from = j;
		if (j >= t->n || !(is_hash(t->u[j]) || scheme_at(t, j)))
			nx_hits_add(out, (struct nx_hit){ NX_ENTITY_HASHTAG,
			    i, j, j - i });
	}
}

/* "._" and one or two letters, if a cashtag may end there. */
static int32_t
cashtag_end(const struct nx_units *t, int32_t i)
{
	int32_t j = i + 1;

	if (i < t->n && (t->u[i] == '.' || t->u[i] == '_')) {
		while (j < t->n && j < i + 3 && nx_is_letter(t->u[j]))
			j++;
		if (j > i + 1 && (j >= t->n ||
		    (t->cls[j] & NX_C_CASHTAG_END) != 0))
			return j;
	}
	return i >= t->n || (t->cls[i] & NX_C_CASHTAG_END) != 0 ? i : 0;
}

void
nx_scan_cashtags(const struct nx_units *t, struct nx_hits *out)
{
	int32_t i, j, from = 0;

	for (i = 0; i < t->n; i++) {
		if (t->u[i] != '$' || (i > 0 && (i - 1 < from ||
		    (t->cls[i - 1] & NX_C_SPACE) == 0)))
			continue;
		for (j = i + 1; j < t->n && j - i <= NX_CASHTAG_MAX &&
		    nx_is_letter(t->u[j]); j++)
			;
		if (j == i + 1 || (j = cashtag_end(t, j)) == 0)
			continue;
		from = j;
		nx_hits_add(out, (struct nx_hit){ NX_ENTITY_CASHTAG, i, j,
		    j - i });
	}
}
