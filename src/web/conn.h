/*
 * conn.h - a connection from nginx: its descriptor, the parser on it, what is
 * read from it and written to it.  The one file that knows libfcgi.
 *
 * A connection carries one request after the other: next, read, write, end.
 * None is kept yet: nginx asks for that by FCGI_KEEP_CONN, which is off, and
 * a kept one would hold a thread.  Belongs to one thread at a time.
 */
#ifndef NX_SRC_WEB_CONN_H
#define NX_SRC_WEB_CONN_H

#include "nx/base/err.h"
#include "nx/base/slice.h"

struct nx_conn;

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

#endif
