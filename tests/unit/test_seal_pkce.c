/* test_seal_pkce.c - RFC 7636, and the digests behind it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/seal/digest.h"
#include "nx/seal/pkce.h"

static void
matches_rfc7636_appendix_b(void **state)
{
	char challenge[NX_PKCE_LEN + 1];

	(void)state;
	nx_pkce_challenge(NX_SLICE(
	    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), challenge);
	assert_string_equal(challenge,
	    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void
verifiers_are_of_the_grammar(void **state)
{
	char a[NX_PKCE_LEN + 1], b[NX_PKCE_LEN + 1] = "";

	(void)state;
	for (int i = 0; i < 200; i++) {
		nx_pkce_verifier(a);
		assert_int_equal(strlen(a), NX_PKCE_LEN);
		assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_"), NX_PKCE_LEN);
		assert_string_not_equal(a, b);
		memcpy(b, a, sizeof(b));
	}
}

/* FIPS 180-4 examples; the third is longer than a block. */
static void
matches_fips_180_4(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca49599"
		    "1b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb41"
		    "0ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd4"
		    "19db06c1" },
	};
	char hex[NX_SHA256_HEX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nx_sha256_hex(nx_slice_str(cases[i].in), hex);
		assert_string_equal(hex, cases[i].want);
	}
}

static void
compares(void **state)
{
	(void)state;
	assert_true(nx_constant_time_eq(NX_SLICE("abc"), NX_SLICE("abc")));
	assert_false(nx_constant_time_eq(NX_SLICE("abc"), NX_SLICE("abd")));
	assert_false(nx_constant_time_eq(NX_SLICE("abc"), NX_SLICE("ab")));
	assert_false(nx_constant_time_eq(NX_SLICE("abc"), NX_SLICE("")));
	assert_true(nx_constant_time_eq((struct nx_slice){ NULL, 0 }, NX_SLICE("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_rfc7636_appendix_b),
		cmocka_unit_test(verifiers_are_of_the_grammar),
		cmocka_unit_test(matches_fips_180_4),
		cmocka_unit_test(compares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
