/*
 * due.c - leases of whatever is due for a renewal (lease.h).
 *
 * In two steps: candidates by a range of an index and without locks, then
 * each by its key, where the lease's condition is the fence.
 */

#include "nx/store/lease.h"

#include "nx/base/uuid.h"
#include "row.h"

/*
 * By the grant `g` alone.
 * 1 within, 2 is 1 where the id is to decide nothing, else 0
 */
#define UNTIL(seconds)							\
	"now() + ($1::float8 + $2::float8 * " seconds ") * interval '1 s'"
#define AHEAD								\
	" AND g.due_at < " UNTIL("256")					\
	" AND g.due_at < " UNTIL(NX_DUE_SPREAD("g.connection_id"))

/* The two indexes: nobody has it and it is not put off, or no longer. */
#define FREE	" g.lease_until IS NULL AND g.retry_at IS NULL"
#define WAITED								\
	" (g.lease_until IS NOT NULL OR g.retry_at IS NOT NULL)"	\
	" AND g.due_at IS NOT NULL"					\
	" AND greatest(g.lease_until, g.retry_at) <= now()"

/* 3 when the sweep began, 4 how many; 5 user */
#define SINCE								\
	" AND (g.refreshed_at < to_timestamp($3::bigint / 1000.0))"	\
	" IS NOT FALSE"
#define SOME_OF(which, order, also)					\
	"(SELECT g.user_id, g.connection_id, g.token_version"		\
	" FROM x_grants g WHERE" which AHEAD SINCE also			\
	" ORDER BY " order " LIMIT 256)"
#define FIND(also)							\
	"SELECT user_id, connection_id, token_version FROM ("		\
	SOME_OF(FREE, "g.due_at", also) " UNION ALL "			\
	SOME_OF(WAITED, "greatest(g.lease_until, g.retry_at)", also)	\
	") d ORDER BY random() LIMIT $4::bigint"

const char nx_lease_find[] = FIND("");
static const char find_own[] = FIND(" AND g.user_id = $5");

/* Texts of the parameters that all of these begin with. */
struct range {
	char	within[NX_NUMBER_MAX], begun[NX_NUMBER_MAX];
};

static void
fill_range(struct nx_query *q, const struct nx_due *due, struct range *r)
{
	q->params[0] = nx_row_number(r->within, due->within);
	q->params[1] = due->spread ? "0" : "1";
	q->params[2] = due->begun == 0 ? NULL :
	    nx_row_number(r->begun, due->begun);
}

enum nx_rc
nx_lease_find_due(const struct nx_store_ask *ask, const struct nx_due *due,
    struct nx_candidates *out, struct nx_err *err)
{
	const bool own = due->user_id != NULL;
	struct nx_query query = { own ? find_own : nx_lease_find, { NULL },
	    own ? 5 : 4 };
	char most[NX_NUMBER_MAX];
	struct range range;

	fill_range(&query, due, &range);
	query.params[3] = nx_row_number(most, NX_CANDIDATES);
	query.params[4] = due->user_id;
	return nx_row_find(ask, &query, out, err);
}

/*
 * By the connection `c` itself, as near as its id's spread.  Without a refresh
 * token there is nothing to do but to end it when its time is over.
 */
#define IS_DUE								\
	"c.platform = '" NX_PLATFORM "' AND c.status = 'connected'"	\
	" AND c.token_expires_at < now()"				\
	"  + ($1::float8 + 256) * interval '1 s'"			\
	" AND (c.refresh_token IS NOT NULL OR c.token_expires_at < now())"

/*
 * Whatever has just been saved has moved the version past the candidate's.
 * A repeated call finds its own lease.
 * 1 within, 2 user, 3 connection, 4 version, 5 owner, 6 lease in ms
 */
#define OF_FOUND							\
	" FROM platform_connections c"					\
	" WHERE g.user_id = $2 AND g.connection_id = $3"		\
	" AND g.token_version = $4::bigint"				\
	" AND c.user_id = $2 AND c.id = $3"
const char nx_lease_take_found[] =
    "UPDATE x_grants g SET lease_owner = $5::uuid,"
    " lease_until = (SELECT clock_timestamp()"
    "  + $6::float8 * interval '1 ms'), attempt_started_at = now(),"
    " suspect = CASE WHEN g.lease_owner = $5::uuid THEN g.suspect"
    "  ELSE g.attempt_started_at IS NOT NULL END"
    OF_FOUND " AND " IS_DUE
    " AND (g.lease_owner = $5::uuid"
    "  OR (g.lease_until IS NULL OR g.lease_until <= now())"
    "  AND (g.retry_at IS NULL OR g.retry_at <= now()))"
    " RETURNING g.suspect";

/*
 * A candidate that is not due after all is none any more: its row says when
 * it is.
 */
static const char correct[] =
    "UPDATE x_grants g SET due_at = CASE WHEN c.status = 'connected'"
    "  THEN c.token_expires_at END,"
    " retry_at = CASE WHEN c.refresh_token IS NULL"
    "  THEN c.token_expires_at ELSE g.retry_at END"
    OF_FOUND " AND (" IS_DUE ") IS NOT TRUE";

/* Not for us: whoever has the key finds it free. */
static void
set_aside(const struct nx_store_ask *ask, const struct nx_lease *lease)
{
	enum nx_rc rc = nx_lease_release(ask, lease, NX_LEASE_PAUSE_MAX / 3,
	    NULL);

	(void)rc;			/* else it runs out */
}

static enum nx_rc
read_taken(const struct nx_store_ask *ask, PGresult *const *results,
    const struct nx_candidate *found, struct nx_lease *out,
    struct nx_err *err)
{
	enum nx_rc rc = nx_lease_read(ask, results, found->version, out,
	    err);

	if (rc == NX_KEY_UNKNOWN || rc == NX_SEAL_BROKEN)
		set_aside(ask, out);
	if (rc != NX_CONNECTION_UNKNOWN)
		return rc;
	out->state = NX_LEASE_ENDED;
	return NX_OK;
}

enum nx_rc
nx_lease_take_due(const struct nx_store_ask *ask, const struct nx_due *due,
    const struct nx_candidate *found, struct nx_lease *out,
    struct nx_err *err)
{
	char within[NX_NUMBER_MAX], version[NX_NUMBER_MAX];
	char ms[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ nx_lease_take_found, { nx_row_number(within, due->within),
		    found->user_id, found->id,
		    nx_row_number(version, found->version), out->owner,
		    nx_row_number(ms, NX_LEASE_MS) }, 6 },
		{ nx_lease_look, { found->user_id, found->id }, 2 },
	};
	const struct nx_query mend = { correct, { within, found->user_id,
	    found->id, version }, 4 };
	PGresult *results[2] = { NULL };
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->owner);
	rc = nx_row_repeat(ask, queries, 2, results, err);
	if (rc == NX_OK)
		rc = read_taken(ask, results, found, out, err);
	nx_db_clear(results, 2);
	if (rc == NX_OK && out->state != NX_LEASE_TAKEN)
		rc = nx_row_write(ask, &mend, 1, err);
	return rc;
}

enum nx_rc
nx_lease_clock(const struct nx_store_ask *ask, int64_t *out,
    struct nx_err *err)
{
	const struct nx_query query = {
		.sql = "SELECT (extract(epoch FROM clock_timestamp())"
		    " * 1000)::bigint",
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*out = rc == NX_OK ? nx_row_i64(row, 0, 0) : 0;
	nx_db_clear(&row, 1);
	return rc;
}

#define COUNT(also)							\
	"SELECT count(*) FROM (SELECT 1 FROM x_grants g"		\
	" JOIN platform_connections c ON c.user_id = g.user_id"		\
	"  AND c.id = g.connection_id"					\
	" WHERE (" FREE " OR" WAITED ")" AHEAD SINCE			\
	" AND " IS_DUE also " LIMIT $4::bigint) d"
static const char count_all[] = COUNT("");
static const char count_own[] = COUNT(" AND g.user_id = $5");

enum nx_rc
nx_lease_count_due(const struct nx_store_ask *ask, const struct nx_due *due,
    int64_t *out, struct nx_err *err)
{
	const bool own = due->user_id != NULL;
	struct nx_query query = { own ? count_own : count_all, { NULL },
	    own ? 5 : 4 };
	char most[NX_NUMBER_MAX];
	struct range range;
	PGresult *row = NULL;
	enum nx_rc rc;

	fill_range(&query, due, &range);
	query.params[3] = nx_row_number(most, NX_DUE_COUNT_MAX);
	query.params[4] = due->user_id;
	rc = nx_row_repeat(ask, &query, 1, &row, err);
	*out = rc == NX_OK ? nx_row_i64(row, 0, 0) : 0;
	nx_db_clear(&row, 1);
	return rc;
}
