/*
 * conn.h - a connection from nginx: its descriptor, the parser on it, what is
 * read from it and written to it.  The one file that knows libfcgi.
 *
 * A connection carries one request after the other: next, read, write, end.
 * It is kept for another one only where nginx asked for that (FCGI_KEEP_CONN)
 * and nothing of the request is left unread: that would be parsed as the next.
 * Belongs to one thread at a time, or to the poller.
 */
#ifndef NX_SRC_WEB_CONN_H
#define NX_SRC_WEB_CONN_H

#include <stdint.h>

#include "nx/base/err.h"
#include "nx/base/slice.h"
#include "records.h"

struct nx_conn;

/* Of a connection that waits for a request: the poller's own (poller.c). */
struct nx_waiting {
	struct nx_conn	*prev, *next;
	int64_t		 since;		/* nx_clock_mono() ms */
	int		 fd;		/* to be shut down when it is silent */
	bool		 lent;		/* a thread reads it: not looked at */
	bool		 idle;		/* it has been answered before */
	bool		 polled;	/* the kernel knows it */
	bool		 edge;		/* and tells of each piece */
};

/*
 * Once, from main(), before any thread: the parser's own start, which puts
 * handlers of its own for SIGPIPE, TERM and USR1 in place.  False: it cannot.
 */
NX_MUST_USE bool	nx_conn_start(void);

/*
 * Take over an accepted descriptor: reading or writing it gives up after 10 s
 * of silence.  NULL: no memory; it is closed.
 */
NX_MUST_USE struct nx_conn	*nx_conn_open(int fd);

/* Ends a request that is not ended. */
void	nx_conn_close(struct nx_conn *c);		/* or NULL */

/* While it carries no request. */
int			 nx_conn_fd(const struct nx_conn *c);
struct nx_waiting	*nx_conn_waiting(struct nx_conn *c);

/*
 * Is the next request there, without waiting and without reading it?  PART
 * where nothing is, FOREIGN where nothing will come.
 */
enum nx_records	nx_conn_look(const struct nx_conn *c);

/* Read the parameters of a request.  False: there is none to answer. */
NX_MUST_USE bool	nx_conn_next(struct nx_conn *c);

/* "NAME=value", NULL-terminated; they live until the end of the request. */
char	**nx_conn_params(const struct nx_conn *c);

/* Did they come to their end?  Asked before the body is read. */
bool	nx_conn_params_ended(const struct nx_conn *c);

/* What an nx_body pulls: `conn` is a struct nx_conn. */
size_t	nx_conn_pull(void *conn, char *to, size_t room);

/* Has whoever asked gone?  nginx closes then; asked before any work. */
bool	nx_conn_is_abandoned(const struct nx_conn *c);

/* Send the answer: once, as a whole.  A peer that is gone gets nothing. */
void	nx_conn_write(struct nx_conn *c, struct nx_slice answer);

/* The request is answered.  True: another one may come, else close it. */
NX_MUST_USE bool	nx_conn_end(struct nx_conn *c);

#endif
