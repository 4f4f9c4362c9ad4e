/* test_store_rekey.c - keys in use; sealing anew beside everything else. */

#include "store_apart.h"

#include <stdatomic.h>
#include <string.h>

#include "nx/base/uuid.h"
#include "nx/store/lease.h"
#include "nx/store/rekey.h"
#include "nx/store/revocation.h"

#define KEY_3 "k3:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

enum { MANY = 300, BUSY_USERS = 4, ROUNDS = 30 };

/* Opens what `e` sealed, and seals with k3. */
static struct nx_store
later(struct env *e, struct nx_keyring **ring)
{
	struct nx_err err;

	assert_int_equal(nx_keyring_parse(KEY_3 "," KEY_1, ring, &err),
	    NX_OK);
	return (struct nx_store){ e->pool, *ring, false };
}

static void
rekey_all(struct env *e, const struct nx_store *store, struct nx_rekey *done)
{
	struct nx_err err = { 0 };

	memset(done, 0, sizeof(*done));
	while (!done->finished) {
		struct nx_store_ask ask = ask_of(e);

		ask.store = store;
		ask.arena = nx_arena_new(ARENA_MAX);
		if (nx_rekey_batch(&ask, done, &err) != NX_OK)
			fail_msg("rekey: %s", err.detail);
		nx_arena_free(ask.arena);
	}
}

static bool
in_use(struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_keys_in_use keys;
	struct nx_err err = { 0 };
	bool found = false;

	if (nx_keys_in_use(&ask, &keys, &err) != NX_OK)
		fail_msg("keys: %s", err.detail);
	for (size_t i = 0; i < keys.n; i++)
		found = found || strcmp(keys.ids[i], id) == 0;
	return found;
}

static void
tells_the_keys_in_use(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	assert_false(in_use(e, "k1"));
	save(e, &g, id);
	assert_true(in_use(e, "k1"));
	(void)sql(e, "UPDATE platform_connections SET refresh_token ="
	    " 'nx1.k9.AAAA' WHERE id = $1", id, NULL);
	assert_true(in_use(e, "k1"));
	assert_true(in_use(e, "k9"));
	/* What is not sealed has no key, and is nobody's to print. */
	(void)sql(e, "UPDATE platform_connections SET access_token ="
	    " 'plain.secret.text' WHERE id = $1", id, NULL);
	assert_false(in_use(e, "secret"));
	assert_false(in_use(e, "k1"));
}

static void
what_is_parked_counts(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_err err;

	save(e, &g, id);
	assert_int_equal(nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "Bye.",
	    &err), NX_OK);
	assert_true(in_use(e, "k1"));
}

static void
asking_for_keys_reads_an_index(void **state)
{
	struct env *e = need_database(state);
	const char *plan;

	(void)sql(e, "INSERT INTO platform_connections (id, user_id,"
	    " platform, platform_user_id, access_token, token_expires_at,"
	    " status) SELECT gen_random_uuid(), gen_random_uuid(),"
	    " 'twitter', n::text, 'nx1.k' || n % 2 || '.x', now(),"
	    " 'connected' FROM generate_series(1, 20000) AS n", NULL, NULL);
	(void)sql(e, "ANALYZE platform_connections", NULL, NULL);
	assert_true(in_use(e, "k0"));
	assert_true(in_use(e, "k1"));
	plan = sql(e, "EXPLAIN (FORMAT JSON) WITH RECURSIVE k (id) AS ("
	    " (SELECT split_part(access_token, '.', 2)"
	    "  FROM platform_connections WHERE platform = 'twitter'"
	    "  AND left(access_token, 4) = 'nx1.'"
	    "  ORDER BY split_part(access_token, '.', 2) LIMIT 1)"
	    " UNION ALL SELECT (SELECT split_part(access_token, '.', 2)"
	    "  FROM platform_connections WHERE platform = 'twitter'"
	    "  AND left(access_token, 4) = 'nx1.'"
	    "  AND split_part(access_token, '.', 2) > k.id"
	    "  ORDER BY split_part(access_token, '.', 2) LIMIT 1)"
	    " FROM k WHERE k.id IS NOT NULL)"
	    "SELECT id FROM k WHERE id IS NOT NULL LIMIT 64", NULL, NULL);
	assert_non_null(strstr(plan, "Index"));
	assert_null(strstr(plan, "Seq Scan"));
	assert_null(strstr(plan, "\"Sort\""));
}

static void
save_many(struct env *e)
{
	for (int i = 0; i < MANY; i++) {
		struct nx_new_grant g = grant_of(e);
		char id[NX_UUID_LEN + 1], x_user[20];

		fresh_x_user(x_user);
		g.x_user_id = x_user;
		if (i % 3 == 0)
			g.refresh_token = NULL;
		save(e, &g, id);
	}
}

static void
seals_everything_anew(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_keyring *ring;
	const struct nx_store store = later(e, &ring);
	struct nx_connection *list, c;
	struct nx_rekey done;
	struct nx_err err = { 0 };
	size_t n;

	save_many(e);
	assert_int_equal(nx_connection_list(&ask, e->user, &list, &n, &err),
	    NX_OK);
	assert_int_equal(nx_connection_end(&ask, e->user, list[0].id,
	    NX_STATUS_DISCONNECTED,
	    "Bye.", &err), NX_OK);
	rekey_all(e, &store, &done);
	assert_true(done.resealed >= MANY);	/* and what is parked */
	assert_int_equal(done.unreadable, 0);
	assert_false(in_use(e, "k1"));
	assert_true(in_use(e, "k3"));
	ask = ask_of(e);
	ask.store = &store;
	for (size_t i = 1; i < n; i++) {
		assert_int_equal(nx_connection_pick(&ask, e->user,
		    list[i].id, &c, &err), NX_OK);
		assert_string_equal(c.access_token, "access-1");
	}
	rekey_all(e, &store, &done);	/* nothing is left to do */
	assert_int_equal(done.resealed, 0);
	nx_keyring_free(ring);
}

static void
goes_on_where_it_stopped(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_keyring *ring;
	const struct nx_store store = later(e, &ring);
	struct nx_rekey first = { .after = "" }, done;
	struct nx_err err = { 0 };

	save_many(e);
	ask.store = &store;
	assert_int_equal(nx_rekey_batch(&ask, &first, &err), NX_OK);
	assert_false(first.finished);
	rekey_all(e, &store, &done);	/* from the start again */
	assert_int_equal(first.resealed + done.resealed, MANY);
	nx_keyring_free(ring);
}

static void
counts_what_it_cannot_read(void **state)
{
	struct env *e = need_database(state);
	struct nx_keyring *ring;
	const struct nx_store store = later(e, &ring);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_rekey done;

	save(e, &g, id);
	(void)sql(e, "UPDATE platform_connections SET access_token ="
	    " 'nx1.k7.AAAA' WHERE id = $1", id, NULL);
	rekey_all(e, &store, &done);
	assert_int_equal(done.unreadable, 1);
	assert_int_equal(done.resealed, 0);
	assert_string_equal(sql(e, "SELECT access_token FROM"
	    " platform_connections WHERE id = $1", id, NULL), "nx1.k7.AAAA");
	nx_keyring_free(ring);
}

/* One who renews all the time, and one who reads all the time. */
struct busy {
	struct env		*e;
	const struct nx_store	*store;
	char			 user[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	atomic_bool		*stop;
	int			 renewed, read;
};

static void
renew_once(struct busy *b, struct nx_store_ask *ask)
{
	struct nx_new_pair pair = { .access_token = "access-n",
	    .refresh_token = "refresh-n",
	    .expires_at = nx_clock_wall() + 7200 };
	struct nx_connection c;
	struct nx_lease lease;
	struct nx_err err = { 0 };
	bool saved;

	if (nx_connection_pick(ask, b->user, b->id, &c, &err) != NX_OK)
		fail_msg("read: %s", err.detail);
	b->read++;
	if (nx_lease_take(ask, b->user, b->id, c.version, &lease, &err) !=
	    NX_OK)
		fail_msg("take: %s", err.detail);
	assert_int_equal(lease.state, NX_LEASE_TAKEN);
	assert_non_null(lease.connection.refresh_token);
	pair.connection_id = b->id;
	pair.owner = lease.owner;
	pair.version = c.version;
	if (nx_lease_save(ask, &pair, &saved, &err) != NX_OK)
		fail_msg("save: %s", err.detail);
	assert_true(saved);
	b->renewed++;
}

static void *
stay_busy(void *arg)
{
	struct busy *b = arg;

	while (!atomic_load(b->stop)) {
		struct nx_store_ask ask = ask_of(b->e);

		ask.store = b->store;
		ask.arena = nx_arena_new(ARENA_MAX);
		renew_once(b, &ask);
		nx_arena_free(ask.arena);
	}
	return NULL;
}

static void
every_token_opens_at_every_moment(void **state)
{
	struct env *e = need_database(state);
	struct nx_keyring *ring, *back;
	const struct nx_store there = later(e, &ring);
	struct nx_store again;
	struct busy busy[BUSY_USERS];
	pthread_t threads[BUSY_USERS];
	atomic_bool stop = false;
	struct nx_rekey done;
	struct nx_err err;

	assert_int_equal(nx_keyring_parse(KEY_1 "," KEY_3, &back, &err),
	    NX_OK);
	again = (struct nx_store){ e->pool, back, false };
	for (int i = 0; i < BUSY_USERS; i++) {
		struct nx_new_grant g = grant_of(e);
		char x_user[20];

		busy[i] = (struct busy){ .e = e, .stop = &stop,
		    .store = i % 2 == 0 ? &there : &again };
		nx_uuid_random(busy[i].user);
		fresh_x_user(x_user);
		g.user_id = busy[i].user;
		g.x_user_id = x_user;
		save(e, &g, busy[i].id);
		assert_int_equal(pthread_create(&threads[i], NULL,
		    stay_busy, &busy[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		rekey_all(e, i % 2 == 0 ? &there : &again, &done);
		assert_int_equal(done.unreadable, 0);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < BUSY_USERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(busy[i].renewed > 0);
	}
	nx_keyring_free(ring);
	nx_keyring_free(back);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, env_open_apart, env_close_apart)
	const struct CMUnitTest tests[] = {
		TEST(tells_the_keys_in_use),
		TEST(what_is_parked_counts),
		TEST(asking_for_keys_reads_an_index),
		TEST(seals_everything_anew),
		TEST(goes_on_where_it_stopped),
		TEST(counts_what_it_cannot_read),
		TEST(every_token_opens_at_every_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
