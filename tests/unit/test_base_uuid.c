/* test_base_uuid.c - made, checked, compared, put in lower case. */

#include "canary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nx/base/uuid.h"

static void
makes_random_ones(void **state)
{
	char a[NX_UUID_LEN + 1], b[NX_UUID_LEN + 1] = "";

	(void)state;
	for (int i = 0; i < 100; i++) {
		nx_uuid_random(a);
		assert_int_equal(strlen(a), NX_UUID_LEN);
		assert_int_equal(strspn(a, "0123456789abcdef-"), NX_UUID_LEN);
		assert_true(a[8] == '-' && a[13] == '-' && a[18] == '-' &&
		    a[23] == '-');
		assert_int_equal(a[14], '4');
		assert_non_null(strchr("89ab", a[19]));
		assert_string_not_equal(a, b);
		memcpy(b, a, sizeof(b));
	}
}

#define LOWER "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define UPPER "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0"

static void
tells_what_is_one(void **state)
{
	static const struct { const char *text; bool valid; } cases[] = {
		{ LOWER, true }, { UPPER, true },
		{ "00000000-0000-0000-0000-000000000000", true },
		{ NULL, false }, { "", false }, { "0f1e2d3c", false },
		{ LOWER "0", false }, { " " LOWER, false },
		{ "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f", false },
		{ "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1fg", false },
		{ "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1-0", false },
		{ "0f1e2d3c04b5a-6978-8796-a5b4c3d2e1f0", false },
		{ "{f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f}", false },
		{ "------------------------------------", false },
	};
	char out[NX_UUID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(nx_uuid_valid(cases[i].text), cases[i].valid);
		assert_int_equal(nx_uuid_lower(cases[i].text, out),
		    cases[i].valid);
		if (!cases[i].valid)
			assert_string_equal(out, "");
	}
}

static void
does_not_mind_the_case(void **state)
{
	char out[NX_UUID_LEN + 1];

	(void)state;
	assert_true(nx_uuid_lower(UPPER, out));
	assert_string_equal(out, LOWER);
	assert_true(nx_uuid_same(UPPER, LOWER));
	assert_false(nx_uuid_same("1" "F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
	    LOWER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_random_ones),
		cmocka_unit_test(tells_what_is_one),
		cmocka_unit_test(does_not_mind_the_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
