/*
 * post.h - x_posts and x_parts: what was asked for and what became of it.
 */
#ifndef NX_STORE_POST_H
#define NX_STORE_POST_H

#include "nx/store/connection.h"

struct nx_stored_part {
	struct nx_slice	 text;
	int		 weighted_length;
	const char	*state;		/* sending, sent, failed, unknown */
	const char	*post_id;	/* X's, or NULL */
};

struct nx_stored_post {
	const char		*id;	/* ours */
	const char		*connection_id;
	const char		*username;
	const char		*state;
	const char		*warnings;	/* JSON array as text */
	const char		*error;		/* JSON object, or NULL */
	long			 price;		/* 1/10,000 US dollar */
	bool			 is_repeat;	/* of an idempotency key */
	bool			 same_body;
	bool			 is_stranded;	/* `sending`, but nobody is */
	struct nx_stored_part	*parts;
	size_t			 nparts;
};

struct nx_new_post {
	const char		*id;		/* a fresh UUID */
	const char		*user_id;
	const char		*connection_id;	/* NULL: the only one */
	const char		*key;		/* Idempotency-Key, or NULL */
	const char		*body_hash;	/* SHA-256 in hex */
	const char		*options;	/* JSON object as text */
	const char		*warnings;	/* JSON array as text */
	long			 price;
	const struct nx_stored_part *parts;
	size_t			 nparts;
};

/*
 * The first of the two round trips around a post: find the connection and
 * store the post with its parts as `sending`, both or neither.
 * When the key was used before, `repeat` is filled (is_repeat true) with the
 * first outcome and nothing is stored; `connection` is then not filled.
 * Errors as nx_connection_pick().
 */
NX_MUST_USE enum nx_rc	nx_post_begin(const struct nx_store_ask *ask,
			    const struct nx_new_post *post,
			    struct nx_connection *connection,
			    struct nx_stored_post *repeat,
			    struct nx_err *err);

/*
 * The second: the outcome of part `position`.  `state` of the part and of the
 * post; `x_id` may be NULL.  `error` is a JSON object as text, or NULL.
 * `release_key`: nothing reached X, so the key may be used again.  A part
 * that was sent stays so.  NOT_FOUND: the user has no such post.
 */
struct nx_post_outcome {
	const char	*id, *user_id;
	int		 position;
	const char	*part_state, *post_state;
	const char	*x_id;
	const char	*error;
	bool		 release_key;
};
NX_MUST_USE enum nx_rc	nx_post_finish(const struct nx_store_ask *ask,
			    const struct nx_post_outcome *outcome,
			    struct nx_err *err);

#endif
