/*
 * connect.c - connect an X account: the browser is back.
 *
 * A code lives for 30 seconds, works once, and X hands the grant out once; it
 * also ends what it had granted the account before.  So everything that can be
 * checked is checked before the code is spent (exchange.c), a rescue file is
 * made and the attempt is claimed in the database, one attempt of a user at a
 * time.
 */

#include "nx/flow/account/connect.h"

#include "attempt.h"
#include "exchange.h"
#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/base/maxima.h"
#include "nx/flow/account/keep.h"
#include "nx/seal/digest.h"
#include "nx/store/login.h"
#include "nx/store/rescue.h"

enum {
	WAIT_MS = 150,			/* between looks at another's claim */
	RETRY_AFTER = 10,
};

static bool
is_printable(const char *s, size_t max)
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
check_attempt(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    struct nx_attempt *out)
{
	enum nx_rc rc = nx_attempt_open(ctx->app->ring, a->attempt,
	    ctx->arena, out);

	if (rc == NX_NO_MEMORY)
		return nx_fail(&ctx->err, rc, "while opening the attempt");
	if (rc == NX_KEY_UNKNOWN)
		return nx_fail(&ctx->err, NX_STATE_KEY, "The key ring was"
		    " changed after this attempt had started.");
	if (rc != NX_OK)
		return nx_fail(&ctx->err, NX_STATE_BROKEN,
		    "The attempt's cookie does not open.");
	if (!nx_constant_time_eq(nx_slice_str(out->state),
	    nx_slice_str(a->state)))
		return nx_fail(&ctx->err, NX_STATE_BROKEN,
		    "The attempt's cookie belongs to another state.");
	if (out->expires <= nx_clock_wall())
		return nx_fail(&ctx->err, NX_STATE_EXPIRED,
		    "The attempt started more than ten minutes ago.");
	if (a->user_id != NULL && strcmp(out->user_id, a->user_id) != 0)
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
	if (a->code == NULL || !is_printable(a->code, NX_CODE_MAX))
		return nx_fail(&ctx->err, NX_CODE_MISSING,
		    "X's redirect has no usable code.");
	return NX_OK;
}

static enum nx_rc
check_return(struct nx_ctx *ctx, const struct nx_connect_answer *a,
    struct nx_attempt *attempt, struct nx_connect_result *out)
{
	enum nx_rc rc;

	if (a->state == NULL || !is_printable(a->state, NX_STATE_MAX))
		return nx_fail(&ctx->err, NX_STATE_MISSING,
		    "X's redirect has no usable state.");
	if (a->attempt == NULL)
		return nx_fail(&ctx->err, NX_STATE_UNKNOWN,
		    "There is no cookie for this attempt.");
	if ((rc = check_attempt(ctx, a, attempt)) != NX_OK)
		return rc;
	out->return_to = attempt->return_to;
	return check_answer(ctx, a);
}

enum nx_rc
nx_connect_check(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    struct nx_connect_result *out)
{
	struct nx_attempt attempt = { 0 };

	memset(out, 0, sizeof(*out));
	return check_return(ctx, answer, &attempt, out);
}

/*
 * Another request has this attempt: wait for its outcome, show the same.  One
 * that takes longer may still bring the account.
 */
static enum nx_rc
await_outcome(struct nx_ctx *ctx, const char *hash, const char *user_id,
    struct nx_login *login, struct nx_connect_result *out)
{
	enum nx_rc rc;

	while (login->state == NX_LOGIN_BUSY &&
	    nx_clock_left(ctx->deadline) > NX_SAVE_MS) {
		struct nx_store_ask ask;

		nx_clock_sleep(WAIT_MS);
		ask = nx_ctx_store(ctx);
		rc = nx_login_look(&ask, login->user_id, hash, login,
		    &ctx->err);
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

/* The safety net; without it the database alone must do. */
static void
spread_net(struct nx_ctx *ctx, const char *user_id, const char *hash,
    struct nx_rescue *out)
{
	struct nx_err err = { 0 };

	nx_keep_open(ctx, user_id, out);
	if (out->fd >= 0 && nx_rescue_attempt(out, ctx->app->ring, user_id,
	    hash, &err) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "rescue.attempt_unknown", NX_S("detail", err.detail));
}

/* Claim the attempt, once no other of the user's is under way. */
static enum nx_rc
claim_attempt(struct nx_ctx *ctx, const char *hash, const struct nx_attempt *a,
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

/* The browser brings its cookie: whoever claims the attempt spends the code. */
static enum nx_rc
spend_attempt(struct nx_ctx *ctx, const struct nx_connect_answer *answer,
    const struct nx_attempt *a, const char *hash,
    struct nx_connect_result *out)
{
	struct nx_claimed what = { .attempt = a, .code = answer->code };
	struct nx_login login = { .state = NX_LOGIN_ABSENT };
	enum nx_rc rc;

	memcpy(what.hash, hash, sizeof(what.hash));
	spread_net(ctx, a->user_id, hash, &what.aside);
	rc = claim_attempt(ctx, hash, a, &login);
	if (rc != NX_OK || login.state != NX_LOGIN_CLAIMED) {
		/* One that may be claimed all the same the replay ends. */
		nx_rescue_close(&what.aside, !nx_store_unknown(rc));
		return rc != NX_OK ? rc : await_outcome(ctx, hash,
		    answer->user_id, &login, out);
	}
	what.now_us = login.now_us;
	what.mono_ms = nx_clock_mono();
	what.claimed_us = login.claimed_us;
	NX_FAULT("connect.after_claim");
	return nx_exchange(ctx, &what, out);
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
	rc = check_return(ctx, answer, &attempt, out);
	if (rc != NX_OK && rc != NX_STATE_UNKNOWN)
		return rc;
	nx_sha256_hex(nx_slice_str(answer->state), hash);
	if (rc == NX_OK)
		return spend_attempt(ctx, answer, &attempt, hash, out);
	/* The cookie is gone once it is used. */
	rc = nx_login_look(&ask, NULL, hash, &login, &ctx->err);
	return rc != NX_OK ? rc :
	    await_outcome(ctx, hash, answer->user_id, &login, out);
}
