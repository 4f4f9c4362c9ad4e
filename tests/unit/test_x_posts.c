/* test_x_posts.c - posts and profiles. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "nx/x/posts.h"
#include "nx/x/users.h"
#include "x_fixture.h"

static void
creates(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("Hi \"X\"\n"
	    "\xf0\x9f\x91\x8b") };
	struct nx_x_posted out;
	struct nx_verdict v;
	struct xs_seen seen;

	xs_answer(f->server, 201, "x-user-limit-24hour-remaining: 16\r\n",
	    "{\"data\":{\"text\":\"Hi\",\"edit_history_tweet_ids\":[\"1\"],"
	    "\"id\":\"1445880548472328192\"}}");
	nx_x_post_create(&f->x, "tok", &post, &out, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(out.id, "1445880548472328192");
	assert_int_equal(out.windows.user_day.remaining, 16);
	seen = xs_seen(f->server);
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.path, "/2/tweets");
	assert_string_equal(seen.auth, "Bearer tok");
	assert_string_equal(seen.type, "application/json");
	assert_string_equal(seen.body,
	    "{\"text\":\"Hi \\\"X\\\"\\n\xf0\x9f\x91\x8b\"}");

	post = (struct nx_x_post){ .text = NX_SLICE("b"), .reply_to = "17",
	    .reply_settings = "following", 
	    .marks = { .made_with_ai = true, .paid_partnership = true } };
	nx_x_post_create(&f->x, "tok", &post, &out, &v);
	assert_string_equal(xs_seen(f->server).body, "{\"text\":\"b\","
	    "\"reply\":{\"in_reply_to_tweet_id\":\"17\"},"
	    "\"reply_settings\":\"following\",\"made_with_ai\":true,"
	    "\"paid_partnership\":true}");
}

static void
creates_polls_and_quotes(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("?"),
	    .poll = { { "yes \"!\"", "no" }, 2, 1440 } };
	struct nx_x_posted out;
	struct nx_verdict v;

	xs_answer(f->server, 201, "", "{\"data\":{\"id\":\"1\"}}");
	nx_x_post_create(&f->x, "tok", &post, &out, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(xs_seen(f->server).body, "{\"text\":\"?\","
	    "\"poll\":{\"options\":[\"yes \\\"!\\\"\",\"no\"],"
	    "\"duration_minutes\":1440}}");

	post = (struct nx_x_post){ .text = NX_SLICE("q"), .quote = "20" };
	nx_x_post_create(&f->x, "tok", &post, &out, &v);
	assert_string_equal(xs_seen(f->server).body,
	    "{\"text\":\"q\",\"quote_tweet_id\":\"20\"}");
}

static void
unusable_ids_are_unknown(void **state)
{
	static const char *const bodies[] = {
		"{}", "{\"data\":{}}", "{\"data\":{\"id\":-7}}",
		"{\"data\":{\"id\":7.5}}",
		"{\"data\":{\"id\":12345678901234567890}}",
		"{\"data\":{\"id\":\"\"}}", "{\"data\":{\"id\":\"1a\"}}",
		"{\"data\":{\"id\":\"12345678901234567890\"}}",
		"{\"data\":[{\"id\":\"1\"}]}", "{\"id\":\"1\"}", "",
		"{\"errors\":[{\"title\":\"x\"}]}",
		"{\"data\":{\"id\":\"0\"}}", "{\"data\":{\"id\":0}}",
		"{\"data\":{\"id\":\"000\"}}", "{\"data\":{\"id\":-7}}",
	};
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("a") };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct nx_x_posted out;
		struct nx_verdict v;

		xs_answer(f->server, 201, "", bodies[i]);
		nx_x_post_create(&f->x, "tok", &post, &out, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
		assert_null(out.id);
	}
}

/* Nor is an id lost with the connection that brought it. */
static void
an_id_outlives_its_connection(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("a") };
	struct nx_x_posted out;
	struct nx_verdict v;

	for (int how = 0; how < XS_CUTS; how++) {
		xs_cut(f->server, how, 201, "{\"data\":{\"id\":\"17\"}}");
		nx_x_post_create(&f->x, "tok", &post, &out, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_string_equal(out.id, "17");

		xs_cut(f->server, how, 201, "{\"data\":{\"id\":\"17\"");
		nx_x_post_create(&f->x, "tok", &post, &out, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
		assert_null(out.id);

		xs_cut(f->server, how, 201, "{\"data\":{\"id\":\"x\"}}");
		nx_x_post_create(&f->x, "tok", &post, &out, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
	}
}

/* X took the post: what stands beside its id must not lose it. */
static void
finds_the_id_in_odd_answers(void **state)
{
	static const char *const bodies[] = {
		"{\"data\":{\"id\":1445880548472328192}}",
		"{\"data\":{\"text\":\"cut \\ud83d\",\"id\":"
		"\"1445880548472328192\"}}",
		"{\"data\":{\"text\":\"\\u0000 \xff\",\"id\":"
		"\"1445880548472328192\"}}",
		"{\"data\":{\"id\":\"1\",\"id\":"
		"\"1445880548472328192\"}}",
	};
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("a") };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct nx_x_posted out;
		struct nx_verdict v;

		xs_answer(f->server, 201, "", bodies[i]);
		nx_x_post_create(&f->x, "tok", &post, &out, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_string_equal(out.id, "1445880548472328192");
	}
}

static void
windows_come_with_refusals(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_post post = { .text = NX_SLICE("a") };
	int64_t reset = nx_clock_wall() + 600;
	struct nx_x_posted out;
	struct nx_verdict v;
	char headers[100];

	(void)snprintf(headers, sizeof(headers), "x-rate-limit-remaining: 0"
	    "\r\nx-rate-limit-reset: %lld\r\n", (long long)reset);
	xs_answer(f->server, 429, headers, "{\"title\":\"Too Many"
	    " Requests\"}");
	nx_x_post_create(&f->x, "tok", &post, &out, &v);
	assert_int_equal(v.class, NX_CLASS_RATE);
	assert_int_equal(v.retry_at, reset);
	assert_int_equal(out.windows.quarter.reset, reset);
	assert_null(out.id);
}

static void
deletes(void **state)
{
	static const struct {
		int		 status;
		const char	*body;
		enum nx_class	 want;
	} rows[] = {
		{ 200, "{\"data\":{\"deleted\":true}}", NX_CLASS_DONE },
		{ 200, "{\"data\":{\"deleted\":false}}", NX_CLASS_REFUSED },
		{ 200, "{\"errors\":[{\"type\":\"https://api.x.com/2/problems/"
		  "resource-not-found\"}]}", NX_CLASS_DONE },
		{ 200, "{\"errors\":[{\"type\":\"https://api.x.com/2/problems/"
		  "not-authorized-for-resource\"}]}", NX_CLASS_REFUSED },
		{ 200, "{\"data\":{\"deleted\":", NX_CLASS_RETRY },
		{ 200, "{\"deleted\":true}", NX_CLASS_DONE },
		{ 200, "{\"deleted\":\"true\"}", NX_CLASS_DONE },
		{ 200, "{\"data\":{\"deleted\":\"true\"}}", NX_CLASS_DONE },
		{ 200, "{\"deleted\":\"false\"}", NX_CLASS_REFUSED },
		{ 200, "{\"deleted\":1}", NX_CLASS_REFUSED },
		{ 200, "{}", NX_CLASS_REFUSED },
		{ 200, "", NX_CLASS_DONE }, { 202, "\n", NX_CLASS_DONE },
		{ 204, "", NX_CLASS_DONE },
		{ 200, "<html>", NX_CLASS_RETRY },
		{ 404, "{\"title\":\"Not Found\"}", NX_CLASS_DONE },
		{ 404, "{\"message\":\"no Route matched\"}",
		  NX_CLASS_RETRY },
		{ 404, "", NX_CLASS_RETRY },
	};
	struct x_fixture *f = *state;
	struct nx_verdict v;
	int before;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xs_answer(f->server, rows[i].status, "", rows[i].body);
		nx_x_post_delete(&f->x, "tok", "1445880548472328192", &v);
		assert_int_equal(v.class, rows[i].want);
	}
	assert_string_equal(xs_seen(f->server).method, "DELETE");
	assert_string_equal(xs_seen(f->server).path,
	    "/2/tweets/1445880548472328192");
	before = xs_seen(f->server).requests;
	nx_x_post_delete(&f->x, "tok", "1/../2", &v);
	assert_int_equal(v.class, NX_CLASS_RETRY);
	assert_int_equal(xs_seen(f->server).requests, before);
}

static void
is_gone_when_x_says_so(void **state)
{
#define NOT_FOUND "{\"type\":\"https://api.x.com/2/problems/"		\
    "resource-not-found\",\"title\":\"Not Found Error\"}"
	static const struct {
		int		 status;
		const char	*body;
		bool		 want;
	} rows[] = {
		{ 200, "{\"errors\":[" NOT_FOUND "]}", true },
		{ 404, NOT_FOUND, true },
		{ 200, "{\"data\":{\"id\":\"1445880548472328192\"}}", false },
		{ 200, "{\"data\":{\"id\":\"1445880548472328192\"},"
		  "\"errors\":[" NOT_FOUND "]}", false },
		{ 200, "{\"errors\":[{\"type\":\"https://api.x.com/2/problems/"
		  "not-authorized-for-resource\"}]}", false },
		{ 200, "{}", false }, { 200, "", false },
		{ 404, "", false }, { 404, "<html>", false },
		{ 404, "{\"message\":\"no Route matched\"}", false },
		{ 403, NOT_FOUND, false }, { 503, NOT_FOUND, false },
		{ 429, "{}", false }, { 401, "{}", false },
	};
#undef NOT_FOUND
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xs_answer(f->server, rows[i].status, "", rows[i].body);
		assert_int_equal(nx_x_post_is_gone(&f->x, "tok",
		    "1445880548472328192"), rows[i].want);
	}
	assert_string_equal(xs_seen(f->server).method, "GET");
	assert_string_equal(xs_seen(f->server).path,
	    "/2/tweets/1445880548472328192");
	assert_false(nx_x_post_is_gone(&f->x, "tok", "1/../2"));
}

static void
reads_the_profile(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_user u;
	struct nx_verdict v;

	xs_answer(f->server, 200, "", "{\"data\":{\"subscription_type\":"
	    "\"Premium\",\"id\":\"2244994945\",\"name\":\"X Dev\","
	    "\"username\":\"TwitterDev\"}}");
	nx_users_me(&f->x, "tok", &u, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(u.id, "2244994945");
	assert_string_equal(u.username, "TwitterDev");
	assert_string_equal(u.name, "X Dev");
	assert_string_equal(u.subscription, "Premium");
	assert_string_equal(xs_seen(f->server).method, "GET");
	assert_string_equal(xs_seen(f->server).path,
	    "/2/users/me?user.fields=subscription_type");
	assert_string_equal(xs_seen(f->server).auth, "Bearer tok");

	xs_answer(f->server, 200, "",
	    "{\"data\":{\"id\":\"1\",\"username\":\"a_1\"}}");
	nx_users_me(&f->x, "tok", &u, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_null(u.name);
	assert_null(u.subscription);
}

static void
asks_for_less_when_a_field_is_refused(void **state)
{
	struct x_fixture *f = *state;
	struct nx_x_user u;
	struct nx_verdict v;

	xs_answer(f->server, 400, "", "{\"errors\":[{\"message\":\"The query"
	    " parameter [user.fields] is not valid.\"}],\"title\":\"Invalid"
	    " Request\"}");
	xs_then(f->server, 200, "", "{\"data\":{\"id\":17,\"username\":"
	    "\"a\",\"name\":\"\\ud83d\"}}");
	nx_users_me(&f->x, "tok", &u, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(u.id, "17");
	assert_string_equal(u.name, "\xef\xbf\xbd");
	assert_null(u.subscription);
	assert_string_equal(xs_seen(f->server).path, "/2/users/me");
	assert_int_equal(xs_seen(f->server).requests, 2);

	/* no more than once, and not for other refusals */
	xs_answer(f->server, 400, "", "{\"title\":\"Invalid Request\"}");
	nx_users_me(&f->x, "tok", &u, &v);
	assert_int_equal(v.class, NX_CLASS_REFUSED);
	assert_null(u.id);
	assert_int_equal(xs_seen(f->server).requests, 4);
	xs_answer(f->server, 401, "", "{\"title\":\"Unauthorized\"}");
	nx_users_me(&f->x, "tok", &u, &v);
	assert_int_equal(v.class, NX_CLASS_TOKEN);
	assert_int_equal(xs_seen(f->server).requests, 5);
}

static void
bad_profiles_are_read_again(void **state)
{
	static const char *const bodies[] = {
		"{}", "{\"data\":{\"id\":\"1\"}}", "<html>",
		"{\"data\":{\"id\":\"x\",\"username\":\"a\"}}",
		"{\"data\":{\"id\":\"1\",\"username\":\"a b\"}}",
		"{\"data\":{\"id\":\"1\",\"username\":\"\"}}",
		"{\"data\":{\"id\":-1,\"username\":\"a\"}}",
		"{\"errors\":[{\"title\":\"Not Found Error\"}]}",
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct nx_x_user u;
		struct nx_verdict v;

		xs_answer(f->server, 200, "", bodies[i]);
		nx_users_me(&f->x, "tok", &u, &v);
		assert_int_equal(v.class, NX_CLASS_RETRY);
		assert_null(u.id);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		X_TEST(creates),
		X_TEST(creates_polls_and_quotes),
		X_TEST(unusable_ids_are_unknown),
		X_TEST(an_id_outlives_its_connection),
		X_TEST(finds_the_id_in_odd_answers),
		X_TEST(windows_come_with_refusals),
		X_TEST(deletes),
		X_TEST(is_gone_when_x_says_so),
		X_TEST(reads_the_profile),
		X_TEST(asks_for_less_when_a_field_is_refused),
		X_TEST(bad_profiles_are_read_again),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
