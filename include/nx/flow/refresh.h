/*
 * refresh.h - the use case "renew the access to X".
 *
 * A refresh token works once, so only the holder of the row's lease spends
 * it; everybody else waits for the winner's pair (design section 5).
 */
#ifndef NX_FLOW_REFRESH_H
#define NX_FLOW_REFRESH_H

#include "nx/flow/app.h"
#include "nx/store/rekey.h"

/* Renew this long before X would refuse the access token: seconds. */
enum { NX_REFRESH_EARLY = 60 };

/* Does the access token have to be renewed before it is used? */
bool	nx_refresh_is_due(const struct nx_connection *c, int64_t now);

/*
 * Give `c` a newer access token than the one it has: by this call's own
 * refresh or somebody else's.  `c` is updated in place.  An access token that
 * still lives is kept in use when X cannot renew it now.
 * Errors: NEEDS_REAUTH, REFRESH_BUSY, X_*, DB_DOWN; detail in ctx->err.
 */
NX_MUST_USE enum nx_rc	nx_refresh(struct nx_ctx *ctx,
			    struct nx_connection *c);

/* What a sweep did. */
struct nx_sweep {
	int	due, refreshed, waiting, ended, failed;
};

/*
 * Renew everything that ends within `within` seconds, of one user or of all
 * (NULL).  With `dry`, only count what is due.
 */
NX_MUST_USE enum nx_rc	nx_refresh_sweep(struct nx_ctx *ctx,
			    const char *user_id, int within, bool dry,
			    struct nx_sweep *out);

/* Seal every stored token with the first key of the ring. */
NX_MUST_USE enum nx_rc	nx_rekey(struct nx_ctx *ctx, struct nx_rekey *out);

#endif
