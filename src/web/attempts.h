/*
 * attempts.h - the cookies that attempts to connect live in
 * (docs/contract.md section 5): one for each, named after its state, so that
 * several tabs work.  At most five are outstanding, and no more than leave
 * room for the sign-in: a browser whose cookies are too large is let in
 * nowhere.
 */
#ifndef NX_SRC_WEB_ATTEMPTS_H
#define NX_SRC_WEB_ATTEMPTS_H

#include "routes.h"

/* The sealed attempt of this state, in the arena; NULL: there is none. */
const char	*nx_attempts_find(struct nx_call *call, const char *state);

/*
 * Have the browser keep a sealed one; the oldest make room for it.  HEADERS
 * where there is no room: with it the browser would send more than is taken,
 * and nobody could help it then.
 */
NX_MUST_USE enum nx_rc	nx_attempts_add(struct nx_call *call,
			    const char *state, const struct nx_buf *sealed);

/* Have the browser forget it. */
void	nx_attempts_drop(struct nx_call *call, const char *state);

#endif
