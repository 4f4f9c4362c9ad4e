/* test_seal_seal.c - sealed values: what opens, and above all what does not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "nx/seal/seal.h"

#define KEY_1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_2 "//////////////////////////////////////////8="
#define ROW NX_SLICE("row-1/access_token")

/* Made with another program (node's crypto) from KEY_1 and nonce 0..11. */
#define KNOWN_TOKEN "nx1.k1.AAECAwQFBgcICQoLLPQRQG-eHiyzs4OmJPDBQZZEyVVUP" \
	"SsEk3cGr4c"
#define KNOWN_EMPTY "nx1.k1.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUA"

static struct nx_keyring *
ring_of(const char *text)
{
	struct nx_keyring *ring;

	assert_int_equal(nx_keyring_parse(text, &ring, NULL), NX_OK);
	return ring;
}

static int
setup(void **state)
{
	*state = ring_of("k1:" KEY_1);
	return 0;
}

static int
teardown(void **state)
{
	nx_keyring_free(*state);
	return 0;
}

/* Opens into a buffer that holds something, which a failure must leave. */
static enum nx_rc
open_it(const struct nx_keyring *ring, enum nx_purpose purpose,
    struct nx_slice context, struct nx_slice sealed, const char *want)
{
	struct nx_buf out = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	enum nx_rc rc;

	nx_buf_adds(&out, "before:");
	rc = nx_unseal(ring, purpose, context, sealed, &out);
	assert_true(nx_buf_ok(&out));
	assert_int_equal(strlen(nx_buf_str(&out)), out.n);
	assert_memory_equal(out.p, "before:", 7);
	assert_string_equal(nx_buf_str(&out) + 7, rc == NX_OK ? want : "");
	nx_buf_free(&out);
	return rc;
}

static struct nx_buf
sealed_text(const struct nx_keyring *ring, const char *plain)
{
	struct nx_buf b = NX_BUF(NX_SEAL_TEXT_MAX);

	assert_int_equal(nx_seal(ring, NX_PURPOSE_TOKEN, ROW,
	    nx_slice_str(plain), &b), NX_OK);
	return b;
}

static void
opens_known_values(void **state)
{
	assert_int_equal(open_it(*state, NX_PURPOSE_TOKEN, ROW,
	    NX_SLICE(KNOWN_TOKEN), "correct horse"), NX_OK);
	assert_int_equal(open_it(*state, NX_PURPOSE_ATTEMPT, NX_SLICE(""),
	    NX_SLICE(KNOWN_EMPTY), ""), NX_OK);
}

static void
round_trips_every_length(void **state)
{
	static char plain[4097];

	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (char)(i * 7);
	for (size_t n = 0; n < sizeof(plain); n++) {
		struct nx_slice in = { plain, n };
		struct nx_buf text = NX_BUF(NX_SEAL_TEXT_MAX);
		struct nx_buf out = NX_BUF_SECRET(n);

		assert_int_equal(nx_seal(*state, NX_PURPOSE_ATTEMPT, ROW, in,
		    &text), NX_OK);
		assert_int_equal(text.n, 7 + ((n + 28) * 4 + 2) / 3);
		assert_int_equal(nx_unseal(*state, NX_PURPOSE_ATTEMPT, ROW,
		    nx_buf_slice(&text), &out), NX_OK);
		assert_true(nx_slice_eq(nx_buf_slice(&out), in));
		nx_buf_free(&text);
		nx_buf_free(&out);
	}
}

static void
never_seals_alike(void **state)
{
	struct nx_buf a = sealed_text(*state, "x");
	struct nx_buf b = sealed_text(*state, "x");

	assert_false(nx_slice_eq(nx_buf_slice(&a), nx_buf_slice(&b)));
	nx_buf_free(&a);
	nx_buf_free(&b);
}

static void
refuses_what_is_cut(void **state)
{
	struct nx_buf text = sealed_text(*state, "a token of some length");

	for (size_t n = 0; n < text.n; n++) {
		/* Of this very size, so that ASan sees a read past it. */
		char *cut = malloc(n == 0 ? 1 : n);
		enum nx_rc rc;

		assert_non_null(cut);
		memcpy(cut, text.p, n);
		rc = open_it(*state, NX_PURPOSE_TOKEN, ROW,
		    (struct nx_slice){ cut, n }, NULL);
		assert_true(rc == NX_MALFORMED || rc == NX_SEAL_BROKEN);
		/* header and frame: 7 + 38 characters */
		assert_true(n >= 45 || rc == NX_MALFORMED);
		free(cut);
	}
	nx_buf_free(&text);
}

static void
refuses_what_is_flipped(void **state)
{
	struct nx_buf text = sealed_text(*state, "a token of some length");

	for (size_t i = 0; i < text.n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			enum nx_rc rc;

			text.p[i] = (char)(text.p[i] ^ (1 << bit));
			rc = open_it(*state, NX_PURPOSE_TOKEN, ROW,
			    nx_buf_slice(&text), NULL);
			assert_true(rc == NX_MALFORMED ||
			    rc == NX_SEAL_BROKEN ||
			    (rc == NX_KEY_UNKNOWN && (i == 4 || i == 5)));
			text.p[i] = (char)(text.p[i] ^ (1 << bit));
		}
	}
	assert_int_equal(open_it(*state, NX_PURPOSE_TOKEN, ROW,
	    nx_buf_slice(&text), "a token of some length"), NX_OK);
	nx_buf_free(&text);
}

static void
refuses_what_is_moved(void **state)
{
	struct nx_buf text = sealed_text(*state, "x");
	struct nx_slice s = nx_buf_slice(&text);

	for (int p = 0; p < NX_PURPOSE_COUNT; p++) {
		assert_int_equal(open_it(*state, (enum nx_purpose)p, ROW, s,
		    "x"), p == NX_PURPOSE_TOKEN ? NX_OK : NX_SEAL_BROKEN);
	}
	assert_int_equal(open_it(*state, NX_PURPOSE_TOKEN,
	    NX_SLICE("row-2/access_token"), s, NULL), NX_SEAL_BROKEN);
	assert_int_equal(open_it(*state, NX_PURPOSE_TOKEN,
	    NX_SLICE("row-1/access_toke"), s, NULL), NX_SEAL_BROKEN);
	assert_int_equal(open_it(*state, NX_PURPOSE_TOKEN, NX_SLICE(""), s,
	    NULL), NX_SEAL_BROKEN);
	nx_buf_free(&text);
}

/* Same key bytes under another id: the id itself is authenticated. */
static void
refuses_another_key_id(void **state)
{
	struct nx_keyring *ring = ring_of("k1:" KEY_1 ",k2:" KEY_1);
	struct nx_buf text = sealed_text(*state, "x");

	text.p[5] = '2';
	assert_int_equal(open_it(ring, NX_PURPOSE_TOKEN, ROW,
	    nx_buf_slice(&text), NULL), NX_SEAL_BROKEN);
	nx_buf_free(&text);
	nx_keyring_free(ring);
}

static void
rotates_keys(void **state)
{
	struct nx_keyring *both = ring_of("k2:" KEY_2 ",k1:" KEY_1);
	struct nx_keyring *later = ring_of("k2:" KEY_2);
	struct nx_buf old = sealed_text(*state, "x");
	struct nx_buf new = sealed_text(both, "y");

	assert_int_equal(open_it(both, NX_PURPOSE_TOKEN, ROW,
	    nx_buf_slice(&old), "x"), NX_OK);
	assert_int_equal(open_it(later, NX_PURPOSE_TOKEN, ROW,
	    nx_buf_slice(&new), "y"), NX_OK);
	assert_int_equal(open_it(later, NX_PURPOSE_TOKEN, ROW,
	    nx_buf_slice(&old), NULL), NX_KEY_UNKNOWN);
	assert_true(nx_slice_is(nx_sealed_key_id(nx_buf_slice(&old)), "k1"));
	assert_true(nx_slice_is(nx_sealed_key_id(nx_buf_slice(&new)), "k2"));
	nx_buf_free(&old);
	nx_buf_free(&new);
	nx_keyring_free(both);
	nx_keyring_free(later);
}

/* Every one of them says what KNOWN_TOKEN says, or nothing at all. */
static void
refuses_other_spellings(void **state)
{
	static const struct {
		const char *text;
		enum nx_rc want;
	} cases[] = {
		{ "", NX_MALFORMED },
		{ "nx1", NX_MALFORMED },
		{ "nx1.", NX_MALFORMED },
		{ "nx1.k1", NX_MALFORMED },
		{ "nx1.k1.", NX_MALFORMED },
		{ "nx1..AAAA", NX_MALFORMED },
		{ "nx1.k!.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUA",
		    NX_MALFORMED },
		{ "nx1.0123456789abcdefg.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGx"
		    "UA", NX_MALFORMED },
		{ "nx2.k1.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUA",
		    NX_MALFORMED },
		{ "NX1.k1.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUA",
		    NX_MALFORMED },
		{ KNOWN_EMPTY "==", NX_MALFORMED },
		{ KNOWN_EMPTY "\n", NX_MALFORMED },
		{ KNOWN_EMPTY ".x", NX_MALFORMED },
		{ "nx1.k1.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUB",
		    NX_MALFORMED },
		{ "nx1.k1.AAECAwQFBgcICQoLLPQRQG+eHiyzs4OmJPDBQZZEyVVUPSsEk3c"
		    "Gr4c", NX_MALFORMED },
		{ "nx1.k9.AAECAwQFBgcICQoLqsW4bl11m9T5FyDrXEGxUA",
		    NX_KEY_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_slice s = nx_slice_str(cases[i].text);

		assert_int_equal(open_it(*state, NX_PURPOSE_ATTEMPT,
		    NX_SLICE(""), s, NULL), cases[i].want);
		assert_int_equal(nx_sealed_key_id(s).n > 0,
		    strncmp(s.p, "nx1.k1.", 7) == 0 ||
		    cases[i].want == NX_KEY_UNKNOWN);
	}
}

static void
keeps_to_the_maxima(void **state)
{
	static char plain[NX_SEAL_PLAIN_MAX + 1];
	struct nx_slice most = { plain, NX_SEAL_PLAIN_MAX };
	struct nx_slice more = { plain, sizeof(plain) };
	struct nx_buf text = NX_BUF(NX_SEAL_TEXT_MAX), tight = NX_BUF(44);
	struct nx_buf out = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX - 1);

	assert_int_equal(nx_seal(*state, NX_PURPOSE_ATTEMPT, ROW, more, &text),
	    NX_TOO_BIG);
	assert_int_equal(text.n, 0);
	assert_int_equal(nx_seal(*state, NX_PURPOSE_ATTEMPT, ROW, most, &text),
	    NX_OK);
	assert_int_equal(nx_unseal(*state, NX_PURPOSE_ATTEMPT, ROW,
	    nx_buf_slice(&text), &out), NX_TOO_BIG);
	assert_int_equal(out.n, 0);
	assert_true(nx_buf_ok(&out));
	/* An empty value is 45 characters long. */
	assert_int_equal(nx_seal(*state, NX_PURPOSE_ATTEMPT, ROW, NX_SLICE(""),
	    &tight), NX_TOO_BIG);
	assert_true(nx_buf_ok(&tight));
	tight.max = 45;
	assert_int_equal(nx_seal(*state, NX_PURPOSE_ATTEMPT, ROW, NX_SLICE(""),
	    &tight), NX_OK);
	for (int i = 0; i < 40; i++)
		nx_buf_adds(&text, "AAAA");
	assert_int_equal(nx_unseal(*state, NX_PURPOSE_ATTEMPT, ROW,
	    nx_buf_slice(&text), &out), NX_TOO_BIG);
	nx_buf_free(&text);
	nx_buf_free(&tight);
	nx_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_known_values),
		cmocka_unit_test(round_trips_every_length),
		cmocka_unit_test(never_seals_alike),
		cmocka_unit_test(refuses_what_is_cut),
		cmocka_unit_test(refuses_what_is_flipped),
		cmocka_unit_test(refuses_what_is_moved),
		cmocka_unit_test(refuses_another_key_id),
		cmocka_unit_test(rotates_keys),
		cmocka_unit_test(refuses_other_spellings),
		cmocka_unit_test(keeps_to_the_maxima),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
