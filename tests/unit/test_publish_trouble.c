/* test_publish_trouble.c - what a failure means for a post, figure by figure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/publish/trouble.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { NOW = 1800000000, HOUR = 3600, DAY = 24 * HOUR };

static int
wait_of(const struct nx_stored_post *post, const struct nx_err *err,
    bool too_soon)
{
	return nx_trouble_wait(&(struct nx_trouble){ .post = post, .err = err,
	    .now = NOW, .spread = 4, .too_soon = too_soon });
}

/* 4 is 1 of the three seconds that a known time is spread over. */
static void
waits_as_long_as_it_lasts(void **state)
{
	static const struct {
		enum nx_rc rc; int retry_after, tries; bool is_guess, too_soon;
		int want;
	} cases[] = {
		{ NX_X_DOWN, 0, 0, false, false, 5 },
		{ NX_X_DOWN, 77, 1, false, false, 10 },
		{ NX_X_DOWN, 0, 7, false, false, 640 },
		{ NX_X_DOWN, 0, 8, false, false, 900 },
		{ NX_X_DOWN, 0, 9, false, false, 900 },
		{ NX_X_DOWN, 0, 10, false, false, -1 },
		{ NX_X_RATE, 0, 2, false, false, 20 },
		{ NX_X_RATE, 100, 3, false, false, 101 },
		{ NX_X_RATE, 60, 0, true, false, 61 },
		{ NX_X_RATE, 60, 2, true, false, 241 },
		{ NX_X_RATE, 60, 4, true, false, 961 },
		{ NX_X_RATE, 60, 40, true, false, 961 },
		{ NX_X_MONEY, 100, 3, true, false, 101 },
		{ NX_X_MONEY, 100, 10, false, false, -1 },
		{ NX_X_REFUSED, 100, 0, false, false, -1 },
		{ NX_X_REFUSED, 100, 0, false, true, 5 },
		{ NX_REPLY_UNSEEN, 0, 10, false, true, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_stored_part part = { .state = NX_PART_FAILED };
		struct nx_stored_post post = { .tries = cases[i].tries,
		    .created_at = NOW, .parts = &part, .nparts = 1 };
		struct nx_err err = { .rc = cases[i].rc,
		    .retry_after = cases[i].retry_after,
		    .is_guess = cases[i].is_guess };

		assert_int_equal(wait_of(&post, &err, cases[i].too_soon),
		    cases[i].want);
	}
}

/* What nobody has seen is not news for ever; what is begun goes on. */
static void
ends_when_it_is_late(void **state)
{
	static const struct {
		int late; enum nx_part_state first; enum nx_goal goal;
		int want;
	} cases[] = {
		{ 26 * HOUR - 5, NX_PART_FAILED, NX_GOAL_SEND, 5 },
		{ 26 * HOUR - 4, NX_PART_FAILED, NX_GOAL_SEND, -1 },
		{ 26 * HOUR, NX_PART_SENT, NX_GOAL_SEND, 5 },
		{ 26 * HOUR, NX_PART_FAILED, NX_GOAL_DELETE, 5 },
		{ 26 * HOUR, NX_PART_FAILED, NX_GOAL_WITHDRAW, 5 },
	};
	const struct nx_err down = { .rc = NX_X_DOWN };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_stored_part part = { .state = cases[i].first };
		struct nx_stored_post post = { .goal = cases[i].goal,
		    .created_at = NOW - cases[i].late, .parts = &part,
		    .nparts = 1 };

		assert_int_equal(wait_of(&post, &down, false), cases[i].want);
		post.created_at = NOW - 9 * DAY;
		post.publish_at = NOW - cases[i].late;
		assert_int_equal(wait_of(&post, &down, false), cases[i].want);
	}
}

static void
counts_failures_in_a_row(void **state)
{
	const struct nx_stored_post fresh = { .tries = 3 }, old = {
	    .tries = 4 };

	(void)state;
	assert_false(nx_trouble_counts(&fresh, NX_OK, false));
	assert_true(nx_trouble_counts(&old, NX_X_DOWN, false));
	assert_false(nx_trouble_counts(&fresh, NX_X_RATE, false));
	assert_true(nx_trouble_counts(&fresh, NX_X_RATE, true));
	assert_false(nx_trouble_counts(&old, NX_X_RATE, true));
}

static void
tells_what_has_happened(void **state)
{
	static const struct {
		bool was_lost, queue; enum nx_rc rc; int wait;
		enum nx_post_event want;
	} cases[] = {
		{ true, true, NX_OK, -1, NX_EVENT_ACCEPTED },
		{ false, true, NX_OUTCOME_UNKNOWN, -1, NX_EVENT_LOST },
		{ true, true, NX_DUPLICATE, -1, NX_EVENT_LOST },
		{ false, true, NX_DUPLICATE, -1, NX_EVENT_REFUSED },
		{ true, true, NX_X_REFUSED, -1, NX_EVENT_REFUSED },
		{ false, true, NX_X_RATE, -1, NX_EVENT_REFUSED },
		{ false, true, NX_X_RATE, 0, NX_EVENT_LIMITED },
		{ false, false, NX_X_RATE, 0, NX_EVENT_DEFERRED },
		{ false, true, NX_X_MONEY, 0, NX_EVENT_DEFERRED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_stored_part part = { .was_lost = cases[i].was_lost };
		struct nx_options options = { .queue = cases[i].queue };

		assert_int_equal(nx_trouble_sending(&part, &options,
		    cases[i].rc, cases[i].wait), cases[i].want);
	}
	assert_int_equal(nx_trouble_removing(NX_OK, -1), NX_EVENT_REMOVED);
	assert_int_equal(nx_trouble_removing(NX_X_DOWN, 0), NX_EVENT_DELAYED);
	assert_int_equal(nx_trouble_removing(NX_X_DOWN, -1),
	    NX_EVENT_RETAINED);
}

/* A key is used up by X's word, and by nothing that passes. */
static void
decides_once(void **state)
{
	static const enum nx_rc decided[] = { NX_DUPLICATE, NX_X_REFUSED,
	    NX_X_AUTOMATED, NX_REPLY_REFUSED, NX_REPLY_UNSEEN, NX_X_ACCOUNT };
	struct nx_stored_part part = { .state = NX_PART_FAILED };
	struct nx_stored_post post = { .created_at = NOW, .parts = &part,
	    .nparts = 1 };
	int n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(decided); i++)
		assert_true(nx_trouble_is_decided(decided[i]));
	for (int rc = 0; rc < NX_RC_COUNT; rc++) {
		const struct nx_err err = { .rc = (enum nx_rc)rc };

		if (!nx_trouble_is_decided(err.rc))
			continue;
		n++;
		assert_int_equal(wait_of(&post, &err, false), -1);
	}
	assert_int_equal(n, COUNT(decided));
}

static void
looks_ever_less_often(void **state)
{
	const struct nx_err none = { 0 }, limit = { .retry_after = 1000 };
	const struct nx_stored_post few = { .tries = 9 }, many = {
	    .tries = 10 };

	(void)state;
	assert_int_equal(nx_trouble_next_try(NX_TRY_LOOK, 99), 3);
	assert_int_equal(nx_trouble_next_try(NX_TRY_WAIT, 99), 99);
	assert_int_equal(nx_trouble_next_try(NX_TRY_NOW, 99), 0);
	assert_int_equal(nx_trouble_next_try(NX_TRY_NEVER, 99), -1);
	assert_int_equal(nx_trouble_quiet(false), 90);
	assert_int_equal(nx_trouble_quiet(true), HOUR);
	assert_int_equal(nx_trouble_next_look(4, 90), 3);
	assert_int_equal(nx_trouble_next_look(40, 90), 20);
	assert_int_equal(nx_trouble_next_look(70, 90), 20);
	assert_int_equal(nx_trouble_next_look(89, 90), 3);
	assert_int_equal(nx_trouble_look_again(40, &none), 15);
	assert_int_equal(nx_trouble_look_again(400, &none), 100);
	assert_int_equal(nx_trouble_look_again(DAY, &none), 900);
	assert_int_equal(nx_trouble_look_again(DAY, &limit), 1000);
	assert_int_equal(nx_trouble_unseen(&many, 7 * DAY), NX_EVENT_UNSEEN);
	assert_int_equal(nx_trouble_unseen(&few, 8 * DAY), NX_EVENT_UNSEEN);
	assert_int_equal(nx_trouble_unseen(&many, 7 * DAY + 1),
	    NX_EVENT_ABANDONED);
}

/* The same create leaves again only where it has surely not been taken. */
static void
repeats_what_did_not_leave(void **state)
{
	const struct nx_verdict none = { .class = NX_CLASS_RETRY };
	const struct nx_verdict answered = { .class = NX_CLASS_RETRY,
	    .x.status = 503 };
	const struct nx_verdict unseen = { .class = NX_CLASS_UNSEEN,
	    .x.status = 403 };

	(void)state;
	assert_int_equal(nx_trouble_pause(&none, false, 0), 250);
	assert_int_equal(nx_trouble_pause(&none, false, 1), 0);
	assert_int_equal(nx_trouble_pause(&answered, false, 0), 0);
	assert_int_equal(nx_trouble_pause(&unseen, false, 0), 0);
	assert_int_equal(nx_trouble_pause(&unseen, true, 0), 500);
	assert_int_equal(nx_trouble_pause(&unseen, true, 2), 2000);
	assert_int_equal(nx_trouble_pause(&unseen, true, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_as_long_as_it_lasts),
		cmocka_unit_test(ends_when_it_is_late),
		cmocka_unit_test(counts_failures_in_a_row),
		cmocka_unit_test(tells_what_has_happened),
		cmocka_unit_test(decides_once),
		cmocka_unit_test(looks_ever_less_often),
		cmocka_unit_test(repeats_what_did_not_leave),
	};

	return cmocka_run_group_tests_name("publish/trouble", tests, NULL,
	    NULL);
}
