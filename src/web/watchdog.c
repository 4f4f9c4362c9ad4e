/* watchdog.c - look after the seat and the silent, in turns. */

#include "watchdog.h"

#include "nx/base/clock.h"

enum {
	LOOK_EVERY_MS = 50,	/* the seat is given away after one to two */
	TELL_EVERY_MS = 60000,
};

/* A host that is short of processors makes many; a line a minute will do. */
struct overdue {
	int64_t	times, told;		/* since then, nx_clock_mono() ms */
};

static void
tell_overdue(const struct nx_watchdog *d, struct overdue *o)
{
	if (o->times == 0 || nx_clock_left(o->told + TELL_EVERY_MS) > 0)
		return;
	nx_log(d->log, NX_LOG_INFO, NULL, "serve.overdue",
	    NX_I("times", o->times));
	*o = (struct overdue){ .told = nx_clock_mono() };
}

void
nx_watchdog_run(void *watchdog, int index)
{
	const struct nx_watchdog *d = watchdog;
	struct overdue o = { 0, 0 };

	(void)index;
	while (!nx_threads_pause(d->threads, LOOK_EVERY_MS)) {
		o.times += nx_seat_check(d->seat);
		tell_overdue(d, &o);
		nx_poller_end_silent(d->poller);
	}
}
