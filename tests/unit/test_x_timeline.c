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
	assert_int_equal(answer(f, 400, "{\"title\":\"Invalid Request\"}",
	    &out), NX_CLASS_REFUSED);
	assert_int_equal(xs_seen(f->server).requests, 8);
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

	xs_answer(f->server, 200, "Transfer-Encoding: chunked\r\n", "?\r\n");
	xs_then(f->server, 200, "", few);
	assert_int_equal(read_as(f, &plain, &out), NX_CLASS_DONE);
	assert_asked(f, PATH "10" NEW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		X_TEST(reads_the_new_names),
		X_TEST(asks_for_what_is_wanted),
		X_TEST(falls_back_to_the_old_names),
		X_TEST(nothing_is_only_what_x_says_is_nothing),
		X_TEST(bad_entries_are_passed_over),
		X_TEST(refusals_are_told_apart),
		X_TEST(long_pages_are_asked_for_shorter),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
