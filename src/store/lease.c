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
#include "tell.h"

enum { LOST_PAUSE_MS = 2000 };

/*
 * 1 user, 2 connection, 3 version, 4 owner, 5 lease in ms
 *
 * A repeated call finds its own lease and takes it again.  Whoever waited for
 * another's row sees what that other wrote, since the fence is checked on
 * the row as it is then.
 */
static const char take_lease[] =
    "INSERT INTO x_grants AS g (user_id, connection_id, token_version,"
    "  due_at, lease_owner, lease_until, attempt_started_at)"
    " SELECT user_id, id, $3::bigint, token_expires_at,"
    "  $4, clock_timestamp() + $5 * interval '1 ms', now()"
    "  FROM platform_connections WHERE user_id = $1 AND id = $2"
    "  AND platform = '" NX_PLATFORM "' AND status = 'connected'"
    " ON CONFLICT (user_id, connection_id) DO UPDATE SET"
    "  lease_owner = excluded.lease_owner,"
    "  lease_until = excluded.lease_until,"
    "  attempt_started_at = excluded.attempt_started_at,"
    "  suspect = CASE WHEN g.lease_owner = excluded.lease_owner"
    "   THEN g.suspect ELSE g.attempt_started_at IS NOT NULL END"
    " WHERE g.token_version = excluded.token_version"
    " AND (g.lease_owner = excluded.lease_owner"
    "  OR g.lease_until IS NULL"
    "  OR g.lease_until <= excluded.attempt_started_at)"
    " RETURNING g.suspect";

const char nx_lease_look[] =
    "SELECT " NX_CONNECTION_COLUMNS NX_CONNECTION_FROM
    " WHERE c.user_id = $1 AND c.id = $2"
    " AND c.platform = '" NX_PLATFORM "'";

enum nx_rc
nx_lease_read(const struct nx_store_ask *ask, PGresult *const *results,
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
nx_lease_take(const struct nx_store_ask *ask, const char *user_id,
    const char *connection_id, int64_t seen, struct nx_lease *out,
    struct nx_err *err)
{
	char version[NX_NUMBER_MAX], ms[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ take_lease, { user_id, connection_id,
		    nx_row_number(version, seen), out->owner,
		    nx_row_number(ms, NX_LEASE_MS) }, 5 },
		{ nx_lease_look, { user_id, connection_id }, 2 },
	};
	PGresult *results[2] = { NULL };
	enum nx_rc rc, gone;

	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->owner);
	rc = nx_row_repeat(ask, queries, 2, results, err);
	if (rc == NX_OK)
		rc = nx_lease_read(ask, results, seen, out, err);
	/* Nobody can use it: do not keep it from whoever has the key. */
	gone = rc != NX_OK && out->state == NX_LEASE_TAKEN &&
	    out->connection.id != NULL ?
	    nx_lease_release(ask, out, 0, NULL) : NX_OK;
	(void)gone;			/* else it runs out */
	nx_db_clear(results, 2);
	return rc;
}

static const char lock_row[] =
    "SELECT 1 FROM platform_connections"
    " WHERE user_id = $1 AND id = $2 FOR NO KEY UPDATE";

/* 1 user, 2 connection, 3 version, 4 owner, 5 access, 6 refresh, 7 expires,
 * 8 scopes */
static const char save_pair[] =
    "WITH moved AS ("
    " UPDATE x_grants g SET token_version = token_version + 1,"
    "  refreshed_at = now(), refreshed_by = $4, last_success_at = now(),"
    "  lease_owner = NULL, lease_until = NULL, attempt_started_at = NULL,"
    "  suspect = false, refused_at = NULL, retry_at = NULL, failures = 0,"
    "  due_at = " NX_DUE_AT("$2::uuid", "to_timestamp($7::bigint)")
    " FROM platform_connections c"
    " WHERE g.user_id = $1 AND g.connection_id = $2 AND g.token_version = $3"
    "  AND c.user_id = $1 AND c.id = $2"
    "  AND c.status IN ('connected', 'needs_reauth')"
    " RETURNING 1), " NX_TELL_WAS ", changed AS ("
    " UPDATE platform_connections c SET access_token = $5,"
    "  refresh_token = coalesce($6, c.refresh_token),"
    "  token_expires_at = to_timestamp($7::bigint),"
    "  scopes = coalesce(string_to_array($8, ' '), c.scopes),"
    "  status = 'connected', status_reason = NULL, updated_at = now()"
    " FROM moved, was WHERE c.user_id = $1 AND c.id = $2"
    NX_TELL_CHANGED "), " NX_TELL "SELECT " NX_TOLD;

/* X has answered this one, as store/brake.h counts. */
static const char heard[] = "DELETE FROM x_refreshing WHERE owner = $1";

static const char is_saved[] =
    "SELECT 1 FROM x_grants WHERE user_id = $1 AND connection_id = $2"
    " AND token_version = $3::bigint + 1 AND refreshed_by = $4";

static enum nx_rc
seal_pair(const struct nx_store_ask *ask, const struct nx_new_pair *pair,
    const char *sealed[2], struct nx_err *err)
{
	const struct nx_place access = { pair->connection_id, pair->user_id,
	    nx_column_access };
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
store_pair(const struct nx_store_ask *ask, const struct nx_new_pair *pair,
    bool *saved, struct nx_err *err)
{
	const char *user = pair->user_id, *id = pair->connection_id;
	char number[NX_NUMBER_MAX], expires[NX_NUMBER_MAX];
	const char *version = nx_row_number(number, pair->version);
	struct nx_query queries[] = {
		{ lock_row, { user, id }, 2 },
		{ save_pair, { user, id, version, pair->owner, NULL, NULL,
		    nx_row_number(expires, pair->expires_at),
		    pair->scopes }, 8 },
		{ is_saved, { user, id, version, pair->owner }, 4 },
		{ heard, { pair->owner }, 1 },
	};
	PGresult *results[4] = { NULL };
	enum nx_rc rc = seal_pair(ask, pair, &queries[1].params[4], err);

	if (rc == NX_OK)
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
	struct nx_new_pair owned = *pair;
	enum nx_rc rc = NX_OK;

	*saved = false;
	if (owned.user_id == NULL)
		rc = nx_row_owner(ask, pair->connection_id, &owned.user_id,
		    err);
	if (rc != NX_OK || owned.user_id == NULL)
		return rc;
	rc = store_pair(ask, &owned, saved, err);
	if (rc == NX_OK && !*saved)
		rc = nx_revocation_park_pair(ask, &owned, err);
	return rc;
}

/* 1 user, 2 connection, 3 owner */
#define OF_LEASE							\
	" WHERE user_id = $1 AND connection_id = $2 AND lease_owner = $3"

/* After a failure: 4 the pause, 5 the longest one. */
#define PAUSE								\
	" failures = failures + ($4::integer > 0)::integer,"		\
	" retry_at = CASE WHEN $4::integer > 0 THEN (SELECT now() +"	\
	"  least($4::integer * 2.0 ^ least(failures, 20), $5::float8)"	\
	"  * interval '1 s') ELSE retry_at END"

/* What an earlier attempt left open stays open. */
static const char release_lease[] =
    "UPDATE x_grants SET lease_owner = NULL, lease_until = NULL,"
    " attempt_started_at = CASE WHEN suspect THEN attempt_started_at END,"
    PAUSE OF_LEASE;

enum nx_rc
nx_lease_release(const struct nx_store_ask *ask,
    const struct nx_lease *lease, int pause, struct nx_err *err)
{
	char seconds[NX_NUMBER_MAX], most[NX_NUMBER_MAX];
	const struct nx_query query = {
		release_lease, { lease->connection.user_id,
		    lease->connection.id, lease->owner,
		    nx_row_number(seconds, pause),
		    nx_row_number(most, NX_LEASE_PAUSE_MAX) }, 5,
	};

	return nx_row_write(ask, &query, 1, err);
}

/*
 * 6: nobody has it for so many ms, so that those who wait do not all knock;
 * NULL: for as long as the lease runs.
 */
static const char lose[] =
    "UPDATE x_grants SET lease_owner = NULL, lease_until = coalesce((SELECT"
    "  clock_timestamp() + $6::float8 * interval '1 ms'), lease_until),"
    PAUSE OF_LEASE;

enum nx_rc
nx_lease_lost(const struct nx_store_ask *ask, const struct nx_lease *lease,
    bool answered, struct nx_err *err)
{
	char pause[NX_NUMBER_MAX], most[NX_NUMBER_MAX], ms[NX_NUMBER_MAX];
	const struct nx_query query = {
		lose, { lease->connection.user_id, lease->connection.id,
		    lease->owner, nx_row_number(pause, NX_LEASE_PAUSE),
		    nx_row_number(most, NX_LEASE_PAUSE_MAX),
		    answered ? nx_row_number(ms, LOST_PAUSE_MS) : NULL }, 6,
	};

	return nx_row_write(ask, &query, 1, err);
}

/* 4 version, 5 reason */
#define OURS								\
	" FROM ours, was WHERE c.user_id = $1 AND c.id = $2"
#define IS_TOLD		NX_TELL_CHANGED "), " NX_TELL "SELECT " NX_TOLD

/*
 * The next try is the last: when the access token is over.  An attempt that
 * was open stays so, since it is what the refusal comes from.
 */
static const char let_end[] =
    "WITH ours AS ("
    " UPDATE x_grants g SET lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = CASE WHEN suspect THEN attempt_started_at END,"
    "  refused_at = now(), retry_at = c.token_expires_at"
    " FROM platform_connections c WHERE g.user_id = $1"
    "  AND g.connection_id = $2 AND g.lease_owner = $3"
    "  AND g.token_version = $4 AND c.user_id = $1 AND c.id = $2"
    "  AND c.status = 'connected' RETURNING 1),"
    NX_TELL_WAS ", changed AS ("
    " UPDATE platform_connections c SET status_reason = $5,"
    "  updated_at = now()" OURS IS_TOLD;

/* The tokens stay: a pair that was kept aside may still come home. */
static const char give_up[] =
    "WITH ours AS ("
    " UPDATE x_grants SET lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = NULL, suspect = false, due_at = NULL"
    OF_LEASE " AND token_version = $4 RETURNING 1),"
    NX_TELL_WAS ", changed AS ("
    " UPDATE platform_connections c SET status = 'needs_reauth',"
    "  status_reason = $5, updated_at = now()"
    OURS " AND c.status = 'connected'" IS_TOLD;

/* Repeated after it was done, it finds what it did by the reason. */
static const char is_told[] =
    "SELECT 1 FROM platform_connections c"
    " JOIN x_grants g ON g.user_id = c.user_id AND g.connection_id = c.id"
    " WHERE c.user_id = $1 AND c.id = $2 AND g.token_version = $3"
    " AND c.status = $4 AND c.status_reason = $5 AND g.lease_owner IS NULL";

enum nx_rc
nx_lease_refused(const struct nx_store_ask *ask,
    const struct nx_lease *lease, const struct nx_refusal *why, bool *told,
    struct nx_err *err)
{
	const struct nx_connection *c = &lease->connection;
	char version[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ lock_row, { c->user_id, c->id }, 2 },
		{ why->lives ? let_end : give_up, { c->user_id, c->id,
		    lease->owner, nx_row_number(version, c->version),
		    why->reason }, 5 },
		{ is_told, { c->user_id, c->id, version,
		    nx_connection_status_name(why->lives ?
		    NX_STATUS_CONNECTED : NX_STATUS_NEEDS_REAUTH),
		    why->reason }, 5 },
	};
	PGresult *results[3] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, 3, results, err);

	*told = rc == NX_OK && PQntuples(results[2]) == 1;
	nx_db_clear(results, 3);
	return rc;
}
