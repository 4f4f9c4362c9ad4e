/* test_store_revocation.c - tokens of ended connections, until X knows. */

#include "store_apart.h"

#include <string.h>

#include "nx/store/lease.h"
#include "nx/store/revocation.h"

enum { THREADS = 8 };

static const char count_parked[] =
    "SELECT count(*) FROM x_revocations WHERE user_id = $1";

static void
end(struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };

	if (nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "Bye.", &err) !=
	    NX_OK)
		fail_msg("end: %s", err.detail);
}

static struct nx_revocation
take(struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	const struct nx_parked_of whose = { e->user, id };
	struct nx_candidates found = { .n = 0 };
	struct nx_revocation r;
	struct nx_err err = { 0 };

	if (nx_revocation_take(&ask, id == NULL ? NULL : &whose, &found, &r,
	    &err) != NX_OK)
		fail_msg("take: %s", err.detail);
	return r;
}

static void
the_end_parks_what_it_wipes(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_revocation r;
	struct nx_err err = { 0 };
	int access = 0, refresh = 0;

	save(e, &g, id);
	end(e, id);
	assert_null(sql(e, "SELECT coalesce(access_token, refresh_token)"
	    " FROM platform_connections WHERE id = $1", id, NULL));
	assert_string_equal(sql(e, count_parked, e->user, NULL), "2");
	assert_null(sql(e, "SELECT 1 FROM x_revocations WHERE user_id = $1"
	    " AND token NOT LIKE 'nx1.k1.%'", e->user, NULL));
	for (int i = 0; i < 2; i++) {
		r = take(e, id);
		assert_non_null(r.id);
		assert_string_equal(r.connection_id, id);
		if (strcmp(r.hint, "access_token") == 0)
			access += strcmp(r.token, "access-1") == 0;
		else
			refresh += strcmp(r.token, "refresh-1") == 0;
		assert_int_equal(nx_revocation_done(&ask, &r, &err), NX_OK);
	}
	assert_int_equal(access, 1);
	assert_int_equal(refresh, 1);
	assert_null(take(e, id).id);
	assert_string_equal(sql(e, count_parked, e->user, NULL), "0");
}

static void
what_needs_a_login_is_parked_too(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	save(e, &g, id);
	(void)sql(e, "UPDATE platform_connections SET status ="
	    " 'needs_reauth' WHERE id = $1", id, NULL);
	end(e, id);
	assert_string_equal(sql(e, count_parked, e->user, NULL), "2");
	end(e, id);		/* again: nothing is left to park */
	assert_string_equal(sql(e, count_parked, e->user, NULL), "2");
}

static void
it_outlives_its_connection(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	save(e, &g, id);
	end(e, id);
	(void)sql(e, "DELETE FROM platform_connections WHERE id = $1", id,
	    NULL);
	assert_string_equal(sql(e, count_parked, e->user, NULL), "2");
	assert_non_null(take(e, id).token);
}

static void
it_opens_in_its_own_row_only(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err;

	save(e, &g, id);
	end(e, id);
	(void)sql(e, "UPDATE platform_connections SET status = 'connected',"
	    " access_token = (SELECT token FROM x_revocations"
	    "  WHERE user_id = $1 AND hint = 'access_token')"
	    " WHERE user_id = $1", e->user, NULL);
	assert_int_equal(nx_connection_pick(&ask, e->user, id, &c, &err),
	    NX_SEAL_BROKEN);
	/* A stranger's value in a parked row never opens: it is given up. */
	(void)sql(e, "UPDATE x_revocations r SET token = o.token"
	    " FROM x_revocations o WHERE r.user_id = $1"
	    " AND o.user_id = $1 AND o.hint <> r.hint", e->user, NULL);
	assert_true(take(e, id).broken);
}

static void
what_does_not_open_is_given_up_at_once(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_revocation r;
	struct nx_err err = { 0 };
	bool given_up;

	save(e, &g, id);
	end(e, id);
	(void)sql(e, "UPDATE x_revocations SET token ="
	    " 'nx1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"
	    " WHERE user_id = $1", e->user, NULL);
	r = take(e, id);
	assert_true(r.broken);
	assert_int_equal(nx_revocation_failed(&ask, &r, "why", &given_up,
	    &err), NX_OK);
	assert_true(given_up);
	assert_string_equal(sql(e, "SELECT code FROM x_events"
	    " WHERE connection_id = $1", id, NULL), "revocation_given_up");
}

static void
a_missing_key_keeps_it(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	const struct nx_parked_of whose = { e->user, id };
	struct nx_candidates found = { .n = 0 };
	struct nx_revocation r;
	struct nx_err err = { 0 };
	bool given_up;

	save(e, &g, id);
	end(e, id);
	ask.store = &e->other;
	assert_int_equal(nx_revocation_take(&ask, &whose, &found, &r, &err),
	    NX_KEY_UNKNOWN);
	assert_non_null(strstr(err.detail, "key k1"));
	assert_int_equal(nx_revocation_failed(&ask, &r, "why", &given_up,
	    &err), NX_OK);
	assert_false(given_up);
}

static void
a_week_of_trouble_is_the_end(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_revocation r;
	struct nx_err err = { 0 };
	bool given_up;

	save(e, &g, id);
	g.refresh_token = NULL;
	end(e, id);
	r = take(e, NULL);
	assert_null(r.id);		/* the first half minute is its maker's */
	r = take(e, id);
	assert_int_equal(nx_revocation_failed(&ask, &r, "no answer",
	    &given_up, &err), NX_OK);
	assert_false(given_up);
	assert_null(take(e, NULL).id);	/* and then it waits */
	(void)sql(e, "UPDATE x_revocations SET next_try_at = now(),"
	    " created_at = now() - interval '8 days' WHERE id = $1", r.id,
	    NULL);
	r = take(e, NULL);
	assert_string_equal(r.token, strcmp(r.hint, "access_token") == 0 ?
	    "access-1" : "refresh-1");
	assert_int_equal(nx_revocation_failed(&ask, &r, "no answer",
	    &given_up, &err), NX_OK);
	assert_true(given_up);
	assert_string_equal(sql(e, "SELECT detail FROM x_events"
	    " WHERE connection_id = $1", id, NULL), strcmp(r.hint,
	    "access_token") == 0 ? "X was never told that the access_token"
	    " has ended: no answer" : "X was never told that the"
	    " refresh_token has ended: no answer");
}

static void
each_wait_is_longer(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	g.refresh_token = NULL;
	save(e, &g, id);
	end(e, id);
	assert_non_null(take(e, id).id);
	for (int i = 0; i < 3; i++) {
		(void)sql(e, "UPDATE x_revocations SET next_try_at = now()"
		    " WHERE user_id = $1", e->user, NULL);
		assert_non_null(take(e, NULL).id);
	}
	assert_string_equal(sql(e, "SELECT tries || ' ' || round(extract("
	    "epoch FROM next_try_at - now()) / 60) FROM x_revocations"
	    " WHERE user_id = $1", e->user, NULL), "4 4");
}

static void
a_pair_that_comes_too_late_is_parked(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_new_pair pair = { .access_token = "access-2",
	    .refresh_token = "refresh-2", .expires_at = g.expires_at };
	char id[NX_UUID_LEN + 1];
	struct nx_lease lease;
	struct nx_err err = { 0 };
	bool saved;

	save(e, &g, id);
	assert_int_equal(nx_lease_take(&ask, e->user, id, 1, &lease, &err), NX_OK);
	pair.connection_id = id;
	pair.owner = lease.owner;
	pair.version = lease.connection.version;
	end(e, id);			/* while X is being asked */
	assert_int_equal(nx_lease_save(&ask, &pair, &saved, &err), NX_OK);
	assert_false(saved);
	assert_string_equal(sql(e, count_parked, e->user, NULL), "4");
	assert_string_equal(sql(e, "SELECT status FROM platform_connections"
	    " WHERE id = $1", id, NULL), "disconnected");
}

static void
a_new_login_makes_it_idle(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	save(e, &g, id);
	end(e, id);
	(void)sql(e, "UPDATE x_revocations SET created_at = created_at -"
	    " interval '5 s' WHERE user_id = $1", e->user, NULL);
	g.access_token = "access-2";
	g.refresh_token = "refresh-2";
	save(e, &g, id);
	assert_string_equal(sql(e, count_parked, e->user, NULL), "0");
}

struct taker {
	struct env	*e;
	const char	*id;
	int		 got;
};

static void *
take_all(void *arg)
{
	struct taker *t = arg;
	struct env own = *t->e;
	struct nx_revocation r;

	own.arena = nx_arena_new(ARENA_MAX);
	for (r = take(&own, t->id); r.id != NULL; r = take(&own, t->id))
		t->got++;
	nx_arena_free(own.arena);
	return NULL;
}

static void
each_is_taken_once(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	struct taker takers[THREADS];
	char id[NX_UUID_LEN + 1];
	int sum = 0;

	save(e, &g, id);
	end(e, id);
	for (int i = 0; i < THREADS; i++)
		takers[i] = (struct taker){ e, id, 0 };
	race(take_all, takers, sizeof(*takers), THREADS);
	for (int i = 0; i < THREADS; i++)
		sum += takers[i].got;
	assert_int_equal(sum, 2);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, env_open_apart, env_close_apart)
	const struct CMUnitTest tests[] = {
		TEST(the_end_parks_what_it_wipes),
		TEST(what_needs_a_login_is_parked_too),
		TEST(it_outlives_its_connection),
		TEST(it_opens_in_its_own_row_only),
		TEST(what_does_not_open_is_given_up_at_once),
		TEST(a_missing_key_keeps_it),
		TEST(a_week_of_trouble_is_the_end),
		TEST(each_wait_is_longer),
		TEST(a_pair_that_comes_too_late_is_parked),
		TEST(a_new_login_makes_it_idle),
		TEST(each_is_taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
