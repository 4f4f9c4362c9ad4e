/* session.c - authenticate a request. */

#include "session.h"

#include <strings.h>

#include "nx/base/uuid.h"
#include "sign_in.h"

static enum nx_rc
check_bearer(struct nx_ctx *ctx, struct nx_slice token,
    struct nx_session *out)
{
	enum nx_rc rc = nx_callers_check(ctx->app->callers, token,
	    ctx->deadline, &out->claims, &ctx->err);

	out->is_service = rc == NX_OK &&
	    strcmp(out->claims.role, "service_role") == 0;
	return rc;
}

enum nx_rc
nx_session_check(struct nx_ctx *ctx, const struct nx_request *r,
    struct nx_session *out)
{
	struct nx_slice token = nx_slice_str(r->authorization);
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if (r->authorization != NULL) {
		if (!nx_slice_cut_prefix_nocase(&token, "Bearer "))
			return nx_fail(&ctx->err, NX_UNAUTHENTICATED,
			    "Authorization is not of the Bearer scheme.");
		return check_bearer(ctx, nx_slice_trim(token, " "), out);
	}
	rc = nx_sign_in_token(ctx, r, &token);
	if (rc != NX_OK)
		return rc;
	out->by_cookie = true;
	return check_bearer(ctx, token, out);
}

enum nx_rc
nx_session_same_site(struct nx_ctx *ctx, const struct nx_request *r,
    const struct nx_session *s)
{
	bool same;

	if (!s->by_cookie)
		return NX_OK;
	if (r->origin != NULL)
		same = strcasecmp(r->origin, ctx->app->conf.origin) == 0;
	else
		same = r->fetch_site != NULL &&
		    strcmp(r->fetch_site, "same-origin") == 0;
	return same ? NX_OK : nx_fail(&ctx->err, NX_CROSS_SITE,
	    "Its Origin is not %s.", ctx->app->conf.origin);
}

enum nx_rc
nx_session_own_link(struct nx_ctx *ctx, const struct nx_request *r,
    const struct nx_session *s)
{
	if (!s->by_cookie || r->fetch_site == NULL ||
	    strcmp(r->fetch_site, "same-origin") == 0 ||
	    strcmp(r->fetch_site, "none") == 0)
		return NX_OK;
	return nx_fail(&ctx->err, NX_CROSS_SITE,
	    "A link that is not on %s leads here.", ctx->app->conf.origin);
}

enum nx_rc
nx_session_user(struct nx_ctx *ctx, const struct nx_session *s,
    const char *named, const char **out)
{
	char lower[NX_UUID_LEN + 1];

	*out = s->claims.sub;
	if (named == NULL) {
		if (s->claims.sub[0] != '\0')
			return NX_OK;
		return nx_fail(&ctx->err, NX_INVALID,
		    "user_id must be given: the token names no user.");
	}
	if (!nx_uuid_lower(named, lower))
		return nx_fail_for(&ctx->err, NX_INVALID,
		    NX_WHY_NOT_EXPECTED, NX_S("member", "user_id"),
		    NX_S("expected", "a UUID"));
	if (strcmp(lower, s->claims.sub) == 0)
		return NX_OK;
	if (!s->is_service)
		return nx_fail(&ctx->err, NX_FORBIDDEN,
		    "user_id names somebody else.");
	*out = nx_arena_str(ctx->arena, lower);
	return *out != NULL ? NX_OK :
	    nx_fail(&ctx->err, NX_NO_MEMORY, "while reading");
}
