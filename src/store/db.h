/* db.h - one database connection, between pool.c and db.c only. */
#ifndef NX_STORE_DB_H
#define NX_STORE_DB_H

#include "nx/store/pool.h"

struct nx_db {
	PGconn	*conn;		/* in pipeline mode, non-blocking */
	int	 target;	/* the pool's host that it leads to */
	int64_t	 idle_since;	/* nx_clock_mono() */
	bool	 broken;	/* to be closed, not used again */
	bool	 refused;	/* the last run surely did nothing */
};

/*
 * `rc` with the first line of libpq's or the server's message, and the
 * SQLSTATE where there is one.
 */
void	nx_db_fail(struct nx_err *err, enum nx_rc rc, const char *sqlstate,
	    const char *message);

#endif
