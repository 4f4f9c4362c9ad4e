/* serve.c - accept, the threads that serve, drain. */

#include "nx/web/serve.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "admission.h"
#include "keeper.h"
#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"
#include "nx/base/wait.h"
#include "watchdog.h"

enum {
	LISTENER = 0,			/* FCGI_LISTENSOCK_FILENO */
	/*
	 * Another process may have been first.  The socket is not made
	 * non-blocking, since programs of before share it.
	 */
	ACCEPT_TIMEOUT_US = 1,
	NO_MEMORY_PAUSE_MS = 10,
	LATE_MS = 5000,			/* less left: not worth starting */
};

static const char serving[] = "serve";	/* what `ps -L` calls the threads */

struct server {
	const struct nx_app	*app;
	struct nx_threads	*threads;	/* that serve, and the keeper */
	struct nx_threads	*guard;		/* the watchdog's, to the end */
	struct nx_admission	*admission;
	struct nx_seat		*seat;
	struct nx_poller	*poller;
	struct nx_keeper	 keeper;
	struct nx_watchdog	 watchdog;
};

/* A serving thread, and what it makes when it first needs it. */
struct server_thread {
	struct server		*server;
	struct nx_sitter	 sitter;
	struct nx_http		*http;		/* its way to X */
	struct nx_job		*spare;		/* for its next request */
};

/* Behind it, its connection may be another thread's already. */
static void
finish_job(struct server_thread *t, struct nx_job *job)
{
	struct nx_conn *kept = nx_job_finish(job, t->server->app);

	if (t->spare == NULL)
		t->spare = job;
	else
		nx_job_free(job);
	if (kept != NULL)
		nx_poller_keep(t->server->poller, kept);
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
	if (!nx_route_is_short(job->match.route))
		nx_seat_hand_on(&t->sitter);
	nx_job_run(job, t->server->app, t->http);
	finish_job(t, job);
}

/* A job that may hang at X, and after it those that were set aside. */
static void
run_calling(struct server_thread *t, struct nx_job *job)
{
	nx_seat_hand_on(&t->sitter);
	if (t->http == NULL)
		t->http = nx_app_http_x(t->server->app);
	do {
		if (t->http == NULL)
			refuse_job(t, job, "The server is out of memory.");
		else if (nx_conn_is_abandoned(job->conn))
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

/* The spare job, or a new one; NULL, after a moment, without memory. */
static struct nx_job *
take_job(struct server_thread *t)
{
	struct nx_job *job = t->spare != NULL ? t->spare : nx_job_new();

	t->spare = NULL;
	if (job == NULL)
		nx_clock_sleep(NO_MEMORY_PAUSE_MS);
	return job;
}

/* One request; `whole`: reading it will not wait. */
static void
serve_conn(struct server_thread *t, struct nx_conn *conn, bool whole)
{
	struct nx_job *job = take_job(t);
	bool answerable;

	if (!whole)
		nx_seat_hand_on(&t->sitter);
	answerable = job != NULL && nx_job_read(job, t->server->app, conn);
	if (!whole)
		nx_poller_read(t->server->poller, conn);
	if (answerable)
		dispatch_job(t, job);
	else if (job == NULL)
		nx_conn_close(conn);
	else {
		nx_job_drop(job);
		t->spare = job;
	}
}

static void
serve_thread(void *ctx, int index)
{
	struct server_thread t = { .server = ctx };
	struct nx_conn *conn;
	bool whole;

	(void)index;
	nx_sitter_init(&t.sitter, t.server->seat);
	nx_wait_first(nx_seat_hand_on, &t.sitter);
	while (nx_seat_take(&t.sitter) &&
	    (conn = nx_poller_next(t.server->poller, &whole)) != NULL) {
		nx_seat_serve(&t.sitter);
		serve_conn(&t, conn, whole);
	}
	nx_wait_first(NULL, NULL);
	nx_sitter_destroy(&t.sitter);
	nx_job_free(t.spare);
	nx_app_http_free(t.http);
}

static enum nx_rc
check_listener(struct nx_err *err)
{
	const struct timeval soon = { .tv_usec = ACCEPT_TIMEOUT_US };
	int listens = 0;
	socklen_t size = sizeof(listens);

	if (getsockopt(LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &size) != 0 || !listens ||
	    setsockopt(LISTENER, SOL_SOCKET, SO_RCVTIMEO, &soon,
	    sizeof(soon)) != 0)
		return nx_fail(err, NX_CONFIG, "fd 0 does not listen: start"
		    " it with spawn-fcgi or a systemd socket.");
	return NX_OK;
}

/* All but the threads; check_listener() has been there. */
static enum nx_rc
prepare_server(struct server *s, struct nx_err *err)
{
	const int threads = s->app->conf.threads;

	s->threads = nx_threads_new(threads + 1);
	s->guard = nx_threads_new(1);
	s->admission = nx_admission_new(threads);
	s->seat = nx_seat_new();
	s->poller = nx_poller_new(LISTENER);
	s->keeper = (struct nx_keeper){ s->app, s->threads };
	s->watchdog = (struct nx_watchdog){ s->guard, s->seat, s->poller,
	    &s->app->conf.log };
	if (s->threads == NULL || s->guard == NULL || s->admission == NULL ||
	    s->seat == NULL || s->poller == NULL)
		return nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	return NX_OK;
}

static enum nx_rc
start_threads(struct server *s, struct nx_err *err)
{
	const int wanted = s->app->conf.threads;
	int n;

	if (nx_callers_start(s->app->callers, err) != NX_OK)
		return err->rc;
	n = nx_threads_start(s->threads, serving, wanted, serve_thread, s);
	if (n < wanted || nx_threads_start(s->threads, "keeper", 1,
	    nx_keeper_run, &s->keeper) < 1 || nx_threads_start(s->guard,
	    "watchdog", 1, nx_watchdog_run, &s->watchdog) < 1)
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
	nx_poller_drain(s->poller, end);
	nx_seat_close(s->seat);
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

static void
free_server(struct server *s)
{
	nx_threads_free(s->threads);
	nx_threads_free(s->guard);
	nx_poller_free(s->poller);
	nx_seat_free(s->seat);
	nx_admission_free(s->admission);
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
	if ((rc = check_listener(err)) == NX_OK &&
	    (rc = prepare_server(&s, err)) == NX_OK) {
		if ((rc = start_threads(&s, err)) == NX_OK)
			serve_until_told(&s, &end);
		drain_server(&s);
	}
	free_server(&s);
	return rc;
}
