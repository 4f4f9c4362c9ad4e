/*
 * refresh.h - the use case "renew the access to X".
 *
 * A refresh token works once, so only the holder of the row's lease spends
 * it; everybody else waits for the winner's pair (docs/design.md).
 */
#ifndef NX_FLOW_ACCOUNT_REFRESH_H
#define NX_FLOW_ACCOUNT_REFRESH_H

#include "nx/flow/app.h"
#include "nx/store/lease.h"

/* Renew this long before X would refuse the access token: seconds. */
enum { NX_REFRESH_EARLY = 60 };

/* Does the access token have to be renewed before it is used? */
bool	nx_refresh_is_due(const struct nx_connection *c, int64_t now);

/*
 * Give `c` a newer access token than the one it has: by this call's own
 * refresh or somebody else's.  `c` is updated in place.  An access token that
 * still lives is kept in use when X does not renew it, or takes long; where X
 * refuses that too, the caller says so by a token_expires_at of 0.  The
 * refresh goes on when this call's time is over, and is saved.
 * Errors: NEEDS_REAUTH, REFRESH_BUSY, X_*, DB_DOWN; detail in ctx->err.
 */
NX_MUST_USE enum nx_rc	nx_refresh(struct nx_ctx *ctx,
			    struct nx_connection *c);

/* What became of a renewal. */
struct nx_renewal {
	enum nx_rc		rc;	/* as nx_refresh() */
	struct nx_err		err;
	enum nx_class		said;	/* X; REFUSED: it was not asked */
	bool			braked;	/* X answers nobody: not asked */
	bool			moved;	/* the row has something newer */
	struct nx_connection	now;	/* with the access token to use */
};

struct nx_refresh_wait {
	int64_t	 deadline;
	/*
	 * Called in a patient thread in place of a result that nobody has
	 * waited for; never before nx_refresh_leased() has given up.
	 */
	void	(*late)(struct nx_ctx *ctx, const struct nx_lease *lease,
		    struct nx_renewal *renewal, void *arg);
	void	*arg;
};

enum nx_pursuit {
	NX_PURSUIT_DONE,	/* `out` is there, in ctx's arena */
	NX_PURSUIT_GOING,	/* `late` will be called */
	NX_PURSUIT_NONE,	/* no thread is free: the lease is given back */
};

/*
 * Renew under a lease that was taken.  When X says SUSPECT nothing is decided
 * and the lease is still held: nx_refresh_refused() or nx_refresh_put_off() is
 * to follow, by the caller or by `late`.  Whatever else it says, the lease has
 * been given back.
 */
NX_MUST_USE enum nx_pursuit	nx_refresh_leased(struct nx_ctx *ctx,
				    const struct nx_lease *lease,
				    const struct nx_refresh_wait *wait,
				    struct nx_renewal *out);

/*
 * X refused the refresh token: tell the owner, and end the connection unless
 * its access token still lives (NX_OK then).  NEEDS_REAUTH.  `*moved`: the row
 * has something newer; take the lease again.  Nothing ends, and REFRESH_BUSY
 * is the answer, while a grant of the same user waits for its account's name.
 */
NX_MUST_USE enum nx_rc	nx_refresh_refused(struct nx_ctx *ctx,
			    const struct nx_lease *lease, bool *moved);

/* Give a lease back; sweeps leave the row alone for `pause` seconds. */
void	nx_refresh_put_off(struct nx_ctx *ctx, const struct nx_lease *lease,
	    int pause);

#endif
