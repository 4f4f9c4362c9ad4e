/* test_store_brake.c - when X does not answer, no token is thrown after. */

#include "store_apart.h"

#include "nx/base/uuid.h"
#include "nx/store/brake.h"
#include "nx/store/lease.h"

/* Everybody's clock goes on. */
static void
pass(struct env *e, int seconds)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "WITH a AS (UPDATE x_refreshing"
	    " SET since = since - interval '%d s', until = until - interval"
	    " '%d s') UPDATE x_app SET braked_until = braked_until - interval"
	    " '%d s', released_at = released_at - interval '%d s'", seconds,
	    seconds, seconds, seconds);
	(void)sql(e, text, NULL, NULL);
}

static int
setup(void **state)
{
	struct env *e;

	if (env_open_apart(state) != 0)
		return -1;
	e = *state;
	if (e->pool != NULL)
		(void)sql(e, "INSERT INTO x_app DEFAULT VALUES"
		    " ON CONFLICT DO NOTHING", NULL, NULL);
	return 0;
}

/* A lease of a connection, or of a pending grant (the test's schema has no
 * foreign keys). */
struct one {
	char	owner[NX_UUID_LEN + 1], row[NX_UUID_LEN + 1];
};

static void
take(struct env *e, struct one *one, bool pending)
{
	nx_uuid_random(one->owner);
	nx_uuid_random(one->row);
	(void)sql(e, pending ? "INSERT INTO x_pending (id, user_id,"
	    " state_hash, asked, access_token, token_expires_at, grant_hash,"
	    " granted_at, claimed_at, lease_owner, lease_until)"
	    " VALUES ($1, $1, 's', 'a', 't', now(), 'h', now(), now(), $2,"
	    " now() + interval '150 s')" :
	    "INSERT INTO x_grants (user_id, connection_id, lease_owner,"
	    " lease_until) VALUES ($1, $1, $2, now() + interval '150 s')",
	    one->row, one->owner);
}

static int
enter(struct env *e, struct one *one)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int wait;

	if (nx_brake_enter(&ask, one->owner, one->row, one->row, &wait,
	    &err) != NX_OK)
		fail_msg("enter: %s", err.detail);
	return wait;
}

static int
enters(struct env *e, struct one *one)
{
	take(e, one, false);
	return enter(e, one);
}

static void
leave(struct env *e, const struct one *one, enum nx_brake_end end)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };

	for (int again = 0; again < 2; again++) {
		if (nx_brake_leave(&ask, one->owner, end, &err) != NX_OK)
			fail_msg("leave: %s", err.detail);
	}
}

static void
is_off_while_x_answers(void **state)
{
	struct env *e = *state;
	struct one many[12], one;

	if (e->pool == NULL)
		skip();
	for (int i = 0; i < 12; i++)
		assert_int_equal(enters(e, &many[i]), 0);
	assert_int_equal(enter(e, &many[0]), 0);	/* safe to repeat */
	pass(e, NX_BRAKE_SLOW - 2);
	assert_int_equal(enters(e, &one), 0);
	for (int i = 0; i < 12; i++)
		leave(e, &many[i], NX_BRAKE_END_ANSWERED);
	pass(e, NX_BRAKE_SLOW);
	assert_int_equal(enters(e, &one), 0);
	(void)sql(e, "DELETE FROM x_app", NULL, NULL);	/* without it */
	assert_int_equal(enters(e, &one), 0);
	leave(e, &one, NX_BRAKE_END_LOST);
}

static void
four_without_an_answer_stop_the_others(void **state)
{
	struct env *e = *state;
	struct one slow[NX_BRAKE_UNANSWERED], one, probe;

	if (e->pool == NULL)
		skip();
	for (int i = 0; i < NX_BRAKE_UNANSWERED - 1; i++)
		assert_int_equal(enters(e, &slow[i]), 0);
	pass(e, NX_BRAKE_SLOW + 1);
	assert_int_equal(enters(e, &slow[NX_BRAKE_UNANSWERED - 1]), 0);
	pass(e, NX_BRAKE_SLOW + 1);
	assert_in_range(enters(e, &one), NX_BRAKE_SECONDS - 20,
	    NX_BRAKE_SECONDS);
	pass(e, NX_BRAKE_SECONDS / 2);
	assert_in_range(enters(e, &one), 1, NX_BRAKE_SECONDS / 2);

	/* A minute later one may go, and only one. */
	pass(e, NX_BRAKE_SECONDS / 2 + 1);
	assert_int_equal(enters(e, &probe), 0);
	assert_int_equal(enter(e, &probe), 0);
	assert_true(enters(e, &one) > 0);
	/* One of the old ones that is answered now proves nothing. */
	leave(e, &slow[0], NX_BRAKE_END_ANSWERED);
	assert_true(enters(e, &one) > 0);
	leave(e, &probe, NX_BRAKE_END_ANSWERED);
	/* Those that still wait are of the past. */
	for (int i = 0; i < 2 * NX_BRAKE_UNANSWERED; i++)
		assert_int_equal(enters(e, &one), 0);
}

static void
a_probe_that_is_lost_is_followed_by_another(void **state)
{
	struct env *e = *state;
	struct one slow[NX_BRAKE_UNANSWERED], one, probe;

	if (e->pool == NULL)
		skip();
	for (int i = 0; i < NX_BRAKE_UNANSWERED; i++)
		assert_int_equal(enters(e, &slow[i]), 0);
	pass(e, NX_BRAKE_SLOW + 1);
	for (int round = 0; round < 3; round++) {
		assert_true(enters(e, &one) > 0);
		pass(e, NX_BRAKE_SECONDS + 1);
		assert_int_equal(enters(e, &probe), 0);
		if (round < 2)
			leave(e, &probe, round == 0 ? NX_BRAKE_END_LOST :
			    NX_BRAKE_END_UNSENT);
	}
	leave(e, &probe, NX_BRAKE_END_ANSWERED);
	assert_int_equal(enters(e, &one), 0);
}

static void
three_lost_in_a_row_stop_the_others(void **state)
{
	struct env *e = *state;
	struct one one;

	if (e->pool == NULL)
		skip();
	for (int i = 0; i < 2 * NX_BRAKE_LOST; i++) {
		assert_int_equal(enters(e, &one), 0);
		/* Between them one is answered. */
		leave(e, &one, i == NX_BRAKE_LOST - 1 ?
		    NX_BRAKE_END_ANSWERED : NX_BRAKE_END_LOST);
	}
	assert_true(enters(e, &one) > 0);
	pass(e, NX_BRAKE_SECONDS + 1);
	assert_int_equal(enters(e, &one), 0);
	leave(e, &one, NX_BRAKE_END_ANSWERED);
	assert_int_equal(enters(e, &one), 0);
	leave(e, &one, NX_BRAKE_END_LOST);
	assert_int_equal(enters(e, &one), 0);
}

/* Whoever was killed in mid call is not waited for beyond its lease. */
static void
the_dead_are_forgotten(void **state)
{
	struct env *e = *state;
	struct one dead[NX_BRAKE_UNANSWERED], one;

	if (e->pool == NULL)
		skip();
	for (int i = 0; i < NX_BRAKE_UNANSWERED; i++)
		assert_int_equal(enters(e, &dead[i]), 0);
	pass(e, NX_LEASE_MS / 1000 + 1);
	assert_int_equal(enters(e, &one), 0);
}

/* Whoever slept through its lease, or lost it, sends nothing. */
static void
only_a_holder_goes(void **state)
{
	static const char *const losses[] = {
		"lease_until = now() - interval '1 ms'",
		"lease_owner = gen_random_uuid()",
		"lease_owner = NULL, lease_until = NULL",
	};
	struct env *e = *state;
	struct nx_store_ask ask;
	struct nx_err err;
	struct one one;
	char text[200];
	int wait;

	if (e->pool == NULL)
		skip();
	ask = ask_of(e);
	for (size_t i = 0; i < 2 * sizeof(losses) / sizeof(losses[0]); i++) {
		take(e, &one, i % 2 == 1);
		(void)snprintf(text, sizeof(text), "UPDATE x_%s SET %s WHERE"
		    " lease_owner = $1", i % 2 == 1 ? "pending" : "grants",
		    losses[i / 2]);
		(void)sql(e, text, one.owner, NULL);
		assert_int_equal(nx_brake_enter(&ask, one.owner, one.row,
		    one.row, &wait, &err), NX_REFRESH_BUSY);
		assert_string_equal(sql(e, "SELECT count(*)::text FROM"
		    " x_refreshing", NULL, NULL), "0");
	}
	take(e, &one, true);
	assert_int_equal(enter(e, &one), 0);
	/* Nor does it become the probe. */
	(void)sql(e, "UPDATE x_app SET braked_until = now()", NULL, NULL);
	(void)sql(e, "UPDATE x_pending SET lease_until = now()", NULL, NULL);
	assert_int_equal(nx_brake_enter(&ask, one.owner, one.row, one.row,
	    &wait, &err), NX_REFRESH_BUSY);
	assert_null(sql(e, "SELECT probe::text FROM x_app", NULL, NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, env_close_apart)
		T(is_off_while_x_answers),
		T(four_without_an_answer_stop_the_others),
		T(a_probe_that_is_lost_is_followed_by_another),
		T(three_lost_in_a_row_stop_the_others),
		T(the_dead_are_forgotten),
		T(only_a_holder_goes),
#undef T
	};

	return cmocka_run_group_tests_name("store/brake", tests, NULL, NULL);
}
