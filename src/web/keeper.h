/*
 * keeper.h - one thread of a serving process brings home what others could
 * not, so that a site without a worker connects accounts as well: grants of
 * this host that the database could not take, and those that X has not named
 * the account of.
 */
#ifndef NX_SRC_WEB_KEEPER_H
#define NX_SRC_WEB_KEEPER_H

#include "nx/base/threads.h"
#include "nx/flow/app.h"

struct nx_keeper {
	const struct nx_app	*app;
	struct nx_threads	*threads;	/* its group, which ends it */
};

/* What the thread runs: `keeper` outlives it. */
void	nx_keeper_run(void *keeper, int index);

#endif
