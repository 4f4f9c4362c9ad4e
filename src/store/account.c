/* account.c - the lease of an X account. */

#include "account.h"

#include "nx/base/clock.h"

/* A statement may reach the server just before its deadline. */
enum { MARGIN_MS = 5000, LOOK_MS = 50 };

/* 1 account, 2 owner, 3 ms.  A repeated call finds its own. */
static const char take_account[] =
    "INSERT INTO x_accounts AS a (platform_user_id, owner, since, until)"
    " VALUES ($1, $2, clock_timestamp(),"
    "  clock_timestamp() + $3::float8 * interval '1 ms')"
    " ON CONFLICT (platform_user_id) DO UPDATE SET owner = excluded.owner,"
    "  since = excluded.since, until = excluded.until"
    " WHERE a.owner = excluded.owner OR a.until <= excluded.since"
    " RETURNING 1";

static const char leave_account[] =
    "DELETE FROM x_accounts WHERE platform_user_id = $1 AND owner = $2";

/* 1 account, 2 owner: no row, which is an error, or locked until the end. */
static const char hold_account[] =
    "WITH held AS (UPDATE x_accounts SET since = since"
    " WHERE platform_user_id = $1 AND owner = $2"
    "  AND until > (SELECT clock_timestamp()) RETURNING 1)"
    "SELECT 1 / count(*)::integer FROM held";

static enum nx_rc
try_account(const struct nx_store_ask *ask,
    const struct nx_account_lease *lease, bool *taken, struct nx_err *err)
{
	char ms[NX_NUMBER_MAX];
	const struct nx_query query = { take_account, { lease->x_user_id,
	    lease->owner, nx_row_number(ms, nx_clock_left(ask->deadline) +
	    (int64_t)MARGIN_MS) }, 3 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*taken = rc == NX_OK && PQntuples(row) == 1;
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_account_take(const struct nx_store_ask *ask, const char *x_user_id,
    struct nx_account_lease *out, struct nx_err *err)
{
	bool taken;
	enum nx_rc rc;

	*out = (struct nx_account_lease){ .x_user_id = x_user_id };
	nx_uuid_random(out->owner);
	rc = try_account(ask, out, &taken, err);
	while (rc == NX_OK && !taken) {
		if (nx_clock_left(ask->deadline) <= LOOK_MS)
			rc = nx_fail(err, NX_BUSY, "Another request is at"
			    " the same X account.");
		else {
			nx_clock_sleep(LOOK_MS);
			rc = try_account(ask, out, &taken, err);
		}
	}
	if (rc != NX_OK) {
		nx_account_leave(ask, out);	/* only the answer was lost */
		out->x_user_id = NULL;
	}
	return rc;
}

void
nx_account_leave(const struct nx_store_ask *ask,
    const struct nx_account_lease *lease)
{
	const struct nx_query query = {
		leave_account, { lease->x_user_id, lease->owner }, 2,
	};
	enum nx_rc rc = lease->x_user_id == NULL ? NX_OK :
	    nx_row_write(ask, &query, 1, NULL);

	(void)rc;
}

struct nx_query
nx_account_holds(const struct nx_account_lease *lease)
{
	return (struct nx_query){
		hold_account, { lease->x_user_id, lease->owner }, 2,
	};
}
