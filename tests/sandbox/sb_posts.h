/*
 * sb_posts.h - the posts and their authors' timelines.  Any thread.
 */
#ifndef SB_POSTS_H
#define SB_POSTS_H

#include <json.h>
#include <stdbool.h>
#include <stdint.h>

#include "sb_crypto.h"
#include "sb_fields.h"
#include "sb_grants.h"
#include "sb_show.h"

struct sb_new_post {
	uint64_t	 id;		/* from sb_posts_next_id() */
	const struct sb_account *author;
	const char	*text;		/* as sent */
	struct sb_shown	*shown;		/* taken over in any case */
	const char	*digest;	/* SHA-256 of the text, hexadecimal */
	const char	*reply_settings;	/* "everyone" by default */
	const char	*poll;		/* JSON, NULL for none */
	const char	*media_ids;	/* JSON, NULL for none */
	uint64_t	 reply_to;	/* 0 for none */
	uint64_t	 quoted;	/* 0 for none */
	bool		 made_with_ai;
	bool		 paid_partnership;
	bool		 enterprise;	/* what self-serve may not, this may */
	int64_t		 reply_lag;	/* ms until one can be replied to */
	int64_t		 now;		/* ms */
};

enum sb_post_rc {
	SB_POSTED,
	SB_DUPLICATE,		/* same text, same author, alive, < 24 h */
	SB_REPLY_GONE,
	SB_REPLY_FORBIDDEN,	/* neither own nor mentioned in it */
	SB_QUOTE_GONE,
	SB_QUOTE_FORBIDDEN,	/* by self-serve apps always */
	SB_NO_POST,
	SB_NOT_OWN
};

struct sb_page {			/* which part of a timeline */
	int		 max_results;
	uint64_t	 since_id;	/* newer than; 0: all */
	uint64_t	 until_id;	/* older than; 0: all */
	int64_t		 start, end;	/* ms, [start, end); 0: all */
	bool		 no_replies;
	int64_t		 newest;	/* ms, nothing younger is shown */
};

struct sb_listing {			/* which posts a test wants to see */
	const char	*author;	/* handle, NULL for all */
	bool		 deleted;	/* these, too */
};

struct sb_posts;

struct sb_posts	*sb_posts_new(void);
void	 sb_posts_free(struct sb_posts *p);
void	 sb_posts_reset(struct sb_posts *p);

/* 19 digits, like X's, and greater than every one before. */
uint64_t sb_posts_next_id(struct sb_posts *p, int64_t now);
/* Reads 1 to 19 digits; 0 if it is anything else. */
uint64_t sb_post_id(const char *text);

enum sb_post_rc sb_posts_add(struct sb_posts *p,
	    const struct sb_new_post *post);
enum sb_post_rc sb_posts_delete(struct sb_posts *p, uint64_t id,
	    const char *author_id);
/* The post as X shows it, the caller's object; NULL when not alive. */
struct json_object *sb_posts_get(struct sb_posts *p, uint64_t id,
	    const struct sb_fields *fields);
/*
 * The author's posts, newest first, the caller's array.  *more is the id to
 * go on before, 0 at the end.
 */
struct json_object *sb_posts_timeline(struct sb_posts *p,
	    const char *author_id, const struct sb_page *page,
	    const struct sb_fields *fields, uint64_t *more);
/* As if the author had made them so much earlier. */
void	 sb_posts_age(struct sb_posts *p, const char *handle, int64_t ms);
/* The posts as they were sent, oldest first, the caller's array. */
struct json_object *sb_posts_json(struct sb_posts *p,
	    const struct sb_listing *which);

#endif
