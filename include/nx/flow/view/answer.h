/*
 * answer.h - the JSON shapes of the contract, the same for web and command
 * line.  Pure: appends to `out`, whose sticky flag tells of overflow.
 */
#ifndef NX_FLOW_VIEW_ANSWER_H
#define NX_FLOW_VIEW_ANSWER_H

#include "nx/base/conf.h"
#include "nx/base/json.h"
#include "nx/store/post.h"
#include "nx/text/compose.h"
#include "nx/x/window.h"

/* A post and what became of it.  Lives in whoever's arena made it. */
struct nx_published {
	struct nx_stored_post	 post;
	struct nx_windows	 limits;
	bool			 unrecorded;	/* X has it, our row does not */
	bool			 in_full;	/* post.source is known */
};

/* problem+json (RFC 9457) of an error. */
void	nx_answer_problem(const struct nx_err *err, const char *request_id,
	    struct nx_buf *out);

/*
 * The same, left open for further members and the last bracket; `key` as
 * nx_jw_open() has it.
 */
void	nx_answer_problem_open(struct nx_jw *w, const char *key,
	    const struct nx_err *err, const char *request_id);

/*
 * One connection, or `{"connections": [...], "pending": n}` with how many posts
 * are queued for each, where n more may appear by themselves; never a token.
 */
void	nx_answer_connection(const struct nx_conf *conf,
	    struct nx_arena *arena, const struct nx_connection *c,
	    struct nx_buf *out);
void	nx_answer_connections(const struct nx_conf *conf,
	    struct nx_arena *arena, const struct nx_connection *list,
	    size_t n, int pending, struct nx_buf *out);

/* What one post of its account may count, weighted. */
int	nx_answer_limit(const struct nx_connection *c);

/* One post; the same shape whoever asks, in whatever state it is. */
void	nx_answer_post(const struct nx_published *p, struct nx_buf *out);

/* The body that asks for this post, as `request` of an answer has it. */
void	nx_answer_request(const struct nx_stored_post *post,
	    struct nx_buf *out);

/* Its entity tag, with the quotes; "" where its version is not known. */
enum { NX_ETAG_MAX = 24 };
void	nx_answer_etag(const struct nx_stored_post *post,
	    char out[NX_ETAG_MAX]);

/*
 * `{"posts": [...], "next": id or null}`.  A page of very long posts ends
 * early; `next` then names the last one that is in it.
 */
void	nx_answer_posts(const struct nx_post_page *page, struct nx_buf *out);

/* The state it is shown in: `unknown` once whoever was sending it is gone. */
enum nx_post_state	nx_shown_state(const struct nx_stored_post *post);

/* When an open post is due next, wall clock; 0: nobody knows. */
int64_t		 nx_shown_due(const struct nx_stored_post *post);

/*
 * What was done to a text and what it costs, in the arena, whose flag tells
 * where memory lacks.
 */
struct nx_post_warnings	nx_answer_warnings(struct nx_arena *arena,
			    const struct nx_composed *made);

#endif
