/* same_url.h - is it the same address?  Private to the text room. */
#ifndef NX_TEXT_SAME_URL_H
#define NX_TEXT_SAME_URL_H

#include <stdbool.h>

#include "nx/base/slice.h"

/*
 * Does `meant`, as X tells it, stand for `written`?  http and https are one,
 * as are X's own hosts; hosts are compared without case and in either form of
 * IDNA, paths and queries with percent-encoding undone where RFC 3986 says
 * that it changes nothing.  `meant` may lack the fragment, have parameters
 * utm_* beside, and be written as HTML (&amp;).  Linear.
 */
bool	nx_text_url_is_same(struct nx_slice written, struct nx_slice meant);

/*
 * A link that X itself puts behind a text: to the post's own photo or video,
 * or to the post that it quotes.
 */
bool	nx_text_url_is_added(struct nx_slice meant);

#endif
