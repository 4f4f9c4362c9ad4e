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
 * failed before the first byte is LOST, never "failed".
 */
#ifndef NX_X_HTTP_H
#define NX_X_HTTP_H

#include <stdint.h>

#include "nx/base/buf.h"
#include "nx/x/window.h"

enum nx_http_outcome {
	NX_HTTP_ANSWERED,	/* status and body are X's */
	NX_HTTP_NOT_SENT,	/* no byte of the request left: safe to repeat */
	NX_HTTP_LOST,		/* it may or may not have been carried out */
};

struct nx_http_ask {
	const char	*method;	/* "GET", "POST", "DELETE" */
	const char	*url;
	const char	*bearer;	/* access token, or NULL */
	const char	*basic_user;	/* client id for Basic, or NULL */
	const char	*basic_password;
	const char	*content_type;	/* of the body, or NULL */
	struct nx_slice	 body;
	bool		 once;		/* leaves at most once (see above) */
	int64_t		 deadline;	/* nx_clock_mono() milliseconds */
};

enum { NX_HTTP_BODY_MAX = 1024 * 1024 };

struct nx_http_answer {
	enum nx_http_outcome	 outcome;
	int			 status;	/* 0 unless ANSWERED */
	int			 retry_after;	/* seconds, 0: not given */
	struct nx_windows	 windows;
	struct nx_slice		 body;	/* until the handle's next request */
	char			 why[128];	/* of NOT_SENT and LOST */
};

struct nx_http_ca;
struct nx_http;

/* curl_global_init() and its end: main() calls them around all threads. */
NX_MUST_USE enum nx_rc	nx_http_start(void);
void			nx_http_stop(void);

/*
 * Read the certificates to trust: `file` (PEM), or the system's when NULL.
 * CONFIG when it cannot be read.  The file is read now and never again.
 */
NX_MUST_USE enum nx_rc	nx_http_ca_new(const char *file,
			    struct nx_http_ca **out, struct nx_err *err);
void			nx_http_ca_free(struct nx_http_ca *ca);

/* `ca` must outlive the handle.  NULL when out of memory. */
NX_MUST_USE struct nx_http	*nx_http_new(struct nx_http_ca *ca);
void				 nx_http_free(struct nx_http *http);

/*
 * Send it and wait for the answer until the deadline, at most
 * NX_HTTP_TIMEOUT_MS.  Redirects are not followed.  An answer longer than
 * NX_HTTP_BODY_MAX counts as LOST.  Never fails otherwise: `out` says it all.
 */
enum { NX_HTTP_TIMEOUT_MS = 10000 };
void	nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
	    struct nx_http_answer *out);

#endif
