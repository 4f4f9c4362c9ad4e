/*
 * job.c - one FastCGI request from accept to answer.
 *
 * The traps of libfcgi that this file is shaped by: it would wait for ever on
 * a silent peer (so: receive time-outs), it reports success for a truncated
 * set of parameters (so: FCGX_GetError), and what is left unread of a body
 * would be parsed as the next request (so: always read to the end).
 */

#include "job.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "nx/base/clock.h"

enum {
	PEER_SECONDS = 10,		/* nginx sends and reads at once */
	DRAIN_MAX = 4 * NX_BODY_MAX,	/* of a body that is not wanted */
	OUT_MAX = NX_REPLY_HEAD_MAX + NX_REPLY_BODY_MAX + 4096,
};

static void
set_timeouts(int fd)
{
	const struct timeval t = { .tv_sec = PEER_SECONDS };

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* nginx closes the connection when its own client has gone. */
bool
nx_job_is_orphan(const struct nx_job *job)
{
	struct pollfd p = { .fd = job->fcgi.ipcFd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

void
nx_job_free(struct nx_job *job)
{
	if (job == NULL)
		return;
	nx_reply_free(&job->reply);
	nx_buf_free(&job->body);
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
	job->body = (struct nx_buf)NX_BUF_SECRET(NX_BODY_MAX);
	job->out = (struct nx_buf)NX_BUF_SECRET(OUT_MAX);
	if ((job->arena = nx_arena_new(NX_ARENA_MAX)) == NULL) {
		nx_job_free(job);
		return NULL;
	}
	return job;
}

static void
recycle(struct nx_job *job)
{
	nx_reply_reset(&job->reply);
	nx_buf_recycle(&job->body);
	nx_buf_recycle(&job->out);
	nx_arena_reset(job->arena);
	job->route = NULL;
}

/*
 * Read the body to its end.  With keepConnection 1 the implicit Finish of
 * FCGX_Accept_r would keep the connection, with listen_sock -1 it never
 * accepts: that is how a connection of our own is handed to libfcgi.
 */
static bool
adopt(struct nx_job *job, int fd)
{
	set_timeouts(fd);
	if (FCGX_InitRequest(&job->fcgi, -1, 0) != 0) {
		(void)close(fd);
		return false;
	}
	job->fcgi.ipcFd = fd;
	job->fcgi.keepConnection = 1;
	if (FCGX_Accept_r(&job->fcgi) < 0)
		return false;		/* libfcgi has closed it */
	job->fcgi.keepConnection = 0;
	return true;
}

static void
read_body(struct nx_job *job)
{
	char chunk[4096];
	size_t got = 0;
	int n;

	while (got < DRAIN_MAX && (n = FCGX_GetStr(chunk, sizeof(chunk),
	    job->fcgi.in)) > 0) {
		got += (size_t)n;
		nx_buf_add(&job->body, chunk, (size_t)n);
	}
	job->request.body = nx_buf_slice(&job->body);
}

static enum nx_rc
read_request(struct nx_job *job, struct nx_err *err)
{
	bool whole = FCGX_GetError(job->fcgi.in) == 0;
	enum nx_rc rc = nx_request_read(job->fcgi.envp, &job->request, err);

	read_body(job);
	if (!whole)
		return nx_fail(err, NX_MALFORMED,
		    "The FastCGI parameters ended too early.");
	if (rc != NX_OK)
		return rc;
	if (!nx_buf_ok(&job->body))
		return nx_fail(err, NX_TOO_BIG, "The body may have %d"
		    " bytes.", NX_BODY_MAX);
	return nx_route_find(&job->request, &job->route, &job->reply, err);
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
		.reply = &job->reply,
	};
}

static void
enter(struct nx_job *job, const struct nx_app *app)
{
	struct nx_ctx ctx = ctx_of(job, app, NULL);
	struct nx_call call = call_of(job, &ctx);

	if (nx_route_enter(job->route, &call, &job->session) != NX_OK)
		job->route = NULL;
}

bool
nx_job_read(struct nx_job *job, const struct nx_app *app, int fd)
{
	struct nx_err err = { 0 };

	job->deadline = nx_clock_mono() + NX_REQUEST_MS;
	if (!adopt(job, fd))
		return false;
	if (read_request(job, &err) != NX_OK)
		nx_job_fail(job, app, &err);
	else if (!nx_job_is_orphan(job))
		enter(job, app);
	else {
		FCGX_Finish_r(&job->fcgi);
		recycle(job);
		return false;
	}
	return true;
}

void
nx_job_run(struct nx_job *job, const struct nx_app *app,
    struct nx_http *http)
{
	struct nx_ctx ctx = ctx_of(job, app, http);
	struct nx_call call = call_of(job, &ctx);

	if (job->route != NULL)
		nx_route_run(job->route, &call);
	nx_ctx_done(&ctx);
	job->route = NULL;
}

void
nx_job_fail(struct nx_job *job, const struct nx_app *app,
    const struct nx_err *err)
{
	struct nx_ctx ctx = ctx_of(job, app, NULL);
	struct nx_call call = call_of(job, &ctx);

	ctx.err = *err;
	nx_route_fail(job->route, &call);
	job->route = NULL;
}

void
nx_job_finish(struct nx_job *job)
{
	nx_reply_write(&job->reply, &job->request, &job->out);
	if (nx_buf_ok(&job->out))
		(void)FCGX_PutStr(job->out.p, (int)job->out.n,
		    job->fcgi.out);
	FCGX_Finish_r(&job->fcgi);
	recycle(job);
}
