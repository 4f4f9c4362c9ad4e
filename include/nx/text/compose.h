/*
 * compose.h - from what a person wrote to the posts that X will take.
 *
 * A text that fits is passed on byte for byte.  A longer one is cut short, a
 * full stop giving way to the dots, or split, never inside a URL, mention,
 * hashtag, cashtag or grapheme cluster, and never so that a cut makes a new
 * one.  Pure, any thread.
 */
#ifndef NX_TEXT_COMPOSE_H
#define NX_TEXT_COMPOSE_H

#include "nx/base/arena.h"
#include "nx/base/err.h"
#include "nx/base/maxima.h"
#include "nx/base/slice.h"
#include "nx/text/text.h"

enum nx_on_long { NX_TRUNCATE, NX_THREAD, NX_REJECT };

struct nx_compose_ask {
	int		limit;		/* weighted; NX_LIMIT_POST or _LONG */
	enum nx_on_long	on_long;
	struct nx_slice	link;		/* ends a cut text; empty: none */
	bool		numbering;	/* ` (1/5)` ends each part of several */
};

struct nx_part {
	struct nx_slice	text;		/* in the arena, NUL-terminated */
	int		weighted_length;
	bool		has_url;	/* X charges more for it */
};

struct nx_composed {
	struct nx_part	*parts;
	size_t		 count;		/* at least 1 */
	bool		 truncated;
	bool		 has_url;	/* any part has */
};

/*
 * Compose `text` into parts.  Each part is valid at `limit`, is not blank, has
 * at most one cashtag (X's rule) and differs from the others.  The parts of a
 * thread are slices of the text in order; only white space at the seams is
 * left out.  Memory comes from the arena.
 *
 * TEXT_EMPTY: blank.  TEXT_INVALID: U+FFFE, U+FEFF or U+FFFF.  TEXT_TOO_LONG:
 * rejected as asked, a link that leaves no room, more than NX_PARTS_MAX parts,
 * or no place to cut.  INVALID: two cashtags, a link that is none to X (its
 * detail says why).  NO_MEMORY.  `err` (may be NULL) says it in plain words.
 */
NX_MUST_USE enum nx_rc	nx_compose(const struct nx_compose_ask *ask,
			    const struct nx_text *text, struct nx_arena *arena,
			    struct nx_composed *out, struct nx_err *err);

#endif
