/* worker.c - one thread for each job, until told to end. */

#include "nx/work/worker.h"

#include <signal.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/random.h"
#include "nx/base/stop.h"
#include "jobs.h"
#include "nx/base/uuid.h"

enum { THREADS_MAX = 32, A_WHILE_MS = 60000 };

struct worker {
	const struct nx_app		*app;
	struct nx_stop			*stop;
	const struct nx_work_job	*job;
	pthread_t			 thread;
	enum nx_rc			 last;	/* of the turn before */
};

/* A failure is told when it begins and when it ends. */
static void
note(struct worker *w, const struct nx_ctx *ctx, enum nx_rc rc)
{
	const struct nx_log *log = &w->app->conf.log;

	if (rc == w->last)
		return;
	w->last = rc;
	if (rc == NX_OK)
		nx_log(log, NX_LOG_INFO, ctx->request_id, "work.recovered",
		    NX_S("job", w->job->name));
	else
		nx_log(log, NX_LOG_ERROR, ctx->request_id, "work.failed",
		    NX_S("job", w->job->name), NX_S("code", nx_rc_code(rc)),
		    NX_S("detail", ctx->err.detail));
}

/* True: go on at once. */
static bool
turn(struct worker *w, struct nx_http *http, struct nx_arena *arena)
{
	char id[NX_UUID_LEN + 1];
	struct nx_ctx ctx = {
		.app = w->app,
		.http = http,
		.arena = arena,
		.request_id = id,
		.deadline = nx_clock_mono() + NX_REQUEST_MS,
		.stop = nx_stop_flag(w->stop),
	};
	int done = 0;
	enum nx_rc rc;

	nx_uuid_random(id);
	rc = w->job->turn(&ctx, &done);
	note(w, &ctx, rc);
	nx_ctx_done(&ctx);
	nx_arena_reset(arena);
	return rc == NX_OK && done > 0;
}

/* Between 3/4 and 5/4 of the period: hosts drift apart. */
static int
pause_of(const struct nx_work_job *job)
{
	unsigned char r;

	nx_random(&r, sizeof(r));
	return job->period * 3 / 4 + job->period / 2 * r / 255;
}

static void *
work_thread(void *arg)
{
	struct worker *w = arg;
	struct nx_http *http = nx_worker_open(w->app);
	struct nx_arena *arena = nx_arena_new(NX_ARENA_MAX);
	bool more;

	if (http == NULL || arena == NULL)
		(void)kill(getpid(), SIGTERM);	/* and start anew */
	else
		do
			more = turn(w, http, arena);
		while (!nx_stop_wait(w->stop, more ? 0 : pause_of(w->job)));
	nx_worker_close(http);
	nx_arena_free(arena);
	return NULL;
}

static void
give_up(const struct nx_app *app, const char *job)
{
	nx_log(&app->conf.log, NX_LOG_ERROR, NULL, "work.stop_too_long",
	    NX_S("job", job));
	_exit(1);
}

static void
finish(const struct nx_app *app, struct worker *all, int n)
{
	const int64_t end = nx_clock_mono() + NX_WORK_STOP_MS;

	nx_patient_stop(app->patient);
	for (int i = 0; i < n; i++) {
		if (!nx_thread_join_until(all[i].thread, end))
			give_up(app, all[i].job->name);
	}
	if (!nx_patient_wait(app->patient, end))
		give_up(app, "refresh");
}

/* All of the table, or none. */
static enum nx_rc
run(const struct nx_app *app, struct nx_stop *stop, struct nx_err *err)
{
	const struct nx_work_job *job = nx_work_jobs;
	struct worker all[THREADS_MAX];
	int n = 0, of_job = 0;

	while (job->name != NULL && n < THREADS_MAX) {
		all[n] = (struct worker){ .app = app, .stop = stop,
		    .job = job };
		if (!nx_thread_start(&all[n].thread, work_thread, &all[n]))
			break;
		n++;
		if (++of_job == job->threads) {
			job++;
			of_job = 0;
		}
	}
	if (job->name != NULL)
		(void)kill(getpid(), SIGTERM);
	else
		nx_log(&app->conf.log, NX_LOG_INFO, NULL, "work.started",
		    NX_I("threads", n), NX_I("pid", getpid()));
	while (!nx_stop_wait(stop, A_WHILE_MS))
		continue;
	nx_log(&app->conf.log, NX_LOG_INFO, NULL, "work.stopping",
	    NX_I("pid", getpid()));
	finish(app, all, n);
	return job->name == NULL ? NX_OK : nx_fail(err, NX_NO_MEMORY,
	    "The thread for %s does not start.", job->name);
}

enum nx_rc
nx_work(const struct nx_app *app, struct nx_err *err)
{
	struct nx_stop *stop = nx_stop_new();
	enum nx_rc rc;

	if (stop == NULL)
		return nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	rc = run(app, stop, err);
	nx_stop_free(stop);
	return rc;
}
