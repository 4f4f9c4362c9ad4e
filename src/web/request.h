/*
 * request.h - a request as nginx passes it on: checked, and easy to ask.
 *
 * Built from FastCGI parameters (strings "NAME=value").  Everything is
 * borrowed from them and from the body, but for an id that nginx did not
 * send: that is made here.  Pure but for that.
 */
#ifndef NX_SRC_WEB_REQUEST_H
#define NX_SRC_WEB_REQUEST_H

#include <stdint.h>

#include "nx/base/arena.h"
#include "nx/base/buf.h"
#include "nx/base/maxima.h"

struct nx_request {
	char		**env;		/* the parameters, NULL-terminated */
	const char	 *method;	/* "GET" for HEAD too */
	struct nx_slice	  path;		/* as sent, without the query */
	struct nx_slice	  query;	/* raw */
	const char	 *id;		/* X-Request-Id, always set */
	bool		  is_head;	/* nobody waits for a body */
	bool		  is_ahead;	/* fetched before anybody asked */
	const char	 *authorization, *origin, *fetch_site;
	const char	 *content_type, *accept, *idempotency_key, *if_match;
	int64_t		  content_length;	/* 0: no body */
	struct nx_slice	  body;		/* whole; empty where it is streamed */
	char		  id_space[NX_REQUEST_ID_MAX + 1];
};

/*
 * Read the parameters.  MALFORMED when what every request has is missing, a
 * header that decides about rights stands there twice, or Content-Length is
 * no number.  `out->id` is set even so.
 */
NX_MUST_USE enum nx_rc	nx_request_read(char **env, struct nx_request *out,
			    struct nx_err *err);

/* TOO_BIG when Content-Length is over `max` bytes. */
NX_MUST_USE enum nx_rc	nx_request_check_length(const struct nx_request *r,
			    int64_t max, struct nx_err *err);

/*
 * The decoded query parameter in the arena; NULL when absent.  MALFORMED when
 * given twice or badly encoded.
 */
NX_MUST_USE enum nx_rc	nx_request_query(const struct nx_request *r,
			    const char *name, struct nx_arena *arena,
			    const char **out, struct nx_err *err);

/* Would a browser rather see a page than JSON? */
bool	nx_request_wants_html(const struct nx_request *r);
bool	nx_request_wants_json(const struct nx_request *r);

/* Walk all cookies of all Cookie headers.  Start with *at = {0}. */
struct nx_cookie_walk {
	size_t		entry;
	struct nx_slice	rest;
};
bool	nx_request_cookie(const struct nx_request *r,
	    struct nx_cookie_walk *at, struct nx_slice *name,
	    struct nx_slice *value);

#endif
