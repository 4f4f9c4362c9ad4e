/*
 * store_env.h - what tests of the store room share: a pool on the database
 * that NX_TEST_DATABASE_URL names (skipped without one), a key ring, users.
 * Each test works with fresh random users, so any database will do.
 */
#ifndef NX_TEST_STORE_ENV_H
#define NX_TEST_STORE_ENV_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "nx/base/clock.h"
#include "nx/base/random.h"
#include "nx/store/connection.h"
#include "nx/store/pending.h"

#define KEY_1 "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_2 "k2:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

enum { POOL_SIZE = 8, ARENA_MAX = 4 * 1024 * 1024, PATIENCE_MS = 120000 };

struct env {
	struct nx_pool		*pool;
	struct nx_keyring	*ring, *other_ring;
	struct nx_store		 store, other;
	struct nx_arena		*arena;
	char			 user[NX_UUID_LEN + 1];
	char			 x_user[20];
	char			 pending[NX_UUID_LEN + 1];
};

static inline const char *
database_url(void)
{
	return getenv("NX_TEST_DATABASE_URL");
}

/* A number that looks like an X account's, for nobody else to use. */
static inline void
fresh_x_user(char out[20])
{
	uint64_t n;

	nx_random(&n, sizeof(n));
	(void)snprintf(out, 20, "%llu",
	    (unsigned long long)(n % 1000000000000000000ULL + 1));
}

static inline int
env_open(void **state)
{
	struct env *e = calloc(1, sizeof(*e));
	struct nx_err err;

	*state = e;
	if (e == NULL || nx_keyring_parse(KEY_1, &e->ring, &err) != NX_OK ||
	    nx_keyring_parse(KEY_2, &e->other_ring, &err) != NX_OK)
		return -1;
	if (database_url() != NULL &&
	    nx_pool_new(database_url(), POOL_SIZE, &e->pool, &err) != NX_OK)
		return -1;
	e->arena = nx_arena_new(ARENA_MAX);
	e->store = (struct nx_store){ e->pool, e->ring, false };
	e->other = (struct nx_store){ e->pool, e->other_ring, false };
	nx_uuid_random(e->user);
	nx_uuid_random(e->pending);
	fresh_x_user(e->x_user);
	return e->arena == NULL ? -1 : 0;
}

static inline int
env_close(void **state)
{
	struct env *e = *state;

	nx_pool_free(e->pool);
	nx_keyring_free(e->ring);
	nx_keyring_free(e->other_ring);
	nx_arena_free(e->arena);
	free(e);
	return 0;
}

static inline struct env *
need_database(void **state)
{
	if (database_url() == NULL)
		skip();
	return *state;
}

static inline struct nx_store_ask
ask_of(const struct env *e)
{
	return (struct nx_store_ask){
		.store = &e->store,
		.arena = e->arena,
		.deadline = nx_clock_mono() + PATIENCE_MS,
		.request_id = "test",
	};
}

/* One statement whose first field comes back (NULL: none), in the arena. */
static inline const char *
sql(const struct env *e, const char *text, const char *a, const char *b)
{
	struct nx_query query = { text, { a, b }, 0 };
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	const char *out = NULL;
	enum nx_rc rc;

	query.nparams = (a != NULL) + (b != NULL);
	rc = nx_pool_run(e->pool, &query, 1, nx_clock_mono() + PATIENCE_MS,
	    &result, &err);
	if (rc != NX_OK)
		fail_msg("%s: %s", text, err.detail);
	if (PQntuples(result) > 0 && !PQgetisnull(result, 0, 0))
		out = nx_arena_str(e->arena, PQgetvalue(result, 0, 0));
	nx_db_clear(&result, 1);
	return out;
}

static inline struct nx_new_grant
grant_of(const struct env *e)
{
	return (struct nx_new_grant){
		.user_id = e->user,
		.x_user_id = e->x_user,
		.username = "ada",
		.name = "Ada L.",
		.access_token = "access-1",
		.refresh_token = "refresh-1",
		.scopes = "tweet.read tweet.write offline.access",
		.expires_at = nx_clock_wall() + 7200,
		.granted_us = nx_clock_wall() * 1000000,
		.claimed_us = (nx_clock_wall() - 1) * 1000000,
	};
}

/* As it is before X has named the account. */
static inline struct nx_pending
pending_of(const struct env *e)
{
	const struct nx_new_grant g = grant_of(e);

	return (struct nx_pending){
		.id = e->pending,
		.user_id = g.user_id,
		.login_hash = e->pending,	/* as good as any */
		.asked = g.scopes,
		.scopes = g.scopes,
		.access_token = g.access_token,
		.refresh_token = g.refresh_token,
		.expires_at = g.expires_at,
		.granted_us = g.granted_us,
		.claimed_us = g.claimed_us,
		.grant_hash = "a-hash",
		.version = 1,
	};
}

static inline void
save(const struct env *e, const struct nx_new_grant *grant,
    char id[NX_UUID_LEN + 1])
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_saved saved;
	struct nx_err err = { 0 };

	if (nx_connection_save(&ask, grant, &saved, &err) != NX_OK)
		fail_msg("save: %s", err.detail);
	memcpy(id, saved.id, sizeof(saved.id));
}

/* Run `work` in `n` threads at once, each with its own element of `args`. */
static inline void
race(void *(*work)(void *), void *args, size_t size, int n)
{
	pthread_t threads[128];

	assert_true(n <= 128);
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work,
		    (char *)args + (size_t)i * size), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

#endif
