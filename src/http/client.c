/*
 * client.c - one easy handle per thread, set up once, asked many times.
 *
 * HTTP/1.1 on purpose: with one request at a time on a handle it costs half
 * the CPU of HTTP/2.  Tokens go into a header that libcurl borrows from our
 * own secret buffer, so it keeps no copy beyond its send buffers.
 */

#include "client.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "nx/base/maxima.h"
#include "nx/base/version.h"

enum {
	IDLE_S = 30,		/* what idles longer is often closed */
	CONNECTIONS = 1,	/* so that the one that is kept is known */
	READ_SIZE = 4 * 1024,	/* most answers are shorter */
	WRITE_SIZE = 16 * 1024,	/* the least that libcurl takes */
	BODY_KEEP = 64 * 1024,	/* an answer's memory that stays around */
};

static const char user_agent[] = "nexus-x/" NX_VERSION;

/* Not OPENSSL_cleanse(): most of it is no secret, and it took 2 % of a post. */
static void
wipe_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *
wipe_realloc(void *p, size_t n)
{
	size_t old = p == NULL ? 0 : malloc_usable_size(p);
	void *q = malloc(n);

	if (q == NULL)
		return NULL;
	if (p != NULL)
		memcpy(q, p, old < n ? old : n);
	wipe_free(p);
	return q;
}

static void
ignore_sigpipe(void)
{
	struct sigaction sa;

	if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		(void)sigaction(SIGPIPE, &sa, NULL);
	}
}

enum nx_rc
nx_http_start(void)
{
	ignore_sigpipe();
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free,
	    wipe_realloc, strdup, calloc) != CURLE_OK)
		return NX_NO_MEMORY;
	return NX_OK;
}

void
nx_http_stop(void)
{
	curl_global_cleanup();
}

/* A connection stands and libcurl is about to write the request to it. */
static int
on_leaving(void *arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
	struct nx_http *http = arg;

	(void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
	http->leaving = true;
	http->unheard = false;
	return CURL_PREREQFUNC_OK;
}

/*
 * The system has taken these bytes of the body.  libcurl's own count is no
 * use: it begins anew with each connection that libcurl tries.
 */
static int
on_debug(CURL *easy, curl_infotype type, char *p, size_t n, void *arg)
{
	struct nx_http *http = arg;

	(void)easy, (void)p;
	http->body_left |= type == CURLINFO_DATA_OUT && n > 0;
	return 0;
}

/* What holds for every request of a handle. */
static void
set_always(struct nx_http *http)
{
	SET(http, CURLOPT_NOSIGNAL, 1L);
	SET(http, CURLOPT_PROXY, "");
	SET(http, CURLOPT_FOLLOWLOCATION, 0L);
	SET(http, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(http, CURLOPT_USERAGENT, user_agent);
	SET(http, CURLOPT_CLOSESOCKETFUNCTION, nx_http_on_close);
	SET(http, CURLOPT_CLOSESOCKETDATA, http);
	SET(http, CURLOPT_MAXCONNECTS, (long)CONNECTIONS);
	SET(http, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
	SET(http, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(http, CURLOPT_BUFFERSIZE, (long)READ_SIZE);
	SET(http, CURLOPT_UPLOAD_BUFFERSIZE, (long)WRITE_SIZE);
	SET(http, CURLOPT_ERRORBUFFER, http->why);
	SET(http, CURLOPT_CAINFO, NULL);
	SET(http, CURLOPT_CAPATH, NULL);
	SET(http, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(http, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(http, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(http, CURLOPT_SSL_CTX_FUNCTION, nx_http_on_tls);
	SET(http, CURLOPT_SSL_CTX_DATA, http);
	SET(http, CURLOPT_PREREQFUNCTION, on_leaving);
	SET(http, CURLOPT_PREREQDATA, http);
	SET(http, CURLOPT_DEBUGFUNCTION, on_debug);
	SET(http, CURLOPT_DEBUGDATA, http);
	SET(http, CURLOPT_READFUNCTION, nx_http_on_read);
	SET(http, CURLOPT_READDATA, http);
	SET(http, CURLOPT_SEEKDATA, http);
	SET(http, CURLOPT_HEADERFUNCTION, nx_http_on_header);
	SET(http, CURLOPT_HEADERDATA, http);
	SET(http, CURLOPT_WRITEFUNCTION, nx_http_on_body);
	SET(http, CURLOPT_WRITEDATA, http);
	SET(http, CURLOPT_XFERINFOFUNCTION, nx_http_on_tick);
	SET(http, CURLOPT_XFERINFODATA, http);
}

struct nx_http *
nx_http_new(struct nx_http_ca *ca)
{
	struct nx_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->ca = ca;
	http->kept = -1;
	memcpy(http->expect, "Expect:", sizeof(http->expect));
	http->body = (struct nx_buf)NX_BUF_SECRET(NX_HTTP_BODY_MAX);
	http->auth = (struct nx_buf)NX_BUF_SECRET(NX_AUTHORIZATION_MAX);
	if ((http->easy = curl_easy_init()) != NULL)
		set_always(http);
	if (http->easy == NULL || http->setup != CURLE_OK) {
		nx_http_free(http);
		return NULL;
	}
	return http;
}

void
nx_http_free(struct nx_http *http)
{
	if (http == NULL)
		return;
	curl_easy_cleanup(http->easy);
	nx_buf_free(&http->body);
	nx_buf_free(&http->auth);
	free(http);
}

void
nx_http_forget(struct nx_http *http)
{
	if (http->body.cap > BODY_KEEP)
		nx_buf_free(&http->body);
	else
		nx_buf_reset(&http->body);
}
