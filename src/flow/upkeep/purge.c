/* purge.c - forget what has served its time. */

#include "nx/flow/upkeep/purge.h"

#include "nx/store/purge.h"

enum nx_rc
nx_purge(struct nx_ctx *ctx, int *gone)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	return nx_purge_batch(&ask, gone, &ctx->err);
}
