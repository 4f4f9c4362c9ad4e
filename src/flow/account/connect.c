/*
 * connect.c - connect an X account.
 *
 * A code lives for 30 seconds, works once, and X hands the grant out once; it
 * also ends what it had granted the account before.  So: everything that can
 * be checked is checked before the code is spent; a rescue file is made and
 * the attempt is claimed in the database first, one attempt of a user at a
 * time; and what X grants is kept aside before anything else is asked.  From
 * the claim on it is a task of its own, which outlives the request (patient.h).
 */

#include "nx/flow/account/connect.h"

#include <strings.h>

#include "attempt.h"
#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/uuid.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/pending.h"
#include "nx/x/scopes.h"
#include "nx/seal/digest.h"
#include "nx/store/login.h"
#include "nx/store/rescue.h"

enum {
	STATE_MAX = 500, CODE_MAX = 2048,
	X_TRIES = 3, X_PAUSE_MS = 400,
	WAIT_MS = 150,			/* between looks at another's claim */
	ANSWER_MS = 1000,		/* kept for telling the browser */
	RETRY_AFTER = 10,
	URL_MAX = 3000,
	US_OF_MS = 1000,
};

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
    struct nx_attempt *flow)
{
	enum nx_rc rc = nx_attempt_open(ctx->app->ring, a->flow,
	    ctx->arena, flow);

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
    struct nx_attempt *flow, struct nx_connect_result *out)
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
	struct nx_attempt flow = { 0 };

	memset(out, 0, sizeof(*out));
	return check(ctx, answer, &flow, out);
}

/*
 * Another request has this attempt: wait for its outcome, show the same.  One
 * that takes longer may still bring the account.
 */
static enum nx_rc
follow(struct nx_ctx *ctx, const char *hash, const char *user_id,
    struct nx_login *login, struct nx_connect_result *out)
{
	enum nx_rc rc;

	while (login->state == NX_LOGIN_BUSY &&
	    nx_clock_left(ctx->deadline) > NX_SAVE_MS) {
		struct nx_store_ask ask;

		nx_clock_sleep(WAIT_MS);
		ask = nx_ctx_store(ctx);
		rc = nx_login_look(&ask, hash, login, &ctx->err);
		if (rc != NX_OK)
			return rc;
	}
	if (login->state == NX_LOGIN_ABSENT)
		return nx_fail(&ctx->err, NX_STATE_UNKNOWN,
		    "This attempt is not known, or is long over.");
	if (user_id != NULL && strcmp(login->user_id, user_id) != 0)
		return nx_fail(&ctx->err, NX_STATE_USER, "The user who is"
		    " signed in now is not the one who started.");
	out->repeated = true;
	out->return_to = login->return_to;
	out->pending = login->state == NX_LOGIN_BUSY ||
	    login->state == NX_LOGIN_PENDING;
	if (out->pending || login->rc == NX_OK)
		return NX_OK;
	return nx_fail(&ctx->err, login->rc,
	    "The attempt had ended before; this only repeats it.");
}

/* The task from the claim on; all that it works with is in its own arena. */
struct coming {
	struct nx_attempt	 attempt;
	const char		*code;
	char			 hash[NX_SHA256_HEX + 1];	/* of state */
	struct nx_rescue	 aside;		/* the safety net, or none */
	/* The database's time at the claim, ours then, and the claim's. */
	int64_t			 now_us, mono_ms, claimed_us;
	/* How it ended. */
	struct nx_settled	 settled;
	enum nx_rc		 rc;
	struct nx_err		 err;
};

/* The database's clock, as far as it is known here. */
static int64_t
now_us(const struct coming *c)
{
	return c->now_us + (nx_clock_mono() - c->mono_ms) * US_OF_MS;
}

static enum nx_rc
exchange(struct nx_ctx *ctx, const struct coming *c, struct nx_grant *grant)
{
	const struct nx_parked whose = { .user_id = c->attempt.user_id };
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;

	/* What has not left may be sent again. */
	for (int i = 1; i <= X_TRIES; i++) {
		nx_oauth_exchange(&x, c->code, c->attempt.verifier, grant,
		    &v);
		if (v.class != NX_CLASS_RETRY || i == X_TRIES ||
		    nx_clock_left(x.deadline) < NX_SAVE_MS)
			break;
		nx_clock_sleep(X_PAUSE_MS * i);
	}
	if (v.class == NX_CLASS_DONE)
		return NX_OK;
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
	nx_keep_strays(ctx, &whose, grant);
	return nx_verdict_fail(NX_ACT_CODE, &v, nx_clock_wall(), &ctx->err);
}

/* Before the code is spent: what cannot be found must not cost a grant. */
static enum nx_rc
check_aim(struct nx_ctx *ctx, const struct nx_attempt *attempt)
{
	struct nx_connection named;

	if (attempt->connection_id == NULL)
		return NX_OK;
	if (nx_connections_find(ctx, attempt->user_id,
	    attempt->connection_id, &named) != NX_CONNECTION_UNKNOWN)
		return ctx->err.rc;
	return nx_fail(&ctx->err, NX_CONNECTION_UNKNOWN, "The connection that"
	    " was to be renewed is not there any more.");
}

/* What X has granted is in hand, and nowhere else. */
static enum nx_rc
keep(struct nx_ctx *ctx, struct coming *c, const struct nx_grant *grant)
{
	const struct nx_attempt *a = &c->attempt;
	char id[NX_UUID_LEN + 1], grant_hash[NX_SHA256_HEX + 1];
	struct nx_pending p = {
		.id = id,
		.user_id = a->user_id,
		.login_hash = c->hash,
		.aim = a->connection_id,
		.replaces = a->replace,
		.asked = a->scopes != NULL ? a->scopes :
		    ctx->app->conf.scopes,
		.scopes = grant->scopes,
		.access_token = grant->access_token,
		.refresh_token = grant->refresh_token,
		.expires_at = grant->expires_at,
		.granted_us = now_us(c),
		.claimed_us = c->claimed_us,
		.grant_hash = grant_hash,
		.version = 1,
	};

	nx_uuid_random(id);
	nx_sha256_hex(nx_slice_str(grant->access_token), grant_hash);
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
	return nx_pending_first(ctx, &p, &c->aside, &c->settled);
}

/* False: the database did not take it. */
static bool
note_outcome(struct nx_ctx *ctx, const char *hash, enum nx_rc rc)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_login_finish(&ask, hash, rc, &err) == NX_OK)
		return true;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "login.outcome_lost", NX_S("detail", err.detail));
	return false;
}

/* Nothing was spent: let the browser come again with the same code. */
static void
let_go(struct nx_ctx *ctx, const char *hash, struct nx_rescue *aside)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err;

	/* Else the replay ends the attempt. */
	nx_rescue_close(aside, nx_login_release(&ask, hash, &err) == NX_OK);
}

/* Nobody knows whether the database has done what it was asked. */
static bool
is_open(enum nx_rc rc)
{
	return rc == NX_DB_DOWN || rc == NX_TIMEOUT;
}

/* The code leaves, and what it brings is taken home. */
static void
come_home(struct nx_ctx *ctx, void *state)
{
	struct coming *c = state;
	struct nx_grant grant = { 0 };
	struct nx_err why;

	c->rc = check_aim(ctx, &c->attempt);
	if (is_open(c->rc)) {
		c->err = ctx->err;
		ctx->deadline = nx_clock_mono() + NX_SAVE_MS;
		let_go(ctx, c->hash, &c->aside);
		return;
	}
	if (c->rc == NX_OK)
		c->rc = exchange(ctx, c, &grant);
	if (c->rc == NX_OK) {
		NX_FAULT("connect.after_exchange");
		c->rc = keep(ctx, c, &grant);
		why = ctx->err;
	} else {
		why = ctx->err;
		/* Else the replay notes that the code was lost. */
		nx_rescue_close(&c->aside, note_outcome(ctx, c->hash,
		    c->rc));
	}
	c->err = why;
}

/* Nobody waits for it any more: whoever looks must find what became of it. */
static void
came_late(struct nx_ctx *ctx, void *state)
{
	const struct coming *c = state;

	ctx->err = c->err;
	if (c->rc != NX_OK)
		nx_ctx_report(ctx, "connect.failed", c->attempt.user_id,
		    NULL);
	else
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    c->settled.pending ? "connect.pending" : "connect.done",
		    NX_S("user", c->attempt.user_id),
		    NX_S("connection", c->settled.connection_id));
}

/* The safety net; without it the database alone must do. */
static void
spread_net(struct nx_ctx *ctx, const char *user_id, const char *hash,
    struct nx_rescue *out)
{
	struct nx_err err = { 0 };

	nx_keep_open(ctx, user_id, out);
	if (out->fd >= 0 && nx_rescue_attempt(out, ctx->app->ring, hash,
	    &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "rescue.attempt_unknown", NX_S("detail", err.detail));
}

/* Claim the attempt, once no other of the user's is under way. */
static enum nx_rc
claim(struct nx_ctx *ctx, const char *hash, const struct nx_attempt *a,
    struct nx_login *out)
{
	struct nx_store_ask ask;
	enum nx_rc rc;

	for (;;) {
		ask = nx_ctx_store(ctx);
		rc = nx_login_claim(&ask, hash, a->user_id, a->return_to,
		    out, &ctx->err);
		if (rc != NX_OK || out->state != NX_LOGIN_WAITS)
			return rc;
		if (nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
			break;
		nx_clock_sleep(WAIT_MS);
	}
	(void)nx_fail(&ctx->err, NX_BUSY, "Another attempt of yours to"
	    " connect is still waiting for X.");
	ctx->err.retry_after = RETRY_AFTER;
	return NX_BUSY;
}

/* A place for the task, and all it needs; NULL when there is none. */
static struct nx_task *
pack(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    const struct nx_attempt *a)
{
	static const struct nx_task_kind kind = { .run = come_home,
	    .late = came_late };
	struct nx_task *task = nx_task_new(ctx, &kind,
	    sizeof(struct coming), ctx->deadline - 2 * NX_SAVE_MS);
	struct nx_arena *arena;
	struct coming *c;

	if (task == NULL)
		return NULL;
	c = nx_task_state(task);
	arena = nx_task_arena(task);
	c->code = nx_arena_str(arena, answer->code);
	c->attempt = (struct nx_attempt){
		.verifier = nx_arena_str(arena, a->verifier),
		.user_id = nx_arena_str(arena, a->user_id),
		.connection_id = nx_arena_str(arena, a->connection_id),
		.scopes = nx_arena_str(arena, a->scopes),
		.replace = a->replace,
	};
	nx_sha256_hex(nx_slice_str(answer->state), c->hash);
	if (nx_arena_ok(arena))
		return task;
	nx_task_free(task);
	return NULL;
}

static enum nx_rc
take_result(struct nx_ctx *ctx, const struct coming *c,
    struct nx_connect_result *out)
{
	const struct nx_settled *s = &c->settled;

	out->connection_id = nx_arena_str(ctx->arena, s->connection_id);
	out->username = nx_arena_str(ctx->arena, s->username);
	out->missing_scopes = nx_arena_str(ctx->arena, s->missing_scopes);
	out->pending = s->pending;
	ctx->err = c->err;
	return c->rc;
}

/* Run the task, and wait for it while there is time. */
static enum nx_rc
run(struct nx_ctx *ctx, struct nx_task *task, struct nx_connect_result *out)
{
	enum nx_rc rc;

	if (!nx_task_run(task, ctx->deadline - ANSWER_MS)) {
		out->pending = true;
		return NX_OK;
	}
	rc = take_result(ctx, nx_task_state(task), out);
	nx_task_free(task);
	return rc;
}

/* The browser brings its cookie: whoever claims the attempt spends the code. */
static enum nx_rc
spend(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    const struct nx_attempt *a, const char *hash,
    struct nx_connect_result *out)
{
	struct nx_login login = { .state = NX_LOGIN_ABSENT };
	struct nx_rescue aside;
	struct nx_task *task;
	struct coming *c;
	enum nx_rc rc;

	spread_net(ctx, a->user_id, hash, &aside);
	rc = claim(ctx, hash, a, &login);
	if (rc != NX_OK || login.state != NX_LOGIN_CLAIMED) {
		/* One that may be claimed all the same the replay ends. */
		nx_rescue_close(&aside, !is_open(rc));
		return rc != NX_OK ? rc :
		    follow(ctx, hash, answer->user_id, &login, out);
	}
	NX_FAULT("connect.after_claim");
	if ((task = pack(ctx, answer, a)) == NULL) {
		let_go(ctx, hash, &aside);
		return nx_fail(&ctx->err, NX_BUSY, "Too many requests wait"
		    " for X.");
	}
	c = nx_task_state(task);
	c->aside = aside;
	c->now_us = login.now_us;
	c->mono_ms = nx_clock_mono();
	c->claimed_us = login.claimed_us;
	return run(ctx, task, out);
}

enum nx_rc
nx_connect_finish(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    struct nx_connect_result *out)
{
	char hash[NX_SHA256_HEX + 1];
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_login login = { .state = NX_LOGIN_ABSENT };
	struct nx_attempt attempt = { 0 };
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = check(ctx, answer, &attempt, out);
	if (rc != NX_OK && rc != NX_STATE_UNKNOWN)
		return rc;
	nx_sha256_hex(nx_slice_str(answer->state), hash);
	if (rc == NX_OK)
		return spend(ctx, answer, &attempt, hash, out);
	/* The cookie is gone once it is used. */
	rc = nx_login_look(&ask, hash, &login, &ctx->err);
	return rc != NX_OK ? rc :
	    follow(ctx, hash, answer->user_id, &login, out);
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
