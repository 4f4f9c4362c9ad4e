/* test_web_body.c - a body that is pulled in pieces. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "web/body.h"

/* So many bytes come, up to `step` at once; `asked` counts the pulls. */
struct source {
	int64_t	left;
	size_t	step;
	int	asked, after_end;
};

static size_t
pull(void *arg, char *to, size_t room)
{
	struct source *s = arg;
	size_t n = room < s->step ? room : s->step;

	s->asked++;
	s->after_end += s->left == 0;
	if ((int64_t)n > s->left)
		n = (size_t)s->left;
	memset(to, 'x', n);
	s->left -= (int64_t)n;
	return n;
}

/* All of it, 100 bytes at a time: how much came, and how it ended. */
static enum nx_rc
read_all(int64_t come, int64_t announced, int64_t *got)
{
	struct source s = { .left = come, .step = 64 };
	struct nx_body b = { .pull = pull, .source = &s,
	    .length = announced };
	struct nx_err err = { 0 };
	char piece[100];
	enum nx_rc rc;
	size_t n;

	*got = 0;
	do {
		rc = nx_body_read(&b, piece, sizeof(piece), &n, &err);
		assert_true(n <= sizeof(piece));
		*got += (int64_t)n;
	} while (rc == NX_OK && n > 0);
	assert_int_equal(*got, b.got);
	assert_int_equal(err.rc, rc);
	return rc;
}

static void
says_where_it_ends_elsewhere_than_announced(void **state)
{
	static const struct { int64_t come, announced; enum nx_rc rc; } cases[] = {
		{ 0, 0, NX_OK }, { 1, 1, NX_OK }, { 64, 64, NX_OK },
		{ 1000000, 1000000, NX_OK }, { 0, 1, NX_BODY_LENGTH },
		{ 999, 1000, NX_BODY_LENGTH }, { 1, 0, NX_BODY_LENGTH },
		{ 129, 128, NX_BODY_LENGTH },
	};
	int64_t got;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_all(cases[i].come, cases[i].announced,
		    &got), cases[i].rc);
	/* No more is taken than one piece too many. */
	assert_int_equal(read_all(1000000, 128, &got), NX_BODY_LENGTH);
	assert_in_range(got, 129, 228);
}

static void
collects_what_fits(void **state)
{
	struct source small = { .left = NX_BODY_MAX, .step = 5000 };
	struct source large = { .left = NX_BODY_MAX + 1, .step = 5000 };
	struct source endless = { .left = INT64_MAX, .step = 5000 };
	struct nx_buf out = NX_BUF(NX_BODY_MAX);
	struct nx_body b = { .pull = pull, .source = &small };

	(void)state;
	nx_body_collect(&b, &out);
	assert_true(nx_buf_ok(&out));
	assert_int_equal(out.n, NX_BODY_MAX);
	assert_true(b.ended);

	b = (struct nx_body){ .pull = pull, .source = &large };
	nx_buf_reset(&out);
	nx_body_collect(&b, &out);
	assert_false(nx_buf_ok(&out));
	assert_true(b.ended);			/* what is too much, too */

	b = (struct nx_body){ .pull = pull, .source = &endless };
	nx_buf_reset(&out);
	nx_body_collect(&b, &out);
	assert_false(b.ended);
	assert_in_range(b.got, NX_BODY_DRAIN_MAX, NX_BODY_DRAIN_MAX + 5000);
	nx_buf_free(&out);
}

static void
drains_what_is_left_once(void **state)
{
	struct source s = { .left = 300, .step = 64 };
	struct nx_body b = { .pull = pull, .source = &s, .length = 300 };
	struct nx_err err;
	char piece[100];
	size_t n;

	(void)state;
	assert_int_equal(nx_body_read(&b, piece, sizeof(piece), &n, &err),
	    NX_OK);
	nx_body_drain(&b);
	assert_true(b.ended);
	assert_int_equal(b.got, 300);
	nx_body_drain(&b);
	assert_int_equal(nx_body_read(&b, piece, sizeof(piece), &n, &err),
	    NX_OK);
	assert_int_equal(n, 0);
	assert_int_equal(s.after_end, 1);	/* nothing asks beyond the end */

	s = (struct source){ .left = INT64_MAX, .step = 64 };
	b = (struct nx_body){ .pull = pull, .source = &s };
	nx_body_drain(&b);
	assert_false(b.ended);
	assert_in_range(b.got, NX_BODY_DRAIN_MAX, NX_BODY_DRAIN_MAX + 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_where_it_ends_elsewhere_than_announced),
		cmocka_unit_test(collects_what_fits),
		cmocka_unit_test(drains_what_is_left_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
