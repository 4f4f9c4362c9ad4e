/*
 * threads.c - groups of threads.
 *
 * Lock: `mutex` guards `n` and what is done to the members while they are
 * started, and goes with `wake`; `stopped` is set under it and read without.
 */

#include "nx/base/threads.h"

#include <stdlib.h>
#include <string.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"

struct member {
	pthread_t	 id;
	const char	*name;
	void		(*run)(void *ctx, int index);
	void		*ctx;
	int		 index;
	bool		 joined;
};

struct nx_threads {
	pthread_mutex_t	mutex;
	pthread_cond_t	wake;		/* `stopped` is set */
	atomic_bool	stopped;
	int		max, n;
	struct member	members[];
};

struct nx_threads *
nx_threads_new(int max)
{
	struct nx_threads *g = calloc(1, sizeof(*g) +
	    (size_t)max * sizeof(g->members[0]));

	if (g == NULL)
		return NULL;
	g->max = max;
	nx_mutex_init(&g->mutex);
	nx_cond_init(&g->wake);
	return g;
}

static void *
member_thread(void *arg)
{
	struct member *m = arg;
	char name[NX_THREAD_NAME_MAX + 1] = "";

	memcpy(name, m->name, strnlen(m->name, NX_THREAD_NAME_MAX));
	nx_thread_name(name);
	m->run(m->ctx, m->index);
	return NULL;
}

int
nx_threads_start(struct nx_threads *g, const char *name, int n,
    void (*run)(void *ctx, int index), void *ctx)
{
	int started = 0;

	nx_lock(&g->mutex);
	while (started < n && g->n < g->max) {
		struct member *m = &g->members[g->n];

		*m = (struct member){ .name = name, .run = run, .ctx = ctx,
		    .index = started };
		if (!nx_thread_start(&m->id, NX_THREAD_STACK, member_thread,
		    m))
			break;
		g->n++;
		started++;
	}
	nx_unlock(&g->mutex);
	return started;
}

void
nx_threads_stop(struct nx_threads *g)
{
	nx_lock(&g->mutex);
	atomic_store(&g->stopped, true);
	nx_cond_broadcast(&g->wake);
	nx_unlock(&g->mutex);
}

bool
nx_threads_stopped(const struct nx_threads *g)
{
	return atomic_load(&g->stopped);
}

const atomic_bool *
nx_threads_flag(const struct nx_threads *g)
{
	return &g->stopped;
}

bool
nx_threads_pause(struct nx_threads *g, int ms)
{
	const int64_t until = nx_clock_mono() + ms;
	bool in_time = true;

	nx_lock(&g->mutex);
	while (!nx_threads_stopped(g) && in_time)
		in_time = nx_cond_wait_until(&g->wake, &g->mutex, until);
	nx_unlock(&g->mutex);
	return nx_threads_stopped(g);
}

int
nx_threads_count(struct nx_threads *g)
{
	int n;

	nx_lock(&g->mutex);
	n = g->n;
	nx_unlock(&g->mutex);
	return n;
}

void
nx_threads_signal(struct nx_threads *g, int signal)
{
	if (nx_threads_count(g) > 0 && !g->members[0].joined)
		nx_thread_signal(g->members[0].id, signal);
}

const char *
nx_threads_join_until(struct nx_threads *g, int64_t deadline)
{
	const int n = nx_threads_count(g);

	for (int i = 0; i < n; i++) {
		struct member *m = &g->members[i];

		if (!m->joined)
			m->joined = nx_thread_join_until(m->id, deadline);
		if (!m->joined)
			return m->name;
	}
	return NULL;
}

void
nx_threads_free(struct nx_threads *g)
{
	if (g == NULL)
		return;
	nx_threads_stop(g);
	for (int i = 0; i < g->n; i++) {
		if (!g->members[i].joined)
			nx_thread_join(g->members[i].id);
	}
	nx_cond_destroy(&g->wake);
	nx_mutex_destroy(&g->mutex);
	free(g);
}
