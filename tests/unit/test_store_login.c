/* test_store_login.c - attempts that end once, and events. */

#include "nx/base/uuid.h"
#include "nx/seal/digest.h"
#include "nx/store/event.h"
#include "nx/store/login.h"
#include "store_env.h"

static void
fresh_hash(char out[NX_SHA256_HEX + 1])
{
	char seed[32];

	nx_random(seed, sizeof(seed));
	nx_sha256_hex((struct nx_slice){ seed, sizeof(seed) }, out);
}

static struct nx_login
look(const struct env *e, const char *hash)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_login login;
	struct nx_err err = { 0 };

	if (nx_login_look(&ask, NULL, hash, &login, &err) != NX_OK)
		fail_msg("look: %s", err.detail);
	return login;
}

static void
claimed_once(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char hash[NX_SHA256_HEX + 1];
	struct nx_login login;
	struct nx_err err;

	fresh_hash(hash);
	assert_int_equal(look(e, hash).state, NX_LOGIN_ABSENT);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, "/dash", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, "/else", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_BUSY);
	assert_string_equal(login.return_to, "/dash");
	assert_string_equal(login.user_id, e->user);
	assert_int_equal(nx_login_finish(&ask, e->user, hash, NX_SAVE_DEFERRED, &err),
	    NX_OK);
	login = look(e, hash);
	assert_int_equal(login.state, NX_LOGIN_DONE);
	assert_int_equal(login.rc, NX_SAVE_DEFERRED);
	assert_int_equal(nx_login_finish(&ask, e->user, hash, NX_OK, &err),
	    NX_OK);
	assert_int_equal(nx_login_finish(&ask, e->user, hash, NX_CODE_LOST, &err),
	    NX_OK);
	assert_int_equal(look(e, hash).state, NX_LOGIN_DONE);
	assert_int_equal(look(e, hash).rc, NX_OK);
}

static void
forgotten_in_time(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char hash[NX_SHA256_HEX + 1], other[NX_SHA256_HEX + 1];
	struct nx_login login;
	struct nx_err err;

	fresh_hash(hash);
	fresh_hash(other);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, NULL, &login,
	    &err), NX_OK);
	(void)sql(e, "UPDATE x_logins SET created_at = created_at"
	    " - interval '171 s' WHERE state_hash = $1", hash, NULL);
	login = look(e, hash);		/* its process has died */
	assert_int_equal(login.state, NX_LOGIN_DONE);
	assert_int_equal(login.rc, NX_CODE_LOST);
	(void)sql(e, "UPDATE x_logins SET created_at = created_at"
	    " - interval '100 years' WHERE state_hash = $1", hash, NULL);
	assert_int_equal(look(e, hash).state, NX_LOGIN_ABSENT);
	assert_int_equal(nx_login_claim(&ask, other, e->user, NULL, &login,
	    &err), NX_OK);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_logins"
	    " WHERE state_hash = $1", hash, NULL), "0");
}

/* A user's attempts are one at a time; other users' do not matter. */
static void
one_after_the_other(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char first[NX_SHA256_HEX + 1], second[NX_SHA256_HEX + 1];
	char third[NX_SHA256_HEX + 1], other[NX_UUID_LEN + 1];
	struct nx_login login;
	struct nx_err err;

	fresh_hash(first);
	fresh_hash(second);
	fresh_hash(third);
	nx_uuid_random(other);
	assert_int_equal(nx_login_claim(&ask, first, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	assert_true(login.now_us >= login.claimed_us);
	assert_int_equal(nx_login_claim(&ask, second, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_WAITS);
	assert_int_equal(nx_login_claim(&ask, third, other, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	assert_int_equal(nx_login_release(&ask, e->user, first, &err), NX_OK);
	assert_int_equal(look(e, first).state, NX_LOGIN_ABSENT);
	assert_int_equal(nx_login_claim(&ask, second, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	(void)sql(e, "UPDATE x_logins SET created_at = created_at"
	    " - interval '171 s' WHERE state_hash = $1", second, NULL);
	assert_int_equal(nx_login_claim(&ask, first, e->user, "/", &login,
	    &err), NX_OK);		/* its process has died */
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	(void)sql(e, "UPDATE x_logins SET outcome = 'pending'"
	    " WHERE state_hash = $1", first, NULL);
	assert_int_equal(look(e, first).state, NX_LOGIN_PENDING);
	fresh_hash(third);
	assert_int_equal(nx_login_claim(&ask, third, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_CLAIMED);
	assert_int_equal(nx_login_claim(&ask, third, e->user, "/", &login,
	    &err), NX_OK);
	assert_int_equal(login.state, NX_LOGIN_BUSY);
}

/* As precise as the database's clock: nothing is rounded up. */
static void
the_claim_is_not_later_than_it_was(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char hash[NX_SHA256_HEX + 1];
	struct nx_login login;
	struct nx_err err;

	fresh_hash(hash);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, "/", &login,
	    &err), NX_OK);
	(void)sql(e, "UPDATE x_logins SET created_at ="
	    " date_trunc('second', now()) - interval '0.25 s'"
	    " WHERE state_hash = $1", hash, NULL);
	login = look(e, hash);
	assert_int_equal(login.claimed_us % 1000000, 750000);
	assert_true(login.claimed_us < login.now_us);
}

struct claimer {
	const struct env	*e;
	const char		*hash;
	enum nx_login_state	 state;
};

static void *
claim(void *arg)
{
	struct claimer *c = arg;
	struct nx_store_ask ask = ask_of(c->e);
	struct nx_login login = { .state = NX_LOGIN_ABSENT };
	struct nx_err err = { 0 };

	ask.arena = nx_arena_new(ARENA_MAX);
	if (nx_login_claim(&ask, c->hash, c->e->user, "/", &login, &err) !=
	    NX_OK)
		(void)fprintf(stderr, "claim: %s\n", err.detail);
	c->state = login.state;
	nx_arena_free(ask.arena);
	return NULL;
}

static void
twenty_at_once(void **state)
{
	enum { N = 20 };
	struct env *e = need_database(state);
	struct claimer claimers[N];
	char hash[NX_SHA256_HEX + 1];
	int won = 0, busy = 0;

	fresh_hash(hash);
	for (int i = 0; i < N; i++)
		claimers[i] = (struct claimer){ .e = e, .hash = hash };
	race(claim, claimers, sizeof(*claimers), N);
	for (int i = 0; i < N; i++) {
		won += claimers[i].state == NX_LOGIN_CLAIMED;
		busy += claimers[i].state == NX_LOGIN_BUSY;
	}
	assert_int_equal(won, 1);
	assert_int_equal(busy, N - 1);
}

static void
an_event_is_a_row(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	const struct nx_event event = {
		.user_id = e->user, .code = "x_refused", .detail = "No.",
		.x_status = 403,
	};
	struct nx_err err;

	assert_int_equal(nx_event_add(&ask, &event, &err), NX_OK);
	assert_string_equal(sql(e, "SELECT concat_ws('|', code, detail,"
	    " x_status, request_id, connection_id) FROM x_events"
	    " WHERE user_id = $1", e->user, NULL), "x_refused|No.|403|test");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(claimed_once),
		T(forgotten_in_time),
		T(one_after_the_other),
		T(the_claim_is_not_later_than_it_was),
		T(twenty_at_once),
		T(an_event_is_a_row),
#undef T
	};

	return cmocka_run_group_tests_name("store/login", tests, NULL, NULL);
}
