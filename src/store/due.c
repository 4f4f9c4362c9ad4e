/*
 * due.c - leases of whatever is due for a renewal (lease.h).
 */

#include "nx/store/lease.h"

#include "nx/base/uuid.h"
#include "row.h"

/*
 * What is due; jitter by the id.  Without a refresh token there is nothing
 * to do but to end the connection when its time is over.
 * 1 within, 2 spread, 3 user
 */
#define IS_DUE								\
	" c.platform = '" NX_PLATFORM "' AND c.status = 'connected'"	\
	" AND c.token_expires_at < now() + $1::float8 * interval '1 s'"	\
	" AND c.token_expires_at < now() + ($1::float8 - $2::float8"	\
	"  * (hashtext(c.id::text) & 255) / 256) * interval '1 s'"	\
	" AND (c.refresh_token IS NOT NULL OR c.token_expires_at < now())" \
	" AND ($3::uuid IS NULL OR c.user_id = $3)"

#define IS_FREE								\
	" (g.retry_at IS NULL OR g.retry_at <= clock_timestamp())"	\
	" AND (g.lease_until IS NULL OR g.lease_until <= clock_timestamp()"

/*
 * Both rows are locked and then judged as they are: whoever has just saved a
 * pair or taken the lease is seen, and every claim gets other rows.
 * 4 owner, 5 lease in ms, 6 how many, 7 when the sweep began
 */
const char nx_lease_claim[] =
    "WITH due AS ("
    " SELECT c.* FROM platform_connections c"
    " JOIN x_grants g ON g.connection_id = c.id"
    " WHERE" IS_DUE " AND" IS_FREE " OR g.lease_owner = $4::uuid)"
    " AND (g.refreshed_at < to_timestamp($7::bigint / 1000.0))"
    "  IS NOT FALSE"
    " ORDER BY c.token_expires_at LIMIT $6"
    " FOR NO KEY UPDATE OF c, g SKIP LOCKED),"
    "taken AS ("
    " UPDATE x_grants g SET lease_owner = $4::uuid,"
    "  lease_until = clock_timestamp() + $5 * interval '1 ms',"
    "  attempt_started_at = now(),"
    "  suspect = CASE WHEN g.lease_owner = $4::uuid"
    "   THEN g.suspect ELSE g.attempt_started_at IS NOT NULL END"
    "  FROM due WHERE g.connection_id = due.id RETURNING g.*)"
    "SELECT " NX_CONNECTION_COLUMNS ", g.suspect"
    " FROM due c JOIN taken g ON g.connection_id = c.id"
    " ORDER BY c.token_expires_at";

/* A row that others made has no grant to lock yet. */
static const char adopt[] =
    "INSERT INTO x_grants (connection_id)"
    " SELECT c.id FROM platform_connections c WHERE" IS_DUE
    "  AND NOT EXISTS (SELECT 1 FROM x_grants g"
    "   WHERE g.connection_id = c.id)"
    "  ORDER BY c.token_expires_at LIMIT $4"
    " ON CONFLICT (connection_id) DO NOTHING RETURNING 1";

/* Not for us: whoever has the key finds it free. */
static void
set_aside(const struct nx_store_ask *ask, const struct nx_lease *lease,
    struct nx_claim *out)
{
	enum nx_rc rc = nx_lease_release(ask, lease, NX_LEASE_PAUSE_MAX / 3,
	    NULL);

	(void)rc;			/* else it runs out */
	out->unreadable++;
}

static enum nx_rc
read_leases(const struct nx_store_ask *ask, const PGresult *rows,
    const char *owner, struct nx_claim *out, struct nx_err *err)
{
	int n = PQntuples(rows);

	out->leases = nx_arena_alloc(ask->arena,
	    (size_t)(n + 1) * sizeof(*out->leases));
	for (int i = 0; out->leases != NULL && i < n; i++) {
		struct nx_lease *l = &out->leases[out->n];
		enum nx_rc rc = NX_NO_MEMORY;

		memset(l, 0, sizeof(*l));
		l->state = NX_LEASE_TAKEN;
		memcpy(l->owner, owner, sizeof(l->owner));
		l->suspect = nx_row_bool(rows, i, NX_CONNECTION_NCOLUMNS);
		if (nx_row_connection(ask->arena, rows, i, &l->connection))
			rc = nx_row_open_both(ask, rows, i,
			    &l->connection, &out->why);
		if (rc == NX_KEY_UNKNOWN || rc == NX_SEAL_BROKEN)
			set_aside(ask, l, out);
		else if (rc == NX_OK)
			out->n++;
		else
			break;
	}
	return nx_arena_ok(ask->arena) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading what is due");
}

enum nx_rc
nx_lease_claim_due(const struct nx_store_ask *ask, const struct nx_due *due,
    size_t most, struct nx_claim *out, struct nx_err *err)
{
	char owner[NX_UUID_LEN + 1], within[NX_NUMBER_MAX];
	char spread[NX_NUMBER_MAX], ms[NX_NUMBER_MAX], n[NX_NUMBER_MAX];
	char begun[NX_NUMBER_MAX];
	const struct nx_query query = {
		nx_lease_claim, { nx_row_number(within, due->within),
		    nx_row_number(spread, due->spread), due->user_id, owner,
		    nx_row_number(ms, NX_LEASE_MS),
		    nx_row_number(n, (int64_t)most),
		    due->begun == 0 ? NULL :
		    nx_row_number(begun, due->begun) }, 7,
	};
	const struct nx_query orphans = {
		adopt, { within, spread, due->user_id, n }, 4,
	};
	PGresult *rows = NULL, *adopted = NULL;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	nx_uuid_random(owner);
	rc = nx_row_repeat(ask, &query, 1, &rows, err);
	if (rc == NX_OK && PQntuples(rows) == 0)
		rc = nx_row_repeat(ask, &orphans, 1, &adopted, err);
	if (rc == NX_OK && PQntuples(adopted) > 0) {
		nx_db_clear(&rows, 1);
		rc = nx_row_repeat(ask, &query, 1, &rows, err);
	}
	if (rc == NX_OK)
		rc = read_leases(ask, rows, owner, out, err);
	nx_db_clear(&adopted, 1);
	nx_db_clear(&rows, 1);
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

static const char count_due[] =
    "SELECT count(*) FROM platform_connections c"
    " LEFT JOIN x_grants g ON g.connection_id = c.id"
    " WHERE" IS_DUE " AND" IS_FREE ")";

enum nx_rc
nx_lease_count_due(const struct nx_store_ask *ask, const struct nx_due *due,
    int64_t *out, struct nx_err *err)
{
	char within[NX_NUMBER_MAX], spread[NX_NUMBER_MAX];
	const struct nx_query query = {
		count_due, { nx_row_number(within, due->within),
		    nx_row_number(spread, due->spread), due->user_id }, 3,
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*out = rc == NX_OK ? nx_row_i64(row, 0, 0) : 0;
	nx_db_clear(&row, 1);
	return rc;
}
