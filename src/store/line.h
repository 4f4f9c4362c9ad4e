/*
 * line.h - x_lines: a row for each account's queue, so that neither a claim
 * nor a hold reads what waits behind its head.
 *
 * A post is in its connection's line while it is `queued`, accepted and to be
 * sent; they are sent one at a time, by publish_at.  The row says which is
 * first and from when on it is worth looking.  It follows from x_posts alone:
 * a statement that changes what is in a line, or ends the lease of one that
 * was, is followed by nx_line_lock and nx_line_set in the same transaction.
 * The second reads x_posts after the first has the row, so that of two
 * transactions the later one sees what both did: next_at may be too early,
 * which whoever looks mends, but not too late.  While one is under way it is
 * the end of its lease, and its end sets it.  What was written past all this
 * (by psql, a bug) nx_post_mend_lines() finds.
 *
 * Order of locks: a post, its parts, its line; several lines by connection.
 * Nobody locks a post while holding a line.
 */
#ifndef NX_STORE_LINE_H
#define NX_STORE_LINE_H

#include "nx/store/post.h"

/* Is x_posts `p` in its line? */
#define NX_LINE_HAS(p)							\
	p ".state = 'queued' AND " p ".publish_at IS NOT NULL"		\
	" AND " p ".accepted AND " p ".goal = 'send'"
/* Is one of the same line as `p`, which is `queued`, before it? */
#define NX_LINE_BEFORE(p)						\
	"EXISTS (SELECT 1 FROM x_posts o WHERE o.user_id = " p ".user_id" \
	" AND o.connection_id = " p ".connection_id AND " NX_LINE_HAS("o") \
	" AND (o.publish_at, o.created_at, o.id)"			\
	"  < (" p ".publish_at, " p ".created_at, " p ".id))"
/* Is one of the same line under way?  Whoever has died holds nobody up. */
#define NX_LINE_BUSY(p)							\
	"EXISTS (SELECT 1 FROM x_posts o WHERE o.user_id = " p ".user_id" \
	" AND o.connection_id = " p ".connection_id"			\
	" AND o.state = 'sending' AND o.publish_at IS NOT NULL"		\
	" AND o.accepted AND o.id <> " p ".id AND o.lease_until > now())"

/* When `p` of user $1, which is `queued`, is tried next: with the first. */
#define NX_LINE_NEXT_TRY(p)						\
	"CASE WHEN " p ".state = 'queued' THEN greatest(" p ".next_try_at," \
	" (SELECT l.head_at FROM x_lines l WHERE l.user_id = $1"	\
	"  AND l.connection_id = " p ".connection_id))"			\
	" ELSE " p ".next_try_at END"

/*
 * The line that post 1 user, 2 id is in, or was, if any.  nx_line_lock makes
 * it where there is none.
 */
extern const char	nx_line_lock[], nx_line_set[];
/* The same of 1 user, 2 connection. */
extern const char	nx_line_lock_of[], nx_line_set_of[];
/* Both that a post was in: 1 user, 2 id, 3 the connection before. */
extern const char	nx_line_lock_both[];

/*
 * 1 user, 2 id, 3 lease: it was taken out of its line, to be sent; or sorted
 * out, which is looked at at once.  One that is being removed holds nobody up.
 * Needs no lock: the lease's end sets it.
 */
extern const char	nx_line_taken[];

/*
 * Line `connection_id` of the user was due, and its post could not be taken:
 * set it anew.  `post_id` is then what may be, in ask's arena; NULL: nothing
 * yet.
 */
NX_MUST_USE enum nx_rc	nx_line_look(const struct nx_store_ask *ask,
			    const char *user_id, const char *connection_id,
			    const char **post_id, struct nx_err *err);

#endif
