/*
 * patient.h - threads that wait for X for longer than any request may.
 *
 * A code and a refresh token work once, and their answer comes once: whoever
 * sends one must not go away before it.  So it is a task in a thread of its
 * own, with memory of its own; the request that wants it waits as long as it
 * has time, and the task goes on without it and saves what X gave.
 *
 * One pool for each process (nx_app), with few threads, made when they are
 * needed.  All of this from any thread.
 */
#ifndef NX_FLOW_PATIENT_H
#define NX_FLOW_PATIENT_H

#include <stdint.h>

#include "nx/base/arena.h"

struct nx_app;
struct nx_ctx;
struct nx_patient;
struct nx_task;

enum {
	NX_PATIENT_THREADS = 16,
	NX_PATIENT_MS = 120000,	/* as long as an answer can still come */
	/*
	 * From being told to end until what is under way is given up.  The
	 * units' TimeoutStopSec is longer.
	 */
	NX_PATIENT_DRAIN_MS = 140000,
};

/*
 * What a task does.  Its context has an HTTP handle and the task's arena, the
 * asker's request_id, NX_REQUEST_MS until its deadline, NX_PATIENT_MS for
 * what spends a code or a token (`patient_ms`), and tells whether the pool is
 * stopped (nx_ctx_stops()): a task that does many things begins none then.
 * What X took of the time is not to be missing for saving what it said: set
 * the deadline anew then.
 */
struct nx_task_kind {
	void	(*run)(struct nx_ctx *ctx, void *state);
	/* Then, where nobody has waited for it; NULL: nothing is to be done. */
	void	(*late)(struct nx_ctx *ctx, void *state);
	bool	alone;		/* one at a time has a place */
};

/*
 * `app` outlives it, and is open before there is a task: threads are started
 * by tasks, as they need them.  NULL: no memory.
 */
NX_MUST_USE struct nx_patient	*nx_patient_new(const struct nx_app *app);

/* No task begins from now on. */
void	nx_patient_stop(struct nx_patient *p);		/* or NULL */

/* Wait for all that are under way: true; false: time is up before. */
bool	nx_patient_wait(struct nx_patient *p, int64_t deadline);

/* Stop, and wait for as long as it takes. */
void	nx_patient_free(struct nx_patient *p);		/* or NULL */

/*
 * A place for a task and `size` zeroed bytes of state, in an arena that is the
 * task's own: whatever it is to work with is copied there.  NULL when the
 * pool stays full until the deadline or is stopped, another has the place of
 * one that is to be alone, or there is no memory.
 */
NX_MUST_USE struct nx_task	*nx_task_new(const struct nx_ctx *ctx,
				    const struct nx_task_kind *kind,
				    size_t size, int64_t deadline);
void			*nx_task_state(struct nx_task *task);
struct nx_arena		*nx_task_arena(struct nx_task *task);

/*
 * Run it, once, and wait.  True: it is done; read its state, then free it.
 * False: the deadline came first, and the task, which goes on, is no longer
 * the caller's.
 */
NX_MUST_USE bool	 nx_task_run(struct nx_task *task, int64_t deadline);

/* Never run, or done: give the place or the memory back. */
void			 nx_task_free(struct nx_task *task);	/* or NULL */

#endif
