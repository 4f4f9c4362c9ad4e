/*
 * must.h - pthread calls, which fail only through our own mistakes.
 *
 * Any thread.  A failure ends the process.
 */
#ifndef NX_BASE_MUST_H
#define NX_BASE_MUST_H

#include <assert.h>
#include <pthread.h>

static inline void
nx_must(int rc)
{
	assert(rc == 0);
	(void)rc;
}

static inline void
nx_lock(pthread_mutex_t *mutex)
{
	nx_must(pthread_mutex_lock(mutex));
}

static inline void
nx_unlock(pthread_mutex_t *mutex)
{
	nx_must(pthread_mutex_unlock(mutex));
}

#endif
