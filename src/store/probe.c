/* probe.c - readers, writers and a watcher, a thread and a session each. */

#include "nx/store/probe.h"

#include <stdlib.h>
#include <string.h>

#include "nx/base/clock.h"
#include "nx/base/threads.h"
#include "session.h"

enum {
	TABLES_MAX = 60,
	PROBE_PAUSE_MS = 10,		/* between two of one table */
	WATCH_PAUSE_MS = 5,
	WARM_MS = 10000,		/* for all to have begun */
	STATEMENT_MAX = 256,
};

static const char probe_name[] = "nexus-x-probe";

/* A table, by its reading and its writing statement; a row that is there. */
struct target {
	PGconn		*conn;
	char		 sql[2][STATEMENT_MAX];
	atomic_int	 answered;
};

struct nx_probe {
	struct nx_threads	*threads;
	struct target		 targets[TABLES_MAX];
	int			 ntargets;
	PGconn			*watcher;
	struct nx_probed	 seen;	/* the watcher's, until it ends */
};

/* One column that may be set to what it is. */
static const char tables[] =
    "SELECT format('SELECT FROM %I LIMIT 1', relname),"
    " format('UPDATE %I SET %I = %I WHERE ctid = (SELECT ctid FROM %I"
    " LIMIT 1)', relname, attname, attname, relname)"
    " FROM pg_class JOIN LATERAL (SELECT attname FROM pg_attribute"
    " WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped"
    " AND attidentity = '' AND attgenerated = '' ORDER BY attnum LIMIT 1)"
    " AS a ON true WHERE relkind = 'r' AND pg_table_is_visible(oid)"
    " AND (relname ~ '^x_' OR relname = 'platform_connections')";

static const char waiting[] =
    "SELECT round(extract(epoch FROM clock_timestamp() - query_start)"
    " * 1000)::int, query FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND application_name = 'nexus-x-probe' AND state = 'active'"
    " ORDER BY query_start LIMIT 1";

static void
probe_table(struct nx_probe *p, struct target *t)
{
	for (int i = 0; !nx_threads_pause(p->threads, PROBE_PAUSE_MS); i++) {
		PGresult *result = PQexec(t->conn, t->sql[i % 2]);
		ExecStatusType status = PQresultStatus(result);

		atomic_fetch_add(&t->answered, status == PGRES_TUPLES_OK ||
		    status == PGRES_COMMAND_OK);
		PQclear(result);
	}
}

static void
watch_waits(struct nx_probe *p)
{
	while (!nx_threads_pause(p->threads, WATCH_PAUSE_MS)) {
		PGresult *result = PQexec(p->watcher, waiting);
		int ms = PQntuples(result) != 1 ? 0 :
		    (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);

		if (ms > p->seen.longest_ms) {
			p->seen.longest_ms = ms;
			(void)snprintf(p->seen.statement,
			    sizeof(p->seen.statement), "%s",
			    PQgetvalue(result, 0, 1));
		}
		PQclear(result);
	}
}

static void
run_thread(void *ctx, int index)
{
	struct nx_probe *p = ctx;

	if (index == p->ntargets)
		watch_waits(p);
	else
		probe_table(p, &p->targets[index]);
}

static enum nx_rc
open_targets(struct nx_probe *p, const char *url, const char *database,
    struct nx_err *err)
{
	PGresult *rows = PQexec(p->watcher, tables);
	enum nx_rc rc = NX_OK;

	if (PQresultStatus(rows) != PGRES_TUPLES_OK)
		rc = nx_fail(err, NX_DB_DOWN, "%.250s",
		    PQerrorMessage(p->watcher));
	for (int i = 0; rc == NX_OK && i < PQntuples(rows) &&
	    i < TABLES_MAX; i++) {
		struct target *t = &p->targets[i];

		for (int k = 0; k < 2; k++)
			(void)snprintf(t->sql[k], sizeof(t->sql[k]), "%s",
			    PQgetvalue(rows, i, k));
		rc = nx_session_open(url, database, probe_name, &t->conn,
		    err);
		p->ntargets += rc == NX_OK;
	}
	PQclear(rows);
	return rc;
}

/* Until each has read and written. */
static void
await_targets(const struct nx_probe *p)
{
	int64_t until = nx_clock_mono() + WARM_MS;

	for (int i = 0; i < p->ntargets && nx_clock_left(until) > 0;) {
		if (atomic_load(&p->targets[i].answered) >= 2)
			i++;
		else
			nx_clock_sleep(PROBE_PAUSE_MS);
	}
}

enum nx_rc
nx_probe_start(const char *url, const char *database, struct nx_probe **out,
    struct nx_err *err)
{
	struct nx_probe *p = calloc(1, sizeof(*p));
	struct nx_probed unused;
	enum nx_rc rc;

	*out = NULL;
	if (p == NULL)
		return nx_fail(err, NX_NO_MEMORY, "for a probe");
	rc = nx_session_open(url, database, "nexus-x-watcher", &p->watcher,
	    err);
	if (rc == NX_OK)
		rc = open_targets(p, url, database, err);
	if (rc == NX_OK)
		p->threads = nx_threads_new(p->ntargets + 1);
	if (rc == NX_OK && (p->threads == NULL ||
	    nx_threads_start(p->threads, "probe", p->ntargets + 1, run_thread,
	    p) < p->ntargets + 1))
		rc = nx_fail(err, NX_NO_MEMORY, "for a probe");
	if (rc != NX_OK) {
		nx_probe_stop(p, &unused);
		return rc;
	}
	await_targets(p);
	*out = p;
	return NX_OK;
}

void
nx_probe_stop(struct nx_probe *probe, struct nx_probed *out)
{
	memset(out, 0, sizeof(*out));
	if (probe == NULL)
		return;
	nx_threads_free(probe->threads);
	*out = probe->seen;
	for (int i = 0; i < probe->ntargets; i++) {
		out->statements += atomic_load(&probe->targets[i].answered);
		PQfinish(probe->targets[i].conn);
	}
	PQfinish(probe->watcher);
	free(probe);
}
