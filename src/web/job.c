/*
 * job.c - one request from its parameters to its answer.
 *
 * The body is read to its end before the answer, whoever wants it: what were
 * left unread nginx could not get rid of (body.h).
 */

#include "job.h"

#include <stdlib.h>

#include "nx/base/clock.h"

enum { OUT_MAX = NX_REPLY_HEAD_MAX + NX_REPLY_BODY_MAX + 4096 };

void
nx_job_free(struct nx_job *job)
{
	if (job == NULL)
		return;
	nx_conn_close(job->conn);
	nx_reply_free(&job->reply);
	nx_buf_free(&job->whole);
	nx_buf_free(&job->out);
	nx_arena_free(job->arena);
	free(job);
}

struct nx_job *
nx_job_new(void)
{
	struct nx_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->reply = (struct nx_reply)NX_REPLY;
	job->whole = (struct nx_buf)NX_BUF_SECRET(NX_BODY_MAX);
	job->out = (struct nx_buf)NX_BUF_SECRET(OUT_MAX);
	if ((job->arena = nx_arena_new(NX_ARENA_MAX)) == NULL) {
		nx_job_free(job);
		return NULL;
	}
	return job;
}

/* The body but for one that is left to its handler. */
static void
read_body(struct nx_job *job)
{
	const struct nx_route *route = job->match.route;

	job->body = (struct nx_body){
		.pull = nx_conn_pull,
		.source = job->conn,
		.length = job->request.content_length,
	};
	if (route != NULL && route->body == NX_BODY_WHOLE)
		nx_body_collect(&job->body, &job->whole);
	else if (!nx_route_streams(route))
		nx_body_drain(&job->body);
	job->request.body = nx_buf_slice(&job->whole);
}

static enum nx_rc
check_body_size(const struct nx_job *job, struct nx_err *err)
{
	if (nx_route_streams(job->match.route) ||
	    (job->body.got <= NX_BODY_MAX && nx_buf_ok(&job->whole)))
		return NX_OK;
	return nx_fail(err, NX_TOO_BIG, "The body may have %d bytes.",
	    NX_BODY_MAX);
}

static enum nx_rc
read_request(struct nx_job *job, struct nx_err *err)
{
	const bool ended = nx_conn_params_ended(job->conn);
	struct nx_request *r = &job->request;
	enum nx_rc rc = nx_request_read(nx_conn_params(job->conn), r, err);

	if (rc == NX_OK)
		nx_route_find(r, &job->match);
	job->row = nx_route_row(job->match.route);
	if (rc == NX_OK && !nx_route_streams(job->match.route))
		rc = nx_request_check_length(r, NX_BODY_MAX, err);
	read_body(job);
	if (!ended)
		return nx_fail(err, NX_MALFORMED,
		    "The FastCGI parameters ended too early.");
	if (rc != NX_OK || (rc = check_body_size(job, err)) != NX_OK)
		return rc;
	return nx_route_check(&job->match, r, &job->reply, err);
}

static struct nx_ctx
ctx_of(struct nx_job *job, const struct nx_app *app, struct nx_http *http)
{
	return (struct nx_ctx){
		.app = app,
		.http = http,
		.arena = job->arena,
		.request_id = job->request.id,
		.deadline = job->deadline,
	};
}

static struct nx_call
call_of(struct nx_job *job, struct nx_ctx *ctx)
{
	return (struct nx_call){
		.ctx = ctx,
		.request = &job->request,
		.session = &job->session,
		.param = job->match.param,
		.body = &job->body,
		.reply = &job->reply,
	};
}

static void
enter_route(struct nx_job *job, const struct nx_app *app)
{
	struct nx_ctx ctx = ctx_of(job, app, NULL);
	struct nx_call call = call_of(job, &ctx);

	if (nx_route_enter(job->match.route, &call, &job->session) != NX_OK)
		job->match.route = NULL;
}

/* Whether an answer is still waited for is worth a look before long work. */
static bool
is_unheard(const struct nx_job *job)
{
	return !nx_route_is_short(job->match.route) &&
	    nx_conn_is_abandoned(job->conn);
}

bool
nx_job_read(struct nx_job *job, const struct nx_app *app,
    struct nx_conn *conn)
{
	struct nx_err err = { 0 };

	job->conn = conn;
	job->began = nx_clock_us();
	job->deadline = nx_clock_mono() + NX_REQUEST_MS;
	if (!nx_conn_next(conn))
		return false;
	if (read_request(job, &err) != NX_OK) {
		job->match.route = NULL;
		nx_job_fail(job, app, &err);
		return true;
	}
	if (is_unheard(job))
		return false;
	enter_route(job, app);
	return true;
}

void
nx_job_run(struct nx_job *job, const struct nx_app *app,
    struct nx_http *http)
{
	struct nx_ctx ctx = ctx_of(job, app, http);
	struct nx_call call = call_of(job, &ctx);

	if (job->match.route != NULL)
		nx_route_run(job->match.route, &call);
	nx_ctx_done(&ctx);
	job->match.route = NULL;
}

void
nx_job_fail(struct nx_job *job, const struct nx_app *app,
    const struct nx_err *err)
{
	struct nx_ctx ctx = ctx_of(job, app, NULL);
	struct nx_call call = call_of(job, &ctx);

	ctx.err = *err;
	nx_route_fail(job->match.route, &call);
	job->match.route = NULL;
}

static void
count_answer(const struct nx_job *job, struct nx_stats *stats)
{
	const int class = job->reply.status / 100 - 2;

	if (class < 0 || class >= 4)
		return;			/* nobody waited for one */
	nx_stats_time(stats, NX_STAT_REQUEST, job->row, job->began);
	nx_stats_count(stats, NX_STAT_REQUESTS, job->row, (unsigned int)class);
}

/* Ready for the next; the connection is somebody else's. */
static void
recycle_job(struct nx_job *job)
{
	job->conn = NULL;
	nx_reply_reset(&job->reply);
	nx_buf_recycle(&job->whole);
	nx_buf_recycle(&job->out);
	nx_arena_reset(job->arena);
	memset(&job->match, 0, sizeof(job->match));
}

struct nx_conn *
nx_job_finish(struct nx_job *job, const struct nx_app *app)
{
	struct nx_conn *conn = job->conn;

	nx_body_drain(&job->body);	/* what a handler has left of it */
	nx_reply_write(&job->reply, &job->request, &job->out);
	if (nx_buf_ok(&job->out))
		nx_conn_write(conn, nx_buf_slice(&job->out));
	if (!nx_conn_end(conn)) {
		nx_conn_close(conn);
		conn = NULL;
	}
	count_answer(job, app->stats);
	recycle_job(job);
	return conn;
}

void
nx_job_drop(struct nx_job *job)
{
	nx_conn_close(job->conn);
	recycle_job(job);
}
