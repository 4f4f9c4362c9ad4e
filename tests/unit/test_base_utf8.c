/* test_base_utf8.c - one character after the other (RFC 3629). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/utf8.h"

static void
takes_characters_alone(void **state)
{
	static const struct {
		const char	*text;
		size_t		 want;
	} cases[] = {
		{ "a", 1 }, { "\x7f", 1 }, { "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 }, { "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 }, { "\xee\x80\x80", 3 },
		{ "\xef\xbf\xbf", 3 }, { "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 }, { "\xc3\xa4z", 2 },
		{ "\x80", 0 }, { "\xbf", 0 }, { "\xff", 0 },
		{ "\xc0\x80", 0 }, { "\xc1\xbf", 0 },	/* overlong */
		{ "\xe0\x9f\xbf", 0 }, { "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 }, { "\xed\xbf\xbf", 0 }, /* surrogates */
		{ "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 },
		{ "\xc3", 0 }, { "\xe2\x82", 0 }, { "\xf0\x9f\x98", 0 },
		{ "\xc3z", 0 }, { "\xe2\x82z", 0 }, { "\xe2z\x82", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		assert_int_equal(nx_utf8_length(text, strlen(text)),
		    cases[i].want);
	}
	assert_int_equal(nx_utf8_length("\xc3\xa4", 1), 0);
	assert_int_equal(nx_utf8_length("\0", 1), 1);
}

static void
counts_code_points(void **state)
{
	(void)state;
	assert_int_equal(nx_utf8_count(nx_slice_str(NULL)), 0);
	assert_int_equal(nx_utf8_count(NX_SLICE("abc")), 3);
	assert_int_equal(nx_utf8_count(
	    NX_SLICE("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80.")), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_characters_alone),
		cmocka_unit_test(counts_code_points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
