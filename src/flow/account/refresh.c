/*
 * refresh.c - renew an access token, once, whoever asks for it.
 *
 * The asker takes the lease; spending the refresh token, waiting for X and
 * saving what it gives is a patient task, which goes on without the asker.
 */

#include "nx/flow/account/refresh.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/flow/account/keep.h"
#include "nx/store/brake.h"
#include "nx/store/pending.h"

enum {
	FIRST_WAIT_MS = 30, LAST_WAIT_MS = 500,
	STILL_LIVES = 5,	/* seconds an access token must have left */
	PLACE_MS = 3000,	/* for a free thread */
	LIVING_MS = 5000,	/* then an access token that lives serves on */
	BUSY_AGAIN = 5,		/* seconds: when to come again */
};

/* One renewal: what it works with, in the memory of its task. */
struct job {
	struct nx_lease		lease;
	struct nx_refresh_wait	wait;
	struct nx_renewal	out;
};

bool
nx_refresh_is_due(const struct nx_connection *c, int64_t now)
{
	return c->token_expires_at <= now +
	    (c->refresh_refused ? STILL_LIVES : NX_REFRESH_EARLY);
}

static bool
still_lives(const struct nx_connection *c)
{
	return c->access_token != NULL &&
	    c->token_expires_at > nx_clock_wall() + STILL_LIVES;
}

/* The old access token serves on; true when it does. */
static bool
falls_back(struct nx_ctx *ctx, const struct nx_connection *c)
{
	if (!still_lives(c))
		return false;
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "refresh.put_off", NX_S("connection", c->id),
	    NX_S("detail", ctx->err.detail));
	return true;
}

void
nx_refresh_put_off(struct nx_ctx *ctx, const struct nx_lease *lease,
    int pause)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_lease_release(&ask, lease, pause, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_released", NX_S("detail", err.detail));
}

/* What its owner reads while the access token serves on. */
static const char *
last_words(struct nx_ctx *ctx, const struct nx_connection *c,
    const char *reason)
{
	char end[NX_RFC3339_MAX];

	nx_clock_text(c->token_expires_at, end);
	return nx_arena_printf(ctx->arena, "%s It works until %.5s UTC:"
	    " reconnect it before.", reason, end + strlen("2026-01-01T"));
}

/*
 * X has granted this user access anew, or is about to, and has not said to
 * which account: the refusal may be the new grant's doing, which will take
 * this connection's place.
 */
static bool
awaits_grant(struct nx_ctx *ctx, const struct nx_connection *c)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };
	int n = 0;

	return nx_pending_count(&ask, c->user_id, &n, &err) == NX_OK && n > 0;
}

/* Then it ends nothing. */
static enum nx_rc
wait_for_grant(struct nx_ctx *ctx, const struct nx_lease *lease)
{
	const struct nx_connection *c = &lease->connection;

	nx_refresh_put_off(ctx, lease, NX_LEASE_PAUSE);
	(void)nx_fail(&ctx->err, NX_REFRESH_BUSY, "@%s is being connected"
	    " again, and X has not named the account yet.", c->username);
	ctx->err.retry_after = NX_LEASE_PAUSE;
	return falls_back(ctx, c) ? NX_OK : NX_REFRESH_BUSY;
}

/*
 * X refuses the refresh token, or there is none: suspect, not dead.  The
 * owner is told at once, and the access token serves to its end; `*moved`
 * when the row has something newer, which decides.
 */
static enum nx_rc
refused(struct nx_ctx *ctx, const struct nx_lease *lease, const char *reason,
    bool *moved)
{
	const struct nx_connection *c = &lease->connection;
	const bool lives = still_lives(c);
	const struct nx_refusal why = {
		.reason = lives ? last_words(ctx, c, reason) : reason,
		.lives = lives,
	};
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err kept = ctx->err, err = { 0 };
	enum nx_rc rc;
	bool told;

	*moved = false;
	if (awaits_grant(ctx, c))
		return wait_for_grant(ctx, lease);
	rc = nx_lease_refused(&ask, lease, &why, &told, &err);
	if (rc != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_ended", NX_S("detail", err.detail));
	*moved = rc == NX_OK && !told;
	if (*moved)
		return NX_OK;
	ctx->err = kept;
	nx_ctx_report(ctx, lives ? "connection.ends" :
	    "connection.needs_reauth", c->user_id, c->id);
	return lives ? NX_OK :
	    nx_fail(&ctx->err, NX_NEEDS_REAUTH, "%s", reason);
}

/*
 * What must be there before the token is spent, since nothing can be done
 * about it after: a place for what X gives, the database, and an X that
 * answers others.  Otherwise the lease is given back.
 */
static enum nx_rc
prepare(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_rescue *net, bool *braked)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;
	int wait;

	nx_keep_open(ctx, lease->connection.id, net);
	NX_FAULT("refresh.after_net");
	rc = nx_brake_enter(&ask, lease->owner, lease->connection.id, &wait,
	    &ctx->err);
	*braked = rc == NX_OK && wait > 0;
	if (*braked) {
		rc = nx_fail(&ctx->err, NX_X_DOWN, "X has not answered the"
		    " renewals before this one, so none is sent now.");
		ctx->err.retry_after = wait;
	}
	if (rc == NX_OK)
		return NX_OK;
	nx_rescue_close(net, false);
	nx_refresh_put_off(ctx, lease, 0);
	return rc;
}

/* Once: whoever does not hear the answer finds out with the next lease. */
static void
spend(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_grant *grant, struct nx_verdict *v)
{
	struct nx_x x = nx_ctx_x(ctx);

	NX_FAULT("refresh.before_call");
	nx_oauth_refresh(&x, lease->connection.refresh_token, grant, v);
	NX_FAULT("refresh.after_answer");
	/* However long X took, there is time to save what it said. */
	ctx->deadline = nx_clock_mono() + NX_REQUEST_MS;
}

static enum nx_rc
take_home(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_grant *grant, struct nx_rescue *net,
    struct nx_connection *c)
{
	const struct nx_new_pair pair = {
		.connection_id = lease->connection.id,
		.owner = lease->owner,
		.version = lease->connection.version,
		.access_token = grant->access_token,
		.refresh_token = grant->refresh_token,
		.scopes = grant->scopes,
		.expires_at = grant->expires_at,
	};
	bool stored;
	enum nx_rc rc = nx_keep_pair(ctx, &pair, net, &stored);

	c->access_token = grant->access_token;
	c->refresh_token = NULL;
	c->token_expires_at = grant->expires_at;
	c->version += stored;
	if (rc == NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "refresh.done", NX_S("connection", c->id),
		    NX_I("version", c->version));
	return rc;
}

/* What the operator must mend is nobody's failure: no pause. */
static int
pause_of(const struct nx_verdict *v)
{
	int64_t wait = v->retry_at - nx_clock_wall();

	if (v->class == NX_CLASS_MONEY || v->class == NX_CLASS_OPERATOR)
		return 0;
	if (wait > NX_LEASE_PAUSE_MAX)
		return NX_LEASE_PAUSE_MAX;
	return wait > NX_LEASE_PAUSE ? (int)wait : NX_LEASE_PAUSE;
}

/* X's answer was lost: the next to take the lease will find out. */
static void
leave_open(struct nx_ctx *ctx, const struct nx_lease *lease, bool answered)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_lease_lost(&ask, lease, answered, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "lease.not_released", NX_S("detail", err.detail));
}

/* Others learn from it whether X answers. */
static void
tell_others(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_verdict *v)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };
	enum nx_brake_end end = v->class == NX_CLASS_UNKNOWN ?
	    NX_BRAKE_END_LOST : v->x.status == 0 ? NX_BRAKE_END_UNSENT :
	    NX_BRAKE_END_ANSWERED;

	if (nx_brake_leave(&ask, lease->owner, end, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "brake.not_told", NX_S("detail", err.detail));
}

/* X gave no pair.  What it refuses is left to nx_refresh_refused(). */
static enum nx_rc
give_in(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_verdict *v)
{
	const struct nx_connection *c = &lease->connection;
	enum nx_rc rc;

	rc = nx_verdict_fail(NX_ACT_REFRESH, v, nx_clock_wall(), &ctx->err);
	if (v->class == NX_CLASS_SUSPECT)
		return rc;
	if (v->class == NX_CLASS_UNKNOWN)
		leave_open(ctx, lease, v->x.status != 0);
	else
		nx_refresh_put_off(ctx, lease, pause_of(v));
	if (falls_back(ctx, c))
		return NX_OK;
	nx_ctx_report(ctx, "refresh.failed", c->user_id, c->id);
	return rc;
}

static enum nx_rc
renew(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *out)
{
	struct nx_grant grant = { 0 };
	struct nx_rescue net;
	struct nx_verdict v;
	enum nx_rc rc;

	out->said = NX_CLASS_REFUSED;
	out->now = lease->connection;
	if (lease->connection.refresh_token == NULL) {
		(void)nx_fail(&ctx->err, NX_NEEDS_REAUTH,
		    "X gave no refresh token for this connection.");
		return refused(ctx, lease, "X gave no right to renew the"
		    " access (offline.access).", &out->moved);
	}
	rc = prepare(ctx, lease, &net, &out->braked);
	if (rc != NX_OK)
		return falls_back(ctx, &out->now) ? NX_OK : rc;
	spend(ctx, lease, &grant, &v);
	out->said = v.class;
	if (v.class == NX_CLASS_DONE)
		rc = take_home(ctx, lease, &grant, &net, &out->now);
	else {
		const struct nx_parked whose = { .user_id = out->now.user_id,
		    .connection_id = out->now.id,
		    .x_user_id = out->now.x_user_id };

		nx_rescue_close(&net, false);
		nx_keep_strays(ctx, &whose, &grant);
		rc = give_in(ctx, lease, &v);
	}
	tell_others(ctx, lease, &v);
	return rc;
}

static void
run(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	job->out.rc = renew(ctx, &job->lease, &job->out);
	job->out.err = ctx->err;
}

static void
late(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	ctx->err = job->out.err;
	job->wait.late(ctx, &job->lease, &job->out, job->wait.arg);
}

/* The texts of a connection, into another arena. */
static bool
copy(struct nx_arena *arena, struct nx_connection *c)
{
	const char **const texts[] = { &c->id, &c->user_id, &c->x_user_id,
	    &c->username, &c->name, &c->subscription,
	    &c->status_reason, &c->scopes, &c->access_token,
	    &c->refresh_token };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = nx_arena_str(arena, *texts[i]);
	return nx_arena_ok(arena);
}

enum nx_pursuit
nx_refresh_leased(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_refresh_wait *wait, struct nx_renewal *out)
{
	static const struct nx_task_kind kind = { .run = run, .late = late };
	const int64_t soon = nx_clock_mono() + PLACE_MS;
	struct nx_task *task = nx_task_new(ctx, &kind, sizeof(struct job),
	    soon < wait->deadline ? soon : wait->deadline);
	struct job *job = task == NULL ? NULL : nx_task_state(task);

	if (job != NULL) {
		job->lease = *lease;
		job->wait = *wait;
	}
	if (job == NULL || !copy(nx_task_arena(task),
	    &job->lease.connection)) {
		nx_task_free(task);
		nx_refresh_put_off(ctx, lease, 0);
		return NX_PURSUIT_NONE;
	}
	if (!nx_task_run(task, wait->deadline))
		return NX_PURSUIT_GOING;
	*out = job->out;
	if (!copy(ctx->arena, &out->now))
		out->rc = nx_fail(&out->err, NX_NO_MEMORY, "after a refresh");
	nx_task_free(task);
	ctx->err = out->err;
	return NX_PURSUIT_DONE;
}

/* Why X refuses, as far as the row tells. */
static const char *
why_refused(const struct nx_lease *lease)
{
	return lease->suspect ?
	    "X no longer renews this connection: X's answer to an earlier"
	    " renewal was lost on its way." :
	    "X no longer renews this connection: it was ended at X, or used"
	    " elsewhere.";
}

enum nx_rc
nx_refresh_refused(struct nx_ctx *ctx, const struct nx_lease *lease,
    bool *moved)
{
	return refused(ctx, lease, why_refused(lease), moved);
}

/* Nobody waits any more to hear that X refuses. */
static void
settle(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *renewal, void *arg)
{
	enum nx_rc rc = NX_OK;

	(void)arg;
	if (renewal->said == NX_CLASS_SUSPECT)
		rc = nx_refresh_refused(ctx, lease, &renewal->moved);
	(void)rc;			/* told, and in the row */
}

static enum nx_rc
busy(struct nx_ctx *ctx, const struct nx_connection *c)
{
	(void)nx_fail(&ctx->err, NX_REFRESH_BUSY, "It is being renewed, and"
	    " that takes long.");
	ctx->err.retry_after = BUSY_AGAIN;
	return falls_back(ctx, c) ? NX_OK : NX_REFRESH_BUSY;
}

/* The lease is ours: have X asked, once. */
static enum nx_rc
pursue(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_refresh_wait *wait, struct nx_connection *c, bool *moved)
{
	struct nx_renewal renewal = { .moved = false };

	*moved = false;
	*c = lease->connection;
	if (nx_refresh_leased(ctx, lease, wait, &renewal) != NX_PURSUIT_DONE)
		return busy(ctx, c);
	*c = renewal.now;
	if (renewal.said == NX_CLASS_SUSPECT)
		renewal.rc = nx_refresh_refused(ctx, lease, &renewal.moved);
	*moved = renewal.moved;
	return renewal.rc;
}

static enum nx_rc
ended(struct nx_ctx *ctx, const struct nx_connection *c)
{
	return nx_fail(&ctx->err, NX_NEEDS_REAUTH, "@%s is %s%s%.200s",
	    c->username, nx_connection_status_name(c->status),
	    c->status_reason == NULL ? "" : ": ",
	    c->status_reason == NULL ? "" : c->status_reason);
}

/* How long the asker waits: with an access token that lives, not long. */
static int64_t
patience_of(const struct nx_ctx *ctx, const struct nx_connection *c)
{
	const int64_t end = ctx->deadline - NX_SAVE_MS;
	const int64_t soon = nx_clock_mono() + LIVING_MS;

	return still_lives(c) && soon < end ? soon : end;
}

enum nx_rc
nx_refresh(struct nx_ctx *ctx, struct nx_connection *c)
{
	const int64_t seen = c->version, ends = c->token_expires_at;
	const struct nx_refresh_wait patience = {
		.deadline = patience_of(ctx, c), .late = settle,
	};
	int wait = FIRST_WAIT_MS;
	struct nx_lease lease;
	bool moved;
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);

		rc = nx_lease_take(&ask, c->id, seen, &lease, &ctx->err);
		if (rc != NX_OK)
			return rc;
		if (lease.state == NX_LEASE_TAKEN) {
			lease.connection.token_expires_at = ends;
			rc = pursue(ctx, &lease, &patience, c, &moved);
			if (!moved)
				return rc;
			continue;
		}
		if (lease.state == NX_LEASE_ENDED)
			return ended(ctx, &lease.connection);
		if (lease.state == NX_LEASE_MOVED) {
			*c = lease.connection;
			return NX_OK;
		}
		if (nx_clock_left(patience.deadline) < wait)
			return busy(ctx, c);
		nx_clock_sleep(wait);
		wait = wait * 2 > LAST_WAIT_MS ? LAST_WAIT_MS : wait * 2;
	}
}
