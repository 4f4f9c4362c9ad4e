/* test_store_lease.c - one refresh token is spent by one holder. */

#include "nx/store/lease.h"
#include "store_env.h"

static struct nx_lease
take(const struct env *e, const char *id, int64_t seen)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	struct nx_lease lease;

	if (nx_lease_take(&ask, id, seen, &lease, &err) != NX_OK)
		fail_msg("take: %s", err.detail);
	return lease;
}

static bool
save_pair(const struct env *e, const struct nx_lease *lease,
    const char *access, const char *refresh, const char *scopes)
{
	const struct nx_new_pair pair = {
		.connection_id = lease->connection.id,
		.owner = lease->owner,
		.version = lease->connection.version,
		.access_token = access,
		.refresh_token = refresh,
		.scopes = scopes,
		.expires_at = nx_clock_wall() + 7200,
	};
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	bool saved;

	if (nx_lease_save(&ask, &pair, &saved, &err) != NX_OK)
		fail_msg("save: %s", err.detail);
	return saved;
}

static void
run_out(const struct env *e, const char *id)
{
	(void)sql(e, "UPDATE x_grants SET lease_until = now()"
	    " - interval '1 s' WHERE connection_id = $1", id, NULL);
}

static struct nx_connection
pick(const struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection c;
	struct nx_err err = { 0 };

	if (nx_connection_pick(&ask, e->user, NULL, &c, &err) != NX_OK)
		fail_msg("pick: %s", err.detail);
	return c;
}

static void
take_and_save(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a, b;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_false(a.suspect);
	assert_string_equal(a.connection.access_token, "access-1");
	assert_string_equal(a.connection.refresh_token, "refresh-1");
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_HELD);
	assert_null(b.connection.refresh_token);

	assert_true(save_pair(e, &a, "access-2", NULL, NULL));
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_MOVED);
	assert_string_equal(b.connection.access_token, "access-2");
	assert_null(b.connection.refresh_token);
	assert_int_equal(b.connection.version, 2);
	assert_string_equal(b.connection.scopes, g.scopes);

	b = take(e, id, 2);	/* the old refresh token was kept */
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_string_equal(b.connection.refresh_token, "refresh-1");
	assert_true(save_pair(e, &b, "access-3", "refresh-3", "tweet.read"));
	b = take(e, id, 3);
	assert_string_equal(b.connection.refresh_token, "refresh-3");
	assert_string_equal(b.connection.scopes, "tweet.read");
}

static void
saving_is_fenced_and_repeatable(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a, b;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	run_out(e, id);
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_true(b.suspect);
	/* X granted to the first holder, who is late: it is the only pair. */
	assert_true(save_pair(e, &a, "access-a", "refresh-a", NULL));
	assert_true(save_pair(e, &a, "access-a", "refresh-a", NULL));
	assert_false(save_pair(e, &b, "access-b", "refresh-b", NULL));
	assert_int_equal(nx_lease_dead(&ask, &b, "X refused it.", &err),
	    NX_OK);
	assert_string_equal(pick(e).access_token, "access-a");
	assert_int_equal(pick(e).version, 2);
	b = take(e, id, 2);
	assert_false(b.suspect);
	assert_string_equal(b.connection.refresh_token, "refresh-a");
}

static void
giving_it_back(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a, b;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(nx_lease_release(&ask, &a, &err), NX_OK);
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_false(b.suspect);
	/* Not the holder any more: nothing happens. */
	assert_int_equal(nx_lease_release(&ask, &a, &err), NX_OK);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	/* An attempt that died is remembered by whoever gives it back. */
	run_out(e, id);
	a = take(e, id, 1);
	assert_true(a.suspect);
	assert_int_equal(nx_lease_release(&ask, &a, &err), NX_OK);
	a = take(e, id, 1);
	assert_true(a.suspect);
}

static void
dead_and_alive_again(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_connection c;
	struct nx_lease a, b;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	run_out(e, id);
	b = take(e, id, 1);
	assert_int_equal(nx_lease_dead(&ask, &a, "Not mine.", &err), NX_OK);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	assert_int_equal(nx_lease_dead(&ask, &b, "X refused it.", &err),
	    NX_OK);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_ENDED);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_NEEDS_REAUTH);
	assert_non_null(strstr(err.detail, "X refused it."));
	/* The first attempt's pair comes home after all. */
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_string_equal(pick(e).access_token, "access-2");
	assert_null(pick(e).status_reason);
}

static void
the_end_fences_a_refresh(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1], nobody[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(nx_connection_end(&ask, id, "disconnected", "Bye.",
	    &err), NX_OK);
	assert_false(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_int_equal(take(e, id, 1).state, NX_LEASE_ENDED);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE id = $1 AND access_token IS NULL"
	    " AND refresh_token IS NULL", id, NULL), "1");
	nx_random_uuid(nobody);
	assert_int_equal(nx_lease_take(&ask, nobody, 1, &a, &err),
	    NX_CONNECTION_UNKNOWN);
}

static void
without_the_key_it_is_not_kept(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	ask.store = &e->other;
	assert_int_equal(nx_lease_take(&ask, id, 1, &a, &err),
	    NX_KEY_UNKNOWN);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_false(a.suspect);
}

static void
an_old_row_without_a_grant(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a;

	save(e, &g, id);
	(void)sql(e, "DELETE FROM x_grants WHERE connection_id = $1", id,
	    NULL);
	assert_int_equal(pick(e).version, 0);
	a = take(e, id, 0);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_int_equal(pick(e).version, 1);
}

static bool
is_due(const struct env *e, const char *user, int within)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection *list;
	struct nx_err err;
	size_t n = 1000;

	assert_int_equal(nx_lease_due(&ask, user, within, &list, &n,
	    &err), NX_OK);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].user_id, e->user) == 0)
			return true;
	}
	return false;
}

static void
who_is_due(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_ID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	g.expires_at = nx_clock_wall() + 600;
	save(e, &g, id);
	assert_true(is_due(e, e->user, 900));
	assert_true(is_due(e, NULL, 900));
	assert_false(is_due(e, e->user, 300));
	a = take(e, id, 1);
	assert_false(is_due(e, e->user, 900));
	assert_int_equal(nx_lease_release(&ask, &a, &err), NX_OK);
	assert_true(is_due(e, e->user, 900));
	g.refresh_token = NULL;
	g.access_token = "access-2";
	save(e, &g, id);
	assert_false(is_due(e, e->user, 900));
}

struct runner {
	const struct env	*e;
	const char		*id;
	enum nx_rc		 rc;
	enum nx_lease_state	 state;
};

static void *
refresh(void *arg)
{
	struct runner *r = arg;
	struct nx_store_ask ask = ask_of(r->e);
	struct nx_err err = { 0 };
	struct nx_lease lease;

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	r->rc = nx_lease_take(&ask, r->id, 1, &lease, &err);
	r->state = lease.state;
	if (r->rc != NX_OK)
		(void)fprintf(stderr, "take: %s\n", err.detail);
	nx_arena_free(ask.arena);
	return NULL;
}

static void
fifty_at_once(void **state)
{
	enum { N = 50 };
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	struct runner runners[N];
	char id[NX_ID_LEN + 1];
	int taken = 0, held = 0;

	save(e, &g, id);
	for (int i = 0; i < N; i++)
		runners[i] = (struct runner){ .e = e, .id = id };
	race(refresh, runners, sizeof(*runners), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(runners[i].rc, NX_OK);
		taken += runners[i].state == NX_LEASE_TAKEN;
		held += runners[i].state == NX_LEASE_HELD;
	}
	assert_int_equal(taken, 1);
	assert_int_equal(held, N - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(take_and_save),
		T(saving_is_fenced_and_repeatable),
		T(giving_it_back),
		T(dead_and_alive_again),
		T(the_end_fences_a_refresh),
		T(without_the_key_it_is_not_kept),
		T(an_old_row_without_a_grant),
		T(who_is_due),
		T(fifty_at_once),
#undef T
	};

	return cmocka_run_group_tests_name("store/lease", tests, NULL, NULL);
}
