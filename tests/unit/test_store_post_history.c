/* test_store_post_history.c - one post, and pages of them. */

#include "nx/base/uuid.h"
#include "store/post_row.h"
#include "store_apart.h"
#include "store_plan.h"
#include "store_posts.h"

static void
one(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char id[NX_UUID_LEN + 1], stranger[NX_UUID_LEN + 1];
	struct nx_stored_post p;
	struct nx_err err;

	put(e, e->user, id, "partial", "sent,failed,waiting");
	change(e, id, "goal = 'withdraw', tries = 3, next_try_at ="
	    " to_timestamp(4000000000), publish_at ="
	    " to_timestamp(3000000000), error ="
	    " '{\"code\":\"not_sent\",\"detail\":\"Why.\"}'");
	assert_int_equal(nx_post_get(&ask, e->user, id, &p, &err), NX_OK);
	assert_string_equal(p.id, id);
	assert_null(p.username);	/* its connection is gone */
	assert_int_equal(p.state, NX_POST_STATE_PARTIAL);
	assert_int_equal(p.goal, NX_GOAL_WITHDRAW);
	assert_true(nx_post_error_is(p.error, NX_NOT_SENT));
	assert_string_equal(p.error->err.detail, "Why.");
	assert_int_equal(p.tries, 3);
	assert_int_equal(p.next_try_at, 4000000000);
	assert_int_equal(p.publish_at, 3000000000);
	assert_int_equal(p.nparts, 3);
	assert_string_equal(p.parts[0].post_id, "101");
	assert_null(p.parts[1].post_id);
	assert_int_equal(p.parts[1].state, NX_PART_FAILED);
	assert_int_equal(p.parts[1].attempts, 1);
	assert_true(nx_slice_eq(p.parts[2].text, nx_slice_str("part 3")));
	nx_uuid_random(stranger);
	assert_int_equal(nx_post_get(&ask, stranger, id, &p, &err),
	    NX_POST_UNKNOWN);
	assert_int_equal(nx_post_get(&ask, e->user, stranger, &p, &err),
	    NX_POST_UNKNOWN);

	change(e, id, "state = 'sending', lease_until = now()");
	assert_int_equal(nx_post_get(&ask, e->user, id, &p, &err), NX_OK);
	assert_true(p.is_stranded);
}

static bool
is_older(const struct nx_stored_post *a, const struct nx_stored_post *b)
{
	return a->created_at < b->created_at ||
	    (a->created_at == b->created_at && strcmp(a->id, b->id) < 0);
}

static void
pages(void **state)
{
	enum { N = 7, LIMIT = 3 };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char ids[N][NX_UUID_LEN + 1], stranger[NX_UUID_LEN + 1];
	const char *before = NULL;
	const struct nx_stored_post *last = NULL;
	struct nx_post_query q = { .user_id = e->user, .limit = LIMIT };
	struct nx_post_page page = { .more = true };
	struct nx_err err;
	size_t seen = 0;

	/* Two of the same moment are told apart by their ids. */
	for (int i = 0; i < N; i++)
		put(e, e->user, ids[i], "sent", i % 2 == 0 ? "sent,sent" :
		    "sent");
	(void)sql(e, "UPDATE x_posts SET created_at = to_timestamp(2000000000"
	    " + (hashtext(id::text) & 1)) WHERE user_id = $1", e->user, NULL);
	while (page.more) {
		q.before = before;
		assert_int_equal(nx_post_list(&ask, &q, &page, &err), NX_OK);
		assert_int_equal(page.n, seen + LIMIT < N ? LIMIT : N - seen);
		for (size_t i = 0; i < page.n; i++) {
			const struct nx_stored_post *p = &page.posts[i];
			int k = 0;

			assert_true(last == NULL || is_older(p, last));
			last = p;
			while (strcmp(ids[k], p->id) != 0)
				k++;
			assert_int_equal(p->nparts, k % 2 == 0 ? 2 : 1);
			assert_string_equal(p->parts[0].post_id, "101");
			assert_string_equal(p->parts[p->nparts - 1].post_id,
			    k % 2 == 0 ? "102" : "101");
		}
		seen += page.n;
		before = page.posts[page.n - 1].id;
	}
	assert_int_equal(seen, N);
	q.before = before;
	assert_int_equal(nx_post_list(&ask, &q, &page, &err), NX_OK);
	assert_int_equal(page.n, 0);
	nx_uuid_random(stranger);
	q.before = stranger;
	assert_int_equal(nx_post_list(&ask, &q, &page, &err),
	    NX_POST_UNKNOWN);
	q = (struct nx_post_query){ .user_id = stranger, .limit = LIMIT };
	assert_int_equal(nx_post_list(&ask, &q, &page, &err), NX_OK);
	assert_int_equal(page.n, 0);
}

/* Ids of all pages of two, joined. */
static const char *
read_all(const struct env *e, struct nx_post_query q)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_post_page page = { .more = true };
	struct nx_err err = { 0 };
	const char *all = "";

	q.user_id = e->user;
	q.limit = 2;
	while (page.more) {
		if (nx_post_list(&ask, &q, &page, &err) != NX_OK)
			fail_msg("list: %s", err.detail);
		for (size_t i = 0; i < page.n; i++)
			all = nx_arena_printf(e->arena, "%s %s", all,
			    page.posts[i].id);
		q.before = page.n == 0 ? NULL : page.posts[page.n - 1].id;
	}
	return all;
}

#define assert_order(e, query, ...) do {				\
	const char *const ids[] = { __VA_ARGS__ };			\
	const char *want = "";						\
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)	\
		want = nx_arena_printf((e)->arena, "%s %s", want, ids[i]); \
	assert_string_equal(read_all(e, query), want);			\
} while (0)

static void
soonest_first(void **state)
{
	struct env *e = need_database(state);
	char mine[NX_UUID_LEN + 1], other[NX_UUID_LEN + 1];
	char late[NX_UUID_LEN + 1], soon[NX_UUID_LEN + 1];
	char next[NX_UUID_LEN + 1], sent[NX_UUID_LEN + 1];
	const struct nx_post_query upcoming = { .upcoming = true };
	const struct nx_post_query of_mine = { .upcoming = true,
	    .connection_id = mine };
	const struct nx_post_query of_other = { .connection_id = other };

	nx_uuid_random(mine);
	nx_uuid_random(other);
	put(e, mine, late, "queued", "waiting");
	put(e, mine, soon, "queued", "waiting,waiting");
	put(e, other, next, "queued", "waiting");
	put(e, other, sent, "sent", "sent");
	change(e, late, "publish_at = now() + interval '3 h'");
	change(e, soon, "publish_at = now() + interval '1 h'");
	change(e, next, "publish_at = now() + interval '2 h'");
	change(e, sent, "publish_at = now() + interval '90 min'");
	assert_order(e, upcoming, soon, next, late);
	assert_order(e, of_mine, soon, late);
	assert_order(e, of_other, sent, next);
	/* What has gone out meanwhile still says where a page ended. */
	change(e, soon, "state = 'sent'");
	{
		struct nx_post_query q = upcoming;

		q.before = soon;
		assert_order(e, q, next, late);
	}
}

static void
counts_what_is_queued(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char ids[2][NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	struct nx_connection list[2];
	struct nx_err err;

	for (int i = 0; i < 2; i++) {
		nx_uuid_random(ids[i]);
		list[i] = (struct nx_connection){ .id = ids[i],
		    .user_id = e->user };
	}
	put(e, ids[1], id, "queued", "waiting");
	put(e, ids[1], id, "queued", "waiting");
	put(e, ids[1], id, "sent", "sent");
	assert_int_equal(nx_post_count_queued(&ask, list, 2, &err), NX_OK);
	assert_int_equal(list[0].scheduled, 0);
	assert_int_equal(list[1].scheduled, 2);
	(void)sql(e, "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " body_hash, publish_at) SELECT gen_random_uuid(), $1, $2,"
	    " 'queued', '', now() FROM generate_series(1, 1000)", e->user,
	    ids[1]);
	assert_int_equal(nx_post_count_queued(&ask, list, 2, &err), NX_OK);
	assert_int_equal(list[1].scheduled, NX_QUEUED_MAX);
	assert_int_equal(nx_post_count_queued(&ask, NULL, 0, &err), NX_OK);
}

/* A page of a user's 100,000 posts reads little more than it shows. */
static void
pages_are_ranges_of_an_index(void **state)
{
	static const char crowd[] =
	    "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " body_hash, created_at, publish_at, next_try_at)"
	    " SELECT gen_random_uuid(), $1::uuid, CASE WHEN n % 1000 = 0 THEN"
	    " $2::uuid ELSE $1::uuid END, CASE WHEN n % 50 = 0 THEN 'queued'"
	    " ELSE 'sent' END, n::text, now() - n * interval '1 s',"
	    " now() + n * interval '1 s', NULL"
	    " FROM generate_series(1, 100000) AS n";
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1];

	nx_uuid_random(connection);
	(void)sql(e, crowd, e->user, connection);
	(void)sql(e, "ANALYZE x_posts", NULL, NULL);
	for (int i = 0; i < 4; i++)
		assert_in_range(plan_rows(e, nx_post_pages[i / 2][i % 2],
		    (const char *const[]){ e->user, NULL, "20", connection },
		    i % 2 == 0 ? 3 : 4), 20, 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(one),
		T(pages),
		T(soonest_first),
		T(counts_what_is_queued),
		cmocka_unit_test_setup_teardown(pages_are_ranges_of_an_index,
		    env_open_apart, env_close_apart),
#undef T
	};

	return cmocka_run_group_tests_name("store/post_history", tests, NULL,
	    NULL);
}
