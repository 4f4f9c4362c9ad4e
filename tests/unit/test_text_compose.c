/*
 * test_text_compose.c - what becomes of long texts.  What must hold for every
 * text is in test_text_properties.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "nx/base/buf.h"
#include "nx/text/compose.h"
#include "nx/text/weigh.h"

enum { ARENA_MAX = 16 << 20, TEXT_MAX = 200000 };

struct bench {
	struct nx_arena		*arena;
	struct nx_buf		 text;
	struct nx_slice		 source;	/* what is composed */
	struct nx_compose_ask	 ask;
	struct nx_composed	 got;
	struct nx_err		 err;
};

static int
set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	b->arena = nx_arena_new(ARENA_MAX);
	b->text = (struct nx_buf)NX_BUF(TEXT_MAX);
	b->ask.limit = NX_LIMIT_POST;
	*state = b;
	return b->arena == NULL;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	nx_arena_free(b->arena);
	nx_buf_free(&b->text);
	test_free(b);
	return 0;
}

static void
add(struct bench *b, const char *s, int times)
{
	while (times-- > 0)
		nx_buf_adds(&b->text, s);
	b->source = nx_buf_slice(&b->text);
}

static enum nx_rc
run(struct bench *b, enum nx_on_long on_long)
{
	struct nx_text *text;
	enum nx_rc rc = nx_text_read(b->source, &text, &b->err);

	b->ask.on_long = on_long;
	b->got = (struct nx_composed){ 0 };
	if (rc == NX_OK)
		rc = nx_compose(&b->ask, text, b->arena, &b->got, &b->err);
	nx_text_free(text);
	return rc;
}

static void
expect_part(const struct bench *b, size_t i, const char *text)
{
	assert_true(i < b->got.count);
	assert_string_equal(b->got.parts[i].text.p, text);
	assert_int_equal(b->got.parts[i].text.n, strlen(text));
}

static void
leaves_alone_what_fits(void **state)
{
	struct bench *b = *state;
	const char *text = " e\u0301 \n\nhttps://a.com/ \t";

	add(b, text, 1);
	for (int how = NX_TRUNCATE; how <= NX_REJECT; how++) {
		assert_int_equal(run(b, (enum nx_on_long)how), NX_OK);
		assert_int_equal(b->got.count, 1);
		expect_part(b, 0, text);
		assert_false(b->got.truncated);
		assert_true(b->got.has_url && b->got.parts[0].has_url);
	}
}

static void
drops_white_space_before_text(void **state)
{
	struct bench *b = *state;

	add(b, "\n", 50);
	add(b, "a", 280);
	add(b, " ", 5000);
	assert_int_equal(run(b, NX_REJECT), NX_OK);
	assert_int_equal(b->got.parts[0].text.n, 280);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_int_equal(b->got.parts[0].text.n, 280);
	assert_false(b->got.truncated);
}

static void
refuses_what_is_no_post(void **state)
{
	static const struct {
		const char	*text;
		enum nx_rc	 rc;
	} cases[] = {
		{ "", NX_TEXT_EMPTY }, { " \n\t\u3000\u2028", NX_TEXT_EMPTY },
		{ "\x01\x02", NX_TEXT_EMPTY },
		{ "a\ufeff", NX_TEXT_INVALID }, { "\xff", NX_INVALID },
		{ "a\xed\xa0\x80", NX_INVALID },
		{ "$AAPL and $B", NX_INVALID }, { "$AAPL and $1", NX_OK },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b->source = nx_slice_str(cases[i].text);
		assert_int_equal(run(b, NX_TRUNCATE), cases[i].rc);
		if (cases[i].rc == NX_OK)
			continue;
		assert_int_equal(b->err.rc, cases[i].rc);
		assert_true(b->err.detail[0] != '\0');
		assert_int_equal(b->got.count, 0);
	}
	nx_buf_reset(&b->text);
	add(b, "word ", 57);
	assert_int_equal(run(b, NX_REJECT), NX_TEXT_TOO_LONG);
	assert_non_null(strstr(b->err.detail, "285 of 280"));
}

static void
truncates_at_a_word(void **state)
{
	struct bench *b = *state;

	add(b, "word ", 100);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_true(b->got.truncated);
	assert_int_equal(b->got.count, 1);
	assert_int_equal(b->got.parts[0].weighted_length, 277);
	assert_true(nx_slice_ends(b->got.parts[0].text, " word..."));
	b->ask.link = nx_slice_str("https://example.com/a/long/way/to/go");
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text,
	    " word... https://example.com/a/long/way/to/go"));
	assert_int_equal(b->got.parts[0].weighted_length, 49 * 5 + 4 + 27);
	assert_true(b->got.has_url);
}

static void
truncates_before_an_entity(void **state)
{
	struct bench *b = *state;

	add(b, "x", 250);
	add(b, " https://example.com/path and more than fits", 1);
	add(b, " so", 10);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text, "/path..."));
	assert_true(b->got.has_url);
	nx_buf_reset(&b->text);
	add(b, "x", 260);
	add(b, " @somebody_with_a_name and on it goes", 1);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text, "xx..."));
	/* "a.com" must not come out of a cut that is none of the text's */
	nx_buf_reset(&b->text);
	add(b, "x", 271);
	add(b, ".community9_x", 1);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_false(b->got.has_url);
}

/* A full stop gives way to the dots, whatever the script's looks like. */
static void
dots_take_the_place_of_a_stop(void **state)
{
	static const struct {
		const char	*fill;		/* with what, until */
		size_t		 times;
		const char	*end;		/* this ends the text that fits */
		const char	*want;
	} rows[] = {
		{ "x", 270, "end. And here it goes on", "xend..." },
		{ "x", 270, "end... And here it goes on", "xend..." },
		{ "x", 270, "end . And here it goes on", "xend..." },
		{ "x", 270, "end\xe2\x80\xa6 And here it goes on",
		  "xend..." },
		{ "x", 270, "end! And here it goes on", "xend!..." },
		{ "x", 270, "\"a.\" And here it goes on", "x\"a.\"..." },
		/* Japanese, full and half width; each sign weighs two */
		{ "\xe3\x81\x82", 135, "\xe3\x81\x84\xe3\x80\x82"
		  "\xe3\x81\x88\xe3\x81\x88\xe3\x81\x88\xe3\x81\x88",
		  "\xe3\x81\x84..." },
		{ "\xe3\x81\x82", 135, "\xe3\x81\x84\xef\xbd\xa1"
		  "\xe3\x81\x88\xe3\x81\x88\xe3\x81\x88\xe3\x81\x88",
		  "\xe3\x81\x84..." },
		/* Arabic, and Urdu with a stop of its own */
		{ "\xd8\xa8", 270, "\xd8\xaa. \xd8\xa7\xd8\xa7\xd8\xa7"
		  "\xd8\xa7\xd8\xa7\xd8\xa7\xd8\xa7\xd8\xa7",
		  "\xd8\xaa..." },
		{ "\xd8\xa8", 270, "\xd8\xaa\xdb\x94 \xd8\xa7\xd8\xa7"
		  "\xd8\xa7\xd8\xa7\xd8\xa7\xd8\xa7\xd8\xa7\xd8\xa7",
		  "\xd8\xaa..." },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nx_buf_reset(&b->text);
		add(b, rows[i].fill, rows[i].times);
		add(b, rows[i].end, 1);
		assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
		if (!nx_slice_ends(b->got.parts[0].text, rows[i].want))
			fail_msg("%zu: %.*s", i, (int)b->got.parts[0].text.n,
			    b->got.parts[0].text.p);
	}
	/* Nothing but stops stays what it is. */
	nx_buf_reset(&b->text);
	add(b, ".", 300);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_int_equal(b->got.parts[0].weighted_length, 280);
	/* A thread's parts are the author's own. */
	nx_buf_reset(&b->text);
	add(b, "x", 270);
	add(b, "end. And here it goes on", 1);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text, "xend."));
}

static void
says_why_a_link_is_none(void **state)
{
	static const struct { const char *link, *want; } rows[] = {
		{ "https://nexus.example/p/1", "link points to nexus.example,"
		  " of which X makes no link: it knows no top-level domain"
		  " \"example\"." },
		{ "https://localhost/x", "no top-level domain \"localhost\"" },
		{ "http://127.0.0.1:80/x", "link points to 127.0.0.1,"
		  " of which X makes no link: it knows no top-level domain"
		  " \"1\"." },
		{ "https://a_.com/x", "link points to a_.com, of which X makes"
		  " no link." },
		{ "https://a.com/x^y", "only as far as https://a.com/x:" },
		{ "https://", "no top-level domain \"\"" },
		{ "a.com", "must be one http:// or https:// URL" },
		{ "ftp://a.com", "must be one http:// or https:// URL" },
		{ "https://a.com/ b", "must be one http:// or https:// URL" },
		{ "https://a.com/\xff", "must be one http:// or https:// URL" },
	};
	struct bench *b = *state;

	add(b, "word ", 100);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b->ask.link = nx_slice_str(rows[i].link);
		assert_int_equal(run(b, NX_TRUNCATE), NX_INVALID);
		if (strstr(b->err.detail, rows[i].want) == NULL)
			fail_msg("%s: %s", rows[i].link, b->err.detail);
	}
}

static void
refuses_a_bad_link(void **state)
{
	struct bench *b = *state;

	add(b, "word ", 100);
	b->ask.link = NX_SLICE("https://a.com/ b");
	assert_int_equal(run(b, NX_TRUNCATE), NX_INVALID);
	b->ask.link = NX_SLICE("https://a.com/\xff");
	assert_int_equal(run(b, NX_TRUNCATE), NX_INVALID);
	b->ask.link = NX_SLICE("https://a.com/x");
	b->ask.limit = 27;
	assert_int_equal(run(b, NX_TRUNCATE), NX_TEXT_TOO_LONG);
	b->ask.limit = 31;
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	expect_part(b, 0, "word... https://a.com/x");
}

static void
threads_at_the_best_place(void **state)
{
	struct bench *b = *state;

	add(b, "First words here. ", 10);
	add(b, "\n\n", 1);
	add(b, "Second lot of words? ", 12);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 2);
	assert_int_equal(b->got.parts[0].text.n, 179);
	assert_true(nx_slice_ends(b->got.parts[0].text, "here."));
	assert_true(nx_slice_ends(b->got.parts[1].text, "words?"));
	nx_buf_reset(&b->text);
	add(b, "Words without end ", 12);
	add(b, "end. And on and on ", 1);
	add(b, "they go ", 20);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text, " end."));
	assert_memory_equal(b->got.parts[1].text.p, "And on", 6);
}

static void
prefers_words_to_lines(void **state)
{
	struct bench *b = *state;

	add(b, "well-known ", 40);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_true(nx_slice_ends(b->got.parts[0].text, " well-known"));
	assert_int_equal(b->got.parts[0].text.n, 274);
	/* but not words that leave most of the post empty */
	nx_buf_reset(&b->text);
	add(b, "Some words ", 9);
	add(b, "\u79c1\u306f\u5b66\u751f", 50);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_true(b->got.parts[0].weighted_length > 270);
}

static void
knows_what_ends_a_sentence(void **state)
{
	static const struct {
		const char	*text;
		const char	*end;
	} cases[] = {
		{ "Here it ends. We saw Dr. Smith at work", "ends." },
		{ "Here it ends. We saw it, e.g. at work", "ends." },
		{ "Here it ends. We paid 3. 14 of them", "ends." },
		{ "Here it ends. \"We left!\" they all said", "left!\"" },
		{ "Here it ends? (We left.) Then all was well", "left.)" },
		{ "Here it ends! We saw J. Smith at work", "ends!" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nx_buf_reset(&b->text);
		add(b, "some words ", 15);
		add(b, cases[i].text, 1);
		add(b, " and words", 20);
		assert_int_equal(run(b, NX_THREAD), NX_OK);
		if (!nx_slice_ends(b->got.parts[0].text, cases[i].end))
			fail_msg("%zu: %s", i, b->got.parts[0].text.p);
	}
}

static void
keeps_parts_apart_and_visible(void **state)
{
	struct bench *b = *state;
	size_t n;

	/* halves that are the same */
	for (int i = 0; i < 2; i++) {
		add(b, "Some words here. ", 15);
		add(b, "\n\n", 1);
	}
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 3);
	/* white space that is longer than a post */
	nx_buf_reset(&b->text);
	add(b, "ab", 1);
	add(b, " ", 300);
	add(b, "cd", 1);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 2);
	expect_part(b, 0, "ab");
	expect_part(b, 1, "cd");
	/* nothing that X would take for empty */
	nx_buf_reset(&b->text);
	add(b, "x", 280);
	add(b, "\u202e", 1);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 2);
	n = b->got.parts[1].text.n;
	assert_int_equal(n, 4);
	assert_memory_equal(b->got.parts[1].text.p, "x\u202e", n);
}

/* Too long for a link; but most cuts make one. */
static void
finds_seams_that_make_no_link(void **state)
{
	static const char *const units[] = { ".co", "a.com", "a_b.c.com" };
	struct bench *b = *state;

	b->ask.numbering = true;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		nx_buf_reset(&b->text);
		add(b, units[i], 1500);
		assert_int_equal(run(b, NX_THREAD), NX_OK);
		assert_false(b->got.has_url);
	}
}

static void
numbers_parts(void **state)
{
	struct bench *b = *state;

	b->ask.numbering = true;
	add(b, "word ", 60);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 2);
	assert_true(nx_slice_ends(b->got.parts[0].text, " word (1/2)"));
	assert_true(nx_slice_ends(b->got.parts[1].text, " word (2/2)"));
	nx_buf_reset(&b->text);
	add(b, "word ", 1000);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 19);
	assert_true(nx_slice_ends(b->got.parts[0].text, " (1/19)"));
	assert_true(nx_slice_ends(b->got.parts[18].text, " (19/19)"));
	b->source = NX_SLICE("short");
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	expect_part(b, 0, "short");
}

static void
threads_every_script(void **state)
{
	static const struct {
		const char	*unit;
		int		 times;
		const char	*end;	/* of the first part */
	} cases[] = {
		{ "\u79c1\u306f\u5b66\u751f\u3067\u3059\u3002", 50,
		  "\u3067\u3059\u3002" },
		{ "\u0e09\u0e31\u0e19\u0e23\u0e31\u0e01\u0e04\u0e38\u0e13",
		  50, "" },
		{ "\u0645\u0631\u062d\u0628\u0627 ", 100,
		  "\u0645\u0631\u062d\u0628\u0627" },
		{ "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d"
		  "\U0001F466", 150, "\U0001F466" },
		{ "\U0001F1EF\U0001F1F5", 150, "\U0001F1F5" },
		{ "x", 900, "x" }, { "e\u0301", 400, "e\u0301" },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nx_buf_reset(&b->text);
		add(b, cases[i].unit, cases[i].times);
		assert_int_equal(run(b, NX_THREAD), NX_OK);
		assert_true(b->got.count >= 2);
		assert_true(b->got.parts[0].weighted_length > 250);
		assert_true(nx_slice_ends(b->got.parts[0].text, cases[i].end));
	}
}

static void
keeps_cashtags_apart(void **state)
{
	struct bench *b = *state;

	add(b, "Some words about $AAPL and then some. ", 10);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	b->ask.numbering = true;
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 10);
	expect_part(b, 3, "Some words about $AAPL and then some. (4/10)");
	assert_int_equal(run(b, NX_TRUNCATE), NX_INVALID);
	assert_non_null(strstr(b->err.detail, "cashtags"));
}

static void
knows_when_it_cannot(void **state)
{
	struct bench *b = *state;

	add(b, "#", 1);
	add(b, "a", 400);
	assert_int_equal(run(b, NX_TRUNCATE), NX_TEXT_TOO_LONG);
	assert_int_equal(run(b, NX_THREAD), NX_TEXT_TOO_LONG);
	nx_buf_reset(&b->text);
	add(b, "a", 1);
	add(b, "\u0301", 400);
	assert_int_equal(run(b, NX_THREAD), NX_TEXT_TOO_LONG);
	/* a part of marks alone would be empty to X */
	nx_buf_reset(&b->text);
	add(b, "x", 280);
	add(b, "\u202e", 150);
	add(b, "y", 1);
	assert_int_equal(run(b, NX_THREAD), NX_TEXT_TOO_LONG);
	nx_buf_reset(&b->text);
	add(b, "word ", 20000);
	assert_int_equal(run(b, NX_THREAD), NX_TEXT_TOO_LONG);
	assert_non_null(strstr(b->err.detail, "250"));
	/* all lengths of a run are used up before its end */
	nx_buf_reset(&b->text);
	add(b, "\U0001F600", 12000);
	assert_int_equal(run(b, NX_THREAD), NX_TEXT_TOO_LONG);
	b->ask.numbering = true;
	assert_int_equal(run(b, NX_THREAD), NX_OK);
}

static void
serves_long_posts(void **state)
{
	struct bench *b = *state;

	b->ask.limit = NX_LIMIT_LONG;
	add(b, "word ", 4900);
	assert_int_equal(run(b, NX_REJECT), NX_OK);
	assert_int_equal(b->got.parts[0].weighted_length, 24500);
	add(b, "word ", 200);
	assert_int_equal(run(b, NX_TRUNCATE), NX_OK);
	assert_int_equal(b->got.parts[0].weighted_length, 24997);
	assert_int_equal(run(b, NX_THREAD), NX_OK);
	assert_int_equal(b->got.count, 2);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The CPU time that `n` bytes of `unit` take, cut short and as a thread. */
static double
cost(struct bench *b, const char *unit, size_t n)
{
	double start;

	nx_arena_reset(b->arena);
	nx_buf_reset(&b->text);
	add(b, unit, (int)(n / strlen(unit)));
	start = seconds();
	(void)run(b, NX_TRUNCATE);
	(void)run(b, NX_THREAD);
	return seconds() - start;
}

/* Eight times the text may take about eight times as long, not 64 times. */
static void
is_linear(void **state)
{
	static const char *const units[] = { "a", "a.com", ".co", "a.com ",
	    "$A", "\u4e16\u3002", "\U0001F469\u200d", "\ufb2c", "#a ",
	    "\u0301", " ", "Yes. ", "a\n" };
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		double small = 1, large = 1;

		/* the best of some: another process may be in the way */
		for (int k = 0; k < 5; k++) {
			double s = cost(b, units[i], 12000);
			double l = cost(b, units[i], 96000);

			small = s < small ? s : small;
			large = l < large ? l : large;
		}
		if (large > small * 20 + 0.002)
			fail_msg("%s: %f s, then %f s", units[i], small,
			    large);
	}
}

static void
says_when_memory_is_short(void **state)
{
	struct bench *b = *state;

	nx_arena_free(b->arena);
	b->arena = nx_arena_new(64);
	assert_non_null(b->arena);
	add(b, "word ", 100);
	for (int how = NX_TRUNCATE; how <= NX_THREAD; how++) {
		assert_int_equal(run(b, (enum nx_on_long)how), NX_NO_MEMORY);
		assert_int_equal(b->err.rc, NX_NO_MEMORY);
		assert_null(b->got.parts);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(leaves_alone_what_fits),
		TEST(drops_white_space_before_text),
		TEST(refuses_what_is_no_post),
		TEST(truncates_at_a_word),
		TEST(truncates_before_an_entity),
		TEST(dots_take_the_place_of_a_stop),
		TEST(says_why_a_link_is_none),
		TEST(refuses_a_bad_link),
		TEST(threads_at_the_best_place),
		TEST(prefers_words_to_lines),
		TEST(knows_what_ends_a_sentence),
		TEST(keeps_parts_apart_and_visible),
		TEST(finds_seams_that_make_no_link),
		TEST(numbers_parts),
		TEST(threads_every_script),
		TEST(keeps_cashtags_apart),
		TEST(knows_when_it_cannot),
		TEST(serves_long_posts),
		TEST(is_linear),
		TEST(says_when_memory_is_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
