/* retain.h - the use case "keep posts as long as NEXUS_RETENTION_DAYS says". */
#ifndef NX_FLOW_UPKEEP_RETAIN_H
#define NX_FLOW_UPKEEP_RETAIN_H

#include "nx/flow/app.h"

/*
 * One walk over all posts, to its end or until the worker is told to end;
 * nothing where the variable is not set.  `*done` is 0: nothing is left.
 */
NX_MUST_USE enum nx_rc	nx_retain(struct nx_ctx *ctx, int *done);

#endif
