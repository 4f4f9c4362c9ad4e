/* db_url.h - say what is wrong with DATABASE_URL.  Pure. */
#ifndef NX_SRC_STORE_DB_URL_H
#define NX_SRC_STORE_DB_URL_H

#include "nx/base/err.h"

/*
 * CONFIG for a `url` that libpq did not take, with `message` (libpq's own, or
 * NULL): the detail names a foreign scheme or parameter and says what to write
 * in its place.  It names nothing that could be a piece of a password, and
 * never quotes a value.
 */
NX_MUST_USE enum nx_rc	nx_db_url_fail(const char *url, const char *message,
			    struct nx_err *err);

#endif
