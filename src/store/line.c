/* line.c - keep x_lines, and find what is due by it. */

#include "line.h"

#include "nx/base/clock.h"
#include "nx/base/uuid.h"
#include "nx/store/post_claim.h"
#include "row.h"

enum { END_TURN_MS = 2000 };	/* what is left then is for the next turn */

/*
 * A row that is there is locked, and not written: DO UPDATE locks before it
 * asks for its condition.
 */
#define LOCK(lines)							\
	"INSERT INTO x_lines AS l (user_id, connection_id) " lines	\
	" ON CONFLICT (user_id, connection_id) DO UPDATE"		\
	" SET next_at = NULL WHERE false"

/*
 * A line that is due keeps its place among those that are, so that who queues
 * more and more is not put back; one that was served goes to the end.
 */
#define NEXT_AT								\
	"CASE WHEN h.at <= h.now THEN least(l.next_at, h.now) ELSE h.at END"
#define SET(connection)							\
	"UPDATE x_lines l SET post_id = h.id, head_at = h.next_try_at,"	\
	" next_at = " NEXT_AT						\
	" FROM (SELECT " connection " AS connection_id) c"		\
	" LEFT JOIN LATERAL (SELECT p.id, p.next_try_at, now() AS now,"	\
	"  greatest(p.next_try_at, p.lease_until, (SELECT"		\
	"   max(s.lease_until) FROM x_posts s WHERE s.user_id = $1"	\
	"   AND s.connection_id = c.connection_id"			\
	"   AND s.state = 'sending' AND s.publish_at IS NOT NULL"	\
	"   AND s.accepted)) AS at FROM x_posts p"			\
	"  WHERE p.user_id = $1 AND p.connection_id = c.connection_id"	\
	"   AND " NX_LINE_HAS("p")					\
	"  ORDER BY p.publish_at, p.created_at, p.id LIMIT 1) h ON true" \
	" WHERE l.user_id = $1 AND l.connection_id = c.connection_id"	\
	" AND (l.post_id, l.head_at, l.next_at) IS DISTINCT FROM"	\
	"  (h.id, h.next_try_at, " NEXT_AT ")"

#define OF_POST								\
	"SELECT user_id, connection_id FROM x_posts"			\
	" WHERE user_id = $1 AND id = $2 AND publish_at IS NOT NULL"

const char nx_line_lock[] = LOCK(OF_POST);
const char nx_line_lock_of[] = LOCK("VALUES ($1::uuid, $2::uuid)");
const char nx_line_lock_both[] = LOCK("SELECT user_id, connection_id FROM ("
    OF_POST " UNION SELECT $1::uuid, $3::uuid) b ORDER BY connection_id");
const char nx_line_set[] = SET("(SELECT connection_id FROM x_posts"
    " WHERE user_id = $1 AND id = $2 AND publish_at IS NOT NULL)");
const char nx_line_set_of[] = SET("$2::uuid");

const char nx_line_taken[] =
    "UPDATE x_lines l SET next_at = p.until"
    " FROM (SELECT connection_id, coalesce(lease_until, (SELECT now()))"
    "   AS until"
    "  FROM x_posts WHERE user_id = $1 AND id = $2 AND lease_owner = $3"
    "  AND publish_at IS NOT NULL"
    "  AND (state = 'sending' OR lease_until IS NULL)) p"
    " WHERE l.user_id = $1 AND l.connection_id = p.connection_id";

/* 1 user, 2 connection */
static const char first_due[] =
    "SELECT post_id FROM x_lines WHERE user_id = $1 AND connection_id = $2"
    " AND next_at <= now()";

enum nx_rc
nx_line_look(const struct nx_store_ask *ask, const char *user_id,
    const char *connection_id, const char **post_id, struct nx_err *err)
{
	const struct nx_query queries[] = {
		{ nx_line_lock_of, { user_id, connection_id }, 2 },
		{ nx_line_set_of, { user_id, connection_id }, 2 },
		{ first_due, { user_id, connection_id }, 2 },
	};
	enum { N = sizeof(queries) / sizeof(queries[0]) };
	PGresult *results[N] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, N, results, err);

	*post_id = NULL;
	if (rc == NX_OK && PQntuples(results[N - 1]) == 1)
		*post_id = nx_row_str(ask->arena, results[N - 1], 0, 0);
	nx_db_clear(results, N);
	return rc;
}

/* 1 seconds.  One of all who ask at once. */
static const char take_turn[] =
    "UPDATE x_app SET mended_at = now() WHERE mended_at"
    " <= now() - $1::integer * interval '1 s' RETURNING mended_to";

/* 1 connection.  An account with many is passed over in one go. */
static const char some_lines[] =
    "SELECT DISTINCT user_id, connection_id FROM ("
    " SELECT user_id, connection_id FROM x_posts"
    " WHERE connection_id > $1 AND state = 'queued'"
    "  AND publish_at IS NOT NULL ORDER BY connection_id LIMIT 500) s"
    " ORDER BY connection_id";

static const char end_turn[] = "UPDATE x_app SET mended_to = $1";

/*
 * `*end`: where the next turn goes on.  A line that cannot be set is passed
 * over, or none behind it would ever be looked at.
 */
static enum nx_rc
mend_some(const struct nx_store_ask *ask, const PGresult *lines,
    const char **end, int *done, struct nx_err *err)
{
	const char *post_id;
	enum nx_rc rc = NX_OK;

	for (int i = 0; rc == NX_OK && i < PQntuples(lines) &&
	    nx_clock_left(ask->deadline) > END_TURN_MS; i++) {
		*end = nx_row_peek(lines, i, 1);
		rc = nx_line_look(ask, nx_row_peek(lines, i, 0), *end,
		    &post_id, err);
		++*done;
	}
	return rc;
}

static enum nx_rc
mend_from(const struct nx_store_ask *ask, const char *begin, int *done,
    struct nx_err *err)
{
	const struct nx_query some = { some_lines, { begin }, 1 };
	struct nx_query end = { end_turn, { NX_UUID_NIL }, 1 };
	PGresult *lines = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &some, 1, &lines, err), kept;

	*done = 0;
	if (rc == NX_OK) {
		if (PQntuples(lines) > 0)
			end.params[0] = begin;
		rc = mend_some(ask, lines, &end.params[0], done, err);
		kept = nx_row_write(ask, &end, 1, rc == NX_OK ? err : NULL);
		rc = rc == NX_OK ? kept : rc;
	}
	nx_db_clear(&lines, 1);
	return rc;
}

enum nx_rc
nx_post_mend_lines(const struct nx_store_ask *ask, int *done,
    struct nx_err *err)
{
	char seconds[NX_NUMBER_MAX];
	const struct nx_query turn = {
		take_turn, { nx_row_number(seconds, NX_LINES_MEND_S) }, 1,
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_run(ask, &turn, 1, &row, err);

	*done = 0;
	if (rc == NX_OK && PQntuples(row) == 1)
		rc = mend_from(ask, nx_row_peek(row, 0, 0), done, err);
	nx_db_clear(&row, 1);
	return rc;
}
