/* test_store_purge.c - what is old goes, what is not stays. */

#include "nx/store/purge.h"
#include "store_env.h"

static void
purge_all(const struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int gone;

	do {
		if (nx_purge_batch(&ask, &gone, &err) != NX_OK)
			fail_msg("purge: %s", err.detail);
	} while (gone > 0);
}

static void
by_age(void **state)
{
	struct env *e = need_database(state);

	(void)sql(e, "INSERT INTO x_logins (state_hash, claim, user_id,"
	    " created_at) SELECT $1::text || m, $1::uuid, $1::uuid, now() - m * interval"
	    " '1 min' FROM unnest('{59,61}'::integer[]) AS m", e->user,
	    NULL);
	(void)sql(e, "INSERT INTO x_events (user_id, code, created_at)"
	    " SELECT $1::uuid, d, now() - d * interval '1 day'"
	    " FROM generate_series(80, 1080) AS d", e->user, NULL);
	purge_all(e);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_logins"
	    " WHERE user_id = $1", e->user, NULL), "1");
	assert_string_equal(sql(e, "SELECT count(*) || ' ' || max(code::int)"
	    " FROM x_events WHERE user_id = $1", e->user, NULL), "10 89");
}

static void
keys_of_settled_posts(void **state)
{
	struct env *e = need_database(state);

	(void)sql(e, "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " idempotency_key, body_hash, created_at, updated_at,"
	    " next_try_at) SELECT gen_random_uuid(), $1::uuid, $1::uuid, s,"
	    " s || h, '', t, t, NULL FROM unnest('{sent,failed,partial,"
	    "queued,sending,unknown}'::text[]) AS s,"
	    " unnest('{23,25}'::integer[]) AS h,"
	    " LATERAL (SELECT now() - h * interval '1 hour' AS t) l",
	    e->user, NULL);
	/* Its outcome is younger than it is. */
	(void)sql(e, "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " idempotency_key, body_hash, created_at, updated_at)"
	    " VALUES (gen_random_uuid(), $1::uuid, $1::uuid, 'sent', 'late',"
	    " '', now() - interval '9 days', now() - interval '23 h')",
	    e->user, NULL);
	/* The worker goes on with it. */
	(void)sql(e, "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " idempotency_key, body_hash, created_at, updated_at,"
	    " next_try_at) SELECT gen_random_uuid(), $1::uuid, $1::uuid,"
	    " 'partial', 'resumes', '', t, t, now()"
	    " FROM (SELECT now() - interval '25 h' AS t) AS s", e->user, NULL);
	purge_all(e);
	assert_string_equal(sql(e, "SELECT string_agg(idempotency_key, ','"
	    " ORDER BY idempotency_key) FROM x_posts WHERE user_id = $1",
	    e->user, NULL), "failed23,late,partial23,queued23,queued25,"
	    "resumes,sending23,sending25,sent23,unknown23,unknown25");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts"
	    " WHERE user_id = $1", e->user, NULL), "14");
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, env_open, env_close)
	const struct CMUnitTest tests[] = {
		T(by_age),
		T(keys_of_settled_posts),
	};
#undef T

	return cmocka_run_group_tests(tests, NULL, NULL);
}
