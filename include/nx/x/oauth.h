/*
 * oauth.h - authorize URL, token and revocation endpoints of X
 * (RFC 6749, RFC 7636; X's documentation: authorization-code,
 * user-access-token).  Public clients send client_id in the body,
 * confidential ones HTTP Basic.
 */
#ifndef NX_X_OAUTH_H
#define NX_X_OAUTH_H

#include "nx/base/arena.h"
#include "nx/base/conf.h"
#include "nx/base/maxima.h"
#include "nx/base/stats.h"
#include "nx/x/endpoint.h"

/*
 * What X hands out.  Texts live in the arena that was given.  `strays` are
 * the tokens of a 2xx that is not understood, such as one that names two
 * access tokens: nobody can use them, and X is to be told so.
 */
struct nx_grant {
	const char	*access_token;
	const char	*refresh_token;	/* NULL: X gave none */
	const char	*scopes;	/* space-separated; NULL: not said */
	int64_t		 expires_at;	/* of the access token, wall clock */
	struct nx_stray {
		const char	*token;
		bool		 refreshes;	/* a refresh token */
	} strays[NX_STRAYS_MAX];
	size_t		 nstrays;
};

/* How a call is made: handle, configuration, time and memory. */
struct nx_x {
	struct nx_http		*http;
	const struct nx_conf	*conf;
	struct nx_arena		*arena;
	struct nx_endpoints	*endpoints;	/* NULL: none known */
	struct nx_stats		*stats;		/* or NULL */
	int64_t			 deadline;	/* nx_clock_mono() ms */
	int			 patient_ms;	/* of what spends (http.h) */
};

/* Append the URL to send the browser to.  Pure. */
void	nx_oauth_authorize_url(const struct nx_conf *conf,
	    const char *client_id, const char *scopes, const char *state,
	    const char *challenge, struct nx_buf *out);

/*
 * Spend a code or a refresh token.  `out` is filled only when the verdict is
 * DONE, its `strays` only when it is UNKNOWN.  Optional members that are odd
 * void no grant: they count as absent.  The request leaves at most once:
 * UNKNOWN means that X may have spent the code or token.
 */
void	nx_oauth_exchange(const struct nx_x *x, const char *code,
	    const char *verifier, struct nx_grant *out,
	    struct nx_verdict *verdict);
void	nx_oauth_refresh(const struct nx_x *x, const char *refresh_token,
	    struct nx_grant *out, struct nx_verdict *verdict);

/* Any 2xx is DONE.  `hint`: access_token or refresh_token. */
void	nx_oauth_revoke(const struct nx_x *x, const char *token,
	    const char *hint, struct nx_verdict *verdict);

#endif
