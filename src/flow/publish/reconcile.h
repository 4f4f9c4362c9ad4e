/* reconcile.h - look up a post whose lease is held. */
#ifndef NX_SRC_FLOW_PUBLISH_RECONCILE_H
#define NX_SRC_FLOW_PUBLISH_RECONCILE_H

#include "delivery.h"
#include "nx/store/post_claim.h"

/*
 * Find out what became of the part that is `unknown`: read what the account
 * has posted since, adopt the id, or after enough quiet call it not sent.
 * The lease is given back, except where the next part is to follow (`*go_on`).
 * NX_OK as soon as it could be looked up, whatever was found.
 */
NX_MUST_USE enum nx_rc	nx_reconcile(struct nx_ctx *ctx,
			    struct nx_delivery *d,
			    const struct nx_claimed *claimed, bool *go_on);

#endif
