/*
 * post.h - x_posts and x_parts: what was asked for and what became of it.
 *
 * A post is sent by whoever holds its lease.  Reserving it, going on with it,
 * settling and removing it all begin by taking the lease and end by giving it
 * back with the outcome; a lease that runs out is taken over (post_claim.h).
 * The states are those of post_state.h; at most one part of a post is
 * `sending` or `unknown`.
 */
#ifndef NX_STORE_POST_H
#define NX_STORE_POST_H

#include "nx/base/maxima.h"
#include "nx/base/words.h"
#include "nx/store/connection.h"
#include "nx/store/post_state.h"

/* Longer than the creation of one part and its save can take together. */
enum { NX_POST_LEASE_MS = 60000 };

/* The error that a post or a part has met last, as users may read it. */
struct nx_post_error {
	struct nx_err	 err;
	const char	*request_id;	/* under which it was logged, or NULL */
};

/* Is it that one?  NULL is none. */
static inline bool
nx_post_error_is(const struct nx_post_error *error, enum nx_rc rc)
{
	return error != NULL && error->err.rc == rc;
}

/* What was done to a text, and what it costs: told before it is sent. */
enum { NX_WARNING_ARGS = 4 };
struct nx_post_warning {
	enum nx_warning	 warning;
	struct nx_kv	 args[NX_WARNING_ARGS + 1];
	const char	*sentence;	/* in its place, of an older version;
					 * NULL: none */
};
struct nx_post_warnings {
	const struct nx_post_warning	*all;
	size_t				 n;
};

struct nx_stored_part {
	struct nx_slice	 text;
	int		 weighted_length;
	enum nx_part_state state;
	const char	*post_id;	/* X's, or NULL */
	const struct nx_post_error *error;	/* or NULL */
	int		 attempts;	/* how often it left, or may have */
	bool		 was_lost;	/* once it was `unknown` */
	int64_t		 sent_at;	/* wall clock; 0: not */
};

struct nx_stored_post {
	const char		*id;	/* ours */
	const char		*user_id;
	const char		*connection_id;
	const char		*username;	/* NULL: the connection is
						 * gone */
	enum nx_post_state	 state;
	enum nx_goal		 goal;
	const char		*options;	/* JSON object as text */
	struct nx_post_warnings	 warnings;
	const char		*source;	/* JSON object: what was asked
						 * for, where the parts do not
						 * show it; or NULL.  Only of
						 * nx_post_get() */
	const struct nx_post_error *error;	/* or NULL */
	long			 price;		/* 1/10,000 US dollar */
	int			 tries;		/* failures in a row */
	int64_t			 created_at;	/* wall clock */
	int64_t			 version;	/* another one, with every
						 * change; 0: not known */
	int64_t			 publish_at;	/* 0: at once */
	int64_t			 next_try_at;	/* the worker's; 0: none */
	bool			 is_alone;	/* of nx_post_begin(): its part
						 * may be in its own row */
	bool			 is_repeat;	/* of an idempotency key */
	bool			 same_body;
	bool			 is_stranded;	/* `sending`, but nobody is */
	bool			 is_superseded;	/* failed, and the same was
						 * asked for again since */
	bool			 is_cut_off;	/* its connection is not
						 * connected */
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
	struct nx_post_warnings	 warnings;
	const char		*source;	/* JSON object, or NULL */
	const char		*lease;		/* a fresh UUID: who sends it */
	long			 price;
	int64_t			 publish_at;	/* 0: at once */
	bool			 queues;	/* overtakes nothing that is
						 * queued and due */
	const struct nx_stored_part *parts;	/* text and length */
	size_t			 nparts;
};

/*
 * The first of the two round trips around a post: find the connection and
 * store the post with its parts as `sending` under the lease (or, with
 * publish_at, as `queued` and all parts `waiting`), both or neither.  With
 * `queues` it is `queued` as well, from now on and until the last of them, when
 * posts of its connection are queued and due already.
 *
 * When the key was used before, `stored` is filled (is_repeat true) with the
 * first outcome and nothing is stored; `connection` is then not filled.
 * Otherwise `stored` has three members that tell how it was stored: state,
 * publish_at (0: it is to be sent now) and, when it is `queued`, next_try_at.
 *
 * What is for later takes two steps: it is stored, and, once that is known,
 * accepted.  It is not sent in between, and ends as `failed` where the second
 * never comes: an error of this function then promises the truth.  Where only
 * the second one's answer is lost, that is an error too, and the post may be
 * queued all the same: the same key gives it back.
 * Errors as nx_connection_pick().
 */
NX_MUST_USE enum nx_rc	nx_post_begin(const struct nx_store_ask *ask,
			    const struct nx_new_post *post,
			    struct nx_connection *connection,
			    struct nx_stored_post *stored,
			    struct nx_err *err);

/* The post that has used the key, as `stored` above; is_repeat tells. */
NX_MUST_USE enum nx_rc	nx_post_repeat(const struct nx_store_ask *ask,
			    const char *user_id, const char *key,
			    const char *body_hash,
			    struct nx_stored_post *out, struct nx_err *err);

/*
 * The second: the outcome of part `position`, and the states that follow.
 * While the post stays `sending` the lease is renewed, and after a part that
 * was sent the next one becomes `sending`; with `keeps_lease` the lease is
 * renewed whatever the state; otherwise it is given back.
 *
 * `*ours` is false when the lease has gone to somebody else: then only what
 * cannot be disputed is written, namely that a part was sent (its post then
 * becomes `sent`, or `partial` and due at once, unless somebody is at it), and
 * the caller must stop.  A part that was sent stays so until it is deleted.
 * It is false as well when the post should stay `sending` and its owner has
 * wanted it gone meanwhile: no part follows, it is `partial` and due at once.
 *
 * What is queued behind one that is put off as `queued` waits with it.
 * Safe to repeat.  NOT_FOUND: the user has no such post.  OUTCOME_UNKNOWN: X's
 * id is that of another part of the user, so it cannot be this one's; nothing
 * was written.
 */
struct nx_post_outcome {
	const char	*id, *user_id, *lease;
	int		 position;
	enum nx_part_state part_state;
	enum nx_post_state post_state;
	const char	*x_id;		/* NULL: keep what is there */
	const struct nx_post_error *error;	/* or NULL */
	enum nx_goal	 goal;
	int		 next_try;	/* seconds from now; -1: never */
	bool		 failed;	/* one more failure in a row */
	bool		 keeps_lease;	/* more is to follow */
	bool		 release_key;	/* nothing is live: it may be reused,
					 * until the post is resumed */
	bool		 is_alone;	/* as nx_post_begin() has said; true
					 * is never wrong, only slower */
	bool		 in_line;	/* it was queued: others may follow */
	bool		 is_news;	/* a success that the connection has
					 * not noted within the minute */
};
NX_MUST_USE enum nx_rc	nx_post_finish(const struct nx_store_ask *ask,
			    const struct nx_post_outcome *outcome,
			    bool *ours, struct nx_err *err);

/*
 * X refused part `position` because it has its text already.  Whatever other
 * post of the connection may be what X has, namely one whose part with the
 * same text is `unknown`, or failed after it was lost, becomes `unknown` and
 * due at once, with this part's error.
 */
NX_MUST_USE enum nx_rc	nx_post_seen(const struct nx_store_ask *ask,
			    const struct nx_stored_post *post,
			    size_t position, struct nx_err *err);

/* One post of a user.  POST_UNKNOWN. */
NX_MUST_USE enum nx_rc	nx_post_get(const struct nx_store_ask *ask,
			    const char *user_id, const char *id,
			    struct nx_stored_post *out, struct nx_err *err);

/*
 * A page of a user's posts with all their parts: newest first, or, of what is
 * queued, soonest first.  It goes on behind post `before` (NULL: begins), and
 * ends early when texts are long.  POST_UNKNOWN: `before` is not one of the
 * user's.
 */
struct nx_post_query {
	const char	*user_id;
	const char	*before;
	const char	*connection_id;		/* NULL: all */
	bool		 upcoming;		/* by time, what is queued */
	int		 limit;
};
struct nx_post_page {
	struct nx_stored_post	*posts;
	size_t			 n;
	bool			 more;	/* others follow */
};
NX_MUST_USE enum nx_rc	nx_post_list(const struct nx_store_ask *ask,
			    const struct nx_post_query *query,
			    struct nx_post_page *out, struct nx_err *err);

/*
 * Its statements, for the test that explains them: by view (history, upcoming)
 * and whether of one connection.
 */
extern const char *const nx_post_pages[2][2];

/*
 * Fill in how many posts are queued for each of a user's connections; they are
 * counted as far as NX_QUEUED_MAX.
 */
enum { NX_QUEUED_MAX = 1000 };
NX_MUST_USE enum nx_rc	nx_post_count_queued(const struct nx_store_ask *ask,
			    struct nx_connection *list, size_t n,
			    struct nx_err *err);

#endif
