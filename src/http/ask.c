/* ask.c - a request as libcurl takes it. */

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "nx/base/base64.h"
#include "nx/base/url.h"

enum { ONCE_BODY = 8 * 1024 - 1 };	/* an answer that comes once fits it */

/* Neither a second header nor a second request can hide in it. */
static bool
is_bearer(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= 0x20 || *s >= 0x7f)
			return false;
	}
	return true;
}

/* The Authorization line, empty when none is wanted. */
static bool
write_auth(const struct nx_http_ask *ask, struct nx_buf *out)
{
	struct nx_buf pair = NX_BUF_SECRET(out->max / 2);

	nx_buf_reset(out);
	if (ask->bearer != NULL) {
		nx_buf_adds(out, "Authorization: Bearer ");
		nx_buf_adds(out, ask->bearer);
		return nx_buf_ok(out) && is_bearer(ask->bearer);
	}
	if (ask->basic_user == NULL)
		return true;
	nx_buf_adds(&pair, ask->basic_user);
	nx_buf_addc(&pair, ':');
	if (ask->basic_password != NULL)
		nx_buf_adds(&pair, ask->basic_password);
	nx_buf_adds(out, "Authorization: Basic ");
	nx_base64_add(out, pair.p, pair.n);
	out->failed |= pair.failed;
	nx_buf_free(&pair);
	return nx_buf_ok(out);
}

/* Are they few enough, and each of them one line? */
static bool
are_lines(char *const *headers)
{
	size_t n = 0;

	for (; headers != NULL && headers[n] != NULL; n++) {
		if (n == NX_HTTP_HEADERS_MAX)
			return false;
		for (const char *s = headers[n]; *s != '\0'; s++) {
			if (*s < 0x20 || *s == 0x7f)
				return false;
		}
	}
	return true;
}

/* A list made by hand: libcurl reads it and neither copies nor frees it. */
static void
set_headers(struct nx_http *http, const struct nx_http_ask *ask)
{
	struct curl_slist *list = http->headers;
	const char *type = ask->content_type;
	size_t n = 0;

	/* No type given: an empty line keeps libcurl from inventing one. */
	(void)snprintf(http->type, sizeof(http->type), "Content-Type:%s%s",
	    type == NULL ? "" : " ", type == NULL ? "" : type);
	list[n++].data = http->type;
	list[n++].data = http->expect;
	if (http->auth.n > 0)
		list[n++].data = http->auth.p;
	for (size_t i = 0; ask->headers != NULL && ask->headers[i] != NULL;
	    i++)
		list[n++].data = ask->headers[i];
	for (size_t i = 0; i < n; i++)
		list[i].next = i + 1 < n ? &list[i + 1] : NULL;
	SET(http, CURLOPT_HTTPHEADER, list);
}

/*
 * A body that cannot be rewound is what stops libcurl from sending a request
 * again; and only a reused connection is tried again.
 */
static void
set_repetition(struct nx_http *http, const struct nx_http_ask *ask)
{
	SET(http, CURLOPT_VERBOSE, ask->once ? 1L : 0L);
	SET(http, CURLOPT_SEEKFUNCTION, ask->once ? NULL : nx_http_on_seek);
	SET(http, CURLOPT_FRESH_CONNECT,
	    nx_http_kept_will_do(http) ? 0L : 1L);
	SET(http, CURLOPT_MAXLIFETIME_CONN,
	    ask->age_s > 0 ? (long)ask->age_s : (long)NX_HTTP_AGE_S);
}

static bool
has_body(const struct nx_http_ask *ask)
{
	return strcmp(ask->method, "POST") == 0 ||
	    strcmp(ask->method, "PUT") == 0;
}

static void
set_method(struct nx_http *http, const struct nx_http_ask *ask)
{
	const bool body = has_body(ask);
	const bool plain = strcmp(ask->method, "POST") == 0 ||
	    strcmp(ask->method, "GET") == 0;

	http->whole = !body ? 0 : ask->source != NULL ? ask->source->n :
	    (int64_t)ask->body.n;
	if (body)
		SET(http, CURLOPT_POST, 1L);
	else
		SET(http, CURLOPT_HTTPGET, 1L);
	SET(http, CURLOPT_CUSTOMREQUEST, plain ? NULL : ask->method);
	SET(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->whole);
}

bool
nx_http_ask_check(struct nx_http *http, struct nx_http_answer *out)
{
	const struct nx_http_ask *ask = http->ask;
	const char *wrong = NULL;

	if (!nx_url_is_safe(nx_slice_str(ask->url)))
		wrong = "the address is not an https:// one";
	else if (!write_auth(ask, &http->auth))
		wrong = "the token cannot be sent";
	else if (!are_lines(ask->headers))
		wrong = "a header cannot be sent";
	else if (ask->source != NULL && ask->source->n < 0)
		wrong = "the body has no length";
	if (wrong != NULL) {
		nx_http_explain(out, NX_HTTP_BAD_ASK, wrong);
		return false;
	}
	if (ask->once && !nx_buf_reserve(&http->body, ONCE_BODY)) {
		nx_http_explain(out, NX_HTTP_NO_MEMORY,
		    "there is no memory for the answer");
		return false;
	}
	return true;
}

void
nx_http_ask_set(struct nx_http *http, int left)
{
	const struct nx_http_ask *ask = http->ask;
	const bool plain = nx_slice_starts_nocase(
	    nx_slice_str(ask->url), "http:");

	http->setup = CURLE_OK;
	SET(http, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	SET(http, CURLOPT_URL, ask->url);
	nx_http_limits_set(http, left);
	set_method(http, ask);
	set_repetition(http, ask);
	set_headers(http, ask);
}
