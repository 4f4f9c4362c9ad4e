/*
 * sb_lock.h - mutexes whose failures end the process.
 *
 * Each store has one, held for a look-up or a change and never across I/O.
 * No code holds two at once, so there is no order to keep.
 */
#ifndef SB_LOCK_H
#define SB_LOCK_H

#include <pthread.h>

void	sb_lock_init(pthread_mutex_t *lock);
void	sb_lock(pthread_mutex_t *lock);
void	sb_unlock(pthread_mutex_t *lock);

#endif
