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

#include "nx/base/clock.h"
#include "nx/base/url.h"
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
};

/* A flow's lines, sealed: version, expiry, state, verifier, user, return. */
static const char flow_version[] = "1";

struct flow {
	int64_t		 expires;
	const char	*state, *verifier, *user_id, *return_to;
};

static enum nx_rc
seal_flow(const struct nx_keyring *ring, const struct flow *flow,
    struct nx_buf *out, struct nx_err *err)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_FLOW_MAX);
	const char *lines[] = { flow->state, flow->verifier, flow->user_id,
	    flow->return_to };
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

/* Texts of `out` live in the arena. */
static enum nx_rc
open_flow(const struct nx_keyring *ring, const char *sealed,
    struct nx_arena *arena, struct flow *out)
{
	struct nx_buf plain = NX_BUF_SECRET(NX_FLOW_MAX);
	struct nx_slice rest;
	enum nx_rc rc;
	char *text;

	rc = nx_unseal(ring, NX_PURPOSE_FLOW, NX_SLICE(""),
	    nx_slice_str(sealed), &plain);
	if (rc != NX_OK)
		goto out;
	rest = nx_buf_slice(&plain);
	if (!nx_slice_is(nx_slice_cut(&rest, '\n'), flow_version)) {
		rc = NX_MALFORMED;
		goto out;
	}
	text = nx_arena_slice(arena, nx_slice_cut(&rest, '\n'));
	out->state = nx_arena_slice(arena, nx_slice_cut(&rest, '\n'));
	out->verifier = nx_arena_slice(arena, nx_slice_cut(&rest, '\n'));
	out->user_id = nx_arena_slice(arena, nx_slice_cut(&rest, '\n'));
	out->return_to = nx_arena_slice(arena, rest);
	if (!nx_arena_ok(arena))
		rc = NX_NO_MEMORY;
	else if (text == NULL || out->return_to == NULL)
		rc = NX_MALFORMED;
	else
		out->expires = strtoll(text, NULL, 10);
out:
	nx_buf_free(&plain);
	return rc;
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
		.return_to = ask->return_to,
	};
	enum nx_rc rc;

	out->authorize_url = (struct nx_buf)NX_BUF(4096);
	out->flow = (struct nx_buf)NX_BUF(NX_FLOW_MAX);
	if (ask->return_to == NULL)
		flow.return_to = conf->dashboard_path;
	else if (!nx_url_is_local_path(nx_slice_str(ask->return_to)))
		return nx_fail(err, NX_RETURN_TO,
		    "return_to must be a path on this site.");
	nx_pkce_verifier(out->state);
	nx_pkce_verifier(verifier);
	nx_pkce_challenge(nx_slice_str(verifier), challenge);
	nx_oauth_authorize_url(conf, conf->client_id, conf->scopes,
	    out->state, challenge, &out->authorize_url);
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

/* A grant that nobody will use must not stay alive at X. */
static void
give_back(struct nx_ctx *ctx, const struct nx_grant *grant)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;

	x.deadline = ctx->deadline;
	if (grant->refresh_token != NULL)
		nx_oauth_revoke(&x, grant->refresh_token, "refresh_token",
		    &v);
	nx_oauth_revoke(&x, grant->access_token, "access_token", &v);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "grant.given_back", NX_S("result", nx_class_name(v.class)));
}

/* From the code to a stored connection. */
static enum nx_rc
spend(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    const struct flow *flow, const char *hash, struct nx_connect_result *out)
{
	struct nx_grant grant = { 0 };
	struct nx_x_user user = { 0 };
	struct nx_new_grant row;
	enum nx_rc rc;

	rc = exchange(ctx, a->code, flow->verifier, &grant);
	if (rc != NX_OK)
		return rc;
	if ((rc = read_profile(ctx, &grant, &user)) != NX_OK) {
		struct nx_err kept = ctx->err;

		give_back(ctx, &grant);
		ctx->err = kept;
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
		.scopes = grant.scopes == NULL ? ctx->app->conf.scopes :
		    grant.scopes,
		.expires_at = grant.expires_at,
		.granted_at = nx_clock_wall(),
	};
	out->username = user.username;
	out->missing_scopes = nx_scopes_missing(ctx->arena,
	    ctx->app->conf.scopes, row.scopes);
	return nx_keep_grant(ctx, &row, hash, &out->connection_id);
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
	rc = spend(ctx, answer, &flow, hash, out);
	note_outcome(ctx, hash, rc == NX_OK ? "connected" : nx_rc_code(rc));
	return rc;
}
