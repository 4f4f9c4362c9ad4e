/*
 * migration.c - run the files of sql/ over a session of our own.
 *
 * Statement by statement, as psql does, since some cannot be in a transaction
 * (CREATE INDEX CONCURRENTLY, DO with COMMIT).  A file is safe to run again,
 * so whatever ends us in its middle, the next run begins it anew.
 */

#include "nx/store/migration.h"

#include <stdlib.h>
#include <string.h>

#include "nx/base/buf.h"
#include "nx/base/maxima.h"
#include "nx/base/version.h"
#include "nx/store/schema.h"
#include "schema_list.h"
#include "script.h"
#include "session.h"

static const char migrator_name[] = "nexus-x-migrate";

struct nx_migrator {
	PGconn	*conn;
	int	 pid;		/* of the server's process, which must stay */
};

/* Why a statement failed; the caller has said where in `place`. */
static enum nx_rc
fail_statement(struct nx_migrator *m, const PGresult *result, const char *place,
    struct nx_err *err)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);

	if (PQstatus(m->conn) != CONNECTION_OK || state == NULL)
		return nx_fail(err, NX_DB_DOWN, "%s: the connection to the"
		    " database broke.", place);
	/* lock_timeout, a deadlock, a serialization failure */
	if (strcmp(state, "55P03") == 0 ||
	    nx_slice_starts(nx_slice_str(state), "40"))
		return nx_fail(err, NX_SCHEMA_BUSY, "%s: somebody uses the"
		    " table: %.120s", place, text);
	return nx_fail(err, NX_SCHEMA_WRONG, "%s: %s: %.200s", place, state,
	    text == NULL ? "" : text);
}

/* `*out` (may be NULL) is the caller's to clear. */
static enum nx_rc
execute_sql(struct nx_migrator *m, const char *sql, const char *place,
    PGresult **out, struct nx_err *err)
{
	PGresult *result = PQexec(m->conn, sql);
	ExecStatusType status = PQresultStatus(result);
	enum nx_rc rc = NX_OK;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		rc = fail_statement(m, result, place, err);
	if (rc == NX_OK && out != NULL)
		*out = result;
	else
		PQclear(result);
	return rc;
}

/* One row's first column as a bool, of a statement with parameters. */
static enum nx_rc
ask_bool(struct nx_migrator *m, const char *sql, const char *const *params,
    int n, bool *out, struct nx_err *err)
{
	PGresult *result = PQexecParams(m->conn, sql, n, NULL, params, NULL,
	    NULL, 0);
	ExecStatusType status = PQresultStatus(result);
	enum nx_rc rc = NX_OK;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		rc = fail_statement(m, result, "x_schema", err);
	else if (out != NULL)
		*out = PQntuples(result) == 1 &&
		    strcmp(PQgetvalue(result, 0, 0), "t") == 0;
	PQclear(result);
	return rc;
}

/* Which of the server's processes is at work for `conn` now: DB_DOWN. */
static enum nx_rc
ask_pid(PGconn *conn, int *out, struct nx_err *err)
{
	PGresult *result = PQexec(conn, "SELECT pg_backend_pid()");
	const bool answered = PQntuples(result) == 1;

	if (answered)
		*out = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return answered ? NX_OK : nx_fail(err, NX_DB_DOWN,
	    "The connection to the database broke.");
}

static enum nx_rc
refuse_pooler(struct nx_err *err)
{
	return nx_fail(err, NX_CONFIG, "DATABASE_URL leads through a pooler in"
	    " transaction mode, and a migration needs a session: give the"
	    " database's own address, or the pooler's session mode (Supabase:"
	    " port 5432).");
}

/*
 * A killed migrator's process at the server ends soon, and so does its lock
 * (from PostgreSQL 14 on).
 */
static void
notice_our_end(struct nx_migrator *m)
{
	PQclear(PQexec(m->conn, "SELECT set_config(name, '500', false)"
	    " FROM pg_settings"
	    " WHERE name = 'client_connection_check_interval'"));
}

/* Two of its clients share a session while neither is in a transaction. */
static enum nx_rc
check_pooler(struct nx_migrator *m, const char *url, const char *database,
    struct nx_err *err)
{
	PGconn *other;
	int pid = 0;
	enum nx_rc rc = nx_session_open(url, database, migrator_name,
	    &other, err);

	if (rc != NX_OK)
		return rc;
	if ((rc = ask_pid(m->conn, &m->pid, err)) == NX_OK &&
	    (rc = ask_pid(other, &pid, err)) == NX_OK && m->pid == pid)
		rc = refuse_pooler(err);
	PQfinish(other);
	return rc;
}

enum nx_rc
nx_migrator_open(const char *url, const char *database,
    struct nx_migrator **out, struct nx_err *err)
{
	struct nx_migrator *m = calloc(1, sizeof(*m));
	enum nx_rc rc;

	*out = NULL;
	if (m == NULL)
		return nx_fail(err, NX_NO_MEMORY, "for a connection");
	rc = nx_session_open(url, database, migrator_name, &m->conn, err);
	if (rc == NX_OK)
		rc = check_pooler(m, url, database, err);
	if (rc != NX_OK) {
		nx_migrator_close(m);
		return rc;
	}
	notice_our_end(m);
	*out = m;
	return NX_OK;
}

void
nx_migrator_close(struct nx_migrator *m)
{
	if (m == NULL)
		return;
	PQfinish(m->conn);
	free(m);
}

enum nx_rc
nx_migrator_lock(struct nx_migrator *m, struct nx_err *err)
{
	bool got = false;
	enum nx_rc rc = ask_bool(m, "SELECT pg_try_advisory_lock("
	    "hashtextextended('nexus-x-migrate', 0))", NULL, 0, &got, err);

	if (rc == NX_OK && !got)
		return nx_fail(err, NX_SCHEMA_BUSY, "Another nexus-x-migrate"
		    " is at work on this database.");
	return rc;
}

static void
row_read(struct nx_arena *arena, const PGresult *rows, int i,
    struct nx_applied *out)
{
	*out = (struct nx_applied){
		.version = (int)strtol(PQgetvalue(rows, i, 0), NULL, 10),
		.name = nx_arena_str(arena, PQgetvalue(rows, i, 1)),
		.checksum = nx_arena_str(arena, PQgetvalue(rows, i, 2)),
		.at = nx_arena_str(arena, PQgetvalue(rows, i, 3)),
		.program = nx_arena_str(arena, PQgetvalue(rows, i, 4)),
		.adopted = strcmp(PQgetvalue(rows, i, 5), "t") == 0,
	};
}

enum nx_rc
nx_migrator_applied(struct nx_migrator *m, struct nx_arena *arena,
    struct nx_applied **out, int *n, struct nx_err *err)
{
	PGresult *rows = NULL;
	bool there = false;
	enum nx_rc rc;

	*out = NULL;
	*n = 0;
	rc = ask_bool(m, "SELECT to_regclass('x_schema') IS NOT NULL", NULL, 0,
	    &there, err);
	if (rc != NX_OK || !there)
		return rc;
	rc = execute_sql(m, "SELECT " NX_SCHEMA_NUMBER ", name, checksum,"
	    " to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS"
	    "\"Z\"'), program, adopted FROM x_schema s ORDER BY 1",
	    "x_schema", &rows, err);
	if (rc != NX_OK)
		return rc;
	*out = nx_arena_alloc(arena, ((size_t)PQntuples(rows) + 1) *
	    sizeof(**out));
	for (; *out != NULL && *n < PQntuples(rows); (*n)++)
		row_read(arena, rows, *n, &(*out)[*n]);
	PQclear(rows);
	return nx_arena_ok(arena) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "for x_schema");
}

enum nx_rc
nx_migrator_is_empty(struct nx_migrator *m, bool *out, struct nx_err *err)
{
	return ask_bool(m, "SELECT to_regclass('x_schema') IS NULL"
	    " AND to_regclass('x_grants') IS NULL", NULL, 0, out, err);
}

/* A column that is not there yet is no error this way. */
enum nx_rc
nx_migrator_form(struct nx_migrator *m, enum nx_form *out, struct nx_err *err)
{
	bool there = false, contracted = false;
	enum nx_rc rc;

	rc = ask_bool(m, "SELECT count(*) = 1 FROM pg_attribute"
	    " WHERE attrelid = to_regclass('x_app')"
	    " AND attname = 'contracted'", NULL, 0, &there, err);
	if (rc == NX_OK && there)
		rc = ask_bool(m, "SELECT contracted FROM x_app", NULL, 0,
		    &contracted, err);
	*out = contracted ? NX_FORM_CONTRACTED : there ? NX_FORM_EXPANDED :
	    NX_FORM_OLD;
	return rc;
}

/* "relation NAME", "rls TABLE", "column TABLE.NAME", "trigger TABLE.NAME" */
static const char is_there[] =
    "SELECT CASE split_part($1, ' ', 1)"
    " WHEN 'relation' THEN t IS NOT NULL AND NOT EXISTS (SELECT FROM pg_index"
    " WHERE indexrelid = t AND NOT indisvalid)"
    " WHEN 'rls' THEN EXISTS (SELECT FROM pg_class WHERE oid = t"
    " AND relrowsecurity)"
    " WHEN 'column' THEN EXISTS (SELECT FROM pg_attribute"
    " WHERE attrelid = t AND attname = item AND NOT attisdropped)"
    " WHEN 'trigger' THEN EXISTS (SELECT FROM pg_trigger"
    " WHERE tgrelid = t AND tgname = item) END"
    " FROM (SELECT to_regclass(split_part(split_part($1, ' ', 2), '.', 1))"
    " AS t, split_part(split_part($1, ' ', 2), '.', 2) AS item) AS mark";

enum nx_rc
nx_migrator_is_there(struct nx_migrator *m, const struct nx_migration *file,
    bool *out, struct nx_err *err)
{
	*out = false;
	if (file->mark == NULL)
		return NX_OK;
	return ask_bool(m, is_there, &file->mark, 1, out, err);
}

static enum nx_rc
enter_applied(struct nx_migrator *m, const struct nx_migration *file,
    bool adopted, struct nx_err *err)
{
	char version[16];
	const char *params[] = { version, file->name, file->checksum,
	    NX_VERSION, adopted ? "t" : "f" };
	enum nx_form form;
	char sql[320];
	enum nx_rc rc;

	if (file->contracts)
		return NX_OK;
	(void)snprintf(version, sizeof(version), "%d", file->version);
	if ((rc = nx_migrator_form(m, &form, err)) != NX_OK)
		return rc;
	(void)snprintf(sql, sizeof(sql), "INSERT INTO x_schema (%s, name,"
	    " checksum, program, adopted) VALUES ($1, $2, $3, $4, $5)"
	    " ON CONFLICT ON CONSTRAINT x_schema_pkey"
	    " DO UPDATE SET name = $2, checksum = $3, program = $4,"
	    " adopted = $5, applied_at = now()",
	    form == NX_FORM_CONTRACTED ? "number" : "version");
	return ask_bool(m, sql, params, 5, NULL, err);
}

enum nx_rc
nx_migrator_adopt(struct nx_migrator *m, const struct nx_migration *file,
    struct nx_err *err)
{
	return enter_applied(m, file, true, err);
}

/* What a file says of lock_timeout is psql's, unless it is 0. */
static enum nx_rc
limit_waiting(struct nx_migrator *m, struct nx_slice statement,
    const char *place, struct nx_err *err)
{
	char sql[64];
	bool local = nx_script_begins(statement, "SET LOCAL lock_timeout");
	const char *value = memchr(statement.p, '=', statement.n);

	if (!local && !nx_script_begins(statement, "SET lock_timeout") &&
	    !nx_script_begins(statement, "RESET lock_timeout"))
		return NX_OK;
	if (value != NULL && nx_slice_is(nx_slice_trim((struct nx_slice){
	    value, statement.n - (size_t)(value - statement.p) }, "= '"), "0"))
		return NX_OK;
	(void)snprintf(sql, sizeof(sql), "SET %slock_timeout = %d",
	    local ? "LOCAL " : "", NX_MIGRATION_LOCK_MS);
	return execute_sql(m, sql, place, NULL, err);
}

static enum nx_rc
run_statement(struct nx_migrator *m, struct nx_slice statement,
    const char *place, struct nx_err *err)
{
	struct nx_buf sql = NX_BUF(NX_MIGRATION_FILE_MAX);
	enum nx_rc rc;

	nx_buf_slice_add(&sql, statement);
	rc = !nx_buf_ok(&sql) ?
	    nx_fail(err, NX_NO_MEMORY, "%s: a long statement", place) :
	    execute_sql(m, nx_buf_str(&sql), place, NULL, err);
	nx_buf_free(&sql);
	return rc == NX_OK ? limit_waiting(m, statement, place, err) : rc;
}

static enum nx_rc
run_all(struct nx_migrator *m, const struct nx_migration *file,
    struct nx_err *err)
{
	struct nx_script script = { file->text, 1 };
	struct nx_slice statement, next;
	bool more, entered = false;
	enum nx_rc rc = NX_OK;
	int line, after;

	more = nx_script_next(&script, &statement, &line);
	while (rc == NX_OK && more) {
		char place[96];

		more = nx_script_next(&script, &next, &after);
		(void)snprintf(place, sizeof(place), "%.80s:%d", file->name,
		    line);
		if (!more && nx_script_begins(statement, "COMMIT")) {
			rc = enter_applied(m, file, false, err);
			entered = true;
		}
		if (rc == NX_OK)
			rc = run_statement(m, statement, place, err);
		statement = next;
		line = after;
	}
	return rc == NX_OK && !entered ?
	    enter_applied(m, file, false, err) : rc;
}

enum nx_rc
nx_migrator_run(struct nx_migrator *m, const struct nx_migration *file,
    struct nx_err *err)
{
	char sql[160];
	int pid = 0;
	enum nx_rc rc = ask_pid(m->conn, &pid, err);

	if (rc != NX_OK)
		return rc;
	if (pid != m->pid)
		return refuse_pooler(err);
	(void)snprintf(sql, sizeof(sql), "SET statement_timeout = 0;"
	    " SET idle_in_transaction_session_timeout = 0;"
	    " SET lock_timeout = %d", NX_MIGRATION_LOCK_MS);
	rc = execute_sql(m, sql, file->name, NULL, err);
	if (rc == NX_OK)
		rc = run_all(m, file, err);
	if (rc != NX_OK)
		PQclear(PQexec(m->conn, "ROLLBACK"));
	return rc;
}

enum nx_rc
nx_migrator_list(struct nx_migrator *m, struct nx_buf *out, struct nx_err *err)
{
	PGresult *rows = NULL;
	enum nx_rc rc = execute_sql(m, nx_schema_list, "the catalogue", &rows,
	    err);

	if (rc != NX_OK)
		return rc;
	for (int i = 0; i < PQntuples(rows); i++)
		nx_buf_addf(out, "%s\n", PQgetvalue(rows, i, 0));
	PQclear(rows);
	return nx_buf_ok(out) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "for the catalogue");
}

const char *
nx_migrator_oldest(struct nx_migrator *m, struct nx_arena *arena)
{
	PGresult *rows = PQexec(m->conn, "SELECT format('process %s (%s,"
	    " %s) has had a transaction open for %s s', pid,"
	    " coalesce(nullif(application_name, ''), 'no name'), usename,"
	    " round(extract(epoch FROM now() - xact_start)))"
	    " FROM pg_stat_activity WHERE xact_start IS NOT NULL"
	    " AND datname = current_database() AND pid <> pg_backend_pid()"
	    " ORDER BY xact_start LIMIT 1");
	const char *text = PQntuples(rows) != 1 ? NULL :
	    nx_arena_str(arena, PQgetvalue(rows, 0, 0));

	PQclear(rows);
	return text;
}

/* A session of another role shows its name as well. */
static const char left_over[] =
    "SELECT datname FROM pg_database WHERE datname ~ '^nx_lock_times_[0-9]+$'"
    " AND NOT EXISTS (SELECT FROM pg_stat_activity"
    " WHERE application_name = pg_database.datname)";

static void
drop_left_over(struct nx_migrator *m)
{
	PGresult *rows = PQexec(m->conn, left_over);

	for (int i = 0; i < PQntuples(rows); i++)
		nx_migrator_drop(m, PQgetvalue(rows, i, 0));
	PQclear(rows);
}

enum nx_rc
nx_migrator_scratch(struct nx_migrator *m, const char *name,
    struct nx_err *err)
{
	char sql[128];
	enum nx_rc rc;

	(void)snprintf(sql, sizeof(sql), "SET application_name = %.60s", name);
	rc = execute_sql(m, sql, "a scratch database", NULL, err);
	if (rc != NX_OK)
		return rc;
	drop_left_over(m);
	(void)snprintf(sql, sizeof(sql), "CREATE DATABASE %.60s", name);
	return execute_sql(m, sql, "a scratch database", NULL, err);
}

void
nx_migrator_drop(struct nx_migrator *m, const char *name)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "DROP DATABASE IF EXISTS %.60s"
	    " WITH (FORCE)", name);
	PQclear(PQexec(m->conn, sql));
}

enum nx_rc
nx_migrator_fill(struct nx_migrator *m, int rows, struct nx_err *err)
{
	struct nx_buf sql = NX_BUF(NX_MIGRATION_TEXT_MAX);
	enum nx_rc rc;

	/* An autovacuum may be at the table. */
	nx_buf_addf(&sql, "SET statement_timeout = 0; SET lock_timeout = 0;"
	    " %s; SELECT pg_temp.fill(%d)", nx_schema_fill, rows);
	rc = nx_buf_ok(&sql) ? execute_sql(m, nx_buf_str(&sql), "the data",
	    NULL, err) : nx_fail(err, NX_NO_MEMORY, "for the data");
	nx_buf_free(&sql);
	return rc == NX_OK ?
	    execute_sql(m, "ANALYZE", "the data", NULL, err) : rc;
}
