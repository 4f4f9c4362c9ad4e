/* test_base_json.c - strict reading, plain writing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <stdlib.h>

#include "nx/base/json.h"

static enum nx_rc
parse(struct nx_slice text)
{
	struct json_object *v = (void *)1;
	struct nx_err err = { 0 };
	enum nx_rc rc = nx_json_parse(text, &v, &err);

	assert_int_equal(v != NULL, rc == NX_OK);
	assert_int_equal(err.rc, rc);
	json_object_put(v);
	return rc;
}

static void
takes_json(void **state)
{
	static const char *const good[] = {
		"{}", " \t\r\n{ } \n", "{\"a\":0}", "{\"a\":-0.5e+10}",
		"{\"a\":1E9,\"b\":1e-9,\"c\":10.01}", "{\"\":\"\"}",
		"{\"a\":[true,false,null,[],{}]}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"}",
		"{\"a\":\"\\ud83d\\ude00\"}",
		"{\"a\":\"'{[:,]}/*NI*/\"}", "{\"a\":{\"a\":{\"a\":1}}}",
		"{\"a\":\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\"}",
		"{\"a\":\"\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (parse(nx_slice_str(good[i])) != NX_OK)
			fail_msg("refused: %s", good[i]);
	}
}

static void
refuses_the_rest(void **state)
{
	static const char *const bad[] = {
		"", " ", "[]", "1", "\"x\"", "null", "{", "}", "{}{}", "{}x",
		"{} ,", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\" 1}", "{\"a\"::1}",
		"{\"a\":1 2}", "{a:1}", "{'a':1}", "{\"a\":'x'}",
		"{'\"':1,\"a\":2,\"a\":3,'\"':4}", "{\"a\":01}",
		"{\"a\":-01}", "{\"a\":00}", "{\"a\":1.}", "{\"a\":.5}",
		"{\"a\":-}", "{\"a\":+1}", "{\"a\":1e}", "{\"a\":1e+}",
		"{\"a\":1.e5}", "{\"a\":0x10}", "{\"a\":1-2}",
		"{\"a\":1.5.2}", "{\"a\":NaN}", "{\"a\":Infinity}",
		"{\"a\":-Infinity}", "{\"a\":nan}", "{\"a\":True}",
		"{\"a\":tru}", "{\"a\":NULL}", "/**/{}", "{}//",
		"\xef\xbb\xbf{}", "{\"a\":\v1}", "{\"a\":\"\t\"}",
		"{\"a\":\"\n\"}", "{\"a\":\"x}", "{\"a\":\"\\x\"}",
		"{\"a\":\"\\\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\ud800\\u0041\"}", "{\"a\":\"\\ud800\\ud800\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\x80\"}", "{\"a\":\"\xc3\"}",
		"{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xc1\xbf\"}",
		"{\"a\":\"\xe0\x9f\xbf\"}", "{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\xf0\x8f\xbf\xbf\"}", "{\"a\":\"\xe2\x82\"}",
		"{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xf5\x80\x80\x80\"}",
		"{\"\xed\xa0\x80\":1}", "{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}", "{\"a\":{\"b\":1},\"a\":2}",
		"{\"a\":2,\"a\":{\"b\":1}}", "{\"x\":[{\"a\":1,\"a\":1}]}",
		"{\"a:\":1,\"a:\":2}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(nx_slice_str(bad[i])) != NX_NOT_JSON)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(parse(NX_SLICE("{\"a\":\"\0\"}")), NX_NOT_JSON);
	assert_int_equal(parse(NX_SLICE("{}\0")), NX_NOT_JSON);
	assert_int_equal(parse(NX_SLICE("{\0}")), NX_NOT_JSON);
	assert_int_equal(parse(NX_SLICE("\0")), NX_NOT_JSON);
}

#define FFFD "\xef\xbf\xbd"

static void
mends_what_is_odd_for_lenient_readers(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "{\"a\":\"x\"}", "x" },
		{ "{\"a\":\"\\ud83d\\ude00\\\\u0000\"}",
		  "\xf0\x9f\x98\x80\\u0000" },
		{ "{\"a\":\"\\ud800\"}", FFFD },
		{ "{\"a\":\"<\\udc00>\"}", "<" FFFD ">" },
		{ "{\"a\":\"\\ud800\\u0041\"}", FFFD "A" },
		{ "{\"a\":\"\\ud800\\ud83d\\ude00\"}",
		  FFFD "\xf0\x9f\x98\x80" },
		{ "{\"a\":\"\\ude00\\ud83d\"}", FFFD FFFD },
		{ "{\"a\":\"x\\u0000y\"}", "x" FFFD "y" },
		{ "{\"a\":\"\xff\xc3\"}", FFFD FFFD },
		{ "{\"a\":\"\xed\xa0\x80\"}", FFFD FFFD FFFD },
		{ "{\"b\":\"\xc3(\",\"a\":\"\xf0\x9f\x98\"}",
		  FFFD FFFD FFFD },
		{ "{\"a\":1,\"a\":\"2\"}", "2" },
		{ "{\"a\":\"1\",\"b\":{\"c\":1,\"c\":2},"
		  "\"\\u0061\":\"3\"}", "3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i].text);
		char *text = malloc(n);	/* without a NUL, for ASan */
		struct json_object *v;

		assert_non_null(text);
		memcpy(text, cases[i].text, n);
		if (nx_json_parse_lenient((struct nx_slice){ text, n }, &v)
		    != NX_OK)
			fail_msg("refused: %s", cases[i].text);
		assert_string_equal(nx_json_str(v, "a"), cases[i].want);
		json_object_put(v);
		free(text);
	}
}

static void
mends_names_and_bytes_too(void **state)
{
	struct json_object *v;

	(void)state;
	assert_int_equal(nx_json_parse_lenient(NX_SLICE(
	    "{\"x\\u0000y\":\"1\",\"n\":\"a\0b\"}"), &v), NX_OK);
	assert_string_equal(nx_json_str(v, "x" FFFD "y"), "1");
	assert_null(nx_json_str(v, "x"));
	assert_string_equal(nx_json_str(v, "n"), "a" FFFD "b");
	json_object_put(v);
}

/* For what must be meant: leniently, but no member may stand there twice. */
static void
some_are_read_once(void **state)
{
	static const struct {
		const char	*text;
		enum nx_rc	 lenient, once;
	} rows[] = {
		{ "{\"a\":1,\"b\":[{\"a\":2}]}", NX_OK, NX_OK },
		{ "\xef\xbb\xbf {\"a\":\"\xff\"}", NX_OK, NX_OK },
		{ "{\"a\":1,\"a\":1}", NX_OK, NX_NOT_JSON },
		{ "{\"b\":{\"a\":1,\"\\u0061\":2}}", NX_OK, NX_NOT_JSON },
		{ "{\"a\":\"x:y\"}", NX_OK, NX_OK },
		{ "[]", NX_NOT_JSON, NX_NOT_JSON },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct nx_slice text = nx_slice_str(rows[i].text);
		struct json_object *v;

		assert_int_equal(nx_json_parse_lenient(text, &v),
		    rows[i].lenient);
		nx_json_wipe(v);
		assert_int_equal(nx_json_parse_once(text, &v), rows[i].once);
		nx_json_wipe(v);
	}
}

static void
lenient_readers_refuse_the_rest(void **state)
{
	static const char *const bad[] = {
		"", " ", "[]", "1", "null", "{", "{}{}", "{}x", "{\"a\":1,}",
		"{'a':1}", "{\"a\":01}", "{\"a\":NaN}", "/**/{}",
		"\xef\xbb\xbf", "\xef\xbb\xbf\xef\xbb\xbf{}", "{}\xef\xbb\xbf",
		"{\"a\":\"\n\"}", "{\"a\":\"x}",
		"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\ud800}", "{\"a\":\xff}",
		"{\"a\":\"\\u0000\",}",
	};
	struct nx_buf deep = NX_BUF(10000);
	struct json_object *v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		v = (void *)1;
		if (nx_json_parse_lenient(nx_slice_str(bad[i]), &v) !=
		    NX_NOT_JSON)
			fail_msg("taken: %s", bad[i]);
		assert_null(v);
	}
	assert_int_equal(nx_json_parse_lenient(NX_SLICE("{}\0"), &v),
	    NX_NOT_JSON);
	for (int i = 0; i <= NX_JSON_DEPTH; i++)
		nx_buf_adds(&deep, "{\"a\":");
	nx_buf_addc(&deep, '1');
	for (int i = 0; i <= NX_JSON_DEPTH; i++)
		nx_buf_addc(&deep, '}');
	assert_int_equal(nx_json_parse_lenient(nx_buf_slice(&deep), &v),
	    NX_NOT_JSON);
	nx_buf_free(&deep);
}

static void
reads_ids(void **state)
{
	static const struct { const char *json, *want; } cases[] = {
		{ "\"20\"", "20" }, { "\"7140w\"", "7140w" },
		{ "20", "20" }, { "0", "0" },
		{ "9007199254740993", "9007199254740993" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "9999999999999999999", "9999999999999999999" },
		{ "18446744073709551616", NULL },
		{ "99999999999999999999999", NULL }, { "-1", NULL },
		{ "-9223372036854775808", NULL }, { "1.5", NULL },
		{ "2e3", NULL }, { "true", NULL }, { "null", NULL },
		{ "[]", NULL }, { "{}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf b = NX_BUF(100);
		char space[NX_JSON_ID_ROOM];
		struct json_object *v;
		const char *id;

		nx_buf_addf(&b, "{\"id\":%s}", cases[i].json);
		if (nx_json_parse_lenient(nx_buf_slice(&b), &v) != NX_OK)
			fail_msg("refused: %s", cases[i].json);
		id = nx_json_id(v, "id", space);
		if ((id == NULL) != (cases[i].want == NULL))
			fail_msg("%s", cases[i].json);
		if (id != NULL)
			assert_string_equal(id, cases[i].want);
		assert_null(nx_json_id(v, "other", space));
		assert_null(nx_json_id(NULL, "id", space));
		json_object_put(v);
		nx_buf_free(&b);
	}
}

static enum nx_rc
parse_nested(int depth)
{
	struct nx_buf b = NX_BUF(100000);
	enum nx_rc rc;

	nx_buf_adds(&b, "{\"a\":");
	for (int i = 1; i < depth; i++)
		nx_buf_addc(&b, '[');
	for (int i = 1; i < depth; i++)
		nx_buf_addc(&b, ']');
	nx_buf_addc(&b, '}');
	rc = parse(nx_buf_slice(&b));
	nx_buf_free(&b);
	return rc;
}

static void
limits_the_depth(void **state)
{
	(void)state;
	assert_int_equal(parse_nested(2), NX_OK);
	assert_int_equal(parse_nested(NX_JSON_DEPTH), NX_OK);
	assert_int_equal(parse_nested(NX_JSON_DEPTH + 1), NX_NOT_JSON);
	assert_int_equal(parse_nested(10000), NX_NOT_JSON);
}

/* Whatever stands behind a slice is not read. */
static void
stays_within_its_slice(void **state)
{
	static const char text[] = "{\"a\":\"\\ud83d\\ude00\xf0\x9f\x98\x80\","
	    "\"b\":-1.5e3}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		/* Of this very size, so that ASan sees a read past it. */
		char *cut = malloc(n == 0 ? 1 : n);

		assert_non_null(cut);
		memcpy(cut, text, n);
		assert_int_equal(parse((struct nx_slice){ cut, n }),
		    NX_NOT_JSON);
		free(cut);
	}
	assert_int_equal(parse(nx_slice_str(text)), NX_OK);
}

static void
reads_members(void **state)
{
	struct json_object *v;
	int64_t n;
	bool b;

	(void)state;
	assert_int_equal(nx_json_parse(NX_SLICE("{\"s\":\"x\",\"i\":-7,"
	    "\"t\":true,\"n\":null,\"o\":{},\"l\":[],\"d\":1.5}"), &v, NULL),
	    NX_OK);
	assert_string_equal(nx_json_str(v, "s"), "x");
	assert_null(nx_json_str(v, "i"));
	assert_null(nx_json_str(v, "n"));
	assert_null(nx_json_str(v, "absent"));
	assert_null(nx_json_str(NULL, "s"));
	assert_null(nx_json_str(nx_json_array(v, "l"), "s"));
	assert_non_null(nx_json_object(v, "o"));
	assert_null(nx_json_object(v, "l"));
	assert_non_null(nx_json_array(v, "l"));
	assert_true(nx_json_i64(v, "i", &n) && n == -7);
	assert_false(nx_json_i64(v, "d", &n));
	assert_false(nx_json_i64(v, "t", &n));
	assert_true(nx_json_bool(v, "t", &b) && b);
	assert_false(nx_json_bool(v, "i", &b));
	json_object_put(v);
}

static void
reads_whole_numbers_from_text(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} cases[] = {
		{ "0", true, 0 }, { "42", true, 42 }, { "-42", true, -42 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "\"42\"", true, 42 }, { "\"-42\"", true, -42 },
		{ "\"9223372036854775807\"", true, INT64_MAX },
		{ "\"9223372036854775808\"", false, 0 },
		{ "\"\"", false, 0 }, { "\"-\"", false, 0 },
		{ "\" 42\"", false, 0 }, { "\"+42\"", false, 0 },
		{ "\"42 \"", false, 0 }, { "\"4.2\"", false, 0 },
		{ "\"0x10\"", false, 0 }, { "4.2", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct nx_buf b = NX_BUF(100);
		struct json_object *v;
		int64_t n;

		nx_buf_addf(&b, "{\"n\":%s}", cases[i].text);
		assert_int_equal(nx_json_parse(nx_buf_slice(&b), &v, NULL),
		    NX_OK);
		if (nx_json_i64(v, "n", &n) != cases[i].ok ||
		    (cases[i].ok && n != cases[i].want))
			fail_msg("%s", cases[i].text);
		json_object_put(v);
		nx_buf_free(&b);
	}
}

static void
writes(void **state)
{
	struct nx_buf b = NX_BUF(1000);
	struct nx_jw w = { &b, false };
	struct json_object *v;

	(void)state;
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "s", "\"\\\n\x01\x7f\xc3\xa4");
	nx_jw_str(&w, "none", NULL);
	nx_jw_slice(&w, "empty", (struct nx_slice){ NULL, 0 });
	nx_jw_open(&w, "l", '[');
	nx_jw_i64(&w, NULL, INT64_MIN);
	nx_jw_bool(&w, NULL, true);
	nx_jw_open(&w, NULL, '{');
	nx_jw_close(&w, '}');
	nx_jw_close(&w, ']');
	nx_jw_raw(&w, "k\"", "{\"x\":1}");
	nx_jw_time(&w, "t", 1800000000);
	nx_jw_time(&w, "never", 0);
	nx_jw_close(&w, '}');
	assert_true(nx_buf_ok(&b));
	assert_string_equal(nx_buf_str(&b),
	    "{\"s\":\"\\\"\\\\\\n\\u0001\\u007f\xc3\xa4\",\"none\":null,"
	    "\"empty\":\"\",\"l\":[-9223372036854775808,true,{}],"
	    "\"k\\\"\":{\"x\":1},\"t\":\"2027-01-15T08:00:00Z\","
	    "\"never\":null}");
	assert_int_equal(nx_json_parse(nx_buf_slice(&b), &v, NULL), NX_OK);
	assert_string_equal(nx_json_str(v, "s"), "\"\\\n\x01\x7f\xc3\xa4");
	json_object_put(v);
	nx_buf_free(&b);
}

static void
parses_arrays(void **state)
{
	static const struct { const char *text; enum nx_rc rc; } cases[] = {
		{ "[]", NX_OK }, { " [\"a\",null] ", NX_OK },
		{ "{}", NX_NOT_JSON }, { "\"[]\"", NX_NOT_JSON },
		{ "[] x", NX_NOT_JSON }, { "[", NX_NOT_JSON },
		{ "", NX_NOT_JSON }, { "[{\"a\":1,\"a\":2}]", NX_NOT_JSON },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_object *v;

		assert_int_equal(nx_json_parse_array(nx_slice_str(
		    cases[i].text), &v, NULL), cases[i].rc);
		assert_int_equal(v != NULL, cases[i].rc == NX_OK);
		json_object_put(v);
	}
}

static void
wipes_what_it_held(void **state)
{
	struct json_object *o, *held[2], *list;

	(void)state;
	assert_int_equal(nx_json_parse(NX_SLICE("{\"token\":\"secret\","
	    "\"list\":[\"other\"]}"), &o, NULL), NX_OK);
	list = json_object_object_get(o, "list");
	held[0] = json_object_get(json_object_object_get(o, "token"));
	held[1] = json_object_get(json_object_array_get_idx(list, 0));
	nx_json_wipe(o);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(json_object_get_string(held[i])[0], '\0');
		json_object_put(held[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_arrays),
		cmocka_unit_test(takes_json),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(mends_what_is_odd_for_lenient_readers),
		cmocka_unit_test(mends_names_and_bytes_too),
		cmocka_unit_test(lenient_readers_refuse_the_rest),
		cmocka_unit_test(some_are_read_once),
		cmocka_unit_test(reads_ids),
		cmocka_unit_test(limits_the_depth),
		cmocka_unit_test(stays_within_its_slice),
		cmocka_unit_test(reads_members),
		cmocka_unit_test(reads_whole_numbers_from_text),
		cmocka_unit_test(wipes_what_it_held),
		cmocka_unit_test(writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
