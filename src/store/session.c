/* session.c - a connection outside of any pool, for migrations. */

#include "session.h"

#include "db.h"

static void
ignore_notice(void *unused, const PGresult *notice)
{
	(void)unused;
	(void)notice;
}

enum nx_rc
nx_session_open(const char *url, const char *database, const char *name,
    PGconn **out, struct nx_err *err)
{
	/* The second dbname is a plain name, and wins over the URL's. */
	const char *words[] = { "connect_timeout", "target_session_attrs",
	    "dbname", "application_name",
	    database == NULL ? NULL : "dbname", NULL };
	const char *values[] = { "10", "read-write", url, name, database,
	    NULL };
	PGconn *conn = PQconnectdbParams(words, values, 1);
	enum nx_rc rc;

	*out = NULL;
	if (conn != NULL && PQstatus(conn) == CONNECTION_OK) {
		PQsetNoticeReceiver(conn, ignore_notice, NULL);
		*out = conn;
		return NX_OK;
	}
	rc = conn == NULL ? NX_NO_MEMORY : NX_DB_DOWN;
	nx_db_fail(err, rc, NULL, conn == NULL ? "for a connection" :
	    PQerrorMessage(conn));
	PQfinish(conn);
	return rc;
}
