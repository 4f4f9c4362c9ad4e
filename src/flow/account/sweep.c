/*
 * sweep.c - renew whatever is due.
 *
 * It goes in rounds of some seconds.  In a round each thread claims one lease
 * after the other of what was found, each when X can be asked at once: a lease
 * that waits for its turn would run out, or look like an attempt that died.
 * What X refuses is put aside, its lease still held, and judged when all
 * threads have come back, by how many others were refused.  Where X lets one
 * wait, its thread goes on to the next, and the sweep ends when all are back.
 */

#include "nx/flow/account/sweep.h"

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/threads.h"

enum {
	ROUND_MS = 10000,
	WAIT_MS = 10000,	/* for one of them; then it goes on alone */
	REFUSED_MAX = 16,	/* put aside by one thread in one round */
	WAVE_MIN = 5,		/* refusals that may be X's own trouble */
	TROUBLE_MAX = 20,	/* failures of X without a success between */
	BARREN_MAX = 16,	/* searches in a row whose finds others took */
	ROOM_FOR_ONE = 64 * 1024,	/* of a thread's arena */
	THREADS_MAX = 64,
};

/* X refused it; texts live in the thread's arena until the round is over. */
struct refusal {
	struct nx_lease		lease;
	struct nx_renewal	renewal;
};

struct sweep {
	const struct nx_ctx	*ctx;	/* the caller's */
	struct nx_due		 due;
	int64_t			 round_ends;	/* set while no thread runs */

	/* Guards all below and *out: a late renewal may come back any time. */
	pthread_mutex_t		 mutex;
	struct nx_sweep		*out;
	pthread_cond_t		 back;	/* one of `going` is */
	int			 going;	/* handed to patient threads */
	bool			 over;	/* claim no more */
	struct nx_candidates	 found;	/* to be claimed, from the end */
	int			 barren;	/* searches since a claim */
	int			 tried, refused;	/* in the sweep */
	int			 round_tried, round_refused;
	int			 trouble;	/* in a row */
	enum nx_rc		 rc;	/* of the first claim that failed */
	struct nx_err		 err;
};

/* One thread; the arena serves all rounds. */
struct sweeper {
	struct sweep	*sweep;
	struct nx_arena	*arena;
	struct refusal	 refusals[REFUSED_MAX];
	int		 nrefusals;
};

static bool
is_over(struct sweep *s)
{
	bool over;

	nx_lock(&s->mutex);
	if (nx_ctx_stops(s->ctx))
		s->out->stopped = s->over = true;
	over = s->over;
	nx_unlock(&s->mutex);
	return over;
}

/* X's answer, of which the whole sweep may have to take notice. */
static void
heed_answer(struct sweep *s, enum nx_class said, const struct nx_err *err)
{
	switch (said) {
	case NX_CLASS_OPERATOR:
	case NX_CLASS_MONEY:
		s->over = true;
		if (s->out->halt.rc == NX_OK)
			s->out->halt = *err;
		break;
	case NX_CLASS_RETRY:
	case NX_CLASS_RATE:
	case NX_CLASS_UNKNOWN:
		if (++s->trouble >= TROUBLE_MAX)
			s->over = s->out->outage = true;
		break;
	default:
		s->trouble = 0;
		break;
	}
}

/* Lock held. */
static void
count_renewal(struct sweep *s, const struct nx_renewal *r)
{
	struct nx_sweep *out = s->out;

	if (r->braked) {
		s->over = out->outage = true;
		out->waiting++;
		return;
	}
	s->tried++;
	s->round_tried++;
	heed_answer(s, r->said, &r->err);
	if (r->said == NX_CLASS_SUSPECT) {
		s->refused++;
		s->round_refused++;
	} else if (r->said == NX_CLASS_DONE)
		*(r->rc == NX_OK ? &out->refreshed : &out->failed) += 1;
	else if (r->rc == NX_NEEDS_REAUTH)
		out->ended++;
	else if (r->said == NX_CLASS_OPERATOR)
		out->failed++;
	else
		out->waiting++;
}

/* Lock held. */
static void
come_back(struct sweep *s)
{
	s->going--;
	nx_cond_signal(&s->back);
}

/* X took its time.  A refusal is left to the next sweep, which asks again. */
static void
came_late(struct nx_ctx *ctx, const struct nx_lease *lease,
    struct nx_renewal *renewal, void *arg)
{
	struct sweep *s = arg;

	if (renewal->said == NX_CLASS_SUSPECT)
		nx_refresh_put_off(ctx, lease, NX_LEASE_PAUSE);
	nx_lock(&s->mutex);
	count_renewal(s, renewal);
	s->out->waiting += renewal->said == NX_CLASS_SUSPECT;
	come_back(s);
	nx_unlock(&s->mutex);
}

static void
renew_claimed(struct nx_ctx *ctx, struct sweeper *w,
    const struct nx_lease *lease)
{
	struct sweep *s = w->sweep;
	const struct nx_refresh_wait wait = {
		.deadline = nx_clock_mono() + WAIT_MS,
		.late = came_late, .arg = s,
	};
	struct nx_renewal renewal;
	enum nx_pursuit pursuit;

	nx_lock(&s->mutex);
	s->going++;
	nx_unlock(&s->mutex);
	pursuit = nx_refresh_leased(ctx, lease, &wait, &renewal);
	if (pursuit == NX_PURSUIT_GOING)
		return;
	nx_lock(&s->mutex);
	if (pursuit == NX_PURSUIT_NONE) {
		s->over = true;
		s->out->waiting++;
	} else {
		count_renewal(s, &renewal);
		if (renewal.said == NX_CLASS_SUSPECT)
			w->refusals[w->nrefusals++] = (struct refusal){
			    *lease, renewal };
	}
	come_back(s);
	nx_unlock(&s->mutex);
}

/* Whatever X has been sent is heard of before the sweep is over. */
static void
await_late(struct sweep *s)
{
	nx_lock(&s->mutex);
	while (s->going > 0)
		nx_cond_wait(&s->back, &s->mutex);
	nx_unlock(&s->mutex);
}

/* Lock held.  False: all that was found has been tried. */
static bool
next_found(struct sweep *s, struct nx_candidate *out)
{
	if (s->found.n == 0)
		return false;
	*out = s->found.list[--s->found.n];
	return true;
}

/* Lock held.  The database failed us: that is the end of the sweep. */
static void
end_sweep(struct sweep *s, enum nx_rc rc, const struct nx_err *err)
{
	s->over = true;
	if (s->rc == NX_OK) {
		s->rc = rc;
		s->err = *err;
	}
}

/* False: nothing is due any more, or it cannot be known. */
static bool
look_for_more(struct nx_ctx *ctx, struct sweep *s, struct nx_candidate *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_candidates more;
	enum nx_rc rc = nx_lease_find_due(&ask, &s->due, &more, &ctx->err);
	bool any;

	nx_lock(&s->mutex);
	if (rc != NX_OK)
		end_sweep(s, rc, &ctx->err);
	else if (more.n == 0 || ++s->barren > BARREN_MAX)
		s->over = true;
	else if (s->found.n == 0)
		s->found = more;
	any = !s->over && next_found(s, out);
	nx_unlock(&s->mutex);
	return any;
}

/* One that may be due, of those that all threads share. */
static bool
find_due(struct nx_ctx *ctx, struct sweep *s, struct nx_candidate *out)
{
	bool any;

	nx_lock(&s->mutex);
	any = next_found(s, out);
	nx_unlock(&s->mutex);
	return any || look_for_more(ctx, s, out);
}

/* Count what came of a candidate; true when its lease is ours. */
static bool
note_claim(struct nx_ctx *ctx, struct sweep *s, const struct nx_lease *lease,
    enum nx_rc rc)
{
	const bool unreadable = rc == NX_KEY_UNKNOWN || rc == NX_SEAL_BROKEN;
	const bool taken = rc == NX_OK && lease->state == NX_LEASE_TAKEN;

	nx_lock(&s->mutex);
	if (taken || unreadable) {
		s->out->due++;
		s->barren = 0;
	}
	s->out->unreadable += unreadable;
	if (rc != NX_OK && !unreadable)
		end_sweep(s, rc, &ctx->err);
	nx_unlock(&s->mutex);
	if (unreadable)
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "sweep.unreadable", NX_S("detail", ctx->err.detail));
	return taken;
}

/* False: nothing was to be had this time, and is_over() says whether ever. */
static bool
claim_due(struct nx_ctx *ctx, struct sweep *s, struct nx_lease *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	struct nx_candidate found;

	if (!find_due(ctx, s, &found))
		return false;
	return note_claim(ctx, s, out, nx_lease_take_due(&ask, &s->due,
	    &found, out, &ctx->err));
}

static void
renew_next(struct sweeper *w)
{
	struct nx_ctx ctx = *w->sweep->ctx;
	struct nx_lease lease;

	ctx.http = NULL;
	ctx.arena = w->arena;
	ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
	if (claim_due(&ctx, w->sweep, &lease))
		renew_claimed(&ctx, w, &lease);
}

static void
sweep_round(void *ctx, int index)
{
	struct sweeper *w = (struct sweeper *)ctx + index;

	while (!is_over(w->sweep) &&
	    nx_clock_left(w->sweep->round_ends) > 0 &&
	    w->nrefusals < REFUSED_MAX &&
	    nx_arena_has(w->arena, ROOM_FOR_ONE)) {
		renew_next(w);
		if (w->nrefusals == 0)
			nx_arena_reset(w->arena);
	}
}

static bool
is_wave(int tried, int refused)
{
	return refused >= WAVE_MIN && refused * 2 > tried;
}

static void
count_one(struct sweep *s, int *counter)
{
	nx_lock(&s->mutex);
	++*counter;
	nx_unlock(&s->mutex);
}

/* Its thread has come back: what that put aside is ours. */
static void
judge_refusals(struct sweep *s, struct sweeper *w, bool wave)
{
	for (int i = 0; i < w->nrefusals; i++) {
		struct refusal *r = &w->refusals[i];
		struct nx_ctx ctx = *s->ctx;
		enum nx_rc rc = NX_OK;

		ctx.http = NULL;
		ctx.arena = w->arena;
		ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
		ctx.err = r->renewal.err;
		if (wave)
			nx_refresh_put_off(&ctx, &r->lease, NX_LEASE_PAUSE);
		else
			rc = nx_refresh_refused(&ctx, &r->lease,
			    &r->renewal.moved);
		if (rc == NX_NEEDS_REAUTH)
			count_one(s, &s->out->ended);
		else if (wave || r->renewal.moved || rc == NX_REFRESH_BUSY)
			count_one(s, &s->out->waiting);
		else
			count_one(s, &s->out->ending);
	}
	w->nrefusals = 0;
	nx_arena_reset(w->arena);
}

static void
begin_round(struct sweep *s)
{
	s->round_ends = nx_clock_mono() + ROUND_MS;
	nx_lock(&s->mutex);
	s->round_tried = s->round_refused = 0;
	nx_unlock(&s->mutex);
}

/* Are so many refused that it is X's own trouble?  Then it is over. */
static bool
weigh_round(struct sweep *s)
{
	bool wave;

	nx_lock(&s->mutex);
	wave = is_wave(s->round_tried, s->round_refused) ||
	    is_wave(s->tried, s->refused);
	if (wave)
		s->over = s->out->outage = true;
	nx_unlock(&s->mutex);
	return wave;
}

/* False when no thread could run. */
static bool
one_round(struct sweep *s, struct sweeper *all, int n)
{
	struct nx_threads *threads = nx_threads_new(n);
	int ran = 0;
	bool wave;

	begin_round(s);
	if (threads != NULL)
		ran = nx_threads_start(threads, "sweep", n, sweep_round, all);
	nx_threads_free(threads);
	wave = weigh_round(s);
	for (int i = 0; i < ran; i++)
		judge_refusals(s, &all[i], wave);
	return ran > 0;
}

/* What an operator must read; all have come back. */
static void
log_outage(const struct sweep *s)
{
	const struct nx_log *log = &s->ctx->app->conf.log;
	const struct nx_err *halt = &s->out->halt;

	if (halt->rc != NX_OK)
		nx_log(log, NX_LOG_ERROR, s->ctx->request_id, "sweep.halted",
		    NX_S("code", nx_rc_code(halt->rc)),
		    NX_I("x_status", halt->x.status),
		    NX_S("detail", halt->detail));
	if (s->out->outage)
		nx_log(log, NX_LOG_ERROR, s->ctx->request_id, "sweep.outage",
		    NX_I("tried", s->tried), NX_I("refused", s->refused),
		    NX_S("detail", "X refuses or fails one account after the"
		    " other: no connection was ended."));
}

/* As many as there is memory for, up to `max`. */
static int
open_sweepers(struct sweep *s, struct sweeper *all, int max)
{
	int n = 0;

	while (n < max &&
	    (all[n].arena = nx_arena_new(NX_ARENA_MAX)) != NULL)
		all[n++].sweep = s;
	return n;
}

static enum nx_rc
sweep(struct sweep *s, struct sweeper *all, int max)
{
	const int n = open_sweepers(s, all, max);

	while (!is_over(s)) {
		if (!one_round(s, all, n)) {
			nx_lock(&s->mutex);
			s->rc = nx_fail(&s->err, NX_NO_MEMORY,
			    "No thread can start.");
			nx_unlock(&s->mutex);
			break;
		}
	}
	await_late(s);
	for (int i = 0; i < n; i++)
		nx_arena_free(all[i].arena);
	log_outage(s);
	return s->rc;
}

enum nx_rc
nx_sweep(struct nx_ctx *ctx, const struct nx_due *due, int threads,
    struct nx_sweep *out)
{
	struct sweep s = { .ctx = ctx, .due = *due, .out = out };
	struct nx_store_ask ask = nx_ctx_store(ctx);
	int n = threads > THREADS_MAX ? THREADS_MAX : threads;
	struct sweeper *all = nx_arena_alloc(ctx->arena,
	    (size_t)n * sizeof(*all));
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if (all == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "before a sweep");
	/* Nothing is renewed twice, however far ahead it looks. */
	rc = nx_lease_clock(&ask, &s.due.begun, &ctx->err);
	if (rc != NX_OK)
		return rc;
	nx_mutex_init(&s.mutex);
	nx_cond_init(&s.back);
	rc = sweep(&s, all, n);
	nx_cond_destroy(&s.back);
	nx_mutex_destroy(&s.mutex);
	if (rc != NX_OK)
		ctx->err = s.err;
	return rc;
}

enum nx_rc
nx_sweep_count(struct nx_ctx *ctx, const struct nx_due *due,
    struct nx_sweep *out)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);

	memset(out, 0, sizeof(*out));
	return nx_lease_count_due(&ask, due, &out->due, &ctx->err);
}
