/* users.h - GET /2/users/me: whose token is this. */
#ifndef NX_X_USERS_H
#define NX_X_USERS_H

#include "nx/x/oauth.h"

/* Texts live in the arena that was given. */
struct nx_x_user {
	const char	*id;		/* decimal digits, 1 to 19 */
	const char	*username;
	const char	*name;		/* NULL: not said */
	const char	*subscription;	/* Premium, ...; NULL: not said */
};

/*
 * `out` is filled only when the verdict is DONE.  When X refuses the question
 * for its fields, it is asked once more without them.
 */
void	nx_users_me(const struct nx_x *x, const char *access_token,
	    struct nx_x_user *out, struct nx_verdict *verdict);

#endif
