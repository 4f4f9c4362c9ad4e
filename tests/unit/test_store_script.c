/* test_store_script.c - a file of SQL, cut into its statements. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
cuts_where_psql_does(void **state)
{
	/* A file and its statements, with the line of each. */
	static const struct {
		const char	*text;
		struct { const char *statement; int line; } want[4];
	} cases[] = {
		{ "", { { NULL, 0 } } },
		{ " ;; -- nothing\n/* ; */\n", { { NULL, 0 } } },
		{ "A;B", { { "A", 1 }, { "B", 1 } } },
		{ "-- head\n\nBEGIN;\n\tX\n;\n", { { "BEGIN", 3 },
		    { "X", 4 } } },
		{ "a ';' b; c", { { "a ';' b", 1 }, { "c", 1 } } },
		{ "a 'it''s;' b; c", { { "a 'it''s;' b", 1 }, { "c", 1 } } },
		{ "a E'\\';' b; c", { { "a E'\\';' b", 1 }, { "c", 1 } } },
		{ "a '\\'; c", { { "a '\\'", 1 }, { "c", 1 } } },
		{ "a \";\" b; c", { { "a \";\" b", 1 }, { "c", 1 } } },
		{ "DO $$ a; 'b $$; c", { { "DO $$ a; 'b $$", 1 },
		    { "c", 1 } } },
		{ "$x$ $$; $y$ $x$; c", { { "$x$ $$; $y$ $x$", 1 },
		    { "c", 1 } } },
		{ "a$1; b$$; c", { { "a$1", 1 }, { "b$$", 1 }, { "c", 1 } } },
		{ "a /* ; /* ; */ ; */ b; c", { { "a /* ; /* ; */ ; */ b", 1 },
		    { "c", 1 } } },
		{ "a -- ;\nb;\nc", { { "a -- ;\nb", 1 }, { "c", 3 } } },
		{ "a 'open;", { { "a 'open;", 1 } } },
		{ "a /* open;", { { "a /* open;", 1 } } },
		{ "a $$ open;", { { "a $$ open;", 1 } } },
		{ "a E'\\", { { "a E'\\", 1 } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_script s = { nx_slice_str(cases[i].text), 1 };
		struct nx_slice statement;
		size_t n = 0;
		int line;

		while (nx_script_next(&s, &statement, &line)) {
			const char *want = cases[i].want[n].statement;

			if (want == NULL || !nx_slice_is(statement, want))
				fail_msg("case %zu: '%.*s'", i,
				    (int)statement.n, statement.p);
			assert_int_equal(line, cases[i].want[n].line);
			n++;
		}
		assert_null(cases[i].want[n].statement);
	}
}

static void
knows_how_it_begins(void **state)
{
	static const struct { const char *text; bool want; } cases[] = {
		{ "SET LOCAL lock_timeout = 1", true },
		{ "set\n\tlocal  LOCK_TIMEOUT", true },
		{ "SET LOCAL lock_timeout", true },
		{ "SET LOCAL lock_timeouts = 1", false },
		{ "SET LOCAL", false }, { "SETLOCAL lock_timeout", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(nx_script_begins(nx_slice_str(cases[i].text),
		    "SET LOCAL lock_timeout"), cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_where_psql_does),
		cmocka_unit_test(knows_how_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
