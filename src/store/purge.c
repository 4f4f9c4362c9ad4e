/* purge.c - delete by age, oldest first, in batches that hold no lock long. */

#include "nx/store/purge.h"

#include "row.h"

#define OLD(at, age)	at " < now() - interval '" age "'"
#define DELETE_OLD(table, at, age)					\
	"DELETE FROM " table " WHERE "					\
	NX_ROWS_OLDEST(at, table, OLD(at, age))

static const char logins[] = DELETE_OLD("x_logins", "created_at", "1 hour");
static const char events[] = DELETE_OLD("x_events", "created_at", "90 days");
static const char ids[] = DELETE_OLD("x_ids", "at", "30 days");

/* What may still leave keeps its key; x_posts_keys_settled has the others. */
#define SETTLED								\
	"idempotency_key IS NOT NULL"					\
	" AND state NOT IN ('queued', 'sending', 'unknown')"		\
	" AND (state <> 'partial' OR next_try_at IS NULL)"
static const char keys[] =
    "UPDATE x_posts SET idempotency_key = NULL WHERE " SETTLED " AND "
    NX_ROWS_OLDEST("updated_at", "x_posts",
    SETTLED " AND " OLD("updated_at", "1 day"));

const char *const nx_purges[NX_PURGES] = { logins, events, ids, keys };

enum nx_rc
nx_purge_batch(const struct nx_store_ask *ask, int *gone, struct nx_err *err)
{
	enum nx_rc rc = NX_OK;

	*gone = 0;
	for (int i = 0; i < NX_PURGES && rc == NX_OK; i++) {
		const struct nx_query query = { .sql = nx_purges[i] };
		PGresult *result = NULL;

		rc = nx_row_repeat(ask, &query, 1, &result, err);
		if (rc == NX_OK)
			*gone += nx_row_count(result);
		nx_db_clear(&result, 1);
	}
	return rc;
}
