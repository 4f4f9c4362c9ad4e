/* body.c - pull a request's body. */

#include "body.h"

#include <inttypes.h>

enum { CHUNK = 4096 };

static size_t
pull_piece(struct nx_body *b, char *to, size_t room)
{
	const size_t n = b->ended ? 0 : b->pull(b->source, to, room);

	b->ended = n == 0;
	b->got += (int64_t)n;
	return n;
}

enum nx_rc
nx_body_check_length(int64_t came, int64_t announced, struct nx_err *err)
{
	return came == announced ? NX_OK : nx_fail(err, NX_BODY_LENGTH,
	    "%" PRId64 " bytes came, Content-Length says %" PRId64 ".", came,
	    announced);
}

enum nx_rc
nx_body_read(struct nx_body *b, char *to, size_t room, size_t *n,
    struct nx_err *err)
{
	*n = pull_piece(b, to, room);
	return *n > 0 && b->got <= b->length ? NX_OK :
	    nx_body_check_length(b->got, b->length, err);
}

void
nx_body_collect(struct nx_body *b, struct nx_buf *out)
{
	const int64_t end = b->got + NX_BODY_DRAIN_MAX;
	char chunk[CHUNK];
	size_t n;

	while (b->got < end && (n = pull_piece(b, chunk, sizeof(chunk))) > 0)
		nx_buf_add(out, chunk, n);
}

void
nx_body_drain(struct nx_body *b)
{
	const int64_t end = b->got + NX_BODY_DRAIN_MAX;
	char chunk[CHUNK];

	while (b->got < end && pull_piece(b, chunk, sizeof(chunk)) > 0)
		continue;
}
