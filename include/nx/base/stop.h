/*
 * stop.h - a process that is told to end: TERM, INT and USR1 set a flag.
 *
 * The signals are blocked in the calling thread and in all that it starts
 * afterwards, and stay so; a thread waits for them, so no handler runs.  HUP
 * is blocked as well and means nothing.
 */
#ifndef NX_BASE_STOP_H
#define NX_BASE_STOP_H

#include <stdatomic.h>

#include "nx/base/err.h"

struct nx_stop;

/* From main(), before any other thread.  NULL: no memory, no thread. */
NX_MUST_USE struct nx_stop	*nx_stop_new(void);

void			 nx_stop_free(struct nx_stop *stop);	/* or NULL */

/* Any thread; lives as long as `stop`. */
const atomic_bool	*nx_stop_flag(const struct nx_stop *stop);

/* Any thread: wait for `ms`, or for the end (true). */
bool			 nx_stop_wait(struct nx_stop *stop, int ms);

#endif
