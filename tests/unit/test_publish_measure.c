/* test_publish_measure.c - one line in, parseTweet's results out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/flow/publish/measure.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void
measures(void **state)
{
	static const struct { const char *line, *want; } cases[] = {
		{ "{\"text\":\"Hello X\"}", "{\"weighted_length\":7,"
		  "\"valid\":true,\"permillage\":25,\"valid_range\":[0,6],"
		  "\"display_range\":[0,6]}" },
		{ "{\"text\":\"\"}", "{\"weighted_length\":0,"
		  "\"valid\":false,\"permillage\":0,\"valid_range\":[0,0],"
		  "\"display_range\":[0,0]}" },
		{ "{\"text\":\"\\u304a\\u306f\"}", "{\"weighted_length\":4,"
		  "\"valid\":true,\"permillage\":14,\"valid_range\":[0,1],"
		  "\"display_range\":[0,1]}" },
		/* indices are UTF-16 units */
		{ "{\"text\":\"\\ud83d\\ude00\"}", "{\"weighted_length\":2,"
		  "\"valid\":true,\"permillage\":7,\"valid_range\":[0,1],"
		  "\"display_range\":[0,1]}" },
		{ "{\"text\":\"https://example.com/a/long/path/that/is/long\"}",
		  "{\"weighted_length\":23,\"valid\":true,\"permillage\":82,"
		  "\"valid_range\":[0,43],\"display_range\":[0,43]}" },
		{ "{\"text\":\"" SEVENTY SEVENTY SEVENTY SEVENTY "\"}",
		  "{\"weighted_length\":280,\"valid\":true,"
		  "\"permillage\":1000,\"valid_range\":[0,279],"
		  "\"display_range\":[0,279]}" },
		{ "{\"text\":\"" SEVENTY SEVENTY SEVENTY SEVENTY "x\"}",
		  "{\"weighted_length\":281,\"valid\":false,"
		  "\"permillage\":1003,\"valid_range\":[0,279],"
		  "\"display_range\":[0,280]}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf out = NX_BUF(1000);

		assert_int_equal(nx_measure(nx_slice_str(cases[i].line), &out,
		    NULL), NX_OK);
		assert_string_equal(nx_buf_str(&out), cases[i].want);
		nx_buf_free(&out);
	}
}

static void
refuses_other_lines(void **state)
{
	static const struct {
		const char *line; enum nx_rc rc; const char *named;
	} cases[] = {
		{ "", NX_NOT_JSON, "" }, { "text", NX_NOT_JSON, "" },
		{ "\"text\"", NX_NOT_JSON, "" }, { "[]", NX_NOT_JSON, "" },
		{ "{\"text\":\"\xff\"}", NX_NOT_JSON, "" },
		{ "{\"text\":\"a\",\"text\":\"b\"}", NX_NOT_JSON, "" },
		{ "{}", NX_INVALID, "text" },
		{ "{\"text\":null}", NX_INVALID, "text" },
		{ "{\"text\":7}", NX_INVALID, "text" },
		{ "{\"text\":[\"a\"]}", NX_INVALID, "text" },
		{ "{\"other\":1}", NX_UNKNOWN_MEMBER, "\"other\"" },
		{ "{\"other\":1,\"text\":\"a\"}", NX_UNKNOWN_MEMBER,
		  "\"other\"" },
		{ "{\"text\":\"a\",\"other\":1}", NX_UNKNOWN_MEMBER,
		  "\"other\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf out = NX_BUF(1000);
		struct nx_err err = { 0 };

		assert_int_equal(nx_measure(nx_slice_str(cases[i].line), &out,
		    &err), cases[i].rc);
		assert_int_equal(err.rc, cases[i].rc);
		assert_non_null(strstr(err.detail, cases[i].named));
		assert_int_equal(out.n, 0);
		nx_buf_free(&out);
	}
}

static void
says_when_the_output_is_full(void **state)
{
	struct nx_buf out = NX_BUF(20);
	struct nx_err err;

	(void)state;
	assert_int_equal(nx_measure(NX_SLICE("{\"text\":\"a\"}"), &out,
	    &err), NX_NO_MEMORY);
	nx_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures),
		cmocka_unit_test(refuses_other_lines),
		cmocka_unit_test(says_when_the_output_is_full),
	};

	return cmocka_run_group_tests_name("publish/measure", tests, NULL,
	    NULL);
}
