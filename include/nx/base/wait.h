/*
 * wait.h - what a thread does before it waits.
 *
 * A thread that others depend on leaves here what it has to do first; whatever
 * may wait for more than the processor (a condition, a pause, a database, a
 * server) says so.  It is each thread's own, and the one thing at file scope
 * that changes: those who wait cannot know who called them.
 */
#ifndef NX_BASE_WAIT_H
#define NX_BASE_WAIT_H

/*
 * From now on the calling thread does first(arg) before it waits, as often as
 * it waits; locks may be held then.  NULL: nothing any more.
 */
void	nx_wait_first(void (*first)(void *arg), void *arg);

/* The calling thread is about to wait. */
void	nx_wait_begin(void);

#endif
