/* test_store_connection.c - saving, finding and ending connections. */

#include "nx/base/uuid.h"
#include "store_env.h"

static void
saves_and_finds(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_connection c, *list;
	char id[NX_UUID_LEN + 1];
	struct nx_err err;
	size_t n;

	g.subscription = "Premium";
	save(e, &g, id);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_OK);
	assert_string_equal(c.id, id);
	assert_string_equal(c.user_id, e->user);
	assert_string_equal(c.x_user_id, e->x_user);
	assert_string_equal(c.username, "ada");
	assert_string_equal(c.name, "Ada L.");
	assert_string_equal(c.subscription, "Premium");
	assert_int_equal(c.status, NX_STATUS_CONNECTED);
	assert_null(c.status_reason);
	assert_string_equal(c.scopes, g.scopes);
	assert_int_equal(c.token_expires_at, g.expires_at);
	assert_int_equal(c.connected_at, g.granted_us / 1000000);
	assert_int_equal(c.version, 1);
	assert_true(c.has_refresh_token);
	assert_string_equal(c.access_token, "access-1");
	assert_null(c.refresh_token);

	assert_int_equal(nx_connection_list(&ask, e->user, &list, &n, &err),
	    NX_OK);
	assert_int_equal(n, 1);
	assert_null(list[0].access_token);
}

static void
keeps_no_token_in_clear(void **state)
{
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];

	save(e, &g, id);
	assert_null(sql(e, "SELECT 1 FROM platform_connections c"
	    " LEFT JOIN x_grants g ON g.connection_id = c.id"
	    " WHERE c.id = $1 AND c::text || g::text ~ 'access-|refresh-'",
	    id, NULL));
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE id = $1"
	    " AND access_token LIKE 'nx1.k1.%'"
	    " AND refresh_token LIKE 'nx1.k1.%'", id, NULL), "1");
}

static void
a_token_opens_only_where_it_belongs(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1], other[NX_UUID_LEN + 1];
	char user[NX_UUID_LEN + 1], x_user[20];
	struct nx_connection c;
	struct nx_err err;

	save(e, &g, id);
	nx_uuid_random(user);
	fresh_x_user(x_user);
	g.user_id = user;
	g.x_user_id = x_user;
	save(e, &g, other);
	(void)sql(e, "UPDATE platform_connections t SET access_token ="
	    " s.access_token FROM platform_connections s"
	    " WHERE t.id = $1 AND s.id = $2", other, id);
	assert_int_equal(nx_connection_pick(&ask, user, NULL, &c, &err),
	    NX_SEAL_BROKEN);
	assert_non_null(strstr(err.detail, other));
	(void)sql(e, "UPDATE platform_connections SET access_token ="
	    " refresh_token WHERE id = $1", id, NULL);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_SEAL_BROKEN);
	nx_uuid_random(user);		/* the row goes to another user */
	g.user_id = e->user;
	g.x_user_id = e->x_user;
	g.granted_us++;
	g.access_token = "access-2";
	save(e, &g, id);
	(void)sql(e, "UPDATE platform_connections SET user_id = $2"
	    " WHERE id = $1", id, user);
	assert_int_equal(nx_connection_pick(&ask, user, NULL, &c, &err),
	    NX_SEAL_BROKEN);
}

static void
names_the_missing_key(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_err err;

	save(e, &g, id);
	ask.store = &e->other;
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_KEY_UNKNOWN);
	assert_non_null(strstr(err.detail, "key k1"));
	assert_null(strstr(err.detail, "nx1."));
}

static void
a_new_login_reuses_the_row(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1], again[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_err err;

	save(e, &g, id);
	assert_int_equal(nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "Bye.",
	    &err), NX_OK);
	g.access_token = "access-2";	/* in the same second */
	g.refresh_token = NULL;
	save(e, &g, again);
	assert_string_equal(id, again);
	assert_int_equal(nx_connection_pick(&ask, e->user, id, &c, &err),
	    NX_OK);
	assert_string_equal(c.access_token, "access-2");
	assert_false(c.has_refresh_token);
	assert_int_equal(c.version, 3);
}

static void
an_old_or_known_grant_changes_nothing(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e), old = grant_of(e);
	char id[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_err err;

	save(e, &g, id);
	save(e, &g, id);
	old.granted_us -= 10;
	old.access_token = "access-0";
	save(e, &old, id);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_OK);
	assert_int_equal(c.version, 1);
	assert_string_equal(c.access_token, "access-1");
}

static void
the_latest_login_supersedes(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char first[NX_UUID_LEN + 1], second[NX_UUID_LEN + 1];
	char third[NX_UUID_LEN + 1];
	char user[NX_UUID_LEN + 1], late[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_err err;

	save(e, &g, first);
	nx_uuid_random(user);
	g.user_id = user;
	g.access_token = "access-2";
	save(e, &g, second);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_NEEDS_REAUTH);
	assert_non_null(strstr(err.detail, "another Nexus user"));
	assert_int_equal(nx_connection_pick(&ask, user, NULL, &c, &err),
	    NX_OK);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE id = $1 AND status = 'superseded'"
	    " AND access_token IS NULL AND refresh_token IS NULL", first,
	    NULL), "1");

	nx_uuid_random(late);		/* a grant that was kept aside */
	g.user_id = late;
	g.granted_us -= 5;
	g.access_token = "access-3";
	save(e, &g, third);
	assert_int_equal(nx_connection_pick(&ask, late, NULL, &c, &err),
	    NX_NEEDS_REAUTH);
	assert_int_equal(nx_connection_pick(&ask, user, NULL, &c, &err),
	    NX_OK);
}

static void
says_why_none_will_do(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char id[NX_UUID_LEN + 1], second[NX_UUID_LEN + 1], x_user[20];
	char nobody[NX_UUID_LEN + 1];
	struct nx_connection c;
	struct nx_err err;

	nx_uuid_random(nobody);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_NOT_CONNECTED);
	save(e, &g, id);
	assert_int_equal(nx_connection_pick(&ask, e->user, nobody, &c, &err),
	    NX_CONNECTION_UNKNOWN);
	assert_int_equal(nx_connection_pick(&ask, nobody, id, &c, &err),
	    NX_CONNECTION_UNKNOWN);
	fresh_x_user(x_user);
	g.x_user_id = x_user;
	g.username = "bob";
	save(e, &g, second);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_CONNECTION_CHOICE);
	assert_non_null(strstr(err.detail, id));
	assert_non_null(strstr(err.detail, "@bob"));
	assert_int_equal(nx_connection_end(&ask, e->user, id, NX_STATUS_NEEDS_REAUTH,
	    "X has ended it.", &err), NX_OK);
	assert_int_equal(nx_connection_pick(&ask, e->user, NULL, &c, &err),
	    NX_OK);
	assert_string_equal(c.id, second);
	assert_int_equal(nx_connection_pick(&ask, e->user, id, &c, &err),
	    NX_NEEDS_REAUTH);
	assert_non_null(strstr(err.detail, "X has ended it."));
	assert_int_equal(nx_connection_end(&ask, e->user, nobody,
	    NX_STATUS_DISCONNECTED,
	    "Bye.", &err), NX_CONNECTION_UNKNOWN);
}

struct login {
	const struct env	*e;
	struct nx_new_grant	 grant;
	struct nx_saved		 saved;
	char			 token[32];
	char			 user[NX_UUID_LEN + 1];
};

static void *
log_in(void *arg)
{
	struct login *l = arg;
	struct nx_store_ask ask = ask_of(l->e);
	struct nx_err err = { 0 };

	ask.arena = nx_arena_new(ARENA_MAX);
	if (nx_connection_save(&ask, &l->grant, &l->saved, &err) != NX_OK)
		(void)fprintf(stderr, "save: %s\n", err.detail);
	nx_arena_free(ask.arena);
	return NULL;
}

static void
logins_that_arrive_together(void **state)
{
	enum { N = 16 };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct login logins[N];
	struct nx_connection c;
	struct nx_err err;

	/* Half of them one user's, the others of as many users. */
	for (int i = 0; i < N; i++) {
		struct login *l = &logins[i];

		*l = (struct login){ .e = e, .grant = grant_of(e) };
		nx_uuid_random(l->user);
		(void)snprintf(l->token, sizeof(l->token), "access-%d", i);
		l->grant.access_token = l->token;
		if (i % 2 == 1)
			l->grant.user_id = l->user;
	}
	race(log_in, logins, sizeof(*logins), N);
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE platform_user_id = $1", e->x_user,
	    NULL), "9");
	assert_string_equal(sql(e, "SELECT count(*) FROM"
	    " platform_connections WHERE platform_user_id = $1"
	    " AND status = 'connected' AND access_token IS NOT NULL",
	    e->x_user, NULL), "1");
	assert_int_equal(nx_connection_pick(&ask, sql(e, "SELECT user_id"
	    " FROM platform_connections WHERE platform_user_id = $1"
	    " AND status = 'connected'", e->x_user, NULL), NULL, &c, &err),
	    NX_OK);
}

static void
leaves_other_platforms_alone(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection *list;
	struct nx_err err;
	const char *id;
	size_t n;

	id = sql(e, "INSERT INTO platform_connections (id, user_id, platform,"
	    " platform_user_id, access_token, status) VALUES"
	    " (gen_random_uuid(), $1, 'mastodon', $2, 'theirs', 'odd')"
	    " RETURNING id", e->user, e->x_user);
	assert_int_equal(nx_connection_list(&ask, e->user, &list, &n, &err),
	    NX_OK);
	assert_int_equal(n, 0);
	assert_int_equal(nx_connection_end(&ask, e->user, id,
	    NX_STATUS_DISCONNECTED, "Bye.",
	    &err), NX_CONNECTION_UNKNOWN);
	assert_string_equal(sql(e, "DELETE FROM platform_connections"
	    " WHERE id = $1 RETURNING access_token || status", id, NULL),
	    "theirsodd");
}

/* Its words are those that the table takes. */
static void
has_the_words_of_the_table(void **state)
{
	struct env *e = need_database(state);
	const char *check = sql(e, "SELECT pg_get_constraintdef(oid)"
	    " FROM pg_constraint WHERE conname = 'x_connections_status'",
	    NULL, NULL);
	const char *at = strstr(check, "ARRAY[");
	int n = 0;

	assert_non_null(at);
	for (int i = 0; i < NX_STATUS_COUNT; i++) {
		char quoted[32];

		(void)snprintf(quoted, sizeof(quoted), "'%s'",
		    nx_connection_status_name((enum nx_connection_status)i));
		assert_non_null(strstr(at, quoted));
	}
	for (; *at != '\0' && *at != ']'; at++)
		n += *at == '\'';
	assert_int_equal(n, 2 * NX_STATUS_COUNT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(saves_and_finds),
		T(keeps_no_token_in_clear),
		T(a_token_opens_only_where_it_belongs),
		T(names_the_missing_key),
		T(a_new_login_reuses_the_row),
		T(an_old_or_known_grant_changes_nothing),
		T(the_latest_login_supersedes),
		T(says_why_none_will_do),
		T(logins_that_arrive_together),
		T(leaves_other_platforms_alone),
		T(has_the_words_of_the_table),
#undef T
	};

	return cmocka_run_group_tests_name("store/connection", tests, NULL,
	    NULL);
}
