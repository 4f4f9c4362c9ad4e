/* jobs.c - the table of jobs. */

#include "jobs.h"

#include "nx/flow/account/keep.h"
#include "nx/flow/account/pending.h"
#include "nx/flow/account/revoke.h"
#include "nx/flow/account/sweep.h"
#include "nx/flow/publish/posts.h"
#include "nx/flow/upkeep/purge.h"
#include "nx/flow/upkeep/retain.h"
#include "nx/flow/upkeep/webhook.h"

static enum nx_rc
sweep_due(struct nx_ctx *ctx, int *done)
{
	static const struct nx_due due = {
		.within = NX_SWEEP_WITHIN, .spread = true,
	};
	const struct nx_conf *conf = &ctx->app->conf;
	struct nx_sweep sweep;
	enum nx_rc rc;

	*done = 0;			/* a sweep leaves nothing */
	rc = nx_sweep(ctx, &due, conf->threads < NX_SWEEP_THREADS ?
	    conf->threads : NX_SWEEP_THREADS, &sweep);
	if (sweep.due > 0)
		nx_log(&conf->log, NX_LOG_INFO, ctx->request_id,
		    "sweep.done", NX_I("due", sweep.due),
		    NX_I("refreshed", sweep.refreshed),
		    NX_I("waiting", sweep.waiting),
		    NX_I("ending", sweep.ending),
		    NX_I("needs_reauth", sweep.ended),
		    NX_I("failed", sweep.failed),
		    NX_I("unreadable", sweep.unreadable));
	return rc;
}

/* Grants of this host that the database could not take. */
static enum nx_rc
replay_rescued(struct nx_ctx *ctx, int *done)
{
	*done = 0;
	(void)nx_keep_replay(ctx);	/* says itself what it could not */
	return NX_OK;
}

/*
 * What is due now and then has one thread.  A post may hang at X for as long
 * as the call may take, and the others must not wait for it.
 */
const struct nx_work_job nx_work_jobs[] = {
	{ "refresh", 30000, 1, sweep_due },
	{ "rescue", 5000, 1, replay_rescued },
	{ "pending", 3000, 1, nx_pending_settle_due },
	{ "purge", 60000, 1, nx_purge },
	{ "retention", 86400000, 1, nx_retain },
	{ "notices", 5000, 1, nx_webhook_deliver },
	{ "revocations", 10000, 1, nx_revoke_due },
	{ "send", 1000, 8, nx_posts_send_due },
	{ "settle", 2000, 4, nx_posts_settle_due },
	{ "lines", 10000, 1, nx_posts_mend_lines },
	{ NULL, 0, 0, NULL },
};
