/* link.h - the link that ends a text which is cut.  Private to the room. */
#ifndef NX_TEXT_LINK_H
#define NX_TEXT_LINK_H

#include "nx/base/arena.h"
#include "nx/base/err.h"
#include "nx/base/slice.h"

/*
 * X must see `link` (NUL-terminated) as one, from end to end; an empty one is
 * fine.  INVALID, with the reason in plain words; NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_link_check(struct nx_slice link,
			    struct nx_arena *arena, struct nx_err *err);

#endif
