/* session.c - authenticate a request. */

#include "nx/web/session.h"

#include <ctype.h>
#include <strings.h>

#include "nx/base/base64.h"
#include "nx/base/json.h"

enum {
	CHUNKS_MAX = 10,
	COOKIE_VALUE_MAX = 32 * 1024,
	REF_MAX = 64,		/* of a Supabase project */
};

static const char prefix[] = "sb-";
static const char suffix[] = "-auth-token";

/* Supabase's cookie, in whole or in chunks, of one project. */
struct jar {
	struct nx_slice	ref;			/* of the first one seen */
	struct nx_slice	whole;
	struct nx_slice	chunks[CHUNKS_MAX];
	bool		twice;			/* a part is there twice */
};

static enum nx_rc
check_token(struct nx_ctx *ctx, struct nx_slice token,
    struct nx_session *out)
{
	enum nx_rc rc = nx_callers_check(ctx->app->callers, token,
	    ctx->deadline, &out->claims, &ctx->err);

	out->is_service = rc == NX_OK &&
	    strcmp(out->claims.role, "service_role") == 0;
	return rc;
}

/* Is it `sb-<ref>-auth-token[.N]`?  `*chunk` is -1 for the whole. */
static bool
is_ours(struct nx_slice name, struct nx_slice *ref, int *chunk)
{
	const size_t pre = sizeof(prefix) - 1, suf = sizeof(suffix) - 1;

	*chunk = -1;
	if (name.n > 2 && name.p[name.n - 2] == '.' &&
	    isdigit((unsigned char)name.p[name.n - 1])) {
		*chunk = name.p[name.n - 1] - '0';
		name.n -= 2;
	}
	if (name.n <= pre + suf || name.n > pre + suf + REF_MAX ||
	    memcmp(name.p, prefix, pre) != 0 ||
	    memcmp(name.p + name.n - suf, suffix, suf) != 0)
		return false;
	*ref = (struct nx_slice){ name.p + pre, name.n - pre - suf };
	return true;
}

/*
 * The cookie of the project `ref`, or of the only one there is when that is
 * empty: a neighbouring site may have set one for its own ends.
 */
static void
collect(const struct nx_request *r, struct nx_slice wanted, struct jar *jar)
{
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value, ref, *to;
	int chunk;

	memset(jar, 0, sizeof(*jar));
	while (nx_request_cookie(r, &at, &name, &value)) {
		if (!is_ours(name, &ref, &chunk) ||
		    (wanted.n > 0 && !nx_slice_eq(wanted, ref)))
			continue;
		if (jar->ref.n == 0)
			jar->ref = ref;
		jar->twice = jar->twice || !nx_slice_eq(jar->ref, ref);
		to = chunk < 0 ? &jar->whole : &jar->chunks[chunk];
		jar->twice = jar->twice || to->p != NULL;
		*to = value;
	}
}

/* `base64-` + base64url of a JSON object with `access_token`. */
static enum nx_rc
token_from(struct nx_ctx *ctx, struct nx_slice value, struct nx_slice *out)
{
	static const char mark[] = "base64-";
	struct nx_buf json = NX_BUF_SECRET(COOKIE_VALUE_MAX);
	struct json_object *obj = NULL;
	enum nx_rc rc = NX_MALFORMED;
	const char *token;

	if (value.n > sizeof(mark) - 1 &&
	    memcmp(value.p, mark, sizeof(mark) - 1) == 0) {
		value.p += sizeof(mark) - 1;
		value.n -= sizeof(mark) - 1;
		rc = nx_base64_decode(value, &json);
	}
	if (rc == NX_OK)
		rc = nx_json_parse(nx_buf_slice(&json), &obj, NULL);
	token = nx_json_str(obj, "access_token");
	if (rc == NX_OK && token != NULL)
		*out = nx_slice_str(nx_arena_str(ctx->arena, token));
	json_object_put(obj);
	nx_buf_free(&json);
	return rc == NX_OK && out->p != NULL ? NX_OK :
	    nx_fail(&ctx->err, NX_UNAUTHENTICATED,
	    "The sign-in cookie cannot be read.");
}

/* What supabase-js calls it: the first label of the project's host. */
static struct nx_slice
project(const struct nx_ctx *ctx)
{
	struct nx_slice url = nx_slice_str(ctx->app->conf.supabase_url);

	(void)nx_slice_cut(&url, '/');
	(void)nx_slice_cut(&url, '/');
	return nx_slice_cut(&url, '.');
}

static enum nx_rc
token_from_cookies(struct nx_ctx *ctx, const struct nx_request *r,
    struct nx_slice *out)
{
	struct nx_buf joined = NX_BUF_SECRET(COOKIE_VALUE_MAX);
	struct jar jar;
	enum nx_rc rc;

	collect(r, project(ctx), &jar);
	if (jar.ref.n == 0)	/* this site's own sign-in has its own name */
		collect(r, NX_SLICE(""), &jar);
	if (jar.ref.n == 0)
		return nx_fail(&ctx->err, NX_UNAUTHENTICATED, "There is"
		    " neither a Bearer token nor a sign-in cookie.");
	if (jar.twice)
		return nx_fail(&ctx->err, NX_UNAUTHENTICATED,
		    "The sign-in cookie is there twice: delete this site's"
		    " cookies and sign in again.");
	if (jar.whole.p != NULL)
		return token_from(ctx, jar.whole, out);
	for (int i = 0; i < CHUNKS_MAX && jar.chunks[i].p != NULL; i++)
		nx_buf_slice_add(&joined, jar.chunks[i]);
	rc = token_from(ctx, nx_buf_slice(&joined), out);
	nx_buf_free(&joined);
	return rc;
}

enum nx_rc
nx_session_check(struct nx_ctx *ctx, const struct nx_request *r,
    struct nx_session *out)
{
	static const char scheme[] = "Bearer ";
	struct nx_slice token = { NULL, 0 };
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if (r->authorization != NULL) {
		if (strncasecmp(r->authorization, scheme,
		    sizeof(scheme) - 1) != 0)
			return nx_fail(&ctx->err, NX_UNAUTHENTICATED,
			    "Authorization is not of the Bearer scheme.");
		token = nx_slice_trim(nx_slice_str(r->authorization +
		    sizeof(scheme) - 1), " ");
		return check_token(ctx, token, out);
	}
	rc = token_from_cookies(ctx, r, &token);
	if (rc != NX_OK)
		return rc;
	out->by_cookie = true;
	return check_token(ctx, token, out);
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
nx_session_user(struct nx_ctx *ctx, const struct nx_session *s,
    const char *named, const char **out)
{
	char *lower;

	*out = s->claims.sub;
	if (named == NULL) {
		if (s->claims.sub[0] != '\0')
			return NX_OK;
		return nx_fail(&ctx->err, NX_INVALID,
		    "user_id must be given: the token names no user.");
	}
	if (!nx_is_uuid(named))
		return nx_fail(&ctx->err, NX_INVALID,
		    "user_id must be a UUID.");
	if (strcasecmp(named, s->claims.sub) == 0)
		return NX_OK;
	if (!s->is_service)
		return nx_fail(&ctx->err, NX_FORBIDDEN,
		    "user_id names somebody else.");
	if ((lower = nx_arena_str(ctx->arena, named)) == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "while reading");
	for (char *c = lower; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	*out = lower;
	return NX_OK;
}
