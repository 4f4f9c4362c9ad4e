/*
 * disconnect.c - end a connection: here, and at X.
 *
 * Here comes first: one transaction wipes the tokens and parks them sealed,
 * so that a crash, or an X that hangs, loses neither.  Then X is told, now
 * and, where it does not confirm, later by the worker.  A refresh that is
 * under way need not be waited for: its pair finds the connection ended and
 * is parked as well.
 */

#include "nx/flow/account/disconnect.h"

#include "nx/base/clock.h"
#include "nx/base/uuid.h"
#include "nx/flow/account/connections.h"
#include "nx/store/pending.h"

enum {
	AT_ONCE_MS = 5000,	/* for X, while a person waits */
	BATCH = 50,
};

/* Does trouble of this kind concern this one token only? */
static bool
is_about_token(enum nx_class class)
{
	return class == NX_CLASS_DONE || class == NX_CLASS_REFUSED ||
	    class == NX_CLASS_TOKEN || class == NX_CLASS_SUSPECT ||
	    class == NX_CLASS_ACCOUNT;
}

static enum nx_class
tell_x(struct nx_ctx *ctx, const char *token, const char *hint,
    int64_t until)
{
	struct nx_x x = nx_ctx_x(ctx);
	struct nx_verdict v;

	if (until < x.deadline)
		x.deadline = until;
	nx_oauth_revoke(&x, token, hint, &v);
	if (v.class != NX_CLASS_DONE)
		(void)nx_verdict_fail(NX_ACT_REVOKE, &v, nx_clock_wall(),
		    &ctx->err);
	return v.class;
}

/* X did not confirm it: it stays parked, or is given up. */
static void
keep_for_later(struct nx_ctx *ctx, const struct nx_revocation *r)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err err = { 0 };
	bool given_up = false;
	enum nx_rc rc;

	rc = nx_revocation_failed(&ask, r, ctx->err.detail, &given_up, &err);
	nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
	    given_up ? "revocation.given_up" : "revocation.put_off",
	    NX_S("connection", r->connection_id), NX_S("hint", r->hint),
	    NX_S("detail", rc == NX_OK ? ctx->err.detail : err.detail));
}

/* What became of one. */
struct told {
	bool	none;		/* there was none to take */
	bool	confirmed;
	bool	go_on;		/* X is well enough to hear the next */
};

/* Take one and tell X; `connection_id` as in nx_revocation_take(). */
static enum nx_rc
tell_one(struct nx_ctx *ctx, const char *connection_id, int64_t until,
    struct told *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_class class = NX_CLASS_REFUSED;
	struct nx_revocation r;
	enum nx_rc rc;

	*out = (struct told){ .go_on = true };
	rc = nx_revocation_take(&ask, connection_id, &r, &ctx->err);
	out->none = rc == NX_OK && r.id == NULL;
	if (out->none || (rc != NX_OK && r.id == NULL))
		return rc;
	if (rc == NX_OK && !r.broken)
		class = tell_x(ctx, r.token, r.hint, until);
	else if (rc == NX_OK)
		(void)nx_fail(&ctx->err, NX_SEAL_BROKEN,
		    "the parked token does not open");
	out->confirmed = class == NX_CLASS_DONE;
	out->go_on = is_about_token(class);
	if (!out->confirmed) {
		keep_for_later(ctx, &r);
		return NX_OK;
	}
	ask = nx_ctx_store(ctx);
	return nx_revocation_done(&ask, &r, &ctx->err);
}

enum nx_rc
nx_revoke_pending(struct nx_ctx *ctx, int *done)
{
	*done = 0;
	for (int i = 0; i < BATCH; i++) {
		struct told told;
		enum nx_rc rc;

		if (nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
			break;
		rc = tell_one(ctx, NULL, ctx->deadline, &told);
		if (rc != NX_OK)
			return rc;
		*done += told.confirmed;
		if (told.none || !told.go_on)
			break;
	}
	if (*done > 0)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "revocation.done", NX_I("count", *done));
	return NX_OK;
}

bool
nx_revoke_parked(struct nx_ctx *ctx, const char *connection_id)
{
	const int64_t until = nx_clock_mono() + AT_ONCE_MS;
	bool confirmed = true;

	for (;;) {
		struct told told;

		if (nx_clock_left(until) == 0 ||
		    tell_one(ctx, connection_id, until, &told) != NX_OK)
			return false;
		if (told.none)
			return confirmed;
		if (!told.confirmed)
			confirmed = false;
		if (!told.go_on)
			return false;
	}
}

/* Without an id: the only one that works or, when none does, that may hold
 * tokens. */
static enum nx_rc
choose(struct nx_ctx *ctx, const char *user_id, const char *connection_id,
    struct nx_connection *out)
{
	struct nx_connection *list;
	struct nx_err kept;
	size_t n, held = 0;
	enum nx_rc rc;

	rc = nx_connections_find(ctx, user_id, connection_id, out);
	if (rc != NX_NEEDS_REAUTH || connection_id != NULL)
		return rc;
	kept = ctx->err;
	if (nx_connections(ctx, user_id, &list, &n) != NX_OK)
		return ctx->err.rc;
	for (size_t i = 0; i < n; i++) {
		if (list[i].status != NX_STATUS_NEEDS_REAUTH)
			continue;
		*out = list[i];
		held++;
	}
	ctx->err = kept;
	return held == 1 ? NX_OK : rc;
}

/* What waits to become a connection. */
static enum nx_rc
end_pending(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, int *ended)
{
	char parked_as[NX_UUID_LEN + 1];
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_rc rc;

	nx_uuid_random(parked_as);
	rc = nx_pending_end(&ask, user_id, connection_id, parked_as, ended,
	    &ctx->err);
	if (rc == NX_OK && *ended > 0)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "pending.disconnected", NX_S("user", user_id),
		    NX_I("count", *ended),
		    NX_I("revoked", nx_revoke_parked(ctx, parked_as)));
	return rc;
}

/* There is no connection to end, but there may be what would become one. */
static enum nx_rc
end_only_pending(struct nx_ctx *ctx, const char *user_id, enum nx_rc why)
{
	const struct nx_err kept = ctx->err;
	int ended;

	if (end_pending(ctx, user_id, NULL, &ended) != NX_OK)
		return ctx->err.rc;
	ctx->err = kept;
	return ended == 0 ? why : nx_fail(&ctx->err, why, "There was no"
	    " connection yet; what waited to become one has been ended.");
}

/* It, and what waits to become it. */
static enum nx_rc
end_connection(struct nx_ctx *ctx, const struct nx_connection *c,
    bool *revoked)
{
	struct nx_store_ask ask;
	int ended;
	enum nx_rc rc = end_pending(ctx, c->user_id, c->id, &ended);

	if (rc != NX_OK)
		return rc;
	ask = nx_ctx_store(ctx);
	rc = nx_connection_end(&ask, c->id, NX_STATUS_DISCONNECTED,
	    NX_REASON_DISCONNECTED, &ctx->err);
	if (rc != NX_OK)
		return rc;
	*revoked = nx_revoke_parked(ctx, c->id);
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "connection.disconnected", NX_S("user", c->user_id),
	    NX_S("connection", c->id), NX_I("revoked", *revoked));
	return NX_OK;
}

enum nx_rc
nx_disconnect(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id, struct nx_connection *out, bool *revoked)
{
	enum nx_rc rc;

	*revoked = false;
	rc = choose(ctx, user_id, connection_id, out);
	if (rc == NX_NOT_CONNECTED && connection_id == NULL)
		return end_only_pending(ctx, user_id, rc);
	if (rc == NX_OK)
		rc = end_connection(ctx, out, revoked);
	if (rc != NX_OK)
		return rc;
	out->status = NX_STATUS_DISCONNECTED;
	out->status_reason = NX_REASON_DISCONNECTED;
	out->has_refresh_token = false;
	return NX_OK;
}
