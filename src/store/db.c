/*
 * db.c - run statements on one connection, in one pipeline, by a deadline.
 *
 * libpq 15: PQgetResult() gives each statement's result and then NULL, and
 * at the end one PIPELINE_SYNC.  After an error what follows is ABORTED and
 * everything is rolled back.  When the connection breaks there may be no
 * SQLSTATE at all.
 */

#include "db.h"

#include <errno.h>
#include <poll.h>

#include "nx/base/clock.h"

void
nx_db_fail(struct nx_err *err, enum nx_rc rc, const char *sqlstate,
    const char *message)
{
	int n = message == NULL ? 0 : (int)strcspn(message, "\r\n");

	(void)nx_fail(err, rc, "%s%s%.*s", sqlstate == NULL ? "" : sqlstate,
	    sqlstate == NULL || n == 0 ? "" : ": ", n > 240 ? 240 : n,
	    message == NULL ? "" : message);
}

/* How a SQLSTATE (or its class, the first two characters) is answered. */
static const struct {
	const char	*state;
	enum nx_rc	 rc;
	bool		 drop;		/* the connection is of no more use */
	bool		 undone;	/* nothing was carried out */
} states[] = {
	{ "08", NX_DB_DOWN, true, false },	/* connection exception */
	{ "25006", NX_DB_DOWN, true, true },	/* the server is read-only */
	{ "57P01", NX_DB_DOWN, true, true },	/* shut down, terminated */
	{ "57P02", NX_DB_DOWN, true, false },	/* crashed */
	{ "57P03", NX_DB_DOWN, true, true },	/* starting */
	{ "57P05", NX_DB_DOWN, true, true },	/* idle for too long */
	{ "57014", NX_TIMEOUT, false, true },	/* statement_timeout */
	{ "55P03", NX_BUSY, false, true },	/* lock_timeout */
	{ "40", NX_BUSY, false, true },		/* deadlock, serialization */
	{ "53", NX_DB_DOWN, false, true },	/* out of resources */
	{ "42P01", NX_CONFIG, false, true },	/* no such table */
	{ "42703", NX_CONFIG, false, true },	/* no such column */
	{ "42883", NX_CONFIG, false, true },	/* no such function */
	{ "42P10", NX_CONFIG, false, true },	/* no such unique index */
	{ "42501", NX_CONFIG, false, true },	/* no right to it */
	{ "3F000", NX_CONFIG, false, true },	/* no such schema */
};

/*
 * Record why the transaction failed.  `done`: every statement had answered,
 * so it may have been committed in spite of this.
 */
static enum nx_rc
judge(struct nx_db *db, const PGresult *result, bool done,
    struct nx_err *err)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);
	enum nx_rc rc = NX_INTERNAL;

	if (sqlstate == NULL) {
		db->broken = true;
		nx_db_fail(err, NX_DB_DOWN, NULL,
		    "the connection broke while waiting for an answer");
		return NX_DB_DOWN;
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		if (strncmp(sqlstate, states[i].state,
		    strlen(states[i].state)) != 0)
			continue;
		rc = states[i].rc;
		db->broken = states[i].drop;
		db->refused = states[i].undone && !done;
		break;
	}
	if (rc == NX_CONFIG)
		return nx_fail(err, rc, "The database is not set up, apply"
		    " sql/*.sql: %s: %.200s", sqlstate,
		    text == NULL ? "" : text);
	/* Class 22 quotes the value that it does not like. */
	nx_db_fail(err, rc, sqlstate,
	    strncmp(sqlstate, "22", 2) == 0 ? NULL : text);
	return rc;
}

/* Wait until PQgetResult() will not block; false at the deadline. */
static bool
await_result(PGconn *conn, int64_t deadline)
{
	for (;;) {
		int unsent = PQflush(conn);
		struct pollfd p = { .fd = PQsocket(conn), .events = POLLIN };
		int n;

		/* What broke the sending is told by PQgetResult(). */
		if (unsent < 0 || !PQisBusy(conn))
			return true;
		if (unsent > 0)
			p.events |= POLLOUT;
		if (nx_clock_left(deadline) == 0)
			return false;
		n = poll(&p, 1, nx_clock_left(deadline));
		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && p.revents != POLLOUT && !PQconsumeInput(conn))
			return true;
	}
}

static bool
send_all(PGconn *conn, const struct nx_query *queries, int n)
{
	for (int i = 0; i < n; i++) {
		if (!PQsendQueryParams(conn, queries[i].sql,
		    queries[i].nparams, NULL, queries[i].params, NULL, NULL,
		    0))
			return false;
	}
	return PQpipelineSync(conn) == 1;
}

/* A transaction's results as they come in. */
struct intake {
	struct nx_db	 *db;
	PGresult	**results;
	int		  n;
	int		  at;		/* statement that answers now */
	enum nx_rc	  rc;
	struct nx_err	 *err;
};

/* Take in one result; true when it was the last. */
static bool
take_in(struct intake *in, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if ((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) &&
	    in->at < in->n && in->results[in->at] == NULL) {
		in->results[in->at] = result;
		return false;
	}
	if (status == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		return true;
	}
	if (status != PGRES_PIPELINE_ABORTED && in->rc == NX_OK)
		in->rc = judge(in->db, result, in->at >= in->n, in->err);
	PQclear(result);
	return in->db->broken;
}

static enum nx_rc
collect(struct intake *in, int64_t deadline)
{
	PGconn *conn = in->db->conn;
	bool last = false;

	while (!last) {
		PGresult *result;

		if (!await_result(conn, deadline)) {
			in->db->broken = true;
			return nx_fail(in->err, NX_TIMEOUT,
			    "The database did not answer in time.");
		}
		if ((result = PQgetResult(conn)) != NULL) {
			last = take_in(in, result);
			continue;
		}
		if (++in->at <= in->n + 1 && PQstatus(conn) == CONNECTION_OK)
			continue;
		in->db->broken = last = true;
		if (in->rc == NX_OK)
			in->rc = nx_fail(in->err, NX_DB_DOWN,
			    "The connection to the database broke.");
	}
	if (PQstatus(conn) != CONNECTION_OK)
		in->db->broken = true;
	return in->rc;
}

enum nx_rc
nx_db_run(struct nx_db *db, const struct nx_query *queries, int n,
    int64_t deadline, PGresult **results, struct nx_err *err)
{
	struct intake in = {
		.db = db, .results = results, .n = n, .err = err,
	};
	enum nx_rc rc;

	for (int i = 0; i < n; i++)
		results[i] = NULL;
	db->refused = false;
	if (db->broken)
		return nx_fail(err, NX_DB_DOWN, "The connection has broken.");
	if (nx_clock_left(deadline) == 0)
		return nx_fail(err, NX_TIMEOUT, "There was no time left.");
	if (!send_all(db->conn, queries, n)) {
		db->broken = true;
		nx_db_fail(err, NX_DB_DOWN, NULL, PQerrorMessage(db->conn));
		return NX_DB_DOWN;
	}
	rc = collect(&in, deadline);
	if (rc != NX_OK)
		nx_db_clear(results, n);
	return rc;
}

void
nx_db_clear(PGresult **results, int n)
{
	for (int i = 0; i < n; i++) {
		PQclear(results[i]);
		results[i] = NULL;
	}
}
