/*
 * post_change.h - put other words, another time or another account into a post
 * that is queued.
 */
#ifndef NX_STORE_POST_CHANGE_H
#define NX_STORE_POST_CHANGE_H

#include "nx/store/post.h"

/* What it is to be from now on; its key stays. */
struct nx_post_change {
	const char	*id, *user_id;
	int64_t		 version;	/* of what it was made from */
	const char	*connection_id;
	const char	*old_connection_id;	/* may be the same */
	const char	*body_hash;	/* SHA-256 in hex */
	const char	*options;	/* JSON object as text */
	struct nx_post_warnings warnings;
	const char	*source;	/* JSON object, or NULL */
	const char	*lease;		/* a fresh UUID: whose change it is */
	long		 price;
	int64_t		 publish_at;	/* wall clock; 0: now */
	bool		 keeps_place;	/* time and next try stay */
	const struct nx_stored_part *parts;	/* text and length */
	size_t		 nparts;
};

/* Is it queued, with nothing of it live or under way? */
bool	nx_post_waits(const struct nx_stored_post *post);

/*
 * Change it, all or nothing, if it still waits and is of that version, and
 * the connection is its user's; `*changed` tells.  `out` is the post as it is
 * then.  What is known of a part whose text stays is kept.  POST_UNKNOWN.
 */
NX_MUST_USE enum nx_rc	nx_post_change(const struct nx_store_ask *ask,
			    const struct nx_post_change *change,
			    struct nx_stored_post *out, bool *changed,
			    struct nx_err *err);

#endif
