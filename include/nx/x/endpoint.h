/*
 * endpoint.h - which of X's endpoints the app's plan does not hold.
 *
 * X says so with a 403 that means one endpoint and nothing else.  It is
 * remembered for a while, so that nobody keeps knocking there, and forgotten
 * then, since a plan can change.  One for a process; any thread.
 */
#ifndef NX_X_ENDPOINT_H
#define NX_X_ENDPOINT_H

#include <stdint.h>

#include "nx/x/verdict.h"

enum nx_endpoint {
	NX_ENDPOINT_TIMELINE,
	NX_ENDPOINT_COUNT
};

enum { NX_ENDPOINT_CLOSED = 3600 };	/* seconds */

struct nx_endpoints;

/* NULL when out of memory. */
NX_MUST_USE struct nx_endpoints	*nx_endpoints_new(void);
void				 nx_endpoints_free(struct nx_endpoints *e);

/*
 * Is `which` known to be closed at `now` (wall clock)?  `out` is then the
 * verdict, as if X had been asked.  `e` NULL: nothing is known.
 */
bool	nx_endpoint_is_closed(const struct nx_endpoints *e,
	    enum nx_endpoint which, int64_t now, struct nx_verdict *out);

/* Take in what X said about `which`; `e` may be NULL. */
void	nx_endpoint_heard(struct nx_endpoints *e, enum nx_endpoint which,
	    const struct nx_verdict *verdict, int64_t now);

#endif
