/*
 * reply.h - the answer, collected whole before a byte of it is sent, so that
 * status and headers can still change when something fails late.
 */
#ifndef NX_SRC_WEB_REPLY_H
#define NX_SRC_WEB_REPLY_H

#include "nx/flow/app.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "request.h"

struct nx_reply {
	int		 status;
	struct nx_buf	 head;	/* header lines, each with CRLF */
	struct nx_buf	 body;
};

#define NX_REPLY { .status = 200, .head = NX_BUF(NX_REPLY_HEAD_MAX), \
	.body = NX_BUF(NX_REPLY_BODY_MAX) }

/* Add a header line.  A value with CR or LF is left out altogether. */
void	nx_reply_header(struct nx_reply *r, const char *name,
	    const char *value);

/* Set the status and the type of the body, which the caller writes. */
void	nx_reply_json(struct nx_reply *r, int status);

/* 302; `location` must be safe to follow. */
void	nx_reply_redirect(struct nx_reply *r, const char *location);

/* Replace the body by the error: problem+json (RFC 9457)... */
void	nx_reply_problem(struct nx_reply *r, const struct nx_request *request,
	    const struct nx_err *err);

/* ...with further members: close `w`, which this opens... */
void	nx_reply_problem_open(struct nx_reply *r,
	    const struct nx_request *request, const struct nx_err *err,
	    struct nx_jw *w);

/*
 * ...or, for a person in a browser, a plain page that says what to do, and
 * that loads itself again where the trouble passes (429, 503).
 */
void	nx_reply_page(struct nx_reply *r, const struct nx_conf *conf,
	    const struct nx_request *request, const struct nx_err *err);

/* The whole answer in FastCGI's CGI form (RFC 3875 section 6). */
void	nx_reply_write(const struct nx_reply *r,
	    const struct nx_request *request, struct nx_buf *out);

/* Ready for the next request; or for good. */
void	nx_reply_reset(struct nx_reply *r);
void	nx_reply_free(struct nx_reply *r);

#endif
