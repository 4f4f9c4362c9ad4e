/* test_base_slice.c - the questions asked of runs of bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/slice.h"

static const struct nx_slice none = { NULL, 0 };

static void
knows_how_it_begins_and_ends(void **state)
{
	const struct nx_slice s = NX_SLICE("Bearer x");

	(void)state;
	assert_true(nx_slice_starts(s, "Bearer "));
	assert_true(nx_slice_starts(s, ""));
	assert_true(nx_slice_starts(s, "Bearer x"));
	assert_false(nx_slice_starts(s, "bearer "));
	assert_false(nx_slice_starts(s, "Bearer xy"));
	assert_true(nx_slice_starts_nocase(s, "bEARER "));
	assert_false(nx_slice_starts_nocase(s, "basic "));
	assert_true(nx_slice_ends(s, "x"));
	assert_true(nx_slice_ends(s, "Bearer x"));
	assert_false(nx_slice_ends(s, "y"));
	assert_false(nx_slice_ends(s, "a Bearer x"));
	assert_true(nx_slice_starts(none, ""));
	assert_true(nx_slice_ends(none, ""));
	assert_false(nx_slice_starts(none, "x"));
	assert_false(nx_slice_ends(none, "x"));
}

static void
cuts_what_it_begins_with(void **state)
{
	struct nx_slice s = NX_SLICE("HTTPS://x");

	(void)state;
	assert_false(nx_slice_cut_prefix(&s, "https://"));
	assert_true(nx_slice_is(s, "HTTPS://x"));
	assert_true(nx_slice_cut_prefix_nocase(&s, "https://"));
	assert_true(nx_slice_is(s, "x"));
	assert_true(nx_slice_cut_prefix(&s, "x"));
	assert_int_equal(s.n, 0);
	assert_false(nx_slice_cut_prefix(&s, "x"));
}

static void
compares_without_case_and_with_lists(void **state)
{
	static const char *const list[] = { "free", "pro", NULL };
	static const char *const empty[] = { NULL };

	(void)state;
	assert_true(nx_slice_is_nocase(NX_SLICE("Max-Age"), "max-age"));
	assert_false(nx_slice_is_nocase(NX_SLICE("max-ages"), "max-age"));
	assert_true(nx_slice_eq_nocase(none, none));
	assert_true(nx_slice_is_one_of(NX_SLICE("pro"), list));
	assert_false(nx_slice_is_one_of(NX_SLICE("PRO"), list));
	assert_false(nx_slice_is_one_of(none, list));
	assert_false(nx_slice_is_one_of(NX_SLICE("pro"), empty));
	assert_true(nx_str_is("pro", "pro"));
	assert_false(nx_str_is("prof", "pro"));
	assert_false(nx_str_is(NULL, "pro"));
}

static void
knows_digits(void **state)
{
	int64_t n;

	(void)state;
	assert_true(nx_slice_is_digits(NX_SLICE("0123456789")));
	assert_false(nx_slice_is_digits(NX_SLICE("12a")));
	assert_false(nx_slice_is_digits(NX_SLICE("-1")));
	assert_false(nx_slice_is_digits(none));
	assert_true(nx_slice_decimal(NX_SLICE("007"), &n));
	assert_int_equal(n, 7);
	assert_true(nx_slice_decimal(NX_SLICE("999999999999999999"), &n));
	assert_int_equal(n, 999999999999999999);
	assert_false(nx_slice_decimal(NX_SLICE("1000000000000000000"), &n));
	assert_false(nx_slice_decimal(NX_SLICE("+1"), &n));
	assert_false(nx_slice_decimal(none, &n));
	assert_int_equal(nx_hex_digit('0'), 0);
	assert_int_equal(nx_hex_digit('f'), 15);
	assert_int_equal(nx_hex_digit('A'), 10);
	assert_int_equal(nx_hex_digit('g'), -1);
	assert_int_equal(nx_hex_digit('@'), -1);
	assert_int_equal(nx_hex_digit(-1), -1);
	assert_false(nx_is_alnum('['));
	assert_false(nx_is_alnum((char)0xe4));
	assert_true(nx_is_alnum('Z'));
	assert_int_equal(nx_to_lower('Z'), 'z');
	assert_int_equal(nx_to_lower('['), '[');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_how_it_begins_and_ends),
		cmocka_unit_test(cuts_what_it_begins_with),
		cmocka_unit_test(compares_without_case_and_with_lists),
		cmocka_unit_test(knows_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
