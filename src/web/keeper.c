/* keeper.c - look after grants in turns. */

#include "keeper.h"

#include "nx/base/clock.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/pending.h"

enum { PERIOD_MS = 3000 };

/* What fails here is the database's: /readyz tells, and the next turn tries. */
static void
recover_grants(struct nx_ctx *ctx)
{
	int done;
	enum nx_rc rc;

	(void)nx_keep_replay(ctx);
	rc = nx_pending_settle_due(ctx, &done);
	(void)rc;
}

void
nx_keeper_run(void *keeper, int index)
{
	const struct nx_keeper *k = keeper;
	struct nx_arena *arena = nx_arena_new(NX_ARENA_MAX);

	(void)index;
	if (arena == NULL)
		return;
	do {
		struct nx_ctx ctx = {
			.app = k->app,
			.arena = arena,
			.deadline = nx_clock_mono() + NX_REQUEST_MS,
		};

		recover_grants(&ctx);
		nx_arena_reset(arena);
	} while (!nx_threads_pause(k->threads, PERIOD_MS));
	nx_arena_free(arena);
}
