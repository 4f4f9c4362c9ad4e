/*
 * publish.h - the use case "post a text": parse, compose, reserve, send,
 * write down (docs/design.md).
 */
#ifndef NX_FLOW_PUBLISH_PUBLISH_H
#define NX_FLOW_PUBLISH_PUBLISH_H

#include "nx/flow/app.h"
#include "nx/flow/publish/options.h"
#include "nx/flow/view/answer.h"
#include "nx/store/post.h"
#include "nx/text/compose.h"
#include "nx/text/weigh.h"

struct json_object;

/* What is asked for; absent things are NULL or zero. */
struct nx_publish_ask {
	const char	*user_id;
	const char	*connection_id;
	const char	*key;		/* Idempotency-Key, 1-200 printable */
	struct nx_slice	 text;		/* UTF-8 */
	enum nx_on_long	 on_long;
	struct nx_slice	 link;
	struct nx_options options;
	int64_t		 publish_at;	/* wall clock; 0: at once */
	bool		 numbering;
	bool		 dry_run;
};

/* The words for on_long, by enum nx_on_long, and on_partial; then NULL. */
extern const char *const nx_on_long_words[];
extern const char *const nx_on_partial_words[];

/* The name of the i-th member that a post may have; NULL: there are no more. */
const char	*nx_publish_member(size_t i);

/*
 * Read the body of POST /api/twitter/post (docs/contract.md section 6) into
 * `out`, whose texts then live in the arena.  NOT_JSON, UNKNOWN_MEMBER,
 * INVALID, NOT_OFFERED; ctx->err names the member.
 */
NX_MUST_USE enum nx_rc	nx_publish_parse(struct nx_ctx *ctx,
			    struct nx_slice body, struct nx_publish_ask *out);

/* The same for a body that was parsed already, and stays the caller's. */
NX_MUST_USE enum nx_rc	nx_publish_read(struct nx_ctx *ctx,
			    struct json_object *body,
			    struct nx_publish_ask *out);

/*
 * Publish.  NX_OK with post.state "sent", "dry_run", "queued" (for publish_at,
 * or to go on when X lets it), "unknown", "partial" (a thread that broke;
 * post.error says why), or, for a repeated key, whatever the first one came
 * to.  On an error nothing of it is live.
 */
NX_MUST_USE enum nx_rc	nx_publish(struct nx_ctx *ctx,
			    const struct nx_publish_ask *ask,
			    struct nx_published *out);

#endif
