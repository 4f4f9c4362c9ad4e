/* test_view_answer.c - the shapes of errors and connections. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/view/answer.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
is_json(const struct nx_buf *b, const char *want)
{
	struct json_object *obj;

	assert_true(nx_buf_ok(b));
	assert_string_equal(nx_buf_str(b), want);
	assert_int_equal(nx_json_parse(nx_buf_slice(b), &obj, NULL), NX_OK);
	json_object_put(obj);
}

static void
writes_a_problem(void **state)
{
	const struct nx_err err = { .rc = NX_STATE_EXPIRED,
	    .detail = "It is \"late\"." };
	struct nx_buf b = NX_BUF(4000);

	(void)state;
	nx_answer_problem(&err, "r-1", &b);
	is_json(&b, "{\"type\":\"urn:nexus-x:error:state_expired\","
	    "\"title\":\"The attempt took longer than ten minutes\","
	    "\"status\":400,\"detail\":\"It is \\\"late\\\".\","
	    "\"code\":\"state_expired\","
	    "\"remedy\":\"Start again with Connect X.\","
	    "\"request_id\":\"r-1\"}");
	nx_buf_free(&b);
}

static void
adds_the_wait_and_what_x_said(void **state)
{
	const struct nx_err err = { .rc = NX_X_RATE, .retry_after = 9,
	    .post_id = WEB_OTHER,
	    .x = { 429, "about:blank", "Too Many Requests", "slow" } };
	struct nx_buf b = NX_BUF(4000);
	const char *tail = ",\"id\":\"" WEB_OTHER "\",\"retry_after\":9,"
	    "\"x\":{\"status\":429,"
	    "\"type\":\"about:blank\",\"title\":\"Too Many Requests\","
	    "\"detail\":\"slow\"}}";

	(void)state;
	nx_answer_problem(&err, "r-1", &b);
	assert_string_equal(nx_buf_str(&b) + b.n - strlen(tail), tail);
	nx_buf_free(&b);
}

static struct nx_connection
connection(void)
{
	return (struct nx_connection){
		.id = WEB_OTHER, .user_id = WEB_USER, .x_user_id = "2244994",
		.username = "alice", .name = "Alice \"A\"",
		.status = NX_STATUS_CONNECTED, .scopes = "tweet.read tweet.write"
		" users.read media.write offline.access",
		.token_expires_at = 1800000000, .connected_at = 1799990000,
		.version = 3, .has_refresh_token = true,
		.access_token = "CANARY-ACCESS",
		.refresh_token = "CANARY-REFRESH",
	};
}

static const char alice[] = "{\"id\":\"" WEB_OTHER "\",\"user_id\":\""
    WEB_USER "\",\"platform\":\"twitter\",\"platform_user_id\":\"2244994\","
    "\"username\":\"alice\",\"name\":\"Alice \\\"A\\\"\","
    "\"profile_url\":\"https://x.com/alice\",\"status\":\"connected\","
    "\"status_reason\":null,\"scopes\":[\"tweet.read\",\"tweet.write\","
    "\"users.read\",\"media.write\",\"offline.access\"],"
    "\"missing_scopes\":[],\"can_post\":true,\"max_weighted_length\":280,"
    "\"renews_itself\":true,"
    "\"connected_at\":\"2027-01-15T05:13:20Z\","
    "\"token_expires_at\":\"2027-01-15T08:00:00Z\","
    "\"last_success_at\":null}";

static void
writes_a_connection_without_tokens(void **state)
{
	struct web *w = *state;
	struct nx_connection c = connection();
	struct nx_buf b = NX_BUF(4000);

	nx_answer_connection(&w->app.conf, w->ctx.arena, &c, &b);
	is_json(&b, alice);
	assert_null(strstr(nx_buf_str(&b), "CANARY"));
	nx_buf_free(&b);
}

static void
lists_connections(void **state)
{
	struct web *w = *state;
	struct nx_connection two[] = { connection(), connection() };
	struct nx_buf b = NX_BUF(8000);

	nx_answer_connections(&w->app.conf, w->ctx.arena, NULL, 0, 1, &b);
	is_json(&b, "{\"connections\":[],\"pending\":1}");
	nx_buf_reset(&b);
	two[1].scheduled = 7;
	nx_answer_connections(&w->app.conf, w->ctx.arena, two, 2, 0,
	    &b);
	is_json(&b, nx_arena_printf(w->ctx.arena,
	    "{\"connections\":[%.*s,\"scheduled\":0},"
	    "%.*s,\"scheduled\":7}],\"pending\":0}",
	    (int)sizeof(alice) - 2, alice,
	    (int)sizeof(alice) - 2, alice));
	nx_buf_free(&b);
}

static void
tells_what_a_connection_can_do(void **state)
{
	static const struct {
		enum nx_connection_status status;
		const char *scopes; bool refresh; const char *want;
	} cases[] = {
		{ NX_STATUS_CONNECTED, "tweet.read users.read", true,
		  "\"missing_scopes\":[\"tweet.write\",\"media.write\","
		  "\"offline.access\"],\"can_post\":false,"
		  "\"max_weighted_length\":280,\"renews_itself\":true" },
		{ NX_STATUS_CONNECTED, "tweet.write", false,
		  "\"can_post\":true,\"max_weighted_length\":280,"
		  "\"renews_itself\":false" },
		{ NX_STATUS_CONNECTED, NULL, false, "\"scopes\":[]," },
		{ NX_STATUS_NEEDS_REAUTH, "tweet.write", true,
		  "\"missing_scopes\":[],\"can_post\":false,"
		  "\"max_weighted_length\":280,\"renews_itself\":false" },
		{ NX_STATUS_DISCONNECTED, "", false, "\"missing_scopes\":[],"
		  "\"can_post\":false,\"max_weighted_length\":280,"
		  "\"renews_itself\":false" },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_connection c = connection();
		struct nx_buf b = NX_BUF(4000);

		c.status = cases[i].status;
		c.scopes = cases[i].scopes;
		c.has_refresh_token = cases[i].refresh;
		nx_answer_connection(&w->app.conf, w->ctx.arena, &c, &b);
		assert_non_null(strstr(nx_buf_str(&b), cases[i].want));
		nx_buf_free(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_problem),
		cmocka_unit_test(adds_the_wait_and_what_x_said),
		WEB_TEST(writes_a_connection_without_tokens),
		WEB_TEST(lists_connections),
		WEB_TEST(tells_what_a_connection_can_do),
	};

	return cmocka_run_group_tests_name("view/answer", tests, NULL, NULL);
}
