/*
 * same.h - is what X shows the text that was sent?
 *
 * X shows links as t.co, writes &, < and > as HTML entities, normalises, trims
 * white space, strips control characters, makes several blank lines one, and
 * puts a link behind a text with media or a quote (its published source:
 * tweetypie).  All of that is undone before the texts are compared; servers
 * that do none or only some of it are understood, too.  Pure, linear, any
 * thread.
 */
#ifndef NX_TEXT_SAME_H
#define NX_TEXT_SAME_H

#include <stdbool.h>

#include "nx/base/err.h"
#include "nx/base/slice.h"

/* What a link in the shown text stands for. */
struct nx_link {
	struct nx_slice	shown;		/* as in the text */
	struct nx_slice	meant;		/* as written; empty: not known */
};

enum nx_likeness {
	NX_DIFFERENT,
	NX_ALIKE,	/* the words agree, what a link stands for does not */
	NX_SAME,
};

/*
 * Where it is not known what a t.co link stands for, any link will do in its
 * place.  `is_reply`: X may show mentions before a reply that were not sent
 * ("@author @other ...").  INVALID when either is not UTF-8, TOO_BIG,
 * NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_text_compare(struct nx_slice sent,
			    struct nx_slice shown,
			    const struct nx_link *links, size_t nlinks,
			    bool is_reply, enum nx_likeness *out);

#endif
