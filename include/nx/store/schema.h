/*
 * schema.h - the version of the database's schema.
 *
 * sql/NNN_name.sql brings a schema to version NNN, and x_schema says which of
 * the files have been applied (sql/000_schema.sql).  A program works with
 * every version from the one it needs on.
 */
#ifndef NX_STORE_SCHEMA_H
#define NX_STORE_SCHEMA_H

#include "nx/store/pool.h"

/* The number of the newest file in sql/; a test compares them. */
enum { NX_SCHEMA_NEEDED = 20 };

/*
 * The number of a file, in row `s` of x_schema.  Where the tables are
 * contracted the column has another name, so that programs of before fail.
 */
#define NX_SCHEMA_NUMBER						\
	"coalesce(to_jsonb(s) ->> 'number', to_jsonb(s) ->> 'version')::int"

/*
 * Is the schema that this connection sees at `needed` or beyond?  SCHEMA_OLD
 * when it is not, with both versions in the detail.  Two round trips.
 */
NX_MUST_USE enum nx_rc	nx_schema_check(struct nx_db *db, int needed,
			    int64_t deadline, struct nx_err *err);

#endif
