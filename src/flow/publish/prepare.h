/* prepare.h - what a post needs before it can be stored, anew or changed. */
#ifndef NX_SRC_FLOW_PUBLISH_PREPARE_H
#define NX_SRC_FLOW_PUBLISH_PREPARE_H

#include "nx/flow/publish/publish.h"
#include "nx/seal/digest.h"

/*
 * Check what is asked for and divide the text: parts, price, warnings,
 * options, source and publish_at of `post`.  Errors as nx_publish().
 */
NX_MUST_USE enum nx_rc	nx_publish_prepare(struct nx_ctx *ctx,
			    const struct nx_publish_ask *ask,
			    struct nx_stored_post *post);

/*
 * What a body asks for, as one hash: the same key must mean the same post.
 * NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_publish_hash(struct nx_ctx *ctx,
			    const struct nx_publish_ask *ask,
			    const char *options,
			    char out[NX_SHA256_HEX + 1]);

#endif
