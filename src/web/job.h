/* job.h - one FastCGI request from accept to answer; private to serve. */
#ifndef NX_WEB_JOB_H
#define NX_WEB_JOB_H

#include <fcgiapp.h>

#include "routes.h"

struct nx_job {
	struct nx_job		*next;		/* while it is set aside */
	FCGX_Request		 fcgi;
	struct nx_arena		*arena;
	struct nx_buf		 body;
	struct nx_buf		 out;	/* the answer as it is sent */
	struct nx_request	 request;
	struct nx_reply		 reply;
	struct nx_session	 session;
	const struct nx_route	*route;		/* NULL: answer is there */
	int64_t			 deadline;
};

/* Jobs are used again and again by the thread that has one to spare. */
struct nx_job	*nx_job_new(void);		/* NULL: out of memory */
void		 nx_job_free(struct nx_job *job);	/* NULL is fine */

/*
 * Adopt the accepted connection `fd`, read a request from it, tell who is
 * calling.  False when there is nothing to answer; `fd` is closed and the job
 * ready for the next.
 */
bool	nx_job_read(struct nx_job *job, const struct nx_app *app, int fd);

/* Run the route, if it is still to be run. */
void	nx_job_run(struct nx_job *job, const struct nx_app *app,
	    struct nx_http *http);

/* Has whoever asked gone away?  Asked before anything is done for them. */
bool	nx_job_is_orphan(const struct nx_job *job);

/* Make the answer this error. */
void	nx_job_fail(struct nx_job *job, const struct nx_app *app,
	    const struct nx_err *err);

/* Send the answer, close the connection, be ready for the next. */
void	nx_job_finish(struct nx_job *job);

#endif
