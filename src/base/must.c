/* must.c - pthread calls, their results looked at. */

#include "nx/base/must.h"

#include <errno.h>
#include <time.h>

#include "nx/base/clock.h"
#include "nx/base/wait.h"

void
nx_mutex_init(pthread_mutex_t *mutex)
{
	nx_must(pthread_mutex_init(mutex, NULL));
}

void
nx_mutex_destroy(pthread_mutex_t *mutex)
{
	nx_must(pthread_mutex_destroy(mutex));
}

void
nx_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	nx_must(pthread_condattr_init(&attr));
	nx_must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	nx_must(pthread_cond_init(cond, &attr));
	nx_must(pthread_condattr_destroy(&attr));
}

void
nx_cond_destroy(pthread_cond_t *cond)
{
	nx_must(pthread_cond_destroy(cond));
}

void
nx_cond_signal(pthread_cond_t *cond)
{
	nx_must(pthread_cond_signal(cond));
}

void
nx_cond_broadcast(pthread_cond_t *cond)
{
	nx_must(pthread_cond_broadcast(cond));
}

void
nx_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
	nx_wait_begin();
	nx_must(pthread_cond_wait(cond, mutex));
}

bool
nx_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
    int64_t deadline)
{
	struct timespec until;
	int rc;

	nx_wait_begin();
	nx_clock_until(deadline, &until);
	rc = pthread_cond_timedwait(cond, mutex, &until);
	assert(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

/* All but what the kernel raises for the thread's own fault. */
static void
fill_signals(sigset_t *set)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,
	    SIGABRT, SIGTRAP };

	(void)sigfillset(set);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		(void)sigdelset(set, faults[i]);
}

bool
nx_thread_start(pthread_t *out, size_t stack, void *(*run)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int rc;

	if (pthread_attr_init(&attr) != 0)	/* ENOMEM */
		return false;
	nx_must(pthread_attr_setstacksize(&attr, stack));
	fill_signals(&all);
	nx_must(pthread_sigmask(SIG_BLOCK, &all, &before));
	rc = pthread_create(out, &attr, run, arg);
	nx_must(pthread_sigmask(SIG_SETMASK, &before, NULL));
	nx_must(pthread_attr_destroy(&attr));
	return rc == 0;
}

void
nx_thread_name(const char *name)
{
	nx_must(pthread_setname_np(pthread_self(), name));
}

void
nx_thread_join(pthread_t thread)
{
	nx_must(pthread_join(thread, NULL));
}

bool
nx_thread_join_until(pthread_t thread, int64_t deadline)
{
	const int ms = nx_clock_left(deadline);
	struct timespec until;
	int rc;

	/* It goes by the wall's clock alone. */
	nx_must(clock_gettime(CLOCK_REALTIME, &until));
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	rc = pthread_timedjoin_np(thread, NULL, &until);
	assert(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

void
nx_thread_signal(pthread_t thread, int signal)
{
	int rc = pthread_kill(thread, signal);

	assert(rc == 0 || rc == ESRCH);
}

void
nx_signals_block(const sigset_t *set)
{
	nx_must(pthread_sigmask(SIG_BLOCK, set, NULL));
}

void
nx_signals_unblock(const sigset_t *set)
{
	nx_must(pthread_sigmask(SIG_UNBLOCK, set, NULL));
}
