/* watchdog.c - look after the seat and the silent, in turns. */

#include "watchdog.h"

/* The seat is given away after one to two of them. */
enum { LOOK_EVERY_MS = 50 };

void
nx_watchdog_run(void *watchdog, int index)
{
	const struct nx_watchdog *d = watchdog;

	(void)index;
	while (!nx_threads_pause(d->threads, LOOK_EVERY_MS)) {
		if (nx_seat_check(d->seat))
			nx_log(d->log, NX_LOG_INFO, NULL, "serve.overdue",
			    NX_I("ms", LOOK_EVERY_MS));
		nx_poller_end_silent(d->poller);
	}
}
