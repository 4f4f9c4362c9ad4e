/*
 * post_row.h - what the modules around x_posts share: posts with their parts
 * as one statement reads them.
 */
#ifndef NX_STORE_POST_ROW_H
#define NX_STORE_POST_ROW_H

#include "nx/base/buf.h"
#include "nx/base/maxima.h"
#include "line.h"
#include "nx/store/post.h"
#include "row.h"
#include "tell.h"

/* Nothing is recorded of, or looked up in, posts older than that. */
#define NX_POST_MEMORY "interval '60 days'"

/*
 * Of part `q`, which is in x_parts or, being the only one of a post that was
 * sent at once, in x_posts itself (sql/016_posts.sql).
 */
#define NX_PART(column)	"coalesce(q." column ", p." column ")"
#define NX_PART_STATE							\
	"CASE WHEN p.text IS NULL THEN q.state"				\
	" WHEN p.x_post_id IS NULL THEN 'sending' ELSE 'sent' END"

/*
 * One row for each part, from posts `p` (an expression), with `q` (x_parts)
 * and `c` (platform_connections); more columns may follow.  `which` narrows
 * the parts.  1: the user, who is named for each table, so that a distributed
 * PostgreSQL asks one node.  Order by post, then q.position.
 */
#define NX_POST_SECOND(at) "floor(extract(epoch FROM " at "))::bigint"
/* What failed has been asked for again since, and may be live as that. */
#define NX_POST_SUPERSEDED						\
	"CASE WHEN p.state = 'failed' THEN NOT EXISTS ("		\
	" SELECT 1 FROM x_parts WHERE user_id = $1"			\
	"  AND post_id = p.id AND state = 'sent') AND EXISTS ("		\
	" SELECT 1 FROM x_posts o WHERE o.body_hash = p.body_hash"	\
	"  AND o.user_id = $1"						\
	"  AND o.connection_id = p.connection_id"			\
	"  AND o.created_at > p.created_at AND o.state IN ('queued',"	\
	"   'sending', 'sent', 'unknown', 'partial')) ELSE false END"
#define NX_POST_VERSION							\
	"(extract(epoch FROM p.updated_at - timestamptz 'epoch')"	\
	" * 1000000)::bigint"
#define NX_POST_COLUMNS							\
	"p.id, p.user_id, p.connection_id, c.platform_username, p.state," \
	" p.goal, p.options, p.notes, p.error, p.price, p.tries,"	\
	NX_POST_SECOND("p.created_at") ","				\
	NX_POST_VERSION ","						\
	NX_POST_SECOND("p.publish_at") ","				\
	NX_POST_SECOND(NX_LINE_NEXT_TRY("p")) ","			\
	" p.state = 'sending' AND p.lease_until < now(),"		\
	" " NX_PART("text") ", " NX_PART("weighted_length") ","		\
	" " NX_PART_STATE ", " NX_PART("x_post_id") ", q.error,"	\
	" coalesce(q.attempts, 1), "					\
	NX_POST_SECOND(NX_PART("sent_at")) ","				\
	" coalesce(q.was_lost OR q.state = 'unknown', false),"		\
	NX_POST_SUPERSEDED ", c.status IS DISTINCT FROM 'connected'"
#define NX_POST_FROM(posts, which)					\
	" FROM " posts " p"						\
	" LEFT JOIN platform_connections c ON c.user_id = $1"		\
	"  AND c.id = p.connection_id"					\
	" LEFT JOIN x_parts q ON q.user_id = $1"			\
	"  AND q.post_id = p.id" which

enum { NX_POST_NCOLUMNS = 26 };

/* All of them; one post's rows are neighbours. */
NX_MUST_USE enum nx_rc	nx_row_posts(struct nx_arena *arena,
			    const PGresult *rows,
			    struct nx_stored_post **out, size_t *count,
			    struct nx_err *err);

/* The first of them; POST_UNKNOWN when there is none. */
NX_MUST_USE enum nx_rc	nx_row_post(struct nx_arena *arena,
			    const PGresult *rows, struct nx_stored_post *out,
			    struct nx_err *err);

/* Parts that are to be stored, as JSON: a parameter of the statement. */
NX_MUST_USE enum nx_rc	nx_row_parts(const struct nx_stored_part *parts,
			    size_t n, struct nx_buf *out,
			    struct nx_err *err);

/*
 * From here on the part of post 1 user, 2 id is in x_parts: whatever becomes
 * of it other than that it is sent is written there.  The second: 3 lease, as
 * long as that is whoever holds it.
 */
extern const char	nx_post_spill[], nx_post_spill_held[];

/*
 * A change of a post's state is told where the tables are contracted; before
 * that a trigger does it (sql/009_publishing.sql, which says of what, and
 * sql/016_posts.sql).  NX_POST_WAS locks post 1 user, 2 id and knows its state
 * before; `done` are the rows of x_posts after, with that as `was`;
 * `first_id`: X's id of the first part.  NX_TOLD is how many were.
 */
#define NX_POST_RESTING							\
	"'sent', 'partial', 'failed', 'deleted', 'cancelled'"
#define NX_POST_WAS							\
	"was AS (SELECT user_id, id, state FROM x_posts"		\
	" WHERE user_id = $1 AND id = $2 FOR NO KEY UPDATE)"
#define NX_POST_TELL(first_id)						\
	"told AS ("							\
	" INSERT INTO x_notices (user_id, connection_id, event, body)"	\
	" SELECT d.user_id, d.connection_id, 'post.' || d.state,"	\
	"  jsonb_build_object('event', 'post.' || d.state,"		\
	"  'post_id', d.id, 'connection_id', d.connection_id,"		\
	"  'user_id', d.user_id, 'state', d.state,"			\
	"  'x_post_id', " first_id ","					\
	"  'error', left(d.error ->> 'code', 64),"			\
	"  'at', " NX_TELL_AT ")"					\
	" FROM done d WHERE (SELECT contracted FROM x_app)"		\
	"  AND d.state <> d.was AND d.state IN (" NX_POST_RESTING ")"	\
	"  AND (d.unattended"						\
	"   OR d.publish_at IS NOT NULL"				\
	"   OR d.was IN ('unknown', 'queued', 'partial'))"		\
	" RETURNING body)"
#define NX_POST_FIRST_ID						\
	"(SELECT x_post_id FROM x_parts WHERE user_id = $1"		\
	" AND post_id = d.id AND position = 0)"
#define NX_POST_DONE							\
	" RETURNING p.user_id, p.id, p.connection_id, p.state, p.error," \
	" p.unattended, p.publish_at"

/* The names of states, for statements that are made of machine_rows.h. */
#define NX_SQL_QUEUED		"'queued'"
#define NX_SQL_SENDING		"'sending'"
#define NX_SQL_SENT		"'sent'"
#define NX_SQL_PARTIAL		"'partial'"
#define NX_SQL_FAILED		"'failed'"
#define NX_SQL_UNKNOWN		"'unknown'"
#define NX_SQL_DELETED		"'deleted'"
#define NX_SQL_CANCELLED	"'cancelled'"

#endif
