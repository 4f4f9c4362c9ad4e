/*
 * patient.c - the pool of threads that wait.
 *
 * A seat is a thread with its way to X.  A task takes a seat before it is
 * given anything to do, so that nothing is begun that finds no thread.
 *
 * Lock: `mutex` guards the seats and the tasks' `done` and `left`, and goes
 * with all conditions; it is never held across I/O.  `stopped` is set under
 * it, and read by tasks without.
 */

#include "nx/flow/patient.h"

#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"
#include "nx/flow/app.h"

struct seat {
	struct nx_patient	*pool;
	struct nx_http		*http;	/* NULL: no thread yet */
	bool			 taken;	/* by a task, run or not */
	void			(*run)(struct nx_ctx *, void *); /* its kind */
	struct nx_task		*task;	/* to be run, or running */
	pthread_cond_t		 go;	/* there is a task, or the end */
};

struct nx_patient {
	const struct nx_app	*app;
	struct nx_threads	*threads;	/* of seats that were taken */
	pthread_mutex_t		 mutex;
	pthread_cond_t		 freed;	/* a seat is */
	atomic_bool		 stopped;	/* nothing begins */
	bool			 over;		/* threads end */
	struct seat		 seats[NX_PATIENT_THREADS];
};

struct nx_task {
	struct nx_task_kind	 kind;
	struct seat		*seat;
	struct nx_arena		*arena;
	const char		*request_id;
	void			*state;
	pthread_cond_t		 ended;		/* `done` is set */
	bool			 done;
	bool			 left;		/* nobody waits for it */
};

/* Lock held.  False when time is up. */
static bool
wait_for(pthread_cond_t *c, pthread_mutex_t *mutex, int64_t deadline)
{
	if (nx_clock_left(deadline) == 0)
		return false;
	(void)nx_cond_wait_until(c, mutex, deadline);
	return true;
}

struct nx_patient *
nx_patient_new(const struct nx_app *app)
{
	struct nx_patient *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->threads =
	    nx_threads_new(NX_PATIENT_THREADS)) == NULL) {
		free(p);
		return NULL;
	}
	p->app = app;
	nx_mutex_init(&p->mutex);
	nx_cond_init(&p->freed);
	for (int i = 0; i < NX_PATIENT_THREADS; i++) {
		p->seats[i].pool = p;
		nx_cond_init(&p->seats[i].go);
	}
	return p;
}

static void
task_end(struct nx_task *task)
{
	nx_cond_destroy(&task->ended);
	nx_arena_free(task->arena);
	free(task);
}

/* Without the lock. */
static void
run_task(struct seat *seat, struct nx_task *task)
{
	struct nx_ctx ctx = {
		.app = seat->pool->app,
		.http = seat->http,
		.arena = task->arena,
		.request_id = task->request_id,
		.deadline = nx_clock_mono() + NX_REQUEST_MS,
		.patient_ms = NX_PATIENT_MS,
		.stop = &seat->pool->stopped,
	};
	bool left;

	task->kind.run(&ctx, task->state);
	nx_ctx_done(&ctx);
	nx_lock(&seat->pool->mutex);
	left = task->left;
	task->done = !left;
	if (!left)
		nx_cond_signal(&task->ended);
	nx_unlock(&seat->pool->mutex);
	if (!left)
		return;			/* it is its asker's */
	ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
	if (task->kind.late != NULL)
		task->kind.late(&ctx, task->state);
	nx_ctx_done(&ctx);
	task_end(task);
}

/* Lock held. */
static void
free_seat(struct seat *seat)
{
	seat->task = NULL;
	seat->taken = false;
	nx_cond_broadcast(&seat->pool->freed);
}

static void
serve_seat(void *ctx, int index)
{
	struct seat *seat = ctx;
	struct nx_patient *p = seat->pool;
	struct nx_task *task;

	(void)index;
	nx_lock(&p->mutex);
	for (;;) {
		while (seat->task == NULL && !p->over)
			nx_cond_wait(&seat->go, &p->mutex);
		if (seat->task == NULL)
			break;
		task = seat->task;
		nx_unlock(&p->mutex);
		run_task(seat, task);
		nx_lock(&p->mutex);
		free_seat(seat);
	}
	nx_unlock(&p->mutex);
}

/* The seat is taken, so nobody else touches it. */
static bool
start_thread(struct seat *seat)
{
	bool ok;

	if (seat->http != NULL)
		return true;
	if ((seat->http = nx_app_http_x(seat->pool->app)) == NULL)
		return false;
	ok = nx_threads_start(seat->pool->threads, "patient", 1, serve_seat,
	    seat) == 1;
	if (!ok) {
		nx_app_http_free(seat->http);
		seat->http = NULL;
	}
	return ok;
}

/* Lock held.  The first that is free: the others' connections grow old. */
static struct seat *
find_seat(struct nx_patient *p)
{
	for (int i = 0; i < NX_PATIENT_THREADS; i++) {
		if (!p->seats[i].taken)
			return &p->seats[i];
	}
	return NULL;
}

static void
return_seat(struct seat *seat)
{
	nx_lock(&seat->pool->mutex);
	free_seat(seat);
	nx_unlock(&seat->pool->mutex);
}

/* Lock held. */
static bool
has_one(const struct nx_patient *p, const struct nx_task_kind *kind)
{
	for (int i = 0; i < NX_PATIENT_THREADS; i++) {
		if (p->seats[i].taken && p->seats[i].run == kind->run)
			return true;
	}
	return false;
}

/* A seat with a thread in it; NULL as nx_task_new(). */
static struct seat *
take_seat(struct nx_patient *p, const struct nx_task_kind *kind,
    int64_t deadline)
{
	struct seat *seat = NULL;

	nx_lock(&p->mutex);
	while (!p->stopped && !(kind->alone && has_one(p, kind)) &&
	    (seat = find_seat(p)) == NULL) {
		if (!wait_for(&p->freed, &p->mutex, deadline))
			break;
	}
	if (seat != NULL) {
		seat->taken = true;
		seat->run = kind->run;
	}
	nx_unlock(&p->mutex);
	if (seat == NULL || start_thread(seat))
		return seat;
	return_seat(seat);
	return NULL;
}

static void
count_task(const struct nx_app *app, enum nx_stats_task what)
{
	nx_stats_count(app->stats, NX_STAT_TASKS, what, 0);
}

struct nx_task *
nx_task_new(const struct nx_ctx *ctx, const struct nx_task_kind *kind,
    size_t size, int64_t deadline)
{
	struct seat *seat = take_seat(ctx->app->patient, kind, deadline);
	struct nx_task *task;

	if (seat == NULL) {
		count_task(ctx->app, NX_STATS_TASK_REFUSED);
		return NULL;
	}
	if ((task = calloc(1, sizeof(*task))) == NULL) {
		return_seat(seat);
		return NULL;
	}
	task->kind = *kind;
	task->seat = seat;
	nx_cond_init(&task->ended);
	if ((task->arena = nx_arena_new(NX_ARENA_MAX)) != NULL) {
		task->state = nx_arena_alloc(task->arena, size);
		task->request_id = nx_arena_str(task->arena,
		    ctx->request_id);
	}
	if (task->arena == NULL || !nx_arena_ok(task->arena)) {
		nx_task_free(task);
		return NULL;
	}
	return task;
}

void *
nx_task_state(struct nx_task *task)
{
	return task->state;
}

struct nx_arena *
nx_task_arena(struct nx_task *task)
{
	return task->arena;
}

bool
nx_task_run(struct nx_task *task, int64_t deadline)
{
	struct seat *seat = task->seat;
	pthread_mutex_t *mutex = &seat->pool->mutex;
	bool done;

	nx_lock(mutex);
	task->seat = NULL;		/* the thread gives it back */
	seat->task = task;
	nx_cond_signal(&seat->go);
	while (!task->done && wait_for(&task->ended, mutex, deadline))
		continue;
	done = task->done;
	task->left = !done;
	nx_unlock(mutex);
	count_task(seat->pool->app, done ? NX_STATS_TASK_DONE :
	    NX_STATS_TASK_LEFT);
	return done;
}

void
nx_task_free(struct nx_task *task)
{
	if (task == NULL)
		return;
	if (task->seat != NULL)
		return_seat(task->seat);
	task_end(task);
}

void
nx_patient_stop(struct nx_patient *p)
{
	if (p == NULL)
		return;
	nx_lock(&p->mutex);
	p->stopped = true;
	nx_cond_broadcast(&p->freed);
	nx_unlock(&p->mutex);
}

/* Lock held. */
static bool
is_idle(const struct nx_patient *p)
{
	for (int i = 0; i < NX_PATIENT_THREADS; i++) {
		if (p->seats[i].taken)
			return false;
	}
	return true;
}

bool
nx_patient_wait(struct nx_patient *p, int64_t deadline)
{
	bool idle;

	nx_lock(&p->mutex);
	while (!(idle = is_idle(p)) &&
	    wait_for(&p->freed, &p->mutex, deadline))
		continue;
	nx_unlock(&p->mutex);
	return idle;
}

void
nx_patient_free(struct nx_patient *p)
{
	if (p == NULL)
		return;
	nx_patient_stop(p);
	nx_lock(&p->mutex);
	while (!is_idle(p))
		nx_cond_wait(&p->freed, &p->mutex);
	p->over = true;
	for (int i = 0; i < NX_PATIENT_THREADS; i++)
		nx_cond_signal(&p->seats[i].go);
	nx_unlock(&p->mutex);
	nx_threads_free(p->threads);
	for (int i = 0; i < NX_PATIENT_THREADS; i++) {
		nx_app_http_free(p->seats[i].http);
		nx_cond_destroy(&p->seats[i].go);
	}
	nx_cond_destroy(&p->freed);
	nx_mutex_destroy(&p->mutex);
	free(p);
}
