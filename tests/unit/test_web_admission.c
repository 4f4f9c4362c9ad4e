/* test_web_admission.c - who may be at X, who waits, who is refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/admission.h"

enum { JOBS = 64 };

/* Three of four threads, and eight that wait for each of these. */
static void
admits_in_turn(void **state)
{
	static struct nx_job jobs[JOBS];
	struct nx_admission *a = nx_admission_new(4);
	int n = 0;

	(void)state;
	assert_non_null(a);
	for (; n < 3; n++)
		assert_int_equal(nx_admission_enter(a, &jobs[n]),
		    NX_ADMIT_NOW);
	for (; n < 3 + 3 * 8; n++)
		assert_int_equal(nx_admission_enter(a, &jobs[n]),
		    NX_ADMIT_LATER);
	assert_int_equal(nx_admission_enter(a, &jobs[n]), NX_ADMIT_FULL);

	/* The oldest first, and there is room for one more behind them. */
	assert_ptr_equal(nx_admission_next(a), &jobs[3]);
	assert_int_equal(nx_admission_enter(a, &jobs[n++]), NX_ADMIT_LATER);
	for (int i = 4; i < n; i++)
		assert_ptr_equal(nx_admission_next(a), &jobs[i]);

	/* With none left each slot is given back, once. */
	for (int i = 0; i < 3; i++)
		assert_null(nx_admission_next(a));
	for (int i = 0; i < 3; i++)
		assert_int_equal(nx_admission_enter(a, &jobs[i]),
		    NX_ADMIT_NOW);
	assert_int_equal(nx_admission_enter(a, &jobs[3]), NX_ADMIT_LATER);
	assert_ptr_equal(nx_admission_next(a), &jobs[3]);
	nx_admission_free(a);
	nx_admission_free(NULL);
}

static void
has_a_slot_for_a_single_thread(void **state)
{
	struct nx_admission *a = nx_admission_new(1);
	struct nx_job job = { .next = NULL };

	(void)state;
	assert_non_null(a);
	assert_int_equal(nx_admission_enter(a, &job), NX_ADMIT_NOW);
	assert_null(nx_admission_next(a));
	nx_admission_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admits_in_turn),
		cmocka_unit_test(has_a_slot_for_a_single_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
