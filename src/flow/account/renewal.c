/*
 * renewal.c - renew under a lease that was taken.
 *
 * Spending the refresh token, waiting for X and saving what it gives is a
 * patient task, which goes on without the asker.
 */

#include "renewal.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/flow/account/keep.h"
#include "nx/store/brake.h"

enum { PLACE_MS = 3000 };	/* for a free thread */

/* One renewal: what it works with, in the memory of its task. */
struct job {
	struct nx_lease		lease;
	struct nx_refresh_wait	wait;
	struct nx_renewal	out;
};

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

void
nx_refresh_tell_others(struct nx_ctx *ctx, const char *owner,
    const struct nx_verdict *v)
{
	const enum nx_brake_end end = v->class == NX_CLASS_UNKNOWN ?
	    NX_BRAKE_END_LOST : v->x.status == 0 ? NX_BRAKE_END_UNSENT :
	    NX_BRAKE_END_ANSWERED;
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_brake_leave(&ask, owner, end, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "brake.not_told", NX_S("detail", err.detail));
}

/*
 * What must be there before the token is spent, since nothing can be done
 * about it after: a place for what X gives, the database, and an X that
 * answers others.  Otherwise the lease is given back.
 */
static enum nx_rc
prepare_renewal(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_rescue *net, bool *braked)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;
	int wait;

	nx_keep_open(ctx, lease->connection.id, net);
	NX_FAULT("refresh.after_net");
	rc = nx_brake_enter(&ask, lease->owner, lease->connection.user_id,
	    lease->connection.id, &wait, &ctx->err);
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
spend_refresh_token(struct nx_ctx *ctx, const struct nx_lease *lease,
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
keep_new_pair(struct nx_ctx *ctx, const struct nx_lease *lease,
    const struct nx_grant *grant, struct nx_rescue *net,
    struct nx_connection *c)
{
	const struct nx_new_pair pair = {
		.user_id = lease->connection.user_id,
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
pause_after(const struct nx_verdict *v)
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
		nx_refresh_put_off(ctx, lease, pause_after(v));
	if (nx_refresh_falls_back(ctx, c))
		return NX_OK;
	nx_ctx_report(ctx, "refresh.failed", c->user_id, c->id);
	return rc;
}

static enum nx_rc
renew_leased(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *out)
{
	struct nx_grant grant = { 0 };
	struct nx_rescue net;
	struct nx_verdict v;
	enum nx_rc rc;

	out->said = NX_CLASS_REFUSED;
	out->now = lease->connection;
	if (lease->connection.refresh_token == NULL)
		return nx_refresh_impossible(ctx, lease, &out->moved);
	rc = prepare_renewal(ctx, lease, &net, &out->braked);
	if (rc != NX_OK)
		return nx_refresh_falls_back(ctx, &out->now) ? NX_OK : rc;
	spend_refresh_token(ctx, lease, &grant, &v);
	out->said = v.class;
	if (v.class == NX_CLASS_DONE)
		rc = keep_new_pair(ctx, lease, &grant, &net, &out->now);
	else {
		const struct nx_parked whose = { .user_id = out->now.user_id,
		    .connection_id = out->now.id,
		    .x_user_id = out->now.x_user_id };

		nx_rescue_close(&net, false);
		nx_keep_strays(ctx, &whose, &grant);
		rc = give_in(ctx, lease, &v);
	}
	nx_refresh_tell_others(ctx, lease->owner, &v);
	return rc;
}

static void
run_renewal(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	job->out.rc = renew_leased(ctx, &job->lease, &job->out);
	job->out.err = ctx->err;
}

static void
hear_late_renewal(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	ctx->err = job->out.err;
	job->wait.late(ctx, &job->lease, &job->out, job->wait.arg);
}

/* The texts of a connection, into another arena. */
static bool
copy_connection(struct nx_arena *arena, struct nx_connection *c)
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
	static const struct nx_task_kind kind = { .run = run_renewal,
	    .late = hear_late_renewal };
	const int64_t soon = nx_clock_mono() + PLACE_MS;
	struct nx_task *task = nx_task_new(ctx, &kind, sizeof(struct job),
	    soon < wait->deadline ? soon : wait->deadline);
	struct job *job = task == NULL ? NULL : nx_task_state(task);

	if (job != NULL) {
		job->lease = *lease;
		job->wait = *wait;
	}
	if (job == NULL || !copy_connection(nx_task_arena(task),
	    &job->lease.connection)) {
		nx_task_free(task);
		nx_refresh_put_off(ctx, lease, 0);
		return NX_PURSUIT_NONE;
	}
	if (!nx_task_run(task, wait->deadline))
		return NX_PURSUIT_GOING;
	*out = job->out;
	if (!copy_connection(ctx->arena, &out->now))
		out->rc = nx_fail(&out->err, NX_NO_MEMORY, "after a refresh");
	nx_task_free(task);
	ctx->err = out->err;
	return NX_PURSUIT_DONE;
}
