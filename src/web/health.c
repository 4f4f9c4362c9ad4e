/* health.c - is the process alive, can it do its work. */

#include "nx/base/fault.h"
#include "nx/base/json.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/keep.h"
#include "routes.h"

enum nx_rc
nx_web_healthz(struct nx_call *call)
{
	NX_FAULT("health.alive");
	nx_reply_json(call->reply, 200);
	nx_buf_adds(&call->reply->body, "{\"status\":\"alive\"}");
	return NX_OK;
}

/* What was looked at; the texts name no path and no host. */
struct checks {
	enum nx_rc		database, rescue;
	bool			confirmed;	/* by a standby */
	struct nx_rescue_state	files;
	struct nx_err		why;	/* of the first that is not well */
};

static void
run_checks(struct nx_ctx *ctx, struct checks *out)
{
	struct nx_err err = { 0 };

	memset(out, 0, sizeof(*out));
	out->database = nx_ready(ctx, &out->confirmed);
	out->why = ctx->err;
	out->rescue = nx_keep_look(ctx->app, &out->files, &err);
	if (out->database != NX_OK || out->rescue != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "not_ready", NX_S("database", ctx->err.detail),
		    NX_S("rescue", err.detail));
	if (out->database != NX_OK)
		return;
	if (out->rescue != NX_OK)
		(void)nx_fail(&out->why, NX_NOT_READY, "The rescue directory"
		    " in NEXUS_STATE_DIR cannot be used: nothing that X"
		    " grants would outlive a loss of the database.");
	else if (out->files.nearly_full)
		(void)nx_fail(&out->why, NX_NOT_READY, "The disk of"
		    " NEXUS_STATE_DIR is nearly full: soon nothing that X"
		    " grants can be kept aside.");
}

static void
write_checks(struct nx_jw *w, const struct checks *c)
{
	nx_jw_open(w, "checks", '{');
	nx_jw_str(w, "database", c->database == NX_OK ||
	    c->database == NX_SCHEMA_OLD ? "ok" : "unreachable");
	nx_jw_str(w, "schema", c->database == NX_OK ? "ok" :
	    c->database == NX_SCHEMA_OLD ? "old" : "unknown");
	nx_jw_str(w, "rescue", c->rescue != NX_OK ? "unusable" :
	    c->files.nearly_full ? "nearly_full" :
	    c->files.unreadable > 0 ? "unreadable_files" : "ok");
	nx_jw_str(w, "standby", c->database != NX_OK ? "unknown" :
	    c->confirmed ? "synchronous" : "none");
	nx_jw_close(w, '}');
	nx_jw_i64(w, "rescue_files", c->files.files);
	nx_jw_i64(w, "rescue_unreadable", c->files.unreadable);
}

enum nx_rc
nx_web_readyz(struct nx_call *call)
{
	struct nx_jw w = { .out = &call->reply->body };
	struct checks checks;

	run_checks(call->ctx, &checks);
	if (checks.why.rc != NX_OK) {
		(void)nx_err_for_users(&checks.why);
		nx_reply_problem_open(call->reply, call->request,
		    &checks.why, &w);
		write_checks(&w, &checks);
		nx_jw_close(&w, '}');
		return NX_OK;
	}
	nx_reply_json(call->reply, 200);
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "status", "ready");
	nx_jw_str(&w, "database", "reachable");
	nx_jw_str(&w, "key", nx_keyring_primary(call->ctx->app->ring));
	write_checks(&w, &checks);
	nx_jw_close(&w, '}');
	return NX_OK;
}
