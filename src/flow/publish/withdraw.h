/* withdraw.h - delete a post whose lease is held. */
#ifndef NX_SRC_FLOW_PUBLISH_WITHDRAW_H
#define NX_SRC_FLOW_PUBLISH_WITHDRAW_H

#include "delivery.h"

/*
 * Delete what is live, newest first, for the post's goal, and give the lease
 * back.  NX_OK when that is done, or is the worker's now; else why it is not:
 * NOT_DELETED and those of nx_refresh().
 */
NX_MUST_USE enum nx_rc	nx_withdraw(struct nx_ctx *ctx,
			    struct nx_delivery *d);

#endif
