/* same_url.c - addresses, as they were written and as X tells them. */

#include "nx/base/maxima.h"
#include "same_url.h"

#include <unicode/uidna.h>

enum { ESCAPED = 0x100 };

/* Characters that part a path or query: escaped they mean another thing. */
static const char parting[] = "%/?#&=+;";

struct parts {
	struct nx_slice	host;
	struct nx_slice	rest;		/* port, path, query, fragment */
};

/* Cut the first `n` bytes off `s`. */
static struct nx_slice
cut_head(struct nx_slice *s, size_t n)
{
	const struct nx_slice head = nx_slice_head(*s, n);

	*s = nx_slice_tail(*s, n);
	return head;
}

/* X's own has several names. */
static struct nx_slice
one_of_x(struct nx_slice host)
{
	struct nx_slice bare = host;

	if (!nx_slice_cut_prefix_nocase(&bare, "www."))
		(void)nx_slice_cut_prefix_nocase(&bare, "mobile.");
	return nx_slice_is_nocase(bare, "x.com") ||
	    nx_slice_is_nocase(bare, "twitter.com") ? NX_SLICE("x.com") : host;
}

static struct parts
parts_of(struct nx_slice url)
{
	struct parts out;
	size_t n = 0;

	if (!nx_slice_cut_prefix_nocase(&url, "https://"))
		(void)nx_slice_cut_prefix_nocase(&url, "http://");
	while (n < url.n && memchr(":/?#", url.p[n], 4) == NULL)
		n++;
	out.host = one_of_x(cut_head(&url, n));
	out.rest = url;
	return out;
}

static int32_t
to_ascii(const UIDNA *idna, struct nx_slice host, char out[NX_HOST_MAX])
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode ec = U_ZERO_ERROR;
	int32_t n = uidna_nameToASCII_UTF8(idna, host.p, (int32_t)host.n,
	    out, NX_HOST_MAX, &info, &ec);

	return U_FAILURE(ec) || info.errors != 0 ? -1 : n;
}

static bool
is_same_host(struct nx_slice a, struct nx_slice b)
{
	UErrorCode ec = U_ZERO_ERROR;
	char one[NX_HOST_MAX] = "", other[NX_HOST_MAX] = "";
	int32_t n = -1;
	UIDNA *idna;

	if (nx_slice_eq_nocase(a, b))
		return true;
	if (a.n >= NX_HOST_MAX || b.n >= NX_HOST_MAX ||
	    (idna = uidna_openUTS46(UIDNA_DEFAULT, &ec)) == NULL)
		return false;
	if (U_SUCCESS(ec))
		n = to_ascii(idna, a, one);
	if (n >= 0 && to_ascii(idna, b, other) != n)
		n = -1;
	uidna_close(idna);
	return n >= 0 && nx_slice_eq_nocase((struct nx_slice){ one, (size_t)n },
	    (struct nx_slice){ other, (size_t)n });
}

/*
 * The next byte, percent-encoding undone where that changes nothing; `html`:
 * &amp; is one.
 */
static int
next_byte(struct nx_slice *s, bool html)
{
	int c = (unsigned char)s->p[0], high, low;

	if (html && c == '&' && nx_slice_starts_nocase(*s, "&amp;"))
		(void)cut_head(s, 4);
	if (c != '%' || s->n < 3 || (high = nx_hex_digit(s->p[1])) < 0 ||
	    (low = nx_hex_digit(s->p[2])) < 0) {
		(void)cut_head(s, 1);
		return c;
	}
	(void)cut_head(s, 3);
	c = high * 16 + low;
	return c <= ' ' || strchr(parting, c) != NULL ? ESCAPED | c : c;
}

static bool
is_same_text(struct nx_slice a, struct nx_slice b, bool html)
{
	while (a.n > 0 && b.n > 0)
		if (next_byte(&a, false) != next_byte(&b, html))
			return false;
	return a.n == b.n;
}

/* Only `meant` may have parameters beside, those of who counts clicks. */
static bool
is_same_query(struct nx_slice written, struct nx_slice meant, bool html)
{
	bool more = written.n > 0;
	struct nx_slice wanted = nx_slice_cut(&written, '&');

	while (meant.n > 0) {
		struct nx_slice given = nx_slice_cut(&meant, '&');

		if (html)
			(void)nx_slice_cut_prefix_nocase(&meant, "amp;");
		if (more && is_same_text(wanted, given, false)) {
			more = written.n > 0;
			wanted = nx_slice_cut(&written, '&');
		} else if (!nx_slice_starts_nocase(given, "utm_")) {
			return false;
		}
	}
	return !more;
}

/* A fragment is the browser's: `meant` may come without it. */
static bool
is_same_rest(struct nx_slice written, struct nx_slice meant, bool html)
{
	const struct nx_slice a = nx_slice_cut(&written, '#');
	const struct nx_slice b = nx_slice_cut(&meant, '#');
	struct nx_slice query = a, query_meant = b;

	if (meant.p != NULL && !is_same_text(written, meant, html))
		return false;
	return is_same_text(nx_slice_cut(&query, '?'),
	    nx_slice_cut(&query_meant, '?'), html) &&
	    is_same_query(query, query_meant, html);
}

/* Cut the port off; what follows begins with a `/`, written or not. */
static struct nx_slice
cut_port(struct nx_slice *rest)
{
	size_t n = 0;
	struct nx_slice port;

	while (n < rest->n && memchr("/?#", rest->p[n], 3) == NULL)
		n++;
	port = cut_head(rest, n);
	if (rest->n > 0 && rest->p[0] == '/')
		(void)cut_head(rest, 1);
	return port;
}

bool
nx_text_url_is_same(struct nx_slice written, struct nx_slice meant)
{
	struct parts a = parts_of(written), b = parts_of(meant);

	return a.host.n > 0 && is_same_host(a.host, b.host) &&
	    nx_slice_eq(cut_port(&a.rest), cut_port(&b.rest)) &&
	    (is_same_rest(a.rest, b.rest, false) ||
	    is_same_rest(a.rest, b.rest, true));
}

bool
nx_text_url_is_added(struct nx_slice meant)
{
	struct parts parts = parts_of(meant);
	struct nx_slice path = parts.rest, kind;

	if (!nx_slice_is_nocase(parts.host, "x.com"))
		return false;
	if (nx_slice_cut(&path, '/').n > 0 || nx_slice_cut(&path, '/').n == 0 ||
	    !nx_slice_is(nx_slice_cut(&path, '/'), "status") ||
	    !nx_slice_is_digits(nx_slice_cut(&path, '/')))
		return false;
	if (path.p == NULL)
		return true;
	kind = nx_slice_cut(&path, '/');
	return (nx_slice_is(kind, "photo") || nx_slice_is(kind, "video")) &&
	    nx_slice_is_digits(path);
}
