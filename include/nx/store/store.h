/*
 * store.h - what every function of this room works with.
 *
 * All functions of the room may be called by any thread with its own arena;
 * results live in that arena.  Besides the errors that each names, all can
 * return those of nx_pool_run() and NO_MEMORY.
 *
 * What is safe to repeat (all but nx_event_add) is repeated once on another
 * connection when the database fails it, within the deadline; a caller may
 * repeat it for longer.
 */
#ifndef NX_STORE_STORE_H
#define NX_STORE_STORE_H

#include "nx/base/arena.h"
#include "nx/seal/keyring.h"
#include "nx/store/pool.h"

struct nx_store {
	struct nx_pool			*pool;
	const struct nx_keyring		*ring;
	bool				 late_outcomes;	/* as configured */
};

struct nx_store_ask {
	const struct nx_store	*store;
	struct nx_arena		*arena;
	int64_t			 deadline;	/* nx_clock_mono() ms */
	const char		*request_id;	/* for x_events; may be NULL */
};

/*
 * Nobody knows whether the database has done what it was asked: it may have
 * been committed.  Any thread.
 */
static inline bool
nx_store_unknown(enum nx_rc rc)
{
	return rc == NX_DB_DOWN || rc == NX_TIMEOUT;
}

#endif
