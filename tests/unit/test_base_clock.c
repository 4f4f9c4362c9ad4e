/* test_base_clock.c - times and their texts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/clock.h"

static void
reads_rfc3339(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "1985-04-12T23:20:50.52Z", 482196050 },
		{ "1996-12-19T16:39:57-08:00", 851042397 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337173 },
		{ "2024-02-29t00:00:00z", 1709164800 },
		{ "2024-02-29 00:00:00+05:30", 1709145000 },
		{ "2026-01-01T00:00:00.123456789+00:00", 1767225600 },
		{ "2016-12-31T23:59:60Z", 1483228799 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (nx_clock_parse(nx_slice_str(cases[i].text), &t) !=
		    NX_OK || t != cases[i].want)
			fail_msg("%s: %lld", cases[i].text, (long long)t);
	}
}

static void
refuses_what_is_no_time(void **state)
{
	static const char *const bad[] = {
		"", "x", "2026-01-01", "2026-01-01T00:00:00",
		"2026-01-01T00:00Z", "2026-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+0530",
		"2026-01-01T00:00:00+05:60", "2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.5", "2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
		"2026/01/01T00:00:00Z", "+026-01-01T00:00:00Z",
		"2026-1-01T000:00:00Z", "2026-01-01X00:00:00Z",
		"2026-01-01T00:00:00,5Z", "20 6-01-01T00:00:00Z",
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (nx_clock_parse(nx_slice_str(bad[i]), &t) != NX_MALFORMED)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
writes_what_it_reads(void **state)
{
	char text[NX_RFC3339_MAX];
	int64_t back;

	(void)state;
	nx_clock_text(1800000000, text);
	assert_string_equal(text, "2027-01-15T08:00:00Z");
	for (int64_t t = -2000000000; t < 5000000000; t += 86399 * 997) {
		nx_clock_text(t, text);
		assert_int_equal(nx_clock_parse(nx_slice_str(text), &back),
		    NX_OK);
		assert_int_equal(back, t);
	}
}

static void
bounds_what_is_left(void **state)
{
	int64_t now = nx_clock_mono();

	(void)state;
	assert_int_equal(nx_clock_left(now - 1), 0);
	assert_int_equal(nx_clock_left(INT64_MIN / 2), 0);
	assert_in_range(nx_clock_left(now + 10000), 5000, 10000);
	assert_int_equal(nx_clock_left(INT64_MAX), 3600 * 1000);
}

static void
tells_condition_variables_until_when(void **state)
{
	struct timespec now, until;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	for (int ms = 0; ms < 3000; ms += 250) {
		int64_t ahead;

		nx_clock_until(nx_clock_mono() + ms, &until);
		ahead = (int64_t)(until.tv_sec - now.tv_sec) * 1000 +
		    (until.tv_nsec - now.tv_nsec) / 1000000;
		assert_in_range(until.tv_nsec, 0, 999999999);
		assert_in_range(ahead, ms < 1 ? 0 : ms - 1, ms + 60000);
	}
	nx_clock_until(nx_clock_mono() - 10000, &until);
	assert_true(until.tv_sec >= now.tv_sec);
	nx_clock_until(INT64_MAX, &until);
	assert_true(until.tv_sec > now.tv_sec + 1000000000);
}

static void
sleeps(void **state)
{
	int64_t before = nx_clock_mono();

	(void)state;
	nx_clock_sleep(20);
	assert_true(nx_clock_mono() - before >= 19);
	assert_true(nx_clock_wall() > 1700000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rfc3339),
		cmocka_unit_test(refuses_what_is_no_time),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(bounds_what_is_left),
		cmocka_unit_test(tells_condition_variables_until_when),
		cmocka_unit_test(sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
