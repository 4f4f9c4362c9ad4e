/*
 * test_auth_callers.c - the keys that tell who is calling: fetched, rotated,
 * lost, and asked for by many threads at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nx/base/base64.h"
#include "nx/base/clock.h"
#include "nx/flow/auth/callers.h"
#include "x_server.h"

#define SECRET "super-secret-jwt-token-with-at-least-32-characters"
#define USER "6f1c1d2e-0000-4000-8000-00000000abcd"

enum { PATIENCE = 60000, THREADS = 8, ROUNDS = 200 };

struct world {
	EVP_PKEY	*keys[2];	/* kid "0" and "1" */
};

struct fixture {
	const struct world	*world;
	struct xs		*server;
	char			 url[100];
	struct nx_conf		 conf;
	struct nx_callers	*callers;
};

static struct world the_world;

static int
begin(void **state)
{
	if (nx_http_start() != NX_OK)
		return -1;
	for (int i = 0; i < 2; i++)
		the_world.keys[i] = EVP_RSA_gen(2048);
	*state = &the_world;
	return the_world.keys[1] == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		EVP_PKEY_free(the_world.keys[i]);
	nx_http_stop();
	return 0;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->world = &the_world;
	f->server = xs_start(NULL);
	(void)snprintf(f->url, sizeof(f->url), "%s",
	    xs_url(f->server, "127.0.0.1", ""));
	f->conf = (struct nx_conf){
		.supabase_url = f->url, .threads = 8,
		.log = { .level = NX_LOG_ERROR, .fd = 2 },
	};
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	nx_callers_free(f->callers);
	xs_stop(f->server);
	free(f);
	return 0;
}

static void
add_number(struct nx_buf *out, EVP_PKEY *key, const char *param)
{
	unsigned char bytes[300];
	BIGNUM *n = NULL;
	int len;

	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &n), 1);
	len = BN_bn2bin(n, bytes);
	nx_base64url_add(out, bytes, (size_t)len);
	BN_free(n);
}

/* The keys from `first` to `last` as a JWKS. */
static struct nx_buf
jwks_of(const struct world *w, int first, int last)
{
	struct nx_buf out = NX_BUF(3000);

	nx_buf_adds(&out, "{\"keys\":[");
	for (int i = first; i <= last; i++) {
		nx_buf_addf(&out, "%s{\"kty\":\"RSA\",\"kid\":\"%d\",\"n\":\"",
		    i == first ? "" : ",", i);
		add_number(&out, w->keys[i], OSSL_PKEY_PARAM_RSA_N);
		nx_buf_adds(&out, "\",\"e\":\"");
		add_number(&out, w->keys[i], OSSL_PKEY_PARAM_RSA_E);
		nx_buf_adds(&out, "\"}");
	}
	nx_buf_adds(&out, "]}");
	assert_true(nx_buf_ok(&out));
	return out;
}

static void
serve(struct fixture *f, int first, int last)
{
	struct nx_buf jwks = jwks_of(f->world, first, last);

	xs_answer(f->server, 200, "", nx_buf_str(&jwks));
	nx_buf_free(&jwks);
}

static struct nx_buf
unsigned_token(const struct fixture *f, const char *header)
{
	struct nx_buf t = NX_BUF(4000), claims = NX_BUF(1000);

	nx_buf_addf(&claims, "{\"aud\":\"authenticated\",\"sub\":\"" USER
	    "\",\"iss\":\"%s/auth/v1\",\"exp\":%lld}", f->url,
	    (long long)nx_clock_wall() + 3600);
	nx_base64url_add(&t, header, strlen(header));
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, claims.p, claims.n);
	nx_buf_free(&claims);
	return t;
}

/* Signed with key `i`, naming `kid`. */
static struct nx_buf
token(const struct fixture *f, int i, const char *kid)
{
	char header[100];
	struct nx_buf t;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char sig[512];
	size_t n = sizeof(sig);

	(void)snprintf(header, sizeof(header),
	    "{\"alg\":\"RS256\",\"kid\":\"%s\"}", kid);
	t = unsigned_token(f, header);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    f->world->keys[i]), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &n,
	    (const unsigned char *)t.p, t.n), 1);
	EVP_MD_CTX_free(ctx);
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, sig, n);
	return t;
}

static struct nx_buf
secret_token(const struct fixture *f)
{
	struct nx_buf t = unsigned_token(f, "{\"alg\":\"HS256\"}");
	unsigned char mac[32];
	unsigned int n = sizeof(mac);

	assert_non_null(HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET),
	    (const unsigned char *)t.p, t.n, mac, &n));
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, mac, n);
	return t;
}

static enum nx_rc
look(const struct fixture *f, const struct nx_buf *text, struct nx_err *err)
{
	struct nx_jwt_claims claims;
	enum nx_rc rc = nx_callers_check(f->callers, nx_buf_slice(text),
	    nx_clock_mono() + PATIENCE, &claims, err);

	assert_string_equal(claims.sub, rc == NX_OK ? USER : "");
	return rc;
}

/* Checks the token and frees it. */
static enum nx_rc
ask(const struct fixture *f, struct nx_buf text)
{
	struct nx_err err = { 0 };
	enum nx_rc rc = look(f, &text, &err);

	nx_buf_free(&text);
	if (rc == NX_BUSY)
		assert_in_range(err.retry_after, 1, 10);
	return rc;
}

static void
open_callers(struct fixture *f)
{
	struct nx_err err = { 0 };

	if (nx_callers_new(&f->conf, NULL, &f->callers, &err) != NX_OK ||
	    nx_callers_start(f->callers, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
lets_in_by_the_url(void **state)
{
	struct fixture *f = *state;

	f->conf.jwt_secret = SECRET;
	serve(f, 0, 0);
	open_callers(f);
	/* The first one waits for the first fetch. */
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
	assert_int_equal(ask(f, secret_token(f)), NX_OK);
	assert_int_equal(ask(f, token(f, 1, "0")), NX_UNAUTHENTICATED);
	assert_string_equal(xs_seen(f->server).path,
	    "/auth/v1/.well-known/jwks.json");
	assert_int_equal(xs_seen(f->server).requests, 1);
}

static void
another_issuer_is_refused(void **state)
{
	struct fixture *f = *state;
	struct nx_buf foreign;

	serve(f, 0, 0);
	open_callers(f);
	f->url[strlen(f->url) - 1] ^= 1;
	foreign = token(f, 0, "0");
	f->url[strlen(f->url) - 1] ^= 1;
	assert_int_equal(ask(f, foreign), NX_UNAUTHENTICATED);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
}

static void
an_unknown_key_is_fetched_once(void **state)
{
	struct fixture *f = *state;
	struct nx_buf old = token(f, 0, "0");
	struct nx_err err;
	int64_t start;

	serve(f, 0, 0);
	open_callers(f);
	assert_int_equal(look(f, &old, &err), NX_OK);
	serve(f, 1, 1);
	assert_int_equal(look(f, &old, &err), NX_OK);	/* nobody asked yet */
	assert_int_equal(ask(f, token(f, 1, "1")), NX_OK);
	assert_int_equal(xs_seen(f->server).requests, 2);
	/* What was found good dies with the key that it was found with. */
	assert_int_equal(look(f, &old, &err), NX_UNAUTHENTICATED);
	start = nx_clock_mono();
	for (int i = 0; i < 50; i++)
		assert_int_equal(ask(f, token(f, 1, "2")),
		    NX_UNAUTHENTICATED);
	/* Waiting each time would take 100 s. */
	assert_true(nx_clock_mono() - start < 20 * NX_CALLERS_WAIT_MS);
	assert_int_equal(xs_seen(f->server).requests, 2);
	nx_buf_free(&old);
}

static void
the_last_good_set_survives_an_outage(void **state)
{
	struct fixture *f = *state;
	static const char *const spoilt[] = { "", "<html>", "{}",
	    "{\"keys\":7}" };

	for (size_t i = 0; i < 2 * sizeof(spoilt) / sizeof(*spoilt); i++) {
		serve(f, 0, 0);
		open_callers(f);
		assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
		xs_answer(f->server, i % 2 == 0 ? 200 : 503, "",
		    spoilt[i / 2]);
		assert_int_equal(ask(f, token(f, 1, "1")),
		    NX_UNAUTHENTICATED);
		assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
		nx_callers_free(f->callers);
		f->callers = NULL;
	}
	assert_int_equal(xs_seen(f->server).requests, 16);
}

static void
nobody_is_refused_before_there_are_keys(void **state)
{
	struct fixture *f = *state;

	f->conf.jwt_secret = SECRET;
	xs_answer(f->server, 500, "", "{}");
	open_callers(f);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_BUSY);
	assert_int_equal(ask(f, secret_token(f)), NX_OK);
	serve(f, 0, 0);
	/* Fetched again by itself, after five seconds. */
	for (int i = 0; i < 80 && ask(f, token(f, 0, "0")) != NX_OK; i++)
		nx_clock_sleep(100);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
}

/* A host that takes connections and says nothing. */
static int
silent_host(struct fixture *f)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	(void)snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d",
	    ntohs(a.sin_port));
	return fd;
}

struct waiter {
	struct fixture	*f;
	enum nx_rc	 rc;
	int		 ms;
};

static void *
wait_for_keys(void *arg)
{
	struct waiter *w = arg;
	int64_t start = nx_clock_mono();

	w->rc = ask(w->f, token(w->f, 0, "0"));
	w->ms = (int)(nx_clock_mono() - start);
	return NULL;
}

static void
few_wait_and_not_for_long(void **state)
{
	struct fixture *f = *state;
	struct waiter w[THREADS];
	pthread_t threads[THREADS];
	int at_once = 0, host = silent_host(f);

	open_callers(f);
	nx_clock_sleep(100);
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct waiter){ .f = f };
		assert_int_equal(pthread_create(&threads[i], NULL,
		    wait_for_keys, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(w[i].rc, NX_BUSY);
		assert_true(w[i].ms < PATIENCE);
		at_once += w[i].ms < NX_CALLERS_WAIT_MS - 50;
	}
	assert_int_equal(at_once, THREADS / 2);
	close(host);
}

static void
a_file_needs_no_url(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/nx-test-jwks-XXXXXX";
	struct nx_buf jwks = jwks_of(f->world, 0, 0);
	struct nx_err err = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	f->conf.jwks_file = path;
	assert_int_equal(nx_callers_new(&f->conf, NULL, &f->callers, &err),
	    NX_OK);			/* empty: no keys, nobody gets in */
	nx_callers_free(f->callers);
	assert_int_equal(write(fd, "[", 1), 1);
	assert_int_not_equal(nx_callers_new(&f->conf, NULL, &f->callers,
	    &err), NX_OK);
	assert_null(f->callers);
	assert_int_equal(pwrite(fd, jwks.p, jwks.n, 0), (int)jwks.n);
	close(fd);
	open_callers(f);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
	assert_int_equal(ask(f, token(f, 1, "1")), NX_UNAUTHENTICATED);
	assert_int_equal(xs_seen(f->server).requests, 0);
	unlink(path);
	nx_callers_free(f->callers);
	assert_int_equal(nx_callers_new(&f->conf, NULL, &f->callers, &err),
	    NX_CONFIG);
	nx_buf_free(&jwks);
}

struct crowd {
	struct fixture	*f;
	struct nx_buf	 old, next, secret;
	atomic_bool	 rotated;
};

static void *
crowd_thread(void *arg)
{
	struct crowd *c = arg;
	struct nx_err err;

	for (int i = 0; i < ROUNDS; i++) {
		bool rotated = atomic_load(&c->rotated);

		assert_int_equal(look(c->f, &c->secret, &err), NX_OK);
		if (rotated)
			assert_int_equal(look(c->f, &c->next, &err), NX_OK);
		else
			(void)look(c->f, &c->old, &err);
	}
	return NULL;
}

/* For the thread sanitizer: a new set comes while all are reading. */
static void
many_read_while_keys_change(void **state)
{
	struct fixture *f = *state;
	struct crowd c = { .f = f, .old = token(f, 0, "0"),
	    .next = token(f, 1, "1"), .secret = secret_token(f) };
	pthread_t threads[THREADS];

	f->conf.jwt_secret = SECRET;
	f->conf.threads = 4 * THREADS;
	serve(f, 0, 0);
	open_callers(f);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
		    crowd_thread, &c), 0);
	serve(f, 0, 1);
	nx_clock_sleep(20);
	atomic_store(&c.rotated, true);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_in_range(xs_seen(f->server).requests, 1, 2);
	nx_buf_free(&c.old);
	nx_buf_free(&c.next);
	nx_buf_free(&c.secret);
}

/* While requests are still being finished. */
static void
no_fetch_begins_once_it_winds_down(void **state)
{
	struct fixture *f = *state;

	serve(f, 0, 0);
	open_callers(f);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
	nx_callers_wind_down(f->callers);
	serve(f, 1, 1);
	assert_int_equal(ask(f, token(f, 0, "0")), NX_OK);
	/* Another process may know the key: refused would be too much. */
	assert_int_equal(ask(f, token(f, 1, "1")), NX_BUSY);
	assert_int_equal(xs_seen(f->server).requests, 1);
	nx_callers_stop(f->callers);
	assert_int_equal(xs_seen(f->server).requests, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_in_by_the_url),
		TEST(another_issuer_is_refused),
		TEST(an_unknown_key_is_fetched_once),
		TEST(the_last_good_set_survives_an_outage),
		TEST(nobody_is_refused_before_there_are_keys),
		TEST(few_wait_and_not_for_long),
		TEST(a_file_needs_no_url),
		TEST(many_read_while_keys_change),
		TEST(no_fetch_begins_once_it_winds_down),
	};

	return cmocka_run_group_tests_name("callers", tests, begin, end);
}
