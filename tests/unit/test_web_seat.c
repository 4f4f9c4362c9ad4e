/* test_web_seat.c - who has the seat, who gets it next, and who loses it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdatomic.h>

#include "nx/base/clock.h"
#include "nx/base/threads.h"
#include "nx/base/wait.h"
#include "web/seat.h"

enum { THREADS = 6, NOBODY = -1 };

/* Threads that take the seat one after the other, each until it may go. */
struct bench {
	struct nx_threads	*threads;
	struct nx_seat		*seat;
	atomic_int		 may_take;	/* how many */
	atomic_int		 waiting;	/* how many had to */
	atomic_int		 may_go[THREADS];
	atomic_int		 seated;	/* the latest; or NOBODY */
	atomic_int		 refused;	/* how many saw it closed */
};

static void
await_int(atomic_int *what, int value)
{
	while (atomic_load(what) < value)
		(void)sched_yield();
}

/*
 * Before it waits: the seat is locked until it does, so that whoever asks
 * anything of the seat afterwards finds it on the bench.
 */
static void
count_waiting(void *waiting)
{
	atomic_fetch_add((atomic_int *)waiting, 1);
}

static void
sit_once(void *ctx, int index)
{
	struct bench *b = ctx;
	struct nx_sitter s;

	nx_sitter_init(&s, b->seat);
	nx_wait_first(count_waiting, &b->waiting);
	await_int(&b->may_take, index + 1);
	if (nx_seat_take(&s)) {
		nx_seat_serve(&s);
		atomic_store(&b->seated, index);
		await_int(&b->may_go[index], 1);
		nx_seat_hand_on(&s);
	} else
		atomic_fetch_add(&b->refused, 1);
	nx_sitter_destroy(&s);
}

/* Number 0 has the seat, the others are on the bench in their order. */
static void
open_bench(struct bench *b)
{
	*b = (struct bench){ .seat = nx_seat_new() };
	atomic_store(&b->seated, NOBODY);
	b->threads = nx_threads_new(THREADS);
	assert_non_null(b->seat);
	assert_non_null(b->threads);
	assert_int_equal(nx_threads_start(b->threads, "sit", THREADS,
	    sit_once, b), THREADS);
	atomic_store(&b->may_take, 1);
	await_int(&b->seated, 0);
	for (int i = 1; i < THREADS; i++) {
		atomic_store(&b->may_take, i + 1);
		await_int(&b->waiting, i);
	}
}

static void
close_bench(struct bench *b)
{
	nx_threads_free(b->threads);
	nx_seat_free(b->seat);
}

/* The next after `before` is `index`. */
static void
await_seated(struct bench *b, int before, int index)
{
	while (atomic_load(&b->seated) == before)
		(void)sched_yield();
	assert_int_equal(atomic_load(&b->seated), index);
}

static void
goes_to_who_came_last(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	atomic_store(&b.may_go[0], 1);
	for (int i = THREADS - 1; i > 0; i--) {
		await_seated(&b, (i + 1) % THREADS, i);
		atomic_store(&b.may_go[i], 1);
	}
	close_bench(&b);
}

/* It has until the second look; what it hands on then is not its own. */
static void
is_lost_by_who_does_not_come_back(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	assert_false(nx_seat_check(b.seat));
	assert_int_equal(atomic_load(&b.seated), 0);
	assert_true(nx_seat_check(b.seat));
	await_seated(&b, 0, THREADS - 1);
	atomic_store(&b.may_go[0], 1);
	for (int i = 0; i < 100; i++) {
		(void)sched_yield();
		assert_int_equal(atomic_load(&b.seated), THREADS - 1);
	}
	for (int i = THREADS - 1; i > 1; i--) {
		atomic_store(&b.may_go[i], 1);
		await_seated(&b, i, i - 1);
	}
	atomic_store(&b.may_go[1], 1);
	close_bench(&b);
}

static void
closes_for_those_who_wait(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b);
	nx_seat_close(b.seat);
	await_int(&b.refused, THREADS - 1);
	atomic_store(&b.may_go[0], 1);
	close_bench(&b);
}

/* Alone, and with a look in between that finds it waiting or at another. */
static void
is_kept_by_who_comes_back(void **state)
{
	struct nx_seat *seat = nx_seat_new();
	struct nx_sitter s, other;

	(void)state;
	assert_non_null(seat);
	nx_sitter_init(&s, seat);
	nx_sitter_init(&other, seat);
	for (int i = 0; i < 3; i++) {
		assert_true(nx_seat_take(&s));
		assert_false(nx_seat_check(seat));
		assert_false(nx_seat_check(seat));	/* it waits */
		nx_seat_serve(&s);
		assert_false(nx_seat_check(seat));
	}
	nx_seat_serve(&s);				/* another one */
	assert_false(nx_seat_check(seat));
	assert_true(nx_seat_check(seat));
	assert_true(nx_seat_take(&other));
	nx_seat_hand_on(&s);				/* not its own */
	assert_true(nx_seat_take(&other));
	nx_seat_hand_on(&other);
	assert_true(nx_seat_take(&s));
	nx_seat_close(seat);
	assert_false(nx_seat_take(&s));
	nx_sitter_destroy(&s);
	nx_sitter_destroy(&other);
	nx_seat_free(seat);
	nx_seat_free(NULL);
}

/* Whatever waits says so: a pause is enough. */
static void
is_handed_on_before_a_wait(void **state)
{
	struct nx_seat *seat = nx_seat_new();
	struct nx_sitter s, other;

	(void)state;
	assert_non_null(seat);
	nx_sitter_init(&s, seat);
	nx_sitter_init(&other, seat);
	nx_wait_first(nx_seat_hand_on, &s);
	assert_true(nx_seat_take(&s));
	nx_clock_sleep(1);
	assert_true(nx_seat_take(&other));
	nx_seat_hand_on(&other);
	nx_wait_first(NULL, NULL);
	assert_true(nx_seat_take(&s));
	nx_clock_sleep(1);
	assert_true(nx_seat_take(&s));
	nx_sitter_destroy(&s);
	nx_sitter_destroy(&other);
	nx_seat_free(seat);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_to_who_came_last),
		cmocka_unit_test(is_lost_by_who_does_not_come_back),
		cmocka_unit_test(closes_for_those_who_wait),
		cmocka_unit_test(is_kept_by_who_comes_back),
		cmocka_unit_test(is_handed_on_before_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
