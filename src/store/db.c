/*
 * db.c - run statements on one connection, in one pipeline, by a deadline.
 *
 * Parsing and planning cost the server more than the rest, so a statement is
 * prepared, in the pipeline of its first use.  It is named by a hash of its
 * text: behind a transaction pooler another's statement of that name is the
 * same.  When server and connection disagree about what is prepared, nothing
 * was carried out, and the same is run again unnamed.
 *
 * libpq 15: PQgetResult() gives each statement's result and then NULL, and
 * at the end one PIPELINE_SYNC.  After an error what follows is ABORTED and
 * everything is rolled back.  When the connection breaks there may be no
 * SQLSTATE at all.
 */

#include "db.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/seal/digest.h"

/* So long without a word: the server hangs, or the way to it is cut. */
enum { SILENCE_MS = 1500 };

void
nx_db_fail(struct nx_err *err, enum nx_rc rc, const char *sqlstate,
    const char *message)
{
	int n = message == NULL ? 0 : (int)strcspn(message, "\r\n");

	(void)nx_fail(err, rc, "%s%s%.*s", sqlstate == NULL ? "" : sqlstate,
	    sqlstate == NULL || n == 0 ? "" : ": ", n > 240 ? 240 : n,
	    message == NULL ? "" : message);
}

/*
 * How a SQLSTATE (or its class, the first two characters) is answered.
 *
 * DROP: the connection is of no more use.  UNDONE: nothing was carried out.
 * LEAVE: nor will a new connection to the same target be: a pooler, which is
 * who says 08 in words, has nothing behind it, or the wrong server.
 */
enum { DROP = 1, UNDONE = 2, LEAVE = 4 };

static const struct {
	const char	*state;
	enum nx_rc	 rc;
	unsigned int	 flags;
} states[] = {
	{ "08", NX_DB_DOWN, DROP | LEAVE },	/* connection exception */
	{ "25006", NX_DB_DOWN, DROP | UNDONE | LEAVE },	/* read-only */
	{ "57P01", NX_DB_DOWN, DROP | UNDONE },	/* shut down, terminated */
	{ "57P02", NX_DB_DOWN, DROP },		/* crashed */
	{ "57P03", NX_DB_DOWN, DROP | UNDONE | LEAVE },	/* starting */
	{ "57P05", NX_DB_DOWN, DROP | UNDONE },	/* idle for too long */
	{ "57014", NX_TIMEOUT, UNDONE },	/* statement_timeout */
	{ "55P03", NX_BUSY, UNDONE },		/* lock_timeout */
	{ "22012", NX_BUSY, UNDONE },		/* a lease is over */
	{ "23505", NX_BUSY, UNDONE },		/* somebody was first */
	{ "23514", NX_INVALID, UNDONE },	/* a CHECK forbids it */
	{ "40", NX_BUSY, UNDONE },		/* deadlock, serialization */
	{ "53", NX_DB_DOWN, UNDONE },		/* out of resources */
	{ "42P01", NX_CONFIG, UNDONE },		/* no such table */
	{ "42703", NX_CONFIG, UNDONE },		/* no such column */
	{ "42883", NX_CONFIG, UNDONE },		/* no such function */
	{ "42P10", NX_CONFIG, UNDONE },		/* no such unique index */
	{ "42501", NX_CONFIG, UNDONE },		/* no right to it */
	{ "3F000", NX_CONFIG, UNDONE },		/* no such schema */
};

/*
 * PgBouncer has one SQLSTATE, 08P01, for all that it has to say.  With these
 * words it never found a server to give the statement to.
 */
static bool
found_no_server(const char *text)
{
	static const char *const words[] = { "server login has been failing",
	    "pgbouncer cannot connect to server" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (nx_slice_starts(nx_slice_str(text), words[i]))
			return true;
	}
	return false;
}

/*
 * Record why the transaction failed.  `done`: every statement had answered,
 * so it may have been committed in spite of this.
 */
static enum nx_rc
judge_result(struct nx_db *db, const PGresult *result, bool done,
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
		if (!nx_slice_starts(nx_slice_str(sqlstate), states[i].state))
			continue;
		rc = states[i].rc;
		db->broken = (states[i].flags & DROP) != 0;
		db->misled = (states[i].flags & LEAVE) != 0;
		db->refused = !done && ((states[i].flags & UNDONE) != 0 ||
		    (strcmp(sqlstate, "08P01") == 0 && found_no_server(text)));
		break;
	}
	if (rc == NX_CONFIG)
		return nx_fail(err, rc, "The database is not set up, run"
		    " nexus-x-migrate apply: %s: %.200s", sqlstate,
		    text == NULL ? "" : text);
	/* Class 22 quotes the value that it does not like. */
	nx_db_fail(err, rc, sqlstate,
	    nx_slice_starts(nx_slice_str(sqlstate), "22") ? NULL : text);
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

/* What one pipeline carries: first what is prepared, then the queries. */
struct batch {
	const struct nx_query	*queries;
	int			 n;
	struct nx_stmt		*stmts[NX_PIPELINE_MAX];  /* NULL: unnamed */
	struct nx_stmt		*fresh[NX_PIPELINE_MAX];
	int			 nfresh;
};

/* The one with this text, made when there is room; NULL when not. */
static struct nx_stmt *
stmt_of(struct nx_db *db, const char *sql)
{
	struct nx_slice text = nx_slice_str(sql);
	char hash[NX_SHA256_HEX + 1];
	struct nx_stmt *s;

	for (int i = 0; i < db->nstmts; i++) {
		if (strcmp(db->stmts[i].sql, sql) == 0)
			return &db->stmts[i];
	}
	if (db->nstmts == NX_STMTS_MAX)
		return NULL;
	s = &db->stmts[db->nstmts];
	if ((s->sql = malloc(text.n + 1)) == NULL)
		return NULL;
	memcpy(s->sql, sql, text.n + 1);
	nx_sha256_hex(text, hash);
	(void)snprintf(s->name, sizeof(s->name), "nx_%.16s", hash);
	db->nstmts++;
	return s;
}

static bool
is_fresh(const struct batch *b, const struct nx_stmt *stmt)
{
	for (int i = 0; i < b->nfresh; i++) {
		if (b->fresh[i] == stmt)
			return true;
	}
	return false;
}

static void
name_all(struct nx_db *db, struct batch *b)
{
	if (db->outdated || atomic_load(db->unnamed))
		return;
	for (int i = 0; i < b->n; i++) {
		struct nx_stmt *s = stmt_of(db, b->queries[i].sql);

		b->stmts[i] = s;
		if (s != NULL && !s->ready && !is_fresh(b, s))
			b->fresh[b->nfresh++] = s;
	}
}

static bool
send_all(PGconn *conn, const struct batch *b)
{
	for (int i = 0; i < b->nfresh; i++) {
		if (!PQsendPrepare(conn, b->fresh[i]->name, b->fresh[i]->sql,
		    0, NULL))
			return false;
	}
	for (int i = 0; i < b->n; i++) {
		const struct nx_query *q = &b->queries[i];
		int sent = b->stmts[i] == NULL ?
		    PQsendQueryParams(conn, q->sql, q->nparams, NULL,
		    q->params, NULL, NULL, 0) :
		    PQsendQueryPrepared(conn, b->stmts[i]->name, q->nparams,
		    q->params, NULL, NULL, 0);

		if (!sent)
			return false;
	}
	return PQpipelineSync(conn) == 1;
}

/* A transaction's results as they come in. */
struct intake {
	struct nx_db	 *db;
	struct batch	 *batch;
	PGresult	**results;
	int		  at;		/* message that is answered now */
	bool		  unprepared;	/* failed for its names: run again */
	int64_t		  began;	/* nx_clock_mono() */
	bool		  heard;	/* something has come in */
	enum nx_rc	  rc;
	struct nx_err	 *err;
};

/*
 * Whether this error says that the server does not have what we think it has.
 * 26000, 42P05: a pooler gave us another of its connections, or somebody else
 * was at work on ours; for this process names are over.  0A000: a column's
 * type has changed and the statement must be prepared anew, which a new
 * connection does, unless a pooler handed out the old one for a fresh name.
 */
static bool
is_unprepared(const struct intake *in, const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const struct batch *b = in->batch;
	int i = in->at - b->nfresh;
	bool preparing = i < 0;

	if (sqlstate == NULL || i >= b->n ||
	    (!preparing && b->stmts[i] == NULL))
		return false;
	if (strcmp(sqlstate, preparing ? "42P05" : "26000") == 0) {
		atomic_store(in->db->unnamed, true);
		return true;
	}
	if (preparing || strcmp(sqlstate, "0A000") != 0)
		return false;
	if (is_fresh(b, b->stmts[i]))
		atomic_store(in->db->unnamed, true);
	in->db->outdated = true;
	return true;
}

/* Take in one result; true when it was the last. */
static bool
take_in(struct intake *in, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
	struct batch *b = in->batch;
	int i = in->at - b->nfresh;

	if (good && i >= 0 && i < b->n && in->results[i] == NULL) {
		in->results[i] = result;
		return false;
	}
	if (good && i < 0) {
		b->fresh[in->at]->ready = true;	/* a rollback leaves it */
	} else if (status == PGRES_PIPELINE_SYNC) {
		PQclear(result);
		return true;
	} else if (status != PGRES_PIPELINE_ABORTED && in->rc == NX_OK) {
		in->unprepared = is_unprepared(in, result);
		in->rc = in->unprepared ? NX_DB_DOWN :
		    judge_result(in->db, result, i >= b->n, in->err);
	}
	PQclear(result);
	return in->db->broken;
}

static enum nx_rc
collect(struct intake *in, int64_t deadline)
{
	PGconn *conn = in->db->conn;
	int messages = in->batch->nfresh + in->batch->n;
	bool last = false;

	while (!last) {
		PGresult *result;

		if (!await_result(conn, deadline)) {
			in->db->broken = true;
			in->db->silent = !in->heard &&
			    nx_clock_mono() - in->began >= SILENCE_MS;
			return nx_fail(in->err, NX_TIMEOUT,
			    "The database did not answer in time.");
		}
		in->heard = true;
		if ((result = PQgetResult(conn)) != NULL) {
			last = take_in(in, result);
			continue;
		}
		if (++in->at <= messages + 1 &&
		    PQstatus(conn) == CONNECTION_OK)
			continue;
		in->db->broken = last = true;
		if (in->rc == NX_OK)
			in->rc = nx_fail(in->err, NX_DB_DOWN,
			    "The connection to the database broke.");
	}
	if (PQstatus(conn) != CONNECTION_OK)
		in->db->broken = true;
	in->db->served |= !in->db->broken;
	return in->rc;
}

/* Once.  `again`: nothing was carried out, and unnamed it might be. */
static enum nx_rc
run_batch(struct nx_db *db, struct batch *b, int64_t deadline,
    PGresult **results, bool *again, struct nx_err *err)
{
	struct intake in = {
		.db = db, .batch = b, .results = results, .err = err,
		.began = nx_clock_mono(),
	};
	enum nx_rc rc;

	*again = false;
	db->refused = false;
	if (db->broken)
		return nx_fail(err, NX_DB_DOWN, "The connection has broken.");
	if (nx_clock_left(deadline) == 0)
		return nx_fail(err, NX_TIMEOUT, "There was no time left.");
	if (!send_all(db->conn, b)) {
		db->broken = true;
		nx_db_fail(err, NX_DB_DOWN, NULL, PQerrorMessage(db->conn));
		return NX_DB_DOWN;
	}
	rc = collect(&in, deadline);
	*again = in.unprepared && rc != NX_TIMEOUT;
	if (rc != NX_OK)
		nx_db_clear(results, b->n);
	return rc;
}

enum nx_rc
nx_db_run(struct nx_db *db, const struct nx_query *queries, int n,
    int64_t deadline, PGresult **results, struct nx_err *err)
{
	struct batch named = { .queries = queries, .n = n };
	struct batch plain = { .queries = queries, .n = n };
	enum nx_rc rc;
	bool again;

	assert(n <= NX_PIPELINE_MAX);
	for (int i = 0; i < n; i++)
		results[i] = NULL;
	name_all(db, &named);
	rc = run_batch(db, &named, deadline, results, &again, err);
	if (again && db->broken) {	/* Supavisor hangs up on 26000 */
		db->refused = true;
		return nx_fail(err, NX_DB_DOWN,
		    "The connection ended for want of a statement.");
	}
	if (again)
		rc = run_batch(db, &plain, deadline, results, &again, err);
	return rc;
}

enum nx_rc
nx_db_check_writable(struct nx_db *db, int64_t deadline, struct nx_err *err)
{
	const struct nx_query query = {
		.sql = "SELECT current_setting('transaction_read_only')",
	};
	struct batch plain = { .queries = &query, .n = 1 };
	PGresult *result = NULL;
	enum nx_rc rc;
	bool again;

	rc = run_batch(db, &plain, deadline, &result, &again, err);
	if (rc == NX_OK && PQntuples(result) == 1 &&
	    strcmp(PQgetvalue(result, 0, 0), "on") == 0)
		rc = nx_fail(err, NX_DB_DOWN, "The server takes no writes.");
	PQclear(result);
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
