/*
 * cut.h - the places where a text may be cut, and how good each is.
 *
 * Private to the text room.
 */
#ifndef NX_TEXT_CUT_H
#define NX_TEXT_CUT_H

#include "text.h"

/* From bad to good. */
enum nx_level {
	NX_CUT_CLUSTER,		/* between two grapheme clusters */
	NX_CUT_LINE,		/* where a line may break (UAX #14) */
	NX_CUT_SPACE,
	NX_CUT_SENTENCE,	/* or the end of a line */
	NX_CUT_PARAGRAPH,
};

/*
 * A place: never inside an entity or a cluster.  Its level is that of ending
 * a part here; what follows may be white space, which is then left out.
 */
struct nx_cut {
	int32_t		byte, unit;
	int32_t		weight;		/* of all before, in hundredths */
	uint8_t		level;		/* enum nx_level */
	bool		blank;		/* white space follows */
};

struct nx_cuts {
	struct nx_cut	*v;		/* v[0] is the start */
	int32_t		 n;		/* v[n] is the last place */
	bool		 complete;	/* which is the end of the text */
};

/*
 * List the places of `text` up to `max_weight`, white space at the start not
 * counted, then one more and those in white space that is reached there.
 * NO_MEMORY.  What comes back is given to nx_cuts_free().
 */
NX_MUST_USE enum nx_rc	nx_cuts_list(const struct nx_text *text,
			    int64_t max_weight, struct nx_cuts *out);

void			nx_cuts_free(struct nx_cuts *cuts);	/* or empty */

#endif
