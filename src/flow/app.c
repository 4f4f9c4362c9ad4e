/* app.c - open and close what a process holds. */

#include "nx/flow/app.h"

#include <fcntl.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/store/event.h"

static enum nx_rc
problem(struct nx_buf *problems, const char *variable,
    const struct nx_err *err)
{
	nx_buf_addf(problems, "%s: %s\n", variable, err->detail);
	return NX_CONFIG;
}

static enum nx_rc
read_file(const char *path, struct nx_buf *out, struct nx_err *err)
{
	char chunk[4096];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return nx_fail(err, NX_CONFIG, "%s cannot be opened.", path);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		nx_buf_add(out, chunk, (size_t)n);
	(void)close(fd);
	if (n < 0 || !nx_buf_ok(out))
		return nx_fail(err, NX_CONFIG, "%s cannot be read, or is"
		    " longer than %zu bytes.", path, out->max);
	return NX_OK;
}

static enum nx_rc
open_callers(struct nx_app *app, struct nx_buf *problems)
{
	struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);
	const struct nx_conf *conf = &app->conf;
	struct nx_err err = { 0 };
	enum nx_rc rc = NX_OK;

	if (conf->jwks_file != NULL)
		rc = read_file(conf->jwks_file, &jwks, &err);
	if (rc == NX_OK)
		rc = nx_jwt_keys_new(conf->jwt_secret, nx_buf_slice(&jwks),
		    &app->callers, &err);
	nx_buf_free(&jwks);
	return rc == NX_OK ? NX_OK :
	    problem(problems, "SUPABASE_JWKS_FILE", &err);
}

static enum nx_rc
open_rest(struct nx_app *app, unsigned int need, struct nx_buf *problems)
{
	const struct nx_conf *conf = &app->conf;
	struct nx_err err = { 0 };
	enum nx_rc rc = NX_OK;

	if ((need & NX_NEED_KEYS) != 0 && conf->keys != NULL &&
	    nx_keyring_parse(conf->keys, &app->ring, &err) != NX_OK)
		rc = problem(problems, "NEXUS_KEYS", &err);
	if ((need & NX_NEED_DB) != 0 && conf->database_url != NULL &&
	    nx_pool_new(conf->database_url, conf->db_pool, &app->pool,
	    &err) != NX_OK)
		rc = problem(problems, "DATABASE_URL", &err);
	if ((need & NX_NEED_X) != 0 &&
	    nx_http_ca_new(conf->ca_file, &app->ca, &err) != NX_OK)
		rc = problem(problems, "TWITTER_CA_FILE", &err);
	if ((need & NX_NEED_CALLERS) != 0 &&
	    open_callers(app, problems) != NX_OK)
		rc = NX_CONFIG;
	app->store = (struct nx_store){ app->pool, app->ring };
	return rc;
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
	rest = open_rest(app, need, problems);
	return rc != NX_OK ? rc : rest;
}

void
nx_app_close(struct nx_app *app)
{
	nx_pool_free(app->pool);
	nx_keyring_free(app->ring);
	nx_jwt_keys_free(app->callers);
	nx_http_ca_free(app->ca);
	nx_conf_free(&app->conf);
}

enum nx_rc
nx_process_start(void)
{
	return nx_http_start();
}

void
nx_process_stop(void)
{
	nx_http_stop();
}

struct nx_http *
nx_worker_open(const struct nx_app *app)
{
	return nx_http_new(app->ca);
}

void
nx_worker_close(struct nx_http *http)
{
	nx_http_free(http);
}

void
nx_ctx_done(struct nx_ctx *ctx)
{
	if (ctx->http != NULL)
		nx_http_forget(ctx->http);
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
		.deadline = ctx->deadline - NX_SAVE_MS,
	};
}

void
nx_ctx_report(struct nx_ctx *ctx, const char *event, const char *user_id,
    const char *connection_id)
{
	const struct nx_err *err = &ctx->err;
	const struct nx_event row = {
		.user_id = user_id,
		.connection_id = connection_id,
		.code = nx_rc_code(err->rc),
		.detail = err->detail,
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
	if (nx_event_add(&ask, &row, &lost) != NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_WARN, ctx->request_id,
		    "event.lost", NX_S("detail", lost.detail));
}

bool
nx_is_uuid(const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < NX_ID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' :
		    strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return i == NX_ID_LEN && text[i] == '\0';
}
