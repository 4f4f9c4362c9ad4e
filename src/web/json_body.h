/* json_body.h - what handlers ask of a body that is read whole. */
#ifndef NX_SRC_WEB_JSON_BODY_H
#define NX_SRC_WEB_JSON_BODY_H

#include "routes.h"

/* JSON bodies: the type, then the length against Content-Length. */
NX_MUST_USE enum nx_rc	nx_web_json_body(struct nx_call *call);

/*
 * A body that may be absent, whose members are UUIDs and may be, too: what is
 * there goes into the arena, the rest stays as it is.  INVALID and
 * UNKNOWN_MEMBER name the member; those of nx_web_json_body(), NOT_JSON.
 */
struct nx_uuid_member {
	const char	*name;
	const char	**to;
};
NX_MUST_USE enum nx_rc	nx_web_uuids(struct nx_call *call,
			    const struct nx_uuid_member *members, size_t n);

#endif
