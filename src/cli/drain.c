/* drain.c - a thread that waits for the signals, and then for X. */

#include "nx/cli/drain.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"

struct nx_drain {
	struct nx_patient	*pool;
	pthread_t		 watcher;
	bool			 runs;
	atomic_bool		 over;		/* USR1 tells it to look */
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

static void *
watch(void *arg)
{
	struct nx_drain *d = arg;
	int got;

	do {
		while (sigwait(&d->signals, &got) != 0)
			continue;
	} while (got == SIGUSR1 && !atomic_load(&d->over));
	if (got == SIGUSR1)
		return NULL;
	nx_patient_stop(d->pool);
	(void)nx_patient_wait(d->pool, nx_clock_mono() + NX_PATIENT_DRAIN_MS);
	die_of(got);
	return NULL;
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

	if (d == NULL)
		return NULL;
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
	d->runs = nx_thread_start(&d->watcher, watch, d);
	return d->runs;
}

void
nx_drain_free(struct nx_drain *d)
{
	if (d == NULL)
		return;
	atomic_store(&d->over, true);
	if (d->runs) {
		nx_thread_signal(d->watcher, SIGUSR1);
		nx_thread_join(d->watcher);
	}
	free(d);
}
