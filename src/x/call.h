/* call.h - one question to X, and what its answer means. */
#ifndef NX_SRC_X_CALL_H
#define NX_SRC_X_CALL_H

#include "nx/x/oauth.h"

/* X's endpoints, below TWITTER_API_URL; %s is an id. */
#define NX_X_POSTS	"/2/tweets"
#define NX_X_POST	"/2/tweets/%s"
#define NX_X_TIMELINE	"/2/users/%s/tweets"
#define NX_X_PROFILE	"/2/users/me"
#define NX_X_UPLOAD	"/2/media/upload"
#define NX_X_METADATA	"/2/media/metadata"

/*
 * Ask, unless `ask->url` is NULL since there was no room to write it (`unfit`
 * says so to whoever reads the log), and judge.  The answer's body lives until
 * the handle's next request.
 */
void	nx_x_call(const struct nx_x *x, enum nx_act act,
	    struct nx_http_ask *ask, const char *unfit,
	    struct nx_x_answer *answer, struct nx_verdict *verdict);

/* Count the call, once the verdict on it stands. */
void	nx_x_called(const struct nx_x *x, enum nx_act act,
	    const struct nx_verdict *verdict);

#endif
