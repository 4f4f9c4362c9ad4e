/* test_store_post_history.c - one post, and pages of them. */

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
	    " to_timestamp(3000000000), error = '{\"a\":1}'");
	assert_int_equal(nx_post_get(&ask, e->user, id, &p, &err), NX_OK);
	assert_string_equal(p.id, id);
	assert_null(p.username);	/* its connection is gone */
	assert_string_equal(p.state, "partial");
	assert_int_equal(p.goal, NX_GOAL_WITHDRAW);
	assert_string_equal(p.error, "{\"a\": 1}");
	assert_int_equal(p.tries, 3);
	assert_int_equal(p.next_try_at, 4000000000);
	assert_int_equal(p.publish_at, 3000000000);
	assert_int_equal(p.nparts, 3);
	assert_string_equal(p.parts[0].post_id, "101");
	assert_null(p.parts[1].post_id);
	assert_string_equal(p.parts[1].state, "failed");
	assert_int_equal(p.parts[1].attempts, 1);
	assert_true(nx_slice_eq(p.parts[2].text, nx_slice_str("part 3")));
	nx_random_uuid(stranger);
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
		assert_int_equal(nx_post_list(&ask, e->user, before, LIMIT,
		    &page, &err), NX_OK);
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
	assert_int_equal(nx_post_list(&ask, e->user, before, LIMIT, &page,
	    &err), NX_OK);
	assert_int_equal(page.n, 0);
	nx_random_uuid(stranger);
	assert_int_equal(nx_post_list(&ask, e->user, stranger, LIMIT, &page,
	    &err), NX_POST_UNKNOWN);
	assert_int_equal(nx_post_list(&ask, stranger, NULL, LIMIT, &page,
	    &err), NX_OK);
	assert_int_equal(page.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(one),
		T(pages),
#undef T
	};

	return cmocka_run_group_tests_name("store/post_history", tests, NULL,
	    NULL);
}
