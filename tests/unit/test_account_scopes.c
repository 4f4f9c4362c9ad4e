/*
 * test_account_scopes.c - scopes that may be asked for, and the flow that goes
 * out with the browser and comes back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "nx/base/clock.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/flow/account/scope.h"
#include "nx/x/scopes.h"
#include "nx/seal/seal.h"

#define KEY_1 "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define USER "11111111-1111-4111-8111-111111111111"
#define CONNECTION "22222222-2222-4222-8222-222222222222"

static const struct {
	const char	*scopes;
	enum nx_rc	 want;
	const char	*says;
} lists[] = {
	{ "users.read tweet.read", NX_OK, "" },
	{ " tweet.read  users.read dm.read ", NX_OK, "" },
	{ "tweet.read tweet.write users.read media.write offline.access",
	  NX_OK, "" },
	{ "", NX_INVALID, "users.read" },
	{ "users.read", NX_INVALID, "tweet.read" },
	{ "tweet.read", NX_INVALID, "users.read" },
	{ "users.read tweet.read all", NX_INVALID, "all" },
	{ "users.read tweet.read Tweet.Write", NX_INVALID, "Tweet.Write" },
	{ "users.read tweet.read users.read", NX_INVALID, "twice" },
	{ "users.read,tweet.read", NX_INVALID, "users.read,tweet.read" },
	{ "users.read tweet.read\nx", NX_INVALID, "scope" },
};

static void
knows_what_may_be_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct nx_err err = { 0 };

		if (nx_scopes_check(lists[i].scopes, &err) != lists[i].want ||
		    strstr(err.detail, lists[i].says) == NULL)
			fail_msg("\"%s\": %s", lists[i].scopes, err.detail);
	}
}

static void
knows_who_can_be_named(void **state)
{
	(void)state;
	assert_true(nx_scopes_name_account("tweet.read users.read"));
	assert_true(nx_scopes_name_account("users.read dm.read tweet.read"));
	assert_false(nx_scopes_name_account("users.read tweet.write"));
	assert_false(nx_scopes_name_account("tweet.read users.readers"));
	assert_false(nx_scopes_name_account(""));
}

static void
joins_scopes(void **state)
{
	struct nx_arena *arena = nx_arena_new(64 * 1024);

	(void)state;
	assert_string_equal(nx_scopes_join(arena, "a b", "b c"), "a b c");
	assert_string_equal(nx_scopes_join(arena, "a b", "b"), "a b");
	assert_string_equal(nx_scopes_join(arena, "", "b"), "b");
	nx_arena_free(arena);
}

struct env {
	struct nx_app	 app;
	struct nx_ctx	 ctx;
};

static int
env_open(void **state)
{
	static struct env env;
	struct nx_err err;

	memset(&env, 0, sizeof(env));
	env.app.conf.client_id = "id";
	env.app.conf.redirect_uri = "https://n.example/api/auth/callback";
	env.app.conf.authorize_url = "https://x.example/authorize";
	env.app.conf.scopes = "tweet.read users.read";
	env.app.conf.dashboard_path = "/dashboard";
	env.app.conf.origin = "https://n.example";
	env.ctx.app = &env.app;
	env.ctx.arena = nx_arena_new(256 * 1024);
	env.ctx.deadline = nx_clock_mono() + 10000;
	*state = &env;
	return nx_keyring_parse(KEY_1, &env.app.ring, &err) == NX_OK ? 0 : -1;
}

static int
env_close(void **state)
{
	struct env *e = *state;

	nx_keyring_free(e->app.ring);
	nx_arena_free(e->ctx.arena);
	return 0;
}

static enum nx_rc
begin(struct env *e, const struct nx_attempt_ask *ask,
    struct nx_attempt_start *out)
{
	return nx_attempt_begin(&e->app.conf, e->app.ring, ask, out,
	    &e->ctx.err);
}

static enum nx_rc
come_back(struct env *e, const char *state, const char *flow,
    struct nx_connect_result *out)
{
	const struct nx_connect_answer answer = { .user_id = USER,
	    .state = state, .code = "code", .attempt = flow };

	return nx_connect_check(&e->ctx, &answer, out);
}

static void
asks_x_for_the_scopes_named(void **state)
{
	struct env *e = *state;
	struct nx_attempt_ask ask = { .user_id = USER,
	    .scopes = "tweet.read users.read dm.read",
	    .connection_id = CONNECTION, .replace = true,
	    .return_to = "/back", .now = nx_clock_wall() };
	struct nx_attempt_start start;
	struct nx_connect_result result;

	assert_int_equal(begin(e, &ask, &start), NX_OK);
	assert_non_null(strstr(nx_buf_str(&start.authorize_url),
	    "scope=tweet.read%20users.read%20dm.read"));
	assert_int_equal(come_back(e, start.state, nx_buf_str(&start.sealed),
	    &result), NX_OK);
	assert_string_equal(result.return_to, "/back");
	nx_attempt_start_free(&start);
}

static void
refuses_what_it_cannot_ask(void **state)
{
	static const struct nx_attempt_ask asks[] = {
		{ .user_id = USER, .connection_id = "1" },
		{ .user_id = USER, .replace = true },
		{ .user_id = USER, .scopes = "everything" },
	};
	struct env *e = *state;

	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		struct nx_attempt_start start;

		assert_int_equal(begin(e, &asks[i], &start), NX_INVALID);
		nx_attempt_start_free(&start);
	}
}

static void
seal(struct env *e, const char *plain, struct nx_buf *out)
{
	assert_int_equal(nx_seal(e->app.ring, NX_PURPOSE_ATTEMPT, NX_SLICE(""),
	    nx_slice_str(plain), out), NX_OK);
}

static void
opens_flows_of_the_version_before(void **state)
{
	static const struct { const char *flow; enum nx_rc want; } flows[] = {
		{ "1\n99999999999\ns\nv\n" USER "\n/old", NX_OK },
		{ "2\n99999999999\ns\nv\n" USER "\n\n\n\n/new", NX_OK },
		{ "2\n99999999999\ns\nv\n" USER "\n" CONNECTION
		    "\n1\nusers.read tweet.read\n/new", NX_OK },
		{ "3\n99999999999\ns\nv\n" USER "\n/x", NX_STATE_BROKEN },
		{ "2\n99999999999\ns\nv\n" USER "\n/x", NX_STATE_BROKEN },
		{ "1\n99999999999\ns\nv", NX_STATE_BROKEN },
		{ "1\n1\ns\nv\n" USER "\n/x", NX_STATE_EXPIRED },
	};
	struct env *e = *state;

	for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
		struct nx_buf sealed = NX_BUF(NX_ATTEMPT_MAX);
		struct nx_connect_result result;

		seal(e, flows[i].flow, &sealed);
		if (come_back(e, "s", nx_buf_str(&sealed), &result) !=
		    flows[i].want)
			fail_msg("flow %zu: %s", i, e->ctx.err.detail);
		if (flows[i].want == NX_OK)
			assert_string_equal(result.return_to, i == 0 ?
			    "/old" : "/new");
		nx_buf_free(&sealed);
	}
}

static void
says_how_to_get_a_scope(void **state)
{
	const struct nx_connection c = { .id = CONNECTION,
	    .username = "ada", .scopes = "tweet.read dm.read" };
	struct env *e = *state;

	assert_int_equal(nx_scope_need(&e->ctx, &c, "dm.read"), NX_OK);
	assert_int_equal(nx_scope_need(&e->ctx, &c, "media.write"),
	    NX_SCOPE_MISSING);
	assert_non_null(strstr(e->ctx.err.detail, "media.write"));
	assert_string_equal(e->ctx.err.connect_url, "https://n.example"
	    "/api/auth/twitter/initiate?connection_id=" CONNECTION
	    "&scopes=tweet.read%20dm.read%20users.read%20media.write");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_may_be_asked_for),
		cmocka_unit_test(knows_who_can_be_named),
		cmocka_unit_test(joins_scopes),
		TEST(asks_x_for_the_scopes_named),
		TEST(refuses_what_it_cannot_ask),
		TEST(opens_flows_of_the_version_before),
		TEST(says_how_to_get_a_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
