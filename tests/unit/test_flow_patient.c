/* test_flow_patient.c - tasks that outlast whoever asked for them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/flow/app.h"

enum { SOON = 100, LONG = 30000, ASKERS = 40 };

/* A door that tasks wait at. */
struct gate {
	pthread_mutex_t	mutex;
	pthread_cond_t	moved;
	bool		open;
	int		inside, through, late;
};

struct fixture {
	struct nx_app	app;
	struct nx_ctx	ctx;
	struct gate	gate;
};

struct job {
	struct gate	*gate;
	int		 number;
	const char	*text;	/* made by the task in its arena */
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || nx_http_start() != NX_OK ||
	    nx_http_ca_new(NULL, &f->app.ca, NULL) != NX_OK ||
	    (f->app.patient = nx_patient_new(&f->app)) == NULL)
		return -1;
	f->ctx = (struct nx_ctx){ .app = &f->app, .request_id = "who-asks" };
	(void)pthread_mutex_init(&f->gate.mutex, NULL);
	(void)pthread_cond_init(&f->gate.moved, NULL);
	*state = f;
	return 0;
}

static void
open_gate(struct gate *g)
{
	(void)pthread_mutex_lock(&g->mutex);
	g->open = true;
	(void)pthread_cond_broadcast(&g->moved);
	(void)pthread_mutex_unlock(&g->mutex);
}

static void
await(struct gate *g, const int *what, int count)
{
	(void)pthread_mutex_lock(&g->mutex);
	while (*what < count)
		(void)pthread_cond_wait(&g->moved, &g->mutex);
	(void)pthread_mutex_unlock(&g->mutex);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	open_gate(&f->gate);
	nx_patient_free(f->app.patient);
	nx_http_ca_free(f->app.ca);
	(void)pthread_cond_destroy(&f->gate.moved);
	(void)pthread_mutex_destroy(&f->gate.mutex);
	free(f);
	nx_http_stop();
	return 0;
}

static void
run(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	assert_non_null(ctx->http);
	assert_int_equal(ctx->patient_ms, NX_PATIENT_MS);
	job->text = nx_arena_printf(ctx->arena, "%s %d", ctx->request_id,
	    job->number);
	(void)pthread_mutex_lock(&job->gate->mutex);
	job->gate->inside++;
	(void)pthread_cond_broadcast(&job->gate->moved);
	while (!job->gate->open)
		(void)pthread_cond_wait(&job->gate->moved, &job->gate->mutex);
	job->gate->through++;
	(void)pthread_cond_broadcast(&job->gate->moved);
	(void)pthread_mutex_unlock(&job->gate->mutex);
}

static void
late(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	assert_string_equal(ctx->request_id, "who-asks");
	assert_int_equal(strncmp(job->text, "who-asks ", 9), 0);
	(void)pthread_mutex_lock(&job->gate->mutex);
	job->gate->late++;
	(void)pthread_cond_broadcast(&job->gate->moved);
	(void)pthread_mutex_unlock(&job->gate->mutex);
}

static const struct nx_task_kind kind = { .run = run, .late = late };

static struct nx_task *
task(struct fixture *f, int number, int ms)
{
	struct nx_task *t = nx_task_new(&f->ctx, &kind, sizeof(struct job),
	    nx_clock_mono() + ms);
	struct job *job = t == NULL ? NULL : nx_task_state(t);

	if (job != NULL)
		*job = (struct job){ .gate = &f->gate, .number = number };
	return t;
}

static void
is_done_in_time(void **state)
{
	struct fixture *f = *state;

	open_gate(&f->gate);
	for (int i = 0; i < 3; i++) {
		struct nx_task *t = task(f, i, LONG);
		struct job *job = nx_task_state(t);
		char want[40];

		assert_true(nx_task_run(t, nx_clock_mono() + LONG));
		(void)snprintf(want, sizeof(want), "who-asks %d", i);
		assert_string_equal(job->text, want);
		nx_task_free(t);
	}
	assert_int_equal(f->gate.late, 0);
}

static void
goes_on_without_its_asker(void **state)
{
	struct fixture *f = *state;
	struct nx_task *t = task(f, 7, LONG);

	assert_false(nx_task_run(t, nx_clock_mono() + SOON));
	await(&f->gate, &f->gate.inside, 1);
	assert_false(nx_patient_wait(f->app.patient, nx_clock_mono() + SOON));
	open_gate(&f->gate);
	assert_true(nx_patient_wait(f->app.patient, nx_clock_mono() + LONG));
	assert_int_equal(f->gate.through, 1);
	assert_int_equal(f->gate.late, 1);
}

static void
is_full_at_its_threads(void **state)
{
	struct fixture *f = *state;
	struct nx_task *last, *spare;

	spare = task(f, 0, LONG);
	nx_task_free(spare);		/* never run: its place is free again */
	for (int i = 0; i < NX_PATIENT_THREADS - 1; i++)
		assert_false(nx_task_run(task(f, i, LONG),
		    nx_clock_mono()));
	last = task(f, 99, LONG);
	assert_non_null(last);
	assert_null(task(f, 100, SOON));
	nx_task_free(last);
	assert_false(nx_task_run(task(f, 99, LONG), nx_clock_mono()));
	assert_null(task(f, 100, 0));
	await(&f->gate, &f->gate.inside, NX_PATIENT_THREADS);
	open_gate(&f->gate);
	spare = task(f, 101, LONG);	/* waits for a place */
	assert_non_null(spare);
	assert_true(nx_task_run(spare, nx_clock_mono() + LONG));
	nx_task_free(spare);
}

static void
begins_nothing_once_stopped(void **state)
{
	struct fixture *f = *state;
	struct nx_task *before = task(f, 1, LONG);

	assert_false(nx_task_run(before, nx_clock_mono() + SOON));
	nx_patient_stop(f->app.patient);
	assert_null(task(f, 2, LONG));
	open_gate(&f->gate);
	nx_patient_free(f->app.patient);	/* waits for the first */
	f->app.patient = NULL;
	assert_int_equal(f->gate.late, 1);
	nx_patient_stop(NULL);
	nx_patient_free(NULL);
}

/* However many ask: the others' places stay free for others. */
static void
goes_alone_where_it_must(void **state)
{
	static const struct nx_task_kind lonely = { .run = run,
	    .late = late, .alone = true };
	struct fixture *f = *state;
	struct nx_task *t, *other;
	struct job *job;

	t = nx_task_new(&f->ctx, &lonely, sizeof(*job), nx_clock_mono());
	assert_non_null(t);
	assert_null(nx_task_new(&f->ctx, &lonely, sizeof(*job),
	    nx_clock_mono()));		/* it has not begun */
	job = nx_task_state(t);
	*job = (struct job){ .gate = &f->gate };
	assert_false(nx_task_run(t, nx_clock_mono()));
	await(&f->gate, &f->gate.inside, 1);
	assert_null(nx_task_new(&f->ctx, &lonely, sizeof(*job),
	    nx_clock_mono()));
	other = task(f, 1, LONG);
	assert_non_null(other);
	nx_task_free(other);
	open_gate(&f->gate);
	assert_true(nx_patient_wait(f->app.patient, nx_clock_mono() + LONG));
	t = nx_task_new(&f->ctx, &lonely, sizeof(*job), nx_clock_mono());
	assert_non_null(t);
	nx_task_free(t);
}

static void
run_until_stopped(struct nx_ctx *ctx, void *state)
{
	struct job *job = state;

	(void)pthread_mutex_lock(&job->gate->mutex);
	job->gate->inside++;
	(void)pthread_cond_broadcast(&job->gate->moved);
	(void)pthread_mutex_unlock(&job->gate->mutex);
	while (!nx_ctx_stops(ctx))
		nx_clock_sleep(1);
}

static void
hears_that_the_pool_is_stopped(void **state)
{
	static const struct nx_task_kind until = { .run = run_until_stopped };
	struct fixture *f = *state;
	struct nx_task *t = nx_task_new(&f->ctx, &until, sizeof(struct job),
	    nx_clock_mono() + LONG);

	((struct job *)nx_task_state(t))->gate = &f->gate;
	assert_false(nx_task_run(t, nx_clock_mono()));
	await(&f->gate, &f->gate.inside, 1);
	assert_false(nx_patient_wait(f->app.patient, nx_clock_mono() + SOON));
	nx_patient_stop(f->app.patient);
	assert_true(nx_patient_wait(f->app.patient, nx_clock_mono() + LONG));
}

static void *
ask_often(void *arg)
{
	struct fixture *f = arg;

	for (int i = 0; i < 20; i++) {
		struct nx_task *t = task(f, i, LONG);

		/* Now in time, now too late, now about at once. */
		if (t != NULL && nx_task_run(t, nx_clock_mono() +
		    (i % 3 == 0 ? LONG : i % 3 - 1)))
			nx_task_free(t);
	}
	return NULL;
}

static void
many_ask_at_once(void **state)
{
	struct fixture *f = *state;
	pthread_t askers[ASKERS];

	open_gate(&f->gate);
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&askers[i], NULL, ask_often,
		    f), 0);
	for (int i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_join(askers[i], NULL), 0);
	assert_true(nx_patient_wait(f->app.patient, nx_clock_mono() + LONG));
	assert_int_equal(f->gate.through, ASKERS * 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(is_done_in_time),
		T(goes_on_without_its_asker),
		T(is_full_at_its_threads),
		T(begins_nothing_once_stopped),
		T(goes_alone_where_it_must),
		T(hears_that_the_pool_is_stopped),
		T(many_ask_at_once),
#undef T
	};

	return cmocka_run_group_tests_name("flow/patient", tests, NULL,
	    NULL);
}
