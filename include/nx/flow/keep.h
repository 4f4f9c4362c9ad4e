/*
 * keep.h - no granted token is dropped: keep it aside, save it, and where
 * the database does not take it, bring it back later (design section 5).
 */
#ifndef NX_FLOW_KEEP_H
#define NX_FLOW_KEEP_H

#include "nx/flow/app.h"
#include "nx/store/lease.h"
#include "nx/store/pending.h"

/*
 * Save a grant as a connection, or let it wait for its profile, trying for as
 * long as the context has time.  Errors as nx_connection_save() and
 * nx_pending_put(): whoever calls has kept it aside.
 */
NX_MUST_USE enum nx_rc	nx_keep_grant(struct nx_ctx *ctx,
			    const struct nx_new_grant *grant,
			    struct nx_saved *out);
NX_MUST_USE enum nx_rc	nx_keep_pending(struct nx_ctx *ctx,
			    const struct nx_pending *p);

/*
 * Save a refreshed pair under the lease.  NX_OK also when it waits in the
 * rescue directory: the caller may use the access token in any case.
 * `*stored`: the row has it (or has something newer).
 */
NX_MUST_USE enum nx_rc	nx_keep_pair(struct nx_ctx *ctx,
			    const struct nx_new_pair *pair, bool *stored);

/* Bring back what was kept aside on this host; returns how many came home. */
int	nx_keep_replay(struct nx_ctx *ctx);

/* Can grants be kept aside on this host?  CONFIG with the reason otherwise. */
NX_MUST_USE enum nx_rc	nx_keep_check(const struct nx_app *app,
			    struct nx_err *err);

#endif
