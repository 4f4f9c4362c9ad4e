/*
 * retention.c - delete posts that ended long ago.
 *
 * By the primary key, a page at a time: an index by age would cost every post
 * that is made.  A page is looked at without locks; what is old in it goes in
 * a transaction for each user, whose condition looks again.
 */

#include "nx/store/retention.h"

#include <string.h>

#include "nx/base/uuid.h"
#include "row.h"

enum { PAGE = 1000 };

/* Of the post, with `days` a parameter. */
#define IS_OLD(days)							\
	"(p.state IN ('sent', 'failed', 'partial', 'deleted', 'cancelled')" \
	" AND p.next_try_at IS NULL AND p.idempotency_key IS NULL"	\
	" AND (p.lease_until IS NULL OR p.lease_until < now())"		\
	" AND p.updated_at < now() - " days "::integer * interval '1 day')"

/* 1 user and 2 post that it goes on behind, 3 how many, 4 days */
static const char look[] =
    "SELECT user_id, max(id::text COLLATE \"C\"), count(*),"
    " count(*) FILTER (WHERE old) FROM ("
    "  SELECT p.user_id, p.id, " IS_OLD("$4") " AS old FROM x_posts p"
    "  WHERE (p.user_id, p.id) > ($1::uuid, $2::uuid)"
    "  ORDER BY p.user_id, p.id LIMIT $3) AS page"
    " GROUP BY user_id ORDER BY user_id";

/*
 * 1 user, 2 post that it goes on behind, 3 the last of the page, 4 days.  What
 * a failed one was asked for again as stays as long as that one, which could
 * be resumed else (NX_POST_SUPERSEDED).
 */
static const char drop[] =
    "DELETE FROM x_posts p WHERE p.user_id = $1 AND p.id > $2"
    " AND p.id <= $3 AND " IS_OLD("$4")
    " AND NOT EXISTS (SELECT 1 FROM x_posts o WHERE o.user_id = $1"
    "  AND o.body_hash = p.body_hash AND o.connection_id = p.connection_id"
    "  AND o.created_at < p.created_at AND o.state = 'failed'"
    "  AND o.updated_at >= now() - $4::integer * interval '1 day')";

/* A post that is being made is not seen, nor are its parts. */
static const char drop_parts[] =
    "DELETE FROM x_parts q WHERE q.user_id = $1 AND q.post_id > $2"
    " AND q.post_id <= $3 AND NOT EXISTS (SELECT 1 FROM x_posts p"
    "  WHERE p.user_id = $1 AND p.id = q.post_id)";

void
nx_retention_begin(struct nx_retention *walk, int days)
{
	memset(walk, 0, sizeof(*walk));
	walk->days = days;
	memcpy(walk->user_id, NX_UUID_NIL, sizeof(NX_UUID_NIL));
	memcpy(walk->post_id, NX_UUID_NIL, sizeof(NX_UUID_NIL));
}

static enum nx_rc
drop_old(const struct nx_store_ask *ask, struct nx_retention *walk,
    const char *last, const char *days, struct nx_err *err)
{
	const struct nx_query both[] = {
		{ drop, { walk->user_id, walk->post_id, last, days }, 4 },
		{ drop_parts, { walk->user_id, walk->post_id, last }, 3 },
	};

	PGresult *results[2] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, both, 2, results, err);

	if (rc == NX_OK)
		walk->gone += nx_row_count(results[0]);
	nx_db_clear(results, 2);
	return rc;
}

/* One row of the page: what it says of one user. */
static enum nx_rc
step_over(const struct nx_store_ask *ask, struct nx_retention *walk,
    const PGresult *page, int row, const char *days, struct nx_err *err)
{
	const char *user = PQgetvalue(page, row, 0);
	const char *last = PQgetvalue(page, row, 1);
	const int64_t old = nx_row_i64(page, row, 3);
	enum nx_rc rc = NX_OK;

	if (strcmp(walk->user_id, user) != 0) {
		(void)snprintf(walk->user_id, sizeof(walk->user_id), "%s",
		    user);
		memcpy(walk->post_id, NX_UUID_NIL, sizeof(NX_UUID_NIL));
	}
	if (old > 0)
		rc = drop_old(ask, walk, last, days, err);
	if (rc == NX_OK)
		(void)snprintf(walk->post_id, sizeof(walk->post_id), "%s",
		    last);
	return rc;
}

enum nx_rc
nx_retention_step(const struct nx_store_ask *ask, struct nx_retention *walk,
    struct nx_err *err)
{
	char page_size[NX_NUMBER_MAX], days[NX_NUMBER_MAX];
	const struct nx_query query = {
		look, { walk->user_id, walk->post_id,
		    nx_row_number(page_size, PAGE),
		    nx_row_number(days, walk->days) }, 4,
	};
	PGresult *page = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &page, err);
	int64_t seen = 0;

	for (int i = 0; rc == NX_OK && i < PQntuples(page); i++) {
		seen += nx_row_i64(page, i, 2);
		rc = step_over(ask, walk, page, i, days, err);
	}
	walk->over = rc == NX_OK && seen < PAGE;
	nx_db_clear(&page, 1);
	return rc;
}
