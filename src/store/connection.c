/*
 * connection.c - who is connected.
 *
 * Rows of platform_connections are locked before those of x_grants, and all
 * rows of one X account under one lock, so that two logins of it that arrive
 * together cannot both stay connected.
 */

#include "nx/store/connection.h"

#include "nx/base/random.h"
#include "nx/seal/digest.h"
#include "row.h"

static bool
is_status(const struct nx_connection *c, const char *status)
{
	return strcmp(c->status, status) == 0;
}

static enum nx_rc
no_room(struct nx_err *err)
{
	return nx_fail(err, NX_NO_MEMORY, "while reading connections");
}

/* The state of one that is not connected, as an error. */
static enum nx_rc
not_usable(const struct nx_connection *c, struct nx_err *err)
{
	if (is_status(c, "disconnected"))
		return nx_fail(err, NX_NOT_CONNECTED,
		    "@%s was disconnected.", c->username);
	return nx_fail(err, NX_NEEDS_REAUTH, "@%s: %.200s", c->username,
	    c->status_reason == NULL ? c->status : c->status_reason);
}

static enum nx_rc
which_one(const struct nx_connection *list, int n, struct nx_arena *arena,
    struct nx_err *err)
{
	const char *names = NULL;

	for (int i = 0; i < n; i++) {
		if (is_status(&list[i], "connected"))
			names = nx_arena_printf(arena, "%s%s@%s %s",
			    names == NULL ? "" : names,
			    names == NULL ? "" : ", ", list[i].username,
			    list[i].id);
		if (!nx_arena_ok(arena))
			return no_room(err);
	}
	return nx_fail(err, NX_CONNECTION_CHOICE, "%.300s", names);
}

/* Index of the one to use; -1 with `rc` and `err` set when there is none. */
static int
choose(const struct nx_connection *list, int n, const char *id,
    struct nx_arena *arena, enum nx_rc *rc, struct nx_err *err)
{
	int found = -1, lost = -1, usable = 0;

	for (int i = 0; i < n; i++) {
		if (id != NULL && strcasecmp(list[i].id, id) != 0)
			continue;
		if (is_status(&list[i], "connected")) {
			found = i;
			usable++;
		} else if (lost < 0 || is_status(&list[lost],
		    "disconnected")) {
			lost = i;
		}
	}
	if (usable == 1)
		return found;
	if (usable > 1)
		*rc = which_one(list, n, arena, err);
	else if (lost >= 0)
		*rc = not_usable(&list[lost], err);
	else if (id != NULL)
		*rc = nx_fail(err, NX_CONNECTION_UNKNOWN,
		    "You have no connection with this id.");
	else
		*rc = nx_fail(err, NX_NOT_CONNECTED,
		    "You have not connected an X account yet.");
	return -1;
}

enum nx_rc
nx_row_pick(const struct nx_store_ask *ask, const PGresult *rows,
    const char *connection_id, struct nx_connection *out, struct nx_err *err)
{
	struct nx_connection *list;
	enum nx_rc rc = nx_row_connections(ask->arena, rows, &list, err);
	struct nx_place place = { .column = nx_column_access };
	int at;

	if (rc != NX_OK)
		return rc;
	at = choose(list, PQntuples(rows), connection_id, ask->arena, &rc,
	    err);
	if (at < 0)
		return rc;
	*out = list[at];
	place.id = out->id;
	place.user_id = out->user_id;
	return nx_row_open(ask, &place,
	    nx_row_peek(rows, at, NX_COLUMN_ACCESS), &out->access_token,
	    err);
}

enum nx_rc
nx_connection_list(const struct nx_store_ask *ask, const char *user_id,
    struct nx_connection **out, size_t *count, struct nx_err *err)
{
	const struct nx_query query = {
		.sql = NX_CONNECTIONS_OF_USER,
		.params = { user_id }, .nparams = 1,
	};
	PGresult *rows = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &rows, err);

	*out = NULL;
	*count = 0;
	if (rc == NX_OK)
		rc = nx_row_connections(ask->arena, rows, out, err);
	if (rc == NX_OK)
		*count = (size_t)PQntuples(rows);
	nx_db_clear(&rows, 1);
	return rc;
}

enum nx_rc
nx_connection_pick(const struct nx_store_ask *ask, const char *user_id,
    const char *connection_id, struct nx_connection *out, struct nx_err *err)
{
	const struct nx_query query = {
		.sql = NX_CONNECTIONS_OF_USER,
		.params = { user_id }, .nparams = 1,
	};
	PGresult *rows = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &rows, err);

	if (rc == NX_OK)
		rc = nx_row_pick(ask, rows, connection_id, out, err);
	nx_db_clear(&rows, 1);
	return rc;
}

/* The row that the grant belongs to: the old one, or a new id. */
static const char find_row[] =
    "SELECT coalesce((SELECT id FROM platform_connections"
    "  WHERE user_id = $1 AND platform = 'twitter'"
    "  AND platform_user_id = $2), $3::uuid), $1::uuid";

static const char lock_account[] =
    "SELECT pg_advisory_xact_lock("
    " hashtextextended('nexus-x account ' || $1, 0))";

static const char lock_rows[] =
    "SELECT 1 FROM platform_connections"
    " WHERE platform = 'twitter' AND platform_user_id = $1"
    " ORDER BY id FOR NO KEY UPDATE";

/* 1 id, 2 user, 3 account, 4 username, 5 access, 6 refresh, 7 expires,
 * 8 scopes, 9 name, 10 subscription, 11 granted, 12 hash */
static const char save_grant[] =
    "WITH saved AS ("
    " INSERT INTO platform_connections AS c (id, user_id, platform,"
    "  platform_user_id, platform_username, access_token, refresh_token,"
    "  token_expires_at, scopes, status, status_reason, metadata,"
    "  created_at, updated_at)"
    " VALUES ($1, $2, 'twitter', $3, $4, $5, $6,"
    "  to_timestamp($7::bigint), string_to_array($8, ' '), 'connected',"
    "  NULL, jsonb_strip_nulls(jsonb_build_object('name', $9::text,"
    "  'subscription_type', $10::text)), now(), now())"
    " ON CONFLICT (user_id, platform, platform_user_id)"
    "  WHERE platform = 'twitter'"
    " DO UPDATE SET platform_username = excluded.platform_username,"
    "  access_token = excluded.access_token,"
    "  refresh_token = excluded.refresh_token,"
    "  token_expires_at = excluded.token_expires_at,"
    "  scopes = excluded.scopes, status = 'connected',"
    "  status_reason = NULL,"
    "  metadata = coalesce(c.metadata, '{}') || excluded.metadata,"
    "  updated_at = now()"
    " WHERE c.id = excluded.id AND NOT EXISTS (SELECT 1 FROM x_grants g"
    "  WHERE g.connection_id = c.id"
    "  AND (g.granted_at > to_timestamp($11::bigint)"
    "   OR g.grant_hash = $12))"
    " RETURNING c.id)"
    "INSERT INTO x_grants AS g (connection_id, token_version, granted_at,"
    " grant_hash, last_success_at)"
    " SELECT id, 1, to_timestamp($11::bigint), $12, now() FROM saved"
    " ON CONFLICT (connection_id) DO UPDATE SET"
    "  token_version = g.token_version + 1,"
    "  granted_at = excluded.granted_at,"
    "  grant_hash = excluded.grant_hash, refreshed_at = NULL,"
    "  refreshed_by = NULL, lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = NULL, suspect = false, refused_at = NULL,"
    "  retry_at = NULL, failures = 0,"
    "  last_success_at = excluded.last_success_at";

/* Of those who connected one account the latest stays. */
static const char supersede[] =
    "WITH latest AS ("
    " SELECT c.id FROM platform_connections c"
    " LEFT JOIN x_grants g ON g.connection_id = c.id"
    " WHERE c.platform = 'twitter' AND c.platform_user_id = $1"
    "  AND c.status = 'connected'"
    " ORDER BY g.granted_at DESC NULLS LAST, c.id = $2 DESC LIMIT 1),"
    "older AS ("
    " UPDATE platform_connections c SET status = 'superseded',"
    "  status_reason = 'This X account was connected by another Nexus user,"
    " which ended this connection at X.',"
    "  access_token = NULL, refresh_token = NULL, updated_at = now()"
    " FROM latest WHERE c.platform = 'twitter'"
    "  AND c.platform_user_id = $1 AND c.status = 'connected'"
    "  AND c.id <> latest.id RETURNING c.id)"
    "UPDATE x_grants g SET token_version = token_version + 1,"
    " lease_owner = NULL, lease_until = NULL, attempt_started_at = NULL"
    " FROM older WHERE g.connection_id = older.id";

/* The login has ended at X what was still to be revoked of this account. */
static const char forget[] =
    "DELETE FROM x_revocations WHERE (platform_user_id = $1"
    " OR platform_user_id IS NULL AND user_id = $2)"
    " AND created_at < to_timestamp($3::bigint)";

/* No row: another login has made it under another id meanwhile. */
static const char settled[] =
    "SELECT 1 FROM platform_connections WHERE id = $1";

static enum nx_rc
find(const struct nx_store_ask *ask, const struct nx_new_grant *grant,
    char id[NX_ID_LEN + 1], char user_id[NX_ID_LEN + 1], struct nx_err *err)
{
	char fresh[NX_UUID_LEN + 1];
	const struct nx_query query = {
		.sql = find_row,
		.params = { grant->user_id, grant->x_user_id, fresh },
		.nparams = 3,
	};
	PGresult *row = NULL;
	enum nx_rc rc;

	nx_random_uuid(fresh);
	rc = nx_row_repeat(ask, &query, 1, &row, err);
	if (rc == NX_OK) {
		memcpy(id, PQgetvalue(row, 0, 0), NX_ID_LEN + 1);
		memcpy(user_id, PQgetvalue(row, 0, 1), NX_ID_LEN + 1);
	}
	nx_db_clear(&row, 1);
	return rc;
}

/* NX_BUSY when another login has made the row meanwhile: look again. */
static enum nx_rc
store(const struct nx_store_ask *ask, const struct nx_new_grant *grant,
    const char *id, const char *user_id, struct nx_err *err)
{
	char expires[NX_NUMBER_MAX], granted[NX_NUMBER_MAX];
	char hash[NX_SHA256_HEX + 1];
	const struct nx_place access = { id, user_id, nx_column_access };
	const struct nx_place refresh = { id, user_id, nx_column_refresh };
	struct nx_query queries[] = {
		{ lock_account, { grant->x_user_id }, 1 },
		{ lock_rows, { grant->x_user_id }, 1 },
		{ save_grant, { id, user_id, grant->x_user_id,
		    grant->username, NULL, NULL,
		    nx_row_number(expires, grant->expires_at), grant->scopes,
		    grant->name, grant->subscription,
		    nx_row_number(granted, grant->granted_at), hash }, 12 },
		{ supersede, { grant->x_user_id, id }, 2 },
		{ forget, { grant->x_user_id, user_id, granted }, 3 },
		{ settled, { id }, 1 },
	};
	enum { N = sizeof(queries) / sizeof(*queries) };
	PGresult *results[N] = { NULL };
	enum nx_rc rc;

	nx_sha256_hex(nx_slice_str(grant->access_token), hash);
	rc = nx_row_seal(ask, &access, grant->access_token,
	    &queries[2].params[4], err);
	if (rc == NX_OK)
		rc = nx_row_seal(ask, &refresh, grant->refresh_token,
		    &queries[2].params[5], err);
	if (rc != NX_OK)
		return rc;
	rc = nx_row_repeat(ask, queries, N, results, err);
	if (rc == NX_OK && PQntuples(results[N - 1]) == 0)
		rc = nx_fail(err, NX_BUSY, "The same account is being"
		    " connected twice at once.");
	nx_db_clear(results, N);
	return rc;
}

enum nx_rc
nx_connection_save(const struct nx_store_ask *ask,
    const struct nx_new_grant *grant, char id[NX_ID_LEN + 1],
    struct nx_err *err)
{
	enum { TRIES = 3 };
	char user_id[NX_ID_LEN + 1];
	enum nx_rc rc = NX_BUSY;

	for (int i = 0; i < TRIES && rc == NX_BUSY; i++) {
		rc = find(ask, grant, id, user_id, err);
		if (rc == NX_OK)
			rc = store(ask, grant, id, user_id, err);
	}
	return rc;
}

/* What is stored now, still sealed. */
static const char look[] =
    "SELECT id, user_id, access_token, refresh_token"
    " FROM platform_connections WHERE id = $1 AND platform = 'twitter'";

enum { LOOK_ACCESS = 2, LOOK_REFRESH };

static const char lock_row[] =
    "SELECT 1 FROM platform_connections"
    " WHERE id = $1 AND platform = 'twitter' FOR NO KEY UPDATE";

/* 1 id, 2 status, 3 reason, 4 and 5 the tokens as they were read, 6 to 9 the
 * same tokens for x_revocations, each with its id */
static const char end_row[] =
    "WITH ended AS ("
    " UPDATE platform_connections SET status = $2, status_reason = $3,"
    "  access_token = NULL, refresh_token = NULL, updated_at = now()"
    " WHERE id = $1 AND platform = 'twitter'"
    "  AND access_token IS NOT DISTINCT FROM $4"
    "  AND refresh_token IS NOT DISTINCT FROM $5"
    " RETURNING id, user_id, platform_user_id),"
    "parked AS ("
    " INSERT INTO x_revocations (id, user_id, connection_id,"
    "  platform_user_id, hint, token, next_try_at)"
    " SELECT p.id, e.user_id, e.id, e.platform_user_id, p.hint, p.token,"
    "  now() + interval '30 s'"
    " FROM ended e, (VALUES ($6::uuid, 'refresh_token', $7::text),"
    "  ($8::uuid, 'access_token', $9::text)) AS p (id, hint, token)"
    " WHERE p.token IS NOT NULL)"
    "INSERT INTO x_grants AS g (connection_id, token_version)"
    " SELECT id, 1 FROM ended"
    " ON CONFLICT (connection_id) DO UPDATE SET"
    "  token_version = g.token_version + 1, lease_owner = NULL,"
    "  lease_until = NULL, attempt_started_at = NULL";

static const char is_ended[] =
    "SELECT 1 FROM platform_connections WHERE id = $1 AND status = $2"
    " AND access_token IS NULL AND refresh_token IS NULL";

/* Seal a column of `row` for x_revocations.  What does not open is let go. */
static enum nx_rc
park(const struct nx_store_ask *ask, const PGresult *row, int column,
    const char *out[2], struct nx_err *err)
{
	const struct nx_place place = { nx_row_peek(row, 0, 0),
	    nx_row_peek(row, 0, 1), column == LOOK_ACCESS ?
	    nx_column_access : nx_column_refresh };
	const char *token = NULL;
	enum nx_rc rc;

	rc = nx_row_open(ask, &place, nx_row_peek(row, 0, column), &token,
	    err);
	if (rc != NX_OK && rc != NX_SEAL_BROKEN)
		return rc;
	return nx_revocation_seal(ask, place.user_id, token, out, err);
}

/* NX_BUSY when the tokens have changed since they were read. */
static enum nx_rc
wipe(const struct nx_store_ask *ask, const struct nx_query *end,
    struct nx_err *err)
{
	const char *const *p = end->params;
	const struct nx_query queries[] = {
		{ lock_row, { p[0] }, 1 },
		*end,
		{ is_ended, { p[0], p[1] }, 2 },
	};
	enum { N = sizeof(queries) / sizeof(*queries) };
	PGresult *results[N] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, N, results, err);

	if (rc == NX_OK && PQntuples(results[N - 1]) == 0)
		rc = nx_fail(err, NX_BUSY, "The connection's tokens are"
		    " being changed right now.");
	nx_db_clear(results, N);
	return rc;
}

enum nx_rc
nx_connection_end(const struct nx_store_ask *ask, const char *id,
    const char *status, const char *reason, struct nx_err *err)
{
	enum { TRIES = 5 };
	const struct nx_query find_it = { look, { id }, 1 };
	enum nx_rc rc = NX_BUSY;

	for (int i = 0; i < TRIES && rc == NX_BUSY; i++) {
		struct nx_query end = { end_row, { id, status, reason }, 9 };
		PGresult *row = NULL;

		rc = nx_row_repeat(ask, &find_it, 1, &row, err);
		if (rc == NX_OK && PQntuples(row) == 0)
			rc = nx_fail(err, NX_CONNECTION_UNKNOWN,
			    "There is no connection %s.", id);
		if (rc == NX_OK)
			rc = park(ask, row, LOOK_REFRESH, &end.params[5],
			    err);
		if (rc == NX_OK)
			rc = park(ask, row, LOOK_ACCESS, &end.params[7],
			    err);
		if (rc == NX_OK) {
			end.params[3] = nx_row_peek(row, 0, LOOK_ACCESS);
			end.params[4] = nx_row_peek(row, 0, LOOK_REFRESH);
			rc = wipe(ask, &end, err);
		}
		nx_db_clear(&row, 1);
	}
	return rc;
}

static const char probe[] =
    "SELECT count(*) FROM platform_connections"
    " JOIN x_grants ON connection_id = id WHERE false";

enum nx_rc
nx_connection_ready(const struct nx_store_ask *ask, struct nx_err *err)
{
	const struct nx_query query = { .sql = probe };
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_run(ask, &query, 1, &result, err);

	nx_db_clear(&result, 1);
	return rc;
}
