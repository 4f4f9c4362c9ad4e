/*
 * admission.h - how many requests may be at X at once, and which wait.
 *
 * Requests that call X get slots, three of four threads; beyond them they are
 * set aside, still unanswered and without a thread, and beyond that refused.
 * So an X that hangs never takes the threads of what does not need it.  All
 * of this from any thread.
 */
#ifndef NX_SRC_WEB_ADMISSION_H
#define NX_SRC_WEB_ADMISSION_H

#include "job.h"

struct nx_admission;

/* For a process with so many serving threads.  NULL: no memory. */
NX_MUST_USE struct nx_admission	*nx_admission_new(int threads);
void				 nx_admission_free(struct nx_admission *a);

enum nx_admitted {
	NX_ADMIT_NOW,		/* the caller has a slot and runs it */
	NX_ADMIT_LATER,		/* it is set aside, no longer the caller's */
	NX_ADMIT_FULL,		/* it is the caller's still, to be refused */
};
NX_MUST_USE enum nx_admitted	nx_admission_enter(struct nx_admission *a,
				    struct nx_job *job);

/*
 * Whoever has a slot is done with its job: the oldest that was set aside, with
 * that slot.  NULL: there is none, and the slot is given back.
 */
NX_MUST_USE struct nx_job	*nx_admission_next(struct nx_admission *a);

#endif
