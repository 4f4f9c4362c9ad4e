/*
 * http.h - an HTTP client: one request, one answer.  The libcurl edge; it
 * knows none of the hosts that it is used for.
 *
 * One struct nx_http_ca for the process (any thread), one struct nx_http for
 * each thread: a long-lived easy handle that keeps its connection.  Trusted
 * certificates are read once and shared, since 32 handles with their own copy
 * of the system's would cost more memory than everything else.
 *
 * libcurl sends a POST again by itself when a reused connection dies before an
 * answer.  A request that creates something therefore says `once`: its body
 * cannot be rewound, so it leaves at most once, and what is not known to have
 * failed before the first byte of it is LOST, never "failed".
 *
 * Servers close connections that idle, and all of them when they restart.  So
 * none is used on which anything has come since its last answer.  A close may
 * still cross the request on its way: `once` has a connection of its own, or
 * with `idle_ms` one that was used just now.  Where the server had ended it
 * before it had a byte of the request, that is NOT_SENT, and it was tried anew
 * on a fresh one.
 */
#ifndef NX_HTTP_HTTP_H
#define NX_HTTP_HTTP_H

#include <stdint.h>
#include <sys/types.h>

#include "nx/base/buf.h"
#include "nx/base/maxima.h"

enum {
	NX_HTTP_TIMEOUT_MS = 10000,	/* of a request as a whole */
	NX_HTTP_CONNECT_MS = 3000,	/* of it, until a connection stands */
	NX_HTTP_AGE_S = 600,	/* of a connection: then the host is looked
				 * up afresh */
	NX_HTTP_IDLE_MS = 1000,		/* for `idle_ms`, where a lost answer
				 * can be looked up (decision 32) */
	NX_HTTP_SECRET_MIN = 8,		/* bytes; less is found by chance */
};

enum nx_http_outcome {
	NX_HTTP_ANSWERED,	/* status and body are the server's */
	NX_HTTP_NOT_SENT,	/* no byte left, or with `once` none of its
				 * body: safe to repeat */
	NX_HTTP_LOST,		/* carried out or not: unknown.  Of `once`,
				 * where a 2xx had begun, status and what has
				 * come of its body: it was carried out */
};

/* Why it was not answered. */
enum nx_http_error {
	NX_HTTP_NO_ERROR,
	NX_HTTP_BAD_ASK,	/* its address, a token or a header */
	NX_HTTP_NO_MEMORY,
	NX_HTTP_NO_HOST,	/* its name cannot be looked up */
	NX_HTTP_NO_CONNECTION,
	NX_HTTP_NO_TRUST,	/* TLS: its certificate, mostly */
	NX_HTTP_TIMED_OUT,	/* one of the limits, or the deadline */
	NX_HTTP_TOO_LONG,	/* the answer is over its maximum */
	NX_HTTP_SOURCE_FAILED,	/* the body could not be read */
	NX_HTTP_SINK_FAILED,	/* the answer was not taken */
	NX_HTTP_BROKEN,		/* the connection ended, or it is no HTTP */
};

/*
 * A body that is not in memory, of `n` bytes: read from the file `fd` from
 * `offset` on (by pread, so several may share it), or by `read`, which fills
 * `to` with 1 to `n` bytes and may wait; anything else breaks the request off.
 * `rewind` goes back to the first byte (false: it cannot); NULL: never, and a
 * request that has begun to read it is not sent again, `once` or not.
 */
struct nx_http_source {
	int64_t	 n;
	int	 fd;
	int64_t	 offset;
	ssize_t	(*read)(void *ctx, char *to, size_t n);
	bool	(*rewind)(void *ctx);
	void	*ctx;
};

/*
 * Where the body of a 2xx goes as it comes, up to `max` bytes; of others it
 * goes to memory.  `write` returning false breaks the request off.  What was
 * written stays written whatever the outcome; the request is not sent again
 * once there was any.  Secrets in it are not blanked.
 */
struct nx_http_sink {
	int64_t	 max;
	bool	(*write)(void *ctx, struct nx_slice bytes);
	void	*ctx;
};

/* Time limits; 0 means what is said there.  The ask's deadline holds, too. */
struct nx_http_limits {
	int	connect_ms;	/* until a connection stands; the default is
				 * NX_HTTP_CONNECT_MS */
	int	first_byte_ms;	/* from the request's last byte to the first
				 * of the answer, looked at once a second;
				 * none */
	int	whole_ms;	/* NX_HTTP_TIMEOUT_MS */
	int	slow_bytes;	/* fewer a second, both ways, */
	int	slow_s;		/* for so many seconds: too slow; never */
	int	patient_ms;	/* of this thread's own time, in the place of
				 * whole_ms (see nx_http_do()); not patient */
};

struct nx_http_ask {
	const char	*method;	/* "GET", "POST", "PUT", "DELETE" */
	const char	*url;
	const char	*bearer;	/* access token, or NULL */
	const char	*basic_user;	/* for Basic, or NULL */
	const char	*basic_password;
	const char	*content_type;	/* of the body, or NULL */
	char *const	*headers;	/* further lines, NULL at the end */
	struct nx_slice	 body;		/* of a POST or PUT */
	const struct nx_http_source *source;	/* in its place, or NULL */
	const char *const *secrets;	/* in it, NULL at the end, or NULL */
	bool		 once;		/* leaves at most once (see above) */
	bool		 fresh;		/* on a connection of its own */
	int		 idle_ms;	/* `once` goes over a kept connection
				 * that has idled no longer; 0: never */
	int		 age_s;		/* on none that is older; 0:
					 * NX_HTTP_AGE_S */
	struct nx_http_limits	 limits;
	int64_t		 deadline;	/* nx_clock_mono() milliseconds */

	/* Each line of the answer's head: first the one with its status.  A
	 * later one like it begins another head, which alone counts.  Called
	 * while the request is under way; may be NULL. */
	void		(*header)(void *ctx, struct nx_slice line);
	void		*header_ctx;
	const struct nx_http_sink *sink;	/* NULL: memory */
};

struct nx_http_answer {
	enum nx_http_outcome	 outcome;
	enum nx_http_error	 error;
	int			 status;	/* 0: there is none */
	int			 retry_after;	/* seconds, 0: not given */
	struct nx_slice		 body;	/* until the handle's next request */
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
 * Send it and wait for the answer within its limits.  With `patient_ms` only
 * the start has the deadline: once a connection stands, the answer is waited
 * for until this thread has spent `patient_ms` of its own time on it.  Time in
 * which it was frozen (a stopped or suspended process) does not count, and
 * what has arrived is read before it gives up.  Redirects are not followed,
 * proxies not used; http:// is for loopback hosts.  An answer longer than
 * NX_HTTP_BODY_MAX, or the sink's maximum, counts as LOST.  Never fails
 * otherwise: `out` says it all.
 *
 * A secret that was sent does not come back: wherever the answer (or `why`)
 * repeats the bearer token, the Basic password or what Basic made of it, or
 * one of `secrets`, it is overwritten with `*`; plain, percent-encoded, or
 * escaped as in JSON.  Not so `secrets` in a 2xx, which may grant the same
 * token again: what such an answer says is for nobody's eyes.  Secrets
 * shorter than NX_HTTP_SECRET_MIN stay.
 */
void	nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
	    struct nx_http_answer *out);

/* Wipe the last answer's body now, when it held a secret. */
void	nx_http_forget(struct nx_http *http);

#endif
