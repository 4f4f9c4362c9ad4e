/* test_text_weigh.c - how long a text is to X, and how long that takes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "nx/base/arena.h"
#include "text/find.h"
#include "nx/text/weigh.h"

static void
weighs_texts(void **state)
{
	static const struct {
		const char	*text;
		int		 weight;
	} cases[] = {
		{ "", 0 }, { "Hello, world! \U0001F44B", 16 },
		{ "Hi http://test.co", 26 }, { "http://test.co", 23 },
		{ "A\u0301B", 2 }, { "A\uFB2C", 4 },
		{ "\u4e16\u754c", 4 }, { "\u1100", 2 }, { "\u10ff", 1 },
		{ "\u2018\u2019", 2 }, { "\u2026", 2 }, { "\u200d", 1 },
		{ "1\u20e3", 2 }, { "1\ufe0f\u20e3", 2 }, { "\u00a9", 1 },
		{ "\u00a9\ufe0f", 2 }, { "\U0001F44D\U0001F3FD", 2 },
		{ "\u263a\ufe0e", 4 }, { "\u263a\ufe0f", 2 },
		/* families, trades, flags */
		{ "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d"
		  "\U0001F466", 2 },
		{ "\U0001F468\U0001F3FD\u200d\U0001F3A4", 2 },
		{ "\U0001F1EF\U0001F1F5", 2 }, { "\U0001F1EF", 2 },
		{ "\U0001F1EF\U0001F1EF", 4 },
		{ "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E"
		  "\U000E0067\U000E007F", 2 },
		/* younger than twitter-text: Emoji 12, 13, 15.1, to come */
		{ "\U0001F9D1\u200d\U0001F680", 2 },
		{ "\U0001F90C\U0001F3FD", 2 },
		{ "\U0001F642\u200d\u2194\ufe0f", 2 },
		{ "\U0001F6B6\u200d\u27a1\ufe0f", 2 },
		{ "\U0001FAEF\U0001F3FD", 2 },
		/* joined without meaning: each counts */
		{ "\U0001F600\u200d\U0001F600", 5 },
		/* links */
		{ "it.so", 23 }, { "foo.baz", 7 }, { "x@it.so", 7 },
		{ "\u65e5\u672cit.so\u4e2d", 29 },
		{ "http://example.com\u3060\u3088\u306d.comtest/x", 39 },
		{ "http://t.co/pbY2NfTZ's", 25 },
		{ "http://a.com/a.(b) c", 29 }, { "my.music", 23 },
	};
	struct nx_weight w;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(nx_weigh(nx_slice_str(cases[i].text),
		    NX_LIMIT_POST, &w), NX_OK);
		if (w.weighted_length != cases[i].weight)
			fail_msg("%zu: %s: %d, not %d", i, cases[i].text,
			    w.weighted_length, cases[i].weight);
		assert_int_equal(w.valid, cases[i].weight > 0);
	}
}

static void
gives_ranges(void **state)
{
	char text[600];
	struct nx_weight w;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(nx_weigh((struct nx_slice){ text, 300 },
	    NX_LIMIT_POST, &w), NX_OK);
	assert_false(w.valid);
	assert_int_equal(w.permillage, 1071);
	assert_int_equal(w.valid_end, 279);
	assert_int_equal(w.display_end, 299);
	assert_int_equal(nx_weigh((struct nx_slice){ text, 300 },
	    NX_LIMIT_LONG, &w), NX_OK);
	assert_true(w.valid);
	assert_int_equal(w.permillage, 12);
}

static void
refuses_what_is_not_utf8(void **state)
{
	static const char *const bad[] = { "\xff", "a\xc3", "\xc0\x80",
	    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80" };
	struct nx_weight w;
	char *big = calloc(1, NX_TEXT_BYTES_MAX + 1);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(nx_weigh(nx_slice_str(bad[i]), 280, &w),
		    NX_INVALID);
	assert_non_null(big);
	assert_int_equal(nx_weigh((struct nx_slice){ big,
	    NX_TEXT_BYTES_MAX + 1 }, 280, &w), NX_TOO_BIG);
	assert_int_equal(nx_weigh((struct nx_slice){ big,
	    NX_TEXT_BYTES_MAX }, 280, &w), NX_OK);
	free(big);
	assert_int_equal(nx_weigh(NX_SLICE("a\0b"), 280, &w), NX_OK);
	assert_int_equal(w.weighted_length, 3);
	assert_int_equal(nx_weigh(NX_SLICE("ab\xef\xbb\xbf" "c"), 280, &w),
	    NX_OK);
	assert_false(w.valid);
	assert_int_equal(w.valid_end, 1);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Fill with copies of `unit`, weigh and find; the CPU time it takes. */
static double
cost(const char *unit, size_t n, struct nx_arena *arena)
{
	char *text = malloc(n + strlen(unit));
	struct nx_entity *found;
	struct nx_weight w;
	double start;
	size_t at, count;

	assert_non_null(text);
	for (at = 0; at < n; at += strlen(unit))
		memcpy(text + at, unit, strlen(unit));
	start = seconds();
	assert_int_equal(nx_weigh((struct nx_slice){ text, at }, 280, &w),
	    NX_OK);
	assert_int_equal(nx_find((struct nx_slice){ text, at },
	    NX_ENTITY_ALL, arena, &found, &count), NX_OK);
	start = seconds() - start;
	nx_arena_reset(arena);
	free(text);
	return start;
}

/* Eight times the text may take about eight times as long, not 64 times. */
static void
is_linear(void **state)
{
	static const char *const units[] = { "a", "\u00e9", "\u00e9.", "a.",
	    "\u00e9.\u00e9_", "a.com", "a.co/(", "(", "(a", "http://",
	    "http://a.com/", "\U0001F469\u200d", "@", "a@a", "#", "#1", "$A ",
	    "-", "_", "\u00e9-", "\u4e2d.com", "xn--", "\u0301", "a.co?!",
	    "http://\u4e2da.com", "\u4e2da.com\u4e2d", "e\u0327\u0301" };
	struct nx_arena *arena = nx_arena_new(64 << 20);
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double small = 1, large = 1;

		/* the best of some: another process may be in the way */
		for (k = 0; k < 5; k++) {
			double s = cost(units[i], 12000, arena);
			double l = cost(units[i], 96000, arena);

			small = s < small ? s : small;
			large = l < large ? l : large;
		}
		if (large > small * 20 + 0.001)
			fail_msg("%s: %f s, then %f s", units[i], small,
			    large);
	}
	nx_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weighs_texts),
		cmocka_unit_test(gives_ranges),
		cmocka_unit_test(refuses_what_is_not_utf8),
		cmocka_unit_test(is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
