/* rekey.c - seal stored tokens anew. */

#include "nx/store/rekey.h"

#include "row.h"

enum { BATCH = 100 };

/* 1 the prefix of what is sealed with the first key, 2 where to go on */
static const char find[] =
    "SELECT " NX_CONNECTION_COLUMNS NX_CONNECTION_FROM
    " WHERE c.platform = 'twitter' AND ($2 = '' OR c.id > $2::uuid)"
    " AND (left(c.access_token, length($1)) <> $1"
    "  OR left(c.refresh_token, length($1)) <> $1)"
    " ORDER BY c.id LIMIT $3";

/* 1 id, 2 and 3 new, 4 and 5 old */
static const char replace[] =
    "UPDATE platform_connections SET access_token = $2, refresh_token = $3"
    " WHERE id = $1 AND access_token IS NOT DISTINCT FROM $4"
    " AND refresh_token IS NOT DISTINCT FROM $5";

static enum nx_rc
reseal(const struct nx_store_ask *ask, const struct nx_connection *c,
    const char *column, const char *sealed, const char **out,
    struct nx_err *err)
{
	const struct nx_place place = { c->id, c->user_id, column };
	const char *token = NULL;
	enum nx_rc rc = nx_row_open(ask, &place, sealed, &token, err);

	return rc != NX_OK ? rc : nx_row_seal(ask, &place, token, out, err);
}

static enum nx_rc
rekey_row(const struct nx_store_ask *ask, const PGresult *rows, int row,
    struct nx_rekey *progress, struct nx_err *err)
{
	const char *access = nx_row_peek(rows, row, NX_COLUMN_ACCESS);
	const char *refresh = nx_row_peek(rows, row, NX_COLUMN_REFRESH);
	struct nx_query query = { .sql = replace, .nparams = 5 };
	struct nx_connection c;
	PGresult *result = NULL;
	enum nx_rc rc;

	if (!nx_row_connection(ask->arena, rows, row, &c))
		return nx_fail(err, NX_NO_MEMORY, "while reading tokens");
	(void)snprintf(progress->after, sizeof(progress->after), "%s", c.id);
	rc = reseal(ask, &c, nx_column_access, access, &query.params[1],
	    err);
	if (rc == NX_OK)
		rc = reseal(ask, &c, nx_column_refresh, refresh,
		    &query.params[2], err);
	if (rc == NX_KEY_UNKNOWN || rc == NX_SEAL_BROKEN) {
		progress->unreadable++;
		return NX_OK;
	}
	if (rc != NX_OK)
		return rc;
	query.params[0] = c.id;
	query.params[3] = access;
	query.params[4] = refresh;
	rc = nx_row_repeat(ask, &query, 1, &result, err);
	nx_db_clear(&result, 1);
	progress->resealed += rc == NX_OK;
	return rc;
}

enum nx_rc
nx_rekey_batch(const struct nx_store_ask *ask, struct nx_rekey *progress,
    struct nx_err *err)
{
	char most[NX_NUMBER_MAX];
	const char *prefix = nx_arena_printf(ask->arena, "nx1.%s.",
	    nx_keyring_primary(ask->store->ring));
	const struct nx_query query = {
		find, { prefix, progress->after,
		    nx_row_number(most, BATCH) }, 3,
	};
	PGresult *rows = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &rows, err);

	for (int i = 0; rc == NX_OK && i < PQntuples(rows); i++)
		rc = rekey_row(ask, rows, i, progress, err);
	progress->finished = rc == NX_OK && PQntuples(rows) < BATCH;
	nx_db_clear(&rows, 1);
	return rc;
}
