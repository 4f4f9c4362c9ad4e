/* test_base_err.c - the error table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nx/base/err.h"

/* Codes are public names: each once, spelled like a name. */
static void
rows_are_sound(void **state)
{
	(void)state;
	for (int i = 0; i < NX_RC_COUNT; i++) {
		enum nx_rc rc = (enum nx_rc)i;
		const char *code = nx_rc_code(rc);
		int exit = nx_rc_exit(rc), status = nx_rc_status(rc);

		assert_int_equal(strspn(code,
		    "abcdefghijklmnopqrstuvwxyz_"), strlen(code));
		assert_int_equal(nx_rc_from_code(code),
		    rc == NX_OK ? NX_INTERNAL : rc);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(code,
			    nx_rc_code((enum nx_rc)k));
		assert_true(strlen(nx_rc_title(rc)) > 0);
		assert_int_equal(strlen(nx_rc_remedy(rc)) > 0, rc != NX_OK);
		assert_true(rc == NX_OK ? status == 200 :
		    status >= 400 && status < 600);
		assert_true(exit == 1 || exit == 64 || exit == 75 ||
		    exit == 78 || rc == NX_OK);
		/* what is worth another try must not look final */
		assert_true(status != 503 || exit == 75);
	}
}

static void
records_a_failure(void **state)
{
	struct nx_err err;

	(void)state;
	memset(&err, 0x55, sizeof(err));
	assert_int_equal(nx_fail(&err, NX_X_RATE, "%s %d", "wait", 7),
	    NX_X_RATE);
	assert_int_equal(err.rc, NX_X_RATE);
	assert_string_equal(err.detail, "wait 7");
	assert_int_equal(err.retry_after, 0);
	assert_int_equal(err.x.status, 0);
	assert_int_equal(nx_fail(&err, NX_BUSY, "%*d", 5000, 1), NX_BUSY);
	assert_int_equal(strlen(err.detail), sizeof(err.detail) - 1);
	(void)nx_fail(&err, NX_BUSY, "the first");
	(void)nx_fail(&err, NX_INVALID, "after %s", err.detail);
	assert_string_equal(err.detail, "after the first");
	assert_int_equal(nx_fail(NULL, NX_BUSY, "%s", "x"), NX_BUSY);
}

static void
keeps_details_utf8(void **state)
{
	static const struct { const char *in, *want; } cases[] = {
		{ "caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80" },
		{ "\xff\xfe", "??" }, { "\xc3", "?" }, { "\xc3x", "?x" },
		{ "\xe2\x82", "??" }, { "\xc0\xaf", "??" },
		{ "\xed\xa0\x80", "???" }, { "\xf4\x90\x80\x80", "????" },
	};
	struct nx_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)nx_fail(&err, NX_INVALID, "%s", cases[i].in);
		assert_string_equal(err.detail, cases[i].want);
	}
	(void)nx_fail(&err, NX_INVALID, "%.2s|", "a\xc3\xa9");
	assert_string_equal(err.detail, "a?|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_details_utf8),
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(records_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
