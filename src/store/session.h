/* session.h - a connection outside of any pool, for migrations. */
#ifndef NX_SRC_STORE_SESSION_H
#define NX_SRC_STORE_SESSION_H

#include <libpq-fe.h>

#include "nx/base/err.h"

/*
 * To `database` (NULL: the one in `url`), under `name`.  Waits 10 s for each
 * host; the caller ends it with PQfinish().  DB_DOWN, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_session_open(const char *url,
			    const char *database, const char *name,
			    PGconn **out, struct nx_err *err);

#endif
