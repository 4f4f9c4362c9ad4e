/* post_history.c - look up what was published, one or page by page. */

#include "post_row.h"

enum { TEXT_MAX = 256 * 1024 };	/* bytes on one page */

static const char get[] =
    "SELECT " NX_POST_COLUMNS NX_POST_FROM("x_posts", "")
    " WHERE p.user_id = $1 AND p.id = $2 ORDER BY q.position";

static const char is_there[] =
    "SELECT 1 FROM x_posts WHERE user_id = $1 AND id = $2";

/* 1 user, 2 before or null, 3 how many: one range of x_posts_history */
#define RANGE								\
	" FROM x_posts WHERE user_id = $1 AND (created_at, id) <"	\
	"  (coalesce((SELECT created_at FROM x_posts"			\
	"   WHERE user_id = $1 AND id = $2), 'infinity'),"		\
	"   coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))"	\
	" ORDER BY created_at DESC, id DESC LIMIT $3"

/* At least one post, and no more than $4 bytes of text before the last. */
static const char page[] =
    "SELECT " NX_POST_COLUMNS NX_POST_FROM("(SELECT * FROM ("
    " SELECT r.*, sum(size) OVER (ORDER BY r.created_at DESC, r.id DESC)"
    "  - size AS before FROM (SELECT * " RANGE ") r,"
    "  LATERAL (SELECT coalesce(sum(octet_length(text)), 0) AS size"
    "   FROM x_parts WHERE user_id = r.user_id AND post_id = r.id) s) t"
    " WHERE before < $4)", "")
    " ORDER BY p.created_at DESC, p.id DESC, q.position";

static const char how_many[] = "SELECT count(*) FROM (SELECT 1 " RANGE ") r";

enum nx_rc
nx_post_get(const struct nx_store_ask *ask, const char *user_id,
    const char *id, struct nx_stored_post *out, struct nx_err *err)
{
	const struct nx_query query = { get, { user_id, id }, 2 };
	PGresult *rows = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &rows, err);

	memset(out, 0, sizeof(*out));
	if (rc == NX_OK)
		rc = nx_row_post(ask->arena, rows, out, err);
	nx_db_clear(&rows, 1);
	return rc;
}

enum nx_rc
nx_post_list(const struct nx_store_ask *ask, const char *user_id,
    const char *before, int limit, struct nx_post_page *out,
    struct nx_err *err)
{
	char number[NX_NUMBER_MAX], further[NX_NUMBER_MAX];
	char bytes[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ page, { user_id, before, nx_row_number(number, limit),
		    nx_row_number(bytes, TEXT_MAX) }, 4 },
		{ how_many, { user_id, before, nx_row_number(further,
		    limit + (int64_t)1) }, 3 },
		{ is_there, { user_id, before }, 2 },
	};
	const int n = before == NULL ? 2 : 3;
	PGresult *results[3] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, n, results, err);

	memset(out, 0, sizeof(*out));
	if (rc == NX_OK && n == 3 && PQntuples(results[2]) == 0)
		rc = nx_fail(err, NX_POST_UNKNOWN, "You have no post with"
		    " the id in before.");
	if (rc == NX_OK)
		rc = nx_row_posts(ask->arena, results[0], &out->posts,
		    &out->n, err);
	if (rc == NX_OK)
		out->more = nx_row_i64(results[1], 0, 0) > (int64_t)out->n;
	nx_db_clear(results, 3);
	return rc;
}
