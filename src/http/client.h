/*
 * client.h - the handle, for the files of this room: client.c makes it, ask.c
 * gives it a request, kept.c says whether over the connection that is there,
 * exchange.c waits, and its callbacks are in body.c (what goes out), answer.c
 * (what comes in) and limit.c (how long).
 */
#ifndef NX_SRC_HTTP_CLIENT_H
#define NX_SRC_HTTP_CLIENT_H

#include <curl/curl.h>

#include "nx/http/http.h"

/* Bytes of a connection: ours that the peer's TCP has confirmed, and its. */
struct nx_http_tally {
	uint64_t	 acked, received;
};

struct nx_http {
	CURL			*easy;
	struct nx_http_ca	*ca;
	CURLcode		 setup;		/* first failed setopt */
	char			 why[CURL_ERROR_SIZE];

	/* What libcurl borrows of the request. */
	const struct nx_http_ask *ask;		/* while it is under way */
	struct nx_buf		 auth;		/* the Authorization line */
	char			 type[128];	/* the Content-Type line */
	char			 expect[8];	/* "Expect:", to leave it out */
	struct curl_slist	 headers[3 + NX_HTTP_HEADERS_MAX];

	/* The kept connection, if the request goes over it. */
	int64_t			 used_at;	/* nx_clock_mono() ms */
	int			 kept;		/* its socket, or -1 */
	struct nx_http_tally	 before;	/* the request */
	bool			 unheard;	/* it ended before the server
						 * had any of the request */

	/* How far its body is. */
	int64_t			 whole;		/* bytes of it */
	int64_t			 given;		/* of them to libcurl */
	bool			 leaving;	/* bytes may have left */
	bool			 body_left;	/* and some of the body did */
	bool			 source_failed;

	/* How far the answer is. */
	struct nx_buf		 body;		/* of it, in memory */
	int64_t			 sunk;		/* bytes that the sink took */
	bool			 answering;	/* its head has begun */
	bool			 too_long;
	bool			 sink_failed;

	/* How long it has been waited for; nx_clock_mono() ms. */
	int64_t			 asked_at;	/* the latest byte went out */
	int64_t			 looked_up;
	int			 patience;	/* ms to go */
	int			 quiet;		/* ms without a byte of it */
	bool			 heard;		/* of it, since */
};

/* Remembers the first failure, so that it is asked about once. */
#define SET(http, option, value) do {					\
	CURLcode set_rc = curl_easy_setopt((http)->easy, option, value); \
	if ((http)->setup == CURLE_OK)					\
		(http)->setup = set_rc;					\
} while (0)

/* The certificates of the handle's own `ca`, as CURLOPT_SSL_CTX_FUNCTION. */
CURLcode	nx_http_on_tls(CURL *easy, void *ssl_ctx, void *http);

/*
 * May the request go over the connection that is there?  Notes what is needed
 * to tell afterwards whether the server had heard of it.
 */
bool		nx_http_kept_will_do(struct nx_http *http);

/* CURLOPT_CLOSESOCKETFUNCTION. */
int		nx_http_on_close(void *http, curl_socket_t fd);

/* CURLOPT_READFUNCTION, CURLOPT_SEEKFUNCTION; the body from its start. */
size_t		nx_http_on_read(char *to, size_t size, size_t count,
		    void *http);
int		nx_http_on_seek(void *http, curl_off_t offset, int origin);
NX_MUST_USE bool	nx_http_body_rewind(struct nx_http *http);

/* CURLOPT_HEADERFUNCTION, CURLOPT_WRITEFUNCTION. */
size_t		nx_http_on_header(char *line, size_t size, size_t count,
		    void *http);
size_t		nx_http_on_body(char *p, size_t size, size_t count,
		    void *http);

/* The limits of a request with `left` ms to go; CURLOPT_XFERINFOFUNCTION. */
void		nx_http_limits_set(struct nx_http *http, int left);
int		nx_http_on_tick(void *http, curl_off_t down, curl_off_t got,
		    curl_off_t up, curl_off_t sent);

/*
 * Hand `http->ask` to libcurl, with `left` ms to go.  False, and what is wrong
 * with it: it cannot be asked.
 */
NX_MUST_USE bool	nx_http_ask_check(struct nx_http *http,
			    struct nx_http_answer *out);
void			nx_http_ask_set(struct nx_http *http, int left);

/* Overwrite in `out` whatever it repeats of the request's secrets. */
void		nx_http_blank_secrets(struct nx_http *http,
		    struct nx_http_answer *out);

/* Fill `out`'s error and why. */
void		nx_http_explain(struct nx_http_answer *out,
		    enum nx_http_error error, const char *why);

#endif
