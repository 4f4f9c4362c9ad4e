/*
 * lease.c - the right to spend a refresh token.
 *
 * Times are the database's, so that hosts with different clocks agree.  The
 * row in x_grants is the lock; nothing is held while X is called.
 */

#include "nx/store/lease.h"

#include "nx/base/uuid.h"
#include "nx/store/revocation.h"
#include "row.h"

enum { LOST_PAUSE_MS = 2000 };

/*
 * A repeated call finds its own lease and takes it again.  Whoever waited for
 * another's row sees what that other wrote, since the fence is checked on
 * the row as it is then.
 */
static const char take_lease[] =
    "INSERT INTO x_grants AS g (connection_id, lease_owner, lease_until,"
    "  attempt_started_at)"
    " SELECT id, $3, clock_timestamp() + $4 * interval '1 ms', now()"
    "  FROM platform_connections"
    "  WHERE id = $1 AND platform = '" NX_PLATFORM "' AND status = 'connected'"
    " ON CONFLICT (connection_id) DO UPDATE SET"
    "  lease_owner = excluded.lease_owner,"
    "  lease_until = excluded.lease_until,"
    "  attempt_started_at = excluded.attempt_started_at,"
    "  suspect = CASE WHEN g.lease_owner = excluded.lease_owner"
    "   THEN g.suspect ELSE g.attempt_started_at IS NOT NULL END"
    " WHERE g.token_version = $2 AND (g.lease_owner = excluded.lease_owner"
    "  OR g.lease_until IS NULL OR g.lease_until <= clock_timestamp())"
    " RETURNING g.suspect";

static const char look_lease[] =
    "SELECT " NX_CONNECTION_COLUMNS NX_CONNECTION_FROM
    " WHERE c.id = $1 AND c.platform = '" NX_PLATFORM "'";

static enum nx_rc
read_lease(const struct nx_store_ask *ask, PGresult *const *results,
    int64_t seen, struct nx_lease *out, struct nx_err *err)
{
	struct nx_connection *c = &out->connection;
	bool taken = PQntuples(results[0]) == 1;

	if (PQntuples(results[1]) == 0)
		return nx_fail(err, NX_CONNECTION_UNKNOWN,
		    "The connection is gone.");
	if (!nx_row_connection(ask->arena, results[1], 0, c))
		return nx_fail(err, NX_NO_MEMORY, "while reading a lease");
	if (c->status != NX_STATUS_CONNECTED)
		out->state = NX_LEASE_ENDED;
	else if (taken)
		out->state = NX_LEASE_TAKEN;
	else
		out->state = c->version == seen ? NX_LEASE_HELD :
		    NX_LEASE_MOVED;
	out->suspect = taken && nx_row_bool(results[0], 0, 0);
	if (out->state == NX_LEASE_TAKEN)
		return nx_row_open_both(ask, results[1], 0, c, err);
	return out->state == NX_LEASE_MOVED ?
	    nx_row_open_access(ask, results[1], 0, c, err) : NX_OK;
}

enum nx_rc
nx_lease_take(const struct nx_store_ask *ask, const char *connection_id,
    int64_t seen, struct nx_lease *out, struct nx_err *err)
{
	char version[NX_NUMBER_MAX], ms[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ take_lease, { connection_id, nx_row_number(version, seen),
		    out->owner, nx_row_number(ms, NX_LEASE_MS) }, 4 },
		{ look_lease, { connection_id }, 1 },
	};
	PGresult *results[2] = { NULL };
	enum nx_rc rc, gone;

	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->owner);
	rc = nx_row_repeat(ask, queries, 2, results, err);
	if (rc == NX_OK)
		rc = read_lease(ask, results, seen, out, err);
	/* Nobody can use it: do not keep it from whoever has the key. */
	gone = rc != NX_OK && out->state == NX_LEASE_TAKEN &&
	    out->connection.id != NULL ?
	    nx_lease_release(ask, out, 0, NULL) : NX_OK;
	(void)gone;			/* else it runs out */
	nx_db_clear(results, 2);
	return rc;
}

static const char whose[] =
    "SELECT id, user_id FROM platform_connections"
    " WHERE id = $1 AND platform = '" NX_PLATFORM "'";

static const char lock_row[] =
    "SELECT 1 FROM platform_connections WHERE id = $1 FOR NO KEY UPDATE";

/* 1 id, 2 version, 3 owner, 4 access, 5 refresh, 6 expires, 7 scopes */
static const char save_pair[] =
    "WITH moved AS ("
    " UPDATE x_grants g SET token_version = token_version + 1,"
    "  refreshed_at = now(), refreshed_by = $3, last_success_at = now(),"
    "  lease_owner = NULL, lease_until = NULL, attempt_started_at = NULL,"
    "  suspect = false, refused_at = NULL, retry_at = NULL, failures = 0"
    " FROM platform_connections c WHERE g.connection_id = $1"
    "  AND g.token_version = $2 AND c.id = g.connection_id"
    "  AND c.status IN ('connected', 'needs_reauth')"
    " RETURNING g.connection_id)"
    "UPDATE platform_connections c SET access_token = $4,"
    "  refresh_token = coalesce($5, c.refresh_token),"
    "  token_expires_at = to_timestamp($6::bigint),"
    "  scopes = coalesce(string_to_array($7, ' '), c.scopes),"
    "  status = 'connected', status_reason = NULL, updated_at = now()"
    " FROM moved WHERE c.id = moved.connection_id";

/* X has answered this one, as store/brake.h counts. */
static const char heard[] = "DELETE FROM x_refreshing WHERE owner = $1";

static const char is_saved[] =
    "SELECT 1 FROM x_grants WHERE connection_id = $1"
    " AND token_version = $2::bigint + 1 AND refreshed_by = $3";

static enum nx_rc
seal_pair(const struct nx_store_ask *ask, const PGresult *row,
    const struct nx_new_pair *pair, const char *sealed[2],
    struct nx_err *err)
{
	const struct nx_place access = { nx_row_peek(row, 0, 0),
	    nx_row_peek(row, 0, 1), nx_column_access };
	const struct nx_place refresh = { access.id, access.user_id,
	    nx_column_refresh };
	enum nx_rc rc;

	rc = nx_row_seal(ask, &access, pair->access_token, &sealed[0], err);
	if (rc == NX_OK)
		rc = nx_row_seal(ask, &refresh, pair->refresh_token,
		    &sealed[1], err);
	return rc;
}

static enum nx_rc
store_pair(const struct nx_store_ask *ask, struct nx_query *queries,
    const struct nx_new_pair *pair, bool *saved, struct nx_err *err)
{
	char expires[NX_NUMBER_MAX];
	PGresult *results[4] = { NULL };
	enum nx_rc rc;

	queries[1].params[5] = nx_row_number(expires, pair->expires_at);
	queries[1].params[6] = pair->scopes;
	rc = nx_row_repeat(ask, queries, 4, results, err);
	if (rc == NX_OK)
		*saved = PQntuples(results[2]) == 1;
	nx_db_clear(results, 4);
	return rc;
}

enum nx_rc
nx_lease_save(const struct nx_store_ask *ask, const struct nx_new_pair *pair,
    bool *saved, struct nx_err *err)
{
	const char *id = pair->connection_id;
	char number[NX_NUMBER_MAX];
	const char *version = nx_row_number(number, pair->version);
	const struct nx_query find = { whose, { id }, 1 };
	struct nx_query queries[] = {
		{ lock_row, { id }, 1 },
		{ save_pair, { id, version, pair->owner }, 7 },
		{ is_saved, { id, version, pair->owner }, 3 },
		{ heard, { pair->owner }, 1 },
	};
	PGresult *row = NULL;
	enum nx_rc rc;

	*saved = false;
	rc = nx_row_repeat(ask, &find, 1, &row, err);
	if (rc != NX_OK || PQntuples(row) == 0)
		goto out;
	rc = seal_pair(ask, row, pair, &queries[1].params[3], err);
	if (rc == NX_OK)
		rc = store_pair(ask, queries, pair, saved, err);
	if (rc == NX_OK && !*saved)
		rc = nx_revocation_park_pair(ask, pair, err);
out:
	nx_db_clear(&row, 1);
	return rc;
}

/* After a failure: 3 the pause, 4 the longest one. */
#define PAUSE								\
	" failures = failures + ($3::integer > 0)::integer,"		\
	" retry_at = CASE WHEN $3::integer > 0 THEN clock_timestamp() +" \
	"  least($3::integer * 2.0 ^ least(failures, 20), $4::float8)"	\
	"  * interval '1 s' ELSE retry_at END"

/* What an earlier attempt left open stays open. */
static const char release_lease[] =
    "UPDATE x_grants SET lease_owner = NULL, lease_until = NULL,"
    " attempt_started_at = CASE WHEN suspect THEN attempt_started_at END,"
    PAUSE " WHERE connection_id = $1 AND lease_owner = $2";

enum nx_rc
nx_lease_release(const struct nx_store_ask *ask,
    const struct nx_lease *lease, int pause, struct nx_err *err)
{
	char seconds[NX_NUMBER_MAX], most[NX_NUMBER_MAX];
	const struct nx_query query = {
		release_lease, { lease->connection.id, lease->owner,
		    nx_row_number(seconds, pause),
		    nx_row_number(most, NX_LEASE_PAUSE_MAX) }, 4,
	};

	return nx_row_write(ask, &query, 1, err);
}

/*
 * 5: nobody has it for so many ms, so that those who wait do not all knock;
 * NULL: for as long as the lease runs.
 */
static const char lose[] =
    "UPDATE x_grants SET lease_owner = NULL, lease_until = coalesce("
    "  clock_timestamp() + $5::float8 * interval '1 ms', lease_until),"
    PAUSE " WHERE connection_id = $1 AND lease_owner = $2";

enum nx_rc
nx_lease_lost(const struct nx_store_ask *ask, const struct nx_lease *lease,
    bool answered, struct nx_err *err)
{
	char pause[NX_NUMBER_MAX], most[NX_NUMBER_MAX], ms[NX_NUMBER_MAX];
	const struct nx_query query = {
		lose, { lease->connection.id, lease->owner,
		    nx_row_number(pause, NX_LEASE_PAUSE),
		    nx_row_number(most, NX_LEASE_PAUSE_MAX),
		    answered ? nx_row_number(ms, LOST_PAUSE_MS) : NULL }, 5,
	};

	return nx_row_write(ask, &query, 1, err);
}

/*
 * The next try is the last: when the access token is over.  An attempt that
 * was open stays so, since it is what the refusal comes from.
 */
static const char let_end[] =
    "WITH ours AS ("
    " UPDATE x_grants g SET lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = CASE WHEN suspect THEN attempt_started_at END,"
    "  refused_at = now(), retry_at = c.token_expires_at"
    " FROM platform_connections c WHERE g.connection_id = $1"
    "  AND g.lease_owner = $2 AND g.token_version = $3"
    "  AND c.id = g.connection_id AND c.status = 'connected'"
    " RETURNING g.connection_id)"
    "UPDATE platform_connections c SET status_reason = $4,"
    "  updated_at = now() FROM ours WHERE c.id = ours.connection_id";

/* The tokens stay: a pair that was kept aside may still come home. */
static const char give_up[] =
    "WITH ours AS ("
    " UPDATE x_grants SET lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = NULL, suspect = false"
    " WHERE connection_id = $1 AND lease_owner = $2"
    "  AND token_version = $3 RETURNING connection_id)"
    "UPDATE platform_connections c SET status = 'needs_reauth',"
    "  status_reason = $4, updated_at = now()"
    " FROM ours WHERE c.id = ours.connection_id"
    "  AND c.status = 'connected'";

/* Repeated after it was done, it finds what it did by the reason. */
static const char is_told[] =
    "SELECT 1 FROM platform_connections c"
    " JOIN x_grants g ON g.connection_id = c.id"
    " WHERE c.id = $1 AND g.token_version = $2 AND c.status = $3"
    " AND c.status_reason = $4 AND g.lease_owner IS NULL";

enum nx_rc
nx_lease_refused(const struct nx_store_ask *ask,
    const struct nx_lease *lease, const struct nx_refusal *why, bool *told,
    struct nx_err *err)
{
	const struct nx_connection *c = &lease->connection;
	char version[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ lock_row, { c->id }, 1 },
		{ why->lives ? let_end : give_up, { c->id, lease->owner,
		    nx_row_number(version, c->version), why->reason }, 4 },
		{ is_told, { c->id, version, nx_connection_status_name(
		    why->lives ? NX_STATUS_CONNECTED :
		    NX_STATUS_NEEDS_REAUTH), why->reason }, 4 },
	};
	PGresult *results[3] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, 3, results, err);

	*told = rc == NX_OK && PQntuples(results[2]) == 1;
	nx_db_clear(results, 3);
	return rc;
}
