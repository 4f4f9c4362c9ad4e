/* test_x_price.c - what a post costs, and how amounts are written. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/x/price.h"

static void
writes_four_decimals(void **state)
{
	static const struct {
		long		 price;
		const char	*want;
	} cases[] = {
		{ 0, "0.0000" }, { 1, "0.0001" }, { 150, "0.0150" },
		{ 2000, "0.2000" }, { 9999, "0.9999" }, { 10000, "1.0000" },
		{ 1234567, "123.4567" }, { -150, "-0.0150" },
#if LONG_MAX == 9223372036854775807
		{ LONG_MAX, "922337203685477.5807" },
		{ LONG_MIN, "-922337203685477.5808" },
#endif
	};
	char text[NX_PRICE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nx_price_text(cases[i].price, text);
		assert_string_equal(text, cases[i].want);
	}
}

static void
a_link_costs_more(void **state)
{
	char text[NX_PRICE_TEXT];

	(void)state;
	nx_price_text(nx_price_post(false), text);
	assert_string_equal(text, "0.0150");
	nx_price_text(nx_price_post(true), text);
	assert_string_equal(text, "0.2000");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_four_decimals),
		cmocka_unit_test(a_link_costs_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
