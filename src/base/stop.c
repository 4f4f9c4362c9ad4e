/* stop.c - signals become a flag that threads can wait for. */

#include "nx/base/stop.h"

#include <signal.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"

struct nx_stop {
	atomic_bool	 told;
	pthread_mutex_t	 mutex;		/* goes with `wake`; guards nothing */
	pthread_cond_t	 wake;
	pthread_t	 watcher;
	sigset_t	 signals;
};

static void *
watch(void *arg)
{
	struct nx_stop *s = arg;
	int got;

	while (sigwait(&s->signals, &got) != 0)
		continue;
	nx_lock(&s->mutex);
	atomic_store(&s->told, true);
	nx_cond_broadcast(&s->wake);
	nx_unlock(&s->mutex);
	return NULL;
}

static void
block_signals(struct nx_stop *s)
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
	nx_mutex_init(&s->mutex);
	nx_cond_init(&s->wake);
	block_signals(s);
	if (nx_thread_start(&s->watcher, watch, s))
		return s;
	nx_cond_destroy(&s->wake);
	nx_mutex_destroy(&s->mutex);
	free(s);
	return NULL;
}

void
nx_stop_free(struct nx_stop *s)
{
	if (s == NULL)
		return;
	if (!atomic_load(&s->told))
		nx_thread_signal(s->watcher, SIGUSR1);
	nx_thread_join(s->watcher);
	nx_cond_destroy(&s->wake);
	nx_mutex_destroy(&s->mutex);
	free(s);
}

const atomic_bool *
nx_stop_flag(const struct nx_stop *s)
{
	return &s->told;
}

bool
nx_stop_wait(struct nx_stop *s, int ms)
{
	const int64_t until = nx_clock_mono() + ms;
	bool in_time = true;

	nx_lock(&s->mutex);
	while (!atomic_load(&s->told) && in_time)
		in_time = nx_cond_wait_until(&s->wake, &s->mutex, until);
	nx_unlock(&s->mutex);
	return atomic_load(&s->told);
}
