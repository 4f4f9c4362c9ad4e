/* purge.c - delete by age, oldest first, in batches that hold no lock long. */

#include "nx/store/purge.h"

#include "row.h"

#define BATCH " LIMIT 500 FOR UPDATE SKIP LOCKED"

static const char logins[] =
    "WITH gone AS (DELETE FROM x_logins WHERE state_hash IN ("
    " SELECT state_hash FROM x_logins"
    " WHERE created_at < now() - interval '1 hour'"
    " ORDER BY created_at" BATCH ") RETURNING 1)"
    "SELECT count(*) FROM gone";

static const char events[] =
    "WITH gone AS (DELETE FROM x_events WHERE id IN ("
    " SELECT id FROM x_events WHERE created_at < now() - interval '90 days'"
    " ORDER BY created_at" BATCH ") RETURNING 1)"
    "SELECT count(*) FROM gone";

static const char ids[] =
    "WITH gone AS (DELETE FROM x_ids WHERE (user_id, x_post_id) IN ("
    " SELECT user_id, x_post_id FROM x_ids"
    " WHERE at < now() - interval '30 days'"
    " ORDER BY at" BATCH ") RETURNING 1)"
    "SELECT count(*) FROM gone";

/* What may still leave keeps its key. */
static const char keys[] =
    "WITH old AS ("
    " SELECT user_id, id FROM x_posts WHERE idempotency_key IS NOT NULL"
    " AND created_at < now() - interval '1 day'"
    " AND updated_at < now() - interval '1 day'"
    " AND state NOT IN ('queued', 'sending', 'unknown')"
    " AND (state <> 'partial' OR next_try_at IS NULL)"
    " ORDER BY created_at" BATCH "),"
    "gone AS (UPDATE x_posts p SET idempotency_key = NULL FROM old"
    " WHERE p.user_id = old.user_id AND p.id = old.id RETURNING 1)"
    "SELECT count(*) FROM gone";

enum nx_rc
nx_purge_batch(const struct nx_store_ask *ask, int *gone, struct nx_err *err)
{
	const char *const texts[] = { logins, events, ids, keys };
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	enum nx_rc rc = NX_OK;

	*gone = 0;
	for (int i = 0; i < N && rc == NX_OK; i++) {
		const struct nx_query query = { .sql = texts[i] };
		PGresult *row = NULL;

		rc = nx_row_repeat(ask, &query, 1, &row, err);
		if (rc == NX_OK)
			*gone += (int)nx_row_i64(row, 0, 0);
		nx_db_clear(&row, 1);
	}
	return rc;
}
