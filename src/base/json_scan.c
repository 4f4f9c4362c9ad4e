/*
 * json_scan.c - what json-c lets pass.
 *
 * It takes overlong UTF-8, 'names' in single quotes, NaN, Infinity, -01 and 1.
 * and turns a lone surrogate into U+FFFD, also when it is told to be strict.
 * One pass over the text finds these; for a lenient reader the same pass makes
 * a copy with the odd characters mended.
 */

#include "json_scan.h"

#include "nx/base/json.h"
#include "nx/base/utf8.h"

static void
copy_until(struct nx_json_scan *s, const char *p)
{
	if (p > s->from)
		nx_buf_add(s->mended, s->from, (size_t)(p - s->from));
	s->from = p;
}

/* `n` bytes at `p`, in a string, stand for no character that we keep. */
static void
mend_bytes(struct nx_json_scan *s, const char *p, size_t n, const char *what)
{
	if (s->mended == NULL) {
		s->wrong = what;
		return;
	}
	copy_until(s, p);
	nx_buf_adds(s->mended, NX_UTF8_REPLACEMENT);
	s->from = p + n;
}

static int
read_hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = nx_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* `p` follows `\u`; returns what follows the escape, its pair included. */
static const char *
scan_unicode(const char *p, const char *end, struct nx_json_scan *s)
{
	int v = read_hex4(p, end), low;

	if (v < 0)
		return p;	/* json-c says what is wrong */
	p += 4;
	if (v == 0)
		mend_bytes(s, p - 6, 6, "a string holds U+0000");
	if (v >= 0xdc00 && v <= 0xdfff)
		mend_bytes(s, p - 6, 6, "a string holds a lone surrogate");
	if (v < 0xd800 || v > 0xdbff)
		return p;
	low = end - p > 2 && p[0] == '\\' && p[1] == 'u' ?
	    read_hex4(p + 2, end) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		mend_bytes(s, p - 6, 6, "a string holds a lone surrogate");
		return p;
	}
	return p + 6;
}

/* `p` follows the opening quote; returns what follows the closing one. */
static const char *
scan_string(const char *p, const char *end, struct nx_json_scan *s)
{
	while (p < end && *p != '"') {
		size_t n = nx_utf8_length(p, (size_t)(end - p));

		if (n == 0)
			mend_bytes(s, p, 1, "a string is not UTF-8");
		else if (*p == '\0')
			mend_bytes(s, p, 1, "a string holds a NUL byte");
		else if ((unsigned char)*p < 0x20)
			s->wrong = "a string holds a control character";
		if (*p != '\\' || end - p == 1)
			p += n == 0 ? 1 : n;
		else if (p[1] == 'u')
			p = scan_unicode(p + 2, end, s);
		else
			p += 2;
	}
	return p < end ? p + 1 : end;
}

static const char *
scan_digits(const char *p, const char *end, struct nx_json_scan *s)
{
	const char *from = p;

	while (p < end && nx_is_digit(*p))
		p++;
	if (p == from)
		s->wrong = "a number is not written as JSON has it";
	return p;
}

/* RFC 8259 section 6; `p` is at the minus or the first digit. */
static const char *
scan_number(const char *p, const char *end, struct nx_json_scan *s)
{
	const char *from;

	if (*p == '-')
		p++;
	from = p;
	p = scan_digits(p, end, s);
	if (p - from > 1 && *from == '0')
		s->wrong = "a number begins with 0";
	if (p < end && *p == '.')
		p = scan_digits(p + 1, end, s);
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = scan_digits(p, end, s);
	}
	return p;
}

struct nx_json_scan
nx_json_scan(struct nx_slice text, struct nx_buf *mended)
{
	const char *p = text.p, *end = text.p + text.n;
	struct nx_json_scan s = { .mended = mended, .from = p };

	while (p < end) {
		char c = *p++;

		if (c == ':')
			s.colons++;
		else if (c == '"')
			p = scan_string(p, end, &s);
		else if (c == '-' || nx_is_digit(c))
			p = scan_number(p - 1, end, &s);
		else if ((c == '{' || c == '[') && ++s.depth > NX_JSON_DEPTH)
			s.wrong = "it is nested too deep";
		else if (c == '}' || c == ']')
			s.depth--;
		else if (c == '\0')
			s.wrong = "it holds a NUL byte";
		else if (c == '\'' || c == 'N' || c == 'I')
			s.wrong = "it is not JSON but JavaScript";
	}
	if (mended != NULL && mended->n > 0)
		copy_until(&s, end);
	return s;
}
