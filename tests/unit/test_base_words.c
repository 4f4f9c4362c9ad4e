/* test_base_words.c - sentences for codes, and the catalogue of them all. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "nx/base/catalogue.h"
#include "nx/base/json.h"
#include "nx/base/words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
says_a_sentence_with_its_arguments(void **state)
{
	static const struct nx_kv args[] = { { .key = "who", .str = "Ann" },
	    { .key = "one", .num = 1, .is_num = 1 },
	    { .key = "many", .num = 12, .is_num = 1 },
	    { .key = "none", .num = 0, .is_num = 1 },
	    { .key = "nobody" }, { 0 } };
	static const struct { const char *sentence, *want; } cases[] = {
		{ "", "" }, { "Plain: one.", "Plain: one." },
		{ "{who} has {many}.", "Ann has 12." },
		{ "{one} {one|is|are}, {many} {many|is|are}",
		    "1 is, 12 are" },
		{ "a[who: {who}][nobody: {nobody}][none: none]b", "a Annb" },
		{ "[other:{other}]", "" }, { "[who:: {who}]", ": Ann" },
		{ "{none|one|many}", "many" }, { "{other}", "?" },
		{ "{open", "?" }, { "[open", "" }, { "a]b", "ab" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf b = NX_BUF(200);

		nx_words_add(&b, cases[i].sentence, args);
		assert_string_equal(nx_buf_str(&b), cases[i].want);
		nx_buf_free(&b);
	}
}

static void
writes_the_arguments_that_are_there(void **state)
{
	static const struct nx_kv args[] = { { .key = "a", .str = "x\"" },
	    { .key = "b" }, { .key = "c", .num = -7, .is_num = 1 },
	    { .key = "d", .is_num = 1 }, { 0 } };
	struct nx_buf b = NX_BUF(200);
	struct nx_jw w = { .out = &b };

	(void)state;
	nx_words_args(&w, NULL, args);
	assert_string_equal(nx_buf_str(&b), "{\"a\":\"x\\\"\",\"c\":-7,\"d\":0}");
	nx_buf_free(&b);
}

static void
explains_a_failure(void **state)
{
	struct nx_err err = { .retry_after = 9 };
	struct nx_kv args[NX_ERR_ARGS + 1];

	(void)state;
	assert_int_equal(nx_fail_for(&err, NX_INVALID, NX_WHY_NOT_EXPECTED,
	    NX_S("member", "user_id"), NX_S("expected", "a UUID")), NX_INVALID);
	assert_string_equal(err.detail, "user_id must be a UUID.");
	assert_int_equal(err.rc, NX_INVALID);
	assert_int_equal(err.retry_after, 0);
	assert_int_equal(err.reason, NX_WHY_NOT_EXPECTED);
	nx_err_args(&err, args);
	assert_string_equal(nx_kv_find(args, "member")->str, "user_id");
	assert_null(nx_kv_find(args, "limit"));
	(void)nx_fail_for(&err, NX_INVALID, NX_WHY_MISSING,
	    NX_S("member", err.detail));
	assert_string_equal(err.detail, "user_id must be a UUID. is missing"
	    " or empty.");
	nx_err_args(&err, args);
	assert_string_equal(nx_kv_find(args, "member")->str,
	    "user_id must be a UUID.");
	assert_int_equal(nx_fail(&err, NX_BUSY, "Wait."), NX_BUSY);
	assert_int_equal(err.reason, NX_WHY_NONE);
	assert_int_equal(nx_fail_for(NULL, NX_BUSY, NX_WHY_LOGGED, { 0 }),
	    NX_BUSY);
}

static void
finds_a_row_by_its_code(void **state)
{
	enum nx_reason reason;
	enum nx_warning warning;

	(void)state;
	for (int i = 0; i < NX_REASON_COUNT; i++) {
		assert_true(nx_reason_find(nx_reason_code(i), &reason));
		assert_int_equal(reason, i);
	}
	for (int i = 0; i < NX_WARNING_COUNT; i++) {
		assert_true(nx_warning_find(nx_warning_code(i), &warning));
		assert_int_equal(warning, i);
	}
	assert_false(nx_reason_find("never_heard", &reason));
	assert_false(nx_warning_find("never_heard", &warning));
}

/* A file of the page holds `before`, the catalogue, and `after`. */
static void
check_served(const char *name, const char *before, const char *after)
{
	struct nx_buf made = NX_BUF(2 * NX_CATALOGUE_MAX);
	struct nx_buf kept = NX_BUF(2 * NX_CATALOGUE_MAX);
	char path[4096], chunk[4096];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/nginx/dashboard/%s",
	    getenv("NX_SOURCE_DIR"), name);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		nx_buf_add(&kept, chunk, n);
	(void)fclose(f);
	nx_buf_adds(&made, before);
	nx_catalogue(&made);
	nx_buf_adds(&made, after);
	assert_true(nx_buf_ok(&made));
	assert_string_equal(nx_buf_str(&made), nx_buf_str(&kept));
	nx_buf_free(&made);
	nx_buf_free(&kept);
}

/* What the page is served with; `make update-catalogue` brings it up to date. */
static void
is_what_the_page_reads(void **state)
{
	struct nx_buf made = NX_BUF(NX_CATALOGUE_MAX);
	struct json_object *obj;

	(void)state;
	check_served("catalogue.json", "", "");
	check_served("catalogue.js", "export default ", ";\n");
	nx_catalogue(&made);
	assert_int_equal(nx_json_parse(nx_buf_slice(&made), &obj, NULL),
	    NX_OK);
	json_object_put(obj);
	nx_buf_free(&made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_a_sentence_with_its_arguments),
		cmocka_unit_test(writes_the_arguments_that_are_there),
		cmocka_unit_test(explains_a_failure),
		cmocka_unit_test(finds_a_row_by_its_code),
		cmocka_unit_test(is_what_the_page_reads),
	};

	return cmocka_run_group_tests_name("base/words", tests, NULL, NULL);
}
