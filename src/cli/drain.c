/* drain.c - a thread that waits for the signals, and then for X. */

#include "nx/cli/drain.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"

struct nx_drain {
	struct nx_patient	*pool;
	struct nx_threads	*watcher;	/* USR1 tells it to look */
	sigset_t		 signals;
};

/* As if it had not been blocked. */
static void
die_of(int got)
{
	sigset_t one;

	(void)signal(got, SIG_DFL);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, got);
	nx_signals_unblock(&one);
	(void)raise(got);
	_exit(128 + got);		/* the first process of a container */
}

static void
drain_on_signal(void *ctx, int index)
{
	struct nx_drain *d = ctx;
	int got;

	(void)index;
	do {
		while (sigwait(&d->signals, &got) != 0)
			continue;
	} while (got == SIGUSR1 && !nx_threads_stopped(d->watcher));
	if (got == SIGUSR1)
		return;
	nx_patient_stop(d->pool);
	(void)nx_patient_wait(d->pool, nx_clock_mono() + NX_PATIENT_DRAIN_MS);
	die_of(got);
}

static void
add_unless_ignored(sigset_t *set, int one)
{
	struct sigaction now;

	if (sigaction(one, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		(void)sigaddset(set, one);
}

struct nx_drain *
nx_drain_new(void)
{
	struct nx_drain *d = calloc(1, sizeof(*d));

	if (d == NULL || (d->watcher = nx_threads_new(1)) == NULL) {
		free(d);
		return NULL;
	}
	(void)sigemptyset(&d->signals);
	add_unless_ignored(&d->signals, SIGTERM);
	add_unless_ignored(&d->signals, SIGINT);
	add_unless_ignored(&d->signals, SIGHUP);
	(void)sigaddset(&d->signals, SIGUSR1);
	nx_signals_block(&d->signals);
	return d;
}

bool
nx_drain_watch(struct nx_drain *d, struct nx_patient *pool)
{
	d->pool = pool;
	return nx_threads_start(d->watcher, "signals", 1, drain_on_signal,
	    d) == 1;
}

void
nx_drain_free(struct nx_drain *d)
{
	if (d == NULL)
		return;
	nx_threads_stop(d->watcher);
	nx_threads_signal(d->watcher, SIGUSR1);
	nx_threads_free(d->watcher);
	free(d);
}
