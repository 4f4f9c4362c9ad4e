/*
 * x_small.h - a small X: one account, what it has granted and what it has
 * posted, on the server of x_server.h.
 *
 * As at X a code works once, a refresh token works once, a login ends the
 * older pair of the same account, and a create is carried out at once.
 */
#ifndef NX_TESTS_X_SMALL_H
#define NX_TESTS_X_SMALL_H

#include <stdbool.h>

#include "x_server.h"

enum { XSM_GRANTS = 16, XSM_POSTS = 8 };

struct xsm_grant {
	char	access[40], refresh[40];
	bool	access_lives, refresh_lives;
};

struct xsm {
	const char		*user_id;	/* decimal */
	char			 code[40];	/* "" once it is spent */
	struct xsm_grant	 grants[XSM_GRANTS];
	int			 ngrants;
	char			 posts[XSM_POSTS][300];
	int			 nposts;
	int			 refused;	/* tokens that do not work */
};

/* The handler for xs_handle(); `ctx` is a struct xsm. */
void	xsm_answer(void *ctx, const struct xs_seen *request,
	    struct xs_reply *out);

/* A pair, as if granted to `access` and `refresh` before. */
void	xsm_grant(struct xsm *x, const char *access, const char *refresh);

/* The refresh token that works; NULL: there is none. */
const char	*xsm_living(const struct xsm *x);

/* X's id of its post `i`. */
void	xsm_post_id(int i, char out[24]);

#endif
