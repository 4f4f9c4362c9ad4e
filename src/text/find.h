/*
 * find.h - the entities X sees in a text: links, mentions, hashtags, cashtags.
 *
 * As twitter-text version 3 extracts them.  Pure, linear, any thread.
 */
#ifndef NX_SRC_TEXT_FIND_H
#define NX_SRC_TEXT_FIND_H

#include "nx/base/arena.h"
#include "nx/base/err.h"
#include "nx/base/slice.h"

#include "hits.h"

/* Ends are exclusive; the sign (@, #, $) is part of the range. */
struct nx_entity {
	enum nx_entity_kind	kind;
	size_t			start, end;	/* bytes */
	size_t			start16, end16;	/* UTF-16 units */
};

/*
 * Find the entities of `kinds` (a set) in UTF-8 `text`, in order and never
 * overlapping; a hashtag inside a URL is none.  The array is the arena's.
 * INVALID when it is not UTF-8, TOO_BIG past NX_TEXT_BYTES_MAX, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_find(struct nx_slice text, unsigned int kinds,
			    struct nx_arena *arena, struct nx_entity **out,
			    size_t *count);

#endif
