#include "sb_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "sb_buf.h"
#include "sb_url.h"

enum { URL_WEIGHT = 23, EMOJI_WEIGHT = 2, EMOJI_MAX = 16 };

/* Code points, and where each starts in the UTF-8. */
struct points {
	int32_t	*cp;
	size_t	*at;			/* n + 1 of them */
	size_t	 n;
};

static char *
normalised(const char *text, size_t len, size_t *out_len)
{
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&rc);
	UChar *in16 = sb_alloc(len + 1, sizeof *in16);
	UChar *out16 = sb_alloc(3 * len + 1, sizeof *out16);
	char *out = sb_alloc(9 * len + 1, 1);
	int32_t n, m, bytes = 0;

	u_strFromUTF8(in16, (int32_t)len + 1, &n, text, (int32_t)len, &rc);
	if (U_SUCCESS(rc)) {
		m = unorm2_normalize(nfc, in16, n, out16,
		    (int32_t)(3 * len + 1), &rc);
		u_strToUTF8(out, (int32_t)(9 * len + 1), &bytes, out16, m,
		    &rc);
	}
	free(in16);
	free(out16);
	if (U_FAILURE(rc)) {
		free(out);
		return NULL;
	}
	out[bytes] = '\0';
	*out_len = (size_t)bytes;
	return out;
}

static void
split(const struct sb_text *t, struct points *out)
{
	int32_t i = 0, len = (int32_t)t->len;

	out->cp = sb_alloc(t->len + 1, sizeof *out->cp);
	out->at = sb_alloc(t->len + 1, sizeof *out->at);
	out->n = 0;
	while (i < len) {
		out->at[out->n] = (size_t)i;
		U8_NEXT(t->utf8, i, len, out->cp[out->n]);
		out->n++;
	}
	out->at[out->n] = t->len;
}

/* The characters that take part in emoji of more than one code point. */
static bool
in_emoji(int32_t c)
{
	return c == 0x200d || c == 0xfe0f || c == 0x20e3 ||
	    (c >= 0xe0020 && c <= 0xe007f) ||
	    u_hasBinaryProperty(c, UCHAR_EMOJI_COMPONENT) ||
	    u_hasBinaryProperty(c, UCHAR_EMOJI);
}

/*
 * Is cp[0..n) an emoji that is recommended for interchange, be it written
 * with or without its variation selectors?
 */
static bool
is_emoji(const int32_t *cp, size_t n)
{
	UChar text[4 * EMOJI_MAX];
	int32_t len = 0;

	for (size_t i = 0; i < n; i++) {
		bool keycap, skin;

		if (cp[i] == 0xfe0f)
			continue;
		U16_APPEND_UNSAFE(text, len, cp[i]);
		keycap = n > 1 && cp[n - 1] == 0x20e3 && i == 0;
		skin = i + 1 < n && u_hasBinaryProperty(cp[i + 1],
		    UCHAR_EMOJI_MODIFIER);
		if (keycap || (u_hasBinaryProperty(cp[i], UCHAR_EMOJI) &&
		    !u_hasBinaryProperty(cp[i], UCHAR_EMOJI_PRESENTATION) &&
		    !u_hasBinaryProperty(cp[i], UCHAR_EMOJI_MODIFIER) &&
		    !skin && cp[i] > 0x7f))
			text[len++] = 0xfe0f;
	}
	return u_stringHasBinaryProperty(text, len, UCHAR_RGI_EMOJI);
}

/*
 * Length of the emoji at cp[0], 0 for none.  One code point alone weighs what
 * its code point weighs, so only longer ones are looked for.
 */
static size_t
emoji_length(const int32_t *cp, size_t n)
{
	size_t most = 0;

	while (most < n && most < EMOJI_MAX && in_emoji(cp[most]))
		most++;
	for (; most > 1; most--)
		if (is_emoji(cp, most))
			return most;
	return 0;
}

static bool
is_light(int32_t c)
{
	return c <= 0x10ff || (c >= 0x2000 && c <= 0x200d) ||
	    (c >= 0x2010 && c <= 0x201f) || (c >= 0x2032 && c <= 0x2037);
}

/* What starts at cp[i] and weighs as one; its length and its weight. */
static size_t
weigh_one(const struct points *p, size_t i, bool *url, long *weight)
{
	size_t len = sb_url_at(p->cp, p->n, i);

	*url = len > 0;
	*weight = URL_WEIGHT;
	if (len > 0)
		return len;
	*weight = EMOJI_WEIGHT;
	len = emoji_length(p->cp + i, p->n - i);
	if (len > 0)
		return len;
	*weight = is_light(p->cp[i]) ? 1 : 2;
	return 1;
}

static void
add_mark(struct sb_text *t, size_t *room, struct sb_mark mark)
{
	if (t->mark_count == *room) {
		*room = *room * 2 + 4;
		t->marks = sb_realloc(t->marks, *room, sizeof *t->marks);
	}
	t->marks[t->mark_count++] = mark;
	t->cashtags += mark.kind == SB_CASHTAG;
}

/*
 * The marks of what lies between two URLs, which they must not reach into:
 * they never change what a text weighs.
 */
static void
mark(const struct points *p, struct sb_text *t, size_t *room, size_t from,
    size_t to)
{
	enum sb_mark_kind kind;
	size_t len;

	for (size_t i = from; i < to; i += len > 0 ? len : 1) {
		len = sb_mark_at(p->cp, p->n, i, &kind);
		if (len > 0 && i + len <= to)
			add_mark(t, room, (struct sb_mark){ kind, p->at[i],
			    p->at[i + len] });
	}
}

static void
measure(const struct points *p, struct sb_text *t)
{
	size_t room = 0, done = 0, i = 0, len;
	long weight, lead = 0;
	bool url;

	while (i < p->n) {
		len = weigh_one(p, i, &url, &weight);
		if (url) {
			mark(p, t, &room, done, i);
			done = i + len;
			add_mark(t, &room, (struct sb_mark){ SB_URL,
			    p->at[i], p->at[done] });
		}
		t->forbidden |= p->cp[i] == 0xfffe || p->cp[i] == 0xfeff ||
		    p->cp[i] == 0xffff;
		t->weight += weight;
		i += len;
		if (p->at[i] <= t->from)
			lead = t->weight;
		if (t->weight - lead <= SB_WEIGHT_MAX)
			t->brief = p->at[i];
	}
	mark(p, t, &room, done, p->n);
}

static void
trim(const struct points *p, struct sb_text *t)
{
	size_t from = 0, to = p->n;

	while (from < to && u_isUWhiteSpace(p->cp[from]))
		from++;
	while (to > from && u_isUWhiteSpace(p->cp[to - 1]))
		to--;
	t->from = p->at[from];
	t->to = p->at[to];
	t->blank = from == to;
}

bool
sb_text_read(const char *text, size_t len, struct sb_text *out)
{
	struct points p;

	*out = (struct sb_text){ 0 };
	out->utf8 = normalised(text, len, &out->len);
	if (out->utf8 == NULL)
		return false;
	split(out, &p);
	trim(&p, out);
	measure(&p, out);
	free(p.cp);
	free(p.at);
	return true;
}

void
sb_text_free(struct sb_text *t)
{
	free(t->utf8);
	free(t->marks);
	*t = (struct sb_text){ 0 };
}

static bool
in_handle(char c)
{
	return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", c) != NULL;
}

bool
sb_text_mentions(const char *text, const char *handle)
{
	size_t len = strlen(handle);

	for (const char *at = text; (at = strchr(at, '@')) != NULL; at++)
		if ((at == text || !in_handle(at[-1])) &&
		    strncasecmp(at + 1, handle, len) == 0 &&
		    !in_handle(at[1 + len]))
			return true;
	return false;
}
