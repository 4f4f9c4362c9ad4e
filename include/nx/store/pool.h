/*
 * pool.h - database connections of a process, and statements with a deadline.
 *
 * Everything is asynchronous libpq driven by poll() against our own deadline,
 * since no setting of libpq bounds a stuck server.  Statements travel in one
 * pipeline (one round trip, one implicit transaction), so that a transaction
 * pooler may stand between.  A connection that missed its deadline or broke is
 * closed, never reused.
 *
 * Each connection prepares the first 64 texts that it meets, under names made
 * of their hashes, as part of their first use; further texts run unnamed.
 * Where that fails, as it does behind a pooler without prepared statements,
 * nothing was carried out: the pool runs everything unnamed from then on,
 * beginning with what failed, and the caller is not told.  A statement whose
 * columns changed their type is run unnamed and its connection replaced.
 *
 * Lock order: the pool's mutex is the only lock; it guards the stack of idle
 * connections and the counts, and is never held across I/O.
 */
#ifndef NX_STORE_POOL_H
#define NX_STORE_POOL_H

#include <libpq-fe.h>
#include <stdint.h>

#include "nx/base/err.h"
#include "nx/base/maxima.h"
#include "nx/base/stats.h"

struct nx_pool;
struct nx_db;		/* one connection, used by one thread at a time */

/*
 * No connection is made yet.  Several hosts are tried one by one, the last
 * good one first and what did not answer last, at most 3 s each (resolving a
 * name is libpq's and is not bounded); unless `url` says otherwise, only a
 * server that takes writes will do, which is asked of the server itself.
 *
 * One that lets us in and then is of no use is left for the next, with all
 * connections that lead to it: it says so (a PgBouncer whose database has died,
 * a primary that is a standby now), breaks at the first statement, or says
 * nothing for 1.5 s and more until a deadline, as one that hangs does.
 *
 * Under light load connections stay few: what was given back last goes out
 * first, and whenever one is given back another that has been idle for 5 min
 * is closed.
 * CONFIG when `url` does not parse: the detail names what libpq does not know
 * and says what to write, and never quotes anything that may be a password.
 */
NX_MUST_USE enum nx_rc	nx_pool_new(const char *url, int size,
			    struct nx_pool **out, struct nx_err *err);
void			nx_pool_free(struct nx_pool *pool);

/* Count round trips and waits in `stats`, which must outlive it. */
void			nx_pool_count(struct nx_pool *pool,
			    struct nx_stats *stats);

/*
 * From now on a connection is lent only once the schema was seen to be at
 * `version` or beyond, which is asked until it is so and then never again.
 * Before any other thread uses the pool.
 */
void			nx_pool_require(struct nx_pool *pool, int version);

/*
 * Borrow a living connection: the idle one used last, or a new one, or wait
 * for one.  DB_DOWN (cannot connect; for 250 ms after a failure everybody is
 * told so at once), SCHEMA_OLD (likewise; nx_pool_require()) or BUSY (none
 * became free before `deadline`).
 */
NX_MUST_USE enum nx_rc	nx_pool_take(struct nx_pool *pool, int64_t deadline,
			    struct nx_db **out, struct nx_err *err);
void			nx_pool_give(struct nx_pool *pool, struct nx_db *db);

struct nx_query {
	const char	*sql;
	const char	*params[NX_PARAMS_MAX];	/* text format; NULL: null */
	int		 nparams;
};

/*
 * Run `n` (at most NX_PIPELINE_MAX) statements as one transaction in one round
 * trip and wait for all results; the caller clears them with nx_db_clear().
 * Texts should be constant: values belong into parameters.
 * DB_DOWN: refused, or the connection broke before the answer (the outcome of
 * the transaction is then unknown: only repeat what is idempotent).
 * TIMEOUT: likewise.  BUSY: rolled back for the sake of another transaction;
 * repeat it.  INTERNAL: the statement itself failed (SQLSTATE and message are
 * in `err`, without values).  CONFIG: tables or rights are missing.
 */
NX_MUST_USE enum nx_rc	nx_db_run(struct nx_db *db,
			    const struct nx_query *queries, int n,
			    int64_t deadline, PGresult **results,
			    struct nx_err *err);
void			nx_db_clear(PGresult **results, int n);

/*
 * nx_pool_take, nx_db_run, nx_pool_give; once more on a fresh connection when
 * the server turned the first one away without having done anything.
 */
NX_MUST_USE enum nx_rc	nx_pool_run(struct nx_pool *pool,
			    const struct nx_query *queries, int n,
			    int64_t deadline, PGresult **results,
			    struct nx_err *err);

#endif
