/*
 * test_store_grant.c - logins that overlap: the order is X's, and whatever
 * loses is parked.
 */

#include "store_apart.h"

#include "nx/base/uuid.h"
#include "nx/seal/digest.h"
#include "nx/store/lease.h"
#include "nx/store/login.h"
#include "nx/store/pending.h"
#include "nx/store/revocation.h"

enum { US = 1000000 };

/* A login of `user` that X answered `later` seconds from now. */
static struct nx_new_grant
login_of(const struct env *e, const char *user, int n, int later)
{
	struct nx_new_grant g = grant_of(e);

	g.user_id = user;
	g.access_token = nx_arena_printf(e->arena, "access-%d", n);
	g.refresh_token = nx_arena_printf(e->arena, "refresh-%d", n);
	g.granted_us += later * (int64_t)US;
	return g;
}

/* What is parked of login `n`: 1 its access token, 2 the refresh token. */
static int
parked(struct env *e, int n)
{
	struct nx_store_ask ask = ask_of(e);
	const char *access = nx_arena_printf(e->arena, "access-%d", n);
	const char *refresh = nx_arena_printf(e->arena, "refresh-%d", n);
	struct nx_candidates found = { .n = 0 };
	struct nx_revocation r;
	struct nx_err err;
	int seen = 0;

	(void)sql(e, "UPDATE x_revocations SET next_try_at = now(),"
	    " tries = 0", NULL, NULL);
	for (;;) {
		assert_int_equal(nx_revocation_take(&ask, NULL, &found,
		    &r, &err), NX_OK);
		if (r.id == NULL)
			return seen;
		assert_false(r.broken);
		seen |= strcmp(r.token, access) == 0 ? 1 :
		    strcmp(r.token, refresh) == 0 ? 2 : 0;
	}
}

static struct nx_saved
save_it(struct env *e, const struct nx_new_grant *g)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_saved saved;
	struct nx_err err = { 0 };

	if (nx_connection_save(&ask, g, &saved, &err) != NX_OK)
		fail_msg("save: %s", err.detail);
	return saved;
}

static const char *
token_of(struct env *e, const char *user)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection c;
	struct nx_err err;

	return nx_connection_pick(&ask, user, NULL, &c, &err) == NX_OK ?
	    c.access_token : "none";
}

/* A's exchange comes last, its save first. */
static void
the_later_exchange_wins(void **state)
{
	struct env *e = need_database(state);
	const struct nx_new_grant a = login_of(e, e->user, 1, 2);
	const struct nx_new_grant b = login_of(e, e->user, 2, 1);

	assert_true(save_it(e, &a).stored);
	assert_false(save_it(e, &b).stored);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_int_equal(parked(e, 2), 3);
	assert_int_equal(parked(e, 1), 0);
	assert_true(save_it(e, &a).stored);	/* repeated */
	assert_int_equal(parked(e, 1), 0);
}

static void
what_is_overwritten_is_parked(void **state)
{
	struct env *e = need_database(state);
	const struct nx_new_grant b = login_of(e, e->user, 2, 1);
	const struct nx_new_grant a = login_of(e, e->user, 1, 2);

	assert_true(save_it(e, &b).stored);
	assert_true(save_it(e, &a).stored);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_int_equal(parked(e, 2), 3);
	assert_int_equal(parked(e, 1), 0);
}

/* What was here before the claim X has ended with the login. */
static void
what_was_here_before_is_let_go(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = login_of(e, e->user, 1, 0);

	assert_true(save_it(e, &g).stored);
	(void)sql(e, "UPDATE platform_connections SET updated_at = now()"
	    " - interval '1 hour'", NULL, NULL);
	g = login_of(e, e->user, 2, 1);
	assert_true(save_it(e, &g).stored);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_revocations",
	    NULL, NULL), "0");
}

static void
who_is_superseded_is_parked(void **state)
{
	struct env *e = need_database(state);
	char other[NX_UUID_LEN + 1];
	struct nx_new_grant a, b;

	nx_uuid_random(other);
	b = login_of(e, other, 2, 1);
	a = login_of(e, e->user, 1, 2);
	assert_true(save_it(e, &b).stored);
	assert_true(save_it(e, &a).stored);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_string_equal(token_of(e, other), "none");
	assert_int_equal(parked(e, 2), 3);

	b = login_of(e, other, 3, 0);	/* comes late, and loses */
	b.granted_us = a.granted_us - US;
	assert_true(save_it(e, &b).stored);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_string_equal(token_of(e, other), "none");
	assert_int_equal(parked(e, 3), 3);
	assert_int_equal(parked(e, 1), 0);
}

/* What somebody else does to the row of a user, while a login takes it. */
struct meanwhile {
	const struct env	*env;
	const char		*user;
	enum nx_rc		 rc;
};

/* It is committed once the login waits for it. */
static void *
change_meanwhile(void *arg)
{
	struct meanwhile *m = arg;
	const struct nx_query queries[] = {
		{ "UPDATE platform_connections SET refresh_token = NULL"
		    " WHERE user_id = $1", { m->user }, 1 },
		{ .sql = "DO $meanwhile$ BEGIN FOR i IN 1..6000 LOOP"
		    " EXIT WHEN EXISTS (SELECT 1 FROM pg_locks"
		    " WHERE NOT granted"
		    " AND transactionid = pg_current_xact_id()::xid);"
		    " PERFORM pg_sleep(0.01); END LOOP; END $meanwhile$" },
	};
	PGresult *results[2] = { NULL };
	struct nx_err err;

	m->rc = nx_pool_run(m->env->pool, queries, 2,
	    nx_clock_mono() + PATIENCE_MS, results, &err);
	nx_db_clear(results, 2);
	return NULL;
}

/* What was read of somebody else's row, whose tokens are others by now. */
static void
who_changes_meanwhile_is_superseded_too(void **state)
{
	struct env *e = need_database(state);
	char other[NX_UUID_LEN + 1];
	struct meanwhile m = { e, other, NX_INTERNAL };
	struct nx_new_grant a, b;
	pthread_t thread;

	nx_uuid_random(other);
	b = login_of(e, other, 2, 1);
	a = login_of(e, e->user, 1, 2);
	assert_true(save_it(e, &b).stored);
	assert_int_equal(pthread_create(&thread, NULL, change_meanwhile, &m),
	    0);
	for (int i = 0; i < PATIENCE_MS / 100 && strcmp(sql(e, "SELECT count(*)"
	    " FROM pg_stat_activity WHERE state = 'active'"
	    " AND query LIKE 'DO $meanwhile$%'", NULL, NULL), "0") == 0; i++)
		nx_clock_sleep(10);
	assert_true(save_it(e, &a).stored);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(m.rc, NX_OK);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_string_equal(sql(e, "SELECT status || coalesce(access_token,"
	    " '') FROM platform_connections WHERE user_id = $1", other, NULL),
	    "superseded");
	assert_int_equal(parked(e, 2), 1);
	assert_int_equal(parked(e, 1), 0);
}

/* Another account was chosen: whoever has it here learns of it at once. */
static void
a_refused_account_goes_back(void **state)
{
	struct env *e = need_database(state);
	char other[NX_UUID_LEN + 1];
	struct nx_new_grant theirs, mine;
	struct nx_saved saved;

	nx_uuid_random(other);
	theirs = login_of(e, other, 1, 1);
	mine = login_of(e, e->user, 2, 2);
	mine.only_held = true;
	assert_true(save_it(e, &theirs).stored);
	saved = save_it(e, &mine);
	assert_false(saved.stored);
	assert_false(saved.gone);
	assert_string_equal(token_of(e, e->user), "none");
	assert_string_equal(token_of(e, other), "none");
	assert_string_equal(sql(e, "SELECT status FROM platform_connections"
	    " WHERE user_id = $1", other, NULL), "superseded");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_revocations"
	    " WHERE connection_id = $1", saved.id, NULL), "2");
	assert_int_equal(parked(e, 2), 3);

	mine = login_of(e, e->user, 3, 3);	/* but one that is there */
	assert_true(save_it(e, &mine).stored);
	mine = login_of(e, e->user, 4, 4);
	mine.only_held = true;
	assert_true(save_it(e, &mine).stored);
	assert_string_equal(token_of(e, e->user), "access-4");
	assert_int_equal(parked(e, 4), 0);
}

/* Tokens of another account, and of this one in the second of the claim. */
static void
a_login_forgets_only_what_it_ended(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	const struct nx_parked nameless = { .user_id = e->user,
	    .access_token = "access-8", .refresh_token = "refresh-8" };
	struct nx_parked same = { .user_id = e->user,
	    .x_user_id = e->x_user, .access_token = "access-9" };
	char hash[NX_SHA256_HEX + 1];
	struct nx_new_grant g = login_of(e, e->user, 1, 0);
	struct nx_login login;
	struct nx_err err;

	assert_int_equal(nx_revocation_park(&ask, &nameless, &err), NX_OK);
	same.refresh_token = "refresh-7";
	assert_int_equal(nx_revocation_park(&ask, &same, &err), NX_OK);
	nx_sha256_hex(nx_slice_str(e->user), hash);
	assert_int_equal(nx_login_claim(&ask, hash, e->user, "/", &login,
	    &err), NX_OK);
	same.refresh_token = "refresh-9";	/* after the claim */
	assert_int_equal(nx_revocation_park(&ask, &same, &err), NX_OK);
	g.claimed_us = login.claimed_us;
	g.granted_us = login.now_us + 1;
	assert_true(save_it(e, &g).stored);
	assert_int_equal(parked(e, 7), 0);
	assert_int_equal(parked(e, 8), 3);
	assert_int_equal(parked(e, 9), 3);
}

/* A refresh that was under way when another login came. */
static void
a_pair_that_lost_to_a_login_is_parked(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = login_of(e, e->user, 1, 0);
	struct nx_new_pair pair = { .access_token = "access-5",
	    .refresh_token = "refresh-5", .expires_at = g.expires_at,
	    .version = 1 };
	struct nx_saved row = save_it(e, &g);
	struct nx_lease lease;
	struct nx_err err;
	bool saved;

	assert_int_equal(nx_lease_take(&ask, e->user, row.id, 1, &lease, &err),
	    NX_OK);
	pair.connection_id = row.id;
	pair.owner = lease.owner;
	g = login_of(e, e->user, 2, 1);
	assert_true(save_it(e, &g).stored);
	assert_int_equal(nx_lease_save(&ask, &pair, &saved, &err), NX_OK);
	assert_false(saved);
	assert_int_equal(parked(e, 5), 3);
	assert_string_equal(token_of(e, e->user), "access-2");

	/* But one that was saved, and has been used since, is not. */
	(void)sql(e, "DELETE FROM x_revocations", NULL, NULL);
	for (int i = 2; i < 4; i++) {
		assert_int_equal(nx_lease_take(&ask, e->user, row.id, i,
		    &lease, &err), NX_OK);
		pair.owner = lease.owner;
		pair.version = i;
		assert_int_equal(nx_lease_save(&ask, &pair, &saved, &err),
		    NX_OK);
		assert_true(saved);
	}
	pair.version = 2;
	assert_int_equal(nx_lease_save(&ask, &pair, &saved, &err), NX_OK);
	assert_false(saved);
	assert_int_equal(parked(e, 5), 0);
}

/* Its owner has disconnected, or it was renewed: the save does nothing. */
static void
a_pending_one_that_moved_is_not_stored(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	const struct nx_pending p = pending_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_saved saved;
	struct nx_err err;
	int ended;

	g.grant_hash = p.grant_hash;
	g.pending_id = p.id;
	g.pending_version = 2;
	assert_int_equal(nx_pending_put(&ask, &p, &err), NX_OK);
	saved = save_it(e, &g);
	assert_true(saved.gone);
	assert_string_equal(token_of(e, e->user), "none");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_pending", NULL,
	    NULL), "1");
	assert_int_equal(nx_pending_end(&ask, e->user, NULL, e->pending, &ended,
	    &err), NX_OK);
	g.pending_version = 1;
	assert_true(save_it(e, &g).gone);
	assert_string_equal(token_of(e, e->user), "none");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_revocations", NULL,
	    NULL), "2");

	assert_int_equal(nx_pending_put(&ask, &p, &err), NX_OK);
	(void)sql(e, "UPDATE x_pending SET lease_owner = gen_random_uuid()",
	    NULL, NULL);		/* another is at it, and may renew */
	assert_true(save_it(e, &g).gone);
	assert_string_equal(token_of(e, e->user), "none");
	(void)sql(e, "UPDATE x_pending SET lease_owner = NULL", NULL, NULL);
	saved = save_it(e, &g);
	assert_false(saved.gone);
	assert_true(saved.stored);
	assert_string_equal(token_of(e, e->user), "access-1");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_pending", NULL,
	    NULL), "0");
	assert_false(save_it(e, &g).gone);	/* repeated */
}

struct saver {
	struct env		*e;
	struct nx_new_grant	 grant;
};

static void *
save_one(void *arg)
{
	struct saver *s = arg;
	struct env own = *s->e;

	own.arena = nx_arena_new(ARENA_MAX);
	(void)save_it(&own, &s->grant);
	nx_arena_free(own.arena);
	return NULL;
}

/*
 * Holds whoever writes x_logins, which is what a save does last, until one
 * waits for that, and another has asked for the account's lease, and will
 * again.
 */
static void *
hold_saves(void *arg)
{
	static const char hold[] =
	    "DO $$ DECLARE waiting int; asked boolean; BEGIN"
	    " LOCK TABLE x_logins IN SHARE MODE;"
	    " FOR i IN 1..500 LOOP"
	    "  PERFORM pg_sleep(0.02), pg_stat_clear_snapshot();"
	    "  SELECT count(*) INTO waiting FROM pg_stat_activity"
	    "   WHERE wait_event_type = 'Lock'"
	    "   AND pg_backend_pid() = ANY (pg_blocking_pids(pid));"
	    "  asked := EXISTS (SELECT 1 FROM pg_stat_activity"
	    "   WHERE query LIKE 'INSERT INTO x_accounts%');"
	    "  EXIT WHEN waiting = 1 AND asked;"
	    " END LOOP;"
	    " IF waiting <> 1 OR NOT asked THEN RAISE 'nobody waits';"
	    " END IF; END $$";
	const struct saver *s = arg;
	struct env own = *s->e;

	own.arena = nx_arena_new(ARENA_MAX);
	(void)sql(&own, hold, NULL, NULL);
	nx_arena_free(own.arena);
	return NULL;
}

static void *
save_or_hold(void *arg)
{
	const struct saver *s = arg;
	struct env own = *s->e;

	if (s->grant.user_id == NULL)
		return hold_saves(arg);
	own.arena = nx_arena_new(ARENA_MAX);
	/* The holder is first. */
	while (sql(&own, "SELECT 1 FROM pg_locks WHERE locktype = 'relation'"
	    " AND relation = 'x_logins'::regclass AND mode = 'ShareLock'"
	    " AND granted", NULL, NULL) == NULL)
		nx_clock_sleep(10);
	nx_arena_free(own.arena);
	return save_one(arg);
}

/* Two users log in to one account at once: one of them keeps it. */
static void
two_logins_at_once(void **state)
{
	struct env *e = need_database(state);
	char users[2][NX_UUID_LEN + 1];
	struct saver all[3] = { { .e = e }, { .e = e }, { .e = e } };

	for (int i = 0; i < 2; i++) {
		nx_uuid_random(users[i]);
		all[i + 1].grant = login_of(e, users[i], i + 1, i);
	}
	race(save_or_hold, all, sizeof(*all), 3);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE status = 'connected'", NULL, NULL),
	    "1");
	assert_string_equal(token_of(e, users[1]), "access-2");
	assert_int_equal(parked(e, 1), 3);
}

/* A lease that has run out by the time of the save: nothing is stored. */
static void
who_came_too_late_saves_nothing(void **state)
{
	struct env *e = need_database(state);
	const struct nx_new_grant grant = login_of(e, e->user, 1, 0);
	const struct nx_store_ask ask = ask_of(e);
	struct nx_saved saved;
	struct nx_err err;

	(void)sql(e, "CREATE FUNCTION ended() RETURNS trigger"
	    " LANGUAGE plpgsql AS $$ BEGIN NEW.until := NEW.since;"
	    " RETURN NEW; END $$", NULL, NULL);
	(void)sql(e, "CREATE TRIGGER ended BEFORE INSERT ON x_accounts"
	    " FOR EACH ROW EXECUTE FUNCTION ended()", NULL, NULL);
	assert_int_equal(nx_connection_save(&ask, &grant, &saved, &err),
	    NX_BUSY);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections", NULL, NULL), "0");
	(void)sql(e, "DROP FUNCTION ended() CASCADE", NULL, NULL);
	assert_true(save_it(e, &grant).stored);
}

static const char status_of[] = "SELECT status FROM platform_connections"
    " WHERE id = $1";
static const char waiting[] = "SELECT coalesce(string_agg(coalesce(aim::text,"
    " 'any'), ' '), '') FROM x_pending WHERE user_id = $1";

/* Another account's login takes the place of connection `id`. */
static struct nx_saved
replace(struct env *e, const char *id, int n, int later)
{
	struct nx_new_grant g = login_of(e, e->user, n, later);

	g.x_user_id = "another";
	g.replaces = id;
	return save_it(e, &g);
}

/* With what was to renew it, and in the transaction that stores the other. */
static void
what_is_replaced_ends(void **state)
{
	struct env *e = need_database(state);
	const struct nx_new_grant first = login_of(e, e->user, 1, 0);
	const struct nx_saved old = save_it(e, &first);
	const char *const aims[] = { NULL, old.id, e->pending };
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err;

	for (int i = 0; i < 3; i++) {
		struct nx_pending p = pending_of(e);
		char id[NX_UUID_LEN + 1];

		nx_uuid_random(id);
		p.id = p.login_hash = id;
		p.aim = aims[i];
		p.access_token = nx_arena_printf(e->arena, "waits-%d", i);
		p.grant_hash = p.access_token;
		assert_int_equal(nx_pending_put(&ask, &p, &err), NX_OK);
	}
	assert_true(replace(e, old.id, 2, 1).stored);
	assert_string_equal(sql(e, status_of, old.id, NULL), "disconnected");
	assert_string_equal(sql(e, "SELECT count(*) FROM platform_connections"
	    " WHERE user_id = $1 AND status = 'connected'", e->user, NULL),
	    "1");
	assert_null(strstr(sql(e, waiting, e->user, NULL), old.id));
	assert_non_null(strstr(sql(e, waiting, e->user, NULL), "any"));
	assert_non_null(strstr(sql(e, waiting, e->user, NULL), e->pending));
	assert_string_equal(sql(e, "SELECT count(*) FROM x_revocations"
	    " WHERE connection_id = $1", old.id, NULL), "4");
	assert_int_equal(parked(e, 1), 3);	/* they open */
	assert_int_equal(parked(e, 2), 0);
	assert_string_equal(sql(e, "SELECT token_version FROM x_grants"
	    " WHERE connection_id = $1", old.id, NULL), "2");
}

static void
what_is_not_stored_replaces_nothing(void **state)
{
	struct env *e = need_database(state);
	const struct nx_new_grant first = login_of(e, e->user, 1, 0);
	const struct nx_new_grant again = login_of(e, e->user, 3, 540);
	const struct nx_saved old = save_it(e, &first);
	struct nx_new_grant newer = login_of(e, e->user, 2, 300);

	newer.x_user_id = "another";
	(void)save_it(e, &newer);
	assert_false(replace(e, old.id, 4, 240).stored);	/* older than that */
	assert_string_equal(sql(e, status_of, old.id, NULL), "connected");
	(void)save_it(e, &again);	/* connected anew, and later */
	assert_true(replace(e, old.id, 5, 480).stored);
	assert_string_equal(sql(e, status_of, old.id, NULL), "connected");
	assert_true(replace(e, old.id, 6, 600).stored);
	assert_string_equal(sql(e, status_of, old.id, NULL), "disconnected");
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, env_open_apart, env_close_apart)
	const struct CMUnitTest tests[] = {
		TEST(the_later_exchange_wins),
		TEST(what_is_overwritten_is_parked),
		TEST(what_was_here_before_is_let_go),
		TEST(who_is_superseded_is_parked),
		TEST(who_changes_meanwhile_is_superseded_too),
		TEST(a_refused_account_goes_back),
		TEST(a_login_forgets_only_what_it_ended),
		TEST(a_pair_that_lost_to_a_login_is_parked),
		TEST(a_pending_one_that_moved_is_not_stored),
		TEST(what_is_replaced_ends),
		TEST(what_is_not_stored_replaces_nothing),
		TEST(two_logins_at_once),
		TEST(who_came_too_late_saves_nothing),
	};

	return cmocka_run_group_tests_name("store/grant", tests, NULL, NULL);
}
