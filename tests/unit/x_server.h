/*
 * x_server.h - a small, rude HTTP/1.1 server on loopback for the tests of x.
 *
 * One thread for each connection.  The path says how it behaves:
 *   /ok      200 {}                      /drop    reads all, then closes
 *   /hang    reads all, never answers    /huge... a body of 2 MiB
 *   /cut     closes within the body      /bye     200 {}, then closes
 *   /noise   no HTTP at all              /late    XS_LATE_MS after the request
 *   others   the answer that was set
 */
#ifndef X_SERVER_H
#define X_SERVER_H

#include <stddef.h>

struct xs;

enum { XS_LATE_MS = 700 };

/* What was received.  Texts are of the latest request. */
struct xs_seen {
	int	 connections;		/* that got as far as HTTP */
	int	 requests;		/* read to their end */
	int	 ended;			/* connections, by the server */
	int	 late;			/* late answers that are out */
	char	 method[8], path[200];
	char	 auth[400], type[100], agent[100], expect[40];
	char	 head[2000];		/* request line and headers */
	char	 body[4000];
	size_t	 body_n;
};

/*
 * A CA and a certificate for 127.0.0.1 signed by it; `pem` becomes the path of
 * the CA's file, to be unlinked by the caller.
 */
struct xs_tls;
struct xs_tls	*xs_tls_new(char pem[64]);
void		 xs_tls_free(struct xs_tls *tls);

/* `tls` NULL: plain.  Aborts the test program when it cannot start. */
struct xs	*xs_start(struct xs_tls *tls);
void		 xs_stop(struct xs *s);

/* http(s)://HOST:PORT, valid until the next call on this server. */
const char	*xs_url(struct xs *s, const char *host, const char *path);
void		 xs_answer(struct xs *s, int status, const char *headers,
		    const char *body);
/*
 * An answer after which the connection ends badly, without TLS's farewell: its
 * length says more than comes, or the last chunk is missing.
 */
enum xs_cut { XS_CUT_LENGTH, XS_CUT_CHUNK, XS_CUTS };
void		 xs_cut(struct xs *s, enum xs_cut how, int status,
		    const char *body);
/* The answer from the second request on; said again, from the third on. */
void		 xs_then(struct xs *s, int status, const char *headers,
		    const char *body);
struct xs_seen	 xs_seen(struct xs *s);

/*
 * Close the connection that waits for a request, now: it is closed when this
 * returns.  TLS's farewell before TCP's, TCP's alone, or neither of them; or
 * it stays, and a stray byte comes over it.
 */
enum xs_close { XS_CLOSE_FAREWELL = 1, XS_CLOSE_FIN, XS_CLOSE_RST,
    XS_CLOSE_NOT };
void		 xs_close(struct xs *s, enum xs_close how);

/*
 * In the place of answers that were set: work one out for each request, with
 * the server's lock held.  `body` and `headers` ("Name: value\r\n") are "".
 */
struct xs_reply {
	int	 status;
	char	 headers[400], body[3000];
};
typedef void xs_handler(void *ctx, const struct xs_seen *request,
		    struct xs_reply *out);
void		 xs_handle(struct xs *s, xs_handler *handler, void *ctx);

/* Called first in each of its threads, where somebody defines it. */
void		 xs_thread_begins(void) __attribute__((weak));

#endif
