/*
 * stored.h - a text as X stores it.
 *
 * Before X looks for links it normalises (NFC), strips control characters and
 * marks of direction, trims what is blank at the ends, turns CR LF into LF,
 * and makes several blank lines one (X's published source: tweetypie,
 * Preprocessor).  Private to the text room.
 */
#ifndef NX_TEXT_STORED_H
#define NX_TEXT_STORED_H

#include "nx/base/buf.h"

/*
 * Append `text` as X stores it, in UTF-8.  `html`: undo its HTML entities
 * first.  The same again changes nothing.  INVALID when it is not UTF-8,
 * TOO_BIG, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_stored(struct nx_slice text, bool html,
			    struct nx_buf *out);

#endif
