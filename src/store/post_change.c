/* post_change.c - change a post that is queued, while nobody is at it. */

#include "nx/store/post_change.h"

#include "post_row.h"
#include "post_words.h"

/*
 * 1 user, 2 id, 3 lease, 4 version, 5 connection, 6 hash, 7 options,
 * 8 warnings, 9 source, 10 price, 11 when (0: now), 12 keeps its place.  The
 * lease is not held: it tells the statements behind whose change it was.
 */
#define AT								\
	"CASE WHEN $11::bigint = 0 THEN (SELECT now())"			\
	" ELSE to_timestamp($11::bigint) END"
static const char change_post[] =
    "UPDATE x_posts p SET connection_id = $5, body_hash = $6,"
    " first_hash = coalesce(p.first_hash, p.body_hash),"
    " options = $7::jsonb, notes = $8::jsonb, source = $9::jsonb,"
    " price = $10,"
    " publish_at = CASE WHEN $12::boolean THEN p.publish_at"
    "  ELSE " AT " END,"
    " next_try_at = CASE WHEN $12::boolean THEN p.next_try_at"
    "  ELSE " AT " END,"
    " tries = CASE WHEN $12::boolean THEN p.tries ELSE 0 END,"
    " error = CASE WHEN $12::boolean THEN p.error END,"
    " lease_owner = $3, lease_until = NULL, updated_at = now()"
    " WHERE p.user_id = $1 AND p.id = $2 AND p.state = 'queued'"
    " AND p.goal = 'send'"
    " AND (p.lease_until IS NULL OR p.lease_until <= now())"
    " AND " NX_POST_VERSION " = $4"
    " AND NOT EXISTS (SELECT 1 FROM x_parts WHERE user_id = $1"
    "  AND post_id = $2 AND state <> 'waiting')"
    " AND EXISTS (SELECT 1 FROM platform_connections WHERE id = $5"
    "  AND user_id = $1 AND platform = '" NX_PLATFORM "')";

#define OURS								\
	" AND EXISTS (SELECT 1 FROM x_posts WHERE user_id = $1"		\
	" AND id = $2 AND lease_owner = $3 AND state = 'queued'"	\
	" AND lease_until IS NULL)"

/* 1 user, 2 id, 3 lease, 4 how many there are */
static const char drop_parts[] =
    "DELETE FROM x_parts WHERE user_id = $1 AND post_id = $2"
    " AND position >= $4::int" OURS;

/* 4 parts.  Whether it was lost once is of a text, not of its place. */
static const char put_parts[] =
    "INSERT INTO x_parts AS q (user_id, post_id, position, text,"
    "  weighted_length, state, updated_at)"
    " SELECT $1, $2, n.position, n.text, n.weighted_length, 'waiting',"
    "  now()"
    "  FROM jsonb_to_recordset($4) AS n (position smallint, text text,"
    "   weighted_length int) WHERE true" OURS
    " ON CONFLICT (user_id, post_id, position) DO UPDATE SET"
    "  text = excluded.text, weighted_length = excluded.weighted_length,"
    "  error = NULL, updated_at = excluded.updated_at,"
    "  attempts = CASE WHEN q.text = excluded.text THEN q.attempts"
    "   ELSE 0 END,"
    "  left_at = CASE WHEN q.text = excluded.text THEN q.left_at END,"
    "  first_left_at = CASE WHEN q.text = excluded.text"
    "   THEN q.first_left_at END,"
    "  was_lost = q.was_lost AND q.text = excluded.text";

static const char find[] =
    "SELECT " NX_POST_COLUMNS ", p.lease_owner = $3"
    NX_POST_FROM("x_posts", "")
    " WHERE p.user_id = $1 AND p.id = $2 ORDER BY q.position";

enum { CHANGE, DROP, PUT, LOCK_LINES, SET_LINE, SET_OLD_LINE, FIND, NSTEPS };

bool
nx_post_waits(const struct nx_stored_post *post)
{
	if (post->state != NX_POST_STATE_QUEUED || post->goal != NX_GOAL_SEND)
		return false;
	for (size_t i = 0; i < post->nparts; i++) {
		if (post->parts[i].state != NX_PART_WAITING)
			return false;
	}
	return true;
}

enum nx_rc
nx_post_change(const struct nx_store_ask *ask,
    const struct nx_post_change *c, struct nx_stored_post *out,
    bool *changed, struct nx_err *err)
{
	const char *warnings = nx_post_warnings_text(ask->arena, c->warnings);
	struct nx_buf parts = NX_BUF(NX_PARTS_JSON_MAX);
	char version[NX_NUMBER_MAX], price[NX_NUMBER_MAX];
	char when[NX_NUMBER_MAX], n[NX_NUMBER_MAX];
	struct nx_query queries[NSTEPS] = {
		[CHANGE] = { change_post, { c->user_id, c->id, c->lease,
		    nx_row_number(version, c->version), c->connection_id,
		    c->body_hash, c->options, warnings, c->source,
		    nx_row_number(price, c->price),
		    nx_row_number(when, c->publish_at),
		    c->keeps_place ? "t" : "f" }, 12 },
		[DROP] = { drop_parts, { c->user_id, c->id, c->lease,
		    nx_row_number(n, (int64_t)c->nparts) }, 4 },
		[PUT] = { put_parts, { c->user_id, c->id, c->lease, NULL },
		    4 },
		[LOCK_LINES] = { nx_line_lock_both, { c->user_id, c->id,
		    c->old_connection_id }, 3 },
		[SET_LINE] = { nx_line_set, { c->user_id, c->id }, 2 },
		[SET_OLD_LINE] = { nx_line_set_of, { c->user_id,
		    c->old_connection_id }, 2 },
		[FIND] = { find, { c->user_id, c->id, c->lease }, 3 },
	};
	PGresult *results[NSTEPS] = { NULL };
	enum nx_rc rc = warnings == NULL ?
	    nx_fail(err, NX_NO_MEMORY, "while storing a post") :
	    nx_row_parts(c->parts, c->nparts, &parts, err);

	*changed = false;
	queries[PUT].params[3] = nx_buf_str(&parts);
	if (rc == NX_OK)
		rc = nx_row_repeat(ask, queries, NSTEPS, results, err);
	if (rc == NX_OK)
		rc = nx_row_post(ask->arena, results[FIND], out, err);
	if (rc == NX_OK)
		*changed = nx_row_bool(results[FIND], 0, NX_POST_NCOLUMNS);
	nx_db_clear(results, NSTEPS);
	nx_buf_free(&parts);
	return rc;
}
