/* The lease of an X account: one has it, a death ends it. */

#include "store/account.h"

#include "store_env.h"

enum { SHORT_MS = 300 };

static struct nx_store_ask
soon(const struct env *e)
{
	struct nx_store_ask ask = ask_of(e);

	ask.deadline = nx_clock_mono() + SHORT_MS;
	return ask;
}

static void
one_has_it(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e), short_ask;
	struct nx_account_lease first, second;
	struct nx_err err;

	assert_int_equal(nx_account_take(&ask, e->user, &first, &err), NX_OK);
	short_ask = soon(e);
	assert_int_equal(nx_account_take(&short_ask, e->user, &second, &err),
	    NX_BUSY);
	assert_null(second.x_user_id);
	nx_account_leave(&ask, &second);	/* it is not its own to leave */
	short_ask = soon(e);
	assert_int_equal(nx_account_take(&short_ask, e->user, &second, &err),
	    NX_BUSY);
	nx_account_leave(&ask, &first);
	assert_int_equal(nx_account_take(&ask, e->user, &second, &err), NX_OK);
	nx_account_leave(&ask, &second);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_accounts"
	    " WHERE platform_user_id = $1", e->user, NULL), "0");
}

static void
whoever_died_is_followed(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_account_lease dead, next;
	struct nx_err err;

	assert_int_equal(nx_account_take(&ask, e->user, &dead, &err), NX_OK);
	/* It outlives whatever is done under it. */
	assert_string_equal(sql(e, "SELECT until - since > $2::integer"
	    " * interval '1 ms' FROM x_accounts WHERE platform_user_id = $1",
	    e->user, "4000"), "t");
	(void)sql(e, "UPDATE x_accounts SET until = now()"
	    " WHERE platform_user_id = $1", e->user, NULL);
	assert_int_equal(nx_account_take(&ask, e->user, &next, &err), NX_OK);
	/* What the dead one has still to say changes nothing. */
	nx_account_leave(&ask, &dead);
	assert_string_equal(sql(e, "SELECT owner FROM x_accounts"
	    " WHERE platform_user_id = $1", e->user, NULL), next.owner);
	nx_account_leave(&ask, &next);
}

/* Only as long as it lasts; and it does as long as that takes. */
static void
what_is_done_is_done_under_it(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_account_lease lease;
	struct nx_query holds;
	struct nx_err err;

	assert_int_equal(nx_account_take(&ask, e->user, &lease, &err), NX_OK);
	holds = nx_account_holds(&lease);
	assert_int_equal(nx_row_write(&ask, &holds, 1, &err), NX_OK);
	(void)sql(e, "UPDATE x_accounts SET until = now()"
	    " WHERE platform_user_id = $1", e->user, NULL);
	assert_int_equal(nx_row_write(&ask, &holds, 1, &err), NX_BUSY);
	nx_account_leave(&ask, &lease);
	assert_int_equal(nx_row_write(&ask, &holds, 1, &err), NX_BUSY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(one_has_it),
		T(whoever_died_is_followed),
		T(what_is_done_is_done_under_it),
#undef T
	};

	return cmocka_run_group_tests_name("store/account", tests, NULL, NULL);
}
