/*
 * fuzz_web.h - the unit tests' application and tokens, for fuzz targets.
 */
#ifndef NX_TESTS_FUZZ_WEB_H
#define NX_TESTS_FUZZ_WEB_H

#include "fuzz.h"

#define assert_true(x)			CHECK(x)
#define assert_non_null(x)		CHECK((x) != NULL)
#define assert_int_equal(a, b)		CHECK((a) == (b))
#define assert_string_equal(a, b)	CHECK(strcmp((a), (b)) == 0)

#include "../unit/web_fixture.h"

/* One application for the whole run; its arena is emptied here. */
static inline struct web *
fuzz_web(void)
{
	static struct web *web;

	if (web == NULL)
		web = web_open(NULL);
	nx_arena_reset(web->ctx.arena);
	memset(&web->ctx.err, 0, sizeof(web->ctx.err));
	return web;
}

#endif
