/* test_account_keep.c - what X has granted is saved, whatever is in the way. */

#include "store_apart.h"

#include "nx/flow/account/keep.h"

/* A process whose rescue directory cannot be, and whose time is up. */
struct world {
	struct nx_app	app;
	struct nx_ctx	ctx;
};

static void
open_world(const struct env *e, struct world *w)
{
	*w = (struct world){ .app = {
		.conf = { .state_dir = "/dev/null/nowhere", .log.fd = -1 },
		.ring = e->ring, .pool = e->pool, .store = e->store,
	} };
	w->ctx = (struct nx_ctx){
		.app = &w->app,
		.arena = e->arena,
		.request_id = "keep",
		.deadline = nx_clock_mono() - 1000,
	};
}

static void
a_grant_that_is_nowhere_is_never_too_late(void **state)
{
	struct env *e = need_database(state);
	const struct nx_pending p = pending_of(e);
	struct nx_rescue aside = NX_RESCUE_NONE;
	struct world w;

	open_world(e, &w);
	assert_false(nx_keep_aside(&w.ctx, &p, &aside));
	assert_int_equal(nx_keep_pending(&w.ctx, &p, &aside), NX_OK);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_pending"
	    " WHERE user_id = $1", e->user, NULL), "1");
}

static void
a_pair_that_is_nowhere_is_never_too_late(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	const struct nx_new_grant g = grant_of(e);
	struct nx_rescue aside = NX_RESCUE_NONE;
	char id[NX_UUID_LEN + 1];
	struct nx_lease lease;
	struct nx_err err;
	struct world w;
	bool stored;

	save(e, &g, id);
	assert_int_equal(nx_lease_take(&ask, e->user, id, 1, &lease, &err), NX_OK);
	open_world(e, &w);
	assert_int_equal(nx_keep_pair(&w.ctx, &(struct nx_new_pair){
	    .connection_id = id, .owner = lease.owner, .version = 1,
	    .access_token = "access-2", .refresh_token = "refresh-2",
	    .expires_at = nx_clock_wall() + 7200 }, &aside, &stored), NX_OK);
	assert_true(stored);
	assert_string_equal(sql(e, "SELECT token_version FROM x_grants"
	    " WHERE connection_id = $1", id, NULL), "2");
}

int
main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, env_open_apart, env_close_apart)
	const struct CMUnitTest tests[] = {
		TEST(a_grant_that_is_nowhere_is_never_too_late),
		TEST(a_pair_that_is_nowhere_is_never_too_late),
	};

	return cmocka_run_group_tests_name("account/keep", tests, NULL, NULL);
}
