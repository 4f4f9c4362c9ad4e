/* posts.h - create and delete posts (POST and DELETE /2/tweets). */
#ifndef NX_X_POSTS_H
#define NX_X_POSTS_H

#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/x/oauth.h"

enum { NX_POLL_MIN = 2 };

struct nx_poll {
	const char	*options[NX_POLL_MAX];
	int		 n;			/* 0: no poll */
	int		 minutes;
};

/* What a post may be marked as: true or absent, by the name X has for it. */
#define NX_X_MARKS(X) \
	X(made_with_ai) \
	X(paid_partnership)

#define NX_X_MARK_FIELD(name)	bool name;
struct nx_x_marks {
	NX_X_MARKS(NX_X_MARK_FIELD)
};

/* Absent things are NULL or zero. */
struct nx_x_post {
	struct nx_slice	 text;
	const char	*reply_to;		/* X's post id */
	const char	*quote;			/* X's post id */
	const char	*reply_settings;	/* NULL: everyone */
	struct nx_poll	 poll;
	struct nx_x_marks marks;
};

/* X's answer to a create.  Texts live in the arena that was given. */
struct nx_x_posted {
	const char		*id;	/* decimal digits, 1 to 19 */
	struct nx_windows	 windows;	/* also when not DONE */
};

/* The member `poll` as X takes it; nothing when there is none. */
void	nx_poll_write(struct nx_jw *w, const struct nx_poll *poll);

/* A member, true, for each mark that is set. */
void	nx_x_marks_write(struct nx_jw *w, const struct nx_x_marks *marks);

/* Leaves at most once; a 2xx without a usable id is UNKNOWN. */
void	nx_x_post_create(const struct nx_x *x, const char *access_token,
	    const struct nx_x_post *post, struct nx_x_posted *out,
	    struct nx_verdict *verdict);

/* A post that is gone already is DONE. */
void	nx_x_post_delete(const struct nx_x *x, const char *access_token,
	    const char *id, struct nx_verdict *verdict);

/* Does X say for sure that there is no such post?  Any trouble is a no. */
bool	nx_x_post_is_gone(const struct nx_x *x, const char *access_token,
	    const char *id);

#endif
