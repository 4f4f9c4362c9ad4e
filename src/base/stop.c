/* stop.c - signals become a flag that threads can wait for. */

#include "nx/base/stop.h"

#include <signal.h>
#include <stdlib.h>

#include "nx/base/must.h"
#include "nx/base/threads.h"

/* The flag is that of the watcher's group: it stops itself when told. */
struct nx_stop {
	struct nx_threads	*watcher;
	sigset_t		 signals;
};

static void
await_stop_signal(void *ctx, int index)
{
	struct nx_stop *s = ctx;
	int got;

	(void)index;
	while (sigwait(&s->signals, &got) != 0)
		continue;
	nx_threads_stop(s->watcher);
}

static void
block_stop_signals(struct nx_stop *s)
{
	sigset_t all;

	(void)sigemptyset(&s->signals);
	(void)sigaddset(&s->signals, SIGTERM);
	(void)sigaddset(&s->signals, SIGINT);
	(void)sigaddset(&s->signals, SIGUSR1);
	all = s->signals;
	(void)sigaddset(&all, SIGHUP);
	nx_signals_block(&all);
}

struct nx_stop *
nx_stop_new(void)
{
	struct nx_stop *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	block_stop_signals(s);
	s->watcher = nx_threads_new(1);
	if (s->watcher != NULL && nx_threads_start(s->watcher, "signals", 1,
	    await_stop_signal, s) == 1)
		return s;
	nx_threads_free(s->watcher);
	free(s);
	return NULL;
}

void
nx_stop_free(struct nx_stop *s)
{
	if (s == NULL)
		return;
	if (!nx_threads_stopped(s->watcher))
		nx_threads_signal(s->watcher, SIGUSR1);
	nx_threads_free(s->watcher);
	free(s);
}

const atomic_bool *
nx_stop_flag(const struct nx_stop *s)
{
	return nx_threads_flag(s->watcher);
}

bool
nx_stop_wait(struct nx_stop *s, int ms)
{
	return nx_threads_pause(s->watcher, ms);
}
