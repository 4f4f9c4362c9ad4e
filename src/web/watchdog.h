/*
 * watchdog.h - one thread of a serving process sees to it that neither a
 * request that takes long by mistake nor a silent peer holds up the others.
 */
#ifndef NX_SRC_WEB_WATCHDOG_H
#define NX_SRC_WEB_WATCHDOG_H

#include "nx/base/log.h"
#include "nx/base/threads.h"
#include "poller.h"
#include "seat.h"

struct nx_watchdog {
	struct nx_threads	*threads;	/* its group, which ends it */
	struct nx_seat		*seat;
	struct nx_poller	*poller;
	const struct nx_log	*log;
};

/* What the thread runs: `watchdog` outlives it. */
void	nx_watchdog_run(void *watchdog, int index);

#endif
