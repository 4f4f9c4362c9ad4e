#include "sb_lock.h"

#include <stdlib.h>

void
sb_lock_init(pthread_mutex_t *lock)
{
	if (pthread_mutex_init(lock, NULL) != 0)
		abort();
}

void
sb_lock(pthread_mutex_t *lock)
{
	if (pthread_mutex_lock(lock) != 0)
		abort();
}

void
sb_unlock(pthread_mutex_t *lock)
{
	if (pthread_mutex_unlock(lock) != 0)
		abort();
}
