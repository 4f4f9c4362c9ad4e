/* test_store_post_state.c - the names of states, here and in the database. */

#include "nx/base/stats.h"
#include "nx/store/post_machine.h"
#include "store/post_row.h"
#include "store_env.h"

static void
names_are_read_back(void **state)
{
	(void)state;
	assert_string_equal(nx_post_state_name(NX_POST_STATE_NONE), "");
	assert_string_equal(nx_part_state_name(NX_PART_NONE), "");
	for (int i = NX_POST_STATE_NONE + 1; i < NX_POST_NSTATES; i++)
		assert_int_equal(nx_post_state_of(nx_post_state_name(i)), i);
	for (int i = NX_PART_NONE + 1; i < NX_PART_NSTATES; i++)
		assert_int_equal(nx_part_state_of(nx_part_state_name(i)), i);
	for (int i = 0; i < NX_NGOALS; i++)
		assert_int_equal(nx_goal_of(nx_goal_name(i)), i);
}

static void
what_is_none(void **state)
{
	static const char *const none[] = { NULL, "", "Sent", "sent ", "odd" };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(nx_post_state_of(none[i]), NX_POST_STATE_NONE);
		assert_int_equal(nx_part_state_of(none[i]), NX_PART_NONE);
		assert_int_equal(nx_goal_of(none[i]), NX_GOAL_SEND);
	}
}

#define NX_ONE(name, text, meaning) "'" text "' "
static const struct { const char *constraint, *names; } checks[] = {
	{ "x_posts_state", NX_POST_STATES(NX_ONE) },
	{ "x_parts_state", NX_PART_STATES(NX_ONE) },
	{ "x_posts_goal", NX_GOALS(NX_ONE) },
};
#undef NX_ONE

static void
statements_have_the_same(void **state)
{
	(void)state;
#define NX_ONE(name, text, meaning) assert_string_equal(NX_SQL_##name, "'" text "'");
	NX_POST_STATES(NX_ONE)
#undef NX_ONE
}

/* What the constraint lists, sorted, and the table's names. */
static void
the_database_has_the_same(void **state)
{
	static const char names[] =
	    "SELECT string_agg(quote_literal(m[1]), ' ' ORDER BY m[1])"
	    " FROM pg_constraint, regexp_matches(pg_get_constraintdef(oid),"
	    "  '[{,'']([a-z]+)(?=[},''])', 'g') m"
	    " WHERE conname = $1 AND conrelid IN"
	    "  ('x_posts'::regclass, 'x_parts'::regclass)";
	static const char sorted[] =
	    "SELECT string_agg(n, ' ' ORDER BY n) FROM"
	    " unnest(string_to_array(trim($1), ' ')) n";
	struct env *e = need_database(state);

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		assert_string_equal(sql(e, names, checks[i].constraint, NULL),
		    sql(e, sorted, checks[i].names, NULL));
}

/* What counts posts knows every state by its own name. */
static void
states_are_counted_by_name(void **state)
{
	(void)state;
	for (unsigned int i = NX_POST_STATE_QUEUED;
	    i < NX_POST_STATE_DRY_RUN; i++)
		assert_true(nx_slice_is(nx_stats_value(NX_LABEL_POST, i),
		    nx_post_state_name((enum nx_post_state)i)));
	assert_int_equal(nx_stats_value(NX_LABEL_POST,
	    NX_POST_NSTATES).n, 0);
}

/* NX_POST_TELL tells of what comes to rest, and of nothing else. */
static void
what_rests_is_told(void **state)
{
	(void)state;
	for (int i = NX_POST_STATE_NONE + 1; i < NX_POST_STATE_DRY_RUN; i++)
		assert_int_equal(strstr(NX_POST_RESTING,
		    nx_post_state_name(i)) != NULL, nx_post_rests(i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(statements_have_the_same),
		cmocka_unit_test_setup_teardown(the_database_has_the_same,
		    env_open, env_close),
		cmocka_unit_test(what_rests_is_told),
		cmocka_unit_test(states_are_counted_by_name),
	};

	return cmocka_run_group_tests_name("store/post_state", tests, NULL,
	    NULL);
}
