/*
 * delivery.h - one post under a lease: its token, its next step, its record.
 * What sending (deliver.c), looking up (reconcile.c) and deleting (withdraw.c)
 * share.
 */
#ifndef NX_SRC_FLOW_PUBLISH_DELIVERY_H
#define NX_SRC_FLOW_PUBLISH_DELIVERY_H

#include "nx/flow/publish/publish.h"
#include "trouble.h"

/* One post under a lease.  Everything lives in the ctx's arena. */
struct nx_delivery {
	struct nx_stored_post	*post;
	struct nx_connection	*connection;
	struct nx_options	 options;
	const char		*lease;
	int64_t			 leased_until;	/* nx_clock_mono() ms */
	bool			 refreshed;	/* its token, already */
	enum nx_rc		 token_rc;	/* why there is no token */
	bool			 attended;	/* somebody waits for it */
	bool			 too_soon;	/* X may not see a parent yet */
	bool			 unrecorded;	/* X has it, not our row */
	struct nx_windows	 limits;	/* X's last word on them */
};

/* The access token is fit for use, and for `scope`; renewed once if due. */
NX_MUST_USE enum nx_rc	nx_delivery_ready(struct nx_ctx *ctx,
			    struct nx_delivery *d, const char *scope);

/*
 * X refused the access token: renew it, once in a delivery.  True: it is new,
 * ask again.  Else `*rc` tells of a renewal that failed.
 */
bool	nx_delivery_renews(struct nx_ctx *ctx, struct nx_delivery *d,
	    enum nx_class class, enum nx_rc *rc);

/*
 * nx_post_finish() for this post, tried for as long as there is time, since X
 * has acted already.  What cannot be saved is logged.
 */
NX_MUST_USE enum nx_rc	nx_delivery_save(struct nx_ctx *ctx,
			    struct nx_delivery *d,
			    const struct nx_post_outcome *what, bool *ours);

/*
 * Leave the rest to the worker, as `event`, with `wait` seconds, has it:
 * nx_post_put_off() for this post.  False, and logged, when that cannot be
 * written down: then it is the worker's when the lease has run out.
 */
bool	nx_delivery_put_off(struct nx_ctx *ctx, struct nx_delivery *d,
	    enum nx_post_event event, int wait);

/* Put an outcome that was saved into the post at hand. */
void	nx_delivery_took(struct nx_stored_post *post,
	    const struct nx_post_outcome *outcome);

/*
 * Seconds until `err` may have passed; -1: it will not, or not in time
 * (nx_trouble_wait()).
 */
int	nx_delivery_wait(const struct nx_delivery *d,
	    const struct nx_err *err);

/* What has become of a part. */
struct nx_happened {
	enum nx_post_event	event;
	size_t			part;
	bool			last;	/* no other is to follow */
	bool			decided;	/* X said no to this post */
	int			wait;	/* seconds, where the step waits */
};

/* What is to be written down then; x_id, error and failed are not filled. */
struct nx_post_outcome	nx_delivery_outcome(const struct nx_delivery *d,
			    const struct nx_happened *what);

/* ctx->err as it is kept with a post; NULL: no memory. */
const struct nx_post_error	*nx_delivery_error(struct nx_ctx *ctx);

#endif
