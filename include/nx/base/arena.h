/*
 * arena.h - memory that lives as long as one request.
 *
 * Allocate freely, free nothing, reset once after the reply.  What was used is
 * wiped at reset and at the end, so secrets may live here.  Running past the
 * maximum (or out of memory) returns NULL and sets a sticky flag.  One thread.
 */
#ifndef NX_BASE_ARENA_H
#define NX_BASE_ARENA_H

#include "nx/base/err.h"
#include "nx/base/slice.h"

struct nx_arena;

/* `max`: bytes that may be in use at once.  NULL when out of memory. */
NX_MUST_USE struct nx_arena	*nx_arena_new(size_t max);
void	 nx_arena_reset(struct nx_arena *a);
void	 nx_arena_free(struct nx_arena *a);	/* NULL is fine */
bool	 nx_arena_ok(const struct nx_arena *a);

/* Would `n` more bytes fit, in pieces of at most a page? */
bool	 nx_arena_has(const struct nx_arena *a, size_t n);

/*
 * The same, and their memory is there already: what then takes no more than
 * `n` bytes, each piece rounded up to the largest type's alignment, does not
 * fail.  The flag is not touched.
 */
NX_MUST_USE bool	 nx_arena_reserve(struct nx_arena *a, size_t n);

/* Zeroed memory, aligned for any type; valid until reset. */
void	*nx_arena_alloc(struct nx_arena *a, size_t n);

/* A NUL-terminated copy; NULL in, NULL out. */
char	*nx_arena_str(struct nx_arena *a, const char *s);
char	*nx_arena_slice(struct nx_arena *a, struct nx_slice s);
char	*nx_arena_printf(struct nx_arena *a, const char *fmt, ...)
	    NX_PRINTF(2, 3);

#endif
