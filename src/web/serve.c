/*
 * serve.c - threads, admission, drain.
 *
 * Lock: `mutex` guards `calling`, the list of jobs set aside and its length; it
 * is never held across I/O.
 */

#include "nx/web/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "job.h"
#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/pending.h"

enum {
	LISTENER = 0,			/* FCGI_LISTENSOCK_FILENO */
	ACCEPT_TICK_US = 300000,	/* how soon a drain is noticed */
	NO_RESOURCE_PAUSE_MS = 10,
	ASIDE_PER_SLOT = 8,		/* jobs set aside for each slot */
	REPLAY_MS = 3000,
	LATE_MS = 5000,			/* less left: not worth starting */
};

struct server {
	const struct nx_app	*app;
	struct nx_threads	*threads;	/* that serve, and the keeper */
	pthread_mutex_t		 mutex;
	int			 calling;	/* threads that may be at X */
	int			 slots;		/* how many may be */
	struct nx_job		*first, **last;	/* set aside, oldest first */
	int			 aside;
};

enum admission { GO, ASIDE, FULL };

static enum admission
admit(struct server *s, struct nx_job *job)
{
	enum admission a = FULL;

	nx_lock(&s->mutex);
	if (s->calling < s->slots) {
		s->calling++;
		a = GO;
	} else if (s->aside < s->slots * ASIDE_PER_SLOT) {
		job->next = NULL;
		*s->last = job;
		s->last = &job->next;
		s->aside++;
		a = ASIDE;
	}
	nx_unlock(&s->mutex);
	return a;
}

/* The next job set aside, keeping the slot; NULL gives the slot back. */
static struct nx_job *
next_aside(struct server *s)
{
	struct nx_job *job;

	nx_lock(&s->mutex);
	job = s->first;
	if (job == NULL)
		s->calling--;
	else {
		s->first = job->next;
		if (s->first == NULL)
			s->last = &s->first;
		s->aside--;
	}
	nx_unlock(&s->mutex);
	return job;
}

/* A serving thread, its way to X, and a job for its next request. */
struct worker {
	struct server	*server;
	struct nx_http	*http;
	struct nx_job	*spare;
};

static void
done(struct worker *w, struct nx_job *job)
{
	nx_job_finish(job, w->server->app);
	if (w->spare == NULL)
		w->spare = job;
	else
		nx_job_free(job);
}

static void
refuse(struct worker *w, struct nx_job *job, const char *why)
{
	struct nx_err err;

	(void)nx_fail(&err, NX_BUSY, "%s", why);
	err.retry_after = 2;
	nx_job_fail(job, w->server->app, &err);
	done(w, job);
}

static void
run(struct worker *w, struct nx_job *job)
{
	nx_job_run(job, w->server->app, w->http);
	done(w, job);
}

/* A job that may hang at X, and after it those that were set aside. */
static void
run_calling(struct worker *w, struct nx_job *job)
{
	do {
		if (nx_conn_is_abandoned(job->conn))
			done(w, job);	/* nobody waits for it any more */
		else if (nx_clock_left(job->deadline) < LATE_MS)
			refuse(w, job, "X answers too slowly to get to"
			    " this request.");
		else
			run(w, job);
	} while ((job = next_aside(w->server)) != NULL);
}

static void
dispatch(struct worker *w, struct nx_job *job)
{
	if (!nx_route_calls_x(job->match.route)) {
		run(w, job);
		return;
	}
	switch (admit(w->server, job)) {
	case GO:
		run_calling(w, job);
		break;
	case ASIDE:
		break;		/* no longer ours */
	case FULL:
		refuse(w, job, "Too many requests wait for X.");
		break;
	}
}

/* One connection; -1 when there was none, or none could be had. */
static int
next_connection(void)
{
	int fd = accept4(LISTENER, NULL, NULL, SOCK_CLOEXEC);

	/* EAGAIN is the tick, and goes back at once. */
	if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOMEM || errno == ENOBUFS))
		nx_clock_sleep(NO_RESOURCE_PAUSE_MS);
	return fd;
}

static void
serve_thread(void *ctx, int index)
{
	struct worker w = { .server = ctx };

	(void)index;
	w.http = nx_worker_open(w.server->app);
	while (w.http != NULL && !nx_threads_stopped(w.server->threads)) {
		struct nx_job *job = w.spare;
		int fd;

		if (job == NULL && (job = nx_job_new()) == NULL) {
			nx_clock_sleep(NO_RESOURCE_PAUSE_MS);
			continue;
		}
		w.spare = job;
		if ((fd = next_connection()) < 0 ||
		    !nx_job_read(job, w.server->app, fd))
			continue;
		w.spare = NULL;
		dispatch(&w, job);
	}
	nx_job_free(w.spare);
	nx_worker_close(w.http);
}

/* So that a site without a worker connects accounts as well. */
static void
look_after_pending(struct nx_ctx *ctx)
{
	int done;
	enum nx_rc rc = nx_pending_settle_due(ctx, &done);

	(void)rc;		/* the database's: /readyz tells */
}

/*
 * Brings home the grants that the database could not take, and those that X
 * has not named the account of.
 */
static void
keep_thread(void *arg, int index)
{
	struct server *s = arg;
	struct nx_arena *arena = nx_arena_new(NX_ARENA_MAX);

	(void)index;
	if (arena == NULL)
		return;
	do {
		struct nx_ctx ctx = {
			.app = s->app,
			.arena = arena,
			.deadline = nx_clock_mono() + NX_REQUEST_MS,
		};

		(void)nx_keep_replay(&ctx);
		look_after_pending(&ctx);
		nx_arena_reset(arena);
	} while (!nx_threads_pause(s->threads, REPLAY_MS));
	nx_arena_free(arena);
}

static enum nx_rc
start(struct server *s, struct nx_err *err)
{
	const struct timeval tick = { .tv_usec = ACCEPT_TICK_US };
	const int wanted = s->app->conf.threads;
	int listens = 0, n;
	socklen_t size = sizeof(listens);

	if (getsockopt(LISTENER, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &size) != 0 || !listens ||
	    setsockopt(LISTENER, SOL_SOCKET, SO_RCVTIMEO, &tick,
	    sizeof(tick)) != 0)
		return nx_fail(err, NX_CONFIG, "fd 0 does not listen: start"
		    " it with spawn-fcgi or a systemd socket.");
	if (nx_callers_start(s->app->callers, err) != NX_OK)
		return NX_NO_MEMORY;
	n = nx_threads_start(s->threads, "serve", wanted, serve_thread, s);
	if (n < wanted || nx_threads_start(s->threads, "keeper", 1,
	    keep_thread, s) < 1)
		return nx_fail(err, NX_NO_MEMORY, "Only %d of %d threads"
		    " started.", n, wanted);
	return NX_OK;
}

/* A call to X that nobody hears is found by its lease, as suspect. */
static void
give_up(const struct server *s, const char *what)
{
	nx_log(&s->app->conf.log, NX_LOG_ERROR, NULL, "serve.drain_too_long",
	    NX_S("what", what));
	_exit(1);
}

/* What is in flight is finished, or the process ends without it. */
static void
drain(struct server *s)
{
	const int64_t end = nx_clock_mono() + NX_DRAIN_MS;
	const char *late;

	nx_patient_stop(s->app->patient);
	nx_threads_stop(s->threads);
	/* A fetch that is under way ends beside the requests, not after. */
	nx_callers_wind_down(s->app->callers);
	if ((late = nx_threads_join_until(s->threads, end)) != NULL)
		give_up(s, late);
	if (!nx_patient_wait(s->app->patient, end))
		give_up(s, "an answer of X to a code or refresh token");
	nx_callers_stop(s->app->callers);
}

static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGUSR1);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
	nx_signals_block(set);
	(void)sigdelset(set, SIGHUP);
}

static bool
init(struct server *s, const struct nx_app *app)
{

	memset(s, 0, sizeof(*s));
	s->app = app;
	s->last = &s->first;
	s->slots = app->conf.threads * 3 / 4;
	if (s->slots == 0)
		s->slots = 1;
	s->threads = nx_threads_new(app->conf.threads + 1);
	nx_mutex_init(&s->mutex);
	return s->threads != NULL;
}

enum nx_rc
nx_serve(const struct nx_app *app, struct nx_err *err)
{
	struct server s;
	sigset_t signals;
	int got = 0;
	enum nx_rc rc;

	if (!nx_conn_start())
		return nx_fail(err, NX_CONFIG, "libfcgi does not start.");
	(void)signal(SIGPIPE, SIG_IGN);
	block_signals(&signals);
	if (!init(&s, app))
		rc = nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	else if ((rc = start(&s, err)) == NX_OK) {
		nx_log(&app->conf.log, NX_LOG_INFO, NULL, "serve.started",
		    NX_I("threads", app->conf.threads), NX_I("pid", getpid()));
		(void)sigwait(&signals, &got);
		nx_log(&app->conf.log, NX_LOG_INFO, NULL, "serve.draining",
		    NX_I("signal", got), NX_I("pid", getpid()));
	}
	if (s.threads != NULL)
		drain(&s);
	nx_threads_free(s.threads);
	nx_mutex_destroy(&s.mutex);
	return rc;
}
