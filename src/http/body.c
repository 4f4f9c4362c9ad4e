/*
 * body.c - the body of a request: from memory, from a file, or from whoever
 * reads it for us.
 *
 * A body that cannot be rewound is what stops libcurl from sending a request
 * again.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "nx/base/clock.h"

static ssize_t
read_source(const struct nx_http_source *source, int64_t at, char *to,
    size_t n)
{
	return source->read != NULL ? source->read(source->ctx, to, n) :
	    pread(source->fd, to, n, source->offset + at);
}

size_t
nx_http_on_read(char *to, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;
	const struct nx_http_ask *ask = http->ask;
	const int64_t left = http->whole - http->given;
	size_t n = size * count;
	ssize_t got;

	http->asked_at = nx_clock_mono();
	if ((int64_t)n > left)
		n = (size_t)left;
	if (n == 0)
		return 0;
	if (ask->source == NULL) {
		memcpy(to, ask->body.p + http->given, n);
		got = (ssize_t)n;
	} else
		got = read_source(ask->source, http->given, to, n);
	if (got <= 0 || (size_t)got > n) {
		http->source_failed = true;
		return CURL_READFUNC_ABORT;
	}
	http->given += got;
	return (size_t)got;
}

bool
nx_http_body_rewind(struct nx_http *http)
{
	const struct nx_http_source *source = http->ask->source;

	if (http->given > 0 && source != NULL && source->read != NULL &&
	    (source->rewind == NULL || !source->rewind(source->ctx)))
		return false;
	http->given = 0;
	return true;
}

int
nx_http_on_seek(void *arg, curl_off_t offset, int origin)
{
	struct nx_http *http = arg;

	return origin == SEEK_SET && offset == 0 &&
	    nx_http_body_rewind(http) ? CURL_SEEKFUNC_OK :
	    CURL_SEEKFUNC_FAIL;
}
