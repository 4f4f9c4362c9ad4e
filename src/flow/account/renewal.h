/*
 * renewal.h - between whoever asks for a renewal (refresh.c), what is done
 * under the lease (renewal.c), what X refuses (refusal.c), and grants that
 * wait for their account's name (pending.c) only.
 */
#ifndef NX_SRC_FLOW_ACCOUNT_RENEWAL_H
#define NX_SRC_FLOW_ACCOUNT_RENEWAL_H

#include "nx/flow/account/refresh.h"

enum { NX_TOKEN_LIVES = 5 };	/* seconds an access token must have left */

/* Is the access token good for a while? */
bool	nx_refresh_lives(const struct nx_connection *c);

/* Does it serve on after a failure, of which ctx->err tells the log? */
bool	nx_refresh_falls_back(struct nx_ctx *ctx,
	    const struct nx_connection *c);

/* nx_refresh_refused() of a connection that has no refresh token. */
NX_MUST_USE enum nx_rc	nx_refresh_impossible(struct nx_ctx *ctx,
			    const struct nx_lease *lease, bool *moved);

/* X was asked to renew: others learn whether it answers (store/brake.h). */
void	nx_refresh_tell_others(struct nx_ctx *ctx, const char *owner,
	    const struct nx_verdict *v);

#endif
