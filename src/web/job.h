/*
 * job.h - one request: read from its connection, looked up, run, answered.
 * Belongs to one thread at a time.
 */
#ifndef NX_SRC_WEB_JOB_H
#define NX_SRC_WEB_JOB_H

#include "conn.h"
#include "routes.h"

struct nx_job {
	struct nx_job		*next;		/* while it is set aside */
	struct nx_conn		*conn;		/* NULL between two requests */
	struct nx_arena		*arena;
	struct nx_body		 body;
	struct nx_buf		 whole;	/* the body, where it is read whole */
	struct nx_buf		 out;	/* the answer as it is sent */
	struct nx_request	 request;
	struct nx_match		 match;	/* .route NULL: answer is there */
	struct nx_reply		 reply;
	struct nx_session	 session;
	int64_t			 deadline;	/* nx_clock_mono() ms */
	int64_t			 began;		/* nx_clock_us() */
	unsigned int		 row;	/* of its route, when it is counted */
};

/* Jobs are used again and again by the thread that has one to spare. */
struct nx_job	*nx_job_new(void);		/* NULL: out of memory */
void		 nx_job_free(struct nx_job *job);	/* NULL is fine */

/*
 * Take over a connection, read a request from it, tell who is calling.  False
 * when there is nothing to answer: nx_job_drop() it then.
 */
NX_MUST_USE bool	nx_job_read(struct nx_job *job,
			    const struct nx_app *app, struct nx_conn *conn);

/* Run the route, if it is still to be run. */
void	nx_job_run(struct nx_job *job, const struct nx_app *app,
	    struct nx_http *http);

/* Make the answer this error. */
void	nx_job_fail(struct nx_job *job, const struct nx_app *app,
	    const struct nx_err *err);

/*
 * Send the answer, count it, be ready for the next.  The connection where it
 * may bring another request, now the caller's; NULL: it is closed.
 */
NX_MUST_USE struct nx_conn	*nx_job_finish(struct nx_job *job,
				    const struct nx_app *app);

/* Close the connection without an answer, be ready for the next. */
void	nx_job_drop(struct nx_job *job);

#endif
