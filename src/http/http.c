/*
 * http.c - one easy handle per thread, set up once, asked many times.
 *
 * HTTP/1.1 on purpose: with one request at a time on a handle it costs half
 * the CPU of HTTP/2.  Tokens go into a header that libcurl borrows from our
 * own secret buffer, so it keeps no copy beyond its send buffers.
 */

#include "nx/http/http.h"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nx/base/base64.h"
#include "nx/base/clock.h"
#include "nx/base/url.h"
#include "nx/base/version.h"

enum {
	CONNECT_MS = 3000,
	IDLE_S = 30,		/* X's edge closes idle connections sooner */
	LIFE_S = 600,		/* then the host is looked up afresh */
	CONNECTIONS = 1,	/* so that the one that is kept is known */
	BUFFER = 16 * 1024,	/* the least that libcurl takes */
	ONCE_BODY = 8 * 1024 - 1,	/* an answer that comes once fits it */
	BODY_KEEP = 64 * 1024,	/* an answer's memory that stays around */
	AUTH_MAX = 8 * 1024,
	TICK_MS = 1000,		/* libcurl looks up at least this often */
	TRICKLE_MS = 10000,	/* more for an answer that has begun */
};

static const char user_agent[] = "nexus-x/" NX_VERSION;

struct nx_http_ca {
	X509_STORE	*store;
};

struct nx_http {
	CURL			*easy;
	struct nx_http_ca	*ca;
	CURLcode		 setup;		/* first failed setopt */
	struct nx_buf		 body;		/* of the answer */
	struct nx_buf		 auth;		/* the Authorization line */
	char			 type[128];	/* the Content-Type line */
	char			 expect[8];	/* "Expect:", to leave it out */
	struct curl_slist	 headers[3 + NX_HTTP_HEADERS_MAX]; /* lent */
	struct nx_slice		 unsent;	/* what is left of the body */
	struct nx_slice		 whole;
	bool			 once;		/* nothing is sent again */
	bool			 leaving;	/* bytes may have left */
	bool			 body_left;	/* and some of the body did */
	bool			 too_long;	/* the answer */
	int			 patience;	/* ms to go; 0: timed */
	int64_t			 looked_up;	/* nx_clock_mono() ms */
	int			 quiet;		/* ms without a byte of it */
	bool			 heard;		/* of it, since */
	struct nx_windows	 windows;
	char			 why[CURL_ERROR_SIZE];
};

/* Remembers the first failure, so that it is asked about once. */
#define SET(http, option, value) do {					\
	CURLcode set_rc = curl_easy_setopt((http)->easy, option, value); \
	if ((http)->setup == CURLE_OK)					\
		(http)->setup = set_rc;					\
} while (0)

static void
wipe_free(void *p)
{
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
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

static bool
readable(const char *variable, const char *path)
{
	const char *value = getenv(variable);

	return access(value == NULL ? path : value, R_OK) == 0;
}

static bool
load_system(X509_STORE *store)
{
	return (readable(X509_get_default_cert_file_env(),
	    X509_get_default_cert_file()) ||
	    readable(X509_get_default_cert_dir_env(),
	    X509_get_default_cert_dir())) &&
	    X509_STORE_set_default_paths(store) == 1;
}

/*
 * OpenSSL works out a certificate's extensions when they are first needed;
 * that would be while several threads read it.
 */
static void
work_out_extensions(X509_STORE *store)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *cert = X509_OBJECT_get0_X509(
		    sk_X509_OBJECT_value(objects, i));

		if (cert != NULL)
			(void)X509_check_purpose(cert, -1, 0);
	}
}

enum nx_rc
nx_http_ca_new(const char *file, struct nx_http_ca **out, struct nx_err *err)
{
	struct nx_http_ca *ca = calloc(1, sizeof(*ca));
	bool good;

	*out = NULL;
	if (ca == NULL || (ca->store = X509_STORE_new()) == NULL) {
		nx_http_ca_free(ca);
		return nx_fail(err, NX_NO_MEMORY, "for certificates");
	}
	good = file == NULL ? load_system(ca->store) :
	    X509_STORE_load_file(ca->store, file) == 1;
	if (good)
		work_out_extensions(ca->store);
	ERR_clear_error();
	if (!good) {
		nx_http_ca_free(ca);
		return nx_fail(err, NX_CONFIG, "TWITTER_CA_FILE: no"
		    " certificates can be read from %s.", file == NULL ?
		    "the system's default places" : file);
	}
	*out = ca;
	return NX_OK;
}

void
nx_http_ca_free(struct nx_http_ca *ca)
{
	if (ca == NULL)
		return;
	X509_STORE_free(ca->store);
	free(ca);
}

/*
 * The shared store becomes the one that chains are checked against, in place
 * of the context's own.  libcurl goes on to fill and flag its own; it never
 * writes to ours, which other threads are reading.
 */
static CURLcode
on_tls(CURL *easy, void *ssl_ctx, void *arg)
{
	struct nx_http *http = arg;

	(void)easy;
	if (SSL_CTX_set1_verify_cert_store(ssl_ctx, http->ca->store) != 1)
		return CURLE_SSL_CERTPROBLEM;
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ssl_ctx, SSL_OP_CLEANSE_PLAINTEXT);
	return CURLE_OK;
}

/* A connection stands and libcurl is about to write the request to it. */
static int
on_leaving(void *arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
	struct nx_http *http = arg;

	(void)to_ip, (void)from_ip, (void)to_port, (void)from_port;
	http->leaving = true;
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

static size_t
on_read(char *to, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;
	size_t n = size * count;

	if (n > http->unsent.n)
		n = http->unsent.n;
	if (n > 0)
		memcpy(to, http->unsent.p, n);
	http->unsent.p += n;
	http->unsent.n -= n;
	return n;
}

static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct nx_http *http = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (size_t)offset > http->whole.n)
		return CURL_SEEKFUNC_FAIL;
	http->unsent.p = http->whole.p + offset;
	http->unsent.n = http->whole.n - (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;
	struct nx_slice s = { line, size * count };

	http->heard = true;
	if (nx_slice_starts(s, "HTTP/"))
		http->windows = (struct nx_windows){ 0 };
	else
		nx_windows_header(&http->windows, s);
	return s.n;
}

static size_t
on_body(char *p, size_t size, size_t count, void *arg)
{
	struct nx_http *http = arg;

	http->heard = true;
	http->too_long = size * count > http->body.max - http->body.n;
	nx_buf_add(&http->body, p, size * count);
	return nx_buf_ok(&http->body) ? size * count : 0;
}

/*
 * Called whenever libcurl has looked up.  Only time in which this thread
 * could have done so counts, and it gives up at a later look than the one
 * that used the time up, when nothing of an answer has come for a tick: after
 * a stop of the process, what has arrived meanwhile is read first.
 */
static int
on_tick(void *arg, curl_off_t down, curl_off_t got, curl_off_t up,
    curl_off_t sent)
{
	struct nx_http *http = arg;
	const int64_t now = nx_clock_mono();
	const int64_t gone = now - http->looked_up;
	const int ms = gone < TICK_MS ? (int)gone : TICK_MS;
	const bool quiet = http->quiet >= TICK_MS;
	const bool over = http->patience <= (quiet ? 0 : -TRICKLE_MS);

	(void)down, (void)got, (void)up, (void)sent;
	http->looked_up = now;
	http->quiet = http->heard ? 0 : http->quiet + ms;
	http->heard = false;
	http->patience -= ms;
	return over ? 1 : 0;
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
	SET(http, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(http, CURLOPT_MAXCONNECTS, (long)CONNECTIONS);
	SET(http, CURLOPT_MAXAGE_CONN, (long)IDLE_S);
	SET(http, CURLOPT_MAXLIFETIME_CONN, (long)LIFE_S);
	SET(http, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(http, CURLOPT_BUFFERSIZE, (long)BUFFER);
	SET(http, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER);
	SET(http, CURLOPT_ERRORBUFFER, http->why);
	SET(http, CURLOPT_CAINFO, NULL);
	SET(http, CURLOPT_CAPATH, NULL);
	SET(http, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(http, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(http, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(http, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(http, CURLOPT_SSL_CTX_DATA, http);
	SET(http, CURLOPT_PREREQFUNCTION, on_leaving);
	SET(http, CURLOPT_PREREQDATA, http);
	SET(http, CURLOPT_DEBUGFUNCTION, on_debug);
	SET(http, CURLOPT_DEBUGDATA, http);
	SET(http, CURLOPT_READFUNCTION, on_read);
	SET(http, CURLOPT_READDATA, http);
	SET(http, CURLOPT_SEEKDATA, http);
	SET(http, CURLOPT_HEADERFUNCTION, on_header);
	SET(http, CURLOPT_HEADERDATA, http);
	SET(http, CURLOPT_WRITEFUNCTION, on_body);
	SET(http, CURLOPT_WRITEDATA, http);
	SET(http, CURLOPT_XFERINFOFUNCTION, on_tick);
	SET(http, CURLOPT_XFERINFODATA, http);
}

struct nx_http *
nx_http_new(struct nx_http_ca *ca)
{
	struct nx_http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->ca = ca;
	memcpy(http->expect, "Expect:", sizeof(http->expect));
	http->body = (struct nx_buf)NX_BUF_SECRET(NX_HTTP_BODY_MAX);
	http->auth = (struct nx_buf)NX_BUF_SECRET(AUTH_MAX);
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

/* Neither a second header nor a second request can hide in it. */
static bool
is_token(const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s <= 0x20 || *s >= 0x7f)
			return false;
	}
	return true;
}

/* The Authorization line, empty when none is wanted. */
static bool
write_auth(const struct nx_http_ask *ask, struct nx_buf *out)
{
	struct nx_buf pair = NX_BUF_SECRET(AUTH_MAX / 2);

	nx_buf_reset(out);
	if (ask->bearer != NULL) {
		nx_buf_adds(out, "Authorization: Bearer ");
		nx_buf_adds(out, ask->bearer);
		return nx_buf_ok(out) && is_token(ask->bearer);
	}
	if (ask->basic_user == NULL)
		return true;
	nx_buf_adds(&pair, ask->basic_user);
	nx_buf_addc(&pair, ':');
	if (ask->basic_password != NULL)
		nx_buf_adds(&pair, ask->basic_password);
	nx_buf_adds(out, "Authorization: Basic ");
	nx_base64_add(out, pair.p, pair.n);
	out->failed |= pair.failed;
	nx_buf_free(&pair);
	return nx_buf_ok(out);
}

/* Are they few enough, and each of them one line? */
static bool
are_lines(char *const *headers)
{
	size_t n = 0;

	for (; headers != NULL && headers[n] != NULL; n++) {
		if (n == NX_HTTP_HEADERS_MAX)
			return false;
		for (const char *s = headers[n]; *s != '\0'; s++) {
			if (*s < 0x20 || *s == 0x7f)
				return false;
		}
	}
	return true;
}

/* A list made by hand: libcurl reads it and neither copies nor frees it. */
static void
set_headers(struct nx_http *http, const struct nx_http_ask *ask)
{
	struct curl_slist *list = http->headers;
	const char *type = ask->content_type;
	size_t n = 0;

	/* No type given: an empty line keeps libcurl from inventing one. */
	(void)snprintf(http->type, sizeof(http->type), "Content-Type:%s%s",
	    type == NULL ? "" : " ", type == NULL ? "" : type);
	list[n++].data = http->type;
	list[n++].data = http->expect;
	if (http->auth.n > 0)
		list[n++].data = http->auth.p;
	for (size_t i = 0; ask->headers != NULL && ask->headers[i] != NULL;
	    i++)
		list[n++].data = ask->headers[i];
	for (size_t i = 0; i < n; i++)
		list[i].next = i + 1 < n ? &list[i + 1] : NULL;
	SET(http, CURLOPT_HTTPHEADER, list);
}

/*
 * Nothing has come over the kept connection since its last answer.  What has
 * is its end, as a server tells it that restarts; libcurl takes the farewell
 * of TLS for a sign of life, sends into the void, and gives up for good when
 * that has happened to a handle a few times.
 */
static bool
is_quiet(const struct nx_http *http)
{
	struct pollfd p = { .events = POLLIN };
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (curl_easy_getinfo(http->easy, CURLINFO_ACTIVESOCKET, &fd) !=
	    CURLE_OK || fd == CURL_SOCKET_BAD)
		return true;	/* none is kept */
	p.fd = fd;
	return poll(&p, 1, 0) == 0;
}

/*
 * A body that cannot be rewound is what stops libcurl from sending a request
 * again; and only a reused connection is tried again.
 *
 * What leaves once has a connection of its own, however short the kept one has
 * idled.  Servers close what is kept when they restart, never what is new: of
 * 1,000 posts 59 were lost to reloads of an nginx, 1 to 4 where connections
 * were kept for a second or for a tenth, none of 5,000 this way.  It costs a
 * millisecond of CPU and two round trips, beside the hundreds of milliseconds
 * that X takes to create.
 */
static void
set_method(struct nx_http *http, const struct nx_http_ask *ask)
{
	bool post = strcmp(ask->method, "POST") == 0;

	http->whole = http->unsent = post ? ask->body : NX_SLICE("");
	if (post)
		SET(http, CURLOPT_POST, 1L);
	else
		SET(http, CURLOPT_HTTPGET, 1L);
	SET(http, CURLOPT_CUSTOMREQUEST,
	    post || strcmp(ask->method, "GET") == 0 ? NULL : ask->method);
	SET(http, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)http->whole.n);
	http->once = ask->once;
	SET(http, CURLOPT_VERBOSE, ask->once ? 1L : 0L);
	SET(http, CURLOPT_SEEKFUNCTION, ask->once ? NULL : on_seek);
	SET(http, CURLOPT_FRESH_CONNECT,
	    ask->once || !is_quiet(http) ? 1L : 0L);
}

/* A patient request has no time-out: on_tick() gives up. */
static void
set_limit(struct nx_http *http, int patient_ms, int left)
{
	const int most = left < NX_HTTP_TIMEOUT_MS ? left :
	    NX_HTTP_TIMEOUT_MS;

	http->patience = patient_ms;
	http->quiet = 0;
	http->looked_up = nx_clock_mono();
	SET(http, CURLOPT_TIMEOUT_MS, patient_ms > 0 ? 0L : (long)most);
	SET(http, CURLOPT_NOPROGRESS, patient_ms > 0 ? 0L : 1L);
}

static void
set_request(struct nx_http *http, const struct nx_http_ask *ask, int left)
{
	bool plain = nx_slice_starts_nocase(nx_slice_str(ask->url), "http:");

	http->setup = CURLE_OK;
	SET(http, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
	SET(http, CURLOPT_URL, ask->url);
	set_limit(http, ask->patient_ms, left);
	set_method(http, ask);
	set_headers(http, ask);
}

static void
explain(struct nx_http_answer *out, const char *why)
{
	(void)snprintf(out->why, sizeof(out->why), "%.*s",
	    (int)sizeof(out->why) - 1, why);
}

/* How many bytes at `p` stand for `c`, encoded or plain; 0: they do not. */
static size_t
stands_for(const char *p, const char *end, char c)
{
	static const char unicode[] = "\\u00";
	const size_t lead = *p == '%' ? 1 : sizeof(unicode) - 1;

	if (*p != '%' && *p != '\\')
		return *p == c;
	if ((size_t)(end - p) >= lead + 2 &&
	    (lead == 1 || memcmp(p, unicode, lead) == 0) &&
	    nx_hex_digit(p[lead]) == (unsigned char)c >> 4 &&
	    nx_hex_digit(p[lead + 1]) == (c & 15))
		return lead + 2;
	if (end - p >= 2 && p[0] == '\\' && p[1] == c &&
	    (c == '/' || c == '"' || c == '\\'))
		return 2;
	return *p == c;
}

/* Bytes that `secret` takes at `p`; 0: it is not there. */
static size_t
found(const char *p, const char *end, const char *secret)
{
	const char *at = p;

	for (; *secret != '\0'; secret++) {
		size_t n = at < end ? stands_for(at, end, *secret) : 0;

		if (n == 0)
			return 0;
		at += n;
	}
	return (size_t)(at - p);
}

static void
blank(char *p, size_t n, const char *secret)
{
	const char *end = p + n;

	if (secret == NULL || strlen(secret) < NX_HTTP_SECRET_MIN)
		return;
	while (p < end) {
		size_t len = found(p, end, secret);

		memset(p, '*', len);
		p += len > 0 ? len : 1;
	}
}

/* X, or whoever stands before it, may repeat to us what we sent. */
static void
blank_secrets(struct nx_http *http, const struct nx_http_ask *ask,
    struct nx_http_answer *out)
{
	const char *sent = strrchr(nx_buf_str(&http->auth), ' ');
	const char *const *more = out->status / 100 == 2 ? NULL :
	    ask->secrets;
	const char *all[2] = { sent == NULL ? NULL : sent + 1,
	    ask->basic_password };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		blank(http->body.p, out->body.n, all[i]);
		blank(out->why, strlen(out->why), all[i]);
	}
	for (; more != NULL && *more != NULL; more++) {
		blank(http->body.p, out->body.n, *more);
		blank(out->why, strlen(out->why), *more);
	}
}

/* Status and headers, and the body as far as it has come. */
static void
take_answer(struct nx_http *http, long status, struct nx_http_answer *out)
{
	curl_off_t after = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &after);
	out->status = (int)status;
	out->retry_after = after <= 0 ? 0 : after > INT32_MAX ?
	    INT32_MAX : (int)after;
	out->windows = http->windows;
	nx_windows_believe(&out->windows, nx_clock_wall());
	out->body = nx_buf_slice(&http->body);
}

/*
 * After the first byte nobody knows what X did, whatever went wrong; but
 * where a body was announced and none of it left, X did nothing.  And what
 * has come of an answer that comes once may be all that matters of it.
 */
static void
conclude(struct nx_http *http, CURLcode code, struct nx_http_answer *out)
{
	long status = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status > 0) {
		out->outcome = NX_HTTP_ANSWERED;
		take_answer(http, status, out);
		return;
	}
	out->outcome = http->leaving && (http->body_left || !http->once ||
	    http->whole.n == 0) ? NX_HTTP_LOST : NX_HTTP_NOT_SENT;
	out->too_long = http->too_long;
	if (out->outcome == NX_HTTP_LOST && http->once && status / 100 == 2 &&
	    nx_buf_ok(&http->body))
		take_answer(http, status, out);
	explain(out, !nx_buf_ok(&http->body) ? "the answer does not fit" :
	    code == CURLE_ABORTED_BY_CALLBACK ? "it was waited for in vain" :
	    http->why[0] != '\0' ? http->why : curl_easy_strerror(code));
}

/* Where a connection ended under the request, a new one may do. */
static void
perform(struct nx_http *http, const struct nx_http_ask *ask,
    struct nx_http_answer *out)
{
	int left;

	conclude(http, curl_easy_perform(http->easy), out);
	left = nx_clock_left(ask->deadline);
	if (out->outcome != NX_HTTP_NOT_SENT || !http->leaving || left == 0)
		return;
	set_request(http, ask, left);
	SET(http, CURLOPT_FRESH_CONNECT, 1L);
	http->leaving = false;
	http->why[0] = '\0';
	nx_http_forget(http);
	if (http->setup == CURLE_OK)
		conclude(http, curl_easy_perform(http->easy), out);
}

void
nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
    struct nx_http_answer *out)
{
	const char *wrong = NULL;
	int left = nx_clock_left(ask->deadline);

	*out = (struct nx_http_answer){ .outcome = NX_HTTP_NOT_SENT };
	nx_http_forget(http);
	http->windows = (struct nx_windows){ 0 };
	http->leaving = http->body_left = http->too_long = false;
	http->why[0] = '\0';
	if (left == 0)
		wrong = "no time was left to ask";
	else if (!nx_url_is_safe(nx_slice_str(ask->url)))
		wrong = "the address is not an https:// one";
	else if (!write_auth(ask, &http->auth))
		wrong = "the token cannot be sent";
	else if (!are_lines(ask->headers))
		wrong = "a header cannot be sent";
	else if (ask->once && !nx_buf_reserve(&http->body, ONCE_BODY))
		wrong = "there is no memory for the answer";
	if (wrong == NULL) {
		set_request(http, ask, left);
		if (http->setup != CURLE_OK)
			wrong = curl_easy_strerror(http->setup);
	}
	if (wrong != NULL)
		explain(out, wrong);
	else
		perform(http, ask, out);
	blank_secrets(http, ask, out);
	(void)curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
	nx_buf_reset(&http->auth);
}
