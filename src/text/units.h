/*
 * units.h - a text as the UTF-16 units that twitter-text works on.
 *
 * Private to the text room.  A struct nx_units owns its arrays; everything
 * that looks at a text gets them ready made, so that each scan is one pass.
 */
#ifndef NX_TEXT_UNITS_H
#define NX_TEXT_UNITS_H

#include <stdint.h>
#include <unicode/utypes.h>

#include "nx/base/err.h"
#include "nx/base/slice.h"

/* Character classes; the order is that of rows.mjs. */
enum nx_class {
	NX_C_DOMAIN = 1 << 0,		/* in a label, `-` and `_` aside */
	NX_C_BEFORE_URL = 1 << 1,
	NX_C_PATH = 1 << 2,
	NX_C_PATH_END = 1 << 3,
	NX_C_QUERY = 1 << 4,
	NX_C_QUERY_END = 1 << 5,
	NX_C_ASCII_LABEL = 1 << 6,	/* [-a-z0-9] and Latin accented */
	NX_C_BEFORE_MENTION = 1 << 7,
	NX_C_LATIN = 1 << 8,		/* accented, not after a mention */
	NX_C_SPACE = 1 << 9,
	NX_C_CASHTAG_END = 1 << 10,
	NX_C_TAG = 1 << 11,		/* in a hashtag */
	NX_C_TAG_ALPHA = 1 << 12,	/* and at least one of these */
	NX_C_EMOJI_TEXT = 1 << 13,	/* emoji unless U+FE0E follows */
	NX_C_EMOJI_HAND = 1 << 14,	/* the same, and takes a skin tone */
	NX_C_EMOJI_BODY = 1 << 15,	/* takes a skin tone */
	NX_C_EMOJI_GENDER = 1 << 16,	/* takes a ZWJ and a sign */
	NX_C_EMOJI_TRADE = 1 << 17,	/* follows a man or woman and a ZWJ */
	NX_C_EMOJI = 1 << 18,		/* a pictograph, or may begin one */
};

struct nx_units {
	UChar		*u;
	uint32_t	*cls;	/* of the unit, or of the pair it begins */
	int32_t		 n;
};

/*
 * Read UTF-8.  INVALID, TOO_BIG or NO_MEMORY; `out` is then empty.  What
 * comes back is given to nx_units_free().
 */
NX_MUST_USE enum nx_rc	nx_units_read(struct nx_slice text,
			    struct nx_units *out);

/* A copy of the units [from, to), not classified.  NO_MEMORY. */
NX_MUST_USE enum nx_rc	nx_units_copy(const struct nx_units *t, int32_t from,
			    int32_t to, struct nx_units *out);

/*
 * Bring long runs of marks into canonical order, so that NFC takes linear
 * time: what they are equivalent to stays the same.  NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_units_order(struct nx_units *t);

/* Are they in NFC, for sure and told at once? */
bool	nx_units_is_nfc(const struct nx_units *t);

/* Replace the units by their NFC form.  NO_MEMORY. */
NX_MUST_USE enum nx_rc	nx_units_nfc(struct nx_units *t);

/* Work out `cls`.  NO_MEMORY. */
NX_MUST_USE enum nx_rc	nx_units_classify(struct nx_units *t);

/* Bytes that the units [from, to), whole pairs, have in UTF-8. */
int32_t			nx_units_bytes(const struct nx_units *t, int32_t from,
			    int32_t to);

void	nx_units_free(struct nx_units *t);	/* an empty one is fine */

/* Does X refuse every text with `c` in it? */
static inline bool
nx_is_refused(UChar32 c)
{
	return c == 0xfffe || c == 0xfeff || c == 0xffff;
}

/* Is this nothing to X, however many of them there are? */
bool	nx_is_unseen(UChar32 c);

/* Is there nothing to see in the units [from, to)? */
bool	nx_units_unseen(const struct nx_units *t, int32_t from, int32_t to);

/*
 * How many units the emoji at `i` has: more than one code point, counting as
 * one emoji; 0 when there is none such (a single code point weighs the same
 * either way).
 */
int	nx_emoji_span(const struct nx_units *t, int32_t i);

/* The same, told at once for what hardly ever begins one. */
static inline int
nx_emoji_at(const struct nx_units *t, int32_t i)
{
	return (t->cls[i] & NX_C_EMOJI) == 0 || i + 1 >= t->n ||
	    t->u[i + 1] < 0x200d ? 0 : nx_emoji_span(t, i);
}

#endif
