/*
 * sb_limits.h - X's rate-limit windows: for each endpoint and user 15 minutes
 * (or what a test sets), and for creating posts 24 hours for each user and
 * for the app.  Always counted; refused only where the caller says so.  Any
 * thread.
 */
#ifndef SB_LIMITS_H
#define SB_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* The endpoints that have a row of their own in X's table. */
enum sb_endpoint {
	SB_NO_ENDPOINT,
	SB_CREATE_POST,
	SB_DELETE_POST,
	SB_GET_POSTS,
	SB_GET_POST,
	SB_GET_TIMELINE,
	SB_GET_ME,
	SB_UPLOAD,
	SB_SEGMENT,
	SB_UPLOAD_STATUS,
	SB_METADATA,
	SB_ENDPOINT_SIZE
};

struct sb_window {
	long	limit;
	long	remaining;
	int64_t	reset;			/* epoch seconds */
};

struct sb_allowance {
	struct sb_window quarter;	/* 15 minutes, endpoint and user */
	bool		 daily;		/* the next two are there */
	struct sb_window user_day;
	struct sb_window app_day;
	bool		 refused;	/* one was used up; nothing was taken */
};

struct sb_limit_rules {
	bool	enforce;		/* else too large to be met */
	long	create_limit;		/* posts of a user in a window */
	int64_t	window;			/* seconds, in place of 15 minutes */
};

struct sb_limits;

struct sb_limits *sb_limits_new(void);
void	sb_limits_free(struct sb_limits *l);
void	sb_limits_reset(struct sb_limits *l);
/* Take one request of the user from the endpoint's windows. */
void	sb_limits_take(struct sb_limits *l, enum sb_endpoint endpoint,
	    const char *user, const struct sb_limit_rules *rules,
	    struct sb_allowance *out);

#endif
