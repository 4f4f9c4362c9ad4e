/*
 * threads.h - groups of threads that are started, named, stopped and joined
 * together.
 *
 * In all of them every signal is blocked: signals are for whoever waits for
 * them by sigwait().  All of this from any thread, but for the joining, which
 * one thread does.
 */
#ifndef NX_BASE_THREADS_H
#define NX_BASE_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "nx/base/err.h"

enum {
	NX_THREAD_STACK = 512 * 1024,	/* bytes for each */
	NX_THREAD_NAME_MAX = 15,	/* bytes of a name that are seen */
};

struct nx_threads;

/* A group with room for `max` threads, of which none runs.  NULL: no memory. */
NX_MUST_USE struct nx_threads	*nx_threads_new(int max);

/*
 * Start `n` more (or as many as there is room for in the group), which do
 * run(ctx, index) with an index from 0 to n - 1.  `name` is static and seen in
 * `ps -L`.  Returns how many the system had memory for.
 */
NX_MUST_USE int	nx_threads_start(struct nx_threads *g, const char *name, int n,
		    void (*run)(void *ctx, int index), void *ctx);

/* How many were started so far. */
int	nx_threads_count(struct nx_threads *g);

/*
 * Tell them to stop: the flag is set for good, and who pauses goes on at once.
 * The flag lives as long as the group.
 */
void			 nx_threads_stop(struct nx_threads *g);
bool			 nx_threads_stopped(const struct nx_threads *g);
const atomic_bool	*nx_threads_flag(const struct nx_threads *g);

/* Wait for `ms` milliseconds, or to be told to stop: true. */
bool	nx_threads_pause(struct nx_threads *g, int ms);

/* To the first of them; it may have ended. */
void	nx_threads_signal(struct nx_threads *g, int signal);

/*
 * Wait for the end of all, until `deadline` (clock.h) at the most.  NULL: they
 * have ended; else the name of one that goes on.
 */
NX_MUST_USE const char	*nx_threads_join_until(struct nx_threads *g,
			    int64_t deadline);

/* Stop them, wait for the end of all, however long it takes, and free. */
void	nx_threads_free(struct nx_threads *g);		/* or NULL */

#endif
