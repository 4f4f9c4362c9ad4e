/*
 * torture.h - an allocator that fails when it is told to.
 *
 * Linked with -Wl,--wrap= for malloc, calloc, realloc, free and
 * curl_global_init_mem, it sees what
 * our own objects ask for, in all threads but those that are left out; what
 * libraries ask for (libcurl, OpenSSL, libpq, json-c) is none of its business.
 */
#ifndef NX_TESTS_TORTURE_H
#define NX_TESTS_TORTURE_H

#include <stdbool.h>

/*
 * From now on: count, and let the `nth` and so many after it fail (1 is the
 * next; 0: none).
 */
void	torture_begin(long nth, long after);

/* Enough.  Returns how many there were. */
long	torture_end(void);

/* Has one failed since torture_begin()? */
bool	torture_failed(void);

/* This thread plays somebody else: it is never counted. */
void	torture_leave_out(void);

/* Blocks that were counted and are not freed yet. */
long	torture_living(void);

#endif
