/*
 * refusal.c - X does not renew a connection: what is to become of it.
 */

#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/words.h"
#include "nx/base/words_list.h"
#include "nx/store/pending.h"
#include "renewal.h"

/* What its owner reads while the access token serves on. */
static const char *
last_words(struct nx_ctx *ctx, const struct nx_connection *c,
    const char *reason)
{
	struct nx_buf text = NX_BUF(NX_REASON_MAX);
	char end[NX_RFC3339_MAX];
	const char *said;

	nx_clock_text(c->token_expires_at, end);
	end[strlen("2026-01-01T00:00")] = '\0';
	nx_words_add(&text, NX_WORDS_WORKS_UNTIL, (const struct nx_kv[]){
	    NX_S("reason", reason), NX_S("time", end + strlen("2026-01-01T")),
	    { 0 } });
	said = nx_buf_ok(&text) ?
	    nx_arena_slice(ctx->arena, nx_buf_slice(&text)) : NULL;
	nx_buf_free(&text);
	return said;
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
	return nx_refresh_falls_back(ctx, c) ? NX_OK : NX_REFRESH_BUSY;
}

/*
 * X refuses the refresh token, or there is none: suspect, not dead.  The
 * owner is told at once, and the access token serves to its end; `*moved`
 * when the row has something newer, which decides.
 */
static enum nx_rc
tell_refused(struct nx_ctx *ctx, const struct nx_lease *lease,
    const char *reason, bool *moved)
{
	const struct nx_connection *c = &lease->connection;
	const bool lives = nx_refresh_lives(c);
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

/* Why X refuses, as far as the row tells. */
static const char *
why_refused(const struct nx_lease *lease)
{
	return lease->suspect ? NX_WORDS_REFUSED_SUSPECT : NX_WORDS_REFUSED;
}

enum nx_rc
nx_refresh_refused(struct nx_ctx *ctx, const struct nx_lease *lease,
    bool *moved)
{
	return tell_refused(ctx, lease, why_refused(lease), moved);
}

enum nx_rc
nx_refresh_impossible(struct nx_ctx *ctx, const struct nx_lease *lease,
    bool *moved)
{
	(void)nx_fail(&ctx->err, NX_NEEDS_REAUTH,
	    "X gave no refresh token for this connection.");
	return tell_refused(ctx, lease, NX_WORDS_NO_REFRESH, moved);
}
