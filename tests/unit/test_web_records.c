/*
 * test_web_records.c - where a request ends, from the heads of its records
 * (FastCGI specification, sections 3.3 and 5).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "web/records.h"

/* Records as they lie on the wire: version, type, id, length, padding. */
#define BEGIN	"\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0"
#define PARAMS	"\1\4\0\1\0\4\0\0" "\1\1Ab"
#define PADDED	"\1\4\0\1\0\4\3\0" "\1\1Ab" "\1\4\0"
#define PARAMS0	"\1\4\0\1\0\0\0\0"
#define STDIN	"\1\5\0\1\0\3\0\0" "abc"
#define STDIN0	"\1\5\0\1\0\0\0\0"
#define ABORT	"\1\2\0\1\0\0\0\0"
#define VALUES	"\1\11\0\0\0\0\0\0"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
	const char	*name;
	const char	*p;
	size_t		 n;
	enum nx_records	 want;
} cases[] = {
	{ "nothing", BYTES(""), NX_RECORDS_PART },
	{ "half a head", BYTES("\1\1\0\1"), NX_RECORDS_PART },
	{ "without a body", BYTES(BEGIN PARAMS PARAMS0 STDIN0),
	    NX_RECORDS_WHOLE },
	{ "with a body", BYTES(BEGIN PARAMS PARAMS PARAMS0 STDIN STDIN STDIN0),
	    NX_RECORDS_WHOLE },
	{ "with padding", BYTES(BEGIN PADDED PARAMS0 STDIN0),
	    NX_RECORDS_WHOLE },
	{ "and another behind it", BYTES(BEGIN PARAMS PARAMS0 STDIN0 BEGIN),
	    NX_RECORDS_WHOLE },
	{ "the end of the parameters is missing", BYTES(BEGIN PARAMS),
	    NX_RECORDS_PART },
	{ "the end of the body is missing", BYTES(BEGIN PARAMS PARAMS0 STDIN),
	    NX_RECORDS_PART },
	{ "no begin", BYTES(PARAMS PARAMS0 STDIN0), NX_RECORDS_FOREIGN },
	{ "begun twice", BYTES(BEGIN BEGIN), NX_RECORDS_FOREIGN },
	{ "the body before the parameters' end", BYTES(BEGIN PARAMS STDIN0),
	    NX_RECORDS_FOREIGN },
	{ "an abort", BYTES(BEGIN ABORT), NX_RECORDS_FOREIGN },
	{ "a question about the server", BYTES(VALUES), NX_RECORDS_FOREIGN },
	{ "one in between", BYTES(BEGIN VALUES), NX_RECORDS_FOREIGN },
	{ "another request's record", BYTES(BEGIN "\1\4\0\2\0\0\0\0"),
	    NX_RECORDS_FOREIGN },
	{ "request 0", BYTES("\1\1\0\0\0\10\0\0"), NX_RECORDS_FOREIGN },
	{ "version 2", BYTES("\2\1\0\1\0\10\0\0"), NX_RECORDS_FOREIGN },
	{ "HTTP", BYTES("GET / HTTP/1.1\r\n\r\n"), NX_RECORDS_FOREIGN },
};

enum { MAX = 8192 };

static void
tells_where_a_request_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].name);
		assert_int_equal(nx_records_look(
		    (const unsigned char *)cases[i].p, cases[i].n, MAX),
		    cases[i].want);
	}
}

/* Whatever is cut off, it is a part; what is told of it is never an end. */
static void
every_cut_is_a_part(void **state)
{
	static const char whole[] = BEGIN PADDED PARAMS0 STDIN STDIN0;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(nx_records_look((const unsigned char *)whole,
		    n, MAX), NX_RECORDS_PART);
}

/* Its last record begins at the window's edge, or ends behind it. */
static void
what_is_larger_than_the_window_is_told(void **state)
{
	static const char whole[] = BEGIN PARAMS PARAMS0 STDIN0;
	const size_t n = sizeof(whole) - 1;

	(void)state;
	assert_int_equal(nx_records_look((const unsigned char *)whole, n, n),
	    NX_RECORDS_WHOLE);
	for (size_t cut = 1; cut <= 8; cut++)
		assert_int_equal(nx_records_look((const unsigned char *)whole,
		    n - cut, n - cut), NX_RECORDS_LARGE);
	assert_int_equal(nx_records_look((const unsigned char *)
	    "\1\1\0\1\0\10\0\0" "\0\1\0\0\0\0\0\0" "\1\4\0\1\377\377\0\0", 24,
	    MAX), NX_RECORDS_LARGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_where_a_request_ends),
		cmocka_unit_test(every_cut_is_a_part),
		cmocka_unit_test(what_is_larger_than_the_window_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
