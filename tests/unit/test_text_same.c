/* test_text_same.c - what X shows against what was sent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "nx/text/same.h"
#include "nx/text/weigh.h"

#define LINK "https://t.co/AbCdEfGhI1"
#define LINK2 "https://t.co/AbCdEfGhI2"

static bool
is_same(const char *sent, const char *shown, const char *meant,
    const char *meant2)
{
	const struct nx_link links[] = {
		{ NX_SLICE(LINK2), nx_slice_str(meant2) },
		{ NX_SLICE(LINK), nx_slice_str(meant) },
		{ NX_SLICE("https://t.co/zzz"), NX_SLICE("http://zzz.com") },
		{ { NULL, 0 }, NX_SLICE("http://nowhere.com") },
	};
	bool same;

	assert_int_equal(nx_text_is_same(nx_slice_str(sent),
	    nx_slice_str(shown), links, 4, &same), NX_OK);
	return same;
}

struct row {
	const char	*sent, *shown, *meant, *meant2;
	bool		 same;
};

static void
check(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];

		if (is_same(r->sent, r->shown, r->meant, r->meant2) != r->same)
			fail_msg("%zu: \"%s\" and \"%s\" (%s) are%s the same",
			    i, r->sent, r->shown, r->meant == NULL ? "-" :
			    r->meant, r->same ? "" : " not");
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void
plain_texts(void **state)
{
	static const struct row rows[] = {
		{ "Hello", "Hello", NULL, NULL, true },
		{ "Hello", "hello", NULL, NULL, false },
		{ "Hello", "Hello!", NULL, NULL, false },
		{ "Hello!", "Hello", NULL, NULL, false },
		{ "1 of 10", "1 of 11", NULL, NULL, false },
		{ "\xf0\x9f\x91\x8d", "\xf0\x9f\x91\x8e", NULL, NULL, false },
		{ "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", "\xf0\x9f\x91\x8d",
		  NULL, NULL, false },
		{ "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4", NULL, NULL,
		  false },
		{ "a-b", "a\xe2\x80\x93" "b", NULL, NULL, false },
		{ "", "", NULL, NULL, true },
		{ "", "a", NULL, NULL, false },
		{ "a", "", NULL, NULL, false },
	};

	(void)state;
	CHECK(rows);
}

static void
html_in_either_reading(void **state)
{
	static const struct row rows[] = {
		{ "a & b <c> \"d\" 'e'", "a &amp; b &lt;c&gt; \"d\" 'e'", NULL,
		  NULL, true },
		{ "\"d\" 'e'", "&quot;d&quot; &#39;e&#39;", NULL, NULL, true },
		{ "a & b", "a & b", NULL, NULL, true },
		{ "&amp;", "&amp;amp;", NULL, NULL, true },
		{ "&amp;", "&amp;", NULL, NULL, true },
		{ "&lt;", "&amp;lt;", NULL, NULL, true },
		{ "<", "&amp;lt;", NULL, NULL, false },
		{ "a && b", "a &amp;&amp; b", NULL, NULL, true },
		{ "a & b", "a &lt; b", NULL, NULL, false },
		{ "a&", "a&am", NULL, NULL, false },
	};

	(void)state;
	CHECK(rows);
}

static void
what_x_stores(void **state)
{
	static const struct row rows[] = {
		{ "  a \r\n b \n", "a \n b", NULL, NULL, true },
		{ "\xe2\x80\x8b" "a\xc2\xa0\xe3\x80\x80", "a", NULL, NULL,
		  true },
		{ "e\xcc\x81", "\xc3\xa9", NULL, NULL, true },
		{ "e\xe2\x80\x8e\xcc\x81", "\xc3\xa9", NULL, NULL, true },
		{ "a\tb\x7f\xe2\x80\xaa" "c", "abc", NULL, NULL, true },
		{ "a\n\n\n\nb", "a\n\nb", NULL, NULL, true },
		{ "a\n \r\n\xe2\xa0\x80\n b", "a\n\n b", NULL, NULL, true },
		{ "a\n\nb", "a\n\nb", NULL, NULL, true },
		{ "a\n\nb", "a\nb", NULL, NULL, false },
		{ "a\nb", "a b", NULL, NULL, false },
		{ "a  b", "a b", NULL, NULL, false },
		{ "ab", "a b", NULL, NULL, false },
	};

	(void)state;
	CHECK(rows);
}

static void
links_stand_for_what_was_written(void **state)
{
	static const struct row rows[] = {
		{ "see http://a.com/x.", "see " LINK ".", "http://a.com/x",
		  NULL, true },
		{ "see example.com", "see " LINK, "http://example.com", NULL,
		  true },
		{ "see example.com", "see " LINK, "https://example.com/",
		  NULL, true },
		{ "EXAMPLE.com/A", LINK, "http://example.com/A", NULL, true },
		{ "example.com/A", LINK, "http://example.com/a", NULL,
		  false },
		{ "http://a.com", LINK, "https://a.com", NULL, false },
		{ "http://a.com:80/x", LINK, "http://a.com:8080/x", NULL,
		  false },
		{ "http://a.com?q=1", LINK, "http://a.com/?q=1", NULL, true },
		{ "http://a.com/x", LINK, "http://a.com/x/", NULL, false },
		{ "http://a.com/x?a=1&b=2", LINK, "http://a.com/x?a=1&b=2",
		  NULL, true },
		{ "http://a.com/\xd0\xb6", LINK, "http://a.com/%d0%B6", NULL,
		  true },
		{ "http://a.com/a%2fb", LINK, "http://a.com/a/b", NULL,
		  false },
		{ "http://a.com/%7eu", LINK, "http://a.com/~u", NULL, true },
		{ "http://b\xc3\xbc" "cher.de/", LINK,
		  "http://xn--bcher-kva.de", NULL, true },
		{ "http://b\xc3\xbc" "cher.de/", LINK,
		  "http://xn--bcher-kvb.de", NULL, false },
		{ "\xe6\x97\xa5it.so\xe4\xb8\xad", "\xe6\x97\xa5" LINK
		  "\xe4\xb8\xad", "http://it.so", NULL, true },
		{ "a.com b.com", LINK " " LINK2, "http://a.com",
		  "http://b.com", true },
		{ "a.com b.com", LINK " " LINK2, "http://b.com",
		  "http://a.com", false },
		{ "a.com b.com", LINK, "http://a.com", NULL, false },
		{ "x a.com", "x " LINK, "http://b.com", NULL, false },
		{ "x", "x " LINK, "http://b.com", NULL, false },
		{ "x a.com", "x", NULL, NULL, false },
		/* letters directly behind a link that is known */
		{ "http://a.com:80abc", LINK "abc", "http://a.com:80", NULL,
		  true },
		/* a domain that is newer than our list */
		{ "see new.nosuchtld/p now", "see " LINK " now",
		  "http://new.nosuchtld/p", NULL, true },
		{ "see new.nosuchtld now", "see " LINK " now",
		  "http://new.nosuchtld/", NULL, true },
		{ "see new.nosuchtle now", "see " LINK " now",
		  "http://new.nosuchtld/", NULL, false },
	};

	(void)state;
	CHECK(rows);
}

static void
unknown_links_match_any(void **state)
{
	static const struct row rows[] = {
		{ "see a.com/x now", "see " LINK " now", NULL, NULL, true },
		{ "see a.com/x now", "see https://t.co/unheard now", NULL,
		  NULL, true },
		{ "see http://a.com/x", "see http://t.co/unheard", NULL, NULL,
		  true },
		{ "see it now", "see " LINK " now", NULL, NULL, false },
		{ "a.com and a.com", LINK " and " LINK2, NULL, "http://a.com",
		  true },
		{ "a.com and b.com", LINK " and " LINK2, NULL, "http://a.com",
		  false },
	};

	(void)state;
	CHECK(rows);
}

static void
servers_that_rewrite_nothing(void **state)
{
	static const struct row rows[] = {
		{ "see http://a.com/x?a=1&b=2", "see http://a.com/x?a=1&b=2",
		  NULL, NULL, true },
		{ "see a.com", "see a.com", NULL, NULL, true },
		{ "see a.com", "see b.com", NULL, NULL, false },
		{ "see https://t.co/own?a=1", "see https://t.co/own?a=1",
		  NULL, NULL, true },
		{ "see https://t.co/own b.com", "see https://t.co/own " LINK,
		  "http://b.com", NULL, true },
		{ "see https://t.co/own?a=1 b.com", "see https://t.co/own?a=1 "
		  LINK, "http://b.com", NULL, true },
		{ "xhttps://t.co/own & <", "xhttps://t.co/own &amp; &lt;",
		  NULL, NULL, true },
	};

	(void)state;
	CHECK(rows);
}

static void
x_adds_a_link(void **state)
{
	static const struct row rows[] = {
		{ "look", "look " LINK, "https://x.com/u/status/1/photo/1",
		  NULL, true },
		{ "look", "look\n" LINK,
		  "https://twitter.com/u_1/status/17/video/1", NULL, true },
		{ "look", "look " LINK, "https://x.com/u/status/1", NULL,
		  true },
		{ "look", "look " LINK, NULL, NULL, true },
		{ "look a.com", "look " LINK " " LINK2, "http://a.com",
		  "https://x.com/u/status/1/photo/1", true },
		{ "look", "look " LINK, "https://y.com/u/status/1/photo/1",
		  NULL, false },
		{ "look", "look " LINK, "https://x.com/u/status/1/likes",
		  NULL, false },
		{ "look", "look " LINK, "https://x.com/u", NULL, false },
		{ "look", "look " LINK, "https://x.com/u/status/x", NULL,
		  false },
		{ "look", "look " LINK " " LINK2,
		  "https://x.com/u/status/1/photo/1", NULL, false },
		{ "look", "look " LINK " more", NULL, NULL, false },
		{ "look", "lo" LINK, NULL, NULL, false },
	};

	(void)state;
	CHECK(rows);
}

static void
replies_may_begin_with_mentions(void **state)
{
	static const struct row rows[] = {
		{ "yes", "@bob @a_1 yes", NULL, NULL, true },
		{ "@eve yes", "@bob @eve yes", NULL, NULL, true },
		{ "@eve yes", "@eve yes", NULL, NULL, true },
		{ "yes", "yes", NULL, NULL, true },
		{ "yes a.com", "@bob yes " LINK, "http://a.com", NULL, true },
		{ "@eve yes", "@bob yes", NULL, NULL, false },
		{ "@eve yes", "yes", NULL, NULL, false },
		{ "yes", "@bob no", NULL, NULL, false },
		{ "yes", "@bob, yes", NULL, NULL, false },
		{ "yes", "@ yes", NULL, NULL, false },
		{ "yes", "@abcdefghijklmnopqrstu yes", NULL, NULL, false },
		{ "@eve", "@bob @eve", NULL, NULL, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct nx_link link = { NX_SLICE(LINK),
		    nx_slice_str(rows[i].meant) };
		bool same;

		assert_int_equal(nx_text_is_same_reply(
		    nx_slice_str(rows[i].sent), nx_slice_str(rows[i].shown),
		    &link, 1, &same), NX_OK);
		if (same != rows[i].same)
			fail_msg("%zu: %s", i, rows[i].shown);
	}
	assert_false(is_same("yes", "@bob yes", NULL, NULL));
}

static void
bad_texts_are_refused(void **state)
{
	static char long_one[NX_TEXT_BYTES_MAX + 1];
	const struct nx_slice bad = NX_SLICE("\xc3"), good = NX_SLICE("a");
	struct nx_slice big = { long_one, sizeof(long_one) };
	bool same = true;

	(void)state;
	memset(long_one, 'a', sizeof(long_one));
	assert_int_equal(nx_text_is_same(bad, good, NULL, 0, &same),
	    NX_INVALID);
	assert_false(same);
	assert_int_equal(nx_text_is_same(good, bad, NULL, 0, &same),
	    NX_INVALID);
	assert_int_equal(nx_text_is_same(good, big, NULL, 0, &same),
	    NX_TOO_BIG);
}

enum { LINKS_MAX = 1100 };

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* `piece` from the `i`th time on; a # is eight digits of `i`. */
static struct nx_slice
fill(char *to, const char *piece, int i, int end)
{
	size_t n = 0;

	for (; i < end; i++) {
		for (const char *p = piece; *p != '\0'; p++) {
			if (*p == '#')
				n += (size_t)snprintf(to + n, 9, "%08d", i);
			else
				to[n++] = *p;
		}
	}
	return (struct nx_slice){ to, n };
}

static void
hostile_texts_take_no_longer(void **state)
{
	static const struct {
		const char	*sent, *shown, *meant;
		int		 times;
		bool		 same;
	} rows[] = {
		{ "http://a#.com ", "https://t.co/s# ",
		  "http://a#.com", 1040, true },
		{ "xhttps://t.co/s# ", "xhttps://t.co/s# ",
		  "http://a#.com", 1040, true },
		{ "b#.xq ", "https://t.co/s# ",
		  "http://b#.xq/", 1040, true },
		{ "a.b#", "a.b#", "", 2200, true },
		{ "&", "&amp;", "", 25000, true },
		{ "&am", "&am", "", 8000, true },
		{ "\n ", "\n", "", 12500, true },
		{ "\n\xe2\xa0\x80x", "\n x", "", 8000, false },
		{ "@a ", "@b ", "", 8000, false },
		{ "a\xcc\x81\xcc\xa3", "\xe1\xba\xa1\xcc\x81", "", 8000,
		  true },
	};
	static char sent[200000], shown[200000];
	static char names[LINKS_MAX][64], meant[LINKS_MAX][64];
	static struct nx_link links[LINKS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct nx_slice a = fill(sent, rows[i].sent, 0,
		    rows[i].times);
		const struct nx_slice b = fill(shown, rows[i].shown, 0,
		    rows[i].times);
		double best = 1e9;
		bool same = false;

		for (int k = 0; k < LINKS_MAX; k++)
			links[k] = (struct nx_link){
				fill(names[k], "https://t.co/s#", k, k + 1),
				fill(meant[k], rows[i].meant, k, k + 1),
			};
		for (int k = 0; k < 5; k++) {
			double from = cpu_ms(), took;

			assert_int_equal(nx_text_is_same_reply(a, b, links,
			    LINKS_MAX, &same), NX_OK);
			took = cpu_ms() - from;
			best = took < best ? took : best;
		}
		if (same != rows[i].same)
			fail_msg("%zu: same is %d", i, same);
		if (best > 50)
			fail_msg("%zu: %.1f ms", i, best);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_texts),
		cmocka_unit_test(html_in_either_reading),
		cmocka_unit_test(what_x_stores),
		cmocka_unit_test(links_stand_for_what_was_written),
		cmocka_unit_test(unknown_links_match_any),
		cmocka_unit_test(servers_that_rewrite_nothing),
		cmocka_unit_test(x_adds_a_link),
		cmocka_unit_test(replies_may_begin_with_mentions),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(hostile_texts_take_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
