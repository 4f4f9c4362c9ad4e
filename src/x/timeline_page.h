/* timeline_page.h - a page of a timeline, as X sends it.  Pure. */
#ifndef NX_SRC_X_TIMELINE_PAGE_H
#define NX_SRC_X_TIMELINE_PAGE_H

#include "nx/x/timeline.h"

/*
 * DONE, REFUSED when X names only errors, RETRY when it makes no sense.
 * `*bare`: without the fields that were asked for.
 */
enum nx_class	nx_timeline_page(struct nx_slice text, struct nx_arena *arena,
		    struct nx_timeline *out, bool *bare);

#endif
