/*
 * connect.c - connect an X account.
 *
 * A code lives for 30 seconds, works once, and X hands the grant out once.
 * So: everything that can be checked is checked before the code is spent;
 * the attempt is claimed in the database first, which also proves that there
 * is one; and what X has granted is saved, or kept aside, before anything
 * else is said.
 */

#include "nx/flow/connect.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <strings.h>

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/url.h"
#include "nx/flow/connections.h"
#include "nx/flow/disconnect.h"
#include "nx/flow/keep.h"
#include "nx/flow/scopes.h"
#include "nx/seal/digest.h"
#include "nx/seal/seal.h"
#include "nx/store/login.h"
#include "nx/x/users.h"

enum {
	STATE_MAX = 500, CODE_MAX = 2048,
	X_TRIES = 3, X_PAUSE_MS = 400,
	WAIT_MS = 150,			/* between looks at another's claim */
	URL_MAX = 3000,
};

/*
 * A flow's lines, sealed: version, expiry, state, verifier, user, connection,
 * 1 to replace it, scopes, return.  Absent things are empty.  Version 1 had no
 * connection, no replace and no scopes; one that is under way still opens.
 */
static const char flow_version[] = "2", flow_version_1[] = "1";

struct flow {
	int64_t		 expires;
	const char	*state, *verifier, *user_id, *return_to;
	const char	*connection_id, *scopes;	/* NULL: none named */
	bool		 replace;
	int64_t		 claimed_at;	/* not sealed: when it came back */
};

static const char *
or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

static enum nx_rc
seal_flow(const struct nx_keyring *ring, const struct flow *flow,
    struct nx_buf *out, struct nx_err *err)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_FLOW_MAX);
	const char *lines[] = { flow->state, flow->verifier, flow->user_id,
	    or_empty(flow->connection_id), flow->replace ? "1" : "",
	    or_empty(flow->scopes), flow->return_to };
	enum nx_rc rc;

	nx_buf_addf(&plain, "%s\n%lld", flow_version,
	    (long long)flow->expires);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		nx_buf_addc(&plain, '\n');
		nx_buf_adds(&plain, lines[i]);
	}
	if (!nx_buf_ok(&plain))
		rc = NX_NO_MEMORY;
	else
		rc = nx_seal(ring, NX_PURPOSE_FLOW, NX_SLICE(""),
		    nx_buf_slice(&plain), out);
	nx_buf_free(&plain);
	return rc == NX_OK ? NX_OK :
	    nx_fail(err, rc, "The attempt could not be sealed.");
}

/* The next line, in the arena; NULL for an empty one. */
static const char *
line(struct nx_arena *arena, struct nx_slice *rest)
{
	struct nx_slice one = nx_slice_cut(rest, '\n');

	return one.n == 0 ? NULL : nx_arena_slice(arena, one);
}

static enum nx_rc
read_flow(struct nx_slice rest, struct nx_arena *arena, struct flow *out)
{
	struct nx_slice version = nx_slice_cut(&rest, '\n');
	const char *expires;

	if (!nx_slice_is(version, flow_version) &&
	    !nx_slice_is(version, flow_version_1))
		return NX_MALFORMED;
	expires = line(arena, &rest);
	out->state = line(arena, &rest);
	out->verifier = line(arena, &rest);
	out->user_id = line(arena, &rest);
	if (nx_slice_is(version, flow_version)) {
		out->connection_id = line(arena, &rest);
		out->replace = line(arena, &rest) != NULL;
		out->scopes = line(arena, &rest);
	}
	out->return_to = nx_arena_slice(arena, rest);
	if (!nx_arena_ok(arena))
		return NX_NO_MEMORY;
	if (expires == NULL || out->state == NULL || out->verifier == NULL ||
	    out->user_id == NULL || out->return_to == NULL)
		return NX_MALFORMED;
	out->expires = strtoll(expires, NULL, 10);
	return NX_OK;
}

/* Texts of `out` live in the arena. */
static enum nx_rc
open_flow(const struct nx_keyring *ring, const char *sealed,
    struct nx_arena *arena, struct flow *out)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_FLOW_MAX);
	enum nx_rc rc;

	rc = nx_unseal(ring, NX_PURPOSE_FLOW, NX_SLICE(""),
	    nx_slice_str(sealed), &plain);
	if (rc == NX_OK)
		rc = read_flow(nx_buf_slice(&plain), arena, out);
	nx_buf_free(&plain);
	return rc;
}

static enum nx_rc
check_ask(const struct nx_connect_ask *ask, struct nx_err *err)
{
	if (ask->return_to != NULL &&
	    !nx_url_is_local_path(nx_slice_str(ask->return_to)))
		return nx_fail(err, NX_RETURN_TO,
		    "return_to must be a path on this site.");
	if (ask->connection_id != NULL && !nx_is_uuid(ask->connection_id))
		return nx_fail(err, NX_INVALID,
		    "connection_id must be a UUID.");
	if (ask->replace && ask->connection_id == NULL)
		return nx_fail(err, NX_INVALID, "replace needs the"
		    " connection_id that is to be replaced.");
	return ask->scopes == NULL ? NX_OK :
	    nx_scopes_check(ask->scopes, err);
}

enum nx_rc
nx_connect_begin(const struct nx_conf *conf, const struct nx_keyring *ring,
    const struct nx_connect_ask *ask, struct nx_connect_start *out,
    struct nx_err *err)
{
	char verifier[NX_PKCE_LEN + 1], challenge[NX_PKCE_LEN + 1];
	struct flow flow = {
		.expires = ask->now + NX_FLOW_SECONDS,
		.state = out->state,
		.verifier = verifier,
		.user_id = ask->user_id,
		.return_to = ask->return_to == NULL ? conf->dashboard_path :
		    ask->return_to,
		.connection_id = ask->connection_id,
		.scopes = ask->scopes,
		.replace = ask->replace,
	};
	enum nx_rc rc;

	out->authorize_url = (struct nx_buf)NX_BUF(4096);
	out->flow = (struct nx_buf)NX_BUF(NX_FLOW_MAX);
	if ((rc = check_ask(ask, err)) != NX_OK)
		return rc;
	nx_pkce_verifier(out->state);
	nx_pkce_verifier(verifier);
	nx_pkce_challenge(nx_slice_str(verifier), challenge);
	nx_oauth_authorize_url(conf, conf->client_id,
	    ask->scopes == NULL ? conf->scopes : ask->scopes, out->state,
	    challenge, &out->authorize_url);
	rc = seal_flow(ring, &flow, &out->flow, err);
	OPENSSL_cleanse(verifier, sizeof(verifier));
	if (rc == NX_OK && !nx_buf_ok(&out->authorize_url))
		rc = nx_fail(err, NX_TOO_BIG,
		    "The authorize URL would be too long.");
	return rc;
}

void
nx_connect_start_free(struct nx_connect_start *s)
{
	nx_buf_free(&s->authorize_url);
	nx_buf_free(&s->flow);
}

int64_t
nx_connect_expires(const struct nx_keyring *ring, struct nx_slice sealed)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_FLOW_MAX);
	struct nx_slice rest;
	int64_t expires = 0;

	if (nx_unseal(ring, NX_PURPOSE_FLOW, NX_SLICE(""), sealed,
	    &plain) == NX_OK) {
		rest = nx_buf_slice(&plain);
		(void)nx_slice_cut(&rest, '\n');
		expires = strtoll(rest.p == NULL ? "0" : rest.p, NULL, 10);
	}
	nx_buf_free(&plain);
	return expires;
}

static bool
printable(const char *s, size_t max)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return false;
	}
	return n > 0 && n <= max;
}

/* The attempt that the cookie holds, and that it is this one. */
static enum nx_rc
check_flow(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    struct flow *flow)
{
	enum nx_rc rc = open_flow(ctx->app->ring, a->flow, ctx->arena, flow);

	if (rc == NX_NO_MEMORY)
		return nx_fail(&ctx->err, rc, "while opening the attempt");
	if (rc == NX_KEY_UNKNOWN)
		return nx_fail(&ctx->err, NX_STATE_KEY, "The key ring was"
		    " changed after this attempt had started.");
	if (rc != NX_OK)
		return nx_fail(&ctx->err, NX_STATE_BROKEN,
		    "The attempt's cookie does not open.");
	if (!nx_same(nx_slice_str(flow->state), nx_slice_str(a->state)))
		return nx_fail(&ctx->err, NX_STATE_BROKEN,
		    "The attempt's cookie belongs to another state.");
	if (flow->expires <= nx_clock_wall())
		return nx_fail(&ctx->err, NX_STATE_EXPIRED,
		    "The attempt started more than ten minutes ago.");
	if (a->user_id != NULL && strcmp(flow->user_id, a->user_id) != 0)
		return nx_fail(&ctx->err, NX_STATE_USER, "The user who is"
		    " signed in now is not the one who started.");
	return NX_OK;
}

static enum nx_rc
check_answer(struct nx_ctx *ctx, const struct nx_connect_answer *a)
{
	if (a->error != NULL && strcmp(a->error, "access_denied") == 0)
		return nx_fail(&ctx->err, NX_DENIED,
		    "The person chose not to allow access.");
	if (a->error != NULL)
		return nx_fail(&ctx->err, NX_X_AUTHORIZE, "X says: %.60s%s"
		    "%.160s", a->error,
		    a->error_description == NULL ? "" : ": ",
		    a->error_description == NULL ? "" :
		    a->error_description);
	if (a->code == NULL || !printable(a->code, CODE_MAX))
		return nx_fail(&ctx->err, NX_CODE_MISSING,
		    "X's redirect has no usable code.");
	return NX_OK;
}

static enum nx_rc
check(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    struct flow *flow, struct nx_connect_result *out)
{
	enum nx_rc rc;

	if (a->state == NULL || !printable(a->state, STATE_MAX))
		return nx_fail(&ctx->err, NX_STATE_MISSING,
		    "X's redirect has no usable state.");
	if (a->flow == NULL)
		return nx_fail(&ctx->err, NX_STATE_UNKNOWN,
		    "There is no cookie for this attempt.");
	if ((rc = check_flow(ctx, a, flow)) != NX_OK)
		return rc;
	out->return_to = flow->return_to;
	return check_answer(ctx, a);
}

enum nx_rc
nx_connect_check(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    struct nx_connect_result *out)
{
	struct flow flow = { 0 };

	memset(out, 0, sizeof(*out));
	return check(ctx, answer, &flow, out);
}

static enum nx_rc
rc_from_code(const char *code)
{
	for (int rc = 1; rc < NX_RC_COUNT; rc++) {
		if (strcmp(nx_rc_code((enum nx_rc)rc), code) == 0)
			return (enum nx_rc)rc;
	}
	return NX_INTERNAL;
}

/* Another request has this attempt: wait for its outcome, show the same. */
static enum nx_rc
follow(struct nx_ctx *ctx, const char *hash, const char *user_id,
    struct nx_login *login, struct nx_connect_result *out)
{
	enum nx_rc rc;

	while (login->state == NX_LOGIN_BUSY) {
		struct nx_store_ask ask;

		if (nx_clock_left(ctx->deadline) < NX_SAVE_MS)
			return nx_fail(&ctx->err, NX_BUSY, "The same answer"
			    " of X is still being worked on.");
		nx_clock_sleep(WAIT_MS);
		ask = nx_ctx_store(ctx);
		rc = nx_login_look(&ask, hash, login, &ctx->err);
		if (rc != NX_OK)
			return rc;
	}
	if (login->state != NX_LOGIN_DONE)
		return nx_fail(&ctx->err, NX_STATE_UNKNOWN,
		    "This attempt is not known, or is long over.");
	if (user_id != NULL && strcmp(login->user_id, user_id) != 0)
		return nx_fail(&ctx->err, NX_STATE_USER, "The user who is"
		    " signed in now is not the one who started.");
	out->repeated = true;
	out->return_to = login->return_to;
	if (strcmp(login->outcome, "connected") == 0)
		return NX_OK;
	return nx_fail(&ctx->err, rc_from_code(login->outcome),
	    "The attempt had ended before; this only repeats it.");
}

/* May the same request be sent again now: nothing was spent, time is left. */
static bool
again(struct nx_ctx *ctx, const struct nx_verdict *v, int *tries)
{
	if (v->class != NX_CLASS_RETRY || ++*tries >= X_TRIES ||
	    nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
		return false;
	nx_clock_sleep(X_PAUSE_MS * *tries);
	return true;
}

static enum nx_rc
exchange(struct nx_ctx *ctx, const char *code, const char *verifier,
    struct nx_grant *grant)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;
	int tries = 0;

	do
		nx_oauth_exchange(&x, code, verifier, grant, &v);
	while (again(ctx, &v, &tries));
	if (v.class == NX_CLASS_DONE)
		return NX_OK;
	return nx_verdict_fail(NX_ACT_CODE, &v, nx_clock_wall(), &ctx->err);
}

static enum nx_rc
read_profile(struct nx_ctx *ctx, const struct nx_grant *grant,
    struct nx_x_user *user)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;
	int tries = 0;

	do
		nx_users_me(&x, grant->access_token, user, &v);
	while (again(ctx, &v, &tries));
	if (v.class == NX_CLASS_DONE)
		return NX_OK;
	return nx_verdict_fail(NX_ACT_READ, &v, nx_clock_wall(), &ctx->err);
}

/* The connection that an attempt was to renew, among all of the user's. */
struct aim {
	const struct nx_connection	*named;		/* NULL: any account */
	const struct nx_connection	*list;
	size_t				 n;
};

/* Before the code is spent: what cannot be found must not cost a grant. */
static enum nx_rc
find_aim(struct nx_ctx *ctx, const struct flow *flow, struct aim *out)
{
	struct nx_connection *list;
	enum nx_rc rc;

	*out = (struct aim){ .named = NULL };
	if (flow->connection_id == NULL)
		return NX_OK;
	rc = nx_connections(ctx, flow->user_id, &list, &out->n);
	if (rc != NX_OK)
		return rc;
	out->list = list;
	for (size_t i = 0; i < out->n; i++) {
		if (strcasecmp(list[i].id, flow->connection_id) == 0)
			out->named = &list[i];
	}
	return out->named != NULL ? NX_OK : nx_fail(&ctx->err,
	    NX_CONNECTION_UNKNOWN, "The connection that was to be renewed is"
	    " not there any more.");
}

/* Did X say another account than the one that was to be renewed? */
static bool
is_other(const struct aim *aim, const char *x_user_id)
{
	return aim->named != NULL && aim->named->x_user_id[0] != '\0' &&
	    strcmp(aim->named->x_user_id, x_user_id) != 0;
}

/* A grant that nobody will use must not stay alive at X. */
static void
give_back(struct nx_ctx *ctx, const char *user_id, const char *x_user_id,
    const struct nx_grant *grant)
{
	const struct nx_parked what = {
		.user_id = user_id,
		.x_user_id = x_user_id,
		.access_token = grant->access_token,
		.refresh_token = grant->refresh_token,
	};

	nx_give_back(ctx, &what);
}

/*
 * Another account was chosen, and nobody asked for that.  The grant goes back
 * to X, unless the user has that account as well: the login has ended what
 * they had of it, so what they have now is kept in its place.
 */
static enum nx_rc
refuse_other(struct nx_ctx *ctx, const struct aim *aim,
    const struct nx_new_grant *row, const char *hash)
{
	const struct nx_grant grant = {
		.access_token = row->access_token,
		.refresh_token = row->refresh_token,
	};
	const char *id;
	bool keep = false;
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; i < aim->n; i++) {
		if (strcmp(aim->list[i].x_user_id, row->x_user_id) == 0 &&
		    strcmp(aim->list[i].status, "disconnected") != 0)
			keep = true;
	}
	if (keep)
		rc = nx_keep_grant(ctx, row, hash, &id);
	else
		give_back(ctx, row->user_id, row->x_user_id, &grant);
	if (rc != NX_OK)
		return rc;
	return nx_fail(&ctx->err, NX_OTHER_ACCOUNT, "@%s was to be connected"
	    " again, but X was signed in as @%s.", aim->named->username,
	    row->username);
}

/* The new account is stored: end the one whose place it takes. */
static void
end_replaced(struct nx_ctx *ctx, const struct nx_connection *named)
{
	struct nx_connection gone;
	bool revoked;

	if (nx_disconnect(ctx, named->user_id, named->id, &gone,
	    &revoked) != NX_OK)
		nx_ctx_report(ctx, "connect.not_replaced", named->user_id,
		    named->id);
}

/* What X has granted becomes a connection. */
static enum nx_rc
settle(struct nx_ctx *ctx, const struct flow *flow, const struct aim *aim,
    const struct nx_new_grant *row, const char *hash,
    struct nx_connect_result *out)
{
	const bool other = is_other(aim, row->x_user_id);
	enum nx_rc rc;

	out->username = row->username;
	if (other && !flow->replace) {
		out->connection_id = aim->named->id;
		return refuse_other(ctx, aim, row, hash);
	}
	out->missing_scopes = nx_scopes_missing(ctx->arena,
	    flow->scopes == NULL ? ctx->app->conf.scopes : flow->scopes,
	    row->scopes);
	rc = nx_keep_grant(ctx, row, hash, &out->connection_id);
	if (rc == NX_OK && other)
		end_replaced(ctx, aim->named);
	return rc;
}

/* From the code to a stored connection. */
static enum nx_rc
spend(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    const struct flow *flow, const char *hash, struct nx_connect_result *out)
{
	struct nx_grant grant = { 0 };
	struct nx_x_user user = { 0 };
	struct nx_new_grant row;
	struct aim aim;
	enum nx_rc rc;

	if ((rc = find_aim(ctx, flow, &aim)) != NX_OK ||
	    (rc = exchange(ctx, a->code, flow->verifier, &grant)) != NX_OK)
		return rc;
	NX_FAULT("connect.after_exchange");
	if ((rc = read_profile(ctx, &grant, &user)) != NX_OK) {
		give_back(ctx, flow->user_id, NULL, &grant);
		return rc;
	}
	row = (struct nx_new_grant){
		.user_id = flow->user_id,
		.x_user_id = user.id,
		.username = user.username,
		.name = user.name,
		.subscription = user.subscription,
		.access_token = grant.access_token,
		.refresh_token = grant.refresh_token,
		.scopes = grant.scopes != NULL ? grant.scopes :
		    flow->scopes != NULL ? flow->scopes :
		    ctx->app->conf.scopes,
		.expires_at = grant.expires_at,
		/* The hosts' one clock: logins are ordered by it. */
		.granted_at = flow->claimed_at,
	};
	return settle(ctx, flow, &aim, &row, hash, out);
}

static void
note_outcome(struct nx_ctx *ctx, const char *hash, const char *outcome)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_login_finish(&ask, hash, outcome, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "login.outcome_lost", NX_S("detail", err.detail));
}

enum nx_rc
nx_connect_finish(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    struct nx_connect_result *out)
{
	char hash[NX_SHA256_HEX + 1];
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_login login = { .state = NX_LOGIN_ABSENT };
	struct flow flow = { 0 };
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = check(ctx, answer, &flow, out);
	if (rc != NX_OK && rc != NX_STATE_UNKNOWN)
		return rc;
	nx_sha256_hex(nx_slice_str(answer->state), hash);
	if (rc == NX_STATE_UNKNOWN)	/* the cookie is gone once it is used */
		rc = nx_login_look(&ask, hash, &login, &ctx->err);
	else
		rc = nx_login_claim(&ask, hash, flow.user_id, flow.return_to,
		    &login, &ctx->err);
	if (rc != NX_OK)
		return rc;
	if (login.state != NX_LOGIN_CLAIMED)
		return follow(ctx, hash, answer->user_id, &login, out);
	NX_FAULT("connect.after_claim");
	flow.claimed_at = login.claimed_at;
	rc = spend(ctx, answer, &flow, hash, out);
	note_outcome(ctx, hash, rc == NX_OK ? "connected" : nx_rc_code(rc));
	return rc;
}

enum nx_rc
nx_connect_need(struct nx_ctx *ctx, const struct nx_connection *c,
    const char *scope)
{
	const struct nx_conf *conf = &ctx->app->conf;
	struct nx_buf url = NX_BUF(URL_MAX);
	const char *all;

	if (nx_scopes_have(c->scopes, scope))
		return NX_OK;
	(void)nx_fail(&ctx->err, NX_SCOPE_MISSING, "@%s was connected"
	    " without %s.", c->username, scope);
	all = nx_scopes_join(ctx->arena, c->scopes, conf->scopes);
	if (all != NULL)
		all = nx_scopes_join(ctx->arena, all, scope);
	if (all == NULL || conf->origin == NULL)
		return NX_SCOPE_MISSING;
	nx_buf_addf(&url, "%s/api/auth/twitter/initiate?connection_id=%s"
	    "&scopes=", conf->origin, c->id);
	nx_buf_add_url(&url, nx_slice_str(all));
	if (nx_buf_ok(&url))
		ctx->err.connect_url = nx_arena_slice(ctx->arena,
		    nx_buf_slice(&url));
	nx_buf_free(&url);
	return NX_SCOPE_MISSING;
}
