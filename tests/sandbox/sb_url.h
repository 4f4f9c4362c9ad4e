/*
 * sb_url.h - the URLs that X finds in a text (twitter-text, version 3).
 * Written apart from the product's own finder on purpose: a stand-in that
 * shared its code would share its mistakes.  Pure; any thread.
 */
#ifndef SB_URL_H
#define SB_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length in code points of the URL that starts at cp[at], 0 for none.
 */
size_t	sb_url_at(const int32_t *cp, size_t n, size_t at);

#endif
