/*
 * weigh.h - how long X takes a text to be.
 *
 * Counts as twitter-text version 3 (its v3.json and parseTweet) does: NFC
 * first, 23 for a URL, 2 for an emoji sequence, 1 or 2 for any other code
 * point.  Emoji newer than that library's data count 2 a sequence, as at X.
 * Pure, linear in time and memory, any thread.
 */
#ifndef NX_TEXT_WEIGH_H
#define NX_TEXT_WEIGH_H

#include <stdbool.h>

#include "nx/base/err.h"
#include "nx/base/maxima.h"
#include "nx/base/slice.h"

enum {
	NX_LIMIT_POST = 280,		/* weighted, anybody */
	NX_LIMIT_LONG = 25000,		/* weighted, Premium authors */
};

/* Indices are UTF-16 units and ends are inclusive, as parseTweet's are. */
struct nx_weight {
	int	weighted_length;
	bool	valid;		/* 1..limit and no U+FFFE, U+FEFF, U+FFFF */
	int	permillage;	/* of the limit, rounded down */
	int	valid_start;	/* always 0 */
	int	valid_end;	/* last unit that still fits */
	int	display_start;	/* always 0 */
	int	display_end;	/* last unit; 0 for an empty text */
};

/*
 * Measure UTF-8 `text` against `limit` (at least 1).  INVALID when it is not
 * UTF-8, TOO_BIG past NX_TEXT_BYTES_MAX, NO_MEMORY; `out` is then zeroed.
 */
NX_MUST_USE enum nx_rc	nx_weigh(struct nx_slice text, int limit,
			    struct nx_weight *out);

#endif
