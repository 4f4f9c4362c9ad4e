/* text.h - what is known of a text that was read.  Private to the room. */
#ifndef NX_SRC_TEXT_TEXT_H
#define NX_SRC_TEXT_TEXT_H

#include "hits.h"
#include "nx/text/text.h"
#include "units.h"

struct nx_text {
	struct nx_slice	 bytes;		/* borrowed */
	struct nx_units	 units;		/* classified */
	struct nx_hits	 hits;		/* all entities, in order */
	int64_t		 weight;	/* hundredths */
	int32_t		*before;	/* weight before each unit, if the text
					   is in NFC; else NULL */
};

#endif
