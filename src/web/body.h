/*
 * body.h - the body of a request: pulled once, in pieces no larger than the
 * reader has room for, so that none has to fit into memory.
 *
 * What a reader leaves must be drained before the answer: nginx would meet a
 * closed connection, and on a kept one what is left unread would be parsed as
 * the next request.  Pure but for what it pulls from; one thread.
 */
#ifndef NX_SRC_WEB_BODY_H
#define NX_SRC_WEB_BODY_H

#include <stdint.h>

#include "nx/base/buf.h"
#include "nx/base/maxima.h"

struct nx_body {
	size_t	(*pull)(void *source, char *to, size_t room);	/* 0: end */
	void	*source;
	int64_t	 length;	/* bytes, as Content-Length has it */
	int64_t	 got;		/* bytes so far */
	bool	 ended;
};

/*
 * The next piece, up to `room` bytes, into `to`; `*n` is 0 at the end.
 * BODY_LENGTH where the end is not where Content-Length has it: what came is
 * no whole body then.
 */
NX_MUST_USE enum nx_rc	nx_body_read(struct nx_body *b, char *to, size_t room,
			    size_t *n, struct nx_err *err);

/*
 * All of it behind what `out` holds; what does not fit makes `out` fail
 * (nx_buf_ok()) and is drained.  Its length is for the caller to check.
 */
void	nx_body_collect(struct nx_body *b, struct nx_buf *out);

/* Read what is left, up to NX_BODY_DRAIN_MAX bytes, to nowhere. */
void	nx_body_drain(struct nx_body *b);

/* BODY_LENGTH unless it had the length that was announced. */
NX_MUST_USE enum nx_rc	nx_body_check_length(int64_t came, int64_t announced,
			    struct nx_err *err);

#endif
