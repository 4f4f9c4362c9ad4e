/* utf8.h - steps through UTF-8 as RFC 3629 has it.  Pure. */
#ifndef NX_BASE_UTF8_H
#define NX_BASE_UTF8_H

#include "nx/base/slice.h"

/* What stands for bytes that are none: U+FFFD. */
#define NX_UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * Bytes of the character at `p`, of which `left` (at least 1) may be read; 0:
 * it is none: cut short, overlong, a surrogate or past U+10FFFF.
 */
size_t	nx_utf8_length(const char *p, size_t left);

/* Code points of `text`, which is UTF-8. */
size_t	nx_utf8_count(struct nx_slice text);

#endif
