/* delivery.c - one post under a lease, and what is written down of it. */

#include "delivery.h"

#include "nx/base/clock.h"
#include "nx/base/random.h"
#include "nx/flow/account/refresh.h"
#include "nx/flow/account/scope.h"
#include "nx/store/post_claim.h"

enum {
	SAVE_PAUSE_MS = 200,
	NEWS = 60,		/* seconds between notes of a success */
};

/* Whose row is gone has no name any more. */
static enum nx_rc
not_connected(struct nx_ctx *ctx, const char *username)
{
	if (username == NULL || *username == '\0')
		return nx_fail_for(&ctx->err, NX_NEEDS_REAUTH,
		    NX_WHY_ACCOUNT_GONE, { 0 });
	return nx_fail_for(&ctx->err, NX_NEEDS_REAUTH, NX_WHY_ACCOUNT_LEFT,
	    NX_S("username", username));
}

enum nx_rc
nx_delivery_ready(struct nx_ctx *ctx, struct nx_delivery *d,
    const char *scope)
{
	struct nx_connection *c = d->connection;
	enum nx_rc rc;

	if (c->status != NX_STATUS_CONNECTED)
		return not_connected(ctx, c->username);
	if (c->access_token == NULL)
		return nx_fail(&ctx->err, d->token_rc == NX_OK ?
		    NX_NEEDS_REAUTH : d->token_rc, "The access token of"
		    " connection %s does not open.", c->id);
	if ((rc = nx_scope_need(ctx, c, scope)) != NX_OK)
		return rc;
	if (d->refreshed || !nx_refresh_is_due(c, nx_clock_wall()))
		return NX_OK;
	d->refreshed = true;
	return nx_refresh(ctx, c);
}

bool
nx_delivery_renews(struct nx_ctx *ctx, struct nx_delivery *d,
    enum nx_class class, enum nx_rc *rc)
{
	*rc = NX_OK;
	if (class != NX_CLASS_TOKEN || d->refreshed)
		return false;
	d->refreshed = true;
	d->connection->token_expires_at = 0;	/* X says so */
	*rc = nx_refresh(ctx, d->connection);
	return *rc == NX_OK;
}

const struct nx_post_error *
nx_delivery_error(struct nx_ctx *ctx)
{
	struct nx_post_error *error = nx_arena_alloc(ctx->arena,
	    sizeof(*error));

	if (error == NULL)
		return NULL;
	error->err = ctx->err;
	error->request_id = ctx->request_id;
	(void)nx_err_for_users(&error->err);
	nx_err_date(&error->err, nx_clock_wall());
	return error;
}

int
nx_delivery_wait(const struct nx_delivery *d, const struct nx_err *err)
{
	struct nx_trouble trouble = {
		.post = d->post,
		.err = err,
		.now = nx_clock_wall(),
		.too_soon = d->too_soon,
	};

	nx_random(&trouble.spread, sizeof(trouble.spread));
	return nx_trouble_wait(&trouble);
}

struct nx_post_outcome
nx_delivery_outcome(const struct nx_delivery *d,
    const struct nx_happened *what)
{
	const struct nx_post_turn turn = {
		.event = what->event,
		.state = d->post->state,
		.goal = d->post->goal,
		.first = what->part == 0,
		.last = what->last,
		.attended = d->attended,
		.withdraws = d->options.withdraw,
		.decided = what->decided,
	};
	const struct nx_post_step step = nx_post_step(&turn);

	return (struct nx_post_outcome){
		.position = (int)what->part,
		.part_state = step.part,
		.post_state = step.post,
		.goal = step.goal,
		.next_try = nx_trouble_next_try(step.next, what->wait),
		.keeps_lease = step.keeps_lease,
		.release_key = step.releases_key,
	};
}

enum nx_rc
nx_delivery_save(struct nx_ctx *ctx, struct nx_delivery *d,
    const struct nx_post_outcome *what, bool *ours)
{
	struct nx_post_outcome outcome = *what;
	struct nx_err err = { 0 };
	enum nx_rc rc;

	outcome.id = d->post->id;
	outcome.user_id = d->post->user_id;
	outcome.lease = d->lease;
	outcome.is_alone = d->post->is_alone;
	outcome.in_line = d->post->publish_at != 0;
	outcome.is_news = d->connection->last_success_at <
	    nx_clock_wall() - NEWS;
	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(ctx);
		int64_t until = nx_clock_mono() + NX_POST_LEASE_MS;

		rc = nx_post_finish(&ask, &outcome, ours, &err);
		if (rc == NX_OK)
			d->leased_until = until;
		if (rc != NX_DB_DOWN && rc != NX_BUSY && rc != NX_TIMEOUT)
			break;
		if (nx_clock_left(ctx->deadline) < 2 * SAVE_PAUSE_MS)
			break;
		nx_clock_sleep(SAVE_PAUSE_MS);
	}
	if (rc == NX_OK && *ours)
		nx_stats_count(ctx->app->stats, NX_STAT_POSTS,
		    outcome.post_state, 0);
	if (rc != NX_OK && rc != NX_OUTCOME_UNKNOWN)
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "post.outcome_not_saved", NX_S("post", d->post->id),
		    NX_S("state", nx_post_state_name(outcome.post_state)),
		    NX_S("x_id", outcome.x_id), NX_S("detail", err.detail));
	return rc;
}

void
nx_delivery_took(struct nx_stored_post *post, const struct nx_post_outcome *o)
{
	post->parts[o->position].state = o->part_state;
	post->parts[o->position].error = o->error;
	post->state = o->post_state;
	post->goal = o->goal;
	post->error = o->error;
	post->next_try_at = o->next_try < 0 ? 0 :
	    nx_clock_wall() + o->next_try;
}

bool
nx_delivery_put_off(struct nx_ctx *ctx, struct nx_delivery *d,
    enum nx_post_event event, int wait)
{
	const struct nx_post_outcome o = nx_delivery_outcome(d,
	    &(struct nx_happened){ .event = event, .wait = wait });
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };

	if (nx_post_put_off(&ask, d->post, d->lease, o.post_state, o.next_try,
	    &err) == NX_OK) {
		d->post->state = o.post_state;
		d->post->next_try_at = o.next_try < 0 ? 0 :
		    nx_clock_wall() + o.next_try;
		return true;
	}
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    "post.not_put_off", NX_S("post", d->post->id),
	    NX_S("detail", err.detail));
	return false;
}
