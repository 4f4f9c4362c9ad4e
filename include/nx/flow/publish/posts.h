/*
 * posts.h - the use cases around what was published: look it up, go on with
 * it, take it back.
 */
#ifndef NX_FLOW_PUBLISH_POSTS_H
#define NX_FLOW_PUBLISH_POSTS_H

#include "nx/flow/publish/publish.h"

/* One post as it is.  POST_UNKNOWN. */
NX_MUST_USE enum nx_rc	nx_posts_get(struct nx_ctx *ctx, const char *user_id,
			    const char *id, struct nx_published *out);

/* A page of them.  INVALID (limit), POST_UNKNOWN (before). */
enum { NX_HISTORY_USUAL = 20 };
NX_MUST_USE enum nx_rc	nx_posts_history(struct nx_ctx *ctx,
			    const struct nx_post_query *query,
			    struct nx_post_page *out);

/*
 * Go on at the first part that is missing; what is `unknown` is looked up at X
 * first.  NX_OK with whatever it came to, `unknown` and `queued` included.
 * POST_UNKNOWN, POST_BUSY, NOT_RESUMABLE, and those of nx_publish().
 */
NX_MUST_USE enum nx_rc	nx_posts_resume(struct nx_ctx *ctx,
			    const char *user_id, const char *id,
			    struct nx_published *out);

/*
 * Send what is queued and due, instead of the worker.  With the option
 * `queue` it does not overtake what is due in front of it.  `out` is the post
 * as it is known; where it is the worker's now, it stays so.  Errors as
 * nx_publish().
 */
NX_MUST_USE enum nx_rc	nx_posts_send_now(struct nx_ctx *ctx,
			    const char *user_id, const char *id,
			    struct nx_published *out);

/*
 * Cancel what is queued; delete at X what is live, newest part first.  NX_OK
 * with `cancelled`, `deleted`, or, where X did not delete all of it, what is
 * left and post.error; the worker goes on with what only has to wait.
 * POST_UNKNOWN, POST_BUSY.
 */
NX_MUST_USE enum nx_rc	nx_posts_remove(struct nx_ctx *ctx,
			    const char *user_id, const char *id,
			    struct nx_published *out);

/*
 * One turn of the worker: a post that is due is sent, or removed; a post whose
 * outcome is not known is looked up at X.  `*done` tells whether there was one.
 */
NX_MUST_USE enum nx_rc	nx_posts_send_due(struct nx_ctx *ctx, int *done);
NX_MUST_USE enum nx_rc	nx_posts_settle_due(struct nx_ctx *ctx, int *done);

/*
 * The same: a look at some accounts' queues, so that what somebody has written
 * past the service is found.  `*done` is 0.
 */
NX_MUST_USE enum nx_rc	nx_posts_mend_lines(struct nx_ctx *ctx, int *done);

#endif
