/* test_publish_options.c - a post's options, to JSON and back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/publish/options.h"

static int
set_up(void **state)
{
	*state = nx_arena_new(64 * 1024);
	return *state == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	nx_arena_free(*state);
	return 0;
}

static void
only_what_is_set_is_written(void **state)
{
	const struct nx_options none = { 0 };

	assert_string_equal(nx_options_text(&none, *state), "{}");
}

static void
everything_comes_back(void **state)
{
	const struct nx_options all = { .reply_to = "1", .quote = "2",
	    .reply_settings = "following", .poll = { { "a \"b\"",
	    "\xc3\xa9", "c", "d" }, 4, 5 }, 
	    .marks = { .made_with_ai = true, .paid_partnership = true },
	    .queue = true, .withdraw = true };
	const char *text = nx_options_text(&all, *state);
	struct nx_options out;

	assert_string_equal(text, "{\"reply_to\":\"1\","
	    "\"quote_tweet_id\":\"2\",\"reply_settings\":\"following\","
	    "\"poll\":{\"options\":[\"a \\\"b\\\"\",\"\xc3\xa9\",\"c\","
	    "\"d\"],\"duration_minutes\":5},\"made_with_ai\":true,"
	    "\"paid_partnership\":true,\"queue\":true,"
	    "\"on_partial\":\"delete\"}");
	assert_int_equal(nx_options_read(text, *state, &out, NULL), NX_OK);
	assert_string_equal(out.reply_to, "1");
	assert_string_equal(out.quote, "2");
	assert_string_equal(out.reply_settings, "following");
	assert_int_equal(out.poll.n, 4);
	assert_int_equal(out.poll.minutes, 5);
	for (int i = 0; i < 4; i++)
		assert_string_equal(out.poll.options[i], all.poll.options[i]);
	assert_true(out.marks.made_with_ai && out.marks.paid_partnership);
	assert_true(out.queue && out.withdraw);
}

/* One mark at a time: each has a member and a field of its own. */
static void
each_mark_comes_back_alone(void **state)
{
	struct nx_options one, out;

#define CHECK_MARK(name) \
	one = (struct nx_options){ .marks = { .name = true } }; \
	assert_string_equal(nx_options_text(&one, *state), \
	    "{\"" #name "\":true}"); \
	assert_int_equal(nx_options_read(nx_options_text(&one, *state), \
	    *state, &out, NULL), NX_OK); \
	assert_memory_equal(&out.marks, &one.marks, sizeof(out.marks));
	NX_X_MARKS(CHECK_MARK)
}

static void
older_and_newer_rows_read(void **state)
{
	struct nx_options out;

	assert_int_equal(nx_options_read("{\"reply_to\": \"17\","
	    " \"paid_partnership\": true}", *state, &out, NULL), NX_OK);
	assert_string_equal(out.reply_to, "17");
	assert_true(out.marks.paid_partnership);
	assert_false(out.queue || out.withdraw || out.marks.made_with_ai);
	assert_int_equal(out.poll.n, 0);
	assert_null(out.quote);
	assert_int_equal(nx_options_read("{}", *state, &out, NULL), NX_OK);
	assert_int_equal(nx_options_read("{\"later\": {\"a\": [1]},"
	    " \"queue\": true, \"quote_tweet_id\": null,"
	    " \"on_partial\": \"keep\"}", *state, &out, NULL), NX_OK);
	assert_true(out.queue);
	assert_false(out.withdraw);
}

static void
broken_rows_do_not_read(void **state)
{
	static const char *const texts[] = {
		NULL, "", "[]", "{", "{\"reply_to\":7}", "{\"queue\":1}",
		"{\"poll\":[]}", "{\"poll\":{\"options\":[\"a\"],"
		"\"duration_minutes\":5}}",
		"{\"poll\":{\"options\":[\"a\",2],\"duration_minutes\":5}}",
		"{\"poll\":{\"options\":[\"a\",\"b\"]}}",
		"{\"poll\":{\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\"],"
		"\"duration_minutes\":5}}",
		"{\"poll\":{\"options\":[\"a\",\"b\"],"
		"\"duration_minutes\":0}}",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct nx_options out;
		struct nx_err err;

		assert_int_equal(nx_options_read(texts[i], *state, &out,
		    &err), NX_INTERNAL);
		assert_int_equal(err.rc, NX_INTERNAL);
		assert_null(out.reply_to);
		assert_int_equal(out.poll.n, 0);
	}
}

static void
x_rules_are_checked(void **state)
{
	struct nx_options o = { .poll = { { "a", "b" }, 2, 5 } };
	struct nx_err err = { 0 };

	(void)state;
	assert_int_equal(nx_options_check(&o, "payg", &err), NX_OK);
	o.quote = "20";
	assert_int_equal(nx_options_check(&o, "enterprise", &err),
	    NX_INVALID);
	assert_string_equal(err.detail, "X takes either a poll or a quote in"
	    " one post, not both.");
	o.poll.n = 0;
	assert_int_equal(nx_options_check(&o, "enterprise", &err), NX_OK);
	assert_int_equal(nx_options_check(&o, "pro", &err),
	    NX_QUOTE_REFUSED);
	assert_non_null(strstr(err.detail, "\"pro\" (TWITTER_PLAN)"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_set_is_written),
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(each_mark_comes_back_alone),
		cmocka_unit_test(older_and_newer_rows_read),
		cmocka_unit_test(broken_rows_do_not_read),
		cmocka_unit_test(x_rules_are_checked),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
