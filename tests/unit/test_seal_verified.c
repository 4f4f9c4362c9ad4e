/* test_seal_verified.c - what is remembered, for how long, and how much. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "nx/seal/verified.h"

enum { NOW = 1800000000, ENTRIES = 64, THREADS = 8, ROUNDS = 5000 };

static void
hash_of(int i, unsigned char out[NX_SHA256_BYTES])
{
	char text[32];

	(void)snprintf(text, sizeof(text), "token %d", i);
	nx_sha256(nx_slice_str(text), out);
}

static void
keep(struct nx_verified *v, int i, uint64_t generation, int64_t expires)
{
	struct nx_jwt_claims claims = { .expires = expires };
	unsigned char hash[NX_SHA256_BYTES];

	hash_of(i, hash);
	(void)snprintf(claims.sub, sizeof(claims.sub), "user %d", i);
	nx_verified_keep(v, hash, generation, &claims);
}

/* Found, and nobody else's. */
static bool
find(struct nx_verified *v, int i, uint64_t generation, int64_t now)
{
	struct nx_jwt_claims claims = { .sub = "nobody" };
	unsigned char hash[NX_SHA256_BYTES];
	char want[64];
	bool found;

	hash_of(i, hash);
	(void)snprintf(want, sizeof(want), "user %d", i);
	found = nx_verified_find(v, hash, generation, now, &claims);
	assert_string_equal(claims.sub, found ? want : "nobody");
	return found;
}

static void
dies_when_the_token_does(void **state)
{
	struct nx_verified *v = nx_verified_new(ENTRIES);

	(void)state;
	assert_false(find(v, 1, 1, NOW));
	keep(v, 1, 1, NOW + 60);
	assert_true(find(v, 1, 1, NOW));
	assert_false(find(v, 2, 1, NOW));
	assert_true(find(v, 1, 1, NOW + 60 + NX_JWT_LEEWAY - 1));
	assert_false(find(v, 1, 1, NOW + 60 + NX_JWT_LEEWAY));
	assert_false(find(v, 1, 1, NOW));	/* and does not come back */
	nx_verified_free(v);
	nx_verified_free(NULL);
}

static void
dies_with_its_keys(void **state)
{
	struct nx_verified *v = nx_verified_new(ENTRIES);

	(void)state;
	keep(v, 1, 1, NOW + 60);
	assert_false(find(v, 1, 2, NOW));
	keep(v, 1, 2, NOW + 60);
	assert_true(find(v, 1, 2, NOW));
	nx_verified_free(v);
}

static void
never_grows(void **state)
{
	struct nx_verified *v = nx_verified_new(ENTRIES);
	int found = 0;

	(void)state;
	for (int i = 0; i < 100 * ENTRIES; i++) {
		keep(v, i, 1, NOW + 60);
		assert_true(find(v, i, 1, NOW));
	}
	for (int i = 0; i < 100 * ENTRIES; i++)
		found += find(v, i, 1, NOW);
	assert_in_range(found, ENTRIES / 2, ENTRIES);
	nx_verified_free(v);
}

static void
keeps_what_is_asked_for(void **state)
{
	struct nx_verified *v = nx_verified_new(4);

	(void)state;
	keep(v, 0, 1, NOW + 60);
	for (int i = 1; i < 100; i++) {
		keep(v, i, 1, NOW + 60);
		assert_true(find(v, 0, 1, NOW));
	}
	keep(v, 0, 1, NOW + 90);		/* takes no second place */
	assert_true(find(v, 99, 1, NOW));
	assert_true(find(v, 98, 1, NOW));
	assert_true(find(v, 97, 1, NOW));
	nx_verified_free(v);
}

static void *
use(void *arg)
{
	struct nx_verified *v = arg;

	for (int i = 0; i < ROUNDS; i++) {
		keep(v, i % 200, (uint64_t)(1 + i % 2), NOW + 60);
		(void)find(v, (i * 7) % 200, 1, NOW);
	}
	return NULL;
}

static void
serves_many_threads(void **state)
{
	struct nx_verified *v = nx_verified_new(ENTRIES);
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, v), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	nx_verified_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dies_when_the_token_does),
		cmocka_unit_test(dies_with_its_keys),
		cmocka_unit_test(never_grows),
		cmocka_unit_test(keeps_what_is_asked_for),
		cmocka_unit_test(serves_many_threads),
	};

	return cmocka_run_group_tests_name("verified", tests, NULL, NULL);
}
