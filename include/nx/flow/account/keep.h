/*
 * keep.h - no granted token is dropped: keep it aside, save it, and where
 * the database does not take it, bring it back later (docs/design.md).
 */
#ifndef NX_FLOW_ACCOUNT_KEEP_H
#define NX_FLOW_ACCOUNT_KEEP_H

#include "nx/flow/app.h"
#include "nx/store/rescue.h"
#include "nx/store/revocation.h"

/*
 * Spread the net before something is spent for `who`.  Where that cannot be,
 * the log says so and `out` is NX_RESCUE_NONE: the database is then the only
 * place, and the caller makes sure that it is there.
 */
void	nx_keep_open(struct nx_ctx *ctx, const char *who,
	    struct nx_rescue *out);

/*
 * Save a refreshed pair under the lease, in a patient thread.  `aside` is the
 * net that was spread for it, and is let go.  NX_OK also when it waits in the
 * rescue directory: the caller may use the access token in any case.
 * `*stored`: the row has it (or has something newer).  Without a file it is
 * tried for as long as the process lives.
 */
NX_MUST_USE enum nx_rc	nx_keep_pair(struct nx_ctx *ctx,
			    const struct nx_new_pair *pair,
			    struct nx_rescue *aside, bool *stored);

/*
 * Write a grant into the net that was spread for it, before anything else is
 * asked or saved.  False: it is nowhere yet, which the log says, and `aside`
 * is NX_RESCUE_NONE.
 */
bool	nx_keep_aside(struct nx_ctx *ctx, const struct nx_pending *p,
	    struct nx_rescue *aside);

/*
 * After nx_keep_aside(): let it wait for its profile in x_pending, and let
 * `aside` go.  SAVE_DEFERRED: it waits in the rescue directory for the
 * database.  Without a file it is tried for as long as the process lives.
 */
NX_MUST_USE enum nx_rc	nx_keep_pending(struct nx_ctx *ctx,
			    const struct nx_pending *p,
			    struct nx_rescue *aside);

/*
 * Save a grant as a connection, trying for as long as the context has time.
 * Errors as nx_connection_save(): it is still where it was.
 */
NX_MUST_USE enum nx_rc	nx_keep_grant(struct nx_ctx *ctx,
			    const struct nx_new_grant *grant,
			    struct nx_saved *out);

/*
 * X gave tokens in an answer that nobody understands (oauth.h): park them, so
 * that X is told that nobody uses them; where the database does not take
 * them, tell X now.  `connection_id` and `x_user_id` may be NULL.
 */
void	nx_keep_strays(struct nx_ctx *ctx, const struct nx_parked *whose,
	    const struct nx_grant *grant);

/* Bring back what was kept aside on this host; returns how many came home. */
int	nx_keep_replay(struct nx_ctx *ctx);

/* How it is with that; CONFIG when it cannot be. */
NX_MUST_USE enum nx_rc	nx_keep_look(const struct nx_app *app,
			    struct nx_rescue_state *out, struct nx_err *err);

/* Can grants be kept aside on this host?  CONFIG with the reason otherwise. */
NX_MUST_USE enum nx_rc	nx_keep_check(const struct nx_app *app,
			    struct nx_err *err);

#endif
