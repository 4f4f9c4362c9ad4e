/* jobs.h - what the worker does, and how often. */
#ifndef NX_SRC_WORK_JOBS_H
#define NX_SRC_WORK_JOBS_H

#include "nx/flow/app.h"

/*
 * One turn of a job, with an arena and a handle of its own and
 * NX_REQUEST_MS of time.  `*done` > 0: there may be more, so the next turn
 * follows at once.  It looks at ctx->stop when it goes on for longer.
 */
struct nx_work_job {
	const char	*name;		/* for the log */
	int		 period;	/* ms between two turns */
	int		 threads;	/* that do it side by side */
	enum nx_rc	(*turn)(struct nx_ctx *ctx, int *done);
};

/* Ends with a row without a name. */
extern const struct nx_work_job nx_work_jobs[];

#endif
