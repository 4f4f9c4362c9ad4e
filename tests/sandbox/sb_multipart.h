/*
 * sb_multipart.h - a body of multipart/form-data (RFC 7578), read strictly:
 * every line ends in CRLF, each name comes once, nothing stands before the
 * first boundary or behind the last.
 */
#ifndef SB_MULTIPART_H
#define SB_MULTIPART_H

#include "sb_http.h"

enum { SB_PARTS_MAX = 4, SB_PART_NAME_SIZE = 40 };

struct sb_part {
	char		 name[SB_PART_NAME_SIZE];
	const char	*data;		/* in the request's body */
	size_t		 len;
};

struct sb_parts {
	struct sb_part	 parts[SB_PARTS_MAX];
	size_t		 count;
};

/* NULL, or what is wrong with it. */
const char *sb_multipart_read(const struct sb_request *req,
	    struct sb_parts *out);
/* NULL when absent. */
const struct sb_part *sb_multipart_get(const struct sb_parts *parts,
	    const char *name);

#endif
