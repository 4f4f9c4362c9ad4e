/* post.c - the two round trips around a post, and what X says besides. */

#include "nx/store/post.h"

#include "nx/base/uuid.h"
#include "post_words.h"
#include "post_row.h"

/*
 * 1 user, 2 connection or null, 3 id, 4 key, 5 hash, 6 options, 7 warnings,
 * 8 price, 9 parts, 10 lease, 11 its length in ms, 12 when or null, 13 source
 * or null.  Nothing is stored unless exactly one connection will do.  `until`:
 * the end of the line that it has to stand in, or null.
 */
#define RESERVED(next_try)						\
	" state, " NX_POST_SECOND("publish_at") ","			\
	" CASE WHEN state = 'queued' THEN "				\
	NX_POST_SECOND(next_try) " END, accepted, text IS NOT NULL"

#define INSERT_WITH(until)						\
	"WITH usable AS ("						\
	" SELECT array_agg(id) AS ids FROM platform_connections"	\
	" WHERE user_id = $1 AND platform = '" NX_PLATFORM "'"		\
	"  AND status = 'connected' AND ($2::uuid IS NULL OR id = $2))," \
	"line AS ("							\
	" SELECT ids[1] AS connection_id, " until " AS until,"		\
	"  now() + $11 * interval '1 ms' AS lease_end"			\
	" FROM usable WHERE cardinality(ids) = 1),"			\
	"plan AS ("							\
	" SELECT *, coalesce(to_timestamp($12::bigint),"		\
	"  CASE WHEN until IS NOT NULL THEN now() END) AS at FROM line)," \
	"post AS ("							\
	" INSERT INTO x_posts (id, user_id, connection_id, state,"	\
	"  idempotency_key, body_hash, options, notes, price,"	\
	"  publish_at, lease_owner, lease_until, next_try_at, source,"	\
	"  accepted)"							\
	" SELECT $3, $1, connection_id, 'sending',"			\
	"  $4, $5, coalesce($6, '{}')::jsonb,"				\
	"  $7::jsonb, $8, at, $10, lease_end,"		\
	"  lease_end + interval '1 s', $13::jsonb, at IS NULL FROM plan" \
	" ON CONFLICT DO NOTHING RETURNING *),"				\
	"parts AS ("							\
	" INSERT INTO x_parts (user_id, post_id, position, text,"	\
	"  weighted_length, state, attempts, left_at, first_left_at)"	\
	" SELECT user_id, id, p.position, p.text, p.weighted_length,"	\
	"  CASE WHEN leaves THEN 'sending' ELSE 'waiting' END,"		\
	"  leaves::integer, CASE WHEN leaves THEN now() END,"		\
	"  CASE WHEN leaves THEN now() END"				\
	" FROM post, jsonb_to_recordset($9) AS p(position smallint,"	\
	"  text text, weighted_length int, first boolean),"		\
	"  LATERAL (SELECT post.accepted AND p.first AS leaves) l)"	\
	"SELECT" RESERVED("next_try_at") " FROM post"

/* Now, where something is in the line and due. */
#define LINE_IS_LONG(connection)					\
	"(SELECT now() FROM x_posts o WHERE o.user_id = $1"		\
	" AND o.connection_id = " connection " AND " NX_LINE_HAS("o")	\
	" AND o.publish_at <= now() LIMIT 1)"

/* Two texts: one with a condition in it would be planned anew each time. */
static const char insert[] = INSERT_WITH("NULL::timestamptz");
static const char insert_in_line[] = INSERT_WITH(LINE_IS_LONG("ids[1]"));

/*
 * One part, at once, and in no line: it needs no row of its own.  Nothing is
 * stored where programs of before could meet it.
 * 1 user, 2 connection or null, 3 id, 4 key, 5 hash, 6 options, 7 warnings,
 * 8 price, 9 text, 10 lease, 11 its length in ms, 12 weighted length, 13 source
 */
static const char insert_alone[] =
    "INSERT INTO x_posts (id, user_id, connection_id, state,"
    "  idempotency_key, body_hash, options, notes, price, lease_owner,"
    "  lease_until, next_try_at, source, accepted, text,"
    "  weighted_length)"
    " SELECT $3, $1, (array_agg(id))[1], 'sending', $4, $5,"
    "  coalesce($6, '{}')::jsonb, $7::jsonb, $8, $10,"
    "  now() + $11 * interval '1 ms',"
    "  now() + $11 * interval '1 ms' + interval '1 s', $13::jsonb, true,"
    "  $9, $12"
    " FROM platform_connections"
    " WHERE user_id = $1 AND platform = '" NX_PLATFORM "'"
    "  AND status = 'connected' AND ($2::uuid IS NULL OR id = $2)"
    " HAVING count(*) = 1 AND (SELECT contracted FROM x_app)"
    " ON CONFLICT DO NOTHING"
    " RETURNING state, NULL::bigint, NULL::bigint, accepted, true";

/*
 * It is known that one for later was stored: from now on it is queued.  Until
 * then it would never be sent, since whoever asked for it may have been told
 * that it was not stored.
 */
static const char accept_post[] =
    "UPDATE x_posts p SET state = 'queued', accepted = true,"
    " lease_until = NULL, updated_at = now(),"
    " next_try_at = greatest(p.publish_at, now())"
    " WHERE p.user_id = $1 AND p.id = $2 AND NOT p.accepted"
    " AND p.state = 'sending'";

/* Ours, without its parts, or the one that used the key before. */
static const char find[] =
    "SELECT " NX_POST_COLUMNS ", coalesce(p.first_hash, p.body_hash) = $4,"
    " p.id = $2, p.accepted"
    NX_POST_FROM("(SELECT * FROM x_posts WHERE user_id = $1 AND id = $2"
    "  UNION ALL SELECT * FROM x_posts WHERE user_id = $1"
    "   AND idempotency_key = $3 AND id <> $2)", " AND p.id <> $2")
    " ORDER BY q.position";

enum { SAME_BODY = NX_POST_NCOLUMNS, IS_OURS, IS_ACCEPTED };

static const char have_post[] =
    "SELECT" RESERVED(NX_LINE_NEXT_TRY("p")) " FROM x_posts p"
    " WHERE user_id = $1 AND id = $2";

static const char remove_post[] =
    "DELETE FROM x_posts WHERE user_id = $1 AND id = $2"
    " AND lease_owner = $3 AND state = 'sending'";

enum { INSERT, CONNECTIONS, NSTEPS };

/* What was stored is of no use, or nobody will be told: as if it never was. */
static void
undo_begin(const struct nx_store_ask *ask, const struct nx_new_post *post)
{
	const struct nx_query query = {
		remove_post, { post->user_id, post->id, post->lease }, 3,
	};
	enum nx_rc rc = nx_row_write(ask, &query, 1, NULL);

	(void)rc;		/* else it is settled as never sent */
}

/* How the post was stored; false: it was not. */
static bool
read_reserved(const PGresult *row, struct nx_stored_post *out,
    bool *accepted)
{
	if (PQntuples(row) == 0)
		return false;
	out->state = nx_post_state_of(PQgetvalue(row, 0, 0));
	out->publish_at = nx_row_i64(row, 0, 1);
	out->next_try_at = nx_row_i64(row, 0, 2);
	*accepted = nx_row_bool(row, 0, 3);
	out->is_alone = nx_row_bool(row, 0, 4);
	return true;
}

/*
 * Of post `id`, which is there.  An error where no answer came: it may be
 * queued or not, which a repeat with the same key will find out.
 */
static enum nx_rc
accept_it(const struct nx_store_ask *ask, const char *user_id,
    const char *id, struct nx_stored_post *out, struct nx_err *err)
{
	const struct nx_query queries[] = {
		{ accept_post, { user_id, id }, 2 },
		{ nx_line_lock, { user_id, id }, 2 },
		{ nx_line_set, { user_id, id }, 2 },
		{ have_post, { user_id, id }, 2 },
	};
	enum { N = sizeof(queries) / sizeof(queries[0]) };
	PGresult *results[N] = { NULL };
	bool accepted;
	enum nx_rc rc = nx_row_repeat(ask, queries, N, results, err);

	if (rc == NX_OK)
		(void)read_reserved(results[N - 1], out, &accepted);
	nx_db_clear(results, N);
	return rc;
}

static enum nx_rc
read_repeat(const struct nx_store_ask *ask, const PGresult *found,
    struct nx_stored_post *out, struct nx_err *err)
{
	enum nx_rc rc = nx_row_post(ask->arena, found, out, err);

	out->is_repeat = true;
	out->same_body = nx_row_bool(found, 0, SAME_BODY);
	if (rc == NX_OK && out->same_body &&
	    !nx_row_bool(found, 0, IS_ACCEPTED))
		rc = accept_it(ask, out->user_id, out->id, out, err);
	return rc;
}

/* Everything nx_post_begin() says, and what its statements need. */
struct beginning {
	const struct nx_new_post *post;
	struct nx_query		 insert;	/* with rows for the parts */
	struct nx_query		 alone;		/* without; or none */
	struct nx_buf		 parts;
	char	price[NX_NUMBER_MAX], ms[NX_NUMBER_MAX], when[NX_NUMBER_MAX];
	char	length[NX_NUMBER_MAX];
};

/*
 * Nothing was inserted: a first try had done it, whose answer was lost, or it
 * needs rows for its parts, or its key was used before, or nothing could be.
 */
static enum nx_rc
look_again(const struct nx_store_ask *ask, const struct beginning *b,
    struct nx_stored_post *out, bool *ours, bool *accepted,
    struct nx_err *err)
{
	const struct nx_new_post *post = b->post;
	const struct nx_query queries[] = {
		{ have_post, { post->user_id, post->id }, 2 },
		b->insert,
		{ find, { post->user_id, post->id, post->key,
		    post->body_hash }, 4 },
	};
	/* With a key that is null PostgreSQL would plan anew each time. */
	const int n = post->key == NULL ? 2 : 3;
	PGresult *rows[3] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, n, rows, err);

	if (rc == NX_OK && n == 3 && PQntuples(rows[2]) > 0 &&
	    !nx_row_bool(rows[2], 0, IS_OURS))
		rc = read_repeat(ask, rows[2], out, err);
	else if (rc == NX_OK)
		*ours = read_reserved(rows[0], out, accepted) ||
		    read_reserved(rows[1], out, accepted);
	nx_db_clear(rows, n);
	return rc;
}

static enum nx_rc
read_begun(const struct nx_store_ask *ask, const struct beginning *b,
    PGresult *const *results, struct nx_connection *connection,
    struct nx_stored_post *stored, struct nx_err *err)
{
	const struct nx_new_post *post = b->post;
	bool accepted = true, ours;
	enum nx_rc rc = NX_OK;

	ours = read_reserved(results[INSERT], stored, &accepted);
	if (!ours)
		rc = look_again(ask, b, stored, &ours, &accepted, err);
	if (rc == NX_DB_DOWN || rc == NX_TIMEOUT)
		undo_begin(ask, post);	/* maybe only the answer was lost */
	if (rc != NX_OK || stored->is_repeat)
		return rc;
	rc = nx_row_pick(ask, results[CONNECTIONS], post->connection_id,
	    connection, err);
	if (rc == NX_OK && !ours)
		rc = nx_fail(err, NX_BUSY, "The connection has just"
		    " changed.");
	if (rc == NX_OK && !accepted)
		rc = accept_it(ask, post->user_id, post->id, stored, err);
	if (rc != NX_OK && ours)
		undo_begin(ask, post);
	if (rc == NX_OK && stored->state == NX_POST_STATE_FAILED)
		rc = nx_fail(err, NX_TIMEOUT, "Storing the post took too"
		    " long.");
	return rc;
}

static enum nx_rc
prepare_begin(const struct nx_store_ask *ask, struct beginning *b,
    struct nx_err *err)
{
	const struct nx_new_post *post = b->post;
	const char *warnings = nx_post_warnings_text(ask->arena,
	    post->warnings);
	enum nx_rc rc = warnings == NULL ?
	    nx_fail(err, NX_NO_MEMORY, "while storing a post") :
	    nx_row_parts(post->parts, post->nparts, &b->parts, err);

	b->insert = (struct nx_query){
		post->queues ? insert_in_line : insert, { post->user_id,
		    post->connection_id, post->id, post->key, post->body_hash,
		    post->options, warnings,
		    nx_row_number(b->price, post->price),
		    nx_buf_str(&b->parts), post->lease,
		    nx_row_number(b->ms, NX_POST_LEASE_MS),
		    post->publish_at == 0 ? NULL :
		    nx_row_number(b->when, post->publish_at),
		    post->source }, 13,
	};
	if (rc != NX_OK || post->nparts != 1 || post->queues ||
	    post->publish_at != 0)
		return rc;
	b->alone = b->insert;
	b->alone.sql = insert_alone;
	b->alone.params[8] = nx_arena_slice(ask->arena, post->parts[0].text);
	b->alone.params[11] = nx_row_number(b->length,
	    post->parts[0].weighted_length);
	return b->alone.params[8] != NULL ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while storing a post");
}

enum nx_rc
nx_post_begin(const struct nx_store_ask *ask, const struct nx_new_post *post,
    struct nx_connection *connection, struct nx_stored_post *stored,
    struct nx_err *err)
{
	struct beginning b = { .post = post,
	    .parts = NX_BUF(NX_PARTS_JSON_MAX) };
	struct nx_query queries[NSTEPS] = {
		[CONNECTIONS] = { NX_CONNECTIONS_OF_USER, { post->user_id },
		    1 },
	};
	PGresult *results[NSTEPS] = { NULL };
	enum nx_rc rc;

	memset(connection, 0, sizeof(*connection));
	memset(stored, 0, sizeof(*stored));
	rc = prepare_begin(ask, &b, err);
	queries[INSERT] = b.alone.sql != NULL ? b.alone : b.insert;
	if (rc == NX_OK)
		rc = nx_row_repeat(ask, queries, NSTEPS, results, err);
	if (rc == NX_OK)
		rc = read_begun(ask, &b, results, connection, stored, err);
	else if (rc == NX_DB_DOWN || rc == NX_TIMEOUT)
		undo_begin(ask, post);	/* maybe only the answer was lost */
	nx_db_clear(results, NSTEPS);
	nx_buf_free(&b.parts);
	return rc;
}

enum nx_rc
nx_post_repeat(const struct nx_store_ask *ask, const char *user_id,
    const char *key, const char *body_hash, struct nx_stored_post *out,
    struct nx_err *err)
{
	const struct nx_query query = {
		find, { user_id, NX_UUID_NIL, key, body_hash }, 4,
	};
	PGresult *found = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &found, err);

	memset(out, 0, sizeof(*out));
	if (rc == NX_OK && PQntuples(found) > 0)
		rc = read_repeat(ask, found, out, err);
	nx_db_clear(&found, 1);
	return rc;
}

/*
 * Two parts cannot have the same of X's ids: the row's CHECK then ends the
 * transaction.  Short ids are a simulator's, which begins anew.  `of`: post
 * and position, behind user and X's id.
 */
#define NOTE_ID(of)							\
	"INSERT INTO x_ids AS i (user_id, x_post_id, post_id, position)" \
	" SELECT user_id, x_post_id, " of				\
	" ON CONFLICT (user_id, x_post_id) DO UPDATE SET"		\
	" taken = (i.post_id, i.position)"				\
	"   <> (excluded.post_id, excluded.position)"			\
	"  AND (length(i.x_post_id) >= 15"				\
	"   OR excluded.at - i.at < interval '10 minutes'),"		\
	" post_id = excluded.post_id, position = excluded.position,"	\
	" at = excluded.at"

/*
 * A part that was not given the id, since its lease had gone, does not take
 * it.  1 user, 2 id, 3 X's id, 4 position
 */
static const char note_id[] =
    NOTE_ID("post_id, position FROM x_parts"
    " WHERE user_id = $1 AND post_id = $2 AND x_post_id = $3"
    "  AND position = $4");

/* Its owner wanted it gone while somebody was at it, who does not know. */
#define NOTED "(goal = 'delete' AND p.state IN ('unknown', 'sending'))"
#define STOPS "($4 = 'sending' AND " NOTED ")"

/*
 * The post before its parts, as everybody locks them.  Once the lease is given
 * back nothing of this is written again, so a repeated call does no harm.
 * 1 user, 2 id, 3 lease, 4 state, 5 error, 6 goal, 7 seconds to the next try,
 * 8 failed, 9 release the key, 10 the part's state, 11 keep the lease, 12 ms
 */
static const char finish_post[] =
    "WITH " NX_POST_WAS ","
    "done AS (UPDATE x_posts p SET state = CASE WHEN " STOPS " THEN 'partial'"
    "  ELSE $4 END, error = $5, updated_at = now(),"
    " goal = CASE WHEN " NOTED " THEN goal ELSE $6 END,"
    " tries = CASE WHEN $8::boolean THEN tries + 1"
    "  WHEN $10 IN ('sent', 'deleted') THEN 0 ELSE tries END,"
    " idempotency_key = CASE WHEN $9::boolean THEN NULL"
    "  ELSE idempotency_key END,"
    " released_key = CASE WHEN $9::boolean"
    "  THEN coalesce(idempotency_key, released_key) ELSE released_key END,"
    " publish_at = CASE WHEN $4 = 'queued'"
    "  THEN coalesce(publish_at, (SELECT now())) ELSE publish_at END,"
    " lease_until = CASE WHEN $11::boolean AND NOT " STOPS
    "  THEN (SELECT now() + $12 * interval '1 ms') END,"
    " next_try_at = CASE WHEN $11::boolean AND NOT " STOPS
    "  THEN (SELECT now() + $12 * interval '1 ms' + interval '1 s')"
    "  WHEN " STOPS " OR (" NOTED " AND $6 <> 'delete')"
    "   THEN (SELECT now()) WHEN $7::integer >= 0"
    "   THEN (SELECT now() + $7::integer * interval '1 s') END"
    " FROM was WHERE p.user_id = $1 AND p.id = $2"
    "  AND p.user_id = was.user_id AND p.id = was.id"
    "  AND lease_owner = $3 AND lease_until IS NOT NULL"
    NX_POST_DONE ", was.state AS was),"
    NX_POST_TELL("coalesce($13, " NX_POST_FIRST_ID ")")
    "SELECT state = $4, " NX_TOLD " FROM done";

/*
 * X has the only part of a post that holds it itself: 1 user, 2 id, 3 lease,
 * 4 X's id.  Not where its owner has wanted it gone meanwhile.  Nobody is told
 * of what is sent within its own request.
 */
#define FINISH_ALONE(also)						\
	"WITH post AS (UPDATE x_posts SET state = 'sent', error = NULL," \
	"  updated_at = now(), tries = 0, x_post_id = $4, sent_at = now()," \
	"  lease_until = NULL, next_try_at = NULL"			\
	" WHERE user_id = $1 AND id = $2 AND lease_owner = $3"		\
	"  AND lease_until IS NOT NULL AND state = 'sending'"		\
	"  AND goal = 'send' AND NOT unattended AND text IS NOT NULL"	\
	" RETURNING user_id, x_post_id, id)"				\
	NOTE_ID("id, 0 FROM post" also)
static const char finish_alone[] = FINISH_ALONE("");
/* The same, and this transaction's commit does not wait for the disk. */
static const char finish_alone_late[] = FINISH_ALONE(
    ", (SELECT set_config('synchronous_commit', 'off', true)) AS late");

#define OURS_AS(also)							\
	" AND EXISTS (SELECT 1 FROM x_posts WHERE user_id = $1"		\
	" AND id = $2 AND lease_owner = $3" also ")"
#define OURS OURS_AS("")

/* 1 user, 2 id, 3 lease, 4 position, 5 state, 6 X's id, 7 error */
static const char finish_part[] =
    "UPDATE x_parts SET state = $5, x_post_id = coalesce($6, x_post_id),"
    " error = $7, updated_at = now(), sent_at = CASE WHEN $5 = 'sent'"
    "  THEN coalesce(sent_at, (SELECT now())) ELSE sent_at END,"
    " was_lost = was_lost OR 'unknown' IN (state, $5), reserved_id = NULL"
    " WHERE user_id = $1 AND post_id = $2 AND position = $4"
    " AND (state <> 'sent' OR $5 IN ('sent', 'deleted'))"
    " AND (state <> 'deleted' OR $5 = 'deleted')" OURS;

/* 1 user, 2 id, 3 lease, 4 position of the part before */
static const char next_part[] =
    "UPDATE x_parts SET state = 'sending', attempts = attempts + 1,"
    " left_at = now(), updated_at = now(),"
    " first_left_at = coalesce(first_left_at, left_at, (SELECT now()))"
    " WHERE user_id = $1 AND post_id = $2 AND position = $4::int + 1"
    " AND state IN ('waiting', 'failed')" OURS_AS(" AND state = 'sending'");

static const char note_success[] =
    "UPDATE x_grants g SET last_success_at = now() FROM x_posts p"
    " WHERE p.user_id = $1 AND p.id = $2 AND g.user_id = $1"
    " AND g.connection_id = p.connection_id"
    " AND (g.last_success_at IS NULL"
    "  OR g.last_success_at < now() - interval '1 minute')";

/* Part $4 is live, whatever was thought. */
#define MEND(also)							\
	"done AS (UPDATE x_posts p SET updated_at = now(),"		\
	" state = CASE WHEN s.whole THEN 'sent' ELSE 'partial' END,"	\
	" error = CASE WHEN s.whole THEN NULL ELSE p.error END,"	\
	" lease_owner = NULL, lease_until = NULL,"			\
	" next_try_at = CASE WHEN NOT s.whole OR p.goal <> 'send'"	\
	"  THEN (SELECT now()) END"					\
	" FROM was, (SELECT bool_and(state = 'sent' OR position = $4)"	\
	"  AS whole FROM x_parts WHERE user_id = $1 AND post_id = $2) s" \
	" WHERE p.user_id = $1 AND p.id = $2"				\
	"  AND p.user_id = was.user_id AND p.id = was.id" also		\
	NX_POST_DONE ", was.state AS was)"

/* Somebody whose lease was over has recorded it meanwhile.  5 post's state */
static const char mend[] =
    "WITH " NX_POST_WAS "," MEND(" AND p.lease_owner = $3 AND p.state = $5"
    " AND EXISTS (SELECT 1 FROM x_parts"
    "  WHERE user_id = $1 AND post_id = $2 AND position = $4"
    "  AND state = 'sent')") "," NX_POST_TELL(NX_POST_FIRST_ID)
    "SELECT " NX_TOLD " FROM done";

/* 4 the post's state: who goes on sending must hold the lease. */
static const char lock_post[] =
    "SELECT lease_owner = $3 AND ($4 <> 'sending' OR lease_until IS NOT NULL)"
    " FROM x_posts WHERE user_id = $1 AND id = $2 FOR NO KEY UPDATE";

/* 1 user, 2 id, 3 X's id, 4 position */
static const char record_late[] =
    "WITH " NX_POST_WAS ",live AS ("
    " UPDATE x_parts SET state = 'sent', x_post_id = $3, error = NULL,"
    "  sent_at = now(), updated_at = now()"
    " WHERE user_id = $1 AND post_id = $2 AND position = $4"
    "  AND state NOT IN ('sent', 'deleted') RETURNING position),"
    MEND(" AND EXISTS (SELECT 1 FROM live)"
    " AND (p.lease_until IS NULL OR p.lease_until <= now())") ","
    NX_POST_TELL("CASE WHEN $4::int = 0 THEN $3 ELSE " NX_POST_FIRST_ID
    " END") "SELECT " NX_TOLD " FROM done";

/* The lease is no longer held: was it given back by this very outcome? */
static enum nx_rc
too_late(const struct nx_store_ask *ask, const struct nx_post_outcome *o,
    bool *ours, struct nx_err *err)
{
	char position[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ lock_post, { o->user_id, o->id, o->lease,
		    nx_post_state_name(o->post_state) }, 4 },
		{ nx_post_spill, { o->user_id, o->id }, 2 },
		{ record_late, { o->user_id, o->id, o->x_id,
		    nx_row_number(position, o->position) }, 4 },
		{ note_id, { o->user_id, o->id, o->x_id, position }, 4 },
		{ nx_line_lock, { o->user_id, o->id }, 2 },
		{ nx_line_set, { o->user_id, o->id }, 2 },
	};
	enum { N = sizeof(queries) / sizeof(queries[0]) };
	bool sent = o->part_state == NX_PART_SENT && o->x_id != NULL;
	PGresult *results[N] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, sent ? N : 1, results,
	    err);

	if (rc == NX_OK && PQntuples(results[0]) == 0)
		rc = nx_fail(err, NX_NOT_FOUND, "There is no post %s.",
		    o->id);
	if (rc == NX_OK)
		*ours = nx_row_bool(results[0], 0, 0);
	nx_db_clear(results, N);
	return rc;
}

enum { SPILL, FINISH_POST, FINISH_PART, THIRD, NFINISH = THIRD + 5 };

/* What is written besides post and part; returns how many statements. */
static int
more_to_write(const struct nx_post_outcome *o, const char *position,
    struct nx_query queries[NFINISH])
{
	const bool sent = o->part_state == NX_PART_SENT;
	int n = THIRD;

	if (sent && o->x_id != NULL)
		queries[n++] = (struct nx_query){ note_id,
		    { o->user_id, o->id, o->x_id, position }, 4 };
	if (sent && o->x_id != NULL && o->is_news)
		queries[n++] = (struct nx_query){ note_success,
		    { o->user_id, o->id }, 2 };
	if (sent && o->post_state == NX_POST_STATE_SENDING)
		queries[n++] = (struct nx_query){ next_part, { o->user_id,
		    o->id, o->lease, position }, 4 };
	if (!sent && o->part_state != NX_PART_DELETED)
		queries[n++] = (struct nx_query){ mend, { o->user_id, o->id,
		    o->lease, position,
		    nx_post_state_name(o->post_state) }, 5 };
	if (o->in_line || o->post_state == NX_POST_STATE_QUEUED) {
		queries[n++] = (struct nx_query){ nx_line_lock,
		    { o->user_id, o->id }, 2 };
		queries[n++] = (struct nx_query){ nx_line_set,
		    { o->user_id, o->id }, 2 };
	}
	return n;
}

static enum nx_rc
refuse_id(const struct nx_post_outcome *o, struct nx_err *err)
{
	return nx_fail(err, NX_OUTCOME_UNKNOWN, "X's answer names post %s,"
	    " which is another one.", o->x_id);
}

/* With rows of its own for its parts, or about to have one. */
static enum nx_rc
finish_parts(const struct nx_store_ask *ask, const struct nx_post_outcome *o,
    bool *ours, struct nx_err *err)
{
	const char *error = nx_post_error_text(ask->arena, o->error);
	bool keeps = o->keeps_lease || o->post_state == NX_POST_STATE_SENDING;
	char position[NX_NUMBER_MAX], next[NX_NUMBER_MAX], ms[NX_NUMBER_MAX];
	struct nx_query queries[NFINISH] = {
		[SPILL] = { nx_post_spill, { o->user_id, o->id }, 2 },
		[FINISH_POST] = { finish_post, { o->user_id, o->id, o->lease,
		    nx_post_state_name(o->post_state), error,
		    nx_goal_name(o->goal), nx_row_number(next, o->next_try),
		    o->failed ? "t" : "f", o->release_key ? "t" : "f",
		    nx_part_state_name(o->part_state), keeps ? "t" : "f",
		    nx_row_number(ms, NX_POST_LEASE_MS),
		    o->position == 0 ? o->x_id : NULL }, 13 },
		[FINISH_PART] = { finish_part, { o->user_id, o->id, o->lease,
		    nx_row_number(position, o->position),
		    nx_part_state_name(o->part_state), o->x_id, error }, 7 },
	};
	const int from = o->is_alone ? SPILL : FINISH_POST;
	int n = more_to_write(o, position, queries);
	PGresult *results[NFINISH] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries + from, n - from,
	    results + from, err);

	if (rc == NX_OK && PQntuples(results[FINISH_POST]) == 0)
		rc = too_late(ask, o, ours, err);
	else if (rc == NX_OK)
		*ours = nx_row_bool(results[FINISH_POST], 0, 0) &&
		    (queries[THIRD].sql != mend ||
		    strcmp(PQcmdTuples(results[THIRD]), "0") == 0);
	nx_db_clear(results, NFINISH);
	return rc;
}

/* False, and nothing is written, when it is not as simple as that. */
static enum nx_rc
finish_only_part(const struct nx_store_ask *ask,
    const struct nx_post_outcome *o, bool *ours, struct nx_err *err)
{
	const struct nx_query queries[] = {
		{ ask->store->late_outcomes ? finish_alone_late : finish_alone,
		    { o->user_id, o->id, o->lease, o->x_id }, 4 },
		{ note_success, { o->user_id, o->id }, 2 },
	};
	const int n = o->is_news ? 2 : 1;
	PGresult *results[2] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, n, results, err);

	*ours = rc == NX_OK && strcmp(PQcmdTuples(results[0]), "1") == 0;
	nx_db_clear(results, n);
	return rc;
}

enum nx_rc
nx_post_finish(const struct nx_store_ask *ask,
    const struct nx_post_outcome *o, bool *ours, struct nx_err *err)
{
	enum nx_rc rc = NX_OK;

	*ours = false;
	if (o->is_alone && o->part_state == NX_PART_SENT && o->x_id != NULL &&
	    o->post_state == NX_POST_STATE_SENT && o->goal == NX_GOAL_SEND &&
	    !o->keeps_lease)
		rc = finish_only_part(ask, o, ours, err);
	if (rc == NX_OK && !*ours)
		rc = finish_parts(ask, o, ours, err);
	if (rc == NX_INVALID && o->x_id != NULL)	/* the CHECK of x_ids */
		rc = refuse_id(o, err);
	return rc;
}

/* 1 user, 2 connection, 3 the post that X refused, 4 text, 5 error */
static const char seen[] =
    "WITH twins AS ("
    " SELECT p.user_id, p.id, q.position FROM x_posts p"
    " JOIN x_parts q ON q.user_id = p.user_id AND q.post_id = p.id"
    " WHERE p.user_id = $1 AND p.connection_id = $2 AND p.id <> $3"
    "  AND p.created_at > now() - " NX_POST_MEMORY " AND q.text = $4"
    "  AND CASE WHEN q.state = 'unknown' THEN p.state = 'unknown'"
    "   WHEN q.state = 'failed'"
    "   THEN p.state IN ('failed', 'partial', 'cancelled')"
    "    AND q.was_lost"
    "    AND (p.lease_until IS NULL OR p.lease_until <= now())"
    "   ELSE false END"
    " ORDER BY p.id FOR NO KEY UPDATE OF p),"
    "posts AS ("
    " UPDATE x_posts p SET state = 'unknown', error = $5, updated_at = now(),"
    "  next_try_at = now(), lease_owner = CASE WHEN p.state = 'unknown'"
    "   THEN p.lease_owner END"
    " FROM twins t WHERE p.user_id = $1 AND p.id = t.id)"
    "UPDATE x_parts q SET state = 'unknown', error = $5,"
    " updated_at = now(), was_lost = true"
    " FROM twins t WHERE q.user_id = $1 AND q.post_id = t.id"
    "  AND q.position = t.position";

enum nx_rc
nx_post_seen(const struct nx_store_ask *ask,
    const struct nx_stored_post *post, size_t position, struct nx_err *err)
{
	const struct nx_stored_part *part = &post->parts[position];
	const struct nx_query query = {
		seen, { post->user_id, post->connection_id, post->id,
		    nx_arena_slice(ask->arena, part->text),
		    nx_post_error_text(ask->arena, part->error) }, 5,
	};

	if (query.params[3] == NULL)
		return nx_fail(err, NX_NO_MEMORY, "while looking for twins");
	return nx_row_write(ask, &query, 1, err);
}
