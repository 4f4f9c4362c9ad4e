/*
 * text.h - a text, read once: what X counts, and the links and tags that it
 * sees.  Pure; one thread at a time.
 */
#ifndef NX_TEXT_TEXT_H
#define NX_TEXT_TEXT_H

#include "nx/base/err.h"
#include "nx/base/slice.h"

struct nx_text;

/*
 * Read UTF-8; `bytes` are borrowed and must live as long as `*out`, which is
 * given to nx_text_free().  INVALID: not UTF-8; TOO_BIG: more than
 * NX_TEXT_BYTES_MAX; NO_MEMORY: `*out` is then NULL and `err` (may be NULL)
 * says so in plain words.
 */
NX_MUST_USE enum nx_rc	nx_text_read(struct nx_slice bytes,
			    struct nx_text **out, struct nx_err *err);
void			nx_text_free(struct nx_text *text);	/* or NULL */

/* How long X takes it to be; the same as nx_weigh() says. */
int	nx_text_weighted_length(const struct nx_text *text);

#endif
