/* revoke.h - tell X that nobody uses a token any more. */
#ifndef NX_FLOW_ACCOUNT_REVOKE_H
#define NX_FLOW_ACCOUNT_REVOKE_H

#include "nx/flow/app.h"
#include "nx/store/revocation.h"

/*
 * Tell X of one, which need not be parked, until `until` (nx_clock_mono()) at
 * the latest.  DONE: X has confirmed it; else ctx->err says why not.
 */
enum nx_class	nx_revoke_token(struct nx_ctx *ctx, const char *token,
		    const char *hint, int64_t until);

/*
 * Tell X of parked tokens that are due, until none is, X does not answer
 * properly, or time is short; what X has not confirmed for seven days is given
 * up with a row in x_events.  `*done`: how many it confirmed.  For the
 * worker; several may do so at once.  Errors: those of the database.
 */
NX_MUST_USE enum nx_rc	nx_revoke_due(struct nx_ctx *ctx, int *done);

/*
 * Tell X at once, for a few seconds, of what has just been parked under that
 * user and connection_id; what it does not confirm nx_revoke_due() tells it
 * later.  True: X confirmed all of it.
 */
bool	nx_revoke_parked(struct nx_ctx *ctx, const char *user_id,
	    const char *connection_id);

#endif
