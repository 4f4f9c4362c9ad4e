/* test_seal_digest.c - HMAC against RFC 4231, SHA-256 against FIPS 180-4. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/seal/digest.h"

static void
hashes_as_the_standard_says(void **state)
{
	char hex[NX_SHA256_HEX + 1];

	(void)state;
	nx_sha256_hex(NX_SLICE("abc"), hex);
	assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	nx_sha256_hex((struct nx_slice){ NULL, 0 }, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855");
}

static void
signs_as_the_standard_says(void **state)
{
	char key[131], hex[NX_SHA256_HEX + 1];
	const struct nx_slice long_key = { key, sizeof(key) };

	(void)state;
	memset(key, 0xaa, sizeof(key));
	nx_hmac_sha256_hex(NX_SLICE("Jefe"),
	    NX_SLICE("what do ya want for nothing?"), hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
	nx_hmac_sha256_hex(long_key, NX_SLICE("Test Using Larger Than"
	    " Block-Size Key - Hash Key First"), hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f"
	    "8e0bc6213728c5140546040f0ee37f54");
	nx_hmac_sha256_hex((struct nx_slice){ NULL, 0 },
	    (struct nx_slice){ NULL, 0 }, hex);
	assert_string_equal(hex, "b613679a0814d9ec772f95d778c35fc5"
	    "ff1697c493715653c6c712144292c5ad");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_the_standard_says),
		cmocka_unit_test(signs_as_the_standard_says),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
