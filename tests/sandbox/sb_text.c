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

static void
measure(const struct points *p, struct sb_text *t)
{
	size_t room = 0, i = 0, len;

	while (i < p->n) {
		len = sb_url_at(p->cp, p->n, i);
		if (len > 0) {
			if (t->url_count == room) {
				room = room * 2 + 4;
				t->urls = sb_realloc(t->urls, room,
				    sizeof *t->urls);
			}
			t->urls[t->url_count++] = (struct sb_span){
			    p->at[i], p->at[i + len] };
			t->weight += URL_WEIGHT;
			i += len;
			continue;
		}
		len = emoji_length(p->cp + i, p->n - i);
		if (len > 0) {
			t->weight += EMOJI_WEIGHT;
			i += len;
			continue;
		}
		t->weight += is_light(p->cp[i]) ? 1 : 2;
		t->forbidden |= p->cp[i] == 0xfffe || p->cp[i] == 0xfeff ||
		    p->cp[i] == 0xffff;
		i++;
	}
}

static size_t
letters(const struct points *p, size_t at)
{
	size_t n = 0;

	while (at + n < p->n && p->cp[at + n] < 128 &&
	    u_isalpha(p->cp[at + n]))
		n++;
	return n;
}

/* "$" and 1-6 letters, perhaps "." or "_" and 1-2 more, standing alone. */
static bool
cashtag_at(const struct points *p, size_t at)
{
	size_t end = at + 1, n = letters(p, end);

	if (p->cp[at] != '$' || (at > 0 && !u_isUWhiteSpace(p->cp[at - 1])))
		return false;
	if (n < 1 || n > 6)
		return false;
	end += n;
	if (end < p->n && (p->cp[end] == '.' || p->cp[end] == '_')) {
		n = letters(p, end + 1);
		if (n == 1 || n == 2)
			end += n + 1;
	}
	return end == p->n || u_isUWhiteSpace(p->cp[end]) ||
	    u_ispunct(p->cp[end]);
}

bool
sb_text_read(const char *text, size_t len, struct sb_text *out)
{
	struct points p;

	*out = (struct sb_text){ .blank = true };
	out->utf8 = normalised(text, len, &out->len);
	if (out->utf8 == NULL)
		return false;
	split(out, &p);
	measure(&p, out);
	for (size_t i = 0; i < p.n; i++) {
		out->cashtags += cashtag_at(&p, i);
		out->blank = out->blank && u_isUWhiteSpace(p.cp[i]);
	}
	free(p.cp);
	free(p.at);
	return true;
}

void
sb_text_free(struct sb_text *t)
{
	free(t->utf8);
	free(t->urls);
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
