/* app.c - open and close what a process holds. */

#include "nx/flow/app.h"

#include "nx/base/clock.h"
#include "nx/base/words.h"
#include "nx/store/event.h"
#include "nx/store/schema.h"

static enum nx_rc
add_problem(struct nx_buf *problems, const char *variable,
    const struct nx_err *err)
{
	nx_buf_addf(problems, "%s: %s\n", variable, err->detail);
	return NX_CONFIG;
}

/* An https:// host that TWITTER_CA_FILE says nothing about. */
static bool
is_outside(const char *url)
{
	return nx_slice_starts_nocase(nx_slice_str(url), "https:");
}

static enum nx_rc
open_outside(struct nx_app *app, unsigned int need, struct nx_buf *problems)
{
	const struct nx_conf *conf = &app->conf;
	const char *variable = NULL;
	struct nx_err err = { 0 };

	if ((need & NX_NEED_X) != 0 && is_outside(conf->webhook_url))
		variable = "NEXUS_WEBHOOK_URL";
	if ((need & NX_NEED_CALLERS) != 0 &&
	    is_outside(nx_callers_project(conf)))
		variable = "SUPABASE_URL";
	if (variable == NULL ||
	    nx_http_ca_new(NULL, &app->outside, &err) == NX_OK)
		return NX_OK;
	return add_problem(problems, variable, &err);
}

static enum nx_rc
open_callers(struct nx_app *app, struct nx_buf *problems)
{
	struct nx_err err = { 0 };

	if (nx_callers_new(&app->conf, app->outside, &app->callers,
	    &err) == NX_OK)
		return NX_OK;
	return add_problem(problems, "SUPABASE_JWKS_FILE", &err);
}

static enum nx_rc
open_rest(struct nx_app *app, unsigned int need, struct nx_buf *problems)
{
	const struct nx_conf *conf = &app->conf;
	struct nx_err err = { 0 };
	enum nx_rc rc = NX_OK;

	if ((need & NX_NEED_KEYS) != 0 && conf->keys != NULL &&
	    nx_keyring_parse(conf->keys, &app->ring, &err) != NX_OK)
		rc = add_problem(problems, "NEXUS_KEYS", &err);
	if ((need & NX_NEED_DB) != 0 && conf->database_url != NULL &&
	    nx_pool_new(conf->database_url, conf->db_pool, &app->pool,
	    &err) != NX_OK)
		rc = add_problem(problems, "DATABASE_URL", &err);
	if ((need & NX_NEED_X) != 0 &&
	    nx_http_ca_new(conf->ca_file, &app->ca, &err) != NX_OK)
		rc = add_problem(problems, "TWITTER_CA_FILE", &err);
	if ((need & NX_NEED_X) != 0 &&
	    ((app->patient = nx_patient_new(app)) == NULL ||
	    (app->endpoints = nx_endpoints_new()) == NULL))
		rc = NX_NO_MEMORY;
	if (open_outside(app, need, problems) != NX_OK)
		rc = NX_CONFIG;
	if ((need & NX_NEED_CALLERS) != 0 &&
	    open_callers(app, problems) != NX_OK)
		rc = NX_CONFIG;
	if (app->pool != NULL)
		nx_pool_require(app->pool, NX_SCHEMA_NEEDED);
	app->store = (struct nx_store){ app->pool, app->ring,
	    app->conf.late_outcomes != 0 };
	return rc;
}

/* A limit that somebody relies on must not be thought to hold. */
static void
tell_what_is_unread(const struct nx_conf *conf)
{
	if (conf->budget != NULL)
		nx_log(&conf->log, NX_LOG_WARN, NULL, "config.unread",
		    NX_S("variable", "TWITTER_MONTHLY_BUDGET_USD"),
		    NX_S("detail", "Nothing reads it yet: what the app"
		    " spends at X is not limited here."));
}

enum nx_rc
nx_app_open(struct nx_app *app, unsigned int need,
    const char *(*lookup)(void *, const char *), void *ctx,
    struct nx_buf *problems)
{
	enum nx_rc rc, rest;

	memset(app, 0, sizeof(*app));
	rc = nx_conf_load(lookup, ctx, need, &app->conf, problems);
	if (rc != NX_OK && rc != NX_CONFIG)
		return rc;
	tell_what_is_unread(&app->conf);
	rest = open_rest(app, need, problems);
	return rc != NX_OK ? rc : rest;
}

void
nx_app_count(struct nx_app *app)
{
	app->stats = nx_stats_open(app->conf.state_dir);
	app->conf.log.stats = app->stats;
	if (app->pool != NULL)
		nx_pool_count(app->pool, app->stats);
}

void
nx_app_close(struct nx_app *app)
{
	nx_patient_free(app->patient);
	nx_endpoints_free(app->endpoints);
	nx_pool_free(app->pool);
	nx_keyring_free(app->ring);
	nx_callers_free(app->callers);
	nx_http_ca_free(app->ca);
	nx_http_ca_free(app->outside);
	app->conf.log.stats = NULL;
	nx_stats_close(app->stats);
	nx_conf_free(&app->conf);
}

enum nx_rc
nx_app_process_start(void)
{
	return nx_http_start();
}

void
nx_app_process_stop(void)
{
	nx_http_stop();
}

struct nx_http *
nx_app_http_x(const struct nx_app *app)
{
	return nx_http_new(app->ca);
}

struct nx_http *
nx_app_http_outside(const struct nx_app *app)
{
	return nx_http_new(app->outside);
}

void
nx_app_http_free(struct nx_http *http)
{
	nx_http_free(http);
}

void
nx_ctx_done(struct nx_ctx *ctx)
{
	if (ctx->http != NULL)
		nx_http_forget(ctx->http);
}

bool
nx_ctx_stops(const struct nx_ctx *ctx)
{
	return ctx->stop != NULL && atomic_load(ctx->stop);
}

struct nx_store_ask
nx_ctx_store(const struct nx_ctx *ctx)
{
	int64_t soon = nx_clock_mono() + NX_SQL_MS;

	return (struct nx_store_ask){
		.store = &ctx->app->store,
		.arena = ctx->arena,
		.deadline = soon < ctx->deadline ? soon : ctx->deadline,
		.request_id = ctx->request_id,
	};
}

struct nx_x
nx_ctx_x(const struct nx_ctx *ctx)
{
	return (struct nx_x){
		.http = ctx->http,
		.conf = &ctx->app->conf,
		.arena = ctx->arena,
		.endpoints = ctx->app->endpoints,
		.stats = ctx->app->stats,
		.deadline = ctx->deadline - NX_SAVE_MS,
		.patient_ms = ctx->patient_ms,
	};
}

bool
nx_err_for_users(struct nx_err *err)
{
	if (err->rc != NX_DB_DOWN && err->rc != NX_CONFIG &&
	    err->rc != NX_INTERNAL)
		return false;
	memset(err->args, 0, sizeof(err->args));
	err->reason = NX_WHY_LOGGED;
	(void)snprintf(err->detail, sizeof(err->detail), "%s",
	    nx_reason_sentence(NX_WHY_LOGGED));
	return true;
}

void
nx_ctx_report(struct nx_ctx *ctx, const char *event, const char *user_id,
    const char *connection_id)
{
	const struct nx_err *err = &ctx->err;
	struct nx_err shown = *err;	/* users may read their events */
	const struct nx_event row = {
		.user_id = user_id,
		.connection_id = connection_id,
		.code = nx_rc_code(err->rc),
		.detail = shown.detail,
		.x_status = err->x.status,
	};
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_err lost = { 0 };
	bool ours = nx_rc_status(err->rc) >= 500;

	nx_log(&ctx->app->conf.log, ours ? NX_LOG_ERROR : NX_LOG_WARN,
	    ctx->request_id, event, NX_S("code", nx_rc_code(err->rc)),
	    NX_S("user", user_id), NX_S("connection", connection_id),
	    NX_I("x_status", err->x.status), NX_S("x_type", err->x.type),
	    NX_S("detail", err->detail));
	if (ctx->app->pool == NULL || user_id == NULL ||
	    err->rc == NX_DB_DOWN)
		return;
	(void)nx_err_for_users(&shown);
	if (nx_event_add(&ask, &row, &lost) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "event.lost", NX_S("detail", lost.detail));
}
