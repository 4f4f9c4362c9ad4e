/* db.h - one database connection, between pool.c and db.c only. */
#ifndef NX_SRC_STORE_DB_H
#define NX_SRC_STORE_DB_H

#include <stdatomic.h>

#include "nx/base/maxima.h"
#include "nx/store/pool.h"

enum {
	NX_STMT_NAME = 3 + 16 + 1,	/* nx_ and 16 digits */
};

/* A text that is prepared under a name, or will be at its next use. */
struct nx_stmt {
	char	*sql;
	char	 name[NX_STMT_NAME];
	bool	 ready;		/* the server has confirmed it */
};

struct nx_db {
	PGconn		*conn;		/* in pipeline mode, non-blocking */
	int		 target;	/* the pool's host that it leads to */
	int64_t		 idle_since;	/* nx_clock_mono() */
	bool		 broken;	/* to be closed, not used again */
	bool		 refused;	/* the last run surely did nothing */
	bool		 outdated;	/* to be closed when given back */
	bool		 misled;	/* what its target leads to is no use */
	bool		 silent;	/* it stopped answering */
	bool		 served;	/* it has answered a statement */
	int		 era;		/* the pool's when it was made */
	atomic_bool	*unnamed;	/* the pool's: nothing is prepared */
	struct nx_stmt	 stmts[NX_STMTS_MAX];
	int		 nstmts;	/* once in, a text stays */
};

/*
 * Does what it leads to take writes?  Asked of the server itself, in place of
 * libpq: a pooler tells everybody what it was told when it first connected,
 * and a standby may have been promoted since.  DB_DOWN: it does not, or it
 * failed; TIMEOUT.
 */
NX_MUST_USE enum nx_rc	nx_db_check_writable(struct nx_db *db,
			    int64_t deadline, struct nx_err *err);

/*
 * `rc` with the first line of libpq's or the server's message, and the
 * SQLSTATE where there is one.
 */
void	nx_db_fail(struct nx_err *err, enum nx_rc rc, const char *sqlstate,
	    const char *message);

#endif
