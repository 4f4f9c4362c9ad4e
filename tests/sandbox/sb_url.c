#include "sb_url.h"

#include <libpsl.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

enum { URL_MAX = 4096, LABEL_MAX = 63, TLD_MAX = 24, SLUG_MAX = 40 };

static bool
in(int32_t c, const char *set)
{
	return c > 0 && c < 128 && strchr(set, c) != NULL;
}

static bool
is_alnum(int32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_accented(int32_t c)
{
	static const int32_t others[] = { 0x253, 0x254, 0x256, 0x257, 0x259,
	    0x25b, 0x263, 0x268, 0x26f, 0x272, 0x289, 0x28b, 0x2bb };

	if (c >= 0xc0 && c <= 0x24f)
		return c != 0xd7 && c != 0xf7;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (c == others[i])
			return true;
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x1e00 && c <= 0x1eff);
}

static bool
is_forbidden(int32_t c)
{
	return c == 0xfffe || c == 0xfeff || c == 0xffff;
}

static bool
is_directional(int32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || c == 0x61c || c == 0x200e ||
	    c == 0x200f || (c >= 0x2066 && c <= 0x2069);
}

static bool
is_space(int32_t c)
{
	return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xa0 ||
	    c == 0x1680 || c == 0x180e || (c >= 0x2000 && c <= 0x200a) ||
	    c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
	    c == 0x3000;
}

/* A character of a domain's label, "-" and "_" apart. */
static bool
is_label_char(int32_t c, bool unicode)
{
	if (c < 128)
		return c > 0 && !is_space(c) &&
		    (unicode || is_alnum(c)) &&
		    !in(c, "!'#%&()*+,-./:;<=>?@[\\]^_{|}~$");
	if (!unicode)
		return is_accented(c);
	return !is_space(c) && !is_forbidden(c) && !is_directional(c);
}

static bool
may_precede(int32_t c)
{
	return !is_alnum(c) && !in(c, "@$#") && c != 0xff20 && c != 0xff03 &&
	    !is_forbidden(c);
}

/* Is cp[from..to) a top-level domain?  libpsl knows the list. */
static bool
is_tld(const int32_t *cp, size_t from, size_t to)
{
	const int type = PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE;
	char name[4 * TLD_MAX + 3] = "x.";
	int32_t len = 2;

	if (to - from > TLD_MAX)
		return false;
	for (size_t i = from; i < to; i++) {
		int32_t c = u_tolower(cp[i]);

		if (c < 128 && !is_alnum(c))
			return false;
		U8_APPEND_UNSAFE(name, len, c);
	}
	name[len] = '\0';
	/* Some have rules for "*.name" only: ask for both; za has none. */
	return strcmp(name + 2, "za") == 0 ||
	    psl_is_public_suffix2(psl_builtin(), name + 2, type) ||
	    psl_is_public_suffix2(psl_builtin(), name, type);
}

static bool
may_follow_tld(const int32_t *cp, size_t n, size_t at)
{
	return at >= n || (!is_alnum(cp[at]) && !in(cp[at], "@+-"));
}

/* End of the top-level domain that starts at cp[at], or 0. */
static size_t
tld_end(const int32_t *cp, size_t n, size_t at)
{
	static const char puny[] = "xn--";
	size_t end = at, k = 0;

	while (k < 4 && at + k < n && u_tolower(cp[at + k]) == puny[k])
		k++;
	if (k == 4) {
		for (end = at + 4; end < n && (is_alnum(cp[end]) ||
		    cp[end] == '-'); end++)
			;
		while (end > at + 4 && !may_follow_tld(cp, n, end))
			end--;
		return end > at + 4 ? end : 0;
	}
	while (end < n && end - at < TLD_MAX &&
	    is_label_char(cp[end], true))
		end++;
	for (; end > at + 1; end--)
		if (may_follow_tld(cp, n, end) && is_tld(cp, at, end))
			return end;
	return 0;
}

/* At most 63 bytes once it is punycode. */
static bool
label_fits(const int32_t *cp, size_t from, size_t to)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode rc = U_ZERO_ERROR;
	UChar in16[2 * LABEL_MAX], out16[256];
	int32_t len = 0;
	bool plain = true;
	UIDNA *idna;

	if (to - from > LABEL_MAX)
		return false;
	for (size_t i = from; i < to; i++) {
		plain = plain && cp[i] < 128;
		U16_APPEND_UNSAFE(in16, len, cp[i]);
	}
	if (plain)
		return true;
	if (len > 4 && u_strncasecmp(in16, u"xn--", 4, 0) == 0)
		return false;
	idna = uidna_openUTS46(UIDNA_DEFAULT, &rc);
	if (U_FAILURE(rc))
		return false;
	uidna_labelToASCII(idna, in16, len, out16, 256, &info, &rc);
	uidna_close(idna);
	return U_SUCCESS(rc) && (info.errors & UIDNA_ERROR_LABEL_TOO_LONG) == 0;
}

/* End of the label at cp[at]; 0 if it is none. *under: it holds a "_". */
static size_t
label_end(const int32_t *cp, size_t n, size_t at, bool unicode, bool *under)
{
	size_t end = at, last = 0;

	*under = false;
	for (; end < n; end++) {
		if (end - at > LABEL_MAX)
			return 0;	/* no longer one is in any URL */
		if (is_label_char(cp[end], unicode)) {
			last = end + 1;
		} else if (cp[end] == '_' && end > at && last > 0) {
			*under = true;
		} else if (cp[end] != '-' || end == at) {
			break;
		}
	}
	return last == end ? last : 0;	/* neither - nor _ may end it */
}

/*
 * End of the longest chain of labels from cp[at] whose last is a top-level
 * domain, or 0.  Only a label two or more before the end may hold a "_".
 */
static size_t
domain_end(const int32_t *cp, size_t n, size_t at, bool unicode)
{
	size_t best = 0, label = at;
	bool fits = true, best_fits = true, under;

	for (;;) {
		size_t end = label_end(cp, n, label, unicode, &under);

		if (end == 0 || end + 1 >= n || cp[end] != '.')
			break;
		fits = fits && label_fits(cp, label, end);
		label = end + 1;
		end = under ? 0 : tld_end(cp, n, label);
		if (end > 0) {
			best = end;
			best_fits = fits;
		}
	}
	return best_fits ? best : 0;
}

static bool
is_path_letter(int32_t c)
{
	return is_alnum(c) || is_accented(c) || (c >= 0x400 && c <= 0x4ff);
}

static bool
is_path_char(int32_t c)
{
	return is_path_letter(c) || c == 0x2013 ||
	    in(c, "!*';:=+,.$/%#[]-_~@|&");
}

/* End of a balanced "(...)", with one more pair inside at most, or 0. */
static size_t
parens_end(const int32_t *cp, size_t n, size_t at)
{
	size_t depth = 0, i;

	for (i = at; i < n; i++) {
		if (cp[i] == '(') {
			if (++depth > 2)
				return 0;
		} else if (cp[i] == ')') {
			if (--depth == 0)
				return i > at + 1 ? i + 1 : 0;
		} else if (!is_path_char(cp[i])) {
			return 0;
		}
	}
	return 0;
}

static size_t
path_end(const int32_t *cp, size_t n, size_t at)
{
	size_t last = at + 1, i = at + 1;

	while (i < n) {
		size_t end = cp[i] == '(' ? parens_end(cp, n, i) : 0;

		if (end > 0) {
			last = i = end;
			continue;
		}
		if (!is_path_char(cp[i]))
			break;
		if (is_path_letter(cp[i]) || in(cp[i], "+-=_#/"))
			last = i + 1;
		i++;
	}
	return last;
}

static size_t
query_end(const int32_t *cp, size_t n, size_t at)
{
	size_t last = at;

	for (size_t i = at + 1; i < n && (is_alnum(cp[i]) ||
	    in(cp[i], "!?*'@();:&=+$/%#[]-_.,~|")); i++)
		if (is_alnum(cp[i]) || in(cp[i], "-_&=#/"))
			last = i + 1;
	return last;
}

/* t.co takes letters and digits only; a longer slug makes it no URL. */
static bool
is_tco(const int32_t *cp, size_t from, size_t to)
{
	static const char name[] = "t.co";

	if (to - from != 4)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (u_tolower(cp[from + i]) != name[i])
			return false;
	return true;
}

static size_t
tco_end(const int32_t *cp, size_t n, size_t at)
{
	size_t end = at + 1;

	while (end < n && is_alnum(cp[end]))
		end++;
	if (end - at - 1 > SLUG_MAX)
		return 0;
	return end < n && cp[end] == '?' ? query_end(cp, n, end) : end;
}

static size_t
scheme_length(const int32_t *cp, size_t n, size_t at)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (int s = 0; s < 2; s++) {
		size_t len = strlen(schemes[s]), k = 0;

		while (k < len && at + k < n &&
		    u_tolower(cp[at + k]) == schemes[s][k])
			k++;
		if (k == len)
			return len;
	}
	return 0;
}

size_t
sb_url_at(const int32_t *cp, size_t n, size_t at)
{
	size_t scheme = scheme_length(cp, n, at), domain = at + scheme, end;
	size_t port;

	if (at > 0 && !may_precede(cp[at - 1]) && !is_directional(cp[at - 1]))
		return 0;
	if (scheme == 0 && at > 0 && in(cp[at - 1], "-_./"))
		return 0;
	end = domain_end(cp, n, domain, scheme > 0);
	if (end == 0)
		return 0;
	if (scheme > 0 && is_tco(cp, domain, end) && end < n &&
	    cp[end] == '/') {
		end = tco_end(cp, n, end);
		return end == 0 ? 0 : end - at;
	}
	for (port = end + 1; end < n && cp[end] == ':' && port < n &&
	    cp[port] >= '0' && cp[port] <= '9'; port++)
		;
	if (port > end + 1)
		end = port;
	if (end < n && cp[end] == '/')
		end = path_end(cp, n, end);
	if (end < n && cp[end] == '?')
		end = query_end(cp, n, end);
	return end - at > URL_MAX ? 0 : end - at;
}
