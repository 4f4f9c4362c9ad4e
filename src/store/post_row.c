/* post_row.c - posts with their parts out of joined rows. */

#include "post_row.h"

#include "nx/base/json.h"
#include "post_words.h"

enum {
	FIRST_PART_COLUMN = 16,
	PART_STATE_COLUMN = 18,
	SUPERSEDED_COLUMN = 24,
};

#define SPILL(also)							\
	"WITH p AS (SELECT user_id, id, text, weighted_length,"		\
	"  x_post_id, sent_at, created_at FROM x_posts"			\
	"  WHERE user_id = $1 AND id = $2 AND text IS NOT NULL" also	\
	"  FOR NO KEY UPDATE),"						\
	"part AS (INSERT INTO x_parts (user_id, post_id, position, text," \
	"  weighted_length, state, x_post_id, sent_at, attempts, left_at," \
	"  first_left_at)"						\
	" SELECT user_id, id, 0, text, weighted_length,"		\
	"  CASE WHEN x_post_id IS NULL THEN 'sending' ELSE 'sent' END,"	\
	"  x_post_id, sent_at, 1, created_at, created_at FROM p)"	\
	"UPDATE x_posts o SET text = NULL, weighted_length = NULL,"	\
	" x_post_id = NULL, sent_at = NULL FROM p"			\
	" WHERE o.user_id = $1 AND o.user_id = p.user_id AND o.id = p.id"

const char nx_post_spill[] = SPILL("");
const char nx_post_spill_held[] = SPILL(" AND lease_owner = $3");

enum nx_rc
nx_row_parts(const struct nx_stored_part *parts, size_t n,
    struct nx_buf *out, struct nx_err *err)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '[');
	for (size_t i = 0; i < n; i++) {
		nx_jw_open(&w, NULL, '{');
		nx_jw_i64(&w, "position", (int64_t)i);
		nx_jw_slice(&w, "text", parts[i].text);
		nx_jw_i64(&w, "weighted_length", parts[i].weighted_length);
		nx_jw_bool(&w, "first", i == 0);
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, ']');
	return nx_buf_ok(out) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "The post is too large to store.");
}

static void
read_post(struct nx_arena *a, const PGresult *r, int row,
    struct nx_stored_post *out)
{
	*out = (struct nx_stored_post){
		.id = nx_row_str(a, r, row, 0),
		.user_id = nx_row_str(a, r, row, 1),
		.connection_id = nx_row_str(a, r, row, 2),
		.username = nx_row_str(a, r, row, 3),
		.state = nx_post_state_of(PQgetvalue(r, row, 4)),
		.goal = nx_goal_of(PQgetvalue(r, row, 5)),
		.options = nx_row_str(a, r, row, 6),
		.warnings = nx_post_warnings_read(a, nx_row_peek(r, row, 7)),
		.error = nx_post_error_read(a, nx_row_peek(r, row, 8)),
		.price = (long)nx_row_i64(r, row, 9),
		.tries = (int)nx_row_i64(r, row, 10),
		.created_at = nx_row_i64(r, row, 11),
		.version = nx_row_i64(r, row, 12),
		.publish_at = nx_row_i64(r, row, 13),
		.next_try_at = nx_row_i64(r, row, 14),
		.is_stranded = nx_row_bool(r, row, 15),
		.is_superseded = nx_row_bool(r, row, SUPERSEDED_COLUMN),
		.is_cut_off = nx_row_bool(r, row, SUPERSEDED_COLUMN + 1),
	};
}

static void
read_part(struct nx_arena *a, const PGresult *r, int row,
    struct nx_stored_part *out)
{
	const int c = FIRST_PART_COLUMN;

	*out = (struct nx_stored_part){
		.text = nx_slice_str(nx_row_str(a, r, row, c)),
		.weighted_length = (int)nx_row_i64(r, row, c + 1),
		.state = nx_part_state_of(nx_row_peek(r, row,
		    PART_STATE_COLUMN)),
		.post_id = nx_row_str(a, r, row, c + 3),
		.error = nx_post_error_read(a, nx_row_peek(r, row, c + 4)),
		.attempts = (int)nx_row_i64(r, row, c + 5),
		.sent_at = nx_row_i64(r, row, c + 6),
		.was_lost = nx_row_bool(r, row, c + 7),
	};
}

enum nx_rc
nx_row_posts(struct nx_arena *a, const PGresult *rows,
    struct nx_stored_post **out, size_t *count, struct nx_err *err)
{
	size_t n = (size_t)PQntuples(rows);
	struct nx_stored_part *parts;

	*count = 0;
	*out = nx_arena_alloc(a, (n + 1) * sizeof(**out));
	parts = nx_arena_alloc(a, (n + 1) * sizeof(*parts));
	for (int i = 0; *out != NULL && parts != NULL && i < (int)n; i++) {
		struct nx_stored_post *p = *out + *count;

		if (i == 0 || strcmp(PQgetvalue(rows, i, 0),
		    PQgetvalue(rows, i - 1, 0)) != 0) {
			read_post(a, rows, i, p);
			p->parts = parts;
			++*count;
		} else
			p--;
		if (nx_row_peek(rows, i, PART_STATE_COLUMN) == NULL)
			continue;
		read_part(a, rows, i, parts++);
		p->nparts++;
	}
	return nx_arena_ok(a) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading posts");
}

enum nx_rc
nx_row_post(struct nx_arena *a, const PGresult *rows,
    struct nx_stored_post *out, struct nx_err *err)
{
	struct nx_stored_post *list;
	size_t n;
	enum nx_rc rc = nx_row_posts(a, rows, &list, &n, err);

	memset(out, 0, sizeof(*out));
	if (rc != NX_OK)
		return rc;
	if (n == 0)
		return nx_fail(err, NX_POST_UNKNOWN, "You have no post with"
		    " this id.");
	*out = list[0];
	return NX_OK;
}
