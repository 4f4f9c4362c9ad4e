/* url.c - origins, local paths and query strings. */

#include "nx/base/url.h"

#include <strings.h>

static bool
starts(struct nx_slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && strncasecmp(s.p, with, n) == 0;
}

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
authority(struct nx_slice url, size_t scheme)
{
	struct nx_slice rest = { url.p + scheme, url.n - scheme };

	rest.n = span_until(rest, "/?#");
	return rest;
}

static bool
is_loopback(struct nx_slice host)
{
	size_t dots = 0;

	if (starts(host, "[::1]"))
		return host.n == 5 || host.p[5] == ':';
	host.n = span_until(host, ":");
	if (host.n == 9 && starts(host, "localhost"))
		return true;
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == '.')
			dots++;
		else if (host.p[i] < '0' || host.p[i] > '9')
			return false;
	}
	return dots == 3 && starts(host, "127.");
}

static bool
clean(struct nx_slice url)
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
	struct nx_slice host;
	bool https = starts(url, "https://");

	if ((!https && !starts(url, "http://")) || !clean(url))
		return false;
	host = authority(url, https ? 8 : 7);
	if (host.n == 0 || host.p[0] == ':' ||
	    memchr(host.p, '@', host.n) != NULL)
		return false;
	return https || is_loopback(host);
}

struct nx_slice
nx_url_origin(struct nx_slice url)
{
	size_t scheme;
	struct nx_slice host;

	if (starts(url, "https://"))
		scheme = 8;
	else if (starts(url, "http://"))
		scheme = 7;
	else
		return (struct nx_slice){ NULL, 0 };
	host = authority(url, scheme);
	return (struct nx_slice){ url.p, scheme + host.n };
}

bool
nx_url_is_local_path(struct nx_slice path)
{
	if (path.n == 0 || path.p[0] != '/' || path.n > 1000)
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

static enum nx_rc
decode(struct nx_slice in, struct nx_buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		int hi, lo;

		if (in.p[i] != '%') {
			nx_buf_addc(out, in.p[i] == '+' ? ' ' : in.p[i]);
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
	return times > 1 ? NX_MALFORMED : decode(found, out);
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
