/* test_x_timeline.c - what an account has posted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "nx/x/timeline.h"
#include "x_fixture.h"

#define PATH "/2/users/2244994945/tweets?max_results="
#define NEW "&post.fields=created_at,entities,note_post"
#define OLD "&tweet.fields=created_at,entities,note_tweet"
#define TIME ",\"created_at\":\"2026-08-22T10:00:00Z\""
#define ONE "{\"id\":\"1\",\"text\":\"a\"" TIME "}"
#define BAD_QUERY "{\"title\":\"Invalid Request\"}"

static const struct nx_timeline_ask plain = { .x_user_id = "2244994945" };

static enum nx_class
read_as(struct x_fixture *f, const struct nx_timeline_ask *ask,
    struct nx_timeline *out)
{
	struct nx_verdict v;

	nx_timeline_read(&f->x, "tok", ask, out, &v);
	return v.class;
}

static enum nx_class
answer(struct x_fixture *f, int status, const char *body,
    struct nx_timeline *out)
{
	xs_answer(f->server, status, "", body);
	return read_as(f, &plain, out);
}

static void
assert_asked(struct x_fixture *f, const char *path)
{
	char line[600];

	(void)snprintf(line, sizeof(line), "GET %s HTTP/1.1\r\n", path);
	assert_memory_equal(xs_seen(f->server).head, line, strlen(line));
}

static void
reads_the_new_names(void **state)
{
	struct x_fixture *f = *state;
	struct nx_timeline out;

	xs_answer(f->server, 200, "x-rate-limit-remaining: 899\r\n",
	    "{\"data\":[{\"id\":\"12\",\"text\":\"Hi \xe2\x9c\x8c"
	    " https://t.co/a\",\"created_at\":\"2026-08-22T10:00:00.000Z\","
	    "\"referenced_posts\":[{\"type\":\"quoted\",\"id\":\"3\"},"
	    "{\"type\":\"replied_to\",\"id\":\"11\"}],\"new\":{\"x\":[]},"
	    "\"entities\":{\"mentions\":[],\"urls\":[{\"start\":5,\"end\":28,"
	    "\"url\":\"https://t.co/a\",\"expanded_url\":"
	    "\"http://example.com\"},{\"url\":\"https://t.co/b\"},"
	    "{\"start\":1}]}},"
	    "{\"id\":\"11\",\"text\":\"cut\",\"entities\":null,"
	    "\"created_at\":\"2026-08-22T09:00:00Z\",\"note_post\":{"
	    "\"text\":\"whole\",\"entities\":{\"urls\":[{\"url\":"
	    "\"https://t.co/c\",\"expanded_url\":\"http://c.com/\"}]}}}],"
	    "\"meta\":{\"result_count\":2,\"newest_id\":\"12\","
	    "\"next_token\":\"7140dibdnow9\"}}");
	assert_int_equal(read_as(f, &plain, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" NEW);
	assert_string_equal(xs_seen(f->server).auth, "Bearer tok");
	assert_int_equal(xs_seen(f->server).requests, 1);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.next, "7140dibdnow9");
	assert_int_equal(out.windows.quarter.remaining, 899);
	assert_string_equal(out.entries[0].id, "12");
	assert_true(nx_slice_is(out.entries[0].text,
	    "Hi \xe2\x9c\x8c https://t.co/a"));
	assert_int_equal(out.entries[0].created_at, 1787392800);
	assert_string_equal(out.entries[0].reply_to, "11");
	assert_int_equal(out.entries[0].nlinks, 2);
	assert_string_equal(out.entries[0].links[0].shown, "https://t.co/a");
	assert_string_equal(out.entries[0].links[0].meant,
	    "http://example.com");
	assert_string_equal(out.entries[0].links[1].shown, "https://t.co/b");
	assert_null(out.entries[0].links[1].meant);
	assert_true(nx_slice_is(out.entries[1].text, "whole"));
	assert_true(out.complete);
	assert_null(out.entries[1].reply_to);
	assert_int_equal(out.entries[1].nlinks, 1);
	assert_string_equal(out.entries[1].links[0].meant, "http://c.com/");
}

static void
asks_for_what_is_wanted(void **state)
{
	struct x_fixture *f = *state;
	const struct nx_timeline_ask ask = { .x_user_id = "2244994945",
	    .since_id = "99", .start = 1787392800, .page = "a&b=c" };
	struct nx_timeline_ask bad = plain;
	struct nx_timeline out;

	xs_answer(f->server, 200, "", "{\"meta\":{\"result_count\":0}}");
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" NEW "&since_id=99"
	    "&start_time=2026-08-22T10%3A00%3A00Z&pagination_token=a%26b%3Dc");
	bad.x_user_id = "1/../2";
	assert_int_equal(read_as(f, &bad, &out), NX_CLASS_RETRY);
	bad = (struct nx_timeline_ask){ .x_user_id = "1", .since_id = "&" };
	assert_int_equal(read_as(f, &bad, &out), NX_CLASS_RETRY);
	assert_int_equal(xs_seen(f->server).requests, 1);
}

static void
falls_back_to_the_old_names(void **state)
{
	static const char old[] = "{\"data\":[{\"id\":\"1\",\"text\":\"cut\","
	    "\"created_at\":\"2026-08-22T10:00:00.000Z\","
	    "\"referenced_tweets\":[{\"type\":\"replied_to\",\"id\":\"5\"}],"
	    "\"note_tweet\":{\"text\":\"whole\"}}],"
	    "\"meta\":{\"result_count\":\"1\"}}";
	struct x_fixture *f = *state;
	struct nx_timeline out;

	for (int i = 0; i < 2; i++) {
		xs_answer(f->server, i == 0 ? 400 : 200, "", i == 0 ?
		    "{\"title\":\"Invalid Request\",\"type\":\"https://"
		    "api.x.com/2/problems/invalid-request\"}" :
		    "{\"data\":[{\"id\":\"1\",\"text\":\"cut\"}]}");
		xs_then(f->server, 200, "", old);
		assert_int_equal(read_as(f, &plain, &out), NX_CLASS_DONE);
		assert_asked(f, PATH "100" OLD);
		assert_int_equal(xs_seen(f->server).requests, 2 * (i + 1));
		assert_int_equal(out.n, 1);
		assert_true(nx_slice_is(out.entries[0].text, "whole"));
		assert_string_equal(out.entries[0].reply_to, "5");
		assert_int_equal(out.entries[0].created_at, 1787392800);
	}

	/* A server that knows neither is asked twice, and believed. */
	assert_int_equal(answer(f, 200, "{\"data\":[{\"id\":\"1\","
	    "\"text\":\"a\"}]}", &out), NX_CLASS_DONE);
	assert_int_equal(out.entries[0].created_at, 0);
	assert_int_equal(xs_seen(f->server).requests, 6);
}

/* Somebody refuses a parameter: as little as possible is asked for. */
static void
the_last_try_asks_for_nothing(void **state)
{
	struct x_fixture *f = *state;
	struct nx_timeline_ask ask = { .x_user_id = "2244994945",
	    .start = 1787392800, .page = "p" };
	struct nx_timeline out;

	xs_answer(f->server, 400, "", BAD_QUERY);
	xs_then(f->server, 400, "", BAD_QUERY);
	xs_then(f->server, 200, "", "{\"data\":[{\"id\":\"1\","
	    "\"text\":\"a\"}]}");
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100&pagination_token=p");
	assert_int_equal(out.n, 1);
	assert_int_equal(xs_seen(f->server).requests, 3);

	ask = (struct nx_timeline_ask){ .x_user_id = "2244994945",
	    .since_id = "9", .parents = true };
	xs_answer(f->server, 400, "", BAD_QUERY);
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_REFUSED);
	assert_asked(f, PATH "100&since_id=9");
	assert_int_equal(xs_seen(f->server).requests, 6);
}

static void
parents_are_asked_for_where_they_cost_nothing(void **state)
{
	static const char answered[] = "{\"data\":[{\"id\":\"1\","
	    "\"text\":\"a\"" TIME ",\"referenced_posts\":[{\"type\":"
	    "\"replied_to\",\"id\":5}]}]}";
	struct x_fixture *f = *state;
	bool old_names = false;
	struct nx_timeline_ask ask = { .x_user_id = "2244994945",
	    .parents = true, .old_names = &old_names };
	struct nx_timeline out;

	xs_answer(f->server, 200, "", answered);
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" OLD ",referenced_tweets");
	assert_int_equal(xs_seen(f->server).requests, 1);
	assert_string_equal(out.entries[0].reply_to, "5");
	assert_true(old_names);

	old_names = false;
	xs_answer(f->server, 400, "", BAD_QUERY);
	xs_then(f->server, 200, "", answered);
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" NEW "&expansions=referenced_posts");
	assert_int_equal(xs_seen(f->server).requests, 3);
	assert_false(old_names);
}

/* Each page is billed: what the first one taught holds for the others. */
static void
no_page_is_asked_twice(void **state)
{
	static const char bare[] = "{\"data\":[{\"id\":\"1\","
	    "\"text\":\"a\"}]}";
	struct x_fixture *f = *state;
	bool old_names = false;
	struct nx_timeline_ask ask = { .x_user_id = "2244994945",
	    .old_names = &old_names };
	struct nx_timeline out;

	xs_answer(f->server, 200, "", bare);
	xs_then(f->server, 200, "", "{\"data\":[" ONE "]}");
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_true(old_names);
	ask.page = "2";
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" OLD "&pagination_token=2");
	assert_int_equal(xs_seen(f->server).requests, 3);

	/* Nor when the new names were what helped. */
	old_names = false;
	ask.parents = true;
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "100" NEW "&expansions=referenced_posts"
	    "&pagination_token=2");
	xs_answer(f->server, 200, "", bare);
	assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
	assert_int_equal(xs_seen(f->server).requests, 5);
}

static void
nothing_is_only_what_x_says_is_nothing(void **state)
{
	static const struct {
		const char	*body;
		enum nx_class	 want;
	} rows[] = {
		{ "{\"meta\":{\"result_count\":0}}", NX_CLASS_DONE },
		{ "{\"meta\":{\"result_count\":\"0\"}}", NX_CLASS_DONE },
		{ "{\"data\":[],\"meta\":{}}", NX_CLASS_DONE },
		{ "{\"errors\":[{\"type\":\"https://api.x.com/2/problems/"
		  "resource-not-found\",\"title\":\"Not Found Error\"}]}",
		  NX_CLASS_REFUSED },
		{ "{\"errors\":[{\"type\":\"https://api.x.com/2/problems/"
		  "not-authorized-for-resource\"}],"
		  "\"meta\":{\"result_count\":0}}", NX_CLASS_REFUSED },
		{ "{\"data\":[],\"errors\":[{}]}", NX_CLASS_REFUSED },
		{ "{}", NX_CLASS_RETRY },
		{ "{\"meta\":{}}", NX_CLASS_RETRY },
		{ "{\"meta\":{\"result_count\":3}}", NX_CLASS_RETRY },
		{ "{\"data\":{},\"meta\":{\"result_count\":1}}",
		  NX_CLASS_RETRY },
		{ "{\"data\":[{\"id\":\"x\",\"text\":\"a\"},7,null]}",
		  NX_CLASS_RETRY },
		{ "{\"data\":{},\"meta\":{\"result_count\":0}}",
		  NX_CLASS_RETRY },
		{ "{\"data\":null,\"meta\":{\"result_count\":0}}",
		  NX_CLASS_DONE },
		{ "{\"data\":[],\"errors\":{\"a\":1}}", NX_CLASS_REFUSED },
		{ "{\"data\":[", NX_CLASS_RETRY },
		{ "<html>", NX_CLASS_RETRY },
		{ "", NX_CLASS_RETRY },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_timeline out;

		assert_int_equal(answer(f, 200, rows[i].body, &out),
		    rows[i].want);
		assert_int_equal(out.n, 0);
		assert_null(out.next);
	}
}

static void
bad_entries_are_passed_over(void **state)
{
	struct x_fixture *f = *state;
	struct nx_timeline out;

	assert_int_equal(answer(f, 200, "{\"data\":[{\"id\":\"1a\","
	    "\"text\":\"a\"},{\"id\":\"2\"},null,{\"id\":\"3\","
	    "\"text\":\"\",\"created_at\":\"2026-08-22T10:00:00Z\"},"
	    "{\"id\":\"12345678901234567890\",\"text\":\"b\"}],"
	    "\"errors\":[{\"title\":\"Forbidden\"}]}", &out), NX_CLASS_DONE);
	assert_int_equal(out.n, 1);
	assert_string_equal(out.entries[0].id, "3");
	assert_int_equal(out.entries[0].text.n, 0);
	assert_false(out.complete);
}

static void
a_page_is_complete_or_not(void **state)
{
	static const struct {
		const char	*body, *next;
		bool		 complete;
	} rows[] = {
		{ "{\"data\":[" ONE "]}", NULL, true },
		{ "{\"data\":[" ONE "],\"errors\":[],\"meta\":{"
		  "\"next_token\":null}}", NULL, true },
		{ "{\"data\":[" ONE "],\"errors\":null,\"meta\":{"
		  "\"result_count\":1,\"next_token\":\"\"}}", NULL, true },
		{ "{\"data\":[" ONE "],\"meta\":{\"next_token\":\"n\"}}",
		  "n", true },
		{ "{\"data\":[" ONE "],\"meta\":{\"next_token\":12}}",
		  "12", true },
		{ "{\"meta\":{\"result_count\":0,\"next_token\":\"n\"}}",
		  "n", true },
		{ "{\"data\":[" ONE "],\"meta\":{\"next_token\":1.5}}",
		  NULL, false },
		{ "{\"data\":[" ONE "],\"meta\":{\"next_token\":{}}}",
		  NULL, false },
		{ "{\"data\":[" ONE "],\"meta\":\"?\"}", NULL, false },
		{ "{\"data\":[" ONE "],\"meta\":{\"result_count\":2}}",
		  NULL, false },
		{ "{\"data\":[" ONE ",null]}", NULL, false },
		{ "{\"data\":[" ONE ",{\"id\":2}]}", NULL, false },
		{ "{\"data\":[" ONE ",{\"id\":1.5,\"text\":\"b\"}]}", NULL,
		  false },
		{ "{\"data\":[" ONE "],\"errors\":[{}]}", NULL, false },
		{ "{\"data\":[" ONE "],\"errors\":{}}", NULL, false },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_timeline out;

		assert_int_equal(answer(f, 200, rows[i].body, &out),
		    NX_CLASS_DONE);
		if (out.complete != rows[i].complete)
			fail_msg("complete is %d: %s", out.complete,
			    rows[i].body);
		if (rows[i].next == NULL)
			assert_null(out.next);
		else
			assert_string_equal(out.next, rows[i].next);
	}
}

static void
odd_entries_are_read(void **state)
{
	static const struct {
		const char	*entry, *id, *text;
		int64_t		 at;
		bool		 is_cut;
	} rows[] = {
		{ "\"id\":12,\"text\":\"a\"", "12", "a", 0, false },
		{ "\"id\":1900000000000000000,\"text\":\"a\"",
		  "1900000000000000000", "a", 1741830274, false },
		{ "\"id\":\"1900000000000000000\",\"text\":\"a\"" TIME,
		  "1900000000000000000", "a", 1787392800, false },
		{ "\"id\":\"100000000000000\",\"text\":\"a\"",
		  "100000000000000", "a", 1288858816, false },
		{ "\"id\":\"99999999999999\",\"text\":\"a\"",
		  "99999999999999", "a", 0, false },
		{ "\"id\":\"1\",\"text\":\"a\",\"note_tweet\":{"
		  "\"text\":\"\"}", "1", "a", 0, false },
		{ "\"id\":\"1\",\"text\":\"a \xe2\x80\xa6"
		  " https://t.co/Ab1\"", "1", "a \xe2\x80\xa6"
		  " https://t.co/Ab1", 0, true },
		{ "\"id\":\"1\",\"text\":\"a\xe2\x80\xa6\",\"note_post\":"
		  "{\"text\":\"\"}", "1", "a\xe2\x80\xa6", 0, true },
		{ "\"id\":\"1\",\"text\":\"a\xe2\x80\xa6\",\"note_post\":"
		  "{\"text\":\"abc\xe2\x80\xa6\"}", "1",
		  "abc\xe2\x80\xa6", 0, false },
		{ "\"id\":\"1\",\"text\":\"a\",\"truncated\":true", "1",
		  "a", 0, true },
		{ "\"id\":\"1\",\"text\":\"a\xe2\x80\xa6 b\"", "1",
		  "a\xe2\x80\xa6 b", 0, false },
		{ "\"id\":\"1\",\"text\":\"a https://t.co/Ab1\"", "1",
		  "a https://t.co/Ab1", 0, false },
		{ "\"id\":\"1\",\"text\":\"https://t.co/\"", "1",
		  "https://t.co/", 0, false },
		/* an ellipsis before a link that its author wrote */
		{ "\"id\":\"1\",\"text\":\"\xe2\x80\xa6 https://t.co/b\","
		  "\"entities\":{\"urls\":[{\"url\":\"https://t.co/b\","
		  "\"expanded_url\":\"http://b.com\"}]}", "1",
		  "\xe2\x80\xa6 https://t.co/b", 0, false },
		{ "\"id\":\"1\",\"text\":\"\xe2\x80\xa6 https://t.co/b\","
		  "\"entities\":{\"urls\":[{\"url\":\"https://t.co/b\","
		  "\"expanded_url\":\"https://x.com/i/web/status/1\"}]}",
		  "1", "\xe2\x80\xa6 https://t.co/b", 0, true },
		/* what is not well formed, and what is said twice */
		{ "\"id\":\"1\",\"text\":\"a\\ud83d\"", "1",
		  "a\xef\xbf\xbd", 0, false },
		{ "\"id\":\"1\",\"text\":\"a\\u0000b\"", "1",
		  "a\xef\xbf\xbd" "b", 0, false },
		{ "\"id\":\"1\",\"text\":\"a\",\"text\":\"b\"", "1", "b",
		  0, false },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_timeline out;
		char body[800];

		(void)snprintf(body, sizeof(body), "{\"data\":[{%s}]}",
		    rows[i].entry);
		assert_int_equal(answer(f, 200, body, &out), NX_CLASS_DONE);
		assert_true(out.complete);
		assert_string_equal(out.entries[0].id, rows[i].id);
		assert_int_equal(out.entries[0].created_at, rows[i].at);
		if (!nx_slice_is(out.entries[0].text, rows[i].text) ||
		    out.entries[0].is_cut != rows[i].is_cut)
			fail_msg("%zu: is_cut is %d, text is %s", i,
			    out.entries[0].is_cut, out.entries[0].text.p);
	}
}

/* Servers that know nothing of start_time, or would not be asked for it. */
static void
it_ends_where_all_is_older(void **state)
{
	static const char page[] = "{\"data\":[" ONE ",{\"id\":\"2\","
	    "\"text\":\"b\",\"created_at\":\"2026-08-22T10:00:01Z\"}],"
	    "\"meta\":{\"next_token\":\"n\"}}";
	struct x_fixture *f = *state;
	struct nx_timeline_ask ask = { .x_user_id = "2244994945" };
	struct nx_timeline out;

	for (int i = 0; i < 3; i++) {
		ask.start = i == 0 ? 0 : 1787392800 + i;
		xs_answer(f->server, 200, "", page);
		assert_int_equal(read_as(f, &ask, &out), NX_CLASS_DONE);
		assert_int_equal(out.n, 2);
		assert_true(out.complete);
		if (i < 2)
			assert_string_equal(out.next, "n");
		else
			assert_null(out.next);
	}
}

static void
refusals_are_told_apart(void **state)
{
	static const struct {
		int		 status;
		const char	*body;
		enum nx_class	 want;
	} rows[] = {
		{ 401, "{\"title\":\"Unauthorized\"}", NX_CLASS_TOKEN },
		{ 402, "{\"title\":\"CreditsDepleted\"}", NX_CLASS_MONEY },
		{ 403, "{\"title\":\"Forbidden\"}", NX_CLASS_REFUSED },
		{ 404, "", NX_CLASS_RETRY },
		{ 429, "{\"title\":\"Too Many Requests\"}", NX_CLASS_RATE },
		{ 503, "{\"title\":\"Service Unavailable\"}",
		  NX_CLASS_RETRY },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_timeline out;

		assert_int_equal(answer(f, rows[i].status, rows[i].body,
		    &out), rows[i].want);
		assert_null(out.entries);
		assert_int_equal(xs_seen(f->server).requests, i + 1);
	}
}

/* The posts of an account that writes long ones do not fit all at once. */
static void
long_pages_are_asked_for_shorter(void **state)
{
	static const char few[] = "{\"data\":[{\"id\":\"1\",\"text\":\"a\","
	    "\"created_at\":\"2026-08-22T10:00:00Z\"}]}";
	struct x_fixture *f = *state;
	struct nx_arena *usual = f->x.arena;
	char body[3200];
	struct nx_timeline out;

	(void)snprintf(body, sizeof(body), "{\"data\":[{\"id\":\"1\","
	    "\"text\":\"%03000d\"}]}", 0);
	f->x.arena = nx_arena_new(8 * 1024);
	assert_non_null(f->x.arena);
	xs_answer(f->server, 200, "", body);
	xs_then(f->server, 200, "", few);
	assert_int_equal(read_as(f, &plain, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "10" NEW);
	assert_int_equal(out.n, 1);

	assert_int_equal(answer(f, 200, body, &out), NX_CLASS_RETRY);
	assert_true(nx_arena_ok(f->x.arena));
	nx_arena_free(f->x.arena);
	f->x.arena = usual;

	(void)snprintf(f->api, sizeof(f->api), "%s",
	    xs_url(f->server, "127.0.0.1", "/huge"));
	assert_int_equal(read_as(f, &plain, &out), NX_CLASS_RETRY);
	assert_asked(f, "/huge" PATH "10" NEW);
	assert_int_equal(xs_seen(f->server).requests, 6);
}

/* That the network failed says nothing about the length. */
static void
what_was_lost_is_not_asked_again(void **state)
{
	struct x_fixture *f = *state;
	struct nx_timeline out;

	xs_answer(f->server, 200, "Transfer-Encoding: chunked\r\n", "?\r\n");
	assert_int_equal(read_as(f, &plain, &out), NX_CLASS_RETRY);
	assert_asked(f, PATH "100" NEW);
	assert_int_equal(xs_seen(f->server).requests, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		X_TEST(reads_the_new_names),
		X_TEST(asks_for_what_is_wanted),
		X_TEST(falls_back_to_the_old_names),
		X_TEST(the_last_try_asks_for_nothing),
		X_TEST(parents_are_asked_for_where_they_cost_nothing),
		X_TEST(no_page_is_asked_twice),
		X_TEST(nothing_is_only_what_x_says_is_nothing),
		X_TEST(bad_entries_are_passed_over),
		X_TEST(a_page_is_complete_or_not),
		X_TEST(odd_entries_are_read),
		X_TEST(it_ends_where_all_is_older),
		X_TEST(refusals_are_told_apart),
		X_TEST(long_pages_are_asked_for_shorter),
		X_TEST(what_was_lost_is_not_asked_again),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
