/* notice.c - take what is to be told, write down how it went. */

#include "nx/store/notice.h"

#include <stdlib.h>

#include "row.h"

static const char take[] =
    "UPDATE x_notices SET tries = tries + 1, next_try_at = clock_timestamp()"
    "  + least(interval '1 hour', interval '1 minute' * 2 ^ least(tries, 6))"
    " WHERE id = (SELECT id FROM x_notices WHERE next_try_at <= now()"
    "  ORDER BY next_try_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, event, body::text, tries";

static const char done[] =
    "UPDATE x_notices SET delivered_at = now(), next_try_at = NULL,"
    " last_error = NULL WHERE id = $1 AND tries = $2";

/* 1 id, 2 try, 3 why, 4 request */
static const char failed[] =
    "WITH gone AS ("
    " UPDATE x_notices SET last_error = $3, next_try_at ="
    "  CASE WHEN created_at > now() - interval '3 days' THEN next_try_at END"
    " WHERE id = $1 AND tries = $2 AND next_try_at IS NOT NULL"
    " RETURNING *)"
    "INSERT INTO x_events (user_id, connection_id, request_id, code, detail)"
    " SELECT user_id, connection_id, $4, 'notice_undelivered',"
    "  event || ' could not be told for three days: ' || last_error"
    " FROM gone WHERE next_try_at IS NULL RETURNING 1";

/* 1 is there no webhook */
static const char purge[] =
    "DELETE FROM x_notices WHERE id IN (SELECT id FROM x_notices"
    " WHERE created_at < now() - CASE WHEN $1 THEN interval '1 day'"
    "  ELSE interval '7 days' END"
    " AND ($1 OR (next_try_at IS NULL AND (delivered_at IS NULL"
    "  OR delivered_at < now() - interval '7 days')))"
    " ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED)";

enum nx_rc
nx_notice_take(const struct nx_store_ask *ask, struct nx_notice *out,
    struct nx_err *err)
{
	const struct nx_query query = { take, { NULL }, 0 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_run(ask, &query, 1, &row, err);

	memset(out, 0, sizeof(*out));
	if (rc == NX_OK && PQntuples(row) == 1) {
		out->id = nx_row_str(ask->arena, row, 0, 0);
		out->event = nx_row_str(ask->arena, row, 0, 1);
		out->body = nx_row_str(ask->arena, row, 0, 2);
		out->tries = nx_row_str(ask->arena, row, 0, 3);
		if (!nx_arena_ok(ask->arena))
			rc = nx_fail(err, NX_NO_MEMORY,
			    "while reading a notice");
	}
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_notice_done(const struct nx_store_ask *ask, const struct nx_notice *notice,
    struct nx_err *err)
{
	const struct nx_query query = {
		done, { notice->id, notice->tries }, 2,
	};

	return nx_row_write(ask, &query, 1, err);
}

enum nx_rc
nx_notice_failed(const struct nx_store_ask *ask,
    const struct nx_notice *notice, const char *why, bool *given_up,
    struct nx_err *err)
{
	const struct nx_query query = {
		failed, { notice->id, notice->tries, why, ask->request_id },
		4,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &result, err);

	*given_up = rc == NX_OK && PQntuples(result) == 1;
	nx_db_clear(&result, 1);
	return rc;
}

enum nx_rc
nx_notice_purge(const struct nx_store_ask *ask, bool unwanted, int *count,
    struct nx_err *err)
{
	const struct nx_query query = {
		purge, { unwanted ? "true" : "false" }, 1,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &result, err);

	*count = rc == NX_OK ? (int)strtol(PQcmdTuples(result), NULL, 10) : 0;
	nx_db_clear(&result, 1);
	return rc;
}
