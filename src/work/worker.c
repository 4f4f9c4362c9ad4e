/* worker.c - the threads of all jobs, until told to end. */

#include "nx/work/worker.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "jobs.h"
#include "nx/base/clock.h"
#include "nx/base/random.h"
#include "nx/base/stop.h"
#include "nx/base/threads.h"
#include "nx/base/uuid.h"

enum { A_WHILE_MS = 60000 };

/* The threads of one job. */
struct crew {
	const struct nx_app		*app;
	struct nx_stop			*stop;
	const struct nx_work_job	*job;
	atomic_llong			 idle_at;	/* nothing was due */
};

/* One of them, and what its turns work with. */
struct hand {
	struct crew		*crew;
	struct nx_http		*http;
	struct nx_arena		*arena;
	enum nx_rc		 last;		/* of the turn before */
};

/* A failure is told when it begins and when it ends. */
static void
log_change(struct hand *h, const struct nx_ctx *ctx, enum nx_rc rc)
{
	const struct nx_log *log = &h->crew->app->conf.log;
	const char *job = h->crew->job->name;

	if (rc == h->last)
		return;
	h->last = rc;
	if (rc == NX_OK)
		nx_log(log, NX_LOG_INFO, ctx->request_id, "work.recovered",
		    NX_S("job", job));
	else
		nx_log(log, NX_LOG_ERROR, ctx->request_id, "work.failed",
		    NX_S("job", job), NX_S("code", nx_rc_code(rc)),
		    NX_S("detail", ctx->err.detail));
}

/* True: go on at once. */
static bool
run_turn(struct hand *h)
{
	struct crew *crew = h->crew;
	char id[NX_UUID_LEN + 1];
	struct nx_ctx ctx = {
		.app = crew->app,
		.http = h->http,
		.arena = h->arena,
		.request_id = id,
		.deadline = nx_clock_mono() + NX_REQUEST_MS,
		.stop = nx_stop_flag(crew->stop),
	};
	int done = 0;
	enum nx_rc rc;

	nx_uuid_random(id);
	rc = crew->job->turn(&ctx, &done);
	log_change(h, &ctx, rc);
	nx_ctx_done(&ctx);
	nx_arena_reset(h->arena);
	if (rc == NX_OK && done == 0)
		atomic_store(&crew->idle_at, nx_clock_mono());
	return rc == NX_OK && done > 0;
}

/*
 * Another of the crew has just found nothing, and will look again before the
 * period is over.  Threads that wait for X would ask the database as often as
 * they are many.  Who has just done something goes on: the next one of that
 * account's line was not due before.
 */
static bool
crew_rests(const struct crew *crew)
{
	return crew->job->threads > 1 && nx_clock_mono() -
	    atomic_load(&crew->idle_at) < crew->job->period / 4 * 3;
}

/* Between 3/4 and 5/4 of the period: hosts drift apart. */
static int
jittered_period(const struct nx_work_job *job)
{
	unsigned char r;

	nx_random(&r, sizeof(r));
	return job->period / 4 * 3 + (int)((int64_t)job->period / 2 * r / 255);
}

static void
work_thread(void *ctx, int index)
{
	struct hand h = { .crew = ctx };
	bool more = false;

	(void)index;
	h.http = nx_app_http_x(h.crew->app);
	h.arena = nx_arena_new(NX_ARENA_MAX);
	if (h.http == NULL || h.arena == NULL)
		(void)kill(getpid(), SIGTERM);	/* and start anew */
	else
		do
			more = (more || !crew_rests(h.crew)) && run_turn(&h);
		while (!nx_stop_wait(h.crew->stop,
		    more ? 0 : jittered_period(h.crew->job)));
	nx_app_http_free(h.http);
	nx_arena_free(h.arena);
}

/* The job whose threads could not all be started, or NULL. */
static const struct nx_work_job *
start_crews(struct nx_threads *threads, struct crew *crews,
    const struct crew *usual)
{
	const struct nx_work_job *job = nx_work_jobs;

	for (; job->name != NULL; job++, crews++) {
		*crews = *usual;
		crews->job = job;
		if (nx_threads_start(threads, job->name, job->threads,
		    work_thread, crews) < job->threads)
			return job;
	}
	return NULL;
}

static void
exit_unfinished(const struct nx_app *app, const char *job)
{
	nx_log(&app->conf.log, NX_LOG_ERROR, NULL, "work.stop_too_long",
	    NX_S("job", job));
	_exit(1);
}

static void
finish_crews(const struct nx_app *app, struct nx_threads *threads)
{
	const int64_t end = nx_clock_mono() + NX_WORK_STOP_MS;
	const char *late;

	nx_patient_stop(app->patient);
	if ((late = nx_threads_join_until(threads, end)) != NULL)
		exit_unfinished(app, late);
	if (!nx_patient_wait(app->patient, end))
		exit_unfinished(app, "refresh");
}

/* All of the table, or none. */
static enum nx_rc
run_until_told(const struct crew *usual, struct nx_threads *threads,
    struct crew *crews, struct nx_err *err)
{
	const struct nx_log *log = &usual->app->conf.log;
	const struct nx_work_job *missing = start_crews(threads, crews, usual);

	if (missing != NULL)
		(void)kill(getpid(), SIGTERM);
	else
		nx_log(log, NX_LOG_INFO, NULL, "work.started", NX_I("threads",
		    nx_threads_count(threads)), NX_I("pid", getpid()));
	while (!nx_stop_wait(usual->stop, A_WHILE_MS))
		continue;
	nx_log(log, NX_LOG_INFO, NULL, "work.stopping", NX_I("pid", getpid()));
	finish_crews(usual->app, threads);
	return missing == NULL ? NX_OK : nx_fail(err, NX_NO_MEMORY,
	    "The thread for %s does not start.", missing->name);
}

enum nx_rc
nx_work(const struct nx_app *app, struct nx_err *err)
{
	const struct crew usual = { .app = app, .stop = nx_stop_new() };
	struct nx_threads *threads;
	struct crew *crews;
	int njobs = 0, nthreads = 0;
	enum nx_rc rc;

	for (; nx_work_jobs[njobs].name != NULL; njobs++)
		nthreads += nx_work_jobs[njobs].threads;
	threads = nx_threads_new(nthreads);
	crews = calloc((size_t)njobs + 1, sizeof(*crews));	/* never 0 */
	if (usual.stop == NULL || threads == NULL || crews == NULL)
		rc = nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	else
		rc = run_until_told(&usual, threads, crews, err);
	nx_threads_free(threads);
	nx_stop_free(usual.stop);
	free(crews);
	return rc;
}
