/*
 * timeline.h - what an account has posted (GET /2/users/{id}/tweets).
 *
 * X is changing its names (facts: post.fields against tweet.fields).  Where an
 * answer shows that the server does not know the names that were asked for,
 * the others are, once more; where it refuses both, none.  All are read.
 */
#ifndef NX_X_TIMELINE_H
#define NX_X_TIMELINE_H

#include "nx/x/oauth.h"

/* A link as X rewrote it. */
struct nx_x_link {
	const char	*shown;		/* https://t.co/... as in the text */
	const char	*meant;		/* what was written; NULL: not said */
};

struct nx_x_entry {
	const char		*id;
	struct nx_slice		 text;	/* whole, also of a long post */
	bool			 is_cut;	/* it ends as what X cuts, and
						 * no note has the whole: an
						 * author may end so, too */
	int64_t			 created_at;	/* wall clock, as said or as
						 * the id tells; 0: neither */
	const char		*reply_to;	/* NULL: none, or not said */
	struct nx_x_link	*links;
	size_t			 nlinks;
};

struct nx_timeline_ask {
	const char	*x_user_id;
	const char	*since_id;	/* newer ones only; or NULL */
	int64_t		 start;		/* not older, wall clock; or 0 */
	const char	*page;		/* `next` of the page before, or NULL */
	bool		 parents;	/* reply_to is wanted: the old names
					 * first, where it costs nothing */
	bool		*old_names;	/* what was found out, for the next
					 * page; begins false, or NULL */
};

/* Everything lives in the arena that was given. */
struct nx_timeline {
	struct nx_x_entry	*entries;	/* newest first */
	size_t			 n;
	const char		*next;	/* NULL: that was all */
	bool			 complete;	/* nothing on it was left out
						 * or could not be read */
	struct nx_windows	 windows;
};

/* One page of at most 100.  `out` is filled only when the verdict is DONE. */
void	nx_timeline_read(const struct nx_x *x, const char *access_token,
	    const struct nx_timeline_ask *ask, struct nx_timeline *out,
	    struct nx_verdict *verdict);

#endif
