/* stop.c - signals become a flag that threads can wait for. */

#include "nx/base/stop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

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
	nx_must(pthread_cond_broadcast(&s->wake));
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
	nx_must(pthread_sigmask(SIG_BLOCK, &all, NULL));
}

struct nx_stop *
nx_stop_new(void)
{
	struct nx_stop *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (s == NULL)
		return NULL;
	nx_must(pthread_mutex_init(&s->mutex, NULL));
	nx_must(pthread_condattr_init(&attr));
	nx_must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	nx_must(pthread_cond_init(&s->wake, &attr));
	nx_must(pthread_condattr_destroy(&attr));
	block_signals(s);
	if (pthread_create(&s->watcher, NULL, watch, s) == 0)
		return s;
	nx_must(pthread_cond_destroy(&s->wake));
	nx_must(pthread_mutex_destroy(&s->mutex));
	free(s);
	return NULL;
}

void
nx_stop_free(struct nx_stop *s)
{
	if (s == NULL)
		return;
	if (!atomic_load(&s->told))
		(void)pthread_kill(s->watcher, SIGUSR1);
	nx_must(pthread_join(s->watcher, NULL));
	nx_must(pthread_cond_destroy(&s->wake));
	nx_must(pthread_mutex_destroy(&s->mutex));
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
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	nx_lock(&s->mutex);
	while (!atomic_load(&s->told) && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&s->wake, &s->mutex, &until);
	nx_unlock(&s->mutex);
	return atomic_load(&s->told);
}
