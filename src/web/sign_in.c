/* sign_in.c - read Supabase's browser cookie. */

#include "sign_in.h"

#include <ctype.h>

#include "nx/base/base64.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/url.h"

enum {
	CHUNK_DIGITS = 3,	/* of a chunk's number, at the most */
};

static const char prefix[] = "sb-";
static const char suffix[] = "-auth-token";

/* Supabase's cookie, in whole or in chunks, of one project. */
struct parts {
	struct nx_slice	ref;			/* of the first one seen */
	struct nx_slice	whole;
	struct nx_slice	chunks[NX_COOKIE_CHUNKS_MAX];
	bool		chunked;		/* there are chunks */
	bool		twice;			/* a part is there twice */
};

/* Cut `.N` off the name, as supabase-js writes it: no leading zeros. */
static int
cut_chunk(struct nx_slice *name)
{
	size_t digits = 0;
	int n = 0;

	while (digits <= CHUNK_DIGITS && digits < name->n &&
	    isdigit((unsigned char)name->p[name->n - digits - 1]))
		digits++;
	if (digits == 0 || digits > CHUNK_DIGITS || name->n == digits ||
	    name->p[name->n - digits - 1] != '.' ||
	    (digits > 1 && name->p[name->n - digits] == '0'))
		return -1;
	for (size_t i = name->n - digits; i < name->n; i++)
		n = n * 10 + name->p[i] - '0';
	name->n -= digits + 1;
	return n;
}

/* Is it `sb-<ref>-auth-token[.N]`?  `*chunk` is -1 for the whole. */
static bool
is_sign_in(struct nx_slice name, struct nx_slice *ref, int *chunk)
{
	const size_t pre = sizeof(prefix) - 1, suf = sizeof(suffix) - 1;

	*chunk = cut_chunk(&name);
	if (name.n <= pre + suf || name.n > pre + suf + NX_PROJECT_REF_MAX ||
	    !nx_slice_starts(name, prefix) || !nx_slice_ends(name, suffix))
		return false;
	*ref = (struct nx_slice){ name.p + pre, name.n - pre - suf };
	return true;
}

static void
keep_part(struct parts *parts, int chunk, struct nx_slice value)
{
	struct nx_slice *to = &parts->whole;

	parts->chunked = parts->chunked || chunk >= 0;
	if (chunk >= NX_COOKIE_CHUNKS_MAX)
		return;			/* no list gets that far */
	if (chunk >= 0)
		to = &parts->chunks[chunk];
	parts->twice = parts->twice || to->p != NULL;
	*to = value;
}

/*
 * The project's own clients name it after `wanted` (a URL may have capitals),
 * the dashboard's sign-in does not know the project.
 */
static bool
is_wanted(struct nx_slice ref, struct nx_slice wanted)
{
	return wanted.n == 0 || nx_slice_is(ref, "nexus") ||
	    nx_slice_eq_nocase(wanted, ref);
}

/*
 * The cookie of the project `wanted` or of the dashboard, or the only one
 * there is when `wanted` is empty: a neighbouring site may have set one for
 * its own ends.  Of two names that are both ours one may be a neighbour's.
 * An empty cookie is none, as it is for Supabase's own clients, which clear
 * so.
 */
static void
collect_parts(const struct nx_request *r, struct nx_slice wanted,
    struct parts *parts)
{
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value, ref;
	int chunk;

	memset(parts, 0, sizeof(*parts));
	while (nx_request_cookie(r, &at, &name, &value)) {
		if (value.n == 0 || !is_sign_in(name, &ref, &chunk) ||
		    !is_wanted(ref, wanted))
			continue;
		if (parts->ref.n == 0)
			parts->ref = ref;
		parts->twice = parts->twice || !nx_slice_eq(parts->ref, ref);
		keep_part(parts, chunk, value);
	}
}

/*
 * The cookie's JSON: `base64-` and its base64url, or (cookieEncoding "raw",
 * and everybody before @supabase/ssr 0.5) percent-encoded.
 */
static enum nx_rc
decode_cookie(struct nx_slice value, struct nx_buf *json)
{
	return nx_slice_cut_prefix(&value, "base64-") ?
	    nx_base64_decode(value, json) : nx_url_decode(value, json);
}

/* A session has a member; the old auth-helpers wrote [access, refresh, ...] */
static const char *
token_from_json(struct nx_slice json, struct json_object **tree)
{
	struct json_object *first;

	if (json.n == 0 || json.p[0] != '[')
		return nx_json_parse(json, tree, NULL) != NX_OK ? NULL :
		    nx_json_str(*tree, "access_token");
	if (nx_json_parse_array(json, tree, NULL) != NX_OK)
		return NULL;
	first = json_object_array_get_idx(*tree, 0);
	return json_object_is_type(first, json_type_string) ?
	    json_object_get_string(first) : NULL;
}

static enum nx_rc
token_from_cookie(struct nx_ctx *ctx, struct nx_slice value,
    struct nx_slice *out)
{
	struct nx_buf json = NX_BUF_SECRET(NX_COOKIES_MAX);
	struct json_object *tree = NULL;
	const char *token = NULL;
	/* What is decoded is no longer: then only the cookie can be wrong. */
	const bool room = nx_buf_reserve(&json, value.n < json.max ? value.n :
	    json.max);

	if (room && decode_cookie(value, &json) == NX_OK)
		token = token_from_json(nx_buf_slice(&json), &tree);
	*out = nx_slice_str(nx_arena_str(ctx->arena, token));
	nx_json_wipe(tree);
	nx_buf_free(&json);
	if (!room || !nx_arena_ok(ctx->arena))
		return nx_fail(&ctx->err, NX_NO_MEMORY, "while reading who"
		    " is signed in");
	return out->p != NULL ? NX_OK : nx_fail(&ctx->err, NX_COOKIE,
	    "It cannot be read: part of it is missing, or left over from"
	    " an older one.");
}

/* What supabase-js calls it: the first label of the project's host name. */
static struct nx_slice
project_ref(const struct nx_ctx *ctx)
{
	struct nx_slice host = nx_url_host(
	    nx_slice_str(ctx->app->conf.supabase_url));

	return nx_slice_cut(&host, '.');
}

enum nx_rc
nx_sign_in_token(struct nx_ctx *ctx, const struct nx_request *r,
    struct nx_slice *out)
{
	struct nx_buf joined = NX_BUF_SECRET(NX_COOKIES_MAX);
	struct parts parts;
	enum nx_rc rc;

	collect_parts(r, project_ref(ctx), &parts);
	if (parts.ref.n == 0)	/* browsers may know it by another host */
		collect_parts(r, NX_SLICE(""), &parts);
	if (parts.ref.n == 0)
		return nx_fail(&ctx->err, NX_UNAUTHENTICATED, "There is"
		    " neither a Bearer token nor a sign-in cookie.");
	/* A neighbour's site can add one, but not take ours away. */
	if (parts.twice || (parts.whole.p != NULL && parts.chunked))
		return nx_fail(&ctx->err, NX_COOKIE, "It is there twice.");
	if (parts.whole.p != NULL)
		return token_from_cookie(ctx, parts.whole, out);
	for (int i = 0; i < NX_COOKIE_CHUNKS_MAX &&
	    parts.chunks[i].p != NULL; i++)
		nx_buf_slice_add(&joined, parts.chunks[i]);
	rc = nx_buf_ok(&joined) ?
	    token_from_cookie(ctx, nx_buf_slice(&joined), out) :
	    nx_fail(&ctx->err, NX_HEADERS, "The sign-in cookie has more than"
	    " %d bytes.", NX_COOKIES_MAX);
	nx_buf_free(&joined);
	return rc;
}
