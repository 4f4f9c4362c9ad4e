/*
 * must.h - assertions, locks and the calls that threads.h is made of: the one
 * door to <assert.h> and pthread_*().
 *
 * A lock that cannot be taken, or a thread that cannot be joined, is our own
 * mistake, and going on would cost tokens: it ends the process.  Only to
 * start a thread, and to wait until a time, may fail.  Any thread.
 */
#ifndef NX_BASE_MUST_H
#define NX_BASE_MUST_H

#ifdef NDEBUG
#error "assertions guard tokens here: build without NDEBUG"
#endif

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

static inline void
nx_must(int rc)
{
	assert(rc == 0);
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

void	nx_mutex_init(pthread_mutex_t *mutex);
void	nx_mutex_destroy(pthread_mutex_t *mutex);

/* Its waits go by the monotonic clock. */
void	nx_cond_init(pthread_cond_t *cond);
void	nx_cond_destroy(pthread_cond_t *cond);

/* Wake who waits: one of them, or all. */
void	nx_cond_signal(pthread_cond_t *cond);
void	nx_cond_broadcast(pthread_cond_t *cond);

/*
 * With `mutex` held, which is given up meanwhile.  Waking says nothing: look
 * at what was waited for.  False once `deadline` (clock.h) has passed.
 */
void	nx_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);
bool	nx_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex,
	    int64_t deadline);

/*
 * Threads are started by threads.h alone: with `stack` bytes and all signals
 * blocked, but those that tell of a fault of its own.  False: the system has
 * no room for another.
 */
__attribute__((warn_unused_result))
bool	nx_thread_start(pthread_t *out, size_t stack, void *(*run)(void *),
	    void *arg);

/* What `ps -L` calls the calling thread; 15 bytes at the most. */
void	nx_thread_name(const char *name);

/* Wait for its end; with a deadline (clock.h), false when it has not come. */
void	nx_thread_join(pthread_t thread);
__attribute__((warn_unused_result))
bool	nx_thread_join_until(pthread_t thread, int64_t deadline);

/* To a thread that was not joined yet; it may have ended. */
void	nx_thread_signal(pthread_t thread, int signal);

/* Block these in the calling thread and in those it starts afterwards. */
void	nx_signals_block(const sigset_t *set);

/* Let them through again, to the calling thread. */
void	nx_signals_unblock(const sigset_t *set);

#endif
