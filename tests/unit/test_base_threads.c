/* test_base_threads.c - groups of threads. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "nx/base/clock.h"
#include "nx/base/threads.h"

enum { N = 5 };

struct shared {
	struct nx_threads	*threads;
	atomic_int		 ran[N];
	atomic_bool		 signals_pass;
	char			 name[64];
};

static void
note(void *ctx, int index)
{
	struct shared *s = ctx;
	sigset_t blocked;

	(void)atomic_fetch_add(&s->ran[index], 1);
	(void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGUSR1))
		atomic_store(&s->signals_pass, true);
}

static void
note_name(void *ctx, int index)
{
	struct shared *s = ctx;

	note(ctx, index);
	if (index == 0)
		(void)pthread_getname_np(pthread_self(), s->name,
		    sizeof(s->name));
}

static void
each_has_an_index(void **state)
{
	struct shared s = { .threads = nx_threads_new(N) };
	sigset_t blocked;

	(void)state;
	assert_non_null(s.threads);
	assert_int_equal(nx_threads_start(s.threads, "a name of 16 byte", N,
	    note_name, &s), N);
	assert_int_equal(nx_threads_count(s.threads), N);
	assert_null(nx_threads_join_until(s.threads, nx_clock_mono() + 9000));
	for (int i = 0; i < N; i++)
		assert_int_equal(atomic_load(&s.ran[i]), 1);
	assert_string_equal(s.name, "a name of 16 by");
	assert_false(atomic_load(&s.signals_pass));
	nx_threads_free(s.threads);
	nx_threads_free(NULL);
	/* Who starts them goes on as before. */
	(void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGTERM));
}

static void
no_more_than_there_is_room_for(void **state)
{
	struct shared s = { .threads = nx_threads_new(3) };

	(void)state;
	assert_non_null(s.threads);
	assert_int_equal(nx_threads_start(s.threads, "one", 1, note, &s), 1);
	assert_int_equal(nx_threads_start(s.threads, "more", 4, note, &s), 2);
	nx_threads_free(s.threads);		/* waits for them */
	assert_int_equal(atomic_load(&s.ran[0]), 2);
	assert_int_equal(atomic_load(&s.ran[1]), 1);
}

static void
wait_long(void *ctx, int index)
{
	struct shared *s = ctx;

	while (!nx_threads_pause(s->threads, 60000))
		continue;
	(void)atomic_fetch_add(&s->ran[index], 1);
}

static void
a_deadline_ends_the_waiting(void **state)
{
	struct shared s = { .threads = nx_threads_new(2) };
	int64_t begun = nx_clock_mono();

	(void)state;
	assert_non_null(s.threads);
	assert_int_equal(nx_threads_start(s.threads, "short", 1, note, &s), 1);
	assert_int_equal(nx_threads_start(s.threads, "long", 1, wait_long,
	    &s), 1);
	assert_string_equal(nx_threads_join_until(s.threads, begun + 100),
	    "long");
	assert_true(nx_clock_mono() - begun >= 90);
	assert_false(nx_threads_stopped(s.threads));
	nx_threads_stop(s.threads);
	assert_true(atomic_load(nx_threads_flag(s.threads)));
	assert_null(nx_threads_join_until(s.threads, begun + 9000));
	nx_threads_free(s.threads);
	assert_int_equal(atomic_load(&s.ran[0]), 2);
	assert_true(nx_clock_mono() - begun < 9000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_an_index),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(a_deadline_ends_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
