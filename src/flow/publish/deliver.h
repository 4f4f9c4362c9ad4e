/* deliver.h - send a post whose lease is held. */
#ifndef NX_SRC_FLOW_PUBLISH_DELIVER_H
#define NX_SRC_FLOW_PUBLISH_DELIVER_H

#include "delivery.h"

/*
 * Send from the first part that is not sent.  A create leaves at most once;
 * what may have been carried out leaves the post `unknown`.  NX_OK when
 * something of it is live, may be, or is to follow (`queued`, `partial`);
 * else the error, with the post `failed`.
 */
NX_MUST_USE enum nx_rc	nx_deliver(struct nx_ctx *ctx, struct nx_delivery *d);

#endif
