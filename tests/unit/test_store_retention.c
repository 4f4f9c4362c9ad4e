/* test_store_retention.c - what ended long ago goes, and nothing else. */

#include "nx/store/retention.h"
#include "store_apart.h"
#include "store_posts.h"

static long
walk(const struct env *e, int days)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_retention w;
	struct nx_err err = { 0 };

	nx_retention_begin(&w, days);
	while (!w.over) {
		if (nx_retention_step(&ask, &w, &err) != NX_OK)
			fail_msg("retention: %s", err.detail);
	}
	return w.gone;
}

/* A post that ended so many days ago, and what else is to be set. */
static void
put_old(const struct env *e, const char *state, int days, const char *more)
{
	char id[NX_UUID_LEN + 1], text[128];

	put(e, e->user, id, state, "failed");
	(void)snprintf(text, sizeof(text), "body_hash = id, publish_at = NULL,"
	    " next_try_at = NULL, updated_at = now() - %d * interval '1 day'",
	    days);
	change(e, id, text);
	if (more != NULL)
		change(e, id, more);
}

static const char *
left(const struct env *e)
{
	return sql(e, "SELECT string_agg(state || n, ' ' ORDER BY state, n)"
	    " FROM (SELECT state, count(*) AS n FROM x_posts"
	    " WHERE user_id = $1 GROUP BY state) AS s", e->user, NULL);
}

static void
what_ended_long_ago_goes(void **state)
{
	static const char *const ended[] = { "sent", "failed", "partial",
	    "deleted", "cancelled" };
	static const char *const open[] = { "queued", "sending", "unknown" };
	struct env *e = need_database(state);

	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		put_old(e, ended[i], 101, NULL);
		put_old(e, ended[i], 99, NULL);
	}
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		put_old(e, open[i], 500, NULL);
	assert_int_equal(walk(e, 100), 5);
	assert_string_equal(left(e), "cancelled1 deleted1 failed1 partial1"
	    " queued1 sending1 sent1 unknown1");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_parts"
	    " WHERE user_id = $1", e->user, NULL), "8");
	assert_int_equal(walk(e, 100), 0);
}

static void
what_is_still_needed_stays(void **state)
{
	struct env *e = need_database(state);

	put_old(e, "partial", 500, "next_try_at = now()");
	put_old(e, "sent", 500, "goal = 'delete', next_try_at = now()");
	put_old(e, "failed", 500, "lease_until = now() + interval '1 min'");
	put_old(e, "sent", 500, "idempotency_key = 'key'");
	assert_int_equal(walk(e, 100), 0);
	assert_string_equal(left(e), "failed1 partial1 sent2");
}

/* Or the failed one could be resumed, and what it says would be sent twice. */
static void
what_was_sent_anew_stays_as_long(void **state)
{
	struct env *e = need_database(state);

	put_old(e, "failed", 99, "body_hash = 'again', created_at = now()"
	    " - interval '1 h'");
	put_old(e, "sent", 101, "body_hash = 'again'");
	assert_int_equal(walk(e, 100), 0);
	assert_string_equal(left(e), "failed1 sent1");
	(void)sql(e, "UPDATE x_posts SET updated_at = now() - interval"
	    " '101 days' WHERE user_id = $1", e->user, NULL);
	assert_int_equal(walk(e, 100), 2);
}

/* More than a page, of one user and of many. */
static void
page_by_page(void **state)
{
	static const char many[] =
	    "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " body_hash, updated_at, next_try_at) SELECT md5(n::text)::uuid,"
	    " CASE WHEN n % 2 = 0 THEN $1::uuid ELSE md5('u' || n)::uuid END,"
	    " $1::uuid, 'sent', '', now() - n % 3 * interval '100 days', NULL"
	    " FROM generate_series(1, 6000) AS n";
	struct env *e = need_database(state);

	(void)sql(e, many, e->user, NULL);
	assert_int_equal(walk(e, 150), 2000);
	assert_string_equal(sql(e, "SELECT count(*) || ' ' || ("
	    "min(updated_at) > now() - interval '101 days') FROM x_posts",
	    NULL, NULL), "4000 true");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open_apart,		\
	env_close_apart)
		T(what_ended_long_ago_goes),
		T(what_is_still_needed_stays),
		T(what_was_sent_anew_stays_as_long),
		T(page_by_page),
#undef T
	};

	return cmocka_run_group_tests_name("store/retention", tests, NULL,
	    NULL);
}
