/*
 * sign_in.h - the access token in Supabase's own browser cookie, in each form
 * that Supabase's clients have written it: base64url or percent-encoded JSON,
 * an object or an array, whole or in chunks.  It has the project's name or
 * that of the dashboard's sign-in.  Where there are two of one name, or one of
 * each, this refuses: one of them may be a stranger's.
 * nginx/dashboard/cookie.js reads the same.  Any thread; keeps nothing.
 */
#ifndef NX_SRC_WEB_SIGN_IN_H
#define NX_SRC_WEB_SIGN_IN_H

#include "nx/flow/app.h"
#include "request.h"

/*
 * `*out` is in the arena, and not checked yet.  UNAUTHENTICATED where there is
 * no such cookie; COOKIE, HEADERS (it is too large), NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_sign_in_token(struct nx_ctx *ctx,
			    const struct nx_request *r, struct nx_slice *out);

#endif
