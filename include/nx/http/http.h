/*
 * http.h - the libcurl edge: one request to X, one answer.
 *
 * One struct nx_http_ca for the process (any thread), one struct nx_http for
 * each thread: a long-lived easy handle that keeps its connections.  Trusted
 * certificates are read once and shared, since 32 handles with their own copy
 * of the system's would cost more memory than everything else.
 *
 * libcurl sends a POST again by itself when a reused connection dies before an
 * answer.  A request that creates something therefore says `once`: its body
 * cannot be rewound, so it leaves at most once, and what is not known to have
 * failed before the first byte of it is LOST, never "failed".
 *
 * Servers close connections that idle, and all of them when they restart.  So
 * none is used on which anything has come since its last answer, and `once`
 * has one of its own, since a close may cross the request on its way.
 */
#ifndef NX_HTTP_HTTP_H
#define NX_HTTP_HTTP_H

#include <stdint.h>

#include "nx/base/buf.h"
#include "nx/x/window.h"

enum nx_http_outcome {
	NX_HTTP_ANSWERED,	/* status and body are X's */
	NX_HTTP_NOT_SENT,	/* no byte left, or with `once` none of its
				 * body: safe to repeat */
	NX_HTTP_LOST,		/* carried out or not: unknown.  Of `once`,
				 * where a 2xx had begun, status and what has
				 * come of its body: X did carry it out */
};

struct nx_http_ask {
	const char	*method;	/* "GET", "POST", "DELETE" */
	const char	*url;
	const char	*bearer;	/* access token, or NULL */
	const char	*basic_user;	/* client id for Basic, or NULL */
	const char	*basic_password;
	const char	*content_type;	/* of the body, or NULL */
	char *const	*headers;	/* further lines, NULL at the end */
	struct nx_slice	 body;		/* of a POST */
	const char *const *secrets;	/* in it, NULL at the end, or NULL */
	bool		 once;		/* leaves at most once (see above) */
	int		 patient_ms;	/* > 0: waits so long (see below) */
	int64_t		 deadline;	/* nx_clock_mono() milliseconds */
};

enum {
	NX_HTTP_BODY_MAX = 1024 * 1024,
	NX_HTTP_HEADERS_MAX = 4,	/* in `headers` */
	NX_HTTP_SECRET_MIN = 8,		/* bytes; less is found by chance */
};

struct nx_http_answer {
	enum nx_http_outcome	 outcome;
	int			 status;	/* 0: there is none */
	int			 retry_after;	/* seconds, 0: not given */
	struct nx_windows	 windows;
	struct nx_slice		 body;	/* until the handle's next request */
	bool			 too_long;	/* LOST for its length alone */
	char			 why[128];	/* of NOT_SENT and LOST */
};

struct nx_http_ca;
struct nx_http;

/*
 * libcurl's global state: main() calls these around all threads.  Whatever
 * libcurl frees from then on is wiped first, since tokens pass through it.
 * SIGPIPE is ignored if it still has its default action: libcurl is told to
 * leave signals alone, and a peer that closes early must not end the process.
 */
NX_MUST_USE enum nx_rc	nx_http_start(void);
void			nx_http_stop(void);

/*
 * Whom to trust: the certificates in `file` (PEM), read now and never again,
 * or the system's when NULL (OpenSSL's own file and directory; a root is read
 * from the directory when it is first needed).  CONFIG when there are none.
 */
NX_MUST_USE enum nx_rc	nx_http_ca_new(const char *file,
			    struct nx_http_ca **out, struct nx_err *err);
void			nx_http_ca_free(struct nx_http_ca *ca);

/* `ca` must outlive the handle.  NULL when out of memory. */
NX_MUST_USE struct nx_http	*nx_http_new(struct nx_http_ca *ca);
void				 nx_http_free(struct nx_http *http);

/*
 * Send it and wait for the answer until the deadline, at most
 * NX_HTTP_TIMEOUT_MS.  With `patient_ms` only the start has that deadline:
 * once a connection stands, the answer is waited for until this thread has
 * spent `patient_ms` of its own time on it.  Time in which it was frozen (a
 * stopped or suspended process) does not count, and what has arrived is read
 * before it gives up.  Redirects are not followed, proxies not used; http://
 * is for loopback hosts.  An answer longer than NX_HTTP_BODY_MAX counts as
 * LOST.  Never fails otherwise: `out` says it all.
 *
 * A secret that was sent does not come back: wherever the answer (or `why`)
 * repeats the bearer token, the Basic password or what Basic made of it, or
 * one of `secrets`, it is overwritten with `*`; plain, percent-encoded, or
 * escaped as in JSON.  Not so `secrets` in a 2xx, which may grant the same
 * token again: what such an answer says is for nobody's eyes.  Secrets
 * shorter than NX_HTTP_SECRET_MIN stay.
 */
enum { NX_HTTP_TIMEOUT_MS = 10000 };
void	nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
	    struct nx_http_answer *out);

/* Wipe the last answer's body now, when it held a secret. */
void	nx_http_forget(struct nx_http *http);

#endif
