/* test_text_order.c - marks in order, against ICU's own normal form. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "text/units.h"

enum { LENGTH = 400, ROUNDS = 300 };

/* Of several classes, of none, in pairs, of two marks each. */
static const UChar32 some[] = {
	0x0301, 0x0316, 0x0334, 0x0345, 0x0344, 0x0340, 0x0f73, 0x0f71,
	0x0f72, 0x0f81, 0x05b0, 0x064b, 0x3099, 0x1d165, 0x1d16d, 0x1e8d0,
	0x0327, 0x0328, 0x0323,
};

static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static int32_t
make(UChar *u, uint32_t *seed)
{
	static const UChar32 bases[] = { 'a', 0xe9, 0x1ea5, 0xac00, 0x1100,
	    ' ', 0x1f600 };
	int32_t n = 0, runs = 1 + (int32_t)(next(seed) % 3);

	while (runs-- > 0) {
		int32_t marks = (int32_t)(next(seed) % LENGTH / 3);

		UChar32 c = bases[next(seed) % 7];

		U16_APPEND_UNSAFE(u, n, c);
		while (marks-- > 0) {
			c = some[next(seed) %
			    (sizeof(some) / sizeof(some[0]))];
			U16_APPEND_UNSAFE(u, n, c);
		}
	}
	return n;
}

static void
leaves_the_normal_form_as_it_is(void **state)
{
	UErrorCode ec = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&ec);
	UChar text[2 * LENGTH], want[4 * LENGTH];
	uint32_t seed = 20261122;
	int changed = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int32_t n = make(text, &seed), m;
		struct nx_units t = { .u = malloc(sizeof(text)), .n = n };

		assert_non_null(t.u);
		u_memcpy(t.u, text, n);
		m = unorm2_normalize(nfc, text, n, want, 4 * LENGTH, &ec);
		assert_int_equal(ec, U_ZERO_ERROR);
		assert_int_equal(nx_units_order(&t), NX_OK);
		changed += t.n != n || u_memcmp(t.u, text, n) != 0;
		assert_int_equal(nx_units_nfc(&t), NX_OK);
		assert_int_equal(t.n, m);
		assert_memory_equal(t.u, want, (size_t)m * sizeof(*want));
		nx_units_free(&t);
	}
	assert_in_range(changed, ROUNDS / 4, ROUNDS - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_the_normal_form_as_it_is),
	};

	return cmocka_run_group_tests_name("text/order", tests, NULL, NULL);
}
