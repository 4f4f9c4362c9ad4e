/* secret.c - a server may repeat to us what we sent: it is overwritten. */

#include <string.h>

#include "client.h"

/* How many bytes at `p` stand for `c`, encoded or plain; 0: they do not. */
static size_t
stands_for(const char *p, const char *end, char c)
{
	static const char unicode[] = "\\u00";
	const size_t lead = *p == '%' ? 1 : sizeof(unicode) - 1;

	if (*p != '%' && *p != '\\')
		return *p == c;
	if ((size_t)(end - p) >= lead + 2 &&
	    (lead == 1 || memcmp(p, unicode, lead) == 0) &&
	    nx_hex_digit(p[lead]) == (unsigned char)c >> 4 &&
	    nx_hex_digit(p[lead + 1]) == (c & 15))
		return lead + 2;
	if (end - p >= 2 && p[0] == '\\' && p[1] == c &&
	    (c == '/' || c == '"' || c == '\\'))
		return 2;
	return *p == c;
}

/* Bytes that `secret` takes at `p`; 0: it is not there. */
static size_t
match_secret(const char *p, const char *end, const char *secret)
{
	const char *at = p;

	for (; *secret != '\0'; secret++) {
		size_t n = at < end ? stands_for(at, end, *secret) : 0;

		if (n == 0)
			return 0;
		at += n;
	}
	return (size_t)(at - p);
}

static void
blank_secret(char *p, size_t n, const char *secret)
{
	const char *end = p + n;

	if (secret == NULL || strlen(secret) < NX_HTTP_SECRET_MIN)
		return;
	while (p < end) {
		size_t len = match_secret(p, end, secret);

		memset(p, '*', len);
		p += len > 0 ? len : 1;
	}
}

void
nx_http_blank_secrets(struct nx_http *http, struct nx_http_answer *out)
{
	const struct nx_http_ask *ask = http->ask;
	const char *sent = strrchr(nx_buf_str(&http->auth), ' ');
	const char *const *more = out->status / 100 == 2 ? NULL :
	    ask->secrets;
	const char *all[2] = { sent == NULL ? NULL : sent + 1,
	    ask->basic_password };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		blank_secret(http->body.p, out->body.n, all[i]);
		blank_secret(out->why, strlen(out->why), all[i]);
	}
	for (; more != NULL && *more != NULL; more++) {
		blank_secret(http->body.p, out->body.n, *more);
		blank_secret(out->why, strlen(out->why), *more);
	}
}
