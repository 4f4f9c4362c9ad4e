/*
 * drain.h - a command that is told to end lets no token be lost.
 *
 * TERM, INT and HUP end a command as ever, but not while X has been sent a
 * code or a refresh token: what is under way in the patient pool is waited
 * for first, NX_PATIENT_DRAIN_MS at the most.  Then the signal does its work.
 */
#ifndef NX_CLI_DRAIN_H
#define NX_CLI_DRAIN_H

#include "nx/flow/patient.h"

struct nx_drain;

/*
 * Block the signals, before there is any other thread.  Those that are
 * ignored (nohup) stay so.  NULL: no memory.
 */
NX_MUST_USE struct nx_drain	*nx_drain_new(void);

/* From here on they are heard; `pool` outlives it.  False: no thread. */
NX_MUST_USE bool	nx_drain_watch(struct nx_drain *d,
			    struct nx_patient *pool);

/* Does not return where a signal has come: that ends the process. */
void			nx_drain_free(struct nx_drain *d);	/* or NULL */

#endif
