/*
 * buffers.h - count the buffers that the program's own statements touch.
 *
 * Linked with --wrap=PQsetNoticeReceiver: each connection of the pool has
 * auto_explain tell every plan as a notice, the generic one, with its buffers.
 * One thread.
 */
#ifndef NX_TEST_GROWTH_BUFFERS_H
#define NX_TEST_GROWTH_BUFFERS_H

/*
 * Connections made from now on find `schema` and tell their plans, on standard
 * output too where NX_GROWTH_ALOUD is set.  Needs a superuser, since it loads
 * auto_explain.
 */
void	buffers_tell(const char *schema);

/* Count from nought. */
void	buffers_reset(void);

/* Those that were hit or read since, and by how many statements. */
long	buffers_touched(int *statements);

#endif
