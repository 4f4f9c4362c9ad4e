/* connect.c - initiate and callback: a person's way to X and back. */

#include "nx/flow/account/connect.h"

#include "attempts.h"
#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/url.h"
#include "nx/flow/account/attempt.h"
#include "query.h"

static void
answer_start(struct nx_call *call, const struct nx_attempt_start *start)
{
	struct nx_jw w = { .out = &call->reply->body };

	if (!nx_request_wants_json(call->request)) {
		nx_reply_redirect(call->reply,
		    nx_buf_str(&start->authorize_url));
		return;
	}
	nx_reply_json(call->reply, 200);
	nx_jw_open(&w, NULL, '{');
	nx_jw_slice(&w, "authorize_url", nx_buf_slice(&start->authorize_url));
	nx_jw_str(&w, "state", start->state);
	nx_jw_i64(&w, "expires_in", NX_ATTEMPT_SECONDS);
	nx_jw_close(&w, '}');
}

static enum nx_rc
read_ask(struct nx_call *call, struct nx_attempt_ask *ask,
    const char **user_id)
{
	static const char *const names[] = { "return_to", "user_id",
	    "connection_id", "scopes", "replace" };
	const char *values[5] = { NULL };
	enum nx_rc rc = nx_web_queries(call, names, 5, values);

	ask->return_to = values[0];
	*user_id = values[1];
	ask->connection_id = values[2];
	ask->scopes = values[3];
	ask->replace = values[4] != NULL && strcmp(values[4], "1") == 0;
	if (rc == NX_OK && values[4] != NULL && !ask->replace &&
	    strcmp(values[4], "0") != 0)
		rc = nx_fail(&call->ctx->err, NX_INVALID,
		    "replace must be 0 or 1.");
	return rc;
}

enum nx_rc
nx_web_initiate(struct nx_call *call)
{
	const struct nx_app *app = call->ctx->app;
	struct nx_attempt_ask ask = { .now = nx_clock_wall() };
	struct nx_attempt_start start = { .state = "" };
	const char *named;
	enum nx_rc rc = read_ask(call, &ask, &named);

	/* What there is may change: nobody else's page may begin that. */
	if (rc == NX_OK && (ask.replace || ask.connection_id != NULL))
		rc = nx_session_own_link(call->ctx, call->request,
		    call->session);
	if (rc == NX_OK)
		rc = nx_session_user(call->ctx, call->session, named,
		    &ask.user_id);
	if (rc == NX_OK)
		rc = nx_attempt_begin(&app->conf, app->ring, &ask, &start,
		    &call->ctx->err);
	if (rc == NX_OK)
		rc = nx_attempts_add(call, start.state, &start.sealed);
	if (rc == NX_OK)
		answer_start(call, &start);
	nx_attempt_start_free(&start);
	return rc;
}

static enum nx_rc
read_answer(struct nx_call *call, struct nx_connect_answer *out)
{
	static const char *const names[] = { "state", "code", "error",
	    "error_description" };
	const char *values[4] = { NULL };
	enum nx_rc rc = nx_web_queries(call, names, 4, values);

	for (int i = 0; i < 4; i++) {
		if (values[i] != NULL && *values[i] == '\0')
			values[i] = NULL;
	}
	out->state = values[0];
	out->code = values[1];
	out->error = values[2];
	out->error_description = values[3];
	return rc;
}

/* Nothing was spent: the browser may come back with the same answer. */
static bool
may_repeat(enum nx_rc rc)
{
	return rc == NX_DB_DOWN || rc == NX_BUSY || rc == NX_TIMEOUT ||
	    rc == NX_SCHEMA_OLD;
}

/* Back to where the person came from, with how it went. */
static void
send_back(struct nx_call *call, const struct nx_connect_result *result,
    enum nx_rc rc)
{
	struct nx_buf path = NX_BUF(NX_LOCATION_MAX);
	struct nx_buf location = NX_BUF(NX_LOCATION_MAX);

	/* Whose place the new account may take, if the person wants that. */
	if (rc == NX_OTHER_ACCOUNT && result->connection_id != NULL)
		nx_url_add_query(&path, nx_slice_str(result->return_to),
		    "x_connection", result->connection_id);
	else
		nx_buf_adds(&path, result->return_to);
	nx_buf_adds(&location, call->ctx->app->conf.origin);
	nx_url_add_query(&location, nx_buf_slice(&path),
	    rc == NX_OK ? "x" : "x_error", rc != NX_OK ? nx_rc_code(rc) :
	    result->pending ? "pending" : "connected");
	nx_reply_redirect(call->reply, nx_buf_str(&location));
	nx_buf_free(&location);
	nx_buf_free(&path);
}

static void
log_outcome(struct nx_ctx *ctx, const char *user_id,
    const struct nx_connect_result *result, enum nx_rc rc)
{
	if (rc != NX_OK)
		nx_ctx_report(ctx, "connect.failed", user_id, NULL);
	else
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    result->repeated ? "connect.repeated" : result->pending ?
		    "connect.pending" : "connect.done",
		    NX_S("user", user_id),
		    NX_S("connection", result->connection_id),
		    NX_S("missing_scopes", result->missing_scopes));
}

enum nx_rc
nx_web_callback(struct nx_call *call)
{
	struct nx_connect_answer answer = { 0 };
	struct nx_connect_result result;
	struct nx_ctx *ctx = call->ctx;
	enum nx_rc rc;

	/* The service role finishes for whoever started. */
	if (!call->session->is_service)
		answer.user_id = call->session->claims.sub;
	if ((rc = read_answer(call, &answer)) != NX_OK)
		return rc;
	if (answer.state != NULL)
		answer.attempt = nx_attempts_find(call, answer.state);
	rc = nx_connect_finish(ctx, &answer, &result);
	log_outcome(ctx, answer.user_id, &result, rc);
	if (result.return_to == NULL)
		return rc;
	if (answer.attempt != NULL && !may_repeat(rc))
		nx_attempts_drop(call, answer.state);
	if (rc == NX_OTHER_ACCOUNT && nx_request_wants_json(call->request))
		return rc;
	send_back(call, &result, rc);
	return NX_OK;
}
