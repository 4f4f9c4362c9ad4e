/* weigh.h - what units weigh, in hundredths.  Private to the text room. */
#ifndef NX_SRC_TEXT_WEIGH_H
#define NX_SRC_TEXT_WEIGH_H

#include "hits.h"
#include "units.h"

/* twitter-text's v3.json */
enum {
	NX_WEIGHT_SCALE = 100,
	NX_WEIGHT_URL = 23 * NX_WEIGHT_SCALE,
	NX_WEIGHT_EMOJI = 2 * NX_WEIGHT_SCALE,
};

/* One code point by itself. */
static inline int
nx_weight_of(UChar32 c)
{
	return c <= 0x10ff || (c >= 0x2000 && c <= 0x200d) ||
	    (c >= 0x2010 && c <= 0x201f) || (c >= 0x2032 && c <= 0x2037) ?
	    NX_WEIGHT_SCALE : 2 * NX_WEIGHT_SCALE;
}

/*
 * NFC units with these URLs, and no other hits.  `before` (may be NULL) has
 * room for t->n + 1: what stands before each unit.
 */
int64_t	nx_units_weigh(const struct nx_units *t, const struct nx_hits *urls,
	    int32_t *before);

/*
 * The same for units in any form, not classified, which become their NFC.
 * NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_units_weigh_any(struct nx_units *t, int64_t *out);

#endif
