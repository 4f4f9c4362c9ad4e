/*
 * pool.c - a process's database connections: making, lending, keeping.
 *
 * Connections are made asynchronously, host by host, since libpq bounds
 * neither an attempt nor its walk over several hosts when driven this way.
 */

#include "nx/store/pool.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "db.h"
#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/must.h"
#include "nx/base/wait.h"
#include "nx/store/schema.h"
#include "target.h"

enum {
	ATTEMPT_MS = 3000,		/* for one host */
	BACKOFF_MS = 250,		/* after a failure, for all threads */
	IDLE_MS = 5 * 60 * 1000,	/* an idle connection is kept so long */
};

_Static_assert(NX_DB_HOSTS_MAX <= sizeof(unsigned int) * CHAR_BIT,
    "each target has a bit");

static const char no_answer[] = "no answer from the server in time";

struct nx_pool {
	struct nx_targets targets;
	int		 size;
	struct nx_stats	*stats;		/* or NULL */
	atomic_bool	 unnamed;	/* set once and for all by db.c */
	atomic_int	 needed;	/* of the schema; 0: seen, or any */

	pthread_mutex_t	 lock;		/* guards all that follows */
	pthread_cond_t	 freed;		/* something below has changed */
	struct nx_db	**idle;		/* a stack, the latest on top */
	int		 nidle;
	int		 nopen;		/* idle, lent and being made */
	int		 nliving;	/* idle and lent */
	int		 good;		/* target to try first */
	unsigned int	 silent;	/* bit n: target n no longer answers */
	int		 era;		/* older connections are not lent */
	int64_t		 closed_until;	/* no new attempts before this */
	struct nx_err	 why;		/* the failure that closed it */
};

static void
quiet(void *unused, const PGresult *notice)
{
	(void)unused;
	(void)notice;
}

enum nx_rc
nx_pool_new(const char *url, int size, struct nx_pool **out,
    struct nx_err *err)
{
	struct nx_pool *pool = calloc(1, sizeof(*pool));
	enum nx_rc rc;

	*out = NULL;
	if (pool == NULL)
		return nx_fail(err, NX_NO_MEMORY, "for the database pool");
	pool->size = size;
	atomic_init(&pool->unnamed, false);
	atomic_init(&pool->needed, 0);
	pool->idle = calloc((size_t)size, sizeof(*pool->idle));
	rc = pool->idle == NULL ?
	    nx_fail(err, NX_NO_MEMORY, "for the database pool") :
	    nx_targets_read(url, &pool->targets, err);
	if (rc != NX_OK) {
		nx_targets_free(&pool->targets);
		free(pool->idle);
		free(pool);
		return rc;
	}
	nx_mutex_init(&pool->lock);
	nx_cond_init(&pool->freed);
	*out = pool;
	return NX_OK;
}

void
nx_pool_count(struct nx_pool *pool, struct nx_stats *stats)
{
	pool->stats = stats;
}

static void
db_close(struct nx_db *db)
{
	if (db == NULL)
		return;
	PQfinish(db->conn);
	for (int i = 0; i < db->nstmts; i++)
		free(db->stmts[i].sql);
	free(db);
}

void
nx_pool_free(struct nx_pool *pool)
{
	if (pool == NULL)
		return;
	assert(pool->nidle == pool->nopen);	/* all were given back */
	while (pool->nidle > 0)
		db_close(pool->idle[--pool->nidle]);
	nx_cond_destroy(&pool->freed);
	nx_mutex_destroy(&pool->lock);
	nx_targets_free(&pool->targets);
	free(pool->idle);
	free(pool);
}

void
nx_pool_require(struct nx_pool *pool, int version)
{
	atomic_store(&pool->needed, version);
}

/* Drive one attempt to its end; false when it failed or took too long. */
static bool
finish_connecting(PGconn *conn, int64_t until)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;

	if (PQstatus(conn) == CONNECTION_BAD)
		return false;
	while (state != PGRES_POLLING_OK) {
		struct pollfd p = {
			.fd = PQsocket(conn),
			.events = state == PGRES_POLLING_READING ? POLLIN :
			    POLLOUT,
		};

		if (nx_clock_left(until) == 0)
			return false;
		if (poll(&p, 1, nx_clock_left(until)) <= 0)
			continue;
		state = PQconnectPoll(conn);
		if (state == PGRES_POLLING_FAILED)
			return false;
	}
	return PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn);
}

/* What leads to a server or a schema we cannot work with is not kept. */
static enum nx_rc
check_use(struct nx_pool *pool, struct nx_db *db, int64_t deadline,
    struct nx_err *err)
{
	int needed = atomic_load(&pool->needed);
	enum nx_rc rc = NX_OK;

	if (pool->targets.writable)
		rc = nx_db_check_writable(db, deadline, err);
	if (rc == NX_OK && needed != 0) {
		rc = nx_schema_check(db, needed, deadline, err);
		if (rc == NX_OK)
			atomic_store(&pool->needed, 0);
	}
	if (rc == NX_TIMEOUT) {
		db->silent = true;
		rc = nx_fail(err, NX_DB_DOWN, no_answer);
	}
	return rc;
}

/* What a walk over the targets is to know, and what it found out. */
struct walk {
	int		first;
	unsigned int	silent;		/* as in the pool */
	unsigned int	refused, unanswered;	/* bits likewise */
};

static enum nx_rc
connect_one(struct nx_pool *pool, int at, int64_t until, struct walk *walk,
    struct nx_db **out, struct nx_err *err)
{
	const struct nx_target *t = &pool->targets.all[at];
	struct nx_db *db = calloc(1, sizeof(*db));
	enum nx_rc rc = NX_DB_DOWN;

	if (db != NULL)
		db->conn = PQconnectStartParams(t->words, t->values, 0);
	if (db == NULL || db->conn == NULL) {
		free(db);
		return nx_fail(err, NX_NO_MEMORY, "for a connection");
	}
	PQsetNoticeReceiver(db->conn, quiet, NULL);
	db->target = at;
	db->unnamed = &pool->unnamed;
	if (finish_connecting(db->conn, until)) {
		rc = check_use(pool, db, until, err);
	} else {
		db->silent = PQstatus(db->conn) != CONNECTION_BAD;
		nx_db_fail(err, rc, NULL, db->silent ? no_answer :
		    PQerrorMessage(db->conn));
	}
	if (rc == NX_OK) {
		*out = db;
		return NX_OK;
	}
	*(db->silent ? &walk->unanswered : &walk->refused) |= 1U << at;
	db_close(db);
	return rc;
}

/*
 * Every host once, the one at `first` first, but those that did not answer the
 * last time after all others: a standby that was promoted is not kept waiting
 * by the primary that hangs.  No lock is held.
 */
static enum nx_rc
connect_any(struct nx_pool *pool, struct walk *walk, int64_t deadline,
    struct nx_db **out, struct nx_err *err)
{
	const int n = pool->targets.n;
	enum nx_rc rc = nx_fail(err, NX_DB_DOWN, "There was no time left.");
	int tried = 0;

	for (int i = 0; i < 2 * n && tried < n; i++) {
		int at = (walk->first + i) % n;
		int ms = nx_clock_left(deadline) / (n - tried);

		if (((walk->silent >> at) & 1) != (i >= n))
			continue;
		if (ms == 0)
			break;
		if (ms > ATTEMPT_MS)
			ms = ATTEMPT_MS;
		tried++;
		rc = connect_one(pool, at, nx_clock_mono() + ms, walk, out,
		    err);
		if (rc == NX_OK || rc == NX_SCHEMA_OLD)
			break;
	}
	return rc;
}

/* What a thread that wants a connection gets. */
enum turn { TURN_IDLE, TURN_NEW, TURN_CLOSED, TURN_NONE };

/*
 * Lock held; given up while waiting.  After a failed attempt nobody tries
 * for a moment: as long as others live somebody may give one back, otherwise
 * the failure is everybody's answer.  `*waited` is set when it had to.
 */
static enum turn
await_turn(struct nx_pool *pool, int64_t deadline, bool *waited)
{
	for (;; *waited = true) {
		bool closed = nx_clock_left(pool->closed_until) > 0;
		int64_t until = deadline;

		if (pool->nidle > 0)
			return TURN_IDLE;
		if (closed && pool->nliving == 0)
			return TURN_CLOSED;
		if (nx_clock_left(deadline) == 0)
			return TURN_NONE;
		if (!closed && pool->nopen < pool->size)
			return TURN_NEW;
		if (closed && pool->closed_until < until)
			until = pool->closed_until;
		(void)nx_cond_wait_until(&pool->freed, &pool->lock, until);
	}
}

/* An idle connection must be silent: whatever there is to read is its end. */
static bool
is_alive(const struct nx_db *db)
{
	struct pollfd p = { .fd = PQsocket(db->conn), .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* Lock held.  Takes note of what became of a new connection. */
static void
note_attempt(struct nx_pool *pool, const struct walk *walk,
    struct nx_db *db, const struct nx_err *err)
{
	pool->silent &= ~walk->refused;
	pool->silent |= walk->unanswered;
	if (db != NULL) {
		pool->nliving++;
		pool->era += db->target != pool->good;
		pool->good = db->target;
		pool->closed_until = 0;
		db->era = pool->era;
		return;
	}
	pool->nopen--;
	pool->closed_until = nx_clock_mono() + BACKOFF_MS;
	pool->why = *err;
	nx_cond_broadcast(&pool->freed);
}

/*
 * Lock held.  A target may let us in and be of no use: a pooler whose database
 * has died, a primary that is a standby now, a host that hangs or was cut off.
 * Whatever was connected before leads to the same and is not lent again.  Who
 * says that it is of no use is left for the next; who says nothing comes last
 * until it has served again, since it may only be slow.
 */
static void
leave_target(struct nx_pool *pool, const struct nx_db *db)
{
	if (db->silent)
		pool->silent |= 1U << db->target;
	if (db->era != pool->era)
		return;			/* somebody else was first */
	pool->era++;
	if (!db->silent)
		pool->good = (db->target + 1) % pool->targets.n;
}

static void
forget(struct nx_pool *pool, struct nx_db *db)
{
	nx_lock(&pool->lock);
	pool->nopen--;
	pool->nliving--;
	if (db->broken && (db->misled || db->silent || !db->served))
		leave_target(pool, db);
	nx_cond_signal(&pool->freed);
	nx_unlock(&pool->lock);
	db_close(db);
}

static enum nx_rc
take_new(struct nx_pool *pool, struct walk *walk, int64_t deadline,
    struct nx_db **out, struct nx_err *err)
{
	struct nx_err why = { 0 };
	enum nx_rc rc = connect_any(pool, walk, deadline, out, &why);

	nx_lock(&pool->lock);
	note_attempt(pool, walk, *out, &why);
	nx_unlock(&pool->lock);
	if (rc != NX_OK && err != NULL)
		*err = why;
	return rc;
}

enum nx_rc
nx_pool_take(struct nx_pool *pool, int64_t deadline, struct nx_db **out,
    struct nx_err *err)
{
	*out = NULL;
	nx_wait_begin();	/* for a connection, or what is asked over it */
	for (;;) {
		struct nx_db *db = NULL;
		struct nx_err why;
		bool waited = false;
		struct walk walk;
		enum turn turn;
		int era;

		nx_lock(&pool->lock);
		turn = await_turn(pool, deadline, &waited);
		if (turn == TURN_IDLE)
			db = pool->idle[--pool->nidle];
		else if (turn == TURN_NEW)
			pool->nopen++;
		walk = (struct walk){ .first = pool->good,
		    .silent = pool->silent };
		era = pool->era;
		why = pool->why;
		nx_unlock(&pool->lock);

		if (waited)
			nx_stats_count(pool->stats, NX_STAT_POOL_WAITS,
			    turn == TURN_NONE ? NX_STATS_WAIT_TIMED_OUT :
			    NX_STATS_WAIT_SERVED, 0);
		if (turn == TURN_NEW)
			return take_new(pool, &walk, deadline, out, err);
		if (turn == TURN_CLOSED) {
			if (err != NULL)
				*err = why;
			return why.rc;
		}
		if (turn == TURN_NONE)
			return nx_fail(err, NX_BUSY, "No database connection"
			    " became free in time.");
		/* One that leads where we have left is no better there. */
		if (db->era == era && is_alive(db)) {
			*out = db;
			return NX_OK;
		}
		forget(pool, db);
	}
}

/* Lock held.  The one that has been idle longest, if for too long. */
static struct nx_db *
take_stale(struct nx_pool *pool)
{
	struct nx_db *db;

	if (pool->nidle == 0)
		return NULL;
	db = pool->idle[0];
	if (db->era == pool->era &&
	    nx_clock_left(db->idle_since + IDLE_MS) > 0)
		return NULL;
	memmove(pool->idle, pool->idle + 1,
	    (size_t)--pool->nidle * sizeof(*pool->idle));
	pool->nopen--;
	pool->nliving--;
	return db;
}

void
nx_pool_give(struct nx_pool *pool, struct nx_db *db)
{
	struct nx_db *stale;

	if (db == NULL)
		return;
	if (db->broken || db->outdated) {
		forget(pool, db);
		return;
	}
	db->idle_since = nx_clock_mono();
	nx_lock(&pool->lock);
	if (db->served)
		pool->silent &= ~(1U << db->target);
	stale = take_stale(pool);
	pool->idle[pool->nidle++] = db;
	nx_cond_signal(&pool->freed);
	nx_unlock(&pool->lock);
	db_close(stale);
}

enum nx_rc
nx_pool_run(struct nx_pool *pool, const struct nx_query *queries, int n,
    int64_t deadline, PGresult **results, struct nx_err *err)
{
	enum nx_rc rc;

	for (int tries = 0;; tries++) {
		struct nx_db *db;
		int64_t began;
		bool refused;

		for (int i = 0; i < n; i++)
			results[i] = NULL;
		rc = nx_pool_take(pool, deadline, &db, err);
		if (rc != NX_OK)
			return rc;
		assert(db != NULL);
		began = nx_clock_us();
		rc = nx_db_run(db, queries, n, deadline, results, err);
		nx_stats_time(pool->stats, NX_STAT_SQL, rc == NX_OK ?
		    NX_STATS_RUN_DONE : NX_STATS_RUN_FAILED, began);
		refused = db->refused;
		nx_pool_give(pool, db);
		if (rc != NX_DB_DOWN || !refused || tries > 0)
			return rc;
	}
}
