/* serve.c - accept, the threads that serve, drain. */

#include "nx/web/serve.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "admission.h"
#include "keeper.h"
#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"

enum {
	LISTENER = 0,			/* FCGI_LISTENSOCK_FILENO */
	ACCEPT_TICK_US = 300000,	/* how soon a drain is noticed */
	NO_RESOURCE_PAUSE_MS = 10,
	LATE_MS = 5000,			/* less left: not worth starting */
};

static const char serving[] = "serve";	/* what `ps -L` calls the threads */

struct server {
	const struct nx_app	*app;
	struct nx_threads	*threads;	/* that serve, and the keeper */
	struct nx_admission	*admission;
	struct nx_keeper	 keeper;
};

/* A serving thread, its way to X, and a job for its next request. */
struct server_thread {
	struct server	*server;
	struct nx_http	*http;
	struct nx_job	*spare;
};

static void
finish_job(struct server_thread *t, struct nx_job *job)
{
	nx_job_finish(job, t->server->app);
	if (t->spare == NULL)
		t->spare = job;
	else
		nx_job_free(job);
}

static void
refuse_job(struct server_thread *t, struct nx_job *job, const char *why)
{
	struct nx_err err;

	(void)nx_fail(&err, NX_BUSY, "%s", why);
	err.retry_after = 2;
	nx_job_fail(job, t->server->app, &err);
	finish_job(t, job);
}

static void
run_job(struct server_thread *t, struct nx_job *job)
{
	nx_job_run(job, t->server->app, t->http);
	finish_job(t, job);
}

/* A job that may hang at X, and after it those that were set aside. */
static void
run_calling(struct server_thread *t, struct nx_job *job)
{
	do {
		if (nx_conn_is_abandoned(job->conn))
			finish_job(t, job);	/* nobody waits any more */
		else if (nx_clock_left(job->deadline) < LATE_MS)
			refuse_job(t, job, "X answers too slowly to get to"
			    " this request.");
		else
			run_job(t, job);
	} while ((job = nx_admission_next(t->server->admission)) != NULL);
}

static void
dispatch_job(struct server_thread *t, struct nx_job *job)
{
	if (!nx_route_calls_x(job->match.route)) {
		run_job(t, job);
		return;
	}
	switch (nx_admission_enter(t->server->admission, job)) {
	case NX_ADMIT_NOW:
		run_calling(t, job);
		break;
	case NX_ADMIT_LATER:
		break;		/* no longer ours */
	case NX_ADMIT_FULL:
		refuse_job(t, job, "Too many requests wait for X.");
		break;
	}
}

/* One connection; -1 when there was none, or none could be had. */
static int
accept_connection(void)
{
	int fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);

	/* EAGAIN is the tick, and goes back at once. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOMEM || errno == ENOBUFS))
		nx_clock_sleep(NO_RESOURCE_PAUSE_MS);
	return fd;
}

/* Wait for a request, and see to it. */
static void
serve_one(struct server_thread *t)
{
	struct nx_job *job = t->spare;
	int fd;

	if (job == NULL && (job = nx_job_new()) == NULL) {
		nx_clock_sleep(NO_RESOURCE_PAUSE_MS);
		return;
	}
	t->spare = job;
	if ((fd = accept_connection()) < 0 ||
	    !nx_job_read(job, t->server->app, fd))
		return;
	t->spare = NULL;
	dispatch_job(t, job);
}

static void
serve_thread(void *ctx, int index)
{
	struct server_thread t = { .server = ctx };

	(void)index;
	t.http = nx_app_http_x(t.server->app);
	while (t.http != NULL && !nx_threads_stopped(t.server->threads))
		serve_one(&t);
	nx_job_free(t.spare);
	nx_app_http_free(t.http);
}

static enum nx_rc
check_listener(struct nx_err *err)
{
	const struct timeval tick = { .tv_usec = ACCEPT_TICK_US };
	int listens = 0;
	socklen_t size = sizeof(listens);

	if (getsockopt(LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &size) != 0 || !listens ||
	    setsockopt(LISTENER, SOL_SOCKET, SO_RCVTIMEO, &tick,
	    sizeof(tick)) != 0)
		return nx_fail(err, NX_CONFIG, "fd 0 does not listen: start"
		    " it with spawn-fcgi or a systemd socket.");
	return NX_OK;
}

static enum nx_rc
start_threads(struct server *s, struct nx_err *err)
{
	const int wanted = s->app->conf.threads;
	int n;

	if (s->threads == NULL || s->admission == NULL)
		return nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	if (check_listener(err) != NX_OK ||
	    nx_callers_start(s->app->callers, err) != NX_OK)
		return err->rc;
	n = nx_threads_start(s->threads, serving, wanted, serve_thread, s);
	s->keeper = (struct nx_keeper){ s->app, s->threads };
	if (n < wanted || nx_threads_start(s->threads, "keeper", 1,
	    nx_keeper_run, &s->keeper) < 1)
		return nx_fail(err, NX_NO_MEMORY, "Only %d of %d threads"
		    " started.", n, wanted);
	return NX_OK;
}

/* A call to X that nobody hears is found by its lease, as suspect. */
static void
exit_undrained(const struct server *s, const char *what)
{
	nx_log(&s->app->conf.log, NX_LOG_ERROR, NULL, "serve.drain_too_long",
	    NX_S("what", what));
	_exit(1);
}

/* What is in flight is finished, or the process ends without it. */
static void
drain_server(struct server *s)
{
	const int64_t end = nx_clock_mono() + NX_DRAIN_MS;
	const char *late;

	nx_patient_stop(s->app->patient);
	nx_threads_stop(s->threads);
	/* A fetch that is under way ends beside the requests, not after. */
	nx_callers_wind_down(s->app->callers);
	if ((late = nx_threads_join_until(s->threads, end)) != NULL)
		exit_undrained(s, late == serving ? "a request" : late);
	if (!nx_patient_wait(s->app->patient, end))
		exit_undrained(s, "an answer of X to a code or refresh token");
	nx_callers_stop(s->app->callers);
}

/* Those that end it, for sigwait(); HUP means nothing. */
static void
block_end_signals(sigset_t *end)
{
	(void)sigemptyset(end);
	(void)sigaddset(end, SIGTERM);
	(void)sigaddset(end, SIGUSR1);
	(void)sigaddset(end, SIGINT);
	(void)sigaddset(end, SIGHUP);
	nx_signals_block(end);
	(void)sigdelset(end, SIGHUP);
}

static void
serve_until_told(const struct server *s, const sigset_t *end)
{
	const struct nx_log *log = &s->app->conf.log;
	int got = 0;

	nx_log(log, NX_LOG_INFO, NULL, "serve.started",
	    NX_I("threads", s->app->conf.threads), NX_I("pid", getpid()));
	(void)sigwait(end, &got);
	nx_log(log, NX_LOG_INFO, NULL, "serve.draining",
	    NX_I("signal", got), NX_I("pid", getpid()));
}

enum nx_rc
nx_serve(const struct nx_app *app, struct nx_err *err)
{
	struct server s = { .app = app };
	sigset_t end;
	enum nx_rc rc;

	if (!nx_conn_start())
		return nx_fail(err, NX_CONFIG, "libfcgi does not start.");
	(void)signal(SIGPIPE, SIG_IGN);
	block_end_signals(&end);
	s.threads = nx_threads_new(app->conf.threads + 1);
	s.admission = nx_admission_new(app->conf.threads);
	if ((rc = start_threads(&s, err)) == NX_OK)
		serve_until_told(&s, &end);
	if (s.threads != NULL)
		drain_server(&s);
	nx_threads_free(s.threads);
	nx_admission_free(s.admission);
	return rc;
}
