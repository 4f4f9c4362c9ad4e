/* test_text_find.c - entities and their places. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "text/find.h"

enum { ARENA_MAX = 1 << 20 };

/* The entities as "kind:text" with `|` between. */
static void
show(struct nx_slice text, unsigned int kinds, struct nx_arena *arena,
    char *out, size_t max)
{
	struct nx_entity *e;
	size_t n, i, at = 0;

	assert_int_equal(nx_find(text, kinds, arena, &e, &n), NX_OK);
	out[0] = '\0';
	for (i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, max - at, "%s%d:%.*s",
		    i > 0 ? "|" : "", (int)e[i].kind,
		    (int)(e[i].end - e[i].start), text.p + e[i].start);
}

static void
finds_entities(void **state)
{
	static const struct {
		const char	*text;
		unsigned int	 kinds;
		const char	*want;
	} cases[] = {
		{ "", NX_ENTITY_ALL, "" },
		{ "see https://a.com/x, @b/c #d $E.", NX_ENTITY_ALL,
		  "1:https://a.com/x|2:@b/c|4:#d|8:$E" },
		{ "a.com/#tag @b", NX_ENTITY_HASHTAG, "" },
		{ "a.com/#tag @b", NX_ENTITY_MENTION, "2:@b" },
		{ "a.com/@b", NX_ENTITY_ALL, "1:a.com/@b" },
		{ "a.com/@b", NX_ENTITY_MENTION, "2:@b" },
		{ "me@a.com", NX_ENTITY_ALL, "" },
		{ "xRT@b RT@b", NX_ENTITY_ALL, "2:@b" },
		{ "@\u00e9 @b\u00e9 @b@c @b://", NX_ENTITY_ALL, "" },
		{ "#\ufe0f\u20e3 #1 #1a #\u65e5\u672c", NX_ENTITY_HASHTAG,
		  "4:#1a|4:#\u65e5\u672c" },
		{ "$A$B x$C $D", NX_ENTITY_CASHTAG, "8:$A|8:$D" },
		{ "$ABCDEFG $AB.CD $AB.CDE", NX_ENTITY_CASHTAG,
		  "8:$AB.CD|8:$AB" },
		{ "http://a_b.c_d.com http://a_b.cd.com", NX_ENTITY_URL,
		  "1:http://a_b.cd.com" },
		{ "\uff03tag \uff20user", NX_ENTITY_ALL,
		  "4:\uff03tag|2:\uff20user" },
	};
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	char got[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		show(nx_slice_str(cases[i].text), cases[i].kinds, arena, got,
		    sizeof(got));
		assert_string_equal(got, cases[i].want);
	}
	nx_arena_free(arena);
}

static void
gives_both_indices(void **state)
{
	struct nx_arena *arena = nx_arena_new(ARENA_MAX);
	struct nx_slice text = NX_SLICE("\U0001F600\u00e9 @name");
	struct nx_entity *e;
	size_t n;

	(void)state;
	assert_int_equal(nx_find(text, NX_ENTITY_ALL, arena, &e, &n), NX_OK);
	assert_int_equal(n, 1);
	assert_int_equal(e[0].start, 7);
	assert_int_equal(e[0].end, 12);
	assert_int_equal(e[0].start16, 4);
	assert_int_equal(e[0].end16, 9);
	assert_int_equal(nx_find(NX_SLICE("@a \xff"), NX_ENTITY_ALL, arena,
	    &e, &n), NX_INVALID);
	assert_null(e);
	assert_int_equal(n, 0);
	nx_arena_free(arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_entities),
		cmocka_unit_test(gives_both_indices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
