/* test_base_base64.c - RFC 4648. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/base64.h"

/* RFC 4648 section 10. */
static void
matches_rfc4648(void **state)
{
	static const struct {
		const char *plain, *std, *url;
	} cases[] = {
		{ "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg==", "Zm9vYg" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+", "-__-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf b = NX_BUF(100);
		size_t n = strlen(cases[i].plain);
		const char *const texts[] = { cases[i].std, cases[i].url };

		nx_base64_add(&b, cases[i].plain, n);
		assert_string_equal(nx_buf_str(&b), cases[i].std);
		nx_buf_reset(&b);
		nx_base64url_add(&b, cases[i].plain, n);
		assert_string_equal(nx_buf_str(&b), cases[i].url);
		for (int k = 0; k < 2; k++) {
			nx_buf_reset(&b);
			assert_int_equal(nx_base64_decode(
			    nx_slice_str(texts[k]), &b), NX_OK);
			assert_string_equal(nx_buf_str(&b), cases[i].plain);
		}
		nx_buf_free(&b);
	}
}

static void
round_trips_into_exact_room(void **state)
{
	unsigned char plain[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (unsigned char)(i * 31 + i / 256);
	for (size_t n = 0; n <= sizeof(plain); n++) {
		struct nx_buf text = NX_BUF((n + 2) / 3 * 4);
		struct nx_buf url = NX_BUF((n * 4 + 2) / 3);
		struct nx_buf out = NX_BUF(n), small = NX_BUF(n - 1);

		nx_base64_add(&text, plain, n);
		nx_base64url_add(&url, plain, n);
		assert_true(nx_buf_ok(&text) && text.n == text.max);
		assert_true(nx_buf_ok(&url) && url.n == url.max);
		assert_int_equal(nx_base64_decode(nx_buf_slice(&text), &out),
		    NX_OK);
		assert_int_equal(out.n, n);
		assert_memory_equal(out.p, plain, n);
		nx_buf_reset(&out);
		assert_int_equal(nx_base64_decode(nx_buf_slice(&url), &out),
		    NX_OK);
		assert_memory_equal(out.p, plain, n);
		if (n > 0)
			assert_int_equal(nx_base64_decode(
			    nx_buf_slice(&url), &small), NX_TOO_BIG);
		nx_buf_free(&text);
		nx_buf_free(&url);
		nx_buf_free(&out);
		nx_buf_free(&small);
	}
}

static void
refuses_what_is_not_base64(void **state)
{
	static const char *const bad[] = { "A", "A===", "AA=", "AAA==",
	    "AAAA=", "=", "==", "====", "AAAAA", "AB==", "AB", "AAB", "AAB=",
	    "AA A", "AA\nA", "AA.A", "A=AA", "AA=A", "\xc3\xa4--", " AAA",
	    "AAAA====" };
	struct nx_buf b = NX_BUF(1000);

	(void)state;
	nx_buf_adds(&b, "before");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (nx_base64_decode(nx_slice_str(bad[i]), &b) !=
		    NX_MALFORMED)
			fail_msg("taken: %s", bad[i]);
		assert_string_equal(nx_buf_str(&b), "before");
		assert_int_equal(b.n, 6);
	}
	nx_buf_free(&b);
}

/* The fault stands after more than one step's worth of good text. */
static void
takes_back_what_it_had_added(void **state)
{
	struct nx_buf text = NX_BUF(2000), out = NX_BUF(2000);

	(void)state;
	for (int i = 0; i < 300; i++)
		nx_buf_adds(&text, "Zm9v");
	nx_buf_adds(&text, "!AAA");
	nx_buf_adds(&out, "before");
	assert_int_equal(nx_base64_decode(nx_buf_slice(&text), &out),
	    NX_MALFORMED);
	assert_string_equal(nx_buf_str(&out), "before");
	assert_int_equal(out.n, 6);
	assert_true(nx_buf_ok(&out));
	nx_buf_free(&text);
	nx_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_rfc4648),
		cmocka_unit_test(round_trips_into_exact_room),
		cmocka_unit_test(refuses_what_is_not_base64),
		cmocka_unit_test(takes_back_what_it_had_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
