/* connections.h - the use case "which X accounts are connected". */
#ifndef NX_FLOW_ACCOUNT_CONNECTIONS_H
#define NX_FLOW_ACCOUNT_CONNECTIONS_H

#include "nx/flow/app.h"

/* All of the user's, newest first, in the arena. */
NX_MUST_USE enum nx_rc	nx_connections(struct nx_ctx *ctx,
			    const char *user_id, struct nx_connection **out,
			    size_t *count);

/* The same, with how many posts are queued for each. */
NX_MUST_USE enum nx_rc	nx_connections_shown(struct nx_ctx *ctx,
			    const char *user_id, struct nx_connection **out,
			    size_t *count);

/*
 * How many more may appear by themselves: X has granted them without naming
 * the account (flow/pending.h), or is still being asked.
 */
NX_MUST_USE enum nx_rc	nx_connections_pending(struct nx_ctx *ctx,
			    const char *user_id, int *out);

/*
 * The one with that id, whatever its state, without tokens; or with a NULL id
 * the only one that is connected.  Errors as nx_connection_pick().
 */
NX_MUST_USE enum nx_rc	nx_connections_find(struct nx_ctx *ctx,
			    const char *user_id, const char *connection_id,
			    struct nx_connection *out);

/* As nx_connection_ready(), within 2 s. */
NX_MUST_USE enum nx_rc	nx_ready(struct nx_ctx *ctx, bool *confirmed);

#endif
