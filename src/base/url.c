/* url.c - hosts, origins, local paths and query strings. */

#include "nx/base/url.h"

#include "nx/base/maxima.h"

/* Up to where the authority ends. */
static size_t
span_until(struct nx_slice s, const char *set)
{
	size_t i = 0;

	while (i < s.n && strchr(set, s.p[i]) == NULL)
		i++;
	return i;
}

static struct nx_slice
authority_of(struct nx_slice url, size_t scheme)
{
	struct nx_slice rest = { url.p + scheme, url.n - scheme };

	rest.n = span_until(rest, "/?#");
	return rest;
}

/* Four decimal numbers up to 255, spelled the one way that all agree on. */
static bool
is_ipv4(struct nx_slice host)
{
	for (int i = 0; i < 4; i++) {
		struct nx_slice part = nx_slice_cut(&host, '.');
		int64_t n;

		if (!nx_slice_decimal(part, &n) ||
		    (part.n > 1 && part.p[0] == '0'))
			return false;
		if (n > 255 || (host.p == NULL) != (i == 3))
			return false;
	}
	return true;
}

static bool
is_loopback(struct nx_slice host)
{
	return nx_slice_is_nocase(host, "localhost") ||
	    nx_slice_is(host, "[::1]") ||
	    (nx_slice_starts(host, "127.") && is_ipv4(host));
}

/* `:` and a number from 1 to 65535. */
static bool
is_port(struct nx_slice s)
{
	int64_t n;

	return s.n <= 6 && nx_slice_cut_prefix(&s, ":") &&
	    nx_slice_decimal(s, &n) && n > 0 && n <= 65535;
}

/* Of `http://` or `https://`; 0: it begins with neither. */
static size_t
scheme_length(struct nx_slice url)
{
	if (nx_slice_starts_nocase(url, "https://"))
		return 8;
	return nx_slice_starts_nocase(url, "http://") ? 7 : 0;
}

struct nx_slice
nx_url_host(struct nx_slice url)
{
	const struct nx_slice none = { NULL, 0 };
	struct nx_slice rest, host;
	bool v6;

	if (scheme_length(url) == 0)
		return none;
	host = rest = authority_of(url, scheme_length(url));
	v6 = nx_slice_starts(rest, "[");
	host.n = span_until(rest, v6 ? "]" : ":");
	if (v6 && host.n++ == rest.n)
		return none;		/* no bracket at its end */
	rest.p += host.n, rest.n -= host.n;
	if ((rest.n > 0 && !is_port(rest)) ||
	    memchr(host.p, '@', host.n) != NULL)
		return none;
	return host;
}

bool
nx_url_is_loopback(struct nx_slice url)
{
	return is_loopback(nx_url_host(url));
}

static bool
is_url_text(struct nx_slice url)
{
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];

		if (c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
			return false;
	}
	return true;
}

bool
nx_url_is_safe(struct nx_slice url)
{
	struct nx_slice host = nx_url_host(url);

	return is_url_text(url) && host.n > 0 &&
	    (scheme_length(url) == 8 || is_loopback(host));
}

struct nx_slice
nx_url_origin(struct nx_slice url)
{
	const size_t scheme = scheme_length(url);

	if (scheme == 0)
		return (struct nx_slice){ NULL, 0 };
	return (struct nx_slice){ url.p, scheme + authority_of(url, scheme).n };
}

bool
nx_url_is_local_path(struct nx_slice path)
{
	if (path.n == 0 || path.p[0] != '/' || path.n > NX_LOCAL_PATH_MAX)
		return false;
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c <= 0x20 || c >= 0x7f || c == '\\')
			return false;
	}
	/* `//host` leaves the site, and so may what decodes to it. */
	if (path.n > 1 && path.p[1] == '/')
		return false;
	if (path.n > 3 && path.p[1] == '%') {
		int c = nx_hex_digit(path.p[2]) * 16 + nx_hex_digit(path.p[3]);

		return c != '/' && c != '\\' && c > 0x20;
	}
	return true;
}

/* `plus`: what a `+` stands for, a space in queries and forms. */
static enum nx_rc
percent_decode(struct nx_slice in, char plus, struct nx_buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		int hi, lo;

		if (in.p[i] != '%') {
			nx_buf_addc(out, in.p[i] == '+' ? plus : in.p[i]);
			continue;
		}
		if (in.n - i < 3 || (hi = nx_hex_digit(in.p[i + 1])) < 0 ||
		    (lo = nx_hex_digit(in.p[i + 2])) < 0 || hi * 16 + lo == 0)
			return NX_MALFORMED;
		nx_buf_addc(out, (char)(hi * 16 + lo));
		i += 2;
	}
	return nx_buf_ok(out) ? NX_OK : NX_TOO_BIG;
}

enum nx_rc
nx_url_decode(struct nx_slice in, struct nx_buf *out)
{
	return percent_decode(in, '+', out);
}

enum nx_rc
nx_url_query(struct nx_slice query, const char *name, struct nx_buf *out)
{
	struct nx_slice found = { NULL, 0 };
	int times = 0;

	while (query.n > 0) {
		struct nx_slice value = nx_slice_cut(&query, '&');
		struct nx_slice key = nx_slice_cut(&value, '=');

		if (nx_slice_is(key, name)) {
			found = value;
			times++;
		}
	}
	if (times == 0)
		return NX_NOT_FOUND;
	return times > 1 ? NX_MALFORMED : percent_decode(found, ' ', out);
}

void
nx_url_add_query(struct nx_buf *out, struct nx_slice path, const char *name,
    const char *value)
{
	size_t mark = span_until(path, "#");
	bool has_query = span_until(path, "?#") < mark;

	nx_buf_add(out, path.p, mark);
	nx_buf_addc(out, has_query ? '&' : '?');
	nx_buf_adds(out, name);
	nx_buf_addc(out, '=');
	nx_buf_add_url(out, nx_slice_str(value));
	nx_buf_add(out, path.p + mark, path.n - mark);
}
