/* test_x_window.c - rate-limit headers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/x/window.h"

static struct nx_windows
read_all(const char *const *lines)
{
	struct nx_windows w = { 0 };

	for (; *lines != NULL; lines++)
		nx_windows_header(&w, nx_slice_str(*lines));
	return w;
}

static void
reads_all_three(void **state)
{
	static const char *const lines[] = {
		"x-rate-limit-limit: 40000\r\n",
		"X-Rate-Limit-Remaining:39998\r\n",
		"x-rate-limit-reset:   1790000900  \r\n",
		"x-app-limit-24hour-limit: 10000\r\n",
		"x-app-limit-24hour-remaining: 7\r\n",
		"x-app-limit-24hour-reset: 1790050000\r\n",
		"X-USER-LIMIT-24HOUR-LIMIT: 17\r\n",
		"x-user-limit-24hour-remaining: 0",
		"x-user-limit-24hour-reset: 1790086400\r\n",
		"content-type: application/json\r\n",
		NULL
	};
	struct nx_windows w = read_all(lines);

	(void)state;
	assert_true(w.quarter.known && w.app_day.known && w.user_day.known);
	assert_int_equal(w.quarter.limit, 40000);
	assert_int_equal(w.quarter.remaining, 39998);
	assert_int_equal(w.quarter.reset, 1790000900);
	assert_int_equal(w.app_day.limit, 10000);
	assert_int_equal(w.app_day.remaining, 7);
	assert_int_equal(w.user_day.limit, 17);
	assert_int_equal(w.user_day.remaining, 0);
	assert_int_equal(nx_windows_blocked_until(&w), 1790086400);
}

/* The daily limit binds while the other one looks fine, and the reverse. */
static void
latest_exhausted_reset_counts(void **state)
{
	struct nx_windows w = {
		.quarter = { true, 100, 0, 900 },
		.app_day = { true, 1000, 1, 90000 },
		.user_day = { true, 17, 0, 5000 },
	};

	(void)state;
	assert_int_equal(nx_windows_blocked_until(&w), 5000);
	w.user_day.remaining = 3;
	assert_int_equal(nx_windows_blocked_until(&w), 900);
	w.quarter.remaining = 1;
	assert_int_equal(nx_windows_blocked_until(&w), 0);
}

/* What X does not say must not look exhausted. */
static void
absent_is_not_zero(void **state)
{
	static const char *const lines[] = {
		"x-rate-limit-reset: 1790000900",
		"x-rate-limit-limit: 75",
		NULL
	};
	struct nx_windows w = read_all(lines);

	(void)state;
	assert_true(w.quarter.known);
	assert_int_equal(w.quarter.remaining, -1);
	assert_int_equal(nx_windows_blocked_until(&w), 0);
	assert_false(w.user_day.known);
}

static void
ignores_what_is_no_number(void **state)
{
	static const char *const lines[] = {
		"x-rate-limit-remaining: -1", "x-rate-limit-remaining: ",
		"x-rate-limit-remaining: 1.5", "x-rate-limit-remaining",
		"x-rate-limit-remaining: 99999999999999999999",
		"x-rate-limit-remaining: 0x10", "x-rate-limit-: 1",
		"x-rate-limit-remainings: 1", "-rate-limit-remaining: 1", "",
		":", "x-rate-limit-remaining: 1 2", NULL
	};
	struct nx_windows w = read_all(lines);

	(void)state;
	assert_false(w.quarter.known);
	assert_int_equal(nx_windows_blocked_until(&w), 0);
}

/* As after a 100 Continue, or when a request is sent again. */
static void
another_answer_begins_anew(void **state)
{
	static const char *const lines[] = {
		"HTTP/1.1 429 Too Many Requests", "x-rate-limit-limit: 75",
		"x-user-limit-24hour-remaining: 0", "HTTP/1.1 200 OK\r\n",
		"x-rate-limit-remaining: 1", NULL
	};
	struct nx_windows w = read_all(lines);

	(void)state;
	assert_int_equal(w.quarter.remaining, 1);
	assert_int_equal(w.quarter.limit, -1);
	assert_false(w.user_day.known);
}

/* What cannot be a time to wait for is none. */
static void
believes_what_can_be(void **state)
{
	enum { NOW = 1790000000, MOST = 25 * 3600 };
	static const struct { int64_t said, want; } rows[] = {
		{ NOW + 900, NOW + 900 }, { NOW, 0 }, { NOW - 1, 0 },
		{ NOW + MOST, NOW + MOST }, { NOW + MOST + 1, 0 },
		{ NOW * INT64_C(1000), 0 }, { INT64_C(999999999999999999), 0 },
		/* seconds from now, as some write it */
		{ 900, NOW + 900 }, { MOST, NOW + MOST }, { MOST + 1, 0 },
		{ 0, 0 }, { 999999999, 0 }, { 1000000000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct nx_window one = { true, 1, 0, rows[i].said };
		struct nx_windows w = { one, one, one };

		nx_windows_believe(&w, NOW);
		assert_int_equal(w.quarter.reset, rows[i].want);
		assert_int_equal(w.app_day.reset, rows[i].want);
		assert_int_equal(w.user_day.reset, rows[i].want);
		assert_int_equal(nx_windows_blocked_until(&w), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_all_three),
		cmocka_unit_test(latest_exhausted_reset_counts),
		cmocka_unit_test(absent_is_not_zero),
		cmocka_unit_test(ignores_what_is_no_number),
		cmocka_unit_test(another_answer_begins_anew),
		cmocka_unit_test(believes_what_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
