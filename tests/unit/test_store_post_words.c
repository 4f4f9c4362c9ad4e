/* test_store_post_words.c - codes and arguments as columns keep them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/post_words.h"

static int
set_up(void **state)
{
	*state = nx_arena_new(1 << 20);
	return *state == NULL;
}

static int
tear_down(void **state)
{
	nx_arena_free(*state);
	return 0;
}

static void
keeps_an_error(void **state)
{
	struct nx_post_error in = { .request_id = "r-1" };
	const struct nx_post_error *out;
	struct nx_kv args[NX_ERR_ARGS + 1];
	const char *text;

	(void)nx_fail_for(&in.err, NX_TEXT_TOO_LONG, NX_WHY_TEXT_LENGTH,
	    NX_S("member", "text"), NX_I("weighted_length", 300),
	    NX_I("limit", 280));
	in.err.retry_after = 9;
	in.err.retry_at = 1800000009;
	in.err.connect_url = "https://nexus.example/\"connect\"";
	in.err.x = (struct nx_err_x){ 403, "about:blank", "Forbidden",
	    "You may \"not\"." };
	text = nx_post_error_text(*state, &in);
	assert_null(strstr(text, nx_rc_remedy(NX_TEXT_TOO_LONG)));
	out = nx_post_error_read(*state, text);
	assert_true(nx_post_error_is(out, NX_TEXT_TOO_LONG));
	assert_string_equal(out->err.detail,
	    "The text counts 300 of 280 characters.");
	assert_int_equal(out->err.reason, NX_WHY_TEXT_LENGTH);
	nx_err_args(&out->err, args);
	assert_string_equal(nx_kv_find(args, "member")->str, "text");
	assert_int_equal(nx_kv_find(args, "limit")->num, 280);
	assert_string_equal(out->request_id, "r-1");
	assert_int_equal(out->err.retry_after, 9);
	assert_int_equal(out->err.retry_at, 1800000009);
	assert_string_equal(out->err.connect_url, in.err.connect_url);
	assert_int_equal(out->err.x.status, 403);
	assert_string_equal(out->err.x.type, "about:blank");
	assert_string_equal(out->err.x.title, "Forbidden");
	assert_string_equal(out->err.x.detail, "You may \"not\".");
	assert_null(nx_post_error_text(*state, NULL));
	assert_null(nx_post_error_read(*state, NULL));
}

/* Whole problems of older versions, and what nobody ever wrote. */
static void
reads_what_else_is_there(void **state)
{
	const struct nx_post_error *e = nx_post_error_read(*state,
	    "{\"type\":\"urn:nexus-x:error:x_refused\",\"title\":\"T\","
	    "\"status\":422,\"detail\":\"D.\",\"code\":\"x_refused\","
	    "\"remedy\":\"R\",\"request_id\":\"r\",\"retry_after\":7,"
	    "\"x\":{\"status\":403}}");
	static const char *const odd[] = { "{}", "[]", "", "{\"code\":7}",
	    "{\"code\":\"never_heard\",\"x\":1,\"reason_args\":{}}",
	    "{\"reason_code\":\"due\",\"reason_args\":{\"a\":null,\"b\":1,"
	    "\"c\":2,\"d\":3,\"e\":4,\"f\":5},\"retry_after\":-1}" };

	assert_true(nx_post_error_is(e, NX_X_REFUSED));
	assert_string_equal(e->err.detail, "D.");
	assert_int_equal(e->err.retry_after, 7);
	assert_int_equal(e->err.x.status, 403);
	assert_int_equal(e->err.reason, NX_WHY_NONE);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		e = nx_post_error_read(*state, odd[i]);
		assert_true(nx_post_error_is(e, NX_INTERNAL));
		assert_int_equal(e->err.retry_after, 0);
	}
}

static void
keeps_warnings_and_old_sentences(void **state)
{
	const struct nx_post_warning all[] = { { .sentence = "An \"old\"." },
	    { .warning = NX_WARN_SPLIT },
	    { .warning = NX_WARN_LINK_PRICE_PARTS, .args = {
		NX_I("count", 2), NX_S("positions", "1, 2") } } };
	const char *text = nx_post_warnings_text(*state,
	    (struct nx_post_warnings){ all, 3 });
	struct nx_post_warnings got = nx_post_warnings_read(*state, text);

	assert_string_equal(text, "[\"An \\\"old\\\".\",{\"code\":"
	    "\"text_split\",\"args\":{}},{\"code\":\"link_price_parts\","
	    "\"args\":{\"count\":2,\"positions\":\"1, 2\"}}]");
	assert_int_equal(got.n, 3);
	assert_string_equal(got.all[0].sentence, "An \"old\".");
	assert_int_equal(got.all[1].warning, NX_WARN_SPLIT);
	assert_string_equal(nx_kv_find(got.all[2].args, "positions")->str,
	    "1, 2");
	assert_int_equal(nx_post_warnings_read(*state, "[7,{},{\"code\":"
	    "\"never_heard\"}]").n, 0);
	assert_int_equal(nx_post_warnings_read(*state, "{}").n, 0);
	assert_int_equal(nx_post_warnings_read(*state, NULL).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_an_error),
		cmocka_unit_test(reads_what_else_is_there),
		cmocka_unit_test(keeps_warnings_and_old_sentences),
	};

	return cmocka_run_group_tests_name("store/post_words", tests, set_up,
	    tear_down);
}
