/* notice.c - take what is to be told, write down how it went. */

#include "nx/store/notice.h"

#include "row.h"

static const struct nx_query find_notices = {
	.sql = NX_FIND_BY("next_try_at", "tries", "x_notices",
	    "next_try_at <= now()"),
};

/* 1 user, 2 id, 3 tries so far */
static const char take_notice[] =
    "UPDATE x_notices SET tries = tries + 1, next_try_at = ("
    "  SELECT clock_timestamp() + least(interval '1 hour',"
    "   interval '1 minute' * 2 ^ least($3::integer, 6)))"
    " WHERE user_id = $1 AND id = $2 AND tries = $3"
    " AND next_try_at IS NOT NULL"
    " RETURNING id, user_id, event, body::text, tries";

/* 1 user, 2 id, 3 try */
static const char done[] =
    "UPDATE x_notices SET delivered_at = now(), next_try_at = NULL,"
    " last_error = NULL WHERE user_id = $1 AND id = $2 AND tries = $3";

/* 4 why, 5 request */
static const char failed[] =
    "WITH gone AS ("
    " UPDATE x_notices SET last_error = $4, next_try_at ="
    "  CASE WHEN created_at > (SELECT now() - interval '3 days')"
    "   THEN next_try_at END"
    " WHERE user_id = $1 AND id = $2 AND tries = $3"
    "  AND next_try_at IS NOT NULL"
    " RETURNING *)"
    "INSERT INTO x_events (user_id, connection_id, request_id, code, detail)"
    " SELECT user_id, connection_id, $5, 'notice_undelivered',"
    "  event || ' could not be told for three days: ' || last_error"
    " FROM gone WHERE next_try_at IS NULL RETURNING 1";

/* What is done with: x_notices_done; and whatever there is: x_notices_age. */
#define DONE_AT	"coalesce(delivered_at, created_at)"
const char nx_notice_purge_done[] =
    "DELETE FROM x_notices WHERE next_try_at IS NULL AND "
    NX_ROWS_OLDEST(DONE_AT, "x_notices", "next_try_at IS NULL AND "
    DONE_AT " < now() - interval '7 days'");
const char nx_notice_purge_all[] =
    "DELETE FROM x_notices WHERE "
    NX_ROWS_OLDEST("created_at", "x_notices",
    "created_at < now() - interval '1 day'");

static enum nx_rc
take_found_notice(const struct nx_store_ask *ask, const struct nx_candidate *c,
    void *notice, bool *taken, struct nx_err *err)
{
	struct nx_notice *out = notice;
	char tries[NX_NUMBER_MAX];
	const struct nx_query query = { take_notice, { c->user_id, c->id,
	    nx_row_number(tries, c->version) }, 3 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_run(ask, &query, 1, &row, err);

	*taken = rc == NX_OK && PQntuples(row) == 1;
	if (*taken) {
		out->id = nx_row_str(ask->arena, row, 0, 0);
		out->user_id = nx_row_str(ask->arena, row, 0, 1);
		out->event = nx_row_str(ask->arena, row, 0, 2);
		out->body = nx_row_str(ask->arena, row, 0, 3);
		out->tries = nx_row_str(ask->arena, row, 0, 4);
		if (!nx_arena_ok(ask->arena))
			rc = nx_fail(err, NX_NO_MEMORY,
			    "while reading a notice");
	}
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_notice_take(const struct nx_store_ask *ask, struct nx_candidates *found,
    struct nx_notice *out, struct nx_err *err)
{
	memset(out, 0, sizeof(*out));
	return nx_row_take(ask, &find_notices, found, take_found_notice, out,
	    err);
}

enum nx_rc
nx_notice_done(const struct nx_store_ask *ask, const struct nx_notice *notice,
    struct nx_err *err)
{
	const struct nx_query query = {
		done, { notice->user_id, notice->id, notice->tries }, 3,
	};

	return nx_row_write(ask, &query, 1, err);
}

enum nx_rc
nx_notice_failed(const struct nx_store_ask *ask,
    const struct nx_notice *notice, const char *why, bool *given_up,
    struct nx_err *err)
{
	const struct nx_query query = {
		failed, { notice->user_id, notice->id, notice->tries, why,
		    ask->request_id }, 5,
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
		.sql = unwanted ? nx_notice_purge_all : nx_notice_purge_done,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &result, err);

	*count = rc == NX_OK ? nx_row_count(result) : 0;
	nx_db_clear(&result, 1);
	return rc;
}
