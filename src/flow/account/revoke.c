/*
 * revoke.c - tell X that nobody uses a token any more.
 *
 * What is parked in x_revocations is told at once where a person waits, and
 * otherwise, or where X does not confirm it, later by the worker.
 */

#include "nx/flow/account/revoke.h"

#include "nx/base/clock.h"

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

enum nx_class
nx_revoke_token(struct nx_ctx *ctx, const char *token, const char *hint,
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

/* Take one and tell X; `whose` and `found` as in nx_revocation_take(). */
static enum nx_rc
tell_one(struct nx_ctx *ctx, const struct nx_parked_of *whose,
    struct nx_candidates *found, int64_t until, struct told *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	enum nx_class class = NX_CLASS_REFUSED;
	struct nx_revocation r;
	enum nx_rc rc;

	*out = (struct told){ .go_on = true };
	rc = nx_revocation_take(&ask, whose, found, &r, &ctx->err);
	out->none = rc == NX_OK && r.id == NULL;
	if (out->none || (rc != NX_OK && r.id == NULL))
		return rc;
	if (rc == NX_OK && !r.broken)
		class = nx_revoke_token(ctx, r.token, r.hint, until);
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
nx_revoke_due(struct nx_ctx *ctx, int *done)
{
	struct nx_candidates found = { .n = 0 };

	*done = 0;
	for (int i = 0; i < BATCH; i++) {
		struct told told;
		enum nx_rc rc;

		if (nx_clock_left(ctx->deadline) < 2 * NX_SAVE_MS)
			break;
		rc = tell_one(ctx, NULL, &found, ctx->deadline, &told);
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
nx_revoke_parked(struct nx_ctx *ctx, const char *user_id,
    const char *connection_id)
{
	const int64_t until = nx_clock_mono() + AT_ONCE_MS;
	const struct nx_parked_of whose = { user_id, connection_id };
	struct nx_candidates found = { .n = 0 };
	bool confirmed = true;

	for (;;) {
		struct told told;

		if (nx_clock_left(until) == 0 ||
		    tell_one(ctx, &whose, &found, until, &told) != NX_OK)
			return false;
		if (told.none)
			return confirmed;
		if (!told.confirmed)
			confirmed = false;
		if (!told.go_on)
			return false;
	}
}
