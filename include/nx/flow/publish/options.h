/*
 * options.h - how a post is to be sent, beside its text: what callers ask for,
 * X is told, and x_posts.options keeps for later parts.
 */
#ifndef NX_FLOW_PUBLISH_OPTIONS_H
#define NX_FLOW_PUBLISH_OPTIONS_H

#include "nx/base/arena.h"
#include "nx/base/err.h"
#include "nx/x/posts.h"

/* Absent things are NULL or zero. */
struct nx_options {
	const char	*reply_to;		/* X's post id */
	const char	*quote;			/* X's post id */
	const char	*reply_settings;
	struct nx_poll	 poll;
	struct nx_x_marks marks;
	bool		 queue;		/* wait for X's limits to open again */
	bool		 withdraw;	/* on_partial: delete */
};

/* As a JSON object in the arena; NULL: no memory. */
const char	*nx_options_text(const struct nx_options *options,
		    struct nx_arena *arena);

/* Read what nx_options_text() wrote; the texts live in the arena.  INTERNAL. */
NX_MUST_USE enum nx_rc	nx_options_read(const char *text,
			    struct nx_arena *arena, struct nx_options *out,
			    struct nx_err *err);

/*
 * What X's rules forbid: a poll or a quote beside the other, a quote by an app
 * that may not.  INVALID, QUOTE_REFUSED.  Pure.
 */
NX_MUST_USE enum nx_rc	nx_options_check(const struct nx_options *options,
			    const char *plan, struct nx_err *err);

#endif
