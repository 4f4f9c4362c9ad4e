/*
 * scan.h - the passes that find entities among UTF-16 units.
 *
 * Private to the text room.  Each follows one extractor of twitter-text 3.1.0
 * so closely that also its oddities are kept: they decide what X counts.
 */
#ifndef NX_TEXT_SCAN_H
#define NX_TEXT_SCAN_H

#include "hits.h"
#include "nx/base/ascii.h"
#include "units.h"

/* Each appends in order.  `t` is classified. */
void	nx_scan_urls(const struct nx_units *t, struct nx_hits *out);
void	nx_scan_mentions(const struct nx_units *t, struct nx_hits *out);
void	nx_scan_hashtags(const struct nx_units *t, struct nx_hits *out);
void	nx_scan_cashtags(const struct nx_units *t, struct nx_hits *out);

/*
 * To the URLs in `out` add what else is of `kinds`; all in order and without
 * overlaps: the earlier start wins.
 */
void	nx_scan_rest(const struct nx_units *t, unsigned int kinds,
	    struct nx_hits *out);

/*
 * Does a known top-level domain, or one in Punycode, stand at `i`, with
 * nothing after it that belongs to a name?  The units it has; 0 if none.
 * Nothing at or past `end` is looked at.
 */
int	nx_tld_at(const struct nx_units *t, int32_t i, int32_t end);

/*
 * Is `label` (a part of a domain between dots) 1 to 63 bytes long in ASCII
 * form (RFC 3492)?
 */
bool	nx_label_fits(const UChar *label, int32_t n);

/* First place from `i` on, before `end`, whose class lacks all of `cls`. */
static inline int32_t
nx_run(const struct nx_units *t, int32_t i, int32_t end, uint32_t cls)
{
	while (i < end && (t->cls[i] & cls) != 0)
		i++;
	return i;
}

#endif
