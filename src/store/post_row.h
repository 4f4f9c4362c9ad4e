/*
 * post_row.h - what the modules around x_posts share: posts with their parts
 * as one statement reads them.
 */
#ifndef NX_STORE_POST_ROW_H
#define NX_STORE_POST_ROW_H

#include "nx/base/buf.h"
#include "nx/base/maxima.h"
#include "nx/store/post.h"
#include "row.h"

/* Nothing is recorded of, or looked up in, posts older than that. */
#define NX_POST_MEMORY "interval '60 days'"

/*
 * One row for each part, from posts `p` (an expression), with `q` (x_parts)
 * and `c` (platform_connections); more columns may follow.  `which` narrows
 * the parts.  Order by post, then q.position.
 */
#define NX_POST_SECOND(at) "floor(extract(epoch FROM " at "))::bigint"
/* What failed has been asked for again since, and may be live as that. */
#define NX_POST_SUPERSEDED						\
	"CASE WHEN p.state = 'failed' THEN NOT EXISTS ("		\
	" SELECT 1 FROM x_parts WHERE user_id = p.user_id"		\
	"  AND post_id = p.id AND state = 'sent') AND EXISTS ("		\
	" SELECT 1 FROM x_posts o WHERE o.body_hash = p.body_hash"	\
	"  AND o.user_id = p.user_id"					\
	"  AND o.connection_id = p.connection_id"			\
	"  AND o.created_at > p.created_at AND o.state IN ('queued',"	\
	"   'sending', 'sent', 'unknown', 'partial')) ELSE false END"
#define NX_POST_VERSION							\
	"(extract(epoch FROM p.updated_at) * 1000000)::bigint"
#define NX_POST_COLUMNS							\
	"p.id, p.user_id, p.connection_id, c.platform_username, p.state," \
	" p.goal, p.options, p.warnings, p.error, p.price, p.tries,"	\
	NX_POST_SECOND("p.created_at") ","				\
	NX_POST_VERSION ","						\
	NX_POST_SECOND("p.publish_at") ","				\
	NX_POST_SECOND("p.next_try_at") ","				\
	" p.state = 'sending' AND p.lease_until < now(),"		\
	" q.text, q.weighted_length, q.state, q.x_post_id, q.error,"	\
	" q.attempts, " NX_POST_SECOND("q.sent_at") ","			\
	" q.was_lost OR q.state = 'unknown',"				\
	NX_POST_SUPERSEDED ", c.status IS DISTINCT FROM 'connected'"
#define NX_POST_FROM(posts, which)					\
	" FROM " posts " p"						\
	" LEFT JOIN platform_connections c ON c.user_id = p.user_id"	\
	"  AND c.id = p.connection_id"					\
	" LEFT JOIN x_parts q ON q.user_id = p.user_id"			\
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
 * Post 1 user, 2 id, 3 lease was queued until later: what is queued behind it
 * follows then, in order, and is not looked at before.
 */
extern const char	nx_post_hold[];

/*
 * What was put off behind a post that is queued no more, or elsewhere, need
 * not wait for it any longer.  1 user, 2 id, 3 lease, and of one that may have
 * been moved to another connection 4 the one that it was in
 */
extern const char	nx_post_release[], nx_post_release_from[];

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
