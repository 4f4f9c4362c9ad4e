/* shown.h - how a post stands, as it is shown.  Pure. */
#ifndef NX_SRC_FLOW_VIEW_SHOWN_H
#define NX_SRC_FLOW_VIEW_SHOWN_H

#include "nx/flow/view/answer.h"

/* How its parts stand; an index is nparts when there is none. */
struct nx_tally {
	size_t	live, deleted;
	size_t	missing;	/* the first that is neither */
	size_t	kept;		/* the first that X did not delete */
};
struct nx_tally	nx_tally(const struct nx_stored_post *post);

/* A set; what `can` of an answer names, in this order. */
enum { NX_CAN_RESUME = 1, NX_CAN_DELETE = 2, NX_CAN_CANCEL = 4 };
unsigned int	nx_shown_can(const struct nx_stored_post *post);

#endif
