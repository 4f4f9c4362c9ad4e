/* test_seal_keyring.c - reading key rings, good and bad. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "nx/base/buf.h"
#include "nx/seal/keyring.h"

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_URL "__________________________________________8"
#define KEY_STD "//////////////////////////////////////////8="

static void
reads_and_finds(void **state)
{
	struct nx_keyring *ring;
	struct nx_err err;

	(void)state;
	assert_int_equal(nx_keyring_parse("new-1:" KEY_URL ",old_2:" KEY_A,
	    &ring, &err), NX_OK);
	assert_string_equal(nx_keyring_primary(ring), "new-1");
	assert_true(nx_keyring_has(ring, NX_SLICE("new-1")));
	assert_true(nx_keyring_has(ring, NX_SLICE("old_2")));
	assert_false(nx_keyring_has(ring, NX_SLICE("old")));
	assert_false(nx_keyring_has(ring, NX_SLICE("")));
	nx_keyring_free(ring);
	nx_keyring_free(NULL);
}

static void
takes_either_alphabet(void **state)
{
	struct nx_keyring *ring;

	(void)state;
	assert_int_equal(nx_keyring_parse("0123456789abcdef:" KEY_STD, &ring,
	    NULL), NX_OK);
	assert_string_equal(nx_keyring_primary(ring), "0123456789abcdef");
	nx_keyring_free(ring);
}

static void
names_the_bad_entry(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "empty" },
		{ ":" KEY_A, "entry 1" },
		{ KEY_A, "entry 1" },
		{ "a b:" KEY_A, "entry 1" },
		{ "a.b:" KEY_A, "entry 1" },
		{ "0123456789abcdefg:" KEY_A, "entry 1" },
		{ "a:", "entry 1" },
		{ "a:" KEY_A ",", "entry 2" },
		{ "a:" KEY_A ",,b:" KEY_A, "entry 2" },
		{ "a:" KEY_A ", b:" KEY_A, "entry 2" },
		{ "a:" KEY_A ",a:" KEY_STD, "twice" },
		{ "a:" KEY_A ",b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg",
		    "entry 2" },
		{ "a:" KEY_A "AAAA", "32 bytes" },
		{ "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "entry 1" },
		{ "a:!AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		    "entry 1" },
		{ "a:" KEY_A ":" KEY_A, "entry 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_keyring *ring = (void *)1;
		struct nx_err err;

		assert_int_equal(nx_keyring_parse(cases[i].text, &ring, &err),
		    NX_CONFIG);
		assert_null(ring);
		assert_int_equal(err.rc, NX_CONFIG);
		assert_non_null(strstr(err.detail, cases[i].says));
		assert_null(strstr(err.detail, "AAEC"));
		assert_null(strstr(err.detail, "AECA"));
	}
}

static void
takes_sixteen_keys(void **state)
{
	struct nx_buf text = NX_BUF(4000);
	struct nx_keyring *ring;
	struct nx_err err;

	(void)state;
	for (int i = 0; i < NX_KEYRING_MAX; i++)
		nx_buf_addf(&text, "%sk%d:%s", i == 0 ? "" : ",", i, KEY_A);
	assert_int_equal(nx_keyring_parse(nx_buf_str(&text), &ring, &err),
	    NX_OK);
	assert_true(nx_keyring_has(ring, NX_SLICE("k15")));
	nx_keyring_free(ring);
	nx_buf_adds(&text, ",k16:" KEY_A);
	assert_int_equal(nx_keyring_parse(nx_buf_str(&text), &ring, &err),
	    NX_CONFIG);
	assert_non_null(strstr(err.detail, "more than 16"));
	nx_buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_finds),
		cmocka_unit_test(takes_either_alphabet),
		cmocka_unit_test(names_the_bad_entry),
		cmocka_unit_test(takes_sixteen_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
