/* store_apart.h - a store test's surroundings with tables of its own. */
#ifndef NX_TEST_STORE_APART_H
#define NX_TEST_STORE_APART_H

#include "store_env.h"

#include <string.h>
#include <unistd.h>

#include "nx/base/buf.h"

/* The database as the tables of this program's own are found in it. */
static inline void
apart_url(struct nx_buf *out)
{
	nx_buf_addf(out, strstr(database_url(), "://") == NULL ?
	    "%s options='-csearch_path=apart_%d'" :
	    strchr(database_url(), '?') == NULL ?
	    "%s?options=-csearch_path%%3Dapart_%d" :
	    "%s&options=-csearch_path%%3Dapart_%d", database_url(),
	    getpid());
}

/*
 * Tables of this program's own, empty, in a schema that goes with it: for
 * tests that take or count whatever there is.  No triggers, no references.
 * Of the same version and form as the others.
 */
static inline int
env_open_apart(void **state)
{
	struct nx_buf url = NX_BUF(4096), make = NX_BUF(4096);
	struct nx_query query = { .nparams = 0 };
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	struct env *e;
	enum nx_rc rc;

	if (env_open(state) != 0)
		return -1;
	e = *state;
	if (e->pool == NULL)
		return 0;
	nx_buf_addf(&make, "DO $$ DECLARE t text; BEGIN"
	    " DROP SCHEMA IF EXISTS apart_%d CASCADE;"
	    " CREATE SCHEMA apart_%d;"
	    " FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r'"
	    "  AND pg_table_is_visible(oid)"
	    "  AND (relname LIKE 'x\\_%%' OR relname = 'platform_connections')"
	    " LOOP EXECUTE format('CREATE TABLE apart_%d.%%I"
	    "  (LIKE %%I INCLUDING ALL)', t, t); END LOOP;"
	    " INSERT INTO apart_%d.x_schema SELECT * FROM x_schema;"
	    " INSERT INTO apart_%d.x_app (contracted)"
	    "  SELECT contracted FROM x_app; END $$",
	    getpid(), getpid(), getpid(), getpid(), getpid());
	query.sql = nx_buf_str(&make);
	rc = nx_pool_run(e->pool, &query, 1, nx_clock_mono() + PATIENCE_MS,
	    &result, &err);
	nx_db_clear(&result, 1);
	nx_pool_free(e->pool);
	e->pool = NULL;
	apart_url(&url);
	if (rc == NX_OK)
		rc = nx_pool_new(nx_buf_str(&url), POOL_SIZE, &e->pool,
		    &err);
	e->store.pool = e->other.pool = e->pool;
	if (rc != NX_OK)
		print_error("no schema of our own: %s\n", err.detail);
	nx_buf_free(&url);
	nx_buf_free(&make);
	return rc == NX_OK ? 0 : -1;
}

static inline int
env_close_apart(void **state)
{
	struct env *e = *state;
	struct nx_query query = { .nparams = 0 };
	PGresult *result = NULL;
	struct nx_err err;
	char text[64];

	(void)snprintf(text, sizeof(text), "DROP SCHEMA apart_%d CASCADE",
	    getpid());
	query.sql = text;
	if (e->pool != NULL && nx_pool_run(e->pool, &query, 1,
	    nx_clock_mono() + PATIENCE_MS, &result, &err) != NX_OK)
		print_error("the schema stays: %s\n", err.detail);
	nx_db_clear(&result, 1);
	return env_close(state);
}

#endif
