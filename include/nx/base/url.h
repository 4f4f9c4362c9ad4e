/* url.h - the few questions we ask of URLs and paths.  Pure. */
#ifndef NX_BASE_URL_H
#define NX_BASE_URL_H

#include "nx/base/buf.h"

/*
 * The host name of an http:// or https:// URL, a part of `url` and in its case,
 * an IPv6 address with its brackets; empty where there is none, where what
 * follows it is no port (1 to 65535), and where there is user info.
 */
struct nx_slice	nx_url_host(struct nx_slice url);

/* Is its host a loopback one: 127.0.0.0/8, [::1], localhost? */
bool	nx_url_is_loopback(struct nx_slice url);

/* May we talk to it: https://, or http:// where the host is a loopback one? */
bool	nx_url_is_safe(struct nx_slice url);

/* Its scheme://host[:port], a part of `url`; empty when it has none. */
struct nx_slice	nx_url_origin(struct nx_slice url);

/*
 * Does it stay on this site when a browser follows it (docs/contract.md
 * section 5): it starts with one `/`, and holds no backslash, control
 * character, space or byte past ASCII, also not percent-encoded in its first
 * two characters?
 */
bool	nx_url_is_local_path(struct nx_slice path);

/*
 * Append what the percent-encoded text stands for; `+` is itself.  MALFORMED
 * when it is badly encoded or holds an encoded NUL, TOO_BIG when `out` cannot
 * hold it.
 */
NX_MUST_USE enum nx_rc	nx_url_decode(struct nx_slice in, struct nx_buf *out);

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
