/*
 * poller.h - waits for requests: on the listening socket, and on connections
 * on which the next one, or the rest of one, is to come.
 *
 * A connection belongs to the poller from nx_poller_keep() until
 * nx_poller_next() hands it out.  None of them holds a thread, whatever its
 * peer leaves undone, and what brings no whole request within 10 s is ended.
 */
#ifndef NX_SRC_WEB_POLLER_H
#define NX_SRC_WEB_POLLER_H

#include "conn.h"

struct nx_poller;

/* For a listening descriptor, which stays the caller's.  NULL: no memory. */
NX_MUST_USE struct nx_poller	*nx_poller_new(int listener);

/* Closes what it has.  No thread uses it any more. */
void	nx_poller_free(struct nx_poller *p);		/* or NULL */

/*
 * Wait for a connection with a request: now the caller's.  `*whole`: reading
 * it will not wait; otherwise nx_poller_read() follows.  NULL: the end.  By
 * one thread at a time, the one that has the seat.
 */
NX_MUST_USE struct nx_conn	*nx_poller_next(struct nx_poller *p,
				    bool *whole);

/* What was not whole has been read, well or not. */
void	nx_poller_read(struct nx_poller *p, struct nx_conn *c);

/* Answered: it may bring another request.  Any thread. */
void	nx_poller_keep(struct nx_poller *p, struct nx_conn *c);

/*
 * End those that have been silent for too long, and watch the listening socket
 * again where the kernel had no memory for it.  Any thread, at intervals.
 */
void	nx_poller_end_silent(struct nx_poller *p);

/*
 * Accept and keep no more; wait for requests that have begun, until `deadline`
 * (clock.h), and a moment for nginx to close what is idle: by that no request
 * is on its way when we do.  Then nx_poller_next() comes to its end.
 */
void	nx_poller_drain(struct nx_poller *p, int64_t deadline);

#endif
