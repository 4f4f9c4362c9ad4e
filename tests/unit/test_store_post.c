/* test_store_post.c - a post's two round trips. */

#include "nx/store/post.h"
#include "store_env.h"

struct begun {
	enum nx_rc		 rc;
	struct nx_connection	 connection;
	struct nx_stored_post	 repeat;
	char			 id[NX_UUID_LEN + 1];
	struct nx_err		 err;
};

static const struct nx_stored_part parts[] = {
	{ .text = { "one \"quoted\" \xf0\x9f\x98\x80\n", 18 },
	    .weighted_length = 17 },
	{ .text = { "two", 3 }, .weighted_length = 3, .state = "waiting" },
};

static void
begin(const struct nx_store_ask *ask, const char *user, const char *key,
    const char *hash, struct begun *out)
{
	struct nx_new_post post = {
		.id = out->id, .user_id = user, .key = key,
		.body_hash = hash, .options = "{\"reply_to\":\"1\"}",
		.warnings = "[\"a\"]", .price = 150, .parts = parts,
		.nparts = 2,
	};

	nx_random_uuid(out->id);
	out->rc = nx_post_begin(ask, &post, &out->connection, &out->repeat,
	    &out->err);
}

static enum nx_rc
finish(const struct env *e, const char *id, int position, const char *state,
    const char *post_state, const char *x_id)
{
	const struct nx_post_outcome outcome = {
		.id = id, .user_id = e->user, .position = position,
		.part_state = state, .post_state = post_state, .x_id = x_id,
		.error = x_id == NULL ? "{\"code\":\"x_down\"}" : NULL,
		.release_key = strcmp(state, "failed") == 0,
	};
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err;

	return nx_post_finish(&ask, &outcome, &err);
}

static void
begins_and_ends(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_ID_LEN + 1];
	struct begun b, again;

	save(e, &g, connection);
	begin(&ask, e->user, "key", "hash", &b);
	assert_int_equal(b.rc, NX_OK);
	assert_false(b.repeat.is_repeat);
	assert_string_equal(b.connection.id, connection);
	assert_string_equal(b.connection.access_token, "access-1");
	begin(&ask, e->user, "key", "hash", &again);
	assert_int_equal(again.rc, NX_OK);
	assert_true(again.repeat.is_repeat);
	assert_string_equal(again.repeat.state, "sending");

	assert_int_equal(finish(e, b.id, 0, "sent", "sending", "111"), NX_OK);
	assert_int_equal(finish(e, b.id, 1, "sent", "sent", "112"), NX_OK);
	/* A late, second word on a part that was sent changes nothing. */
	assert_int_equal(finish(e, b.id, 0, "unknown", "sent", NULL), NX_OK);
	begin(&ask, e->user, "key", "other", &again);
	assert_string_equal(again.repeat.id, b.id);
	assert_string_equal(again.repeat.connection_id, connection);
	assert_string_equal(again.repeat.username, "ada");
	assert_string_equal(again.repeat.state, "sent");
	assert_string_equal(again.repeat.warnings, "[\"a\"]");
	assert_int_equal(again.repeat.price, 150);
	assert_false(again.repeat.same_body);
	assert_int_equal(again.repeat.nparts, 2);
	assert_true(nx_slice_eq(again.repeat.parts[0].text, parts[0].text));
	assert_int_equal(again.repeat.parts[0].weighted_length, 17);
	assert_string_equal(again.repeat.parts[0].state, "sent");
	assert_string_equal(again.repeat.parts[0].post_id, "111");
	assert_string_equal(again.repeat.parts[1].post_id, "112");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1 AND options ->> 'reply_to' = '1'", e->user, NULL),
	    "1");
}

static void
a_failed_one_gives_its_key_back(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_ID_LEN + 1], nobody[NX_UUID_LEN + 1];
	struct begun b, again;

	save(e, &g, connection);
	begin(&ask, e->user, "key", "hash", &b);
	assert_int_equal(finish(e, b.id, 0, "failed", "failed", NULL), NX_OK);
	assert_string_equal(sql(e, "SELECT state || (error ->> 'code') FROM"
	    " x_posts WHERE user_id = $1 AND id = $2", e->user, b.id),
	    "failedx_down");
	begin(&ask, e->user, "key", "hash", &again);
	assert_int_equal(again.rc, NX_OK);
	assert_false(again.repeat.is_repeat);
	nx_random_uuid(nobody);
	assert_int_equal(finish(e, nobody, 0, "sent", "sent", "1"),
	    NX_NOT_FOUND);
}

static void
nothing_is_stored_without_a_connection(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_ID_LEN + 1], x_user[20];
	struct begun b;

	begin(&ask, e->user, "key", "hash", &b);
	assert_int_equal(b.rc, NX_NOT_CONNECTED);
	save(e, &g, connection);
	ask.store = &e->other;		/* the key was retired */
	begin(&ask, e->user, "key", "hash", &b);
	assert_int_equal(b.rc, NX_KEY_UNKNOWN);
	ask.store = &e->store;
	fresh_x_user(x_user);
	g.x_user_id = x_user;
	save(e, &g, connection);
	begin(&ask, e->user, "key", "hash", &b);
	assert_int_equal(b.rc, NX_CONNECTION_CHOICE);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1", e->user, NULL), "0");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_parts WHERE"
	    " user_id = $1", e->user, NULL), "0");
}

struct poster {
	const struct env	*e;
	struct begun		 begun;
};

static void *
post(void *arg)
{
	struct poster *p = arg;
	struct nx_store_ask ask = ask_of(p->e);

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	begin(&ask, p->e->user, "key", "hash", &p->begun);
	nx_arena_free(ask.arena);
	return NULL;
}

static void
one_key_a_hundred_times(void **state)
{
	enum { N = 100 };
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_ID_LEN + 1];
	struct poster *posters = calloc(N, sizeof(*posters));
	int first = 0;

	save(e, &g, connection);
	for (int i = 0; i < N; i++)
		posters[i].e = e;
	race(post, posters, sizeof(*posters), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(posters[i].begun.rc, NX_OK);
		first += !posters[i].begun.repeat.is_repeat;
	}
	assert_int_equal(first, 1);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1", e->user, NULL), "1");
	free(posters);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(begins_and_ends),
		T(a_failed_one_gives_its_key_back),
		T(nothing_is_stored_without_a_connection),
		T(one_key_a_hundred_times),
#undef T
	};

	return cmocka_run_group_tests_name("store/post", tests, NULL, NULL);
}
