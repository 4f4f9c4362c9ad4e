/*
 * admission.c - slots for requests that call X, and a queue for the rest.
 *
 * Lock: `mutex` guards `calling` and the queue; never held across I/O.
 */

#include "admission.h"

#include <stdlib.h>

#include "nx/base/must.h"

enum { ASIDE_PER_SLOT = 8 };		/* jobs set aside for each slot */

struct nx_admission {
	pthread_mutex_t	 mutex;
	int		 slots;
	int		 calling;	/* slots that are taken */
	struct nx_job	*first, **last;	/* set aside, oldest first */
	int		 aside;
};

struct nx_admission *
nx_admission_new(int threads)
{
	struct nx_admission *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	nx_mutex_init(&a->mutex);
	a->slots = threads * 3 / 4 > 0 ? threads * 3 / 4 : 1;
	a->last = &a->first;
	return a;
}

void
nx_admission_free(struct nx_admission *a)
{
	if (a == NULL)
		return;
	nx_mutex_destroy(&a->mutex);
	free(a);
}

/* Lock held. */
static void
enqueue_job(struct nx_admission *a, struct nx_job *job)
{
	job->next = NULL;
	*a->last = job;
	a->last = &job->next;
	a->aside++;
}

enum nx_admitted
nx_admission_enter(struct nx_admission *a, struct nx_job *job)
{
	enum nx_admitted how = NX_ADMIT_FULL;

	nx_lock(&a->mutex);
	if (a->calling < a->slots) {
		a->calling++;
		how = NX_ADMIT_NOW;
	} else if (a->aside < a->slots * ASIDE_PER_SLOT) {
		enqueue_job(a, job);
		how = NX_ADMIT_LATER;
	}
	nx_unlock(&a->mutex);
	return how;
}

struct nx_job *
nx_admission_next(struct nx_admission *a)
{
	struct nx_job *job;

	nx_lock(&a->mutex);
	job = a->first;
	if (job == NULL)
		a->calling--;
	else {
		a->first = job->next;
		if (a->first == NULL)
			a->last = &a->first;
		a->aside--;
	}
	nx_unlock(&a->mutex);
	return job;
}
