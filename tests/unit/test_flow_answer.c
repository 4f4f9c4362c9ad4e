/* test_flow_answer.c - the shapes of contract sections 5 and 6. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/answer.h"
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
	    .x = { 429, "about:blank", "Too Many Requests", "slow" } };
	struct nx_buf b = NX_BUF(4000);
	const char *tail = ",\"retry_after\":9,\"x\":{\"status\":429,"
	    "\"type\":\"about:blank\",\"title\":\"Too Many Requests\","
	    "\"detail\":\"slow\"}}";

	(void)state;
	nx_answer_problem(&err, "r-1", &b);
	assert_string_equal(nx_buf_str(&b) + b.n - strlen(tail), tail);
	nx_buf_free(&b);
}

static struct nx_stored_part two_parts[] = {
	{ { "Hello \"X\"\n", 10 }, 271, "sent", "1445880548472328192" },
	{ { "caf\xc3\xa9", 5 }, 4, "sent", "1445880548472328193" },
};

static struct nx_published
published(void)
{
	return (struct nx_published){ .post = {
		.id = WEB_OTHER, .connection_id = WEB_USER,
		.username = "alice", .state = "sent",
		.warnings = "[\"It holds a link.\"]", .price = 150,
		.parts = two_parts, .nparts = 1,
	} };
}

static void
writes_a_sent_post(void **state)
{
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(4000);

	(void)state;
	p.limits.quarter = (struct nx_window){ true, 200, 199, 1800000900 };
	nx_answer_post(&p, &b);
	is_json(&b, "{\"id\":\"" WEB_OTHER "\",\"state\":\"sent\","
	    "\"connection_id\":\"" WEB_USER "\","
	    "\"post_id\":\"1445880548472328192\","
	    "\"url\":\"https://x.com/alice/status/1445880548472328192\","
	    "\"parts\":[{\"position\":0,\"text\":\"Hello \\\"X\\\"\\n\","
	    "\"weighted_length\":271,\"media_ids\":[],\"state\":\"sent\","
	    "\"post_id\":\"1445880548472328192\","
	    "\"url\":\"https://x.com/alice/status/1445880548472328192\"}],"
	    "\"metrics\":null,\"limits\":{\"user_15min\":{\"limit\":200,"
	    "\"remaining\":199,\"reset_at\":\"2027-01-15T08:15:00Z\"}},"
	    "\"cost_usd\":\"0.0150\",\"warnings\":[\"It holds a link.\"]}");
	nx_buf_free(&b);
}

static void
writes_a_dry_run_with_nulls(void **state)
{
	struct nx_stored_part part = { { "x", 1 }, 1, "dry_run", NULL };
	struct nx_published p = { .post = { .state = "dry_run",
	    .warnings = "[]", .price = 2000, .parts = &part, .nparts = 1 } };
	struct nx_buf b = NX_BUF(4000);

	(void)state;
	nx_answer_post(&p, &b);
	is_json(&b, "{\"id\":null,\"state\":\"dry_run\","
	    "\"connection_id\":null,\"post_id\":null,\"url\":null,"
	    "\"parts\":[{\"position\":0,\"text\":\"x\","
	    "\"weighted_length\":1,\"media_ids\":[],\"state\":\"dry_run\","
	    "\"post_id\":null,\"url\":null}],\"metrics\":null,\"limits\":{},"
	    "\"cost_usd\":\"0.2000\",\"warnings\":[]}");
	nx_buf_free(&b);
}

static void
numbers_the_parts_of_a_thread(void **state)
{
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(4000);

	(void)state;
	p.post.nparts = 2;
	p.post.username = NULL;		/* x.com finds the author itself */
	nx_answer_post(&p, &b);
	assert_non_null(strstr(nx_buf_str(&b), "},{\"position\":1,\"text\":"
	    "\"caf\xc3\xa9\",\"weighted_length\":4,\"media_ids\":[],"
	    "\"state\":\"sent\",\"post_id\":\"1445880548472328193\","
	    "\"url\":\"https://x.com/i/status/1445880548472328193\"}]"));
	assert_non_null(strstr(nx_buf_str(&b),
	    "\"post_id\":\"1445880548472328192\",\"url\":"));
	nx_buf_free(&b);
}

static void
tells_what_to_do_when_unknown(void **state)
{
	struct nx_published p = published();
	struct nx_buf b = NX_BUF(4000);

	(void)state;
	p.post.state = "unknown";
	p.post.parts = NULL;
	p.post.nparts = 0;
	p.post.warnings = NULL;
	p.post.error = "{\"code\":\"outcome_unknown\"}";
	nx_answer_post(&p, &b);
	is_json(&b, "{\"id\":\"" WEB_OTHER "\",\"state\":\"unknown\","
	    "\"connection_id\":\"" WEB_USER "\",\"post_id\":null,"
	    "\"url\":null,\"parts\":[],\"metrics\":null,\"limits\":{},"
	    "\"cost_usd\":\"0.0150\",\"warnings\":[],"
	    "\"error\":{\"code\":\"outcome_unknown\"},\"remedy\":\"Look at "
	    "the account on x.com before you try again.\"}");
	nx_buf_free(&b);
}

/* Stored warnings are a JSON text, and ours goes behind them. */
static void
warns_when_the_record_is_not_complete(void **state)
{
	static const struct { const char *stored, *want; } cases[] = {
		{ NULL, "[\"X has it" }, { "[]", "[\"X has it" },
		{ "[\"a]\"]", "[\"a]\",\"X has it" },
		{ "[\"[b\", \"c\"]", "[\"[b\", \"c\",\"X has it" },
	};
	struct nx_published p = published();

	(void)state;
	p.unrecorded = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf b = NX_BUF(4000);
		struct json_object *obj;

		p.post.warnings = cases[i].stored;
		nx_answer_post(&p, &b);
		assert_non_null(strstr(nx_buf_str(&b), cases[i].want));
		assert_int_equal(nx_json_parse(nx_buf_slice(&b), &obj, NULL),
		    NX_OK);
		json_object_put(obj);
		nx_buf_free(&b);
	}
}

static struct nx_connection
connection(void)
{
	return (struct nx_connection){
		.id = WEB_OTHER, .user_id = WEB_USER, .x_user_id = "2244994",
		.username = "alice", .name = "Alice \"A\"",
		.status = "connected", .scopes = "tweet.read tweet.write"
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
    "\"missing_scopes\":[],\"can_post\":true,\"renews_itself\":true,"
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

	nx_answer_connections(&w->app.conf, w->ctx.arena, NULL, 0, &b);
	is_json(&b, "{\"connections\":[]}");
	nx_buf_reset(&b);
	nx_answer_connections(&w->app.conf, w->ctx.arena, two, 2, &b);
	is_json(&b, nx_arena_printf(w->ctx.arena,
	    "{\"connections\":[%s,%s]}", alice, alice));
	nx_buf_free(&b);
}

static void
tells_what_a_connection_can_do(void **state)
{
	static const struct {
		const char *status, *scopes; bool refresh; const char *want;
	} cases[] = {
		{ "connected", "tweet.read users.read", true,
		  "\"missing_scopes\":[\"tweet.write\",\"media.write\","
		  "\"offline.access\"],\"can_post\":false,"
		  "\"renews_itself\":true" },
		{ "connected", "tweet.write", false,
		  "\"can_post\":true,\"renews_itself\":false" },
		{ "connected", NULL, false, "\"scopes\":[]," },
		{ "needs_reauth", "tweet.write", true,
		  "\"missing_scopes\":[],\"can_post\":false,"
		  "\"renews_itself\":false" },
		{ "disconnected", "", false, "\"missing_scopes\":[],"
		  "\"can_post\":false,\"renews_itself\":false" },
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

static void
warns_of_what_was_done(void **state)
{
	static const struct {
		struct nx_composed made; int n; const char *word;
	} cases[] = {
		{ { .count = 1 }, 0, "[]" },
		{ { .count = 1, .truncated = true }, 1, "cut" },
		{ { .count = 2 }, 1, "thread" },
		{ { .count = 1, .has_url = true }, 1, "0.2000" },
		{ { .count = 2, .truncated = true, .has_url = true }, 3,
		  "link" },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = nx_answer_warnings(w->ctx.arena,
		    &cases[i].made);
		struct json_object *obj, *list;

		assert_non_null(strstr(text, cases[i].word));
		assert_int_equal(nx_json_parse(nx_slice_str(nx_arena_printf(
		    w->ctx.arena, "{\"w\":%s}", text)), &obj, NULL), NX_OK);
		list = nx_json_array(obj, "w");
		assert_int_equal(json_object_array_length(list), cases[i].n);
		json_object_put(obj);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_problem),
		cmocka_unit_test(adds_the_wait_and_what_x_said),
		cmocka_unit_test(writes_a_sent_post),
		cmocka_unit_test(writes_a_dry_run_with_nulls),
		cmocka_unit_test(numbers_the_parts_of_a_thread),
		cmocka_unit_test(tells_what_to_do_when_unknown),
		cmocka_unit_test(warns_when_the_record_is_not_complete),
		WEB_TEST(writes_a_connection_without_tokens),
		WEB_TEST(lists_connections),
		WEB_TEST(tells_what_a_connection_can_do),
		WEB_TEST(warns_of_what_was_done),
	};

	return cmocka_run_group_tests_name("flow/answer", tests, NULL, NULL);
}
