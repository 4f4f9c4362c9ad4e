/* test_publish_when.c - the time that a post is to be sent at. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/publish/when.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1800000000		/* 2027-01-15T08:00:00Z */

static void
reads_times_around_now(void **state)
{
	static const struct {
		const char *text; enum nx_rc rc; int64_t at;
	} cases[] = {
		{ "2027-01-15T08:00:01Z", NX_OK, NOW + 1 },
		{ "2027-01-15T09:00:01+01:00", NX_OK, NOW + 1 },
		{ "2027-01-15T03:00:01.75-05:00", NX_OK, NOW + 2 },
		{ "2027-01-15T08:00:00.001Z", NX_OK, NOW + 1 },
		{ "2027-01-15T08:00:00.00000000000000001z", NX_OK, NOW + 1 },
		{ "2027-01-15T08:00:00.000Z", NX_OK, NOW },
		{ "2027-01-15T08:00:00.0+00:00", NX_OK, NOW },
		{ "2028-01-16T08:00:00.1Z", NX_INVALID, 0 },
		{ "2027-01-15T08:00:00.", NX_INVALID, 0 },
		{ "2027-01-15T08:00:00.9", NX_INVALID, 0 },
		{ "2027-01-15T08:00:00Z", NX_OK, NOW },
		{ "2027-01-15T08:00:01+01:00", NX_OK, NOW - 3599 },
		{ "1970-01-01T00:00:00Z", NX_OK, 1 },
		{ "2028-01-16T08:00:00Z", NX_OK, NOW + NX_WHEN_AHEAD_MAX },
		{ "2028-01-16T08:00:01Z", NX_INVALID, 0 },
		{ "9999-12-31T23:59:59Z", NX_INVALID, 0 },
		{ "2027-01-15T08:00:01", NX_INVALID, 0 },
		{ "tomorrow", NX_INVALID, 0 }, { "", NX_INVALID, 0 },
		{ NULL, NX_INVALID, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_err err = { 0 };
		int64_t at = -1;

		assert_int_equal(nx_when_read("publish_at",
		    nx_slice_str(cases[i].text), NOW, &at, &err),
		    cases[i].rc);
		assert_int_equal(at, cases[i].at);
		if (cases[i].rc != NX_OK)
			assert_memory_equal(err.detail, "publish_at ", 11);
	}
}

static void
says_what_time_it_is(void **state)
{
	struct nx_err err;

	(void)state;
	assert_int_equal(nx_when_check(NOW + 1, NOW, &err), NX_OK);
	assert_int_equal(nx_when_check(NOW - 60, NOW, &err), NX_OK);
	assert_int_equal(nx_when_check(NOW - 61, NOW, &err), NX_INVALID);
	assert_string_equal(err.detail, "publish_at is in the past: it is"
	    " 2027-01-15T08:00:00Z now.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_times_around_now),
		cmocka_unit_test(says_what_time_it_is),
	};

	return cmocka_run_group_tests_name("publish/when", tests, NULL, NULL);
}
