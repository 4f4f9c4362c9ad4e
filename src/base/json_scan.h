/* json_scan.h - a pass over JSON before it is parsed.  Private to base. */
#ifndef NX_SRC_BASE_JSON_SCAN_H
#define NX_SRC_BASE_JSON_SCAN_H

#include "nx/base/buf.h"

struct nx_json_scan {
	size_t		 colons;	/* outside strings */
	int		 depth;
	const char	*wrong;		/* static words; NULL: nothing */
	struct nx_buf	*mended;	/* NULL: strict */
	const char	*from;		/* what `mended` does not have yet */
};

/*
 * Strict without `mended`.  With it, odd characters are no fault: when there
 * are any it gets a copy of the text in which they are U+FFFD; ask it whether
 * memory sufficed.
 */
struct nx_json_scan	nx_json_scan(struct nx_slice text,
			    struct nx_buf *mended);

#endif
