/* trouble.h - what a failure means for a post: all failure policy. */
#ifndef NX_SRC_FLOW_PUBLISH_TROUBLE_H
#define NX_SRC_FLOW_PUBLISH_TROUBLE_H

#include "nx/flow/publish/options.h"
#include "nx/store/post.h"
#include "nx/store/post_machine.h"
#include "nx/x/verdict.h"

/* A failure, and of what.  Nothing of it is kept. */
struct nx_trouble {
	const struct nx_stored_post	*post;
	const struct nx_err		*err;	/* rc: NX_OK, or what it is */
	int64_t				 now;	/* wall clock */
	unsigned char			 spread;	/* random */
	bool				 too_soon;	/* X may not see a
							 * parent yet */
};

/*
 * Seconds until it may have passed; -1: it will not, or not in time.  As long
 * as X says, where it says so; else longer each time.
 */
int	nx_trouble_wait(const struct nx_trouble *t);

/* Does it count as one more failure in a row?  Not to be held up by X. */
bool	nx_trouble_counts(const struct nx_stored_post *post, enum nx_rc rc,
	    bool is_guess);

/* Is it X's word on this very post, which uses its key up? */
bool	nx_trouble_is_decided(enum nx_rc rc);

/* What sending `part` came to; `wait` as nx_trouble_wait() has it. */
enum nx_post_event	nx_trouble_sending(const struct nx_stored_part *part,
			    const struct nx_options *options, enum nx_rc rc,
			    int wait);

/* What deleting a part came to. */
enum nx_post_event	nx_trouble_removing(enum nx_rc rc, int wait);

/*
 * Of a part that nobody knows of, `age` seconds after it last left: how long
 * until it may be called not sent (`evident`: X said that it has it), until
 * the next look while that is not over, and after a look that did not help.
 */
int64_t	nx_trouble_quiet(bool evident);
int	nx_trouble_next_look(int64_t age, int64_t quiet);
int	nx_trouble_look_again(int64_t age, const struct nx_err *err);

/* What is left of a look that did not help: ABANDONED after a week. */
enum nx_post_event	nx_trouble_unseen(const struct nx_stored_post *post,
			    int64_t age);

/* Milliseconds until the same create may leave once more; 0: no more. */
int	nx_trouble_pause(const struct nx_verdict *v, bool misses_parent,
	    int tries);

/* Seconds from now for a step's next try; -1: never. */
int	nx_trouble_next_try(enum nx_next_try next, int wait);

#endif
