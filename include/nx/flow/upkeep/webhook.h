/*
 * webhook.h - the use case "tell Nexus what became of a connection".
 *
 * A notice is a POST of JSON to NEXUS_WEBHOOK_URL: {event, connection_id,
 * user_id, platform_user_id, username, status, reason, at}, with the headers
 *
 *	Nexus-Event: connection.connected
 *	Nexus-Delivery: <id of the notice, the same at every try>
 *	Nexus-Timestamp: <seconds since 1970, of this try>
 *	Nexus-Signature: v1=<hex HMAC-SHA256 of "timestamp.body">
 *
 * keyed with NEXUS_WEBHOOK_SECRET.  Any 2xx says that it has arrived.  It may
 * arrive twice, and after a later one: `at` tells the order.
 */
#ifndef NX_FLOW_UPKEEP_WEBHOOK_H
#define NX_FLOW_UPKEEP_WEBHOOK_H

#include "nx/flow/app.h"

/*
 * Tell what is due, one after the other, until nothing is, one did not
 * arrive, or ctx->deadline is near; then delete what is done with.  `*sent`:
 * how many arrived.  Any number of workers may do so at once.  Errors are the
 * database's; a webhook that does not answer is none: its notices stay, and
 * are tried again after 1 min, 2 min, ... 1 h for three days.
 */
NX_MUST_USE enum nx_rc	nx_webhook_deliver(struct nx_ctx *ctx, int *sent);

#endif
