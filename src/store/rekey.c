/* rekey.c - which keys are in use; seal stored tokens anew. */

#include "nx/store/rekey.h"

#include "nx/base/json.h"
#include "nx/seal/seal.h"
#include "row.h"

enum { BATCH = 100, ROWS_MAX = 4 * BATCH * NX_SEAL_TEXT_MAX };

/*
 * Each table gives id, user, two sealed values and, where a value is sealed
 * for another place, that place; and takes the new ones, where the old ones
 * are still there.
 * find: 1 the prefix of what is sealed with the first key, 2 where to go on.
 * replace: 1 a JSON array of {id, user_id, new_a, new_b, old_a, old_b}.
 */
#define NEW_ROWS							\
	" FROM jsonb_to_recordset($1::jsonb) AS n (id uuid,"		\
	"  user_id uuid, new_a text, new_b text, old_a text,"		\
	"  old_b text) WHERE t.user_id = n.user_id AND t.id = n.id"

static const struct table {
	const char	*find, *replace;
	const char	*columns[2];
} tables[] = {
	{ "SELECT id, user_id, access_token, refresh_token, NULL, NULL"
	    " FROM platform_connections"
	    " WHERE platform = '" NX_PLATFORM "' AND ($2 = '' OR id > $2::uuid)"
	    " AND (left(access_token, length($1)) <> $1"
	    "  OR left(refresh_token, length($1)) <> $1)"
	    " ORDER BY id LIMIT $3",
	  "UPDATE platform_connections t"
	    " SET access_token = n.new_a, refresh_token = n.new_b"
	    NEW_ROWS
	    " AND t.access_token IS NOT DISTINCT FROM n.old_a"
	    " AND t.refresh_token IS NOT DISTINCT FROM n.old_b",
	  { nx_column_access, nx_column_refresh } },
	{ "SELECT id, user_id, token, NULL, sealed_id, sealed_column"
	    " FROM x_revocations"
	    " WHERE ($2 = '' OR id > $2::uuid)"
	    " AND left(token, length($1)) <> $1 ORDER BY id LIMIT $3",
	  "UPDATE x_revocations t SET token = n.new_a"
	    NEW_ROWS " AND t.token = n.old_a",
	  { nx_column_parked, nx_column_parked } },
	{ "SELECT id, user_id, access_token, refresh_token, NULL, NULL"
	    " FROM x_pending WHERE ($2 = '' OR id > $2::uuid)"
	    " AND (left(access_token, length($1)) <> $1"
	    "  OR left(refresh_token, length($1)) <> $1)"
	    " ORDER BY id LIMIT $3",
	  "UPDATE x_pending t"
	    " SET access_token = n.new_a, refresh_token = n.new_b"
	    NEW_ROWS
	    " AND t.access_token = n.old_a"
	    " AND t.refresh_token IS NOT DISTINCT FROM n.old_b",
	  { nx_column_pending_access, nx_column_pending_refresh } },
};

enum {
	TABLES = sizeof(tables) / sizeof(tables[0]),
	FIRST_VALUE = 2, SEALED_ID = 4, SEALED_COLUMN,
};

/* One batch under way. */
struct batch {
	const struct nx_store_ask	*ask;
	const struct table		*table;
	PGresult			*rows;
	struct nx_buf			 json;	/* the new rows */
	int				 unreadable;
};

/* Values `fresh` of row `at`; KEY_UNKNOWN, SEAL_BROKEN. */
static enum nx_rc
reseal(const struct batch *b, int at, const char *fresh[2],
    struct nx_err *err)
{
	enum nx_rc rc = NX_OK;

	for (int i = 0; i < 2 && rc == NX_OK; i++) {
		struct nx_place place = { nx_row_peek(b->rows, at, 0),
		    nx_row_peek(b->rows, at, 1), b->table->columns[i] };
		const char *token = NULL;

		if (nx_row_peek(b->rows, at, SEALED_ID) != NULL) {
			place.id = nx_row_peek(b->rows, at, SEALED_ID);
			place.column = nx_row_peek(b->rows, at,
			    SEALED_COLUMN);
		}
		rc = nx_row_open(b->ask, &place,
		    nx_row_peek(b->rows, at, FIRST_VALUE + i), &token, err);
		if (rc == NX_OK)
			rc = nx_row_seal(b->ask, &place, token, &fresh[i],
			    err);
	}
	return rc;
}

/* A row that does not open is counted and left. */
static enum nx_rc
collect_keys(struct batch *b, struct nx_err *err)
{
	struct nx_jw w = { .out = &b->json };
	enum nx_rc rc = NX_OK;

	nx_jw_open(&w, NULL, '[');
	for (int i = 0; rc == NX_OK && i < PQntuples(b->rows); i++) {
		const char *fresh[2] = { NULL, NULL };

		rc = reseal(b, i, fresh, err);
		if (rc == NX_KEY_UNKNOWN || rc == NX_SEAL_BROKEN) {
			b->unreadable++;
			rc = NX_OK;
			continue;
		}
		nx_jw_open(&w, NULL, '{');
		nx_jw_str(&w, "id", nx_row_peek(b->rows, i, 0));
		nx_jw_str(&w, "user_id", nx_row_peek(b->rows, i, 1));
		nx_jw_str(&w, "new_a", fresh[0]);
		nx_jw_str(&w, "new_b", fresh[1]);
		nx_jw_str(&w, "old_a", nx_row_peek(b->rows, i, FIRST_VALUE));
		nx_jw_str(&w, "old_b",
		    nx_row_peek(b->rows, i, FIRST_VALUE + 1));
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, ']');
	return rc != NX_OK || nx_buf_ok(&b->json) ? rc :
	    nx_fail(err, NX_NO_MEMORY, "while sealing tokens");
}

static enum nx_rc
replace(const struct batch *b, int *resealed, struct nx_err *err)
{
	const struct nx_query query = {
		b->table->replace, { nx_buf_str(&b->json) }, 1,
	};
	PGresult *result = NULL;
	enum nx_rc rc;

	if (b->unreadable == PQntuples(b->rows))
		return NX_OK;
	rc = nx_row_repeat(b->ask, &query, 1, &result, err);
	if (rc == NX_OK)
		*resealed += nx_row_count(result);
	nx_db_clear(&result, 1);
	return rc;
}

/* Where the next batch begins. */
static void
move_on(struct nx_rekey *progress, const PGresult *rows)
{
	int n = PQntuples(rows);

	(void)snprintf(progress->after, sizeof(progress->after), "%s",
	    n < BATCH ? "" : nx_row_peek(rows, n - 1, 0));
	if (n < BATCH)
		progress->finished = ++progress->table == TABLES;
}

enum nx_rc
nx_rekey_batch(const struct nx_store_ask *ask, struct nx_rekey *progress,
    struct nx_err *err)
{
	struct batch b = { .ask = ask, .json = NX_BUF(ROWS_MAX) };
	char most[NX_NUMBER_MAX];
	const char *prefix = nx_arena_printf(ask->arena, "nx1.%s.",
	    nx_keyring_primary(ask->store->ring));
	struct nx_query query = { NULL, { prefix, progress->after,
	    nx_row_number(most, BATCH) }, 3 };
	enum nx_rc rc;

	b.table = &tables[progress->table];
	query.sql = b.table->find;
	rc = nx_row_repeat(ask, &query, 1, &b.rows, err);
	if (rc == NX_OK)
		rc = collect_keys(&b, err);
	if (rc == NX_OK)
		rc = replace(&b, &progress->resealed, err);
	if (rc == NX_OK) {
		progress->unreadable += b.unreadable;
		move_on(progress, b.rows);
	}
	nx_db_clear(&b.rows, 1);
	nx_buf_free(&b.json);
	return rc;
}

/*
 * The next id of one column, found by stepping over all entries of the one
 * before (sql/007_revocations.sql has the indexes).  1 the one before
 */
#define KEY(column)	"split_part(" column ", '.', 2)"
#define NEXT_KEY(column)						\
	"SELECT " KEY(column) " FROM platform_connections"		\
	" WHERE platform = '" NX_PLATFORM "'"				\
	" AND left(" column ", 4) = 'nx1.' AND " KEY(column) " > $1"	\
	" ORDER BY " KEY(column) " LIMIT 1"

static const char parked_keys[] =
    "SELECT DISTINCT split_part(token, '.', 2) FROM x_revocations LIMIT 64";
static const char pending_keys[] =
    "SELECT DISTINCT split_part(t, '.', 2) FROM x_pending,"
    " LATERAL (VALUES (access_token), (refresh_token)) AS v (t)"
    " WHERE t IS NOT NULL LIMIT 64";

static void
add_key_id(struct nx_arena *arena, const char *id, struct nx_keys_in_use *out)
{
	for (size_t i = 0; i < out->n; i++) {
		if (strcmp(out->ids[i], id) == 0)
			return;
	}
	if (out->n < NX_KEYS_IN_USE_MAX)
		out->ids[out->n++] = nx_arena_str(arena, id);
}

static void
add_key_ids(struct nx_arena *arena, const PGresult *rows,
    struct nx_keys_in_use *out)
{
	for (int i = 0; i < PQntuples(rows); i++)
		add_key_id(arena, nx_row_peek(rows, i, 0), out);
}

/* Of connections: from one to the next, in both columns at a time. */
static enum nx_rc
step_over_keys(const struct nx_store_ask *ask, struct nx_keys_in_use *out,
    struct nx_err *err)
{
	const char *after[2] = { "", "" };
	enum nx_rc rc = NX_OK;
	bool found = true;

	for (int i = 0; rc == NX_OK && found && i < NX_KEYS_IN_USE_MAX; i++) {
		const struct nx_query queries[] = {
			{ NEXT_KEY("access_token"), { after[0] }, 1 },
			{ NEXT_KEY("refresh_token"), { after[1] }, 1 },
		};
		PGresult *results[2] = { NULL };

		rc = nx_row_repeat(ask, queries, 2, results, err);
		found = false;
		for (int q = 0; rc == NX_OK && q < 2; q++) {
			if (PQntuples(results[q]) == 0)
				continue;
			found = true;
			after[q] = nx_row_str(ask->arena, results[q], 0, 0);
			add_key_ids(ask->arena, results[q], out);
		}
		nx_db_clear(results, 2);
		found = found && nx_arena_ok(ask->arena);
	}
	return rc;
}

enum nx_rc
nx_keys_in_use(const struct nx_store_ask *ask, struct nx_keys_in_use *out,
    struct nx_err *err)
{
	const struct nx_query queries[] = {
		{ .sql = parked_keys },
		{ .sql = pending_keys },
	};
	PGresult *results[2] = { NULL };
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = step_over_keys(ask, out, err);
	if (rc == NX_OK)
		rc = nx_row_repeat(ask, queries, 2, results, err);
	for (int q = 0; rc == NX_OK && q < 2; q++)
		add_key_ids(ask->arena, results[q], out);
	nx_db_clear(results, 2);
	return rc != NX_OK || nx_arena_ok(ask->arena) ? rc :
	    nx_fail(err, NX_NO_MEMORY, "while reading key ids");
}
