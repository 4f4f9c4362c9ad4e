/*
 * brake.c - when X does not answer renewals.
 *
 * Whoever enters looks at all that is under way; nobody has to wake up for
 * it.  Times are the database's.  The row of x_app is written only when
 * something changes, so renewals do not wait for each other.
 *
 * Where tables are spread over nodes, whoever writes a table of which each
 * has a copy keeps all others from it: x_app comes before x_refreshing.
 */

#include "nx/store/brake.h"

#include "nx/store/lease.h"
#include "row.h"

/* 1 how many, 2 seconds of waiting, 3 seconds of the brake */
static const char trip[] =
    "UPDATE x_app SET probe = NULL,"
    "  braked_until = now() + $3::float8 * interval '1 s'"
    " WHERE braked_until IS NULL AND $1::integer <= ("
    "  SELECT count(*) FROM x_refreshing r"
    "   WHERE r.since > released_at AND r.until > now()"
    "   AND r.since <= now() - $2::float8 * interval '1 s')";

/* 1 owner, 2 seconds of the brake */
static const char become_probe[] =
    "UPDATE x_app SET probe = $1::uuid,"
    "  braked_until = now() + $2::float8 * interval '1 s'"
    " WHERE braked_until <= now()";

/* 1 owner, 2 ms of the lease */
static const char enter[] =
    "INSERT INTO x_refreshing (owner, since, until)"
    " SELECT $1::uuid, clock_timestamp(),"
    "  clock_timestamp() + $2::float8 * interval '1 ms'"
    " WHERE NOT EXISTS (SELECT 1 FROM x_app WHERE braked_until IS NOT NULL"
    "  AND probe IS DISTINCT FROM $1::uuid)"
    " ON CONFLICT (owner) DO NOTHING";

/*
 * Whoever slept through its lease is no holder any more.
 * 1 owner, 2 user, 3 row
 */
static const char look_brake[] =
    "SELECT EXISTS (SELECT 1 FROM x_refreshing WHERE owner = $1::uuid),"
    " EXISTS (SELECT 1 FROM x_grants WHERE user_id = $2::uuid"
    "  AND connection_id = $3::uuid"
    "  AND lease_owner = $1::uuid AND lease_until > clock_timestamp())"
    " OR EXISTS (SELECT 1 FROM x_pending WHERE user_id = $2::uuid"
    "  AND id = $3::uuid"
    "  AND lease_owner = $1::uuid AND lease_until > clock_timestamp()),"
    " (SELECT greatest(1, ceil(extract(epoch FROM"
    "  braked_until - clock_timestamp())))::bigint FROM x_app)";

/* What others left behind by dying goes with it. */
static const char leave[] =
    "DELETE FROM x_refreshing WHERE owner = $1 OR until < now()";

static const char be_no_probe[] =
    "UPDATE x_app SET probe = NULL, braked_until = now() WHERE probe = $1";

/* Its token is not sent, and it is no probe: another may become one. */
static enum nx_rc
turn_back(const struct nx_store_ask *ask, const char *owner,
    struct nx_err *err)
{
	const struct nx_query queries[] = {
		{ be_no_probe, { owner }, 1 },
		{ leave, { owner }, 1 },
	};
	enum nx_rc rc = nx_row_write(ask, queries, 2, NULL);

	(void)rc;		/* else it counts until its lease is over */
	return nx_fail(err, NX_REFRESH_BUSY, "The right to renew it ran out"
	    " before its token was sent.");
}

enum nx_rc
nx_brake_enter(const struct nx_store_ask *ask, const char *owner,
    const char *user_id, const char *row, int *wait, struct nx_err *err)
{
	char many[NX_NUMBER_MAX], slow[NX_NUMBER_MAX];
	char brake[NX_NUMBER_MAX], lease[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ trip, { nx_row_number(many, NX_BRAKE_UNANSWERED),
		    nx_row_number(slow, NX_BRAKE_SLOW),
		    nx_row_number(brake, NX_BRAKE_SECONDS) }, 3 },
		{ become_probe, { owner, brake }, 2 },
		{ enter, { owner, nx_row_number(lease, NX_LEASE_MS) }, 2 },
		{ look_brake, { owner, user_id, row }, 3 },
	};
	PGresult *results[4] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, 4, results, err);

	*wait = 0;
	if (rc == NX_OK && !nx_row_bool(results[3], 0, 1))
		rc = turn_back(ask, owner, err);
	else if (rc == NX_OK && !nx_row_bool(results[3], 0, 0))
		*wait = (int)nx_row_i64(results[3], 0, 2);
	nx_db_clear(results, 4);
	return rc;
}

static const char answered[] =
    "UPDATE x_app SET lost = 0,"
    " braked_until = CASE WHEN probe = $1 THEN NULL ELSE braked_until END,"
    " released_at = CASE WHEN probe = $1 THEN " NX_CLOCK
    "  ELSE released_at END,"
    " probe = nullif(probe, $1)"
    " WHERE lost > 0 OR probe = $1";

static const char hold_app[] =
    "UPDATE x_app SET lost = 0 WHERE lost < 0";

/* Counted once, however often it is said.  2 how many, 3 seconds */
static const char lose[] =
    "WITH gone AS (DELETE FROM x_refreshing WHERE owner = $1 RETURNING 1)"
    "UPDATE x_app SET lost = lost + 1,"
    " braked_until = CASE WHEN lost + 1 >= $2::integer"
    "  THEN (SELECT clock_timestamp() + $3::float8 * interval '1 s')"
    "  ELSE braked_until END,"
    " probe = nullif(probe, $1) FROM gone";

enum nx_rc
nx_brake_leave(const struct nx_store_ask *ask, const char *owner,
    enum nx_brake_end end, struct nx_err *err)
{
	char many[NX_NUMBER_MAX], brake[NX_NUMBER_MAX];
	const struct nx_query hearing[] = {
		{ answered, { owner }, 1 },
		{ leave, { owner }, 1 },
	}, losing[] = {
		{ .sql = hold_app },
		{ lose, { owner, nx_row_number(many, NX_BRAKE_LOST),
		    nx_row_number(brake, NX_BRAKE_SECONDS) }, 3 },
	};

	if (end == NX_BRAKE_END_LOST)
		return nx_row_write(ask, losing, 2, err);
	return end == NX_BRAKE_END_ANSWERED ?
	    nx_row_write(ask, hearing, 2, err) :
	    nx_row_write(ask, &hearing[1], 1, err);
}
