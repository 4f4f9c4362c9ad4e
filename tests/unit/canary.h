/*
 * canary.h - do secrets leave with the memory that is given back?
 *
 * Linked with -Wl,--wrap=free, every block that our own objects free is
 * looked through for the canary.  One thread.
 */
#ifndef NX_TESTS_CANARY_H
#define NX_TESTS_CANARY_H

#include <stdbool.h>
#include <stddef.h>

#define CANARY "canary-in-memory-0123456789abcdef"

/* How many blocks still held it when they were freed, since the last call. */
int	canary_leaks(void);

/* How many blocks were freed at all, since the last call. */
int	canary_frees(void);

/* Does it stand somewhere in these bytes? */
bool	canary_in(const void *p, size_t n);

#endif
