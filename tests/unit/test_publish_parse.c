/* test_publish_parse.c - the body of a post, member by member. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/publish/publish.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define MARK(name)	{ #name, "bool" },
#define MARK_TRUE(name)	"\"" #name "\":true,"

/* All members, and what each is of. */
static const struct { const char *name, *good; } post_members[] = {
	{ "text", "string" }, { "user_id", "uuid" },
	{ "connection_id", "uuid" }, { "on_long", "enum" },
	{ "link", "string" }, { "reply_to", "digits" },
	{ "reply_settings", "enum" }, NX_X_MARKS(MARK)
	{ "numbering", "bool" }, { "quote_tweet_id", "digits" },
	{ "poll", "object" }, { "publish_at", "time" }, { "queue", "bool" },
	{ "on_partial", "enum" }, { "dry_run", "bool" },
	{ "media_ids", "array" }, { "metrics", "bool" },
};

static const char everything[] = " {\"text\":\"Gr\\u00fc\\u00dfe "
    "\\ud83d\\ude00\",\"user_id\":\"" WEB_USER "\",\"connection_id\":"
    "\"" WEB_OTHER "\",\"on_long\":\"thread\",\"link\":\"https://l\","
    "\"media_ids\":[],\"reply_to\":\"1445880548472328192\","
    "\"reply_settings\":\"mentionedUsers\",\"quote_tweet_id\":\"7\","
    "\"poll\":{\"options\":[\"a\",\"\\u00fc b\",\"c\"],"
    "\"duration_minutes\":60}," NX_X_MARKS(MARK_TRUE)
    "\"numbering\":true,\"on_partial\":\"delete\",\"publish_at\":null,"
    "\"queue\":true,\"metrics\":false,\"dry_run\":true}\n";

static enum nx_rc
parse(struct web *w, struct nx_slice body, struct nx_publish_ask *out)
{
	enum nx_rc rc;

	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	rc = nx_publish_parse(&w->ctx, body, out);
	if (rc != NX_OK)
		assert_true(w->ctx.err.detail[0] != '\0');
	return rc;
}

static enum nx_rc
parse_str(struct web *w, const char *body, struct nx_publish_ask *out)
{
	return parse(w, nx_slice_str(body), out);
}

/* What is offered is tried below: in everything, and with other types. */
static void
leaves_no_member_untried(void **state)
{
	struct web *w = *state;
	const char *name;
	size_t n = 0;

	for (; (name = nx_publish_member(n)) != NULL; n++) {
		size_t i = 0;

		while (i < COUNT(post_members) &&
		    strcmp(post_members[i].name, name) != 0)
			i++;
		if (i == COUNT(post_members) ||
		    strstr(everything, nx_arena_printf(
		    w->ctx.arena, "\"%s\":", name)) == NULL)
			fail_msg("nothing tries \"%s\"", name);
	}
	assert_int_equal(n, COUNT(post_members));
}

static void
reads_every_member(void **state)
{
	struct web *w = *state;
	struct nx_publish_ask a;

	assert_int_equal(parse_str(w, everything, &a), NX_OK);
	assert_true(nx_slice_is(a.text,
	    "Gr\xc3\xbc\xc3\x9f""e \xf0\x9f\x98\x80"));
	assert_string_equal(a.user_id, WEB_USER);
	assert_string_equal(a.connection_id, WEB_OTHER);
	assert_int_equal(a.on_long, NX_THREAD);
	assert_true(nx_slice_is(a.link, "https://l"));
	assert_string_equal(a.options.reply_to, "1445880548472328192");
	assert_string_equal(a.options.reply_settings, "mentionedUsers");
	assert_string_equal(a.options.quote, "7");
	assert_int_equal(a.options.poll.n, 3);
	assert_string_equal(a.options.poll.options[0], "a");
	assert_string_equal(a.options.poll.options[1], "\xc3\xbc b");
	assert_string_equal(a.options.poll.options[2], "c");
	assert_int_equal(a.options.poll.minutes, 60);
	assert_true(a.options.marks.made_with_ai);
	assert_true(a.options.marks.paid_partnership);
	assert_true(a.options.queue && a.options.withdraw);
	assert_true(a.numbering && a.dry_run);
	assert_int_equal(a.publish_at, 0);
	assert_null(a.key);		/* a header, not a member */
}

static void
leaves_the_rest_at_its_default(void **state)
{
	struct web *w = *state;
	struct nx_publish_ask a;

	assert_int_equal(parse_str(w, "{\"text\":\"x\"}", &a), NX_OK);
	assert_null(a.user_id);
	assert_null(a.connection_id);
	assert_int_equal(a.on_long, NX_TRUNCATE);
	assert_int_equal(a.link.n, 0);
	assert_null(a.options.reply_to);
	assert_null(a.options.reply_settings);
	assert_null(a.options.quote);
	assert_int_equal(a.options.poll.n, 0);
	assert_false(a.options.marks.made_with_ai);
	assert_false(a.options.marks.paid_partnership);
	assert_false(a.options.queue || a.options.withdraw);
	assert_int_equal(a.publish_at, 0);
	assert_false(a.numbering || a.dry_run);
}

/* Each with every type that it is not; the answer names the member. */
static void
refuses_wrong_types(void **state)
{
	static const struct { const char *json, *kind; } values[] = {
		{ "\"other\"", "string" }, { "\"\"", "string" },
		{ "true", "bool" }, { "0", "" }, { "1", "" }, { "1.5", "" },
		{ "[]", "array" }, { "[\"x\"]", "array" }, { "{}", "" },
	};
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(post_members); i++) {
		for (size_t k = 0; k < COUNT(values); k++) {
			if (strcmp(post_members[i].good, values[k].kind) == 0)
				continue;
			assert_int_equal(parse_str(w, nx_arena_printf(
			    w->ctx.arena, "{\"%s\":%s}", post_members[i].name,
			    values[k].json), &a), NX_INVALID);
			assert_non_null(strstr(w->ctx.err.detail,
			    post_members[i].name));
		}
	}
}

static void
bounds_values(void **state)
{
	static const struct { const char *member; enum nx_rc rc; } cases[] = {
		{ "\"user_id\":\"" WEB_USER "\"", NX_OK },
		{ "\"user_id\":\"6F1C1D2E-0000-4000-8000-00000000ABCD\"",
		  NX_OK },
		{ "\"user_id\":\"" WEB_USER "0\"", NX_INVALID },
		{ "\"user_id\":\"6f1c1d2e00004000800000000000abcd\"",
		  NX_INVALID },
		{ "\"user_id\":\"{6f1c1d2e-0000-4000-8000-00000000abc}\"",
		  NX_INVALID },
		{ "\"connection_id\":\"6f1c1d2e-0000-4000-8000-00000000abcg\"",
		  NX_INVALID },
		{ "\"on_long\":\"truncate\"", NX_OK },
		{ "\"on_long\":\"reject\"", NX_OK },
		{ "\"on_long\":\"Thread\"", NX_INVALID },
		{ "\"on_long\":\"thread \"", NX_INVALID },
		{ "\"reply_to\":\"1\"", NX_OK },
		{ "\"reply_to\":\"9999999999999999999\"", NX_OK },
		{ "\"reply_to\":\"10000000000000000000\"", NX_INVALID },
		{ "\"reply_to\":\"0\"", NX_INVALID },
		{ "\"reply_to\":\"0123\"", NX_INVALID },
		{ "\"reply_to\":\"-1\"", NX_INVALID },
		{ "\"reply_to\":\"1 \"", NX_INVALID },
		{ "\"reply_to\":\"12a\"", NX_INVALID },
		{ "\"reply_to\":\"\\u0661\"", NX_INVALID },
		{ "\"quote_tweet_id\":\"1\"", NX_OK },
		{ "\"quote_tweet_id\":\"10000000000000000000\"", NX_INVALID },
		{ "\"quote_tweet_id\":\"https://x.com/a/status/1\"",
		  NX_INVALID },
		{ "\"on_partial\":\"keep\"", NX_OK },
		{ "\"on_partial\":\"Delete\"", NX_INVALID },
		{ "\"reply_settings\":\"following\"", NX_OK },
		{ "\"reply_settings\":\"subscribers\"", NX_OK },
		{ "\"reply_settings\":\"verified\"", NX_OK },
		{ "\"reply_settings\":\"everyone\"", NX_INVALID },
		{ "\"reply_settings\":\"mentionedusers\"", NX_INVALID },
	};
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"text\":\"x\",%s}", cases[i].member), &a),
		    cases[i].rc);
}

#define O25 "1234567890123456789012345"
#define U25 "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80" "2345678901234567890123"

static void
bounds_polls(void **state)
{
	static const struct { const char *poll, *word; } cases[] = {
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":5", NULL },
		{ "\"duration_minutes\":10080,\"options\":[\"a\",\"b\",\"c\","
		  "\"d\"]", NULL },
		{ "\"options\":[\"" O25 "\",\"b\"],\"duration_minutes\":60",
		  NULL },
		{ "\"options\":[\"" U25 "\",\"b\"],\"duration_minutes\":60",
		  NULL },
		{ "\"options\":[\"" U25 "x\",\"b\"],\"duration_minutes\":60",
		  "poll.options" },
		{ "\"options\":[\"" O25 "6\",\"b\"],\"duration_minutes\":60",
		  "poll.options" },
		{ "", "poll.options" },
		{ "\"duration_minutes\":5", "poll.options" },
		{ "\"options\":null,\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":{},\"duration_minutes\":5", "poll.options" },
		{ "\"options\":[],\"duration_minutes\":5", "poll.options" },
		{ "\"options\":[\"a\"],\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":[\"a\",\"b\",\"c\",\"d\",\"e\"],"
		  "\"duration_minutes\":5", "poll.options" },
		{ "\"options\":[\"a\",\"\"],\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":[\"a\",\" \\n\"],\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":[\"a\",1],\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":[\"a\",null],\"duration_minutes\":5",
		  "poll.options" },
		{ "\"options\":[\"a\",\"b\"]", "poll.duration_minutes" },
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":4",
		  "poll.duration_minutes" },
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":10081",
		  "poll.duration_minutes" },
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":\"60\"",
		  "poll.duration_minutes" },
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":60.5",
		  "poll.duration_minutes" },
		{ "\"options\":[\"a\",\"b\"],\"duration_minutes\":"
		  "4294967356", "poll.duration_minutes" },
	};
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum nx_rc rc = parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"text\":\"x\",\"poll\":{%s}}", cases[i].poll), &a);

		assert_int_equal(rc, cases[i].word == NULL ? NX_OK :
		    NX_INVALID);
		if (rc != NX_OK)
			assert_non_null(strstr(w->ctx.err.detail,
			    cases[i].word));
	}
	assert_int_equal(parse_str(w, "{\"text\":\"x\",\"poll\":{\"options\":"
	    "[\"a\",\"b\"],\"duration_minutes\":5,\"reply_settings\":null}}",
	    &a), NX_UNKNOWN_MEMBER);
	assert_non_null(strstr(w->ctx.err.detail, "poll.reply_settings"));
}

/* The text of a time that lies `ahead` seconds from now. */
static const char *
at(struct web *w, int64_t ahead)
{
	char text[NX_RFC3339_MAX];

	nx_clock_text(nx_clock_wall() + ahead, text);
	return nx_arena_printf(w->ctx.arena,
	    "{\"text\":\"x\",\"publish_at\":\"%s\"}", text);
}

static void
bounds_the_time(void **state)
{
	static const char *const never[] = { "soon", "", "2026-11-22",
	    "2026-11-22T10:00", "2026-11-22T10:00:00", "1700000000",
	    "2026-02-30T10:00:00Z", "2026-11-22T25:00:00Z" };
	struct web *w = *state;
	int64_t now = nx_clock_wall();
	struct nx_publish_ask a;

	assert_int_equal(parse_str(w, at(w, 3600), &a), NX_OK);
	assert_in_range(a.publish_at, now + 3600, now + 3610);
	assert_int_equal(parse_str(w, at(w, 365 * 86400), &a), NX_OK);
	assert_int_equal(parse_str(w, at(w, -90), &a), NX_OK);
	assert_in_range(a.publish_at, now - 90, now - 80);
	assert_int_equal(parse_str(w, at(w, 367 * 86400), &a), NX_INVALID);
	assert_non_null(strstr(w->ctx.err.detail, "a year"));
	for (size_t i = 0; i < COUNT(never); i++) {
		assert_int_equal(parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"text\":\"x\",\"publish_at\":\"%s\"}", never[i]), &a),
		    NX_INVALID);
		assert_memory_equal(w->ctx.err.detail, "publish_at", 10);
	}
}

static void
takes_null_for_absent(void **state)
{
	struct web *w = *state;
	struct nx_publish_ask a, plain;

	assert_int_equal(parse_str(w, "{\"text\":\"x\"}", &plain), NX_OK);
	for (size_t i = 0; i < COUNT(post_members); i++) {
		if (strcmp(post_members[i].name, "text") == 0)
			continue;
		assert_int_equal(parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"%s\":null,\"text\":\"x\"}",
		    post_members[i].name), &a), NX_OK);
		plain.text = a.text;
		assert_memory_equal(&a, &plain, sizeof(a));
	}
	assert_int_equal(parse_str(w, "{\"text\":null}", &a), NX_TEXT_EMPTY);
	assert_int_equal(parse_str(w, "{}", &a), NX_TEXT_EMPTY);
}

static void
names_unknown_members(void **state)
{
	static const char *const names[] = { "txt", "Text", "text ", "",
	    "idempotency_key", "TEXT", "\\u0074ext2", "publishAt",
	    "constructor", "__proto__" };
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"text\":\"x\",\"%s\":null}", names[i]), &a),
		    NX_UNKNOWN_MEMBER);
		if (names[i][0] != '\\')
			assert_non_null(strstr(w->ctx.err.detail,
			    nx_arena_printf(w->ctx.arena, "\"%s\"",
			    names[i])));
	}
	/* the name may be written with escapes, and it is one name then */
	assert_int_equal(parse_str(w, "{\"\\u0074ext\":\"x\"}", &a), NX_OK);
	assert_int_equal(parse_str(w, "{\"text\":\"x\",\"\\u0074ext\":\"y\"}",
	    &a), NX_NOT_JSON);
}

static void
says_what_is_not_offered(void **state)
{
	static const char *const members[] = { "\"media_ids\":[\"1\"]",
	    "\"media_ids\":[1]", "\"metrics\":true" };
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(members); i++) {
		const char *end = strchr(members[i] + 1, '"');

		assert_int_equal(parse_str(w, nx_arena_printf(w->ctx.arena,
		    "{\"text\":\"x\",%s}", members[i]), &a), NX_NOT_OFFERED);
		assert_memory_equal(w->ctx.err.detail, members[i] + 1,
		    (size_t)(end - members[i] - 1));
	}
	assert_int_equal(parse_str(w, "{\"text\":\"x\",\"media_ids\":[],"
	    "\"metrics\":false}", &a), NX_OK);
}

static void
refuses_what_is_not_json(void **state)
{
	static const char *const bodies[] = { "", " ", "x", "null", "true",
	    "7", "\"text\"", "[]", "[{\"text\":\"x\"}]", "{", "}",
	    "{\"text\"}", "{\"text\":}", "{\"text\":\"x\"", "{\"text\":\"x",
	    "{\"text\":\"x\",}", "{\"text\":\"x\"}}", "{\"text\":\"x\"} {}",
	    "{text:\"x\"}", "{'text':'x'}", "{\"text\":\"x\"}//c",
	    "/*c*/{\"text\":\"x\"}", "{\"text\":NaN}", "{\"text\":01}",
	    "{\"text\":\"a\nb\"}", "{\"text\":\"\\x\"}",
	    "{\"text\":\"\\u00\"}", "{\"text\":\"\\ud800\"}",
	    "{\"text\":\"\\ude00\\ud83d\"}", "{\"text\":\"\\u0000\"}",
	    "{\"text\":\"\xff\"}", "{\"text\":\"\xc0\xaf\"}",
	    "{\"text\":\"\xed\xa0\x80\"}", "{\"te\xffxt\":\"x\"}",
	    "{\"text\":\"x\",\"text\":\"x\"}",
	    "\xef\xbb\xbf{\"text\":\"x\"}" };
	struct web *w = *state;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(bodies); i++)
		assert_int_equal(parse_str(w, bodies[i], &a), NX_NOT_JSON);
	assert_int_equal(parse(w, NX_SLICE("{\"text\":\"a\0b\"}"), &a),
	    NX_NOT_JSON);
	assert_int_equal(parse(w, NX_SLICE("{\"text\":\"x\"}\0"), &a),
	    NX_NOT_JSON);
}

static void
bounds_nesting(void **state)
{
	enum { DEEP = 10000 };
	struct web *w = *state;
	struct nx_buf body = NX_BUF(NX_BODY_MAX);
	struct nx_publish_ask a;

	nx_buf_adds(&body, "{\"media_ids\":");
	for (int i = 0; i < DEEP; i++)
		nx_buf_addc(&body, '[');
	for (int i = 0; i < DEEP; i++)
		nx_buf_addc(&body, ']');
	nx_buf_addc(&body, '}');
	assert_int_equal(parse(w, nx_buf_slice(&body), &a), NX_NOT_JSON);
	nx_buf_reset(&body);
	for (int i = 0; i < DEEP; i++)
		nx_buf_adds(&body, "{\"poll\":");
	assert_int_equal(parse(w, nx_buf_slice(&body), &a), NX_NOT_JSON);
	nx_buf_free(&body);
}

static void
takes_a_text_as_long_as_a_body(void **state)
{
	struct web *w = *state;
	struct nx_buf body = NX_BUF(NX_BODY_MAX);
	struct nx_publish_ask a;

	nx_buf_adds(&body, "{\"text\":\"");
	while (body.n < NX_BODY_MAX - 2)
		nx_buf_addc(&body, 'x');
	nx_buf_adds(&body, "\"}");
	assert_true(nx_buf_ok(&body));
	assert_int_equal(parse(w, nx_buf_slice(&body), &a), NX_OK);
	assert_int_equal(a.text.n, NX_BODY_MAX - 11);
	nx_buf_free(&body);
}

/* With an arena that is full at each point in turn. */
static void
lack_of_memory_is_no_mistake_of_the_client(void **state)
{
	static const char *const bodies[] = {
		"{\"text\":\"0123456789abcdef0123456789abcdef\"}",
		"{\"connection_id\":\"" WEB_OTHER "\",\"text\":\"t\"}",
		"{\"on_long\":\"thread\",\"text\":\"t\"}",
		"{\"reply_to\":\"1445880548472328192\",\"text\":\"t\"}",
		"{\"reply_settings\":\"following\",\"text\":\"t\"}",
		"{\"on_partial\":\"keep\",\"text\":\"t\"}",
		"{\"publish_at\":\"2026-01-01T00:00:00Z\",\"text\":\"t\"}",
		"{\"poll\":{\"options\":[\"a\",\"b\"],"
		    "\"duration_minutes\":60},\"text\":\"t\"}",
	};
	struct web *w = *state;
	struct nx_arena *whole = w->ctx.arena;
	struct nx_publish_ask a;

	for (size_t i = 0; i < COUNT(bodies); i++) {
		enum nx_rc rc = NX_NO_MEMORY;
		int tries = 0;

		for (size_t max = 0; rc == NX_NO_MEMORY; max += 8) {
			w->ctx.arena = nx_arena_new(max);
			assert_non_null(w->ctx.arena);
			rc = parse_str(w, bodies[i], &a);
			nx_arena_free(w->ctx.arena);
			tries++;
		}
		assert_int_equal(rc, NX_OK);
		assert_true(tries > 1);
	}
	w->ctx.arena = whole;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(leaves_no_member_untried),
		WEB_TEST(reads_every_member),
		WEB_TEST(leaves_the_rest_at_its_default),
		WEB_TEST(refuses_wrong_types),
		WEB_TEST(bounds_values),
		WEB_TEST(bounds_polls),
		WEB_TEST(bounds_the_time),
		WEB_TEST(takes_null_for_absent),
		WEB_TEST(names_unknown_members),
		WEB_TEST(says_what_is_not_offered),
		WEB_TEST(refuses_what_is_not_json),
		WEB_TEST(bounds_nesting),
		WEB_TEST(takes_a_text_as_long_as_a_body),
		WEB_TEST(lack_of_memory_is_no_mistake_of_the_client),
	};

	return cmocka_run_group_tests_name("publish/parse", tests, NULL,
	    NULL);
}
