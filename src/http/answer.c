/* answer.c - the answer as it comes: its head, and where its body goes. */

#include <string.h>

#include "client.h"

size_t
nx_http_on_header(char *line, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;
	const struct nx_http_ask *ask = http->ask;
	const struct nx_slice s = { line, size * count };

	http->heard = http->answering = true;
	if (ask->header != NULL)
		ask->header(ask->header_ctx, s);
	return s.n;
}

/* Does this body go to the sink? */
static bool
is_sunk(const struct nx_http *http)
{
	long status = 0;

	return http->ask->sink != NULL &&
	    curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status) ==
	    CURLE_OK && status / 100 == 2;
}

/* How long it is in all, as announced or as it has come so far. */
static int64_t
body_length(const struct nx_http *http, int64_t come)
{
	curl_off_t n = -1;

	(void)curl_easy_getinfo(http->easy,
	    CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &n);
	return n > come ? n : come;
}

static size_t
write_to_sink(struct nx_http *http, struct nx_slice bytes)
{
	const struct nx_http_sink *to = http->ask->sink;
	const int64_t come = http->sunk + (int64_t)bytes.n;

	http->too_long = body_length(http, come) > to->max;
	if (http->too_long)
		return 0;
	http->sunk = come;
	http->sink_failed = !to->write(to->ctx, bytes);
	return http->sink_failed ? 0 : bytes.n;
}

size_t
nx_http_on_body(char *p, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;
	const struct nx_slice bytes = { p, size * count };

	http->heard = true;
	if (bytes.n == 0)
		return 0;
	if (is_sunk(http))
		return write_to_sink(http, bytes);
	http->too_long = bytes.n > http->body.max - http->body.n;
	nx_buf_slice_add(&http->body, bytes);
	return nx_buf_ok(&http->body) ? bytes.n : 0;
}
