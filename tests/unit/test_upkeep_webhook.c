/*
 * test_upkeep_webhook.c - a change of a connection, from the trigger to the
 * webhook.  Other tests share the database, so each looks for its own user's.
 */

#include "store_env.h"

#include <stdio.h>

#include "nx/base/uuid.h"
#include "nx/flow/upkeep/webhook.h"
#include "nx/seal/digest.h"
#include "nx/store/lease.h"
#include "nx/store/notice.h"
#include "x_server.h"

#define SECRET "a-webhook-secret-of-some-length"

struct fixture {
	struct env	*env;
	struct xs	*server;
	char		 url[100];
	struct nx_app	 app;
	struct nx_ctx	 ctx;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	void *env = NULL;

	if (f == NULL || nx_http_start() != NX_OK || env_open(&env) != 0)
		return -1;
	f->env = env;
	f->server = xs_start(NULL);
	(void)snprintf(f->url, sizeof(f->url), "%s",
	    xs_url(f->server, "127.0.0.1", "/hook"));
	f->app.conf = (struct nx_conf){
		.webhook_url = f->url, .webhook_secret = SECRET,
		.log = { .level = NX_LOG_ERROR, .fd = 2 },
	};
	f->app.pool = f->env->pool;
	f->app.store = f->env->store;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	void *env = f->env;
	int rc;

	xs_stop(f->server);
	rc = env_close(&env);
	nx_http_stop();
	free(f);
	return rc;
}

static struct fixture *
need(void **state)
{
	struct fixture *f = *state;

	if (database_url() == NULL)
		skip();
	/* What other tests have left is not for this server. */
	(void)sql(f->env, "UPDATE x_notices SET next_try_at = NULL"
	    " WHERE next_try_at IS NOT NULL AND user_id <> $1", f->env->user,
	    NULL);
	return f;
}

static int
deliver(struct fixture *f)
{
	int sent;

	f->ctx = (struct nx_ctx){
		.app = &f->app, .arena = f->env->arena, .request_id = "test",
		.deadline = nx_clock_mono() + PATIENCE_MS,
	};
	if (nx_webhook_deliver(&f->ctx, &sent) != NX_OK)
		fail_msg("%s", f->ctx.err.detail);
	return sent;
}

/* Of this test's user: `what` of the notices in the order they were made. */
static const char *
notices(const struct fixture *f, const char *what)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "SELECT coalesce(string_agg(%s,"
	    " ' ' ORDER BY body ->> 'at'), '') FROM x_notices"
	    " WHERE user_id = $1", what);
	return sql(f->env, text, f->env->user, NULL);
}

static void
connect(const struct fixture *f, char id[NX_UUID_LEN + 1])
{
	struct nx_new_grant grant = grant_of(f->env);
	char token[NX_UUID_LEN + 1];

	nx_uuid_random(token);
	grant.access_token = token;
	save(f->env, &grant, id);
}

static void
end(const struct fixture *f, const char *id,
    enum nx_connection_status status, const char *reason)
{
	struct nx_store_ask ask = ask_of(f->env);

	assert_int_equal(nx_connection_end(&ask, f->env->user, id, status,
	    reason, NULL), NX_OK);
}

static void
each_change_is_noted_once(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];
	const char *body;

	connect(f, id);
	(void)sql(f->env, "UPDATE platform_connections SET updated_at = now(),"
	    " platform_username = 'ada2' WHERE id = $1", id, NULL);
	end(f, id, NX_STATUS_NEEDS_REAUTH, "X said no.");
	end(f, id, NX_STATUS_NEEDS_REAUTH, "X said no again.");
	end(f, id, NX_STATUS_DISCONNECTED, "Its owner said so.");
	connect(f, id);
	assert_string_equal(notices(f, "event"), "connection.connected"
	    " connection.needs_reauth connection.disconnected"
	    " connection.connected");
	body = sql(f->env, "SELECT body::text FROM x_notices"
	    " WHERE user_id = $1 AND event = 'connection.needs_reauth'",
	    f->env->user, NULL);
	assert_non_null(strstr(body, "\"reason\": \"X said no.\""));
	assert_non_null(strstr(body, "\"username\": \"ada2\""));
	assert_non_null(strstr(body, id));
	assert_null(strstr(body, "nx1."));
	assert_string_equal(sql(f->env, "SELECT string_agg(key, ' ' ORDER BY"
	    " key) FROM x_notices, jsonb_object_keys(body) key"
	    " WHERE user_id = $1 AND event = 'connection.needs_reauth'",
	    f->env->user, NULL), "at connection_id event platform_user_id"
	    " reason status user_id username");
}

static struct nx_lease
lease_of(const struct fixture *f, const char *id)
{
	struct nx_store_ask ask = ask_of(f->env);
	struct nx_lease lease;
	char version[24];
	struct nx_err err;

	(void)snprintf(version, sizeof(version), "%s", sql(f->env, "SELECT"
	    " token_version FROM x_grants WHERE connection_id = $1", id,
	    NULL));
	assert_int_equal(nx_lease_take(&ask, f->env->user, id,
	    strtoll(version, NULL, 10), &lease, &err), NX_OK);
	assert_int_equal(lease.state, NX_LEASE_TAKEN);
	return lease;
}

/* X has refused its refresh token; the access token lives. */
static void
refuse(const struct fixture *f, const char *id, const char *why)
{
	struct nx_store_ask ask = ask_of(f->env);
	const struct nx_lease lease = lease_of(f, id);
	const struct nx_refusal refusal = { .lives = true, .reason = why };
	bool told;

	assert_int_equal(nx_lease_refused(&ask, &lease, &refusal, &told,
	    NULL), NX_OK);
	assert_true(told);
}

static void
renew(const struct fixture *f, const char *id)
{
	struct nx_store_ask ask = ask_of(f->env);
	const struct nx_lease lease = lease_of(f, id);
	const struct nx_new_pair pair = {
		.connection_id = id, .user_id = f->env->user,
		.owner = lease.owner, .version = lease.connection.version,
		.access_token = "another", .refresh_token = "another",
		.expires_at = nx_clock_wall() + 7200,
	};
	bool saved;

	assert_int_equal(nx_lease_save(&ask, &pair, &saved, NULL), NX_OK);
	assert_true(saved);
}

static void
an_end_in_sight_is_told(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];

	connect(f, id);
	refuse(f, id, "It works until 12:00.");
	refuse(f, id, "It works until 12:00.");
	renew(f, id);
	renew(f, id);
	assert_string_equal(notices(f, "event || ':' || (body ->> 'status')"),
	    "connection.connected:connected"
	    " connection.needs_reauth:connected"
	    " connection.connected:connected");
}

static void
long_words_fit_into_a_notification(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];

	connect(f, id);
	(void)sql(f->env, "UPDATE platform_connections SET platform_username ="
	    " repeat(E'\\t', 4000) WHERE id = $1", id, NULL);
	end(f, id, NX_STATUS_NEEDS_REAUTH, sql(f->env, "SELECT"
	    " repeat(U&'\\+01F600', 3000) || repeat(E'\\n\"', 3000)", NULL,
	    NULL));
	end(f, id, NX_STATUS_SUPERSEDED, sql(f->env, "SELECT"
	    " repeat(E'\\x01', 3000)", NULL, NULL));
	assert_string_equal(sql(f->env, "SELECT max(octet_length(body::text))"
	    " BETWEEN 2000 AND 7900 FROM x_notices WHERE user_id = $1",
	    f->env->user, NULL), "t");
}

static const char *
header(const struct xs_seen *seen, const char *name, struct nx_arena *arena)
{
	const char *at = strstr(seen->head, name);

	assert_non_null(at);
	at += strlen(name);
	return nx_arena_slice(arena, (struct nx_slice){ at,
	    strcspn(at, "\r\n") });
}

static void
a_notice_is_signed(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1], hex[NX_SHA256_HEX + 1];
	struct nx_arena *a = f->env->arena;
	const char *stamp, *text;
	struct xs_seen seen;

	connect(f, id);
	assert_int_equal(deliver(f), 1);
	seen = xs_seen(f->server);
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.path, "/hook");
	assert_string_equal(seen.type, "application/json");
	assert_string_equal(header(&seen, "\r\nNexus-Event: ", a),
	    "connection.connected");
	assert_string_equal(header(&seen, "\r\nNexus-Delivery: ", a),
	    notices(f, "id::text"));
	stamp = header(&seen, "\r\nNexus-Timestamp: ", a);
	assert_true(llabs(strtoll(stamp, NULL, 10) - nx_clock_wall()) < 10);
	text = nx_arena_printf(a, "%s.%s", stamp, seen.body);
	nx_hmac_sha256_hex(NX_SLICE(SECRET), nx_slice_str(text), hex);
	assert_string_equal(header(&seen, "\r\nNexus-Signature: ", a),
	    nx_arena_printf(a, "v1=%s", hex));
	assert_string_equal(seen.body, notices(f, "body::text"));
	assert_int_equal(deliver(f), 0);
	assert_int_equal(xs_seen(f->server).requests, 1);
	assert_string_equal(notices(f, "(delivered_at IS NOT NULL)::text"),
	    "true");
}

/* Make it due again, as time would. */
static void
later(const struct fixture *f)
{
	(void)sql(f->env, "UPDATE x_notices SET next_try_at = now()"
	    " WHERE user_id = $1 AND next_try_at IS NOT NULL", f->env->user,
	    NULL);
}

static void
what_does_not_arrive_is_tried_again(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];
	static const char *const waits[] = { "1", "2", "4", "8", "16", "32",
	    "60", "60" };
	static const int answers[] = { 500, 302, 404, 429 };

	connect(f, id);
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		xs_answer(f->server, answers[i % 4], "", "{}");
		assert_int_equal(deliver(f), 0);
		assert_int_equal(deliver(f), 0);	/* not due yet */
		assert_int_equal(xs_seen(f->server).requests, (int)i + 1);
		assert_string_equal(notices(f, "round(extract(epoch FROM"
		    " next_try_at - now()) / 60)::text"), waits[i]);
		later(f);
	}
	assert_string_equal(notices(f, "last_error"), "it answered 429");
	xs_answer(f->server, 204, "", "");
	assert_int_equal(deliver(f), 1);
	assert_string_equal(notices(f, "concat_ws(':', tries, last_error,"
	    " next_try_at)"), "9");
}

static void
a_round_ends_with_the_first_failure(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];

	connect(f, id);
	end(f, id, NX_STATUS_DISCONNECTED, "So be it.");
	xs_answer(f->server, 500, "", "{}");
	assert_int_equal(deliver(f), 0);
	assert_int_equal(xs_seen(f->server).requests, 1);
	xs_answer(f->server, 200, "", "{}");
	assert_int_equal(deliver(f), 1);	/* the other one */
	later(f);
	assert_int_equal(deliver(f), 1);
}

static void
after_three_days_it_is_given_up(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];

	connect(f, id);
	(void)sql(f->env, "UPDATE x_notices SET created_at = now()"
	    " - interval '73 hours' WHERE user_id = $1", f->env->user, NULL);
	xs_answer(f->server, 500, "", "{}");
	f->app.conf.log.fd = -1;
	assert_int_equal(deliver(f), 0);
	assert_string_equal(notices(f, "concat_ws(':', tries, next_try_at,"
	    " last_error)"), "1:it answered 500");
	assert_string_equal(sql(f->env, "SELECT code || ' ' || request_id"
	    " FROM x_events WHERE user_id = $1", f->env->user, NULL),
	    "notice_undelivered test");
	assert_int_equal(deliver(f), 0);
	assert_int_equal(xs_seen(f->server).requests, 1);
}

static void
what_is_done_with_goes(void **state)
{
	struct fixture *f = need(state);
	char id[NX_UUID_LEN + 1];

	connect(f, id);
	assert_int_equal(deliver(f), 1);
	(void)sql(f->env, "UPDATE x_notices SET created_at = now()"
	    " - interval '8 days', delivered_at = now() - interval '6 days'"
	    " WHERE user_id = $1", f->env->user, NULL);
	assert_int_equal(deliver(f), 0);
	assert_string_equal(notices(f, "event"), "connection.connected");
	(void)sql(f->env, "UPDATE x_notices SET delivered_at = now()"
	    " - interval '169 hours' WHERE user_id = $1", f->env->user, NULL);
	assert_int_equal(deliver(f), 0);
	assert_string_equal(notices(f, "event"), "");

	/* Without a webhook nobody will ever want them. */
	f->app.conf.webhook_url = NULL;
	end(f, id, NX_STATUS_DISCONNECTED, "So be it.");
	assert_int_equal(deliver(f), 0);
	assert_string_equal(notices(f, "event"), "connection.disconnected");
	(void)sql(f->env, "UPDATE x_notices SET created_at = now()"
	    " - interval '25 hours' WHERE user_id = $1", f->env->user, NULL);
	assert_int_equal(deliver(f), 0);
	assert_string_equal(notices(f, "event"), "");
	assert_int_equal(xs_seen(f->server).requests, 1);
}

struct worker {
	struct fixture	*f;
	int		 taken;
};

static void *
take_all(void *arg)
{
	struct worker *w = arg;
	struct nx_store_ask ask = ask_of(w->f->env);
	struct nx_candidates found = { .n = 0 };
	struct nx_notice n;

	ask.arena = nx_arena_new(ARENA_MAX);
	assert_non_null(ask.arena);
	while (nx_notice_take(&ask, &found, &n, NULL) == NX_OK &&
	    n.id != NULL) {
		w->taken++;
		assert_int_equal(nx_notice_done(&ask, &n, NULL), NX_OK);
	}
	nx_arena_free(ask.arena);
	return NULL;
}

static void
workers_share_them(void **state)
{
	enum { WORKERS = 6, NOTICES = 60 };
	struct fixture *f = need(state);
	struct worker workers[WORKERS];
	int taken = 0;

	(void)sql(f->env, "INSERT INTO x_notices (user_id, connection_id,"
	    " event, body) SELECT $1, gen_random_uuid(), 'test', '{}'"
	    " FROM generate_series(1, 60)", f->env->user, NULL);
	for (int i = 0; i < WORKERS; i++)
		workers[i] = (struct worker){ .f = f };
	race(take_all, workers, sizeof(*workers), WORKERS);
	for (int i = 0; i < WORKERS; i++)
		taken += workers[i].taken;
	assert_in_range(taken, NOTICES, 2 * NOTICES);
	assert_string_equal(sql(f->env, "SELECT count(*)::text || ' ' ||"
	    " max(tries) FROM x_notices WHERE user_id = $1 AND delivered_at"
	    " IS NOT NULL", f->env->user, NULL), "60 1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_change_is_noted_once),
		TEST(an_end_in_sight_is_told),
		TEST(long_words_fit_into_a_notification),
		TEST(a_notice_is_signed),
		TEST(what_does_not_arrive_is_tried_again),
		TEST(a_round_ends_with_the_first_failure),
		TEST(after_three_days_it_is_given_up),
		TEST(what_is_done_with_goes),
		TEST(workers_share_them),
	};

	return cmocka_run_group_tests_name("notices", tests, NULL, NULL);
}
