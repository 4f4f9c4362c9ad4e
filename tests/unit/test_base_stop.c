/* test_base_stop.c - signals become a flag. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/stop.h"

static void
nobody_tells(void **state)
{
	struct nx_stop *stop = nx_stop_new();
	int64_t begun = nx_clock_mono();

	(void)state;
	assert_non_null(stop);
	assert_false(nx_stop_wait(stop, 60));
	assert_true(nx_clock_mono() - begun >= 59);
	(void)kill(getpid(), SIGHUP);
	assert_false(nx_stop_wait(stop, 60));
	assert_false(atomic_load(nx_stop_flag(stop)));
	nx_stop_free(stop);
	nx_stop_free(NULL);
}

static void
told(void **state)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGUSR1 };

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct nx_stop *stop = nx_stop_new();

		assert_non_null(stop);
		(void)kill(getpid(), signals[i]);
		assert_true(nx_stop_wait(stop, 10000));
		assert_true(atomic_load(nx_stop_flag(stop)));
		assert_true(nx_stop_wait(stop, 0));
		nx_stop_free(stop);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_tells),
		cmocka_unit_test(told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
