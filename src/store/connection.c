/*
 * connection.c - who is connected, and the end of a connection.
 *
 * Rows of platform_connections are locked before those of x_grants.
 */

#include "nx/store/connection.h"

#include "nx/base/must.h"
#include "nx/base/uuid.h"
#include "park.h"
#include "row.h"
#include "tell.h"

static const char *const status_words[] = {
#define NX_STATUS_WORD(name, word) [NX_STATUS_##name] = word,
	NX_STATUS_LIST(NX_STATUS_WORD)
#undef NX_STATUS_WORD
};

const char *
nx_connection_status_name(enum nx_connection_status status)
{
	assert((unsigned int)status < NX_STATUS_COUNT);
	return status_words[status];
}

/* A row from before our rules may have another word, or none. */
enum nx_connection_status
nx_row_status(const char *word)
{
	for (int i = 0; word != NULL && i < NX_STATUS_COUNT; i++) {
		if (strcmp(status_words[i], word) == 0)
			return (enum nx_connection_status)i;
	}
	return NX_STATUS_NEEDS_REAUTH;
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
	if (c->status == NX_STATUS_DISCONNECTED)
		return nx_fail(err, NX_NOT_CONNECTED,
		    "@%s was disconnected.", c->username);
	return nx_fail(err, NX_NEEDS_REAUTH, "@%s: %.200s", c->username,
	    c->status_reason != NULL ? c->status_reason :
	    nx_connection_status_name(c->status));
}

static enum nx_rc
which_one(const struct nx_connection *list, int n, struct nx_arena *arena,
    struct nx_err *err)
{
	const char *names = NULL;

	for (int i = 0; i < n; i++) {
		if (list[i].status == NX_STATUS_CONNECTED)
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
choose_usable(const struct nx_connection *list, int n, const char *id,
    struct nx_arena *arena, enum nx_rc *rc, struct nx_err *err)
{
	int found = -1, lost = -1, usable = 0;

	for (int i = 0; i < n; i++) {
		if (id != NULL && !nx_uuid_same(list[i].id, id))
			continue;
		if (list[i].status == NX_STATUS_CONNECTED) {
			found = i;
			usable++;
		} else if (lost < 0 || list[lost].status ==
		    NX_STATUS_DISCONNECTED) {
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
	int at;

	if (rc != NX_OK)
		return rc;
	at = choose_usable(list, PQntuples(rows), connection_id, ask->arena,
	    &rc, err);
	if (at < 0)
		return rc;
	*out = list[at];
	return nx_row_open_access(ask, rows, at, out, err);
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

/* 1 user, 2 connection: what is stored now, still sealed. */
static const char look_sealed[] =
    "SELECT id, user_id, access_token, refresh_token"
    " FROM platform_connections WHERE user_id = $1 AND id = $2"
    " AND platform = '" NX_PLATFORM "'";

enum { LOOK_ACCESS = 2, LOOK_REFRESH };

static const char lock_row[] =
    "SELECT 1 FROM platform_connections WHERE user_id = $1 AND id = $2"
    " AND platform = '" NX_PLATFORM "' FOR NO KEY UPDATE";

/* 1 user, 2 id, 3 status, 4 reason, 5 and 6 the tokens as they were read, 7 to
 * 10 the same tokens for x_revocations, each with its id */
static const char end_row[] =
    "WITH " NX_TELL_WAS ", changed AS ("
    " UPDATE platform_connections c SET status = $3, status_reason = $4,"
    "  access_token = NULL, refresh_token = NULL, updated_at = now()"
    " FROM was WHERE user_id = $1 AND id = $2"
    "  AND platform = '" NX_PLATFORM "'"
    "  AND access_token IS NOT DISTINCT FROM $5"
    "  AND refresh_token IS NOT DISTINCT FROM $6"
    NX_TELL_CHANGED "),"
    "parked AS ("
    " " NX_PARK_INTO
    " SELECT p.id, e.user_id, e.id, e.platform_user_id, p.hint, p.token,"
    "  " NX_PARK_WAIT " FROM changed e, "
    NX_PARK_PAIR("$7", "$8", "$9", "$10")
    " WHERE p.token IS NOT NULL),"
    "ended AS ("
    " INSERT INTO x_grants AS g (user_id, connection_id, token_version)"
    " SELECT user_id, id, 1 FROM changed" NX_GRANT_ENDS "),"
    NX_TELL "SELECT " NX_TOLD;

static const char is_ended[] =
    "SELECT 1 FROM platform_connections"
    " WHERE user_id = $1 AND id = $2 AND status = $3"
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
		{ lock_row, { p[0], p[1] }, 2 },
		*end,
		{ is_ended, { p[0], p[1], p[2] }, 3 },
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
nx_connection_end(const struct nx_store_ask *ask, const char *user_id,
    const char *id, enum nx_connection_status status, const char *reason,
    struct nx_err *err)
{
	enum { TRIES = 5 };
	const struct nx_query find_it = { look_sealed, { user_id, id }, 2 };
	enum nx_rc rc = NX_BUSY;

	for (int i = 0; i < TRIES && rc == NX_BUSY; i++) {
		struct nx_query end = { end_row, { user_id, id,
		    nx_connection_status_name(status), reason }, 10 };
		PGresult *row = NULL;

		rc = nx_row_repeat(ask, &find_it, 1, &row, err);
		if (rc == NX_OK && PQntuples(row) == 0)
			rc = nx_fail(err, NX_CONNECTION_UNKNOWN,
			    "There is no connection %s.", id);
		if (rc == NX_OK)
			rc = park(ask, row, LOOK_REFRESH, &end.params[6],
			    err);
		if (rc == NX_OK)
			rc = park(ask, row, LOOK_ACCESS, &end.params[8],
			    err);
		if (rc == NX_OK) {
			end.params[4] = nx_row_peek(row, 0, LOOK_ACCESS);
			end.params[5] = nx_row_peek(row, 0, LOOK_REFRESH);
			rc = wipe(ask, &end, err);
		}
		nx_db_clear(&row, 1);
	}
	return rc;
}

static const char probe[] =
    "SELECT current_setting('synchronous_standby_names') <> ''"
    " AND current_setting('synchronous_commit') NOT IN ('off', 'local')"
    " FROM (SELECT count(*) FROM platform_connections c JOIN x_grants g"
    "  ON g.user_id = c.user_id AND g.connection_id = c.id"
    "  WHERE false) AS ours";

enum nx_rc
nx_connection_ready(const struct nx_store_ask *ask, bool *confirmed,
    struct nx_err *err)
{
	const struct nx_query query = { .sql = probe };
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_run(ask, &query, 1, &result, err);

	*confirmed = rc == NX_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	nx_db_clear(&result, 1);
	return rc;
}
