/* x_server.c - see x_server.h. */

#include "x_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNS = 256, TICK_MS = 10, HEAD_MAX = 16384 };

struct xs_tls {
	EVP_PKEY	*ca_key, *key;
	X509		*ca, *cert;
};

struct xs {
	int		 fd;
	unsigned int	 port;
	SSL_CTX		*ctx;
	atomic_bool	 stopping;
	atomic_int	 closing;	/* an xs_close, until it is done */
	pthread_t	 acceptor, conns[CONNS];
	int		 conns_n;
	char		 url[200];
	pthread_mutex_t	 lock;		/* guards what follows */
	xs_handler	*handler;	/* NULL: the answers below */
	void		*handler_ctx;
	struct xs_seen	 seen;
	char		 answer[4000], then[2][4000];
	bool		 cuts;		/* the connection after the answer */
};

struct conn {
	struct xs	*s;
	int		 fd;
	SSL		*ssl;
	char		 in[HEAD_MAX];
	size_t		 in_n;
	bool		 rude;		/* ends without a farewell */
	enum xs_close	 closed;	/* by xs_close() */
};

static X509 *
certificate(const char *name, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key)
{
	X509 *x = X509_new();
	X509V3_CTX v3;
	X509_EXTENSION *ext;

	assert(x != NULL && X509_set_version(x, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x), ca == NULL ? 1 : 2);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(ca == NULL ? x : ca));
	X509_set_pubkey(x, key);
	X509V3_set_ctx(&v3, ca == NULL ? x : ca, x, NULL, NULL, 0);
	ext = ca == NULL ?
	    X509V3_EXT_conf_nid(NULL, &v3, NID_basic_constraints,
	    "critical,CA:TRUE") :
	    X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name,
	    "IP:127.0.0.1");
	assert(ext != NULL && X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
	assert(X509_sign(x, ca_key, EVP_sha256()) > 0);
	return x;
}

struct xs_tls *
xs_tls_new(char pem[64])
{
	struct xs_tls *t = calloc(1, sizeof(*t));
	FILE *f;
	int fd;

	assert(t != NULL);
	t->ca_key = EVP_EC_gen("P-256");
	t->key = EVP_EC_gen("P-256");
	t->ca = certificate("a CA of this test", t->ca_key, NULL, t->ca_key);
	t->cert = certificate("leaf", t->key, t->ca, t->ca_key);
	(void)snprintf(pem, 64, "/tmp/nx-test-ca-XXXXXX");
	fd = mkstemp(pem);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	assert(f != NULL && PEM_write_X509(f, t->ca) == 1);
	assert(fclose(f) == 0);
	return t;
}

void
xs_tls_free(struct xs_tls *t)
{
	EVP_PKEY_free(t->ca_key);
	EVP_PKEY_free(t->key);
	X509_free(t->ca);
	X509_free(t->cert);
	free(t);
}

static bool
has_input(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	return (c->ssl != NULL && SSL_pending(c->ssl) > 0) ||
	    poll(&p, 1, TICK_MS) > 0;
}

static void
stray(struct conn *c)
{
	assert(send(c->fd, "H", 1, 0) == 1);
	c->closed = 0;
	atomic_store(&c->s->closing, 0);
}

/* Bytes read, 0 at the end (or when the server stops, or is to close). */
static size_t
conn_read(struct conn *c, char *to, size_t n)
{
	while (!atomic_load(&c->s->stopping)) {
		int got;

		if (!has_input(c)) {
			c->closed = atomic_load(&c->s->closing);
			if (c->closed == XS_CLOSE_NOT)
				stray(c);
			else if (c->closed != 0)
				break;
			continue;
		}
		got = c->ssl == NULL ? (int)recv(c->fd, to, n, 0) :
		    SSL_read(c->ssl, to, (int)n);
		if (got > 0)
			return (size_t)got;
		if (got == 0 || (c->ssl == NULL && errno != EAGAIN) ||
		    (c->ssl != NULL && SSL_get_error(c->ssl, got) !=
		    SSL_ERROR_WANT_READ))
			break;
	}
	ERR_clear_error();
	return 0;
}

static bool
conn_write(struct conn *c, const char *p, size_t n)
{
	while (n > 0) {
		int put = c->ssl == NULL ?
		    (int)send(c->fd, p, n, MSG_NOSIGNAL) :
		    SSL_write(c->ssl, p, (int)n);

		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

static void
copy_header(const char *head, const char *name, char *to, size_t size)
{
	const char *at = strcasestr(head, name);
	size_t n = 0;

	to[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(name);
	while (at[n] != '\r' && at[n] != '\0' && n + 1 < size)
		n++;
	memcpy(to, at, n);
	to[n] = '\0';
}

static void
note(struct conn *c, const char *head, size_t body_n, const char *kept)
{
	struct xs_seen *seen = &c->s->seen;
	size_t keep = body_n < sizeof(seen->body) - 1 ? body_n :
	    sizeof(seen->body) - 1;

	pthread_mutex_lock(&c->s->lock);
	seen->requests++;
	(void)sscanf(head, "%7s %199s", seen->method, seen->path);
	(void)snprintf(seen->head, sizeof(seen->head), "%.1999s", head);
	copy_header(head, "\r\nAuthorization: ", seen->auth,
	    sizeof(seen->auth));
	copy_header(head, "\r\nContent-Type: ", seen->type,
	    sizeof(seen->type));
	copy_header(head, "\r\nUser-Agent: ", seen->agent,
	    sizeof(seen->agent));
	copy_header(head, "\r\nExpect:", seen->expect, sizeof(seen->expect));
	memcpy(seen->body, kept, keep);
	seen->body[keep] = '\0';
	seen->body_n = body_n;
	pthread_mutex_unlock(&c->s->lock);
}

/* Read one request to its end; its path comes out. */
static bool
read_request(struct conn *c, char path[200])
{
	char length[20], *end, kept[4000] = "", more[4096];
	size_t head_n, want, have, got;

	for (;;) {
		c->in[c->in_n] = '\0';
		if ((end = strstr(c->in, "\r\n\r\n")) != NULL)
			break;
		if (c->in_n >= sizeof(c->in) - 1 || (got = conn_read(c,
		    c->in + c->in_n, sizeof(c->in) - 1 - c->in_n)) == 0)
			return false;
		c->in_n += got;
	}
	*end = '\0';
	head_n = (size_t)(end - c->in) + 4;
	copy_header(c->in, "\r\nContent-Length: ", length, sizeof(length));
	want = strtoul(length, NULL, 10);
	have = c->in_n - head_n;
	memcpy(kept, c->in + head_n, have < sizeof(kept) - 1 ? have :
	    sizeof(kept) - 1);
	while (have < want) {
		if ((got = conn_read(c, more, sizeof(more))) == 0)
			return false;
		if (have + got < sizeof(kept))
			memcpy(kept + have, more, got);
		have += got;
	}
	note(c, c->in, have, kept);
	assert(sscanf(c->in, "%*s %199s", path) == 1);
	c->in_n = 0;
	return true;
}

static bool
say(struct conn *c, const char *text)
{
	return conn_write(c, text, strlen(text));
}

static bool
say_huge(struct conn *c)
{
	char block[4096];
	bool good = say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n"
	    "\r\n");

	memset(block, 'x', sizeof(block));
	for (int i = 0; good && i < 512; i++)
		good = conn_write(c, block, sizeof(block));
	return good;
}

static void
write_answer(char to[4000], int status, const char *headers,
    const char *body)
{
	(void)snprintf(to, 4000, "HTTP/1.1 %d Said\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s", status, headers, strlen(body),
	    body);
}

/* As the handler says, which sees the request that was noted last. */
static bool
say_handled(struct conn *c)
{
	struct xs_reply reply = { .status = 200 };
	char text[4000];

	pthread_mutex_lock(&c->s->lock);
	c->s->handler(c->s->handler_ctx, &c->s->seen, &reply);
	pthread_mutex_unlock(&c->s->lock);
	write_answer(text, reply.status, reply.headers, reply.body);
	return say(c, text);
}

static bool
say_set(struct conn *c)
{
	char copy[sizeof(c->s->answer)];
	bool cuts;

	pthread_mutex_lock(&c->s->lock);
	memcpy(copy, c->s->answer, sizeof(copy));
	if (c->s->then[0][0] != '\0')
		memcpy(c->s->answer, c->s->then[0], sizeof(copy));
	memcpy(c->s->then[0], c->s->then[1], sizeof(copy));
	c->s->then[1][0] = '\0';
	cuts = c->s->cuts;
	pthread_mutex_unlock(&c->s->lock);
	if (!cuts)
		return say(c, copy);
	c->rude = true;
	(void)say(c, copy);
	return false;
}

static bool
say_late(struct conn *c)
{
	bool good;

	(void)poll(NULL, 0, XS_LATE_MS);
	good = say_set(c);
	pthread_mutex_lock(&c->s->lock);
	c->s->seen.late++;
	pthread_mutex_unlock(&c->s->lock);
	return good;
}

/* Behave as the path says; true to go on with the connection. */
static bool
behave(struct conn *c, const char *path)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
	    "\r\n{}";

	if (c->s->handler != NULL)
		return say_handled(c);
	if (strcmp(path, "/ok") == 0)
		return say(c, ok);
	if (strcmp(path, "/bye") == 0)
		(void)say(c, ok);
	else if (strcmp(path, "/hang") == 0)
		(void)conn_read(c, c->in, 1);
	else if (strncmp(path, "/huge", 5) == 0)
		return say_huge(c);
	else if (strcmp(path, "/cut") == 0)
		(void)say(c, "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n"
		    "\r\n{\"data\"");
	else if (strcmp(path, "/noise") == 0)
		(void)say(c, "this is not HTTP\r\n\r\n");
	else if (strcmp(path, "/late") == 0)
		return say_late(c);
	else if (strcmp(path, "/drop") != 0)
		return say_set(c);
	return false;
}

static void
close_now(struct conn *c)
{
	const struct linger none = { .l_onoff = 1 };

	if (c->closed == XS_CLOSE_FAREWELL && c->ssl != NULL)
		(void)SSL_shutdown(c->ssl);
	if (c->closed == XS_CLOSE_RST)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none,
		    sizeof(none));
	close(c->fd);
	atomic_store(&c->s->closing, 0);
}

void
xs_close(struct xs *s, enum xs_close how)
{
	atomic_store(&s->closing, how);
	while (atomic_load(&s->closing) != 0)
		(void)poll(NULL, 0, 1);
}

/* As servers do that mean well: a farewell, and then they listen on. */
static void
end(struct conn *c, bool secure)
{
	secure = secure && c->ssl != NULL && SSL_shutdown(c->ssl) >= 0;
	if (!secure)
		(void)shutdown(c->fd, SHUT_WR);
	pthread_mutex_lock(&c->s->lock);
	c->s->seen.ended++;
	pthread_mutex_unlock(&c->s->lock);
	while (secure && !atomic_load(&c->s->stopping)) {
		ssize_t n = recv(c->fd, c->in, sizeof(c->in), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
	}
}

static void *
serve(void *arg)
{
	struct conn *c = arg;
	char path[200];
	bool good = true, goes_on = true;

	if (xs_thread_begins != NULL)
		xs_thread_begins();
	if (c->s->ctx != NULL) {
		c->ssl = SSL_new(c->s->ctx);
		SSL_set_fd(c->ssl, c->fd);
		good = SSL_accept(c->ssl) == 1;
		ERR_clear_error();
	}
	if (good) {
		pthread_mutex_lock(&c->s->lock);
		c->s->seen.connections++;
		pthread_mutex_unlock(&c->s->lock);
	}
	while (good && goes_on && read_request(c, path))
		goes_on = behave(c, path);
	if (c->closed != 0)
		close_now(c);
	else {
		end(c, good && !c->rude);
		close(c->fd);
	}
	SSL_free(c->ssl);
	free(c);
	return NULL;
}

static void *
accept_all(void *arg)
{
	struct xs *s = arg;
	const struct timeval tick = { 0, TICK_MS * 1000 };
	struct timeval patience = { 5, 0 };

	if (xs_thread_begins != NULL)
		xs_thread_begins();
	while (!atomic_load(&s->stopping)) {
		struct pollfd p = { .fd = s->fd, .events = POLLIN };
		struct conn *c;
		int fd;

		if (poll(&p, 1, TICK_MS) <= 0 ||
		    (fd = accept(s->fd, NULL, NULL)) < 0)
			continue;
		assert(s->conns_n < CONNS);
		c = calloc(1, sizeof(*c));
		assert(c != NULL);
		c->s = s;
		c->fd = fd;
		/* A handshake has blocking reads; plain ones tick. */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, s->ctx == NULL ?
		    &tick : &patience, sizeof(tick));
		assert(pthread_create(&s->conns[s->conns_n++], NULL, serve,
		    c) == 0);
	}
	return NULL;
}

static SSL_CTX *
tls_context(struct xs_tls *tls)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	assert(ctx != NULL);
	assert(SSL_CTX_use_certificate(ctx, tls->cert) == 1);
	assert(SSL_CTX_use_PrivateKey(ctx, tls->key) == 1);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

struct xs *
xs_start(struct xs_tls *tls)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	struct xs *s = calloc(1, sizeof(*s));

	assert(s != NULL);
	s->ctx = tls == NULL ? NULL : tls_context(tls);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(s->fd >= 0);
	assert(bind(s->fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	assert(listen(s->fd, 64) == 0);
	assert(getsockname(s->fd, (struct sockaddr *)&a, &n) == 0);
	s->port = ntohs(a.sin_port);
	pthread_mutex_init(&s->lock, NULL);
	xs_answer(s, 200, "", "{}");
	assert(pthread_create(&s->acceptor, NULL, accept_all, s) == 0);
	return s;
}

void
xs_stop(struct xs *s)
{
	atomic_store(&s->stopping, true);
	pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->conns_n; i++)
		pthread_join(s->conns[i], NULL);
	close(s->fd);
	SSL_CTX_free(s->ctx);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

const char *
xs_url(struct xs *s, const char *host, const char *path)
{
	(void)snprintf(s->url, sizeof(s->url), "http%s://%s:%u%s",
	    s->ctx == NULL ? "" : "s", host, s->port, path);
	return s->url;
}

static void
set_answer(struct xs *s, char to[4000], int status, const char *headers,
    const char *body)
{
	pthread_mutex_lock(&s->lock);
	write_answer(to, status, headers, body);
	pthread_mutex_unlock(&s->lock);
}

void
xs_handle(struct xs *s, xs_handler *handler, void *ctx)
{
	pthread_mutex_lock(&s->lock);
	s->handler = handler;
	s->handler_ctx = ctx;
	pthread_mutex_unlock(&s->lock);
}

void
xs_answer(struct xs *s, int status, const char *headers, const char *body)
{
	pthread_mutex_lock(&s->lock);
	s->then[0][0] = s->then[1][0] = '\0';
	s->cuts = false;
	pthread_mutex_unlock(&s->lock);
	set_answer(s, s->answer, status, headers, body);
}

void
xs_cut(struct xs *s, enum xs_cut how, int status, const char *body)
{
	const size_t n = strlen(body);

	xs_answer(s, status, "", "");
	pthread_mutex_lock(&s->lock);
	s->cuts = true;
	if (how == XS_CUT_LENGTH)
		(void)snprintf(s->answer, sizeof(s->answer), "HTTP/1.1 %d"
		    " Said\r\nContent-Length: %zu\r\n\r\n%s", status,
		    n + 1, body);
	else
		(void)snprintf(s->answer, sizeof(s->answer), "HTTP/1.1 %d"
		    " Said\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n"
		    "%s\r\n", status, n, body);
	pthread_mutex_unlock(&s->lock);
}

void
xs_then(struct xs *s, int status, const char *headers, const char *body)
{
	set_answer(s, s->then[s->then[0][0] != '\0'], status, headers, body);
}

struct xs_seen
xs_seen(struct xs *s)
{
	struct xs_seen copy;

	pthread_mutex_lock(&s->lock);
	copy = s->seen;
	pthread_mutex_unlock(&s->lock);
	return copy;
}
