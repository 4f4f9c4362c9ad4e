/* disconnect.h - the use case "disconnect an X account". */
#ifndef NX_FLOW_DISCONNECT_H
#define NX_FLOW_DISCONNECT_H

#include "nx/flow/app.h"

/*
 * Wipe both tokens here and revoke both at X.  `connection_id`: NULL for the
 * user's only connected one.  `*revoked`: X confirmed it; the connection is
 * `disconnected` in any case.  Errors as nx_connection_pick().
 */
NX_MUST_USE enum nx_rc	nx_disconnect(struct nx_ctx *ctx,
			    const char *user_id, const char *connection_id,
			    struct nx_connection *out, bool *revoked);

#endif
