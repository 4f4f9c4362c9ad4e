/*
 * reason.h - why a post is as it is: a code and its arguments, and the
 * sentences they make.  Pure.
 */
#ifndef NX_SRC_FLOW_VIEW_REASON_H
#define NX_SRC_FLOW_VIEW_REASON_H

#include "nx/base/clock.h"
#include "nx/base/words.h"
#include "nx/store/post.h"

enum { NX_WHY_ARGS = 12 };

struct nx_why {
	enum nx_reason	 reason;	/* NONE: all is well */
	struct nx_kv	 args[NX_WHY_ARGS + 1];
	int		 nargs;
	/* argument `cause`, which is its code: what stood in the way */
	const struct nx_post_error *cause;
	char		 at[NX_RFC3339_MAX];	/* of the argument at or next */
};

/* What it says of `post` borrows from that, and from `out` itself. */
void	nx_why(const struct nx_stored_post *post, struct nx_why *out);

/* Append it as one or more sentences; in them a cause is its detail. */
void	nx_why_text(const struct nx_why *why, struct nx_buf *out);

#endif
