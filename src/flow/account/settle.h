/* settle.h - X names a grant's account, and it becomes a connection. */
#ifndef NX_SRC_FLOW_ACCOUNT_SETTLE_H
#define NX_SRC_FLOW_ACCOUNT_SETTLE_H

#include "nx/flow/account/pending.h"
#include "nx/x/users.h"

/*
 * Ask X whose token it is, for `ms` milliseconds at the most.  DONE: `user`
 * is, in the arena; else ctx->err says why not.
 */
enum nx_class	nx_settle_ask(struct nx_ctx *ctx, const char *access_token,
		    int ms, struct nx_x_user *user, struct nx_verdict *v);

/* Where a grant is when X names its account. */
struct nx_grant_place {
	bool		 in_table;	/* x_pending */
	const char	*owner;		/* of the lease there, or NULL */
};

/*
 * X has named the account: store the connection, and end the one whose place
 * it takes.  OTHER_ACCOUNT: it was not to be this one, and is given back
 * unless the user has it as well.  Errors else as nx_keep_grant().
 */
NX_MUST_USE enum nx_rc	nx_settle_grant(struct nx_ctx *ctx,
			    const struct nx_pending *p,
			    const struct nx_grant_place *place,
			    const struct nx_x_user *user,
			    struct nx_settled *out);

#endif
