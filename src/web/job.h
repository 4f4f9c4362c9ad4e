/* job.h - one FastCGI request from accept to answer; private to serve. */
#ifndef NX_WEB_JOB_H
#define NX_WEB_JOB_H

#include <fcgiapp.h>

#include "nx/web/routes.h"

struct nx_job {
	struct nx_job		*next;		/* while it is set aside */
	FCGX_Request		 fcgi;
	struct nx_arena		*arena;
	struct nx_buf		 body;
	struct nx_request	 request;
	struct nx_reply		 reply;
	const struct nx_route	*route;		/* NULL: answer is there */
	int64_t			 deadline;
};

/*
 * Adopt the accepted connection `fd` and read a request from it.  NULL when
 * there is nothing to answer any more; `fd` is closed then.
 */
struct nx_job	*nx_job_read(const struct nx_app *app, int fd);

/* Run the route, if it is still to be run. */
void	nx_job_run(struct nx_job *job, const struct nx_app *app,
	    struct nx_http *http);

/* Make the answer this error. */
void	nx_job_fail(struct nx_job *job, const struct nx_app *app,
	    const struct nx_err *err);

/* Send the answer, close the connection, free everything. */
void	nx_job_finish(struct nx_job *job);

#endif
