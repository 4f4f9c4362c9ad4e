/*
 * id.h - X's ids of users and posts: 1 to 19 decimal digits, as text; the
 * first is not 0.
 */
#ifndef NX_X_ID_H
#define NX_X_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "nx/base/maxima.h"

/* Is it one?  NULL is not. */
static inline bool
nx_x_id_is_good(const char *id)
{
	size_t n = id == NULL ? 0 : strspn(id, "0123456789");

	return n >= 1 && n <= NX_X_ID_MAX && id[0] != '0' && id[n] == '\0';
}

#endif
