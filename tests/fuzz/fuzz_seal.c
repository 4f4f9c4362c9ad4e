/*
 * fuzz_seal.c - sealed values, key rings and the attempts in cookies.
 *
 * Nothing opens that we did not seal, nor under another purpose or in another
 * place; what we sealed opens to the same bytes; an attempt leads back into
 * this site only; no error repeats a key.
 */

#include "fuzz_web.h"

#include "nx/base/url.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/seal/seal.h"

enum { OPEN, ROUND, ATTEMPT, PLAIN_ATTEMPT, START, RING, KINDS };

static const char kept[] = "what stood there before";

static const struct nx_keyring *
ring(void)
{
	return fuzz_web()->app.ring;
}

/* It must not open, and then leaves what was there. */
static enum nx_rc
fails_to_open(enum nx_purpose purpose, struct nx_slice context,
    struct nx_slice sealed)
{
	struct nx_buf out = NX_BUF_SECRET(NX_SEAL_TEXT_MAX);
	enum nx_rc rc;

	nx_buf_adds(&out, kept);
	rc = nx_unseal(ring(), purpose, context, sealed, &out);
	CHECK(rc != NX_OK);
	CHECK(strcmp(nx_buf_str(&out), kept) == 0);
	nx_buf_free(&out);
	return rc;
}

static void
check_open(struct nx_slice in)
{
	enum nx_purpose purpose = (enum nx_purpose)(fuzz_byte(&in) %
	    NX_PURPOSE_COUNT);
	struct nx_slice id = nx_sealed_key_id(in);

	CHECK(id.n == 0 || (id.p >= in.p && id.p + id.n <= in.p + in.n));
	CHECK(id.n <= NX_KEY_ID_MAX);
	(void)fails_to_open(purpose, NX_SLICE("here"), in);
}

static bool
is_plain(struct nx_slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
		    "uvwxyz0123456789._-", text.p[i]) == NULL)
			return false;
	}
	return true;
}

static void
check_round(struct nx_slice in)
{
	const unsigned int which = fuzz_byte(&in), where = fuzz_byte(&in);
	struct nx_slice context = { in.p, in.n < which % 8 ? in.n :
	    which % 8 };
	const enum nx_purpose purpose =
	    (enum nx_purpose)(which % NX_PURPOSE_COUNT);
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	struct nx_buf plain = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_slice text;

	if (in.n > NX_SEAL_PLAIN_MAX)
		return;
	CHECK(nx_seal(ring(), purpose, context, in, &sealed) == NX_OK);
	text = nx_buf_slice(&sealed);
	CHECK(is_plain(text) && memcmp(text.p, "nx1.k1.", 7) == 0);
	CHECK(nx_slice_is(nx_sealed_key_id(text), "k1"));
	CHECK(nx_unseal(ring(), purpose, context, text, &plain) == NX_OK);
	CHECK(nx_slice_eq((struct nx_slice){ nx_buf_str(&plain), plain.n },
	    in));
	CHECK(fails_to_open((enum nx_purpose)((purpose + 1) %
	    NX_PURPOSE_COUNT), context, text) == NX_SEAL_BROKEN);
	CHECK(fails_to_open(purpose, NX_SLICE("another place"), text) ==
	    NX_SEAL_BROKEN);
	sealed.p[where % sealed.n] ^= 1;
	(void)fails_to_open(purpose, context, text);
	sealed.p[where % sealed.n] ^= 1;
	(void)fails_to_open(purpose, context, (struct nx_slice){ text.p,
	    text.n - 1 - where % 4 });
	nx_buf_free(&sealed);
	nx_buf_free(&plain);
}

/* What X's redirect and a cookie bring, one a line. */
static void
check_attempt(struct nx_slice in)
{
	struct web *w = fuzz_web();
	struct nx_connect_answer a = { .user_id = WEB_USER };
	struct nx_connect_result result;
	enum nx_rc rc;

	a.state = fuzz_line(&in, w->ctx.arena);
	a.code = fuzz_line(&in, w->ctx.arena);
	a.error = fuzz_line(&in, w->ctx.arena);
	a.attempt = fuzz_line(&in, w->ctx.arena);
	if (a.error[0] == '\0')
		a.error = NULL;
	CHECK(nx_attempt_expires(ring(), nx_slice_str(a.attempt)) == 0);
	rc = nx_connect_check(&w->ctx, &a, &result);
	fuzz_check_err(rc, &w->ctx.err);
	CHECK(result.return_to == NULL && result.connection_id == NULL);
}

/* An attempt with our seal on it and anything inside. */
static void
check_plain_attempt(struct nx_slice in)
{
	struct web *w = fuzz_web();
	struct nx_buf flow = NX_BUF(NX_SEAL_TEXT_MAX);
	struct nx_connect_answer a = { .user_id = WEB_USER, .code = "c",
	    .state = "state" };
	struct nx_connect_result result;
	enum nx_rc rc;

	if (in.n > NX_SEAL_PLAIN_MAX)
		return;
	CHECK(nx_seal(ring(), NX_PURPOSE_ATTEMPT, NX_SLICE(""), in, &flow) ==
	    NX_OK);
	a.attempt = nx_buf_str(&flow);
	(void)nx_attempt_expires(ring(), nx_buf_slice(&flow));
	rc = nx_connect_check(&w->ctx, &a, &result);
	if (rc != NX_OK)
		fuzz_check_err(rc, &w->ctx.err);
	else
		CHECK(result.return_to != NULL);
	nx_buf_free(&flow);
}

/* An attempt that begins as somebody asks, and comes back. */
static void
check_start(struct nx_slice in)
{
	struct web *w = fuzz_web();
	struct nx_attempt_ask ask = { .user_id = WEB_USER,
	    .now = nx_clock_wall() };
	struct nx_attempt_start start = { .state = "" };
	struct nx_connect_answer a = { .user_id = WEB_USER, .code = "c" };
	struct nx_connect_result result;
	enum nx_rc rc;

	ask.return_to = fuzz_line(&in, w->ctx.arena);
	ask.scopes = fuzz_line(&in, w->ctx.arena);
	if (ask.scopes[0] == '\0')
		ask.scopes = NULL;
	rc = nx_attempt_begin(&w->app.conf, ring(), &ask, &start,
	    &w->ctx.err);
	if (rc == NX_OK) {
		const char *url = nx_buf_str(&start.authorize_url);

		CHECK(nx_url_is_local_path(nx_slice_str(ask.return_to)));
		for (const char *p = url; *p != '\0'; p++)
			CHECK(*p > 0x20 && *p < 0x7f);
		CHECK(strncmp(url, w->app.conf.authorize_url,
		    strlen(w->app.conf.authorize_url)) == 0);
		CHECK(is_plain(nx_buf_slice(&start.sealed)));
		CHECK(nx_attempt_expires(ring(), nx_buf_slice(&start.sealed)) ==
		    ask.now + NX_ATTEMPT_SECONDS);
		a.state = start.state;
		a.attempt = nx_buf_str(&start.sealed);
		CHECK(nx_connect_check(&w->ctx, &a, &result) == NX_OK);
		CHECK(strcmp(result.return_to, ask.return_to) == 0);
	} else
		fuzz_check_err(rc, &w->ctx.err);
	nx_attempt_start_free(&start);
}

static void
check_ring(struct nx_slice in)
{
	struct web *w = fuzz_web();
	const char *text = nx_arena_slice(w->ctx.arena, in.p == NULL ?
	    NX_SLICE("") : in), *id;
	struct nx_keyring *keys;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc = nx_keyring_parse(text, &keys, &err);
	size_t n = 0;

	if (rc != NX_OK) {
		CHECK(keys == NULL && rc == NX_CONFIG);
		fuzz_check_err(rc, &err);
		for (size_t i = 0; i + 20 <= strlen(text); i++)
			CHECK(memmem(err.detail, strlen(err.detail), text + i,
			    20) == NULL);
		return;
	}
	for (; (id = nx_keyring_id(keys, n)) != NULL; n++) {
		CHECK(is_plain(nx_slice_str(id)) && strchr(id, '.') == NULL);
		CHECK(nx_keyring_has(keys, nx_slice_str(id)));
	}
	CHECK(n >= 1 && n <= NX_KEYRING_MAX);
	CHECK(nx_keyring_primary(keys) == nx_keyring_id(keys, 0));
	nx_keyring_free(keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static void (*const kinds[KINDS])(struct nx_slice) = {
		[OPEN] = check_open, [ROUND] = check_round,
		[ATTEMPT] = check_attempt,
		[PLAIN_ATTEMPT] = check_plain_attempt,
		[START] = check_start, [RING] = check_ring,
	};
	struct nx_slice in = { (const char *)data, n };

	kinds[fuzz_byte(&in) % KINDS](in);
	return 0;
}
