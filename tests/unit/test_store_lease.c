/* test_store_lease.c - one refresh token is spent by one holder. */

#include "nx/base/uuid.h"
#include "nx/store/lease.h"
#include "store_env.h"

static const struct nx_refusal over = { "X refused it.", false };

static struct nx_lease
take(const struct env *e, const char *id, int64_t seen)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	struct nx_lease lease;

	if (nx_lease_take(&ask, e->user, id, seen, &lease, &err) != NX_OK)
		fail_msg("take: %s", err.detail);
	return lease;
}

enum { CLAIM_MAX = 64 };

struct claim {
	struct nx_lease	leases[CLAIM_MAX];	/* TAKEN */
	size_t		n;
	int		unreadable;
	struct nx_err	why;
};

/* Find and take, until there are so many or no more are found. */
static struct claim
claim_with(struct nx_store_ask ask, const struct nx_due *due, size_t most)
{
	struct claim got = { .n = 0 };
	struct nx_candidates found;

	do {
		assert_int_equal(nx_lease_find_due(&ask, due, &found,
		    &got.why), NX_OK);
		for (size_t i = 0; i < found.n && got.n < most; i++) {
			struct nx_lease *l = &got.leases[got.n];
			enum nx_rc rc = nx_lease_take_due(&ask, due,
			    &found.list[i], l, &got.why);

			got.n += rc == NX_OK && l->state == NX_LEASE_TAKEN;
			got.unreadable += rc != NX_OK;
		}
	} while (found.n > 0 && got.n < most);
	return got;
}

static struct claim
claim(const struct env *e, const struct nx_due *due, size_t most)
{
	return claim_with(ask_of(e), due, most);
}

static bool
save_pair(const struct env *e, const struct nx_lease *lease,
    const char *access, const char *refresh, const char *scopes)
{
	const struct nx_new_pair pair = {
		.user_id = e->user,
		.connection_id = lease->connection.id,
		.owner = lease->owner,
		.version = lease->connection.version,
		.access_token = access,
		.refresh_token = refresh,
		.scopes = scopes,
		.expires_at = nx_clock_wall() + 7200,
	};
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	bool saved;

	if (nx_lease_save(&ask, &pair, &saved, &err) != NX_OK)
		fail_msg("save: %s", err.detail);
	return saved;
}

static void
run_out(const struct env *e, const char *id)
{
	(void)sql(e, "UPDATE x_grants SET lease_until = now()"
	    " - interval '1 s' WHERE connection_id = $1", id, NULL);
}

static struct nx_connection
pick(const struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection c;
	struct nx_err err = { 0 };

	if (nx_connection_pick(&ask, e->user, NULL, &c, &err) != NX_OK)
		fail_msg("pick: %s", err.detail);
	return c;
}

static void
take_and_save(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a, b;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_false(a.suspect);
	assert_string_equal(a.connection.access_token, "access-1");
	assert_string_equal(a.connection.refresh_token, "refresh-1");
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_HELD);
	assert_null(b.connection.refresh_token);

	assert_true(save_pair(e, &a, "access-2", NULL, NULL));
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_MOVED);
	assert_string_equal(b.connection.access_token, "access-2");
	assert_null(b.connection.refresh_token);
	assert_int_equal(b.connection.version, 2);
	assert_string_equal(b.connection.scopes, g.scopes);

	b = take(e, id, 2);	/* the old refresh token was kept */
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_string_equal(b.connection.refresh_token, "refresh-1");
	assert_true(save_pair(e, &b, "access-3", "refresh-3", "tweet.read"));
	b = take(e, id, 3);
	assert_string_equal(b.connection.refresh_token, "refresh-3");
	assert_string_equal(b.connection.scopes, "tweet.read");
}

static void
saving_is_fenced_and_repeatable(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a, b;
	struct nx_err err;
	bool told;

	save(e, &g, id);
	a = take(e, id, 1);
	run_out(e, id);
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_true(b.suspect);
	/* X granted to the first holder, who is late: it is the only pair. */
	assert_true(save_pair(e, &a, "access-a", "refresh-a", NULL));
	assert_true(save_pair(e, &a, "access-a", "refresh-a", NULL));
	assert_false(save_pair(e, &b, "access-b", "refresh-b", NULL));
	assert_int_equal(nx_lease_refused(&ask, &b, &over, &told, &err),
	    NX_OK);
	assert_false(told);
	assert_string_equal(pick(e).access_token, "access-a");
	assert_int_equal(pick(e).version, 2);
	b = take(e, id, 2);
	assert_false(b.suspect);
	assert_string_equal(b.connection.refresh_token, "refresh-a");
}

static void
giving_it_back(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a, b;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(nx_lease_release(&ask, &a, 0, &err), NX_OK);
	b = take(e, id, 1);
	assert_int_equal(b.state, NX_LEASE_TAKEN);
	assert_false(b.suspect);
	/* Not the holder any more: nothing happens. */
	assert_int_equal(nx_lease_release(&ask, &a, 0, &err), NX_OK);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	/* An attempt that died is remembered by whoever gives it back. */
	run_out(e, id);
	a = take(e, id, 1);
	assert_true(a.suspect);
	assert_int_equal(nx_lease_release(&ask, &a, 0, &err), NX_OK);
	a = take(e, id, 1);
	assert_true(a.suspect);
}

static const char *
lease_until(const struct env *e, const char *id)
{
	return sql(e, "SELECT lease_until FROM x_grants"
	    " WHERE connection_id = $1", id, NULL);
}

static void
a_lost_answer_is_remembered(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_false(a.suspect);
	assert_int_equal(nx_lease_lost(&ask, &a, true, &err), NX_OK);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	run_out(e, id);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_true(a.suspect);
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_false(take(e, id, 2).suspect);
}

/* Nobody else tries a token that may still be on its way. */
static void
an_unanswered_call_keeps_its_lease(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	const char *until[2];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	until[0] = lease_until(e, id);
	assert_int_equal(nx_lease_lost(&ask, &a, false, &err), NX_OK);
	until[1] = lease_until(e, id);
	assert_string_equal(until[0], until[1]);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	run_out(e, id);
	assert_true(take(e, id, 1).suspect);
}

/* Until its end the owner reads that it was the answer that got lost. */
static void
a_refusal_keeps_what_it_comes_from(void **state)
{
	const struct nx_refusal why = { "Until noon.", true };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;
	bool told;

	save(e, &g, id);
	(void)take(e, id, 1);		/* and dies */
	run_out(e, id);
	a = take(e, id, 1);
	assert_true(a.suspect);
	assert_int_equal(nx_lease_refused(&ask, &a, &why, &told, &err),
	    NX_OK);
	assert_true(told);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_true(a.suspect);
}

static void
refused_while_the_access_token_lives(void **state)
{
	const struct nx_refusal why = { "Until noon.", true };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;
	bool told;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(nx_lease_refused(&ask, &a, &why, &told, &err),
	    NX_OK);
	assert_true(told);
	assert_int_equal(pick(e).status, NX_STATUS_CONNECTED);
	assert_string_equal(pick(e).status_reason, "Until noon.");
	assert_true(pick(e).refresh_refused);
	assert_string_equal(pick(e).access_token, g.access_token);
	/* A last try when it is over; a pair forgives everything. */
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_false(a.suspect);
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_false(pick(e).refresh_refused);
	assert_null(pick(e).status_reason);
}

static void
dead_and_alive_again(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_lease a, b;
	struct nx_err err;
	bool told;

	save(e, &g, id);
	a = take(e, id, 1);
	run_out(e, id);
	b = take(e, id, 1);
	assert_int_equal(nx_lease_refused(&ask, &a, &over, &told, &err),
	    NX_OK);
	assert_false(told);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	assert_int_equal(nx_lease_refused(&ask, &b, &over, &told, &err),
	    NX_OK);
	assert_true(told);
	assert_int_equal(take(e, id, 1).state, NX_LEASE_ENDED);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_NEEDS_REAUTH);
	assert_non_null(strstr(err.detail, "X refused it."));
	/* The first attempt's pair comes home after all. */
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_string_equal(pick(e).access_token, "access-2");
	assert_null(pick(e).status_reason);
}

static void
the_end_fences_a_refresh(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1], nobody[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	a = take(e, id, 1);
	assert_int_equal(nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "Bye.",
	    &err), NX_OK);
	assert_false(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_int_equal(take(e, id, 1).state, NX_LEASE_ENDED);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE id = $1 AND access_token IS NULL"
	    " AND refresh_token IS NULL", id, NULL), "1");
	nx_uuid_random(nobody);
	assert_int_equal(nx_lease_take(&ask, e->user, nobody, 1, &a, &err),
	    NX_CONNECTION_UNKNOWN);
}

static void
without_the_key_it_is_not_kept(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	save(e, &g, id);
	ask.store = &e->other;
	assert_int_equal(nx_lease_take(&ask, e->user, id, 1, &a, &err),
	    NX_KEY_UNKNOWN);
	a = take(e, id, 1);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_false(a.suspect);
}

static void
an_old_row_without_a_grant(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;

	save(e, &g, id);
	(void)sql(e, "DELETE FROM x_grants WHERE connection_id = $1", id,
	    NULL);
	assert_int_equal(pick(e).version, 0);
	a = take(e, id, 0);
	assert_int_equal(a.state, NX_LEASE_TAKEN);
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_int_equal(pick(e).version, 1);
}

/* Programs of before, others and people do not know of x_grants.due_at. */
static void
what_others_write_is_found(void **state)
{
	struct env *e = need_database(state);
	const struct nx_due due = { e->user, 60, false, 0 };
	struct claim got;

	(void)sql(e, "INSERT INTO platform_connections (user_id, platform,"
	    " platform_user_id, access_token, refresh_token,"
	    " token_expires_at, status) VALUES ($1, 'twitter', $2, 'a', 'r',"
	    " now() + interval '1 hour', 'connected')", e->user, e->x_user);
	assert_int_equal(claim(e, &due, 1).n, 0);
	(void)sql(e, "UPDATE platform_connections SET token_expires_at ="
	    " now() WHERE user_id = $1", e->user, NULL);
	got = claim(e, &due, 1);
	assert_int_equal(got.n + (size_t)got.unreadable, 1);
	assert_int_equal(claim(e, &due, 1).n, 0);
}

/* What an index says of a row, the row itself decides. */
static void
a_stale_candidate_is_not_taken(void **state)
{
	struct env *e = need_database(state);
	const struct nx_due due = { e->user, 900, false, 0 };
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	save(e, &g, id);
	(void)sql(e, "UPDATE x_grants SET due_at = now()"
	    " WHERE connection_id = $1", id, NULL);
	assert_int_equal(claim(e, &due, 1).n, 0);
	assert_string_equal(sql(e, "SELECT due_at = token_expires_at FROM"
	    " x_grants JOIN platform_connections ON id = connection_id"
	    " WHERE id = $1", id, NULL), "t");
	/* Without a refresh token it is not looked at before its end. */
	g.refresh_token = NULL;
	g.access_token = "access-2";
	g.expires_at = nx_clock_wall() + 600;
	save(e, &g, id);
	assert_int_equal(claim(e, &due, 1).n, 0);
	assert_string_equal(sql(e, "SELECT retry_at = token_expires_at FROM"
	    " x_grants JOIN platform_connections ON id = connection_id"
	    " WHERE id = $1", id, NULL), "t");
}

static bool
is_due(const struct env *e, int within, bool spread)
{
	const struct nx_due due = { e->user, within, spread, 0 };
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int64_t n;

	if (nx_lease_count_due(&ask, &due, &n, &err) != NX_OK)
		fail_msg("count: %s", err.detail);
	return n == 1;
}

/* `n` connections of the user that end in ten minutes, soonest first. */
static void
many(struct env *e, int n, char id[NX_UUID_LEN + 1])
{
	struct nx_new_grant g = grant_of(e);

	for (int i = 0; i < n; i++) {
		g.expires_at = nx_clock_wall() + 600 + i;
		save(e, &g, id);
		fresh_x_user(e->x_user);
	}
}

static void
who_is_due(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_lease a;
	struct nx_err err;

	g.expires_at = nx_clock_wall() + 600;
	save(e, &g, id);
	assert_true(is_due(e, 900, false));
	assert_true(is_due(e, 900, true));
	assert_false(is_due(e, 600 - 2, false));
	a = take(e, id, 1);
	assert_false(is_due(e, 900, false));
	assert_int_equal(nx_lease_release(&ask, &a, 0, &err), NX_OK);
	assert_true(is_due(e, 900, false));
	/* Nothing to renew it with: it is due when it is over. */
	g.refresh_token = NULL;
	g.access_token = "access-2";
	save(e, &g, id);
	assert_false(is_due(e, 900, false));
	g.access_token = "access-3";
	g.expires_at = nx_clock_wall() - 10;
	save(e, &g, id);
	assert_true(is_due(e, 0, false));
}

static void
the_ids_spread_what_is_due(void **state)
{
	enum { N = 64 };
	struct env *e = need_database(state);
	const struct nx_due due = { e->user, 600 + 128, true, 0 };
	char id[NX_UUID_LEN + 1];
	size_t n;

	many(e, N, id);
	n = claim(e, &due, N).n;
	assert_true(n > N / 4 && n < N * 3 / 4);
	assert_int_equal(claim(e, &due, N).n, 0);
}

static void
claiming(void **state)
{
	struct env *e = need_database(state);
	struct nx_due always = { e->user, 9000, false, 0 };
	const struct nx_due due = { e->user, 900, false, 0 };
	struct nx_store_ask ask = ask_of(e);
	char id[NX_UUID_LEN + 1];
	struct claim a, b;
	struct nx_err err;

	many(e, 3, id);
	assert_int_equal(nx_lease_clock(&ask, &always.begun, &err), NX_OK);
	a = claim(e, &due, 2);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.leases[0].state, NX_LEASE_TAKEN);
	assert_string_equal(a.leases[0].connection.refresh_token,
	    "refresh-1");
	assert_int_equal(a.leases[0].connection.version, 1);
	assert_false(a.leases[0].suspect);
	b = claim(e, &due, 2);
	assert_int_equal(b.n, 1);
	memcpy(id, b.leases[0].connection.id, sizeof(id));
	assert_int_equal(take(e, id, 1).state, NX_LEASE_HELD);
	assert_true(save_pair(e, &b.leases[0], "access-2", "refresh-2",
	    NULL));
	assert_int_equal(take(e, id, 1).state, NX_LEASE_MOVED);
	/* What a sweep has renewed it does not renew again. */
	assert_int_equal(claim(e, &always, 1).n, 0);
	always.begun = 0;
	assert_int_equal(claim(e, &always, 1).n, 1);
	/* Whoever claims what somebody died at is told. */
	run_out(e, a.leases[0].connection.id);
	b = claim(e, &due, 2);
	assert_int_equal(b.n, 1);
	assert_true(b.leases[0].suspect);
	assert_int_equal(nx_lease_release(&ask, &a.leases[1], 0, &err),
	    NX_OK);
	assert_int_equal(claim(e, &due, 2).n, 1);
}

static int
pause_left(const struct env *e, const char *id)
{
	const char *s = sql(e, "SELECT extract(epoch FROM retry_at"
	    " - clock_timestamp())::integer FROM x_grants"
	    " WHERE connection_id = $1", id, NULL);

	return s == NULL ? 0 : (int)strtol(s, NULL, 10);
}

static void
failures_pause_a_row(void **state)
{
	static const int want[] = { 30, 60, 120, 240, 480, 900, 900 };
	struct env *e = need_database(state);
	const struct nx_due due = { e->user, 900, false, 0 };
	struct nx_store_ask ask = ask_of(e);
	struct nx_lease a;
	char id[NX_UUID_LEN + 1];
	struct nx_err err;

	many(e, 1, id);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		a = take(e, id, 1);
		assert_int_equal(a.state, NX_LEASE_TAKEN);
		assert_int_equal(nx_lease_release(&ask, &a, NX_LEASE_PAUSE,
		    &err), NX_OK);
		assert_in_range(pause_left(e, id), want[i] - 3, want[i]);
		assert_int_equal(claim(e, &due, 1).n, 0);
		assert_false(is_due(e, 900, false));
	}
	a = take(e, id, 1);
	assert_true(save_pair(e, &a, "access-2", "refresh-2", NULL));
	assert_int_equal(pause_left(e, id), 0);
}

static void
what_does_not_open_waits(void **state)
{
	struct env *e = need_database(state);
	const struct nx_due due = { e->user, 900, false, 0 };
	struct nx_store_ask ask = ask_of(e);
	char id[NX_UUID_LEN + 1];
	struct claim got;
	struct nx_err err;

	many(e, 3, id);
	(void)sql(e, "UPDATE platform_connections SET refresh_token ="
	    " access_token WHERE id = $1", id, NULL);
	got = claim(e, &due, 3);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.unreadable, 1);
	assert_int_equal(got.why.rc, NX_SEAL_BROKEN);
	assert_true(pause_left(e, id) > 200);
	/* With another ring none of them opens. */
	for (size_t i = 0; i < got.n; i++)
		assert_int_equal(nx_lease_release(&ask, &got.leases[i], 0,
		    &err), NX_OK);
	ask.store = &e->other;
	got = claim_with(ask, &due, 3);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.unreadable, 2);
	assert_non_null(strstr(got.why.detail, "k1"));
}

enum { CLAIMERS = 8, CLAIMED = 100 };

struct claimer {
	const struct env	*e;
	int			 n;
	char			 ids[CLAIMED][NX_UUID_LEN + 1];
};

static void *
claim_all(void *arg)
{
	struct claimer *c = arg;
	const struct nx_due due = { c->e->user, 900, false, 0 };
	struct nx_store_ask ask = ask_of(c->e);
	struct claim got = { .n = 1 };

	ask.arena = nx_arena_new(ARENA_MAX);
	while (ask.arena != NULL && got.n > 0) {
		got = claim_with(ask, &due, 3);
		for (size_t i = 0; i < got.n; i++)
			memcpy(c->ids[c->n++], got.leases[i].connection.id,
			    NX_UUID_LEN + 1);
	}
	nx_arena_free(ask.arena);
	return NULL;
}

static void
claimers_share_what_is_due(void **state)
{
	static struct claimer all[CLAIMERS];
	struct env *e = need_database(state);
	char id[NX_UUID_LEN + 1], (*ids[CLAIMED])[NX_UUID_LEN + 1];
	int n = 0;

	many(e, CLAIMED, id);
	for (int i = 0; i < CLAIMERS; i++)
		all[i] = (struct claimer){ .e = e };
	race(claim_all, all, sizeof(all[0]), CLAIMERS);
	for (int i = 0; i < CLAIMERS; i++) {
		for (int j = 0; j < all[i].n; j++) {
			assert_true(n < CLAIMED);
			for (int k = 0; k < n; k++)
				assert_string_not_equal(*ids[k],
				    all[i].ids[j]);
			ids[n++] = &all[i].ids[j];
		}
	}
	/* A row that was locked when all came by is for the next round. */
	assert_in_range(n, CLAIMED - CLAIMERS * 3, CLAIMED);
}

struct runner {
	const struct env	*e;
	const char		*id;
	enum nx_rc		 rc;
	enum nx_lease_state	 state;
};

static void *
refresh(void *arg)
{
	struct runner *r = arg;
	struct nx_store_ask ask = ask_of(r->e);
	struct nx_err err = { 0 };
	struct nx_lease lease;

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	r->rc = nx_lease_take(&ask, r->e->user, r->id, 1, &lease, &err);
	r->state = lease.state;
	if (r->rc != NX_OK)
		(void)fprintf(stderr, "take: %s\n", err.detail);
	nx_arena_free(ask.arena);
	return NULL;
}

static void
fifty_at_once(void **state)
{
	enum { N = 50 };
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	struct runner runners[N];
	char id[NX_UUID_LEN + 1];
	int taken = 0, held = 0;

	save(e, &g, id);
	for (int i = 0; i < N; i++)
		runners[i] = (struct runner){ .e = e, .id = id };
	race(refresh, runners, sizeof(*runners), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(runners[i].rc, NX_OK);
		taken += runners[i].state == NX_LEASE_TAKEN;
		held += runners[i].state == NX_LEASE_HELD;
	}
	assert_int_equal(taken, 1);
	assert_int_equal(held, N - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(take_and_save),
		T(saving_is_fenced_and_repeatable),
		T(giving_it_back),
		T(a_lost_answer_is_remembered),
		T(an_unanswered_call_keeps_its_lease),
		T(a_refusal_keeps_what_it_comes_from),
		T(refused_while_the_access_token_lives),
		T(dead_and_alive_again),
		T(the_end_fences_a_refresh),
		T(without_the_key_it_is_not_kept),
		T(an_old_row_without_a_grant),
		T(who_is_due),
		T(what_others_write_is_found),
		T(a_stale_candidate_is_not_taken),
		T(the_ids_spread_what_is_due),
		T(claiming),
		T(failures_pause_a_row),
		T(what_does_not_open_waits),
		T(claimers_share_what_is_due),
		T(fifty_at_once),
#undef T
	};

	return cmocka_run_group_tests_name("store/lease", tests, NULL, NULL);
}
