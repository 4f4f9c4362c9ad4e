/* change.h - the use case "change a post that is queued". */
#ifndef NX_FLOW_PUBLISH_CHANGE_H
#define NX_FLOW_PUBLISH_CHANGE_H

#include "nx/flow/publish/publish.h"

/*
 * Whom a change is for, from its body: NULL when it names nobody.  NOT_JSON,
 * INVALID.
 */
NX_MUST_USE enum nx_rc	nx_change_user(struct nx_ctx *ctx,
			    struct nx_slice body, const char **user_id);

/*
 * Merge the body, a JSON merge patch (RFC 7396), into what was asked for, and
 * check and divide that as if it were posted anew.  With a new time it takes
 * another place in its account's queue; `"publish_at": null` sends it now, as
 * nx_publish() would.  `if_match` is the header of that name (RFC 9110 section
 * 13.1.1), or NULL.  What its key came with stays what the key is for.
 * POST_UNKNOWN; POST_BEGUN when it is not queued any more; POST_CHANGED when
 * it is not what `if_match` names; POST_BUSY when it changes all the time;
 * those of nx_publish_parse() and nx_publish().
 */
struct nx_change_ask {
	const char	*user_id, *id;
	struct nx_slice	 body;
	const char	*if_match;
};
NX_MUST_USE enum nx_rc	nx_posts_change(struct nx_ctx *ctx,
			    const struct nx_change_ask *ask,
			    struct nx_published *out);

#endif
