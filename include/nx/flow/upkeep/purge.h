/* purge.h - the use case "forget what has served its time". */
#ifndef NX_FLOW_UPKEEP_PURGE_H
#define NX_FLOW_UPKEEP_PURGE_H

#include "nx/flow/app.h"

/* One batch; `*gone` 0: nothing is left.  See store/purge.h. */
NX_MUST_USE enum nx_rc	nx_purge(struct nx_ctx *ctx, int *gone);

#endif
