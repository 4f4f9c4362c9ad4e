/*
 * deliver.h - bring a post whose lease is held to its next resting state:
 * sent, settled or taken back.  Between the use cases and X.
 */
#ifndef NX_SRC_FLOW_PUBLISH_DELIVER_H
#define NX_SRC_FLOW_PUBLISH_DELIVER_H

#include "nx/flow/publish/publish.h"
#include "nx/store/post_claim.h"

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

/*
 * Send from the first part that is not sent.  A create leaves at most once;
 * what may have been carried out leaves the post `unknown`.  NX_OK when
 * something of it is live, may be, or is to follow (`queued`, `partial`);
 * else the error, with the post `failed`.
 */
NX_MUST_USE enum nx_rc	nx_deliver(struct nx_ctx *ctx, struct nx_delivery *d);

/*
 * Find out what became of the part that is `unknown`: read what the account
 * has posted since, adopt the id, or after enough quiet call it not sent.
 * The lease is given back, except where the next part is to follow (`*go_on`).
 * NX_OK as soon as it could be looked up, whatever was found.
 */
NX_MUST_USE enum nx_rc	nx_settle(struct nx_ctx *ctx, struct nx_delivery *d,
			    const struct nx_claimed *claimed, bool *go_on);

/*
 * Delete what is live, newest first, for the post's goal, and give the lease
 * back.  NX_OK when that is done, or is the worker's now; else why it is not:
 * NOT_DELETED and those of nx_refresh().
 */
NX_MUST_USE enum nx_rc	nx_withdraw(struct nx_ctx *ctx,
			    struct nx_delivery *d);

/* What the three share. */

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
 * Leave the rest to the worker, in `wait` seconds: nx_post_put_off() for this
 * post.  False, and logged, when that cannot be written down: then it is the
 * worker's when the lease has run out.
 */
bool	nx_delivery_put_off(struct nx_ctx *ctx, struct nx_delivery *d,
	    enum nx_post_state state, int wait);

/* Put an outcome that was saved into the post at hand. */
void	nx_delivery_took(struct nx_stored_post *post,
	    const struct nx_post_outcome *outcome);

/*
 * Seconds until `err` may have passed; -1: it will not, or not in time.  As
 * long as X says, where it says so; else longer each time.
 */
int	nx_delivery_wait(const struct nx_delivery *d,
	    const struct nx_err *err);

/* Is `rc`, in ctx->err, one more failure in a row?  Not to be held up. */
bool	nx_delivery_failed(const struct nx_ctx *ctx,
	    const struct nx_delivery *d, enum nx_rc rc);

/* Does it say that X has decided? */
bool	nx_delivery_was_decided(const struct nx_post_error *error);

/* ctx->err as it is kept with a post; NULL: no memory. */
const struct nx_post_error	*nx_delivery_error(struct nx_ctx *ctx);

#endif
