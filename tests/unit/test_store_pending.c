/* test_store_pending.c - grants that wait for their profile. */

#include "store_apart.h"

#include "nx/base/uuid.h"
#include "nx/seal/digest.h"
#include "nx/store/lease.h"
#include "nx/store/login.h"
#include "nx/store/rekey.h"
#include "nx/store/revocation.h"

enum { THREADS = 8 };

static const char rows[] = "SELECT count(*) FROM x_pending"
    " WHERE user_id = $1";
static const char parked[] = "SELECT count(*) FROM x_revocations"
    " WHERE user_id = $1";

static void
put(struct env *e, const struct nx_pending *p)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };

	if (nx_pending_put(&ask, p, &err) != NX_OK)
		fail_msg("put: %s", err.detail);
}

static struct nx_waiting
take(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_candidates found = { .n = 0 };
	struct nx_waiting w;
	struct nx_err err = { 0 };

	if (nx_pending_take(&ask, &found, &w, &err) != NX_OK)
		fail_msg("take: %s", err.detail);
	return w;
}

/* Nobody is at it any more, and its time has come. */
static void
hasten(struct env *e)
{
	(void)sql(e, "UPDATE x_pending SET next_try_at = now(),"
	    " lease_until = now() WHERE user_id = $1", e->user, NULL);
}

static void
put_off(struct env *e, const struct nx_waiting *w, bool refused, bool lost)
{
	const struct nx_put_off how = { .pause = 60, .refused = refused,
	    .lost = lost };
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err;

	assert_int_equal(nx_pending_put_off(&ask, w, &how, &err), NX_OK);
}

static void
it_comes_back_as_it_went(void **state)
{
	struct env *e = need_database(state);
	char aim[NX_UUID_LEN + 1];
	struct nx_pending p = pending_of(e);
	struct nx_waiting w;

	nx_uuid_random(aim);
	p.aim = aim;
	p.replaces = true;
	p.scopes = NULL;
	put(e, &p);
	put(e, &p);
	assert_string_equal(sql(e, rows, e->user, NULL), "1");
	assert_null(sql(e, "SELECT 1 FROM x_pending p WHERE user_id = $1"
	    " AND p::text ~ 'access-1|refresh-1'", e->user, NULL));
	assert_null(take(e).pending.id);	/* not yet */
	hasten(e);
	w = take(e);
	assert_string_equal(w.pending.id, p.id);
	assert_string_equal(w.pending.login_hash, p.login_hash);
	assert_string_equal(w.pending.aim, aim);
	assert_true(w.pending.replaces);
	assert_string_equal(w.pending.asked, p.asked);
	assert_null(w.pending.scopes);
	assert_string_equal(w.pending.access_token, "access-1");
	assert_string_equal(w.pending.refresh_token, "refresh-1");
	assert_int_equal(w.pending.expires_at, p.expires_at);
	assert_int_equal(w.pending.granted_us, p.granted_us);
	assert_int_equal(w.pending.claimed_us, p.claimed_us);
	assert_int_equal(w.pending.version, 1);
	assert_int_equal(w.tries, 1);
	assert_false(w.renew);
	assert_false(w.suspect);
	assert_null(take(e).pending.id);	/* it is held */
	put_off(e, &w, false, false);
	assert_null(take(e).pending.id);	/* and then it waits */
	hasten(e);
	assert_int_equal(take(e).tries, 2);
}

static void
it_is_renewed_when_it_must_be(void **state)
{
	struct env *e = need_database(state);
	struct nx_pending p = pending_of(e);
	struct nx_waiting w;

	p.expires_at = nx_clock_wall() + 30;
	put(e, &p);
	hasten(e);
	w = take(e);
	assert_true(w.renew);
	put_off(e, &w, false, true);	/* X's answer was lost */
	hasten(e);
	w = take(e);
	assert_true(w.renew);
	assert_true(w.suspect);
	w.pending.access_token = "access-2";
	w.pending.refresh_token = "refresh-2";
	w.pending.expires_at = nx_clock_wall() + 7200;
	w.pending.version = 2;
	put(e, &w.pending);
	put(e, &w.pending);
	hasten(e);
	w = take(e);
	assert_false(w.renew);
	assert_false(w.suspect);
	assert_int_equal(w.pending.version, 2);
	assert_string_equal(w.pending.access_token, "access-2");
	assert_string_equal(w.pending.refresh_token, "refresh-2");
	assert_string_equal(sql(e, parked, e->user, NULL), "0");
}

/* An answer that was lost may still come as long as the lease runs. */
static void
a_lost_renewal_is_not_sent_again_at_once(void **state)
{
	static const char now[] = "UPDATE x_pending SET next_try_at = now()"
	    " WHERE user_id = $1";
	static const struct nx_put_off lost = { .lost = true },
	    failed = { .lost = true, .answered = true };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e);
	struct nx_waiting w;
	struct nx_err err;

	p.expires_at = nx_clock_wall() + 30;
	put(e, &p);
	(void)sql(e, now, e->user, NULL);
	w = take(e);
	assert_true(w.renew);
	assert_int_equal(nx_pending_put_off(&ask, &w, &lost, &err), NX_OK);
	(void)sql(e, now, e->user, NULL);
	assert_null(take(e).pending.id);
	assert_string_equal(sql(e, "SELECT lease_until > clock_timestamp()"
	    " + interval '100 s' FROM x_pending WHERE user_id = $1", e->user,
	    NULL), "t");

	/* Its beginning is remembered, however often it is tried since. */
	(void)sql(e, "UPDATE x_pending SET lease_until = now(),"
	    " attempt_started_at = now() - interval '1 hour'"
	    " WHERE user_id = $1", e->user, NULL);
	for (int i = 0; i < 2; i++) {
		w = take(e);
		assert_true(w.suspect);
		assert_in_range(w.open_for, 3600, 3700);
		assert_int_equal(nx_pending_put_off(&ask, &w, &failed, &err),
		    NX_OK);		/* X has answered: nothing to await */
		(void)sql(e, now, e->user, NULL);
	}
}

/* A 401 ends nothing; two of them earn the first token a renewal. */
static void
refusals_earn_one_renewal(void **state)
{
	static const bool want[] = { false, false, true, false, false };
	struct env *e = need_database(state);
	struct nx_pending p = pending_of(e);

	put(e, &p);
	for (size_t i = 0; i < sizeof(want); i++) {
		struct nx_waiting w;

		hasten(e);
		w = take(e);
		assert_int_equal(w.renew, want[i]);
		put_off(e, &w, true, false);
	}
	assert_string_equal(sql(e, rows, e->user, NULL), "1");
}

static void
a_pair_whose_row_has_gone_is_parked(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e);
	struct nx_waiting w;
	struct nx_err err;
	int ended;

	put(e, &p);
	hasten(e);
	w = take(e);
	assert_int_equal(nx_pending_end(&ask, e->user, NULL, e->pending, &ended,
	    &err), NX_OK);
	assert_int_equal(ended, 1);
	assert_string_equal(sql(e, parked, e->user, NULL), "2");
	w.pending.access_token = "access-2";
	w.pending.refresh_token = "refresh-2";
	w.pending.version = 2;
	put(e, &w.pending);
	assert_string_equal(sql(e, rows, e->user, NULL), "0");
	assert_string_equal(sql(e, parked, e->user, NULL), "4");
}

/* What X gave for the first pair, and only a file knows of. */
static struct nx_pending
renewed(const struct nx_waiting *w)
{
	struct nx_pending p = w->pending;

	p.access_token = "access-2";
	p.refresh_token = "refresh-2";
	p.version = 2;
	return p;
}

/* X did not know the pair before it any more: that is what it comes from. */
static void
a_pair_whose_row_was_given_up_brings_it_back(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e), later;
	struct nx_login login;
	struct nx_waiting w;
	struct nx_err err;

	assert_int_equal(nx_login_claim(&ask, p.login_hash, e->user, "/",
	    &login, &err), NX_OK);
	put(e, &p);
	hasten(e);
	w = take(e);
	later = renewed(&w);
	assert_int_equal(nx_pending_drop(&ask, &w, NX_X_TOKEN, &err), NX_OK);
	put(e, &later);
	put(e, &later);
	assert_string_equal(sql(e, "SELECT outcome FROM x_logins"
	    " WHERE user_id = $1", e->user, NULL), "pending");
	assert_string_equal(sql(e, parked, e->user, NULL), "2");
	hasten(e);
	w = take(e);
	assert_string_equal(w.pending.id, p.id);
	assert_int_equal(w.pending.version, 2);
	assert_string_equal(w.pending.access_token, "access-2");
	assert_string_equal(w.pending.refresh_token, "refresh-2");
	assert_false(w.suspect);
}

static struct nx_new_grant
named(const struct env *e, const struct nx_waiting *w)
{
	struct nx_new_grant g = grant_of(e);

	g.access_token = w->pending.access_token;
	g.refresh_token = w->pending.refresh_token;
	g.grant_hash = w->pending.grant_hash;
	g.pending_id = w->pending.id;
	g.pending_version = w->pending.version;
	g.pending_owner = w->owner;
	return g;
}

/* The first access token served to name the account. */
static void
a_pair_whose_row_became_a_connection_goes_there(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e), later;
	char id[NX_UUID_LEN + 1];
	struct nx_new_grant g;
	struct nx_lease lease;
	struct nx_waiting w;
	struct nx_err err;

	put(e, &p);
	hasten(e);
	w = take(e);
	later = renewed(&w);
	g = named(e, &w);
	save(e, &g, id);
	put(e, &later);
	put(e, &later);
	assert_string_equal(sql(e, rows, e->user, NULL), "0");
	assert_string_equal(sql(e, parked, e->user, NULL), "0");
	assert_int_equal(nx_lease_take(&ask, e->user, id, 2, &lease, &err), NX_OK);
	assert_int_equal(lease.state, NX_LEASE_TAKEN);
	assert_string_equal(lease.connection.access_token, "access-2");
	assert_string_equal(lease.connection.refresh_token, "refresh-2");

	/* Its owner wanted it ended: so is what came of it. */
	(void)sql(e, "UPDATE x_grants SET refreshed_by = NULL", NULL, NULL);
	assert_int_equal(nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "",
	    &err), NX_OK);
	put(e, &later);
	assert_string_equal(sql(e, parked, e->user, NULL), "4");
}

/* The replay of a file that nobody had the time to remove. */
static void
a_pair_that_became_a_connection_stays_as_it_is(void **state)
{
	struct env *e = need_database(state);
	struct nx_pending p = pending_of(e), later;
	char id[NX_UUID_LEN + 1];
	struct nx_new_grant g;
	struct nx_waiting w;

	put(e, &p);
	hasten(e);
	w = take(e);
	later = renewed(&w);
	put(e, &later);
	hasten(e);
	w = take(e);
	g = named(e, &w);
	save(e, &g, id);
	put(e, &later);
	assert_string_equal(sql(e, "SELECT token_version FROM x_grants"
	    " WHERE connection_id = $1", id, NULL), "1");
	assert_string_equal(sql(e, rows, e->user, NULL), "0");
	assert_string_equal(sql(e, parked, e->user, NULL), "0");
}

/* What is parked opens where it was sealed, and can be sealed anew. */
static void
the_end_parks_its_tokens(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e);
	const struct nx_parked_of whose = { e->user, p.id };
	struct nx_candidates found = { .n = 0 };
	struct nx_rekey progress = { .resealed = 0 };
	struct nx_keyring *ring = NULL;
	struct nx_store both;
	struct nx_waiting w;
	struct nx_revocation r;
	struct nx_err err;
	int seen = 0;

	put(e, &p);
	hasten(e);
	w = take(e);
	assert_int_equal(nx_pending_drop(&ask, &w, NX_X_TOKEN, &err), NX_OK);
	assert_int_equal(nx_pending_drop(&ask, &w, NX_X_TOKEN, &err), NX_OK);
	assert_string_equal(sql(e, rows, e->user, NULL), "0");
	assert_int_equal(nx_keyring_parse(KEY_2 "," KEY_1, &ring, &err),
	    NX_OK);
	both = (struct nx_store){ e->pool, ring, false };
	ask.store = &both;
	while (!progress.finished)
		assert_int_equal(nx_rekey_batch(&ask, &progress, &err),
		    NX_OK);
	assert_int_equal(progress.resealed, 2);
	assert_int_equal(progress.unreadable, 0);
	ask.store = &e->other;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(nx_revocation_take(&ask, &whose, &found, &r, &err),
		    NX_OK);
		assert_false(r.broken);
		seen |= strcmp(r.token, "access-1") == 0 ? 1 :
		    strcmp(r.token, "refresh-1") == 0 ? 2 : 4;
	}
	assert_int_equal(seen, 3);
	nx_keyring_free(ring);
}

static void
keys_are_told_and_sealed_anew(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_pending p = pending_of(e);
	struct nx_candidates found = { .n = 0 };
	struct nx_keys_in_use in_use;
	struct nx_rekey progress = { .resealed = 0 };
	struct nx_keyring *ring = NULL;
	struct nx_store both;
	struct nx_waiting w;
	struct nx_err err;

	put(e, &p);
	assert_int_equal(nx_keys_in_use(&ask, &in_use, &err), NX_OK);
	assert_int_equal(in_use.n, 1);
	assert_string_equal(in_use.ids[0], "k1");
	hasten(e);
	ask.store = &e->other;
	assert_int_equal(nx_pending_take(&ask, &found, &w, &err),
	    NX_KEY_UNKNOWN);
	assert_int_equal(nx_keyring_parse(KEY_2 "," KEY_1, &ring, &err),
	    NX_OK);
	both = (struct nx_store){ e->pool, ring, false };
	ask.store = &both;
	while (!progress.finished)
		assert_int_equal(nx_rekey_batch(&ask, &progress, &err),
		    NX_OK);
	assert_int_equal(progress.resealed, 1);
	hasten(e);
	ask.store = &e->other;
	assert_int_equal(nx_pending_take(&ask, &found, &w, &err), NX_OK);
	assert_string_equal(w.pending.access_token, "access-1");
	assert_string_equal(w.pending.refresh_token, "refresh-1");
	nx_keyring_free(ring);
}

static void
a_disconnect_ends_what_it_means(void **state)
{
	static const char *const aims[] = { NULL, "mine", "other" };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char ids[3][NX_UUID_LEN + 1], mine[NX_UUID_LEN + 1];
	char other[NX_UUID_LEN + 1];
	struct nx_err err;
	int n;

	nx_uuid_random(mine);
	nx_uuid_random(other);
	for (int i = 0; i < 3; i++) {
		struct nx_pending p = pending_of(e);

		nx_uuid_random(ids[i]);
		p.id = p.login_hash = ids[i];
		p.aim = aims[i] == NULL ? NULL : strcmp(aims[i], "mine") ==
		    0 ? mine : other;
		put(e, &p);
	}
	assert_int_equal(nx_pending_count(&ask, e->user, &n, &err), NX_OK);
	assert_int_equal(n, 3);
	assert_int_equal(nx_pending_end(&ask, e->user, mine, e->pending, &n,
	    &err), NX_OK);
	assert_int_equal(n, 2);
	assert_string_equal(sql(e, "SELECT aim FROM x_pending"
	    " WHERE user_id = $1", e->user, NULL), other);
	assert_int_equal(nx_pending_end(&ask, e->user, NULL, e->pending, &n,
	    &err), NX_OK);
	assert_int_equal(n, 1);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_revocations"
	    " WHERE connection_id = $1", e->pending, NULL), "6");
}

struct taker {
	struct env	*e;
	int		 got;
};

static void *
take_all(void *arg)
{
	struct taker *t = arg;
	struct env own = *t->e;

	own.arena = nx_arena_new(ARENA_MAX);
	while (take(&own).pending.id != NULL)
		t->got++;
	nx_arena_free(own.arena);
	return NULL;
}

static void
each_is_taken_once(void **state)
{
	enum { N = 12 };
	struct env *e = need_database(state);
	struct taker takers[THREADS];
	char ids[N][NX_UUID_LEN + 1];
	int sum = 0;

	for (int i = 0; i < N; i++) {
		struct nx_pending p = pending_of(e);

		nx_uuid_random(ids[i]);
		p.id = p.login_hash = ids[i];
		put(e, &p);
	}
	hasten(e);
	for (int i = 0; i < THREADS; i++)
		takers[i] = (struct taker){ e, 0 };
	race(take_all, takers, sizeof(*takers), THREADS);
	for (int i = 0; i < THREADS; i++)
		sum += takers[i].got;
	assert_int_equal(sum, N);
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, env_open_apart, env_close_apart)
	const struct CMUnitTest tests[] = {
		TEST(it_comes_back_as_it_went),
		TEST(it_is_renewed_when_it_must_be),
		TEST(refusals_earn_one_renewal),
		TEST(a_lost_renewal_is_not_sent_again_at_once),
		TEST(a_pair_whose_row_has_gone_is_parked),
		TEST(a_pair_whose_row_was_given_up_brings_it_back),
		TEST(a_pair_whose_row_became_a_connection_goes_there),
		TEST(a_pair_that_became_a_connection_stays_as_it_is),
		TEST(the_end_parks_its_tokens),
		TEST(keys_are_told_and_sealed_anew),
		TEST(a_disconnect_ends_what_it_means),
		TEST(each_is_taken_once),
	};

	return cmocka_run_group_tests_name("store/pending", tests, NULL,
	    NULL);
}
