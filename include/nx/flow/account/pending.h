/*
 * pending.h - the use case "whose tokens has X granted".
 *
 * A grant becomes a connection once X has named its account.  A trouble that
 * passes by itself, a 401 included (X has answered 401 to good tokens for
 * hours), ends nothing: it waits in x_pending (store/pending.h), and any
 * process that has time asks again.  It is given back only when X refuses the
 * grant itself, or the person chose another account than the one to be
 * renewed.
 */
#ifndef NX_FLOW_ACCOUNT_PENDING_H
#define NX_FLOW_ACCOUNT_PENDING_H

#include "nx/flow/app.h"
#include "nx/store/pending.h"
#include "nx/store/rescue.h"

/* What became of a grant; texts are in the arena. */
struct nx_settled {
	bool		 pending;	/* X has not named the account yet */
	const char	*connection_id;	/* on OTHER_ACCOUNT the one that was to
					 * be renewed */
	const char	*username;
	const char	*missing_scopes;	/* or NULL */
};

/*
 * It has just been granted: keep it aside in `aside` (NX_RESCUE_NONE: in the
 * database, at once), ask X for a few seconds whose it is, and store the
 * connection, or let it wait.  Lets `aside` go.
 * OTHER_ACCOUNT: it was given back, unless the user has that account as well;
 * whoever else has it here is superseded.  SAVE_DEFERRED: it waits in `aside`
 * for the database.
 */
NX_MUST_USE enum nx_rc	nx_pending_first(struct nx_ctx *ctx,
			    const struct nx_pending *p,
			    struct nx_rescue *aside,
			    struct nx_settled *out);

/*
 * Where any is due, have a patient task ask for it and the others; waits for
 * none.  `*done`: 0.  Any number of processes may do so at once.  Errors:
 * those of the database.
 */
NX_MUST_USE enum nx_rc	nx_pending_settle_due(struct nx_ctx *ctx, int *done);

#endif
