/*
 * exchange.c - spend an attempt's code and take home what it brings.
 *
 * X hands a grant out once, so what it gives is kept aside before anything
 * else is asked.  It is a task of its own, which outlives the request
 * (patient.h).
 */

#include "exchange.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/uuid.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/pending.h"
#include "nx/seal/digest.h"
#include "nx/store/login.h"

enum {
	X_TRIES = 3, X_PAUSE_MS = 400,
	ANSWER_MS = 1000,		/* kept for telling the browser */
	US_OF_MS = 1000,
};

/* All that it works with is in its own arena. */
struct exchange {
	struct nx_claimed	 what;
	struct nx_attempt	 attempt;	/* that of `what` */
	/* How it ended. */
	struct nx_settled	 settled;
	enum nx_rc		 rc;
	struct nx_err		 err;
};

/* The database's clock, as far as it is known here. */
static int64_t
now_us(const struct exchange *e)
{
	return e->what.now_us + (nx_clock_mono() - e->what.mono_ms) * US_OF_MS;
}

static enum nx_rc
send_code(struct nx_ctx *ctx, const struct exchange *e,
    struct nx_grant *grant)
{
	const struct nx_parked whose = { .user_id = e->attempt.user_id };
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;

	/* What has not left may be sent again. */
	for (int i = 1; i <= X_TRIES; i++) {
		nx_oauth_exchange(&x, e->what.code, e->attempt.verifier, grant,
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
keep_grant(struct nx_ctx *ctx, struct exchange *e,
    const struct nx_grant *grant)
{
	const struct nx_attempt *a = &e->attempt;
	char id[NX_UUID_LEN + 1], grant_hash[NX_SHA256_HEX + 1];
	struct nx_pending p = {
		.id = id,
		.user_id = a->user_id,
		.login_hash = e->what.hash,
		.aim = a->connection_id,
		.replaces = a->replace,
		.asked = a->scopes != NULL ? a->scopes :
		    ctx->app->conf.scopes,
		.scopes = grant->scopes,
		.access_token = grant->access_token,
		.refresh_token = grant->refresh_token,
		.expires_at = grant->expires_at,
		.granted_us = now_us(e),
		.claimed_us = e->what.claimed_us,
		.grant_hash = grant_hash,
		.version = 1,
	};

	nx_uuid_random(id);
	nx_sha256_hex(nx_slice_str(grant->access_token), grant_hash);
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
	return nx_pending_first(ctx, &p, &e->what.aside, &e->settled);
}

/* False: the database did not take it. */
static bool
note_outcome(struct nx_ctx *ctx, const struct nx_claimed *what, enum nx_rc rc)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_login_finish(&ask, what->attempt->user_id, what->hash, rc,
	    &err) == NX_OK)
		return true;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "login.outcome_lost", NX_S("detail", err.detail));
	return false;
}

/* Nothing was spent: let the browser come again with the same code. */
static void
give_back(struct nx_ctx *ctx, struct nx_claimed *what)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err;

	/* Else the replay ends the attempt. */
	nx_rescue_close(&what->aside,
	    nx_login_release(&ask, what->attempt->user_id, what->hash,
	    &err) == NX_OK);
}

/* The task: the code leaves, and what it brings is taken home. */
static void
spend_code(struct nx_ctx *ctx, void *state)
{
	struct exchange *e = state;
	struct nx_grant grant = { 0 };
	struct nx_err why;

	e->rc = check_aim(ctx, &e->attempt);
	if (nx_store_unknown(e->rc)) {
		e->err = ctx->err;
		ctx->deadline = nx_clock_mono() + NX_SAVE_MS;
		give_back(ctx, &e->what);
		return;
	}
	if (e->rc == NX_OK)
		e->rc = send_code(ctx, e, &grant);
	if (e->rc == NX_OK) {
		NX_FAULT("connect.after_exchange");
		e->rc = keep_grant(ctx, e, &grant);
		why = ctx->err;
	} else {
		why = ctx->err;
		/* Else the replay notes that the code was lost. */
		nx_rescue_close(&e->what.aside, note_outcome(ctx, &e->what,
		    e->rc));
	}
	e->err = why;
}

/* Nobody waits for it any more: whoever looks must find what became of it. */
static void
report_late(struct nx_ctx *ctx, void *state)
{
	const struct exchange *e = state;

	ctx->err = e->err;
	if (e->rc != NX_OK)
		nx_ctx_report(ctx, "connect.failed", e->attempt.user_id,
		    NULL);
	else
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    e->settled.pending ? "connect.pending" : "connect.done",
		    NX_S("user", e->attempt.user_id),
		    NX_S("connection", e->settled.connection_id));
}

/* A place for the task, and all it needs; NULL when there is none. */
static struct nx_task *
make_task(struct nx_ctx *ctx, const struct nx_claimed *what)
{
	static const struct nx_task_kind kind = { .run = spend_code,
	    .late = report_late };
	const struct nx_attempt *a = what->attempt;
	struct nx_task *task = nx_task_new(ctx, &kind,
	    sizeof(struct exchange), ctx->deadline - 2 * NX_SAVE_MS);
	struct nx_arena *arena;
	struct exchange *e;

	if (task == NULL)
		return NULL;
	e = nx_task_state(task);
	arena = nx_task_arena(task);
	e->attempt = (struct nx_attempt){
		.verifier = nx_arena_str(arena, a->verifier),
		.user_id = nx_arena_str(arena, a->user_id),
		.connection_id = nx_arena_str(arena, a->connection_id),
		.scopes = nx_arena_str(arena, a->scopes),
		.replace = a->replace,
	};
	e->what = *what;
	e->what.attempt = &e->attempt;
	e->what.code = nx_arena_str(arena, what->code);
	if (nx_arena_ok(arena))
		return task;
	nx_task_free(task);
	return NULL;
}

static enum nx_rc
take_result(struct nx_ctx *ctx, const struct exchange *e,
    struct nx_connect_result *out)
{
	const struct nx_settled *s = &e->settled;

	out->connection_id = nx_arena_str(ctx->arena, s->connection_id);
	out->username = nx_arena_str(ctx->arena, s->username);
	out->missing_scopes = nx_arena_str(ctx->arena, s->missing_scopes);
	out->pending = s->pending;
	ctx->err = e->err;
	return e->rc;
}

enum nx_rc
nx_exchange(struct nx_ctx *ctx, struct nx_claimed *what,
    struct nx_connect_result *out)
{
	struct nx_task *task = make_task(ctx, what);
	enum nx_rc rc;

	if (task == NULL) {
		give_back(ctx, what);
		return nx_fail(&ctx->err, NX_BUSY, "Too many requests wait"
		    " for X.");
	}
	if (!nx_task_run(task, ctx->deadline - ANSWER_MS)) {
		out->pending = true;
		return NX_OK;
	}
	rc = take_result(ctx, nx_task_state(task), out);
	nx_task_free(task);
	return rc;
}
