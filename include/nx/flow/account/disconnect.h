/* disconnect.h - the use case "disconnect an X account". */
#ifndef NX_FLOW_ACCOUNT_DISCONNECT_H
#define NX_FLOW_ACCOUNT_DISCONNECT_H

#include "nx/flow/app.h"

/*
 * Wipe both tokens here, at once, and revoke both at X.  What X does not
 * confirm within a few seconds is parked (store/revocation.h) and told to it
 * later.  `connection_id`: NULL for the user's only connected one or, when
 * none is, the only one that may still hold tokens.  What waits to renew it,
 * or may be any account (flow/pending.h), ends with it; with a NULL id also
 * when there is no connection (NOT_CONNECTED).  `*revoked`: X confirmed it;
 * the connection is `disconnected` in any case.  Errors as
 * nx_connection_pick(), and BUSY.
 */
NX_MUST_USE enum nx_rc	nx_disconnect(struct nx_ctx *ctx,
			    const char *user_id, const char *connection_id,
			    struct nx_connection *out, bool *revoked);

#endif
