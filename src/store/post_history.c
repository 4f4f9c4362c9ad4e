/* post_history.c - look up what was published, one or page by page. */

#include "nx/base/uuid.h"
#include "post_row.h"

static const char get[] =
    "SELECT " NX_POST_COLUMNS ", CASE WHEN coalesce(q.position, 0) = 0"
    " THEN p.source END"
    NX_POST_FROM("x_posts", "")
    " WHERE p.user_id = $1 AND p.id = $2 ORDER BY q.position";

static const char is_there[] =
    "SELECT 1 FROM x_posts WHERE user_id = $1 AND id = $2";

/*
 * 1 user, 2 the last one seen or null, 3 how many, 4 connection.  Each range
 * is one of an index: x_posts_history, x_posts_connection, x_posts_upcoming,
 * x_posts_queue.
 */
#define OF(what) "(SELECT " what " FROM x_posts WHERE user_id = $1 AND id = $2)"
#define OF_CONNECTION " AND connection_id = $4"

/*
 * A plan that serves all pages does not know $3, and takes it for a tenth of
 * the user's posts: the longest page, in figures, keeps it from reading whole
 * tables for twenty of them.
 */
#define NEXT(order)							\
	" ORDER BY " order " LIMIT 101) n ORDER BY " order " LIMIT $3"

#define LATEST "created_at DESC, id DESC"
#define BACK_FROM(also)							\
	" FROM (SELECT * FROM x_posts WHERE user_id = $1" also		\
	" AND (created_at, id) <"					\
	"  (coalesce(" OF("created_at") ", 'infinity'),"		\
	"   coalesce($2, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))"	\
	NEXT(LATEST)

#define SOONEST "publish_at, created_at, id"
#define ON_FROM(also)							\
	" FROM (SELECT * FROM x_posts WHERE user_id = $1" also		\
	" AND state = 'queued'"						\
	" AND publish_at IS NOT NULL AND (publish_at, created_at, id) >" \
	"  (coalesce(" OF("coalesce(publish_at, created_at)") ","	\
	"    '-infinity'), coalesce(" OF("created_at") ", '-infinity')," \
	"   coalesce($2, '" NX_UUID_NIL "'))"				\
	NEXT(SOONEST)

/* At least one post, and no more than 256 KiB of text before the last. */
#define PAGE(range, order)						\
	"SELECT " NX_POST_COLUMNS NX_POST_FROM("(SELECT * FROM ("	\
	" SELECT r.*, sum(size) OVER (ORDER BY " order ") - size"	\
	"  AS before FROM (SELECT *" range ") r,"			\
	"  LATERAL (SELECT coalesce(octet_length(r.text),"		\
	"    sum(octet_length(text)), 0) AS size"			\
	"   FROM x_parts WHERE user_id = $1 AND post_id = r.id) s)"	\
	" t WHERE before < 262144)", "")

#define COUNT(range) "SELECT count(*) FROM (SELECT 1" range ") r"

#define PAGE_BACK(also)							\
	PAGE(BACK_FROM(also), LATEST)					\
	" ORDER BY p.created_at DESC, p.id DESC, q.position"
#define PAGE_ON(also)							\
	PAGE(ON_FROM(also), SOONEST)					\
	" ORDER BY p.publish_at, p.created_at, p.id, q.position"

/* Which view, and whether of one connection. */
const char *const nx_post_pages[2][2] = {
	{ PAGE_BACK(""), PAGE_BACK(OF_CONNECTION) },
	{ PAGE_ON(""), PAGE_ON(OF_CONNECTION) },
};
static const char *const counts[2][2] = {
	{ COUNT(BACK_FROM("")), COUNT(BACK_FROM(OF_CONNECTION)) },
	{ COUNT(ON_FROM("")), COUNT(ON_FROM(OF_CONNECTION)) },
};

_Static_assert(NX_POSTS_PAGE_MAX == 100, "NEXT() has one more");

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
	if (rc == NX_OK)
		out->source = nx_row_str(ask->arena, rows, 0,
		    NX_POST_NCOLUMNS);
	nx_db_clear(&rows, 1);
	return rc;
}

enum nx_rc
nx_post_list(const struct nx_store_ask *ask, const struct nx_post_query *q,
    struct nx_post_page *out, struct nx_err *err)
{
	const bool one = q->connection_id != NULL;
	const int n = q->before == NULL ? 2 : 3, nparams = one ? 4 : 3;
	char limit[NX_NUMBER_MAX], further[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ nx_post_pages[q->upcoming][one], { q->user_id, q->before,
		    nx_row_number(limit, q->limit), q->connection_id },
		    nparams },
		{ counts[q->upcoming][one], { q->user_id, q->before,
		    nx_row_number(further, q->limit + (int64_t)1),
		    q->connection_id }, nparams },
		{ is_there, { q->user_id, q->before }, 2 },
	};
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

/* 1 user, 2 ids of connections */
static const char count_queued[] =
    "SELECT c.id, (SELECT count(*) FROM (SELECT 1 FROM x_posts"
    "  WHERE user_id = $1 AND connection_id = c.id AND state = 'queued'"
    "  AND publish_at IS NOT NULL LIMIT 1000) q)"
    " FROM unnest($2::uuid[]) AS c (id)";
_Static_assert(NX_QUEUED_MAX == 1000, "count_queued counts as far");

enum { LIST_MAX = NX_POSTS_PAGE_MAX * (NX_UUID_LEN + 1) + 2 };

enum nx_rc
nx_post_count_queued(const struct nx_store_ask *ask,
    struct nx_connection *list, size_t n, struct nx_err *err)
{
	struct nx_buf ids = NX_BUF(LIST_MAX);
	struct nx_query query = { count_queued, { NULL }, 2 };
	PGresult *rows = NULL;
	enum nx_rc rc;

	if (n == 0)
		return NX_OK;
	for (size_t i = 0; i < n; i++)
		nx_buf_addf(&ids, "%c%s", i == 0 ? '{' : ',', list[i].id);
	nx_buf_addc(&ids, '}');
	query.params[0] = list[0].user_id;
	query.params[1] = nx_buf_str(&ids);
	rc = nx_row_repeat(ask, &query, 1, &rows, err);
	for (size_t i = 0; rc == NX_OK && i < n; i++) {
		for (int row = 0; row < PQntuples(rows); row++) {
			if (strcmp(PQgetvalue(rows, row, 0),
			    list[i].id) == 0)
				list[i].scheduled = nx_row_i64(rows, row, 1);
		}
	}
	nx_db_clear(&rows, 1);
	nx_buf_free(&ids);
	return rc;
}
