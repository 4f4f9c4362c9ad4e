/*
 * test_store_post_change.c - other words and another time for a post that is
 * queued: whole or not at all, and only while nobody is at it.
 */

#include "nx/base/uuid.h"
#include "nx/store/post_change.h"
#include "store_posts.h"

static const struct nx_stored_part three[] = {
	{ .text = { "part 1", 6 }, .weighted_length = 6 },
	{ .text = { "other", 5 }, .weighted_length = 5 },
	{ .text = { "third", 5 }, .weighted_length = 5 },
};

static struct nx_stored_post
get(const struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_stored_post p;
	struct nx_err err = { 0 };

	if (nx_post_get(&ask, e->user, id, &p, &err) != NX_OK)
		fail_msg("get: %s", err.detail);
	return p;
}

/* Into three parts; set what else matters. */
static struct nx_post_change
change_of(const struct env *e, const char *id, const char *lease)
{
	const struct nx_stored_post p = get(e, id);

	return (struct nx_post_change){
		.id = p.id, .user_id = e->user, .version = p.version,
		.connection_id = p.connection_id,
		.old_connection_id = p.connection_id, .body_hash = "new hash",
		.options = "{\"queue\": true}", .warnings = { &cut_warning, 1 },
		.source = "{\"on_long\": \"thread\"}", .lease = lease,
		.price = 450, .publish_at = 4000000000, .parts = three,
		.nparts = 3,
	};
}

static bool
apply(const struct env *e, const struct nx_post_change *c,
    struct nx_stored_post *out)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	bool changed;

	if (nx_post_change(&ask, c, out, &changed, &err) != NX_OK)
		fail_msg("change: %s", err.detail);
	return changed;
}

static void
all_of_it_changes(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char lease[NX_UUID_LEN + 1];
	struct nx_new_grant grant = grant_of(e);
	struct nx_post_change c;
	struct nx_stored_post p;

	save(e, &grant, connection);
	put(e, connection, id, "queued", "waiting,waiting");
	change(e, id, "idempotency_key = 'key', tries = 3, body_hash = 'hash',"
	    " error = '{\"code\": \"x_credits\"}'");
	change_part(e, id, "was_lost = true, attempts = 2, left_at = now(),"
	    " first_left_at = now()");
	nx_uuid_random(lease);
	c = change_of(e, id, lease);
	assert_true(apply(e, &c, &p));
	assert_int_equal(p.state, NX_POST_STATE_QUEUED);
	assert_int_equal(p.publish_at, 4000000000);
	assert_int_equal(p.next_try_at, 4000000000);
	assert_int_equal(p.price, 450);
	assert_string_equal(p.options, "{\"queue\": true}");
	assert_null(p.error);
	assert_int_equal(p.tries, 0);
	assert_int_equal(p.nparts, 3);
	assert_true(p.version != c.version);
	assert_int_equal(get(e, id).version, p.version);
	assert_string_equal(get(e, id).source, "{\"on_long\": \"thread\"}");
	assert_field(e, id, "idempotency_key || ' ' || first_hash || ' ' ||"
	    " body_hash", "key hash new hash");
	/* What may be at X is the text, wherever it stands. */
	assert_string_equal(part_field(e, id, 0, "was_lost AND attempts = 2"
	    " AND first_left_at IS NOT NULL"), "t");
	assert_string_equal(part_field(e, id, 1, "was_lost OR attempts > 0 OR"
	    " left_at IS NOT NULL"), "f");
	assert_story(e, id, "queued: waiting, waiting, waiting");

	/* Once more, from what is no longer there: nothing happens. */
	nx_uuid_random(lease);
	c.nparts = 1;
	assert_false(apply(e, &c, &p));
	assert_int_equal(p.nparts, 3);

	/* Back to one, in its place, whose hash is still the first. */
	c = change_of(e, id, lease);
	c.nparts = 1;
	c.keeps_place = true;
	c.source = NULL;
	change(e, id, "next_try_at = to_timestamp(3999999999), tries = 2,"
	    " error = '{\"code\": \"rate_limited\"}'");
	assert_true(apply(e, &c, &p));
	assert_int_equal(p.nparts, 1);
	assert_int_equal(p.publish_at, 4000000000);
	assert_int_equal(p.next_try_at, 3999999999);
	assert_int_equal(p.tries, 2);
	assert_non_null(p.error);
	assert_field(e, id, "first_hash", "hash");
}

static void
what_has_begun_stays(void **state)
{
	static const struct { const char *post, *parts, *more; } cases[] = {
		{ "sending", "sending", NULL },
		{ "sent", "sent", NULL },
		{ "failed", "failed", NULL },
		{ "unknown", "unknown", NULL },
		{ "cancelled", "waiting", NULL },
		{ "partial", "sent,waiting", NULL },
		{ "queued", "sent,waiting", NULL },
		{ "queued", "waiting", "goal = 'delete'" },
		{ "queued", "waiting", "lease_until = now() + interval '1 min',"
		    " lease_owner = id" },
	};
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char lease[NX_UUID_LEN + 1];
	struct nx_new_grant grant = grant_of(e);
	const char *before;
	struct nx_stored_post p;

	save(e, &grant, connection);
	nx_uuid_random(lease);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_post_change c;

		put(e, connection, id, cases[i].post, cases[i].parts);
		if (cases[i].more != NULL)
			change(e, id, cases[i].more);
		before = story(e, id);
		c = change_of(e, id, lease);
		assert_false(apply(e, &c, &p));
		assert_story(e, id, before);
		assert_field(e, id, "price", "0");
		assert_string_equal(part_field(e, id, 0, "text"), "part 1");
		assert_int_equal(nx_post_waits(&p), i == 8);
	}
}

static void
nobody_posts_as_another(void **state)
{
	struct env *e = need_database(state);
	char mine[NX_UUID_LEN + 1], theirs[NX_UUID_LEN + 1];
	char id[NX_UUID_LEN + 1], lease[NX_UUID_LEN + 1];
	char stranger[NX_UUID_LEN + 1], x_user[20];
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant grant = grant_of(e);
	struct nx_post_change c;
	struct nx_stored_post p;
	struct nx_err err;
	bool changed;

	save(e, &grant, mine);
	nx_uuid_random(stranger);
	fresh_x_user(x_user);
	grant.user_id = stranger;
	grant.x_user_id = x_user;
	save(e, &grant, theirs);
	put(e, mine, id, "queued", "waiting");
	nx_uuid_random(lease);
	c = change_of(e, id, lease);
	c.connection_id = theirs;
	assert_false(apply(e, &c, &p));
	assert_field(e, id, "connection_id", mine);
	c = change_of(e, id, lease);
	c.user_id = stranger;
	assert_int_equal(nx_post_change(&ask, &c, &p, &changed, &err),
	    NX_POST_UNKNOWN);
	assert_field(e, id, "price", "0");
}

enum { EDITORS = 8, ROUNDS = 10 };

struct editor {
	const struct env	*e;
	struct nx_post_change	 change;
	char			 lease[NX_UUID_LEN + 1];
	bool			 changed, failed;
};

static void *
edit(void *arg)
{
	struct editor *w = arg;
	struct nx_store_ask ask = ask_of(w->e);
	struct nx_stored_post p;

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	w->failed = nx_post_change(&ask, &w->change, &p, &w->changed,
	    NULL) != NX_OK;
	nx_arena_free(ask.arena);
	return NULL;
}

static void
one_of_all_at_once(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	struct nx_new_grant grant = grant_of(e);
	struct editor editors[EDITORS];

	save(e, &grant, connection);
	for (int round = 0; round < ROUNDS; round++) {
		int won = -1;

		put(e, connection, id, "queued", "waiting,waiting");
		for (int i = 0; i < EDITORS; i++) {
			editors[i] = (struct editor){ .e = e };
			nx_uuid_random(editors[i].lease);
			editors[i].change = change_of(e, id,
			    editors[i].lease);
			editors[i].change.nparts = (size_t)i % 3 + 1;
			editors[i].change.price = i;
		}
		race(edit, editors, sizeof(editors[0]), EDITORS);
		for (int i = 0; i < EDITORS; i++) {
			assert_false(editors[i].failed);
			assert_true(!editors[i].changed || won < 0);
			won = editors[i].changed ? i : won;
		}
		assert_true(won >= 0);
		assert_int_equal(get(e, id).price, won);
		assert_int_equal(get(e, id).nparts, won % 3 + 1);
	}
}

static void
sent_instead_of_by_the_worker(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char first[NX_UUID_LEN + 1];
	struct nx_new_grant grant = grant_of(e);
	struct nx_claimed c;
	struct nx_err err;

	save(e, &grant, connection);
	put(e, connection, first, "queued", "waiting");
	put(e, connection, id, "queued", "waiting");
	change(e, id, "options = '{\"queue\": true}'");
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_SEND, &c,
	    &err), NX_OK);
	assert_false(c.taken);		/* another one is in front of it */
	assert_story(e, id, "queued: waiting");
	change(e, id, "options = '{}'");
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_SEND, &c,
	    &err), NX_OK);
	assert_true(c.taken);
	assert_story(e, id, "sending: sending");
	assert_field(e, id, "unattended", "f");
	change(e, first, "publish_at = now() + interval '1 h'");
	assert_int_equal(nx_post_take(&ask, e->user, first, NX_TAKE_SEND, &c,
	    &err), NX_OK);
	assert_false(c.taken);		/* it is not its time */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(all_of_it_changes),
		T(what_has_begun_stays),
		T(nobody_posts_as_another),
		T(one_of_all_at_once),
		T(sent_instead_of_by_the_worker),
#undef T
	};

	return cmocka_run_group_tests_name("store/post_change", tests, NULL,
	    NULL);
}
