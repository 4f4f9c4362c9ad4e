/* retain.c - keep posts as long as NEXUS_RETENTION_DAYS says. */

#include "nx/flow/upkeep/retain.h"

#include "nx/base/clock.h"
#include "nx/store/retention.h"

enum nx_rc
nx_retain(struct nx_ctx *ctx, int *done)
{
	const struct nx_conf *conf = &ctx->app->conf;
	struct nx_retention walk;
	enum nx_rc rc = NX_OK;

	*done = 0;
	nx_retention_begin(&walk, conf->retention_days);
	while (walk.days > 0 && rc == NX_OK && !walk.over &&
	    !nx_ctx_stops(ctx)) {
		struct nx_store_ask ask;

		ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
		ask = nx_ctx_store(ctx);
		rc = nx_retention_step(&ask, &walk, &ctx->err);
	}
	if (walk.gone > 0)
		nx_log(&conf->log, NX_LOG_INFO, ctx->request_id,
		    "retention.done", NX_I("posts", walk.gone));
	return rc;
}
