/* test_base_arena.c - memory of one request. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "canary.h"
#include "nx/base/arena.h"

static void
gives_zeroed_aligned_memory(void **state)
{
	struct nx_arena *a = nx_arena_new(1 << 20);

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 300; n++) {
			unsigned char *p = nx_arena_alloc(a, n);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p %
			    _Alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xff, n);
		}
		nx_arena_reset(a);
	}
	nx_arena_free(a);
	nx_arena_free(NULL);
}

static void
hands_nothing_out_twice(void **state)
{
	struct nx_arena *a = nx_arena_new(1 << 20);
	unsigned char *p[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		p[i] = nx_arena_alloc(a, i * 50 + 1);
		assert_non_null(p[i]);
		memset(p[i], (int)i, i * 50 + 1);
	}
	for (size_t i = 0; i < 200; i++) {
		for (size_t k = 0; k < i * 50 + 1; k++)
			assert_int_equal(p[i][k], i);
	}
	nx_arena_free(a);
}

static void
stops_at_its_maximum(void **state)
{
	struct nx_arena *a = nx_arena_new(10000);

	(void)state;
	assert_non_null(nx_arena_alloc(a, 9000));
	assert_true(nx_arena_ok(a));
	assert_null(nx_arena_alloc(a, 9000));
	assert_false(nx_arena_ok(a));
	assert_null(nx_arena_alloc(a, SIZE_MAX));
	nx_arena_reset(a);
	assert_true(nx_arena_ok(a));
	assert_non_null(nx_arena_alloc(a, 9000));
	assert_null(nx_arena_alloc(a, SIZE_MAX - 7));
	nx_arena_free(a);
}

/* After small pieces and after large ones, up to the maximum. */
static void
reserves_in_one_piece(void **state)
{
	struct nx_arena *a = nx_arena_new(20000);
	char *first, *last;

	(void)state;
	assert_non_null(nx_arena_alloc(a, 10));
	assert_true(nx_arena_reserve(a, 5000));
	first = nx_arena_alloc(a, 1000);
	for (int i = 0; i < 62; i++)
		last = nx_arena_alloc(a, 64);
	assert_ptr_equal(last, first + 1008 + 61 * 64);
	assert_false(nx_arena_reserve(a, 20001));
	assert_false(nx_arena_reserve(a, 19000));
	assert_true(nx_arena_ok(a));
	nx_arena_free(a);
}

/* A maximum under the block size is as good as any other. */
static void
may_be_small(void **state)
{
	struct nx_arena *a = nx_arena_new(100);

	(void)state;
	assert_non_null(nx_arena_alloc(a, 60));
	assert_null(nx_arena_alloc(a, 60));
	nx_arena_free(a);
}

static void
copies_text(void **state)
{
	struct nx_arena *a = nx_arena_new(10000);
	char *p;

	(void)state;
	assert_string_equal(nx_arena_str(a, "abc"), "abc");
	assert_string_equal(nx_arena_str(a, ""), "");
	assert_null(nx_arena_str(a, NULL));
	p = nx_arena_slice(a, (struct nx_slice){ "abcdef", 3 });
	assert_string_equal(p, "abc");
	assert_string_equal(nx_arena_printf(a, "%s-%d", "x", 7), "x-7");
	p = nx_arena_printf(a, "%5000d", 1);
	assert_int_equal(strlen(p), 5000);
	assert_null(nx_arena_printf(a, "%20000d", 1));
	assert_false(nx_arena_ok(a));
	nx_arena_free(a);
}

/* Small, of a block of its own, and larger than a block: 3 x the secret. */
static struct nx_arena *
with_secrets(char *where[3])
{
	static const size_t sizes[] = { 100, 4000, 9000 };
	struct nx_arena *a = nx_arena_new(1 << 20);

	for (int i = 0; i < 3; i++) {
		where[i] = nx_arena_alloc(a, sizes[i]);
		assert_non_null(where[i]);
		memcpy(where[i] + sizes[i] - sizeof(CANARY), CANARY,
		    sizeof(CANARY));
	}
	(void)canary_leaks();
	(void)canary_frees();
	return a;
}

static void
wipes_when_it_ends(void **state)
{
	char *where[3];
	struct nx_arena *a = with_secrets(where);

	(void)state;
	nx_arena_free(a);
	assert_int_equal(canary_frees(), 4);	/* three blocks and itself */
	assert_int_equal(canary_leaks(), 0);
}

/* The first block is kept, the others go. */
static void
wipes_when_it_is_reset(void **state)
{
	char *where[3];
	struct nx_arena *a = with_secrets(where);

	(void)state;
	nx_arena_reset(a);
	assert_int_equal(canary_frees(), 2);
	assert_int_equal(canary_leaks(), 0);
	assert_false(canary_in(where[0], 100));
	assert_ptr_equal(nx_arena_alloc(a, 100), where[0]);
	nx_arena_free(a);
}

/* A first block that is larger than usual goes as well. */
static void
wipes_a_large_first_block(void **state)
{
	struct nx_arena *a = nx_arena_new(1 << 20);
	char *p = nx_arena_alloc(a, 9000);

	(void)state;
	memcpy(p + 8000, CANARY, sizeof(CANARY));
	(void)canary_leaks();
	(void)canary_frees();
	nx_arena_reset(a);
	assert_int_equal(canary_frees(), 1);
	assert_int_equal(canary_leaks(), 0);
	nx_arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(hands_nothing_out_twice),
		cmocka_unit_test(stops_at_its_maximum),
		cmocka_unit_test(reserves_in_one_piece),
		cmocka_unit_test(may_be_small),
		cmocka_unit_test(copies_text),
		cmocka_unit_test(wipes_when_it_ends),
		cmocka_unit_test(wipes_when_it_is_reset),
		cmocka_unit_test(wipes_a_large_first_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
