/*
 * session.h - who is calling (docs/contract.md section 4): a Supabase access
 * token, from the Authorization header or from a browser's cookie (sign_in.h),
 * and what its bearer may ask for.  Any thread; keeps nothing.
 */
#ifndef NX_SRC_WEB_SESSION_H
#define NX_SRC_WEB_SESSION_H

#include "nx/flow/app.h"
#include "request.h"

struct nx_session {
	struct nx_jwt_claims	claims;
	bool			by_cookie;
	bool			is_service;	/* may act for any user */
};

/*
 * UNAUTHENTICATED, COOKIE, TOKEN_EXPIRED, APP_STRANGER or HEADERS (the cookie
 * is too large), with the reason in ctx->err; BUSY while the keys cannot be
 * fetched.
 */
NX_MUST_USE enum nx_rc	nx_session_check(struct nx_ctx *ctx,
			    const struct nx_request *r,
			    struct nx_session *out);

/*
 * A request that changes something and was authenticated by a cookie must
 * come from our own site (Origin, else Sec-Fetch-Site), or it is CROSS_SITE.
 */
NX_MUST_USE enum nx_rc	nx_session_same_site(struct nx_ctx *ctx,
			    const struct nx_request *r,
			    const struct nx_session *s);

/*
 * A link whose following changes what is there, under a cookie, must stand on
 * our own site or be typed in; where the browser tells otherwise (by
 * Sec-Fetch-Site: older ones do not say) it is CROSS_SITE.
 */
NX_MUST_USE enum nx_rc	nx_session_own_link(struct nx_ctx *ctx,
			    const struct nx_request *r,
			    const struct nx_session *s);

/*
 * For whom to act: `named` (or NULL) if the session may, else FORBIDDEN.
 * `*out` is a UUID in lower case, in the arena or in the session.
 */
NX_MUST_USE enum nx_rc	nx_session_user(struct nx_ctx *ctx,
			    const struct nx_session *s, const char *named,
			    const char **out);

#endif
