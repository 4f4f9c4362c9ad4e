/* test_x_endpoint.c - what X's plan does not hold is remembered, for a while. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/x/endpoint.h"
#include "nx/x/timeline.h"
#include "x_fixture.h"

enum { NOW = 1790000000 };

static void
is_remembered_for_a_while(void **state)
{
	struct nx_endpoints *e = nx_endpoints_new();
	struct nx_verdict plan = { .class = NX_CLASS_PLAN }, v;

	(void)state;
	assert_non_null(e);
	assert_false(nx_endpoint_is_closed(e, NX_ENDPOINT_TIMELINE, NOW, &v));
	for (int class = 0; class < NX_CLASS_COUNT; class++) {
		v.class = (enum nx_class)class;
		if (class != NX_CLASS_PLAN)
			nx_endpoint_heard(e, NX_ENDPOINT_TIMELINE, &v, NOW);
	}
	assert_false(nx_endpoint_is_closed(e, NX_ENDPOINT_TIMELINE, NOW, &v));
	nx_endpoint_heard(e, NX_ENDPOINT_TIMELINE, &plan, NOW);
	assert_true(nx_endpoint_is_closed(e, NX_ENDPOINT_TIMELINE, NOW + 3599,
	    &v));
	assert_int_equal(v.class, NX_CLASS_PLAN);
	assert_false(nx_endpoint_is_closed(e, NX_ENDPOINT_TIMELINE,
	    NOW + 3600, &v));
	assert_false(nx_endpoint_is_closed(e, NX_ENDPOINT_TIMELINE,
	    NOW - 9999, &v));
	nx_endpoint_heard(NULL, NX_ENDPOINT_TIMELINE, &plan, NOW);
	assert_false(nx_endpoint_is_closed(NULL, NX_ENDPOINT_TIMELINE, NOW,
	    &v));
	nx_endpoints_free(e);
	nx_endpoints_free(NULL);
}

/* The timeline is not asked for again; everything else goes on. */
static void
nobody_keeps_knocking(void **state)
{
	struct x_fixture *f = *state;
	const struct nx_timeline_ask ask = { .x_user_id = "7" };
	struct nx_timeline page;
	struct nx_verdict v;

	f->x.endpoints = nx_endpoints_new();
	xs_answer(f->server, 403, "", "{\"title\":\"Client Forbidden\","
	    "\"reason\":\"client-not-enrolled\",\"required_enrollment\":"
	    "\"Appropriate Level of API Access\",\"type\":\"about:blank\"}");
	for (int i = 0; i < 3; i++) {
		nx_timeline_read(&f->x, "token", &ask, &page, &v);
		assert_int_equal(v.class, NX_CLASS_PLAN);
		assert_int_equal(page.n, 0);
	}
	assert_int_equal(xs_seen(f->server).requests, 1);
	nx_endpoints_free(f->x.endpoints);
	f->x.endpoints = NULL;
	nx_timeline_read(&f->x, "token", &ask, &page, &v);
	assert_int_equal(xs_seen(f->server).requests, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_remembered_for_a_while),
		X_TEST(nobody_keeps_knocking),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
