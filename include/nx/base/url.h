/* url.h - the few questions we ask of URLs and paths.  Pure. */
#ifndef NX_BASE_URL_H
#define NX_BASE_URL_H

#include "nx/base/buf.h"

/*
 * May we talk to it: https://host[...], or http:// where the host is a
 * loopback one (127.0.0.0/8, [::1], localhost)?  User info is refused.
 */
bool	nx_url_is_safe(struct nx_slice url);

/* Its scheme://host[:port], a part of `url`; empty when it has none. */
struct nx_slice	nx_url_origin(struct nx_slice url);

/*
 * Does it stay on this site when a browser follows it (contract section 5):
 * it starts with one `/`, and holds no backslash, control character, space or
 * byte past ASCII, also not percent-encoded in its first two characters?
 */
bool	nx_url_is_local_path(struct nx_slice path);

/*
 * Find `name` in a query string or form and append its decoded value (RFC
 * 3986 percent-encoding, `+` as space).  NOT_FOUND when it is absent,
 * MALFORMED when it stands there twice or is badly encoded or holds a NUL,
 * TOO_BIG when `out` cannot hold it.
 */
NX_MUST_USE enum nx_rc	nx_url_query(struct nx_slice query, const char *name,
			    struct nx_buf *out);

/* Append `path` with `name=value` added to its query, before a fragment. */
void	nx_url_add_query(struct nx_buf *out, struct nx_slice path,
	    const char *name, const char *value);

#endif
