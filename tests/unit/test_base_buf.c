/* test_base_buf.c - the bounded buffer and slices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "canary.h"
#include "nx/base/buf.h"

static void
grows_to_its_maximum(void **state)
{
	struct nx_buf b = NX_BUF(1000);

	(void)state;
	assert_string_equal(nx_buf_str(&b), "");
	for (int i = 0; i < 1000; i++) {
		nx_buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(strlen(nx_buf_str(&b)), i + 1);
	}
	assert_true(nx_buf_ok(&b));
	assert_int_equal(b.p[999], 'a' + 999 % 26);
	nx_buf_addc(&b, 'x');
	assert_false(nx_buf_ok(&b));
	assert_int_equal(b.n, 1000);
	nx_buf_free(&b);
}

static void
failure_sticks_until_reset(void **state)
{
	struct nx_buf b = NX_BUF(4);

	(void)state;
	nx_buf_adds(&b, "12345");
	assert_int_equal(b.n, 0);
	nx_buf_adds(&b, "1");
	assert_int_equal(b.n, 0);
	assert_false(nx_buf_ok(&b));
	nx_buf_reset(&b);
	nx_buf_adds(&b, "1234");
	assert_true(nx_buf_ok(&b));
	assert_string_equal(nx_buf_str(&b), "1234");
	nx_buf_reset(&b);
	assert_string_equal(nx_buf_str(&b), "");
	nx_buf_free(&b);
}

static void
formats(void **state)
{
	struct nx_buf b = NX_BUF(300);

	(void)state;
	nx_buf_addf(&b, "%d-%s", 7, "x");
	assert_string_equal(nx_buf_str(&b), "7-x");
	nx_buf_addf(&b, "%*d", 297, 1);
	assert_true(nx_buf_ok(&b));
	assert_int_equal(b.n, 300);
	assert_int_equal(strlen(b.p), 300);
	nx_buf_addf(&b, "%s", "");
	assert_true(nx_buf_ok(&b));
	nx_buf_addf(&b, "%d", 1);
	assert_false(nx_buf_ok(&b));
	assert_int_equal(b.n, 300);
	nx_buf_free(&b);
}

static void
keeps_bytes_of_a_secret_that_grows(void **state)
{
	struct nx_buf b = NX_BUF_SECRET(5000);
	char want[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(want); i++) {
		want[i] = (char)i;
		nx_buf_add(&b, &want[i], 1);
	}
	assert_true(nx_buf_ok(&b));
	assert_memory_equal(b.p, want, sizeof(want));
	nx_buf_reset(&b);
	for (size_t i = 0; i < b.cap; i++)
		assert_int_equal(b.p[i], 0);
	nx_buf_free(&b);
	assert_null(b.p);
}

static void
reserves_what_is_added_later(void **state)
{
	struct nx_buf b = NX_BUF(5000);
	const char *p;

	(void)state;
	assert_false(nx_buf_reserve(&b, 5001));
	assert_true(nx_buf_ok(&b));
	assert_true(nx_buf_reserve(&b, 5000));
	p = b.p;
	assert_string_equal(nx_buf_str(&b), "");
	for (int i = 0; i < 5000; i++)
		nx_buf_addc(&b, 'x');
	assert_true(nx_buf_ok(&b));
	assert_ptr_equal(b.p, p);
	assert_true(nx_buf_reserve(&b, 10));
	assert_int_equal(b.n, 5000);
	nx_buf_free(&b);
}

static void
encodes_for_urls(void **state)
{
	struct nx_buf b = NX_BUF(100);

	(void)state;
	nx_buf_add_url(&b, NX_SLICE("aZ09-._~ /?&=+%\xc3\xa4\n"));
	assert_string_equal(nx_buf_str(&b),
	    "aZ09-._~%20%2F%3F%26%3D%2B%25%C3%A4%0A");
	nx_buf_free(&b);
}

static void
takes_an_empty_slice(void **state)
{
	struct nx_buf b = NX_BUF(0);

	(void)state;
	nx_buf_slice_add(&b, (struct nx_slice){ NULL, 0 });
	assert_true(nx_buf_ok(&b));
	assert_string_equal(nx_buf_str(&b), "");
	nx_buf_addc(&b, 'x');
	assert_false(nx_buf_ok(&b));
	nx_buf_free(&b);
}

static void
cuts_slices(void **state)
{
	struct nx_slice in = NX_SLICE("a,,b");

	(void)state;
	assert_true(nx_slice_is(nx_slice_cut(&in, ','), "a"));
	assert_true(nx_slice_is(nx_slice_cut(&in, ','), ""));
	assert_non_null(in.p);
	assert_true(nx_slice_is(nx_slice_cut(&in, ','), "b"));
	assert_null(in.p);
	assert_int_equal(nx_slice_cut(&in, ',').n, 0);
	in = NX_SLICE("a,");
	assert_true(nx_slice_is(nx_slice_cut(&in, ','), "a"));
	assert_non_null(in.p);
	assert_int_equal(in.n, 0);
}

static void
trims_slices(void **state)
{
	(void)state;
	assert_true(nx_slice_is(nx_slice_trim(NX_SLICE(" \ta b "), " \t"),
	    "a b"));
	assert_int_equal(nx_slice_trim(NX_SLICE("   "), " ").n, 0);
	assert_int_equal(nx_slice_trim(NX_SLICE("\0a\0"), " ").n, 3);
	assert_true(nx_slice_eq(nx_slice_str(NULL), NX_SLICE("")));
	assert_false(nx_slice_is(NX_SLICE("a\0b"), "a"));
}

/* Filled to its capacity; the secret at the beginning and at the end. */
static void
add_secrets(struct nx_buf *b, size_t n)
{
	nx_buf_adds(b, CANARY);
	while (b->n < n - (sizeof(CANARY) - 1))
		nx_buf_addc(b, '.');
	nx_buf_adds(b, CANARY);
	assert_true(nx_buf_ok(b) && b->n == n);
}

static void
wipes_a_secret_that_grows(void **state)
{
	struct nx_buf b = NX_BUF_SECRET(100000);

	(void)state;
	add_secrets(&b, 1000);
	(void)canary_leaks();
	(void)canary_frees();
	while (b.n < 50000)
		add_secrets(&b, b.n + 1000);
	assert_true(canary_frees() >= 5);
	assert_int_equal(canary_leaks(), 0);
	nx_buf_free(&b);
	assert_int_equal(canary_frees(), 1);
	assert_int_equal(canary_leaks(), 0);
}

/* Printed: what did not fit the first time was half there already. */
static void
wipes_a_secret_that_is_printed(void **state)
{
	struct nx_buf b = NX_BUF_SECRET(100000);

	(void)state;
	(void)canary_leaks();
	(void)canary_frees();
	for (int i = 0; i < 100; i++)
		nx_buf_addf(&b, "%s %*d ", CANARY, 300, i);
	assert_true(nx_buf_ok(&b));
	assert_true(canary_frees() >= 5);
	nx_buf_free(&b);
	assert_int_equal(canary_leaks(), 0);
}

/* What a shorter text left behind it in the block goes too. */
static void
wipes_a_secret_when_it_is_emptied(void **state)
{
	struct nx_buf b = NX_BUF_SECRET(100000);

	(void)state;
	add_secrets(&b, 1000);
	nx_buf_reset(&b);
	assert_false(canary_in(b.p, b.cap));
	add_secrets(&b, 1000);
	nx_buf_recycle(&b);
	assert_non_null(b.p);
	assert_false(canary_in(b.p, b.cap));
	add_secrets(&b, NX_BUF_KEEP + 1);
	(void)canary_leaks();
	nx_buf_recycle(&b);
	assert_null(b.p);
	assert_int_equal(canary_leaks(), 0);
}

/* The canary is seen where nothing is wiped. */
static void
leaves_what_is_no_secret(void **state)
{
	struct nx_buf b = NX_BUF(100000);

	(void)state;
	add_secrets(&b, 1000);
	(void)canary_leaks();
	nx_buf_free(&b);
	assert_int_equal(canary_leaks(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_maximum),
		cmocka_unit_test(failure_sticks_until_reset),
		cmocka_unit_test(formats),
		cmocka_unit_test(keeps_bytes_of_a_secret_that_grows),
		cmocka_unit_test(reserves_what_is_added_later),
		cmocka_unit_test(encodes_for_urls),
		cmocka_unit_test(takes_an_empty_slice),
		cmocka_unit_test(cuts_slices),
		cmocka_unit_test(trims_slices),
		cmocka_unit_test(wipes_a_secret_that_grows),
		cmocka_unit_test(wipes_a_secret_that_is_printed),
		cmocka_unit_test(wipes_a_secret_when_it_is_emptied),
		cmocka_unit_test(leaves_what_is_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
