/* scope.h - what a connection may be used for. */
#ifndef NX_FLOW_ACCOUNT_SCOPE_H
#define NX_FLOW_ACCOUNT_SCOPE_H

#include "nx/flow/app.h"

/*
 * NX_OK when `scope` was granted to the connection, else SCOPE_MISSING with
 * the address that asks X for it as well.
 */
NX_MUST_USE enum nx_rc	nx_scope_need(struct nx_ctx *ctx,
			    const struct nx_connection *c,
			    const char *scope);

#endif
