/*
 * test_store_post_machine.c - every row of the post's state machine is walked,
 * every turn has a row, and no state is a dead end.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nx/store/post_machine.h"
#include "store/machine_rows.h"

/* A row as it is written. */
static const struct row {
	const char	*event, *goal, *where, *cond;
	const char	*part, *post, *to, *next, *key, *lease;
} rows[] = {
#define NX_ONE(event, goal, where, cond, part, post, to, next, key, lease) \
	{ #event, #goal, #where, #cond, #part, #post, #to, #next, #key, \
	    #lease },
	NX_POST_RULES(NX_ONE)
#undef NX_ONE
};

enum { NROWS = sizeof(rows) / sizeof(rows[0]) };

static const char *const events[] = {
#define NX_ONE(name, phase, text) #name,
	NX_POST_EVENTS(NX_ONE)
#undef NX_ONE
};
static const char *const states[] = { "SAME",
#define NX_ONE(name, text, meaning) #name,
	NX_POST_STATES(NX_ONE)
#undef NX_ONE
};
static const char *const parts[] = { "SAME",
#define NX_ONE(name, text, meaning) #name,
	NX_PART_STATES(NX_ONE)
#undef NX_ONE
};
static const char *const goals[] = {
#define NX_ONE(name, text, meaning) #name,
	NX_GOALS(NX_ONE)
#undef NX_ONE
};
static const char *const tries[] = { "NEVER", "NOW", "LOOK", "WAIT" };

/* All turns there are, one after the other. */
enum { NFLAGS = 5 };
static const int nturns = NX_POST_NEVENTS * NX_NGOALS * (1 << NFLAGS);

static struct nx_post_turn
turn_of(int n)
{
	const int flags = n % (1 << NFLAGS), rest = n / (1 << NFLAGS);

	return (struct nx_post_turn){
		.event = rest / NX_NGOALS,
		.state = NX_POST_STATE_PARTIAL,
		.goal = rest % NX_NGOALS,
		.first = flags & 1,
		.last = flags & 2,
		.attended = flags & 4,
		.withdraws = flags & 8,
		.decided = flags & 16,
	};
}

static bool
is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

static bool
place_fits(const char *where, const struct nx_post_turn *turn)
{
	return is(where, "ANY") || (is(where, "FIRST") && turn->first) ||
	    (is(where, "LATER") && !turn->first) ||
	    (is(where, "LAST") && turn->last) ||
	    (is(where, "MORE") && !turn->last);
}

/* What the words of a row say, read anew. */
static bool
fits(const struct row *row, const struct nx_post_turn *turn)
{
	return is(row->event, events[turn->event]) &&
	    (is(row->goal, "ANY") || is(row->goal, goals[turn->goal])) &&
	    place_fits(row->where, turn) && (is(row->cond, "ALWAYS") ||
	    (is(row->cond, "ATTENDED") && turn->attended) ||
	    (is(row->cond, "WITHDRAWS") && turn->withdraws) ||
	    (is(row->cond, "DECIDED") && turn->decided));
}

static void
leads_where_it_says(const struct row *row, const struct nx_post_turn *turn)
{
	const struct nx_post_step step = nx_post_step(turn);

	assert_string_equal(parts[step.part], row->part);
	assert_string_equal(states[step.post], is(row->post, "SAME") ?
	    states[turn->state] : row->post);
	assert_string_equal(goals[step.goal], is(row->to, "SAME") ?
	    goals[turn->goal] : row->to);
	assert_string_equal(tries[step.next], row->next);
	assert_int_equal(step.releases_key, is(row->key, "RELEASED"));
	assert_int_equal(step.keeps_lease, is(row->lease, "HELD"));
}

static void
every_row_is_walked(void **state)
{
	int walked[NROWS] = { 0 };

	(void)state;
	for (int n = 0; n < nturns; n++) {
		const struct nx_post_turn turn = turn_of(n);
		const int i = nx_post_rule(&turn);

		for (int before = 0; before < i; before++)
			assert_false(fits(&rows[before], &turn));
		assert_true(fits(&rows[i], &turn));
		leads_where_it_says(&rows[i], &turn);
		walked[i]++;
	}
	for (int i = 0; i < NROWS; i++) {
		if (walked[i] == 0)
			fail_msg("nobody walks row %d, %s", i, rows[i].event);
	}
}

/* What is true of all of them. */
static void
promises(void **state)
{
	(void)state;
	for (int n = 0; n < nturns; n++) {
		const struct nx_post_turn turn = turn_of(n);
		const struct nx_post_step step = nx_post_step(&turn);
		const bool unknown = step.part == NX_PART_UNKNOWN;

		/* What X may have is no key's to begin anew. */
		assert_false(unknown && step.releases_key);
		assert_int_equal(unknown, step.post == NX_POST_STATE_UNKNOWN);
		/* Nothing waits without a time. */
		if (step.post == NX_POST_STATE_QUEUED)
			assert_int_not_equal(step.next, NX_TRY_NEVER);
		if (step.post == NX_POST_STATE_SENDING)
			assert_true(step.keeps_lease);
		/* A failed part is never sent again unasked, if it is the
		 * first: that would be behind the back of who was told. */
		if (step.post == NX_POST_STATE_FAILED)
			assert_int_equal(step.next, NX_TRY_NEVER);
		/* Only what is all over gives its key away. */
		if (step.releases_key)
			assert_true(nx_post_rests(step.post) &&
			    step.next == NX_TRY_NEVER && !step.keeps_lease);
	}
}

/* Every state but the last two can be left: by a claim, if by nothing else. */
static void
every_state_has_an_exit(void **state)
{
	bool left[NX_POST_NSTATES] = { false };

	(void)state;
#define NX_ONE(cond, from, to) left[NX_POST_STATE_##from] = true;
	NX_CLAIM_DUE(NX_ONE)
	NX_CLAIM_OPEN(NX_ONE)
	NX_CLAIM_RESUME(NX_ONE)
	NX_CLAIM_SEND(NX_ONE)
	NX_CLAIM_REMOVE(NX_ONE)
#undef NX_ONE
	for (int i = NX_POST_STATE_NONE + 1; i < NX_POST_STATE_DRY_RUN; i++)
		assert_int_equal(left[i], i != NX_POST_STATE_DELETED &&
		    i != NX_POST_STATE_CANCELLED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_walked),
		cmocka_unit_test(promises),
		cmocka_unit_test(every_state_has_an_exit),
	};

	return cmocka_run_group_tests_name("store/post_machine", tests, NULL,
	    NULL);
}
