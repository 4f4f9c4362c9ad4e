/* base64.h - base64 and base64url (RFC 4648 sections 4 and 5).  Pure. */
#ifndef NX_BASE_BASE64_H
#define NX_BASE_BASE64_H

#include "nx/base/buf.h"

/* Append without padding, URL-safe alphabet. */
void	nx_base64url_add(struct nx_buf *out, const void *p, size_t n);

/* Append with padding, standard alphabet. */
void	nx_base64_add(struct nx_buf *out, const void *p, size_t n);

/*
 * Append the decoded bytes.  Either alphabet, padding optional; anything
 * else, and non-zero bits past the end, is MALFORMED and `out` is unchanged.
 * TOO_BIG when `out` cannot hold it.
 */
NX_MUST_USE enum nx_rc	nx_base64_decode(struct nx_slice in,
			    struct nx_buf *out);

#endif
