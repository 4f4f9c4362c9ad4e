/*
 * sb_marks.h - the mentions, hashtags and cashtags that X finds in a text
 * (twitter-text, version 3).  Written apart from the product's own finder on
 * purpose, as sb_url.h is.  Pure; any thread.
 */
#ifndef SB_MARKS_H
#define SB_MARKS_H

#include <stddef.h>
#include <stdint.h>

enum sb_mark_kind {
	SB_URL,				/* found by sb_url_at() */
	SB_MENTION,
	SB_HASHTAG,
	SB_CASHTAG
};

/*
 * Length in code points, its sign included, of what starts at cp[at], 0 for
 * nothing.  A list behind a mention is not part of it.
 */
size_t	sb_mark_at(const int32_t *cp, size_t n, size_t at,
	    enum sb_mark_kind *kind);

#endif
