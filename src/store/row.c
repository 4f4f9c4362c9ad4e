/* row.c - statements for an ask, rows into the arena, tokens in and out. */

#include "row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/seal/seal.h"

enum { PAUSE_MS = 50 };

const char nx_column_access[] = "access_token";
const char nx_column_refresh[] = "refresh_token";

enum nx_rc
nx_row_run(const struct nx_store_ask *ask, const struct nx_query *queries,
    int n, PGresult **results, struct nx_err *err)
{
	return nx_pool_run(ask->store->pool, queries, n, ask->deadline,
	    results, err);
}

enum nx_rc
nx_row_repeat(const struct nx_store_ask *ask, const struct nx_query *queries,
    int n, PGresult **results, struct nx_err *err)
{
	/* A server that hangs must leave time for the second try. */
	int64_t half = nx_clock_mono() + nx_clock_left(ask->deadline) / 2;
	enum nx_rc rc;

	rc = nx_pool_run(ask->store->pool, queries, n, half, results, err);
	if (rc != NX_DB_DOWN && rc != NX_TIMEOUT && rc != NX_BUSY)
		return rc;
	if (nx_clock_left(ask->deadline) <= PAUSE_MS)
		return rc;
	nx_clock_sleep(PAUSE_MS);
	return nx_row_run(ask, queries, n, results, err);
}

enum nx_rc
nx_row_write(const struct nx_store_ask *ask, const struct nx_query *queries,
    int n, struct nx_err *err)
{
	PGresult *results[NX_PIPELINE_MAX] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, n, results, err);

	nx_db_clear(results, n);
	return rc;
}

const char *
nx_row_peek(const PGresult *result, int row, int column)
{
	if (PQgetisnull(result, row, column))
		return NULL;
	return PQgetvalue(result, row, column);
}

const char *
nx_row_str(struct nx_arena *arena, const PGresult *result, int row,
    int column)
{
	return nx_arena_str(arena, nx_row_peek(result, row, column));
}

int64_t
nx_row_i64(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, 10);
}

bool
nx_row_bool(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column)[0] == 't';
}

int
nx_row_count(PGresult *result)
{
	return (int)strtol(PQcmdTuples(result), NULL, 10);
}

const char *
nx_row_number(char out[NX_NUMBER_MAX], int64_t number)
{
	(void)snprintf(out, NX_NUMBER_MAX, "%" PRId64, number);
	return out;
}

enum nx_rc
nx_row_find(const struct nx_store_ask *ask, const struct nx_query *find,
    struct nx_candidates *out, struct nx_err *err)
{
	PGresult *rows = NULL;
	enum nx_rc rc = nx_row_repeat(ask, find, 1, &rows, err);

	out->n = 0;
	for (int i = 0; rc == NX_OK && i < PQntuples(rows) &&
	    i < NX_CANDIDATES; i++) {
		struct nx_candidate *c = &out->list[out->n++];

		(void)snprintf(c->user_id, sizeof(c->user_id), "%s",
		    PQgetvalue(rows, i, 0));
		(void)snprintf(c->id, sizeof(c->id), "%s",
		    PQgetvalue(rows, i, 1));
		c->version = nx_row_i64(rows, i, 2);
	}
	nx_db_clear(&rows, 1);
	return rc;
}

enum nx_rc
nx_row_take(const struct nx_store_ask *ask, const struct nx_query *find,
    struct nx_candidates *found, nx_row_taker *take, void *out,
    struct nx_err *err)
{
	enum nx_rc rc = NX_OK;
	bool taken = false;

	do {
		if (found->n == 0)
			rc = nx_row_find(ask, find, found, err);
		if (rc != NX_OK || found->n == 0)
			break;
		rc = take(ask, &found->list[--found->n], out, &taken, err);
	} while (rc == NX_OK && !taken && nx_clock_left(ask->deadline) > 0);
	return rc;
}

enum nx_rc
nx_row_owner(const struct nx_store_ask *ask, const char *connection_id,
    const char **out, struct nx_err *err)
{
	const struct nx_query query = {
		"SELECT user_id FROM platform_connections WHERE id = $1"
		" AND platform = '" NX_PLATFORM "'", { connection_id }, 1,
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*out = NULL;
	if (rc == NX_OK && PQntuples(row) == 1) {
		*out = nx_row_str(ask->arena, row, 0, 0);
		if (*out == NULL)
			rc = nx_fail(err, NX_NO_MEMORY,
			    "while reading a connection");
	}
	nx_db_clear(&row, 1);
	return rc;
}

bool
nx_row_connection(struct nx_arena *a, const PGresult *r, int row,
    struct nx_connection *out)
{
	*out = (struct nx_connection){
		.id = nx_row_str(a, r, row, 0),
		.user_id = nx_row_str(a, r, row, 1),
		.x_user_id = nx_row_str(a, r, row, 2),
		.username = nx_row_str(a, r, row, 3),
		.name = nx_row_str(a, r, row, 4),
		.subscription = nx_row_str(a, r, row, 5),
		.status = nx_row_status(nx_row_peek(r, row, 6)),
		.status_reason = nx_row_str(a, r, row, 7),
		.scopes = nx_row_str(a, r, row, 8),
		.token_expires_at = nx_row_i64(r, row, 9),
		.connected_at = nx_row_i64(r, row, 10),
		.last_success_at = nx_row_i64(r, row, 11),
		.version = nx_row_i64(r, row, 12),
		.has_refresh_token = nx_row_bool(r, row, 13),
		.refresh_refused = nx_row_bool(r, row, 14),
	};
	/* A row from before our rules may lack these; nobody else's does. */
	if (out->username == NULL)
		out->username = "";
	if (out->x_user_id == NULL)
		out->x_user_id = "";
	if (out->scopes == NULL)
		out->scopes = "";
	return nx_arena_ok(a);
}

enum nx_rc
nx_row_connections(struct nx_arena *arena, const PGresult *rows,
    struct nx_connection **out, struct nx_err *err)
{
	int n = PQntuples(rows);

	*out = nx_arena_alloc(arena, (size_t)(n + 1) * sizeof(**out));
	for (int i = 0; *out != NULL && i < n; i++)
		(void)nx_row_connection(arena, rows, i, &(*out)[i]);
	return nx_arena_ok(arena) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading connections");
}

/* What a token's seal is bound to. */
static struct nx_slice
context(struct nx_arena *arena, const struct nx_place *place)
{
	return nx_slice_str(nx_arena_printf(arena, "%s %s %s", place->id,
	    place->user_id, place->column));
}

enum nx_rc
nx_row_open(const struct nx_store_ask *ask, const struct nx_place *place,
    const char *sealed, const char **out, struct nx_err *err)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_SEAL_PLAIN_MAX);
	struct nx_slice about = context(ask->arena, place);
	struct nx_slice text = nx_slice_str(sealed);
	struct nx_slice key = nx_sealed_key_id(text);
	enum nx_rc rc;

	*out = NULL;
	if (sealed == NULL)
		return NX_OK;
	rc = about.p == NULL ? NX_NO_MEMORY :
	    nx_unseal(ask->store->ring, NX_PURPOSE_TOKEN, about, text,
	    &plain);
	if (rc == NX_OK)
		*out = nx_arena_slice(ask->arena, nx_buf_slice(&plain));
	nx_buf_free(&plain);
	if (rc == NX_KEY_UNKNOWN)
		return nx_fail(err, rc, "The %s of connection %s was sealed"
		    " with key %.*s.", place->column, place->id, (int)key.n,
		    key.p);
	if (rc == NX_NO_MEMORY || (rc == NX_OK && *out == NULL))
		return nx_fail(err, NX_NO_MEMORY, "while opening a token");
	if (rc != NX_OK)
		return nx_fail(err, NX_SEAL_BROKEN, "The %s of connection %s"
		    " does not open.", place->column, place->id);
	return NX_OK;
}

enum nx_rc
nx_row_open_access(const struct nx_store_ask *ask, const PGresult *rows,
    int row, struct nx_connection *c, struct nx_err *err)
{
	const struct nx_place place = { c->id, c->user_id, nx_column_access };

	return nx_row_open(ask, &place,
	    nx_row_peek(rows, row, NX_COLUMN_ACCESS), &c->access_token, err);
}

enum nx_rc
nx_row_open_both(const struct nx_store_ask *ask, const PGresult *rows,
    int row, struct nx_connection *c, struct nx_err *err)
{
	const struct nx_place place = { c->id, c->user_id,
	    nx_column_refresh };
	enum nx_rc rc = nx_row_open_access(ask, rows, row, c, err);

	return rc != NX_OK ? rc : nx_row_open(ask, &place,
	    nx_row_peek(rows, row, NX_COLUMN_REFRESH), &c->refresh_token,
	    err);
}

enum nx_rc
nx_row_seal(const struct nx_store_ask *ask, const struct nx_place *place,
    const char *token, const char **out, struct nx_err *err)
{
	struct nx_buf sealed = NX_BUF(NX_SEAL_TEXT_MAX);
	struct nx_slice about = context(ask->arena, place);
	enum nx_rc rc;

	*out = NULL;
	if (token == NULL || token[0] == '\0')
		return NX_OK;
	rc = about.p == NULL ? NX_NO_MEMORY :
	    nx_seal(ask->store->ring, NX_PURPOSE_TOKEN, about,
	    nx_slice_str(token), &sealed);
	if (rc == NX_OK)
		*out = nx_arena_slice(ask->arena, nx_buf_slice(&sealed));
	nx_buf_free(&sealed);
	if (rc == NX_OK && *out == NULL)
		rc = NX_NO_MEMORY;
	return rc == NX_OK ? NX_OK :
	    nx_fail(err, rc, "The %s could not be sealed.", place->column);
}
