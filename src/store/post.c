/* post.c - the two round trips around a post. */

#include "nx/store/post.h"

#include "nx/base/json.h"
#include "row.h"

enum { PARTS_JSON_MAX = 1024 * 1024 };

/*
 * 1 user, 2 connection or null, 3 id, 4 key, 5 hash, 6 options, 7 warnings,
 * 8 price, 9 parts.  Nothing is stored unless exactly one connection will do.
 * The lease is for whoever settles what a dead process left behind.
 */
static const char insert[] =
    "WITH usable AS ("
    " SELECT array_agg(id) AS ids FROM platform_connections"
    " WHERE user_id = $1 AND platform = 'twitter'"
    "  AND status = 'connected' AND ($2::uuid IS NULL OR id = $2)),"
    "post AS ("
    " INSERT INTO x_posts (id, user_id, connection_id, state,"
    "  idempotency_key, body_hash, options, warnings, price, lease_until)"
    " SELECT $3, $1, ids[1], 'sending', $4, $5, coalesce($6, '{}')::jsonb,"
    "  coalesce($7, '[]')::jsonb, $8, now() + interval '1 minute'"
    " FROM usable WHERE cardinality(ids) = 1"
    " ON CONFLICT DO NOTHING RETURNING user_id, id)"
    "INSERT INTO x_parts (user_id, post_id, position, text,"
    " weighted_length, state)"
    " SELECT post.user_id, post.id, p.position, p.text, p.weighted_length,"
    "  p.state FROM post, jsonb_to_recordset($9) AS p(position smallint,"
    "  text text, weighted_length int, state text)";

/* Ours, or the one that used the key before. */
static const char find_post[] =
    "SELECT p.id, p.id = $2, p.connection_id, c.platform_username, p.state,"
    " p.warnings, p.error, p.price, p.body_hash = $4,"
    " p.state = 'sending' AND p.lease_until < now()"
    " FROM (SELECT * FROM x_posts WHERE user_id = $1 AND id = $2"
    "  UNION ALL SELECT * FROM x_posts WHERE user_id = $1"
    "   AND idempotency_key = $3 AND id <> $2) p"
    " LEFT JOIN platform_connections c ON c.id = p.connection_id"
    " ORDER BY p.id = $2 DESC LIMIT 1";

static const char find_parts[] =
    "SELECT q.text, q.weighted_length, q.state, q.x_post_id"
    " FROM x_posts p JOIN x_parts q"
    "  ON q.user_id = p.user_id AND q.post_id = p.id"
    " WHERE p.user_id = $1 AND p.idempotency_key = $3 AND p.id <> $2"
    " ORDER BY q.position";

static const char remove_post[] =
    "DELETE FROM x_posts WHERE user_id = $1 AND id = $2"
    " AND state = 'sending'";

enum { INSERT, FIND_POST, FIND_PARTS, CONNECTIONS, NSTEPS };

static enum nx_rc
parts_json(const struct nx_new_post *post, struct nx_buf *out,
    struct nx_err *err)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '[');
	for (size_t i = 0; i < post->nparts; i++) {
		const struct nx_stored_part *p = &post->parts[i];

		nx_jw_open(&w, NULL, '{');
		nx_jw_i64(&w, "position", (int64_t)i);
		nx_jw_slice(&w, "text", p->text);
		nx_jw_i64(&w, "weighted_length", p->weighted_length);
		nx_jw_str(&w, "state", p->state == NULL ? "sending" :
		    p->state);
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, ']');
	return nx_buf_ok(out) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "The post is too large to store.");
}

static enum nx_rc
read_parts(struct nx_arena *a, const PGresult *rows,
    struct nx_stored_post *out, struct nx_err *err)
{
	int n = PQntuples(rows);

	out->nparts = (size_t)n;
	out->parts = nx_arena_alloc(a, (size_t)(n + 1) *
	    sizeof(*out->parts));
	for (int i = 0; out->parts != NULL && i < n; i++)
		out->parts[i] = (struct nx_stored_part){
			.text = nx_slice_str(nx_row_str(a, rows, i, 0)),
			.weighted_length = (int)nx_row_i64(rows, i, 1),
			.state = nx_row_str(a, rows, i, 2),
			.post_id = nx_row_str(a, rows, i, 3),
		};
	return nx_arena_ok(a) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading a post");
}

static enum nx_rc
read_repeat(struct nx_arena *a, PGresult *const *results,
    struct nx_stored_post *out, struct nx_err *err)
{
	const PGresult *row = results[FIND_POST];

	*out = (struct nx_stored_post){
		.id = nx_row_str(a, row, 0, 0),
		.connection_id = nx_row_str(a, row, 0, 2),
		.username = nx_row_str(a, row, 0, 3),
		.state = nx_row_str(a, row, 0, 4),
		.warnings = nx_row_str(a, row, 0, 5),
		.error = nx_row_str(a, row, 0, 6),
		.price = (long)nx_row_i64(row, 0, 7),
		.is_repeat = true,
		.same_body = nx_row_bool(row, 0, 8),
		.is_stranded = nx_row_bool(row, 0, 9),
	};
	if (out->username == NULL)
		out->username = "";
	return read_parts(a, results[FIND_PARTS], out, err);
}

/* It was stored, but its connection is of no use: as if it never was. */
static void
undo(const struct nx_store_ask *ask, const struct nx_new_post *post)
{
	const struct nx_query query = {
		remove_post, { post->user_id, post->id }, 2,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &result, NULL);

	(void)rc;		/* else it is settled as never sent */
	nx_db_clear(&result, 1);
}

static enum nx_rc
read_begun(const struct nx_store_ask *ask, const struct nx_new_post *post,
    PGresult *const *results, struct nx_connection *connection,
    struct nx_stored_post *repeat, struct nx_err *err)
{
	bool found = PQntuples(results[FIND_POST]) == 1;
	bool ours = found && nx_row_bool(results[FIND_POST], 0, 1);
	enum nx_rc rc;

	if (found && !ours)
		return read_repeat(ask->arena, results, repeat, err);
	rc = nx_row_pick(ask, results[CONNECTIONS], post->connection_id,
	    connection, err);
	if (rc == NX_OK && !ours)
		rc = nx_fail(err, NX_BUSY, "The connection has just"
		    " changed.");
	if (rc != NX_OK && ours)
		undo(ask, post);
	return rc;
}

enum nx_rc
nx_post_begin(const struct nx_store_ask *ask, const struct nx_new_post *post,
    struct nx_connection *connection, struct nx_stored_post *repeat,
    struct nx_err *err)
{
	struct nx_buf parts = NX_BUF(PARTS_JSON_MAX);
	char price[NX_NUMBER_MAX];
	struct nx_query queries[NSTEPS] = {
		[INSERT] = { insert, { post->user_id, post->connection_id,
		    post->id, post->key, post->body_hash, post->options,
		    post->warnings, nx_row_number(price, post->price) }, 9 },
		[FIND_POST] = { find_post, { post->user_id, post->id,
		    post->key, post->body_hash }, 4 },
		[FIND_PARTS] = { find_parts, { post->user_id, post->id,
		    post->key }, 3 },
		[CONNECTIONS] = { NX_CONNECTIONS_OF_USER, { post->user_id },
		    1 },
	};
	PGresult *results[NSTEPS] = { NULL };
	enum nx_rc rc;

	memset(connection, 0, sizeof(*connection));
	memset(repeat, 0, sizeof(*repeat));
	rc = parts_json(post, &parts, err);
	queries[INSERT].params[8] = nx_buf_str(&parts);
	if (rc == NX_OK)
		rc = nx_row_repeat(ask, queries, NSTEPS, results, err);
	if (rc == NX_OK)
		rc = read_begun(ask, post, results, connection, repeat, err);
	nx_db_clear(results, NSTEPS);
	nx_buf_free(&parts);
	return rc;
}

/* 1 user, 2 id, 3 position, 4 state, 5 X's id, 6 error */
static const char finish_part[] =
    "UPDATE x_parts SET state = $4, x_post_id = coalesce($5, x_post_id),"
    " error = $6, updated_at = now(),"
    " sent_at = CASE WHEN $4 = 'sent' THEN now() ELSE sent_at END"
    " WHERE user_id = $1 AND post_id = $2 AND position = $3"
    " AND (state <> 'sent' OR $4 = 'sent')";

/* 1 user, 2 id, 3 state, 4 error, 5 release the key */
static const char finish_post[] =
    "UPDATE x_posts SET state = $3, error = $4, updated_at = now(),"
    " idempotency_key = CASE WHEN $5::boolean THEN NULL"
    "  ELSE idempotency_key END,"
    " lease_until = CASE WHEN $3 = 'sending' THEN now() +"
    "  interval '1 minute' WHEN $3 = 'unknown' THEN now() END"
    " WHERE user_id = $1 AND id = $2 RETURNING connection_id";

/* 1 user, 2 id, 3 position of the part before */
static const char next_part[] =
    "UPDATE x_parts SET state = 'sending', updated_at = now()"
    " WHERE user_id = $1 AND post_id = $2 AND position = $3::int + 1"
    " AND state = 'waiting'";

static const char note_success[] =
    "UPDATE x_grants g SET last_success_at = now() FROM x_posts p"
    " WHERE p.user_id = $1 AND p.id = $2"
    " AND g.connection_id = p.connection_id"
    " AND (g.last_success_at IS NULL"
    "  OR g.last_success_at < now() - interval '1 minute')";

enum nx_rc
nx_post_finish(const struct nx_store_ask *ask,
    const struct nx_post_outcome *o, struct nx_err *err)
{
	char position[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ finish_post, { o->user_id, o->id, o->post_state, o->error,
		    o->release_key ? "t" : "f" }, 5 },
		{ finish_part, { o->user_id, o->id,
		    nx_row_number(position, o->position), o->part_state,
		    o->x_id, o->error }, 6 },
		{ note_success, { o->user_id, o->id }, 2 },
		{ next_part, { o->user_id, o->id, position }, 3 },
	};
	bool goes_on = strcmp(o->post_state, "sending") == 0;
	int n = strcmp(o->part_state, "sent") != 0 ? 2 : goes_on ? 4 : 3;
	PGresult *results[4] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, queries, n, results, err);

	if (rc == NX_OK && PQntuples(results[0]) == 0)
		rc = nx_fail(err, NX_NOT_FOUND, "There is no post %s.",
		    o->id);
	nx_db_clear(results, n);
	return rc;
}
