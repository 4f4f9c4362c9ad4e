/* test_store_pool.c - lending connections, deadlines, broken servers. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nx/base/buf.h"
#include "nx/seal/digest.h"
#include "store_env.h"

/* A server on loopback that accepts and never says a word. */
static int
mute_server(int *port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static struct nx_pool *
pool_on(const char *url, int size)
{
	struct nx_pool *pool;
	struct nx_err err = { 0 };

	if (nx_pool_new(url, size, &pool, &err) != NX_OK)
		fail_msg("pool: %s", err.detail);
	return pool;
}

static enum nx_rc
run(struct nx_pool *pool, const char *text, int ms, struct nx_err *err)
{
	const struct nx_query query = { text, { NULL }, 0 };
	PGresult *result = NULL;
	enum nx_rc rc;

	rc = nx_pool_run(pool, &query, 1, nx_clock_mono() + ms, &result,
	    err);
	nx_db_clear(&result, 1);
	return rc;
}

static int
number(struct nx_db *db, const char *text)
{
	const struct nx_query query = { text, { NULL }, 0 };
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	int n;

	if (nx_db_run(db, &query, 1, nx_clock_mono() + PATIENCE_MS, &result,
	    &err) != NX_OK)
		fail_msg("%s: %s", text, err.detail);
	n = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	nx_db_clear(&result, 1);
	return n;
}

static struct nx_db *
take(struct nx_pool *pool)
{
	struct nx_err err = { 0 };
	struct nx_db *db;

	if (nx_pool_take(pool, nx_clock_mono() + PATIENCE_MS, &db, &err) !=
	    NX_OK)
		fail_msg("take: %s", err.detail);
	return db;
}

static void
bad_urls_are_not_quoted(void **state)
{
	static const char *const urls[] = {
		"postgresql://u:s3cret/x@host/db", "s3cret",
		"postgresql://u:p@s3cret@host/db", "password=s3cret host",
		"postgresql://u:s3c%ret@host/db", "host=a,b port=1,2,3",
		"postgresql://u:1234/s3cret@host/db",
		/* unless it is encoded a password ends where libpq thinks */
		"postgresql://u:1/x?s3cret=y@host/db",
		"postgresql://u:1/x?a=b&s3cret@host/db",
		"postgresql://h/db?password=x&s3cret=y",
		"postgresql://h/db?sslpassword=x&s3cret",
		"host=h password=x s3cret=y", "password='x' s3cret=y host=h",
		"password = x s3cret=y", "s3cret://u:p@h/db?x=s3cret@",
		"mysql://u:s3cret@h/db", "u:s3cret://h/db",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		struct nx_pool *pool;
		struct nx_err err = { 0 };

		assert_int_equal(nx_pool_new(urls[i], 1, &pool, &err),
		    NX_CONFIG);
		assert_null(pool);
		assert_non_null(strstr(err.detail, "DATABASE_URL"));
		if (strncmp(urls[i], "s3cret://", 9) != 0)	/* a scheme */
			assert_null(strstr(err.detail, "s3c"));
	}
}

static void
what_libpq_does_not_know_is_named(void **state)
{
	static const char *const cases[][2] = {
		{ "postgresql://u:s3cret@h/db?pgbouncer=true",
		    "parameter pgbouncer: take it out (a pooler" },
		{ "postgres://u:s3cret@h:6543/db?sslmode=require"
		    "&connection_limit=1", "connection_limit: take it out"
		    " (NEXUS_DB_POOL" },
		{ "postgresql://u:password@h/db?pgbouncer=true&password=x",
		    "parameter pgbouncer:" },
		{ "postgresql://u:s3?pgbouncer=x@h/db?schema=public",
		    "parameter schema:" },
		{ "postgresql://h/db?unheard_of=1&x=y", "parameter unheard_of:"
		    " take it out." },
		{ "host=h pgbouncer=true password=s3cret",
		    "parameter pgbouncer:" },
		{ "postgresql+asyncpg://u:s3cret@h/db",
		    "begins with postgresql+asyncpg://" },
		{ "postgres+psycopg2://u:s3cret@h/db", "write postgresql://" },
		{ "jdbc:postgresql://h/db?user=u&password=s3cret",
		    "begins with jdbc:postgresql://" },
		{ "POSTGRESQL://u:s3cret@h/db", "begins with POSTGRESQL://" },
		{ "mysql://u:s3cret@h/db", "begins with mysql://" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nx_pool *pool;
		struct nx_err err = { 0 };

		assert_int_equal(nx_pool_new(cases[i][0], 1, &pool, &err),
		    NX_CONFIG);
		if (strstr(err.detail, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], err.detail);
		assert_null(strstr(err.detail, "s3"));
	}
}

static void
nobody_there(void **state)
{
	struct nx_pool *pool = pool_on("postgresql://u:s3cret@127.0.0.1:1/d",
	    2);
	struct nx_err err = { 0 };
	int64_t start = nx_clock_mono();

	(void)state;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err),
		    NX_DB_DOWN);
		assert_non_null(strstr(err.detail, "refused"));
		assert_null(strstr(err.detail, "s3cret"));
	}
	assert_true(nx_clock_mono() - start < PATIENCE_MS);
	nx_pool_free(pool);
}

static void
a_mute_server_does_not_hold_us(void **state)
{
	int64_t start = nx_clock_mono(), took;
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	char url[80];
	int port, fd;

	(void)state;
	fd = mute_server(&port);
	(void)snprintf(url, sizeof(url), "host=127.0.0.1 port=%d", port);
	pool = pool_on(url, 2);
	assert_int_equal(run(pool, "SELECT 1", 600, &err), NX_DB_DOWN);
	took = nx_clock_mono() - start;
	assert_true(took >= 500 && took < PATIENCE_MS);
	/* It is not tried again at once, which would take 3 s. */
	assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err), NX_DB_DOWN);
	assert_true(nx_clock_mono() - start - took < 2900);
	nx_pool_free(pool);
	(void)close(fd);
}

/* DATABASE_URL with a mute host in front of its own. */
static bool
behind_a_mute_host(int port, char *out, size_t max)
{
	PQconninfoOption *opts = PQconninfoParse(database_url(), NULL), *o;
	const char *own_port = "5432", *host = NULL;
	int n = 0;

	for (o = opts; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "host") == 0)
			host = o->val;
		else if (strcmp(o->keyword, "port") == 0)
			own_port = o->val;
		else
			n += snprintf(out + n, max - (size_t)n, "%s='%s' ",
			    o->keyword, o->val);
	}
	if (host != NULL)
		(void)snprintf(out + n, max - (size_t)n,
		    "host='127.0.0.1,%s' port='%d,%s'", host, port,
		    own_port);
	PQconninfoFree(opts);
	return host != NULL;
}

static void
the_next_host_serves(void **state)
{
	int64_t start = nx_clock_mono(), took;
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	char url[1000];
	int port, fd;

	(void)need_database(state);
	fd = mute_server(&port);
	if (!behind_a_mute_host(port, url, sizeof(url)))
		skip();
	pool = pool_on(url, 1);
	assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
	took = nx_clock_mono() - start;
	assert_true(took >= 2900);
	/* The good one is remembered when a connection is lost. */
	assert_int_equal(run(pool, "SELECT pg_terminate_backend("
	    "pg_backend_pid())", PATIENCE_MS, &err), NX_DB_DOWN);
	start = nx_clock_mono();
	assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
	assert_true(nx_clock_mono() - start < 2900);
	nx_pool_free(pool);
	(void)close(fd);
}

static void
a_pipeline_is_one_transaction(void **state)
{
	struct env *e = need_database(state);
	const struct nx_query queries[] = {
		{ "INSERT INTO x_events (user_id, code) VALUES ($1, $2)",
		    { e->user, "one" }, 2 },
		{ "SELECT count(*) FROM x_events WHERE user_id = $1",
		    { e->user }, 1 },
		{ "SELECT $1::text::uuid", { "none" }, 1 },
		{ "SELECT 1", { NULL }, 0 },
	};
	PGresult *results[4] = { NULL };
	struct nx_err err = { 0 };
	struct nx_db *db = take(e->pool);
	int64_t until = nx_clock_mono() + PATIENCE_MS;

	assert_int_equal(nx_db_run(db, queries, 4, until, results, &err),
	    NX_INTERNAL);
	assert_non_null(strstr(err.detail, "22P02"));
	assert_null(results[0]);
	assert_int_equal(nx_db_run(db, queries, 2, until, results, &err),
	    NX_OK);
	assert_string_equal(PQgetvalue(results[1], 0, 0), "1");
	nx_db_clear(results, 2);
	nx_pool_give(e->pool, db);
}

static void
errors_have_their_kind(void **state)
{
	static const struct {
		const char *sql;
		enum nx_rc rc;
		const char *says;
	} cases[] = {
		{ "SELECT * FROM x_nothing", NX_CONFIG, "nexus-x-migrate" },
		{ "SELECT x_nothing FROM x_events", NX_CONFIG, "42703" },
		{ "SELECT x_nothing(1)", NX_CONFIG, "42883" },
		{ "SELECT 's3cret'::uuid", NX_INTERNAL, "22P02" },
		{ "SELECT 1 / 0", NX_BUSY, "22012" },
		{ "SELEC 1", NX_INTERNAL, "42601" },
		{ "DO $$ BEGIN RAISE SQLSTATE '40P01'; END $$", NX_BUSY,
		    "40P01" },
		{ "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", NX_BUSY,
		    "40001" },
		{ "DO $$ BEGIN RAISE SQLSTATE '57014'; END $$", NX_TIMEOUT,
		    "57014" },
		{ "DO $$ BEGIN RAISE SQLSTATE '25006'; END $$", NX_DB_DOWN,
		    "25006" },
		{ "DO $$ BEGIN RAISE SQLSTATE '26000'; END $$", NX_INTERNAL,
		    "26000" },
		{ "DO $$ BEGIN RAISE SQLSTATE '0A000'; END $$", NX_INTERNAL,
		    "0A000" },
		{ "SELECT count(*) FROM x_events FOR UPDATE", NX_INTERNAL,
		    "0A000" },
		{ "SELECT 1", NX_OK, "" },
	};
	struct env *e = need_database(state);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nx_err err = { 0 };

		assert_int_equal(run(e->pool, cases[i].sql, PATIENCE_MS,
		    &err), cases[i].rc);
		assert_non_null(strstr(err.detail, cases[i].says));
		assert_null(strstr(err.detail, "s3cret"));
	}
}

static void
large_values_go_both_ways(void **state)
{
	enum { LARGE = 3 * 1024 * 1024 };
	struct env *e = need_database(state);
	char *text = malloc(LARGE + 1);
	struct nx_query queries[2] = {
		{ "SELECT $1::text", { text }, 1 },
		{ "SELECT length($1)", { text }, 1 },
	};
	PGresult *results[2];
	struct nx_err err = { 0 };

	memset(text, 'x', LARGE);
	text[LARGE] = '\0';
	assert_int_equal(nx_pool_run(e->pool, queries, 2, nx_clock_mono() +
	    PATIENCE_MS, results, &err), NX_OK);
	assert_int_equal(PQgetlength(results[0], 0, 0), LARGE);
	assert_string_equal(PQgetvalue(results[1], 0, 0), "3145728");
	nx_db_clear(results, 2);
	free(text);
}

static void
a_slow_statement_meets_its_deadline(void **state)
{
	struct env *e = need_database(state);
	struct nx_err err = { 0 };
	int64_t start, took;

	assert_int_equal(run(e->pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
	start = nx_clock_mono();
	assert_int_equal(run(e->pool, "SELECT pg_sleep(20)", 1000, &err),
	    NX_TIMEOUT);
	took = nx_clock_mono() - start;
	assert_true(took >= 990 && took < 20000);
	assert_int_equal(run(e->pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
}

static void
a_stopped_server_meets_its_deadline(void **state)
{
	struct env *e = need_database(state);
	struct nx_db *db = take(e->pool);
	const struct nx_query query = { "SELECT 1", { NULL }, 0 };
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	int64_t start, took;
	pid_t pid = number(db, "SELECT pg_backend_pid()");
	enum nx_rc rc;

	if (kill(pid, SIGSTOP) != 0) {
		nx_pool_give(e->pool, db);
		skip();			/* not on this host, or not ours */
	}
	start = nx_clock_mono();
	rc = nx_db_run(db, &query, 1, start + 500, &result, &err);
	nx_pool_give(e->pool, db);
	took = nx_clock_mono() - start;
	(void)kill(pid, SIGCONT);
	assert_int_equal(rc, NX_TIMEOUT);
	assert_true(took >= 490 && took < PATIENCE_MS);
	assert_int_equal(run(e->pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
}

static void
killed_backends_are_replaced(void **state)
{
	struct env *e = need_database(state);
	struct nx_pool *one = pool_on(database_url(), 1);
	struct nx_err err = { 0 };
	struct nx_db *db;
	char kill_it[80];

	for (int i = 0; i < 20; i++) {	/* while idle: nobody notices */
		db = take(one);
		(void)snprintf(kill_it, sizeof(kill_it),
		    "SELECT pg_terminate_backend(%d)",
		    number(db, "SELECT pg_backend_pid()"));
		nx_pool_give(one, db);
		assert_int_equal(run(e->pool, kill_it, PATIENCE_MS, &err),
		    NX_OK);
		if (i % 2 == 0)
			nx_clock_sleep(5);
		assert_int_equal(run(one, "SELECT 1", PATIENCE_MS, &err),
		    NX_OK);
	}
	/* At work, and again when tried anew: told so. */
	assert_int_equal(run(one, "SELECT pg_terminate_backend("
	    "pg_backend_pid())", PATIENCE_MS, &err), NX_DB_DOWN);
	assert_int_equal(run(one, "SELECT 1", PATIENCE_MS, &err), NX_OK);
	nx_pool_free(one);
}

static void
the_limit_is_kept(void **state)
{
	struct env *e = need_database(state);
	struct nx_db *held[POOL_SIZE], *more;
	int64_t start;
	struct nx_err err = { 0 };
	int pid;

	for (int i = 0; i < POOL_SIZE; i++)
		held[i] = take(e->pool);
	start = nx_clock_mono();
	assert_int_equal(nx_pool_take(e->pool, start + 200, &more, &err),
	    NX_BUSY);
	assert_null(more);
	assert_true(nx_clock_mono() - start >= 190);
	pid = number(held[2], "SELECT pg_backend_pid()");
	for (int i = 0; i < POOL_SIZE; i++)
		if (i != 2)
			nx_pool_give(e->pool, held[i]);
	nx_pool_give(e->pool, held[2]);
	more = take(e->pool);		/* the one used last */
	assert_int_equal(number(more, "SELECT pg_backend_pid()"), pid);
	nx_pool_give(e->pool, more);
}

struct caller {
	struct nx_pool	*pool;
	int		 failed;
};

static void *
call(void *arg)
{
	struct caller *c = arg;

	for (int i = 0; i < 40; i++) {
		struct nx_err err = { 0 };

		if (run(c->pool, "SELECT 1", PATIENCE_MS, &err) != NX_OK) {
			(void)fprintf(stderr, "run: %s\n", err.detail);
			c->failed++;
		}
	}
	return NULL;
}

static void
many_threads_share_few(void **state)
{
	enum { N = 32 };
	struct caller callers[N];
	struct nx_pool *pool;

	(void)need_database(state);
	pool = pool_on(database_url(), 3);
	for (int i = 0; i < N; i++)
		callers[i] = (struct caller){ .pool = pool };
	race(call, callers, sizeof(*callers), N);
	for (int i = 0; i < N; i++)
		assert_int_equal(callers[i].failed, 0);
	nx_pool_free(pool);
}

/* Behind a pooler a session is not ours to look into. */
static struct nx_pool *
need_own_session(void **state, int size)
{
	PGresult *pid;
	PGconn *conn;
	bool pooled;

	(void)need_database(state);
	conn = PQconnectdb(database_url());
	pid = PQexec(conn, "SELECT pg_backend_pid()");
	assert_int_equal(PQresultStatus(pid), PGRES_TUPLES_OK);
	pooled = strtol(PQgetvalue(pid, 0, 0), NULL, 10) !=
	    PQbackendPID(conn);
	PQclear(pid);
	PQfinish(conn);
	if (pooled)
		skip();
	return pool_on(database_url(), size);
}

static void
name_of(const char *text, char out[20])
{
	char hash[NX_SHA256_HEX + 1];

	nx_sha256_hex(nx_slice_str(text), hash);
	(void)snprintf(out, 20, "nx_%.16s", hash);
}

/* Is this text prepared, under its name, on this connection? */
static bool
is_kept(struct nx_db *db, const char *text)
{
	char name[20];
	const struct nx_query query = {
		"SELECT 1 FROM pg_prepared_statements"
		" WHERE name = $1 AND statement = $2", { name, text }, 2,
	};
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	bool kept;

	name_of(text, name);
	assert_int_equal(nx_db_run(db, &query, 1, nx_clock_mono() +
	    PATIENCE_MS, &result, &err), NX_OK);
	kept = PQntuples(result) == 1;
	nx_db_clear(&result, 1);
	return kept;
}

static void
no_more_names(struct nx_db *db, const char *fresh)
{
	assert_int_equal(number(db, fresh), 7);
	assert_false(is_kept(db, fresh));
}

static void
do_named(struct nx_db *db, const char *verb, const char *text,
    const char *rest)
{
	char name[20], line[200];
	const struct nx_query query = { line, { NULL }, 0 };
	PGresult *result = NULL;
	struct nx_err err = { 0 };

	name_of(text, name);
	(void)snprintf(line, sizeof(line), "%s %s %s", verb, name, rest);
	assert_int_equal(nx_db_run(db, &query, 1, nx_clock_mono() +
	    PATIENCE_MS, &result, &err), NX_OK);
	nx_db_clear(&result, 1);
}

static const char add_event[] =
    "INSERT INTO x_events (user_id, code) VALUES ($1, 'kept')";
static const char count_events[] =
    "SELECT count(*) FROM x_events WHERE user_id = $1";

/* One event more; how many there are, or -1. */
static int
add_and_count(struct nx_db *db, const char *user)
{
	const struct nx_query queries[] = {
		{ add_event, { user }, 1 },
		{ count_events, { user }, 1 },
	};
	PGresult *results[2] = { NULL };
	struct nx_err err = { 0 };
	int n = -1;

	if (nx_db_run(db, queries, 2, nx_clock_mono() + PATIENCE_MS,
	    results, &err) == NX_OK)
		n = (int)strtol(PQgetvalue(results[1], 0, 0), NULL, 10);
	assert_string_equal(err.detail, "");
	nx_db_clear(results, 2);
	return n;
}

static void
statements_are_prepared_once(void **state)
{
	static const char twice[] = "SELECT 3 + 4";
	struct nx_pool *pool = need_own_session(state, 2);
	struct env *e = *state;
	const struct nx_query failing[] = {
		{ "SELECT 30 + 40", { NULL }, 0 },
		{ "SELECT $1::text::uuid", { "none" }, 1 },
		{ "SELECT 300 + 400", { NULL }, 0 },
	};
	const struct nx_query same[] = {
		{ twice, { NULL }, 0 }, { twice, { NULL }, 0 },
	};
	PGresult *results[3] = { NULL };
	int64_t until = nx_clock_mono() + PATIENCE_MS;
	struct nx_err err = { 0 };
	struct nx_db *db = take(pool), *other = take(pool);

	assert_int_equal(nx_db_run(db, same, 2, until, results, &err), NX_OK);
	assert_string_equal(PQgetvalue(results[0], 0, 0), "7");
	assert_string_equal(PQgetvalue(results[1], 0, 0), "7");
	nx_db_clear(results, 2);
	assert_true(is_kept(db, twice));
	assert_false(is_kept(other, twice));
	for (int i = 1; i <= 20; i++)
		assert_int_equal(add_and_count(db, e->user), i);
	/* What was prepared before a rollback is there, the rest is not. */
	assert_int_equal(nx_db_run(db, failing, 3, until, results, &err),
	    NX_INTERNAL);
	for (int i = 0; i < 3; i++)
		assert_true(is_kept(db, failing[i].sql));
	assert_int_equal(number(db, failing[0].sql), 70);
	assert_int_equal(run(e->pool, "SELECT * FROM x_nothing", PATIENCE_MS,
	    &err), NX_CONFIG);
	assert_int_equal(number(db, failing[2].sql), 700);
	assert_true(is_kept(db, failing[2].sql));
	nx_pool_give(pool, other);
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

static void
a_failed_preparation_is_repeated(void **state)
{
	static const char look[] = "SELECT a FROM x_soon_there";
	struct nx_pool *pool = need_own_session(state, 1);
	struct nx_err err = { 0 };

	assert_int_equal(run(pool, look, PATIENCE_MS, &err), NX_CONFIG);
	assert_int_equal(run(pool, "CREATE TEMP TABLE x_soon_there AS"
	    " SELECT 5 AS a", PATIENCE_MS, &err), NX_OK);
	for (int i = 0; i < 3; i++) {
		struct nx_db *db = take(pool);

		assert_int_equal(number(db, look), 5);
		assert_true(is_kept(db, look));
		nx_pool_give(pool, db);
	}
	nx_pool_free(pool);
}

static void
lost_statements_do_not_show(void **state)
{
	static const char *const losses[] = { "DEALLOCATE ALL", "DISCARD ALL",
	    NULL };

	for (int i = 0; i < 3; i++) {
		struct nx_pool *pool = need_own_session(state, 2);
		struct env *e = *state;
		struct nx_err err = { 0 };
		struct nx_db *db = take(pool), *other = take(pool);

		assert_int_equal(add_and_count(db, e->user), 4 * i + 1);
		assert_int_equal(add_and_count(other, e->user), 4 * i + 2);
		nx_pool_give(pool, db);
		if (losses[i] != NULL)
			assert_int_equal(run(pool, losses[i], PATIENCE_MS,
			    &err), NX_OK);
		db = take(pool);
		if (losses[i] == NULL)	/* fails after the event was added */
			do_named(db, "DEALLOCATE", count_events, "");
		assert_int_equal(add_and_count(db, e->user), 4 * i + 3);
		no_more_names(db, "SELECT 5 + 2");
		no_more_names(other, "SELECT 6 + 1");
		assert_int_equal(add_and_count(other, e->user), 4 * i + 4);
		nx_pool_give(pool, other);
		nx_pool_give(pool, db);
		nx_pool_free(pool);
	}
}

static void
anothers_statement_is_not_ours(void **state)
{
	struct nx_pool *pool = need_own_session(state, 2);
	struct env *e = *state;
	struct nx_db *db = take(pool), *other = take(pool);

	do_named(db, "PREPARE", count_events, "AS SELECT 99");
	assert_int_equal(add_and_count(db, e->user), 1);
	no_more_names(db, "SELECT 5 + 2");
	no_more_names(other, "SELECT 6 + 1");
	nx_pool_give(pool, other);
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

static void
running_again_meets_the_deadline(void **state)
{
	static const char lost[] = "SELECT 2";
	struct nx_pool *pool = need_own_session(state, 1);
	const struct nx_query queries[] = {
		{ "SELECT pg_sleep(0.3)", { NULL }, 0 },
		{ lost, { NULL }, 0 },
	};
	PGresult *results[2];
	struct nx_err err = { 0 };
	struct nx_db *db = take(pool);
	int64_t start, took;

	assert_int_equal(number(db, lost), 2);
	do_named(db, "DEALLOCATE", lost, "");
	start = nx_clock_mono();
	assert_int_equal(nx_db_run(db, queries, 2, start + 450, results,
	    &err), NX_TIMEOUT);
	took = nx_clock_mono() - start;
	assert_true(took >= 440 && took < PATIENCE_MS);
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

static void
a_changed_column_replaces_the_connection(void **state)
{
	static const char look[] = "SELECT a FROM x_changing";
	struct nx_pool *pool = need_own_session(state, 1);
	struct nx_err err = { 0 };
	struct nx_db *db;
	int pid;

	assert_int_equal(run(pool, "CREATE TEMP TABLE x_changing AS"
	    " SELECT 5 AS a", PATIENCE_MS, &err), NX_OK);
	assert_int_equal(run(pool, look, PATIENCE_MS, &err), NX_OK);
	assert_int_equal(run(pool, "ALTER TABLE x_changing"
	    " ALTER a TYPE text", PATIENCE_MS, &err), NX_OK);
	db = take(pool);
	pid = number(db, "SELECT pg_backend_pid()");
	assert_int_equal(number(db, look), 5);
	assert_int_equal(number(db, look), 5);
	nx_pool_give(pool, db);
	assert_string_equal(err.detail, "");
	db = take(pool);
	assert_int_not_equal(number(db, "SELECT pg_backend_pid()"), pid);
	assert_true(is_kept(db, "SELECT pg_backend_pid()"));
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

/* All in one buffer: it is the text that counts, not where it is. */
static void
more_texts_than_are_kept(void **state)
{
	struct nx_pool *pool = need_own_session(state, 1);
	struct nx_db *db = take(pool);
	char text[40];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			(void)snprintf(text, sizeof(text), "SELECT %d", i);
			assert_int_equal(number(db, text), i);
		}
	}
	assert_true(is_kept(db, "SELECT 0"));
	assert_true(is_kept(db, "SELECT 63"));
	assert_false(is_kept(db, "SELECT 64"));
	assert_int_equal(number(db, "SELECT count(*)"
	    " FROM pg_prepared_statements"), 64);
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

/*
 * A pooler that hangs up when it is asked for a statement, as Supavisor does.
 * `asked`: how often it was.
 */
struct hanging_up {
	int	fd;
	int	asked;
};

static bool
answer_messages(struct hanging_up *h, int fd)
{
	static const char missing[] = "1\0\0\0\4" "E\0\0\0\31"
	    "SERROR\0" "C26000\0" "Mgone\0";
	static const char done[] = "1\0\0\0\4" "2\0\0\0\4" "n\0\0\0\4"
	    "C\0\0\0\15SELECT 0\0" "Z\0\0\0\5I";
	char in[2000];
	ssize_t n = read(fd, in, sizeof(in));

	if (n <= 0)
		return false;
	if (memmem(in, (size_t)n, "nx_", 3) != NULL) {
		h->asked++;
		assert_true(write(fd, missing, sizeof(missing)) > 0);
		return false;
	}
	return write(fd, done, sizeof(done) - 1) > 0;
}

static void *
hang_up(void *arg)
{
	static const char hello[] = "R\0\0\0\10\0\0\0\0"
	    "S\0\0\0\30server_version\00015.0\0"
	    "S\0\0\0\27in_hot_standby\0off\0"
	    "S\0\0\0\46default_transaction_read_only\0off\0"
	    "Z\0\0\0\5I";
	struct hanging_up *h = arg;
	int fd;

	while ((fd = accept(h->fd, NULL, NULL)) >= 0) {
		char in[2000];

		if (read(fd, in, sizeof(in)) > 0 &&
		    write(fd, hello, sizeof(hello) - 1) > 0)
			while (answer_messages(h, fd))
				continue;
		(void)close(fd);
	}
	return NULL;
}

static void
a_pooler_may_hang_up(void **state)
{
	struct hanging_up h = { 0 };
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	pthread_t thread;
	char url[120];
	int port;

	(void)state;
	h.fd = mute_server(&port);
	assert_int_equal(pthread_create(&thread, NULL, hang_up, &h), 0);
	(void)snprintf(url, sizeof(url), "host=127.0.0.1 port=%d user=u"
	    " sslmode=disable gssencmode=disable", port);
	pool = pool_on(url, 1);
	for (int i = 0; i < 3; i++)
		if (run(pool, "SELECT 1", 3000, &err) != NX_OK)
			fail_msg("run %d: %s", i, err.detail);
	nx_pool_free(pool);
	(void)shutdown(h.fd, SHUT_RDWR);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(h.fd);
	assert_int_equal(h.asked, 1);
}

/*
 * A target that lets everybody in and then is of no use: a PgBouncer without a
 * server, a primary that is a standby now, a host that hangs.
 */
struct useless {
	int		 fd;
	bool		 early;		/* to the pool's own question too */
	bool		 standby;	/* takes no writes, as it says then */
	const char	*state;		/* NULL: it says no more */
	const char	*says;
	atomic_int	 asked;		/* in earnest */
};

static void
write_error(int fd, const struct useless *u)
{
	static const char severity[] = "SFATAL\0VFATAL\0C";
	struct nx_buf out = NX_BUF(300);
	char head[5] = "E\0\0\0";

	head[4] = (char)(4 + sizeof(severity) - 1 + strlen(u->state) + 2 +
	    strlen(u->says) + 2);
	nx_buf_add(&out, head, sizeof(head));
	nx_buf_add(&out, severity, sizeof(severity) - 1);
	nx_buf_add(&out, u->state, strlen(u->state) + 1);
	nx_buf_adds(&out, "M");
	nx_buf_add(&out, u->says, strlen(u->says) + 1);
	nx_buf_add(&out, "\0", 1);
	assert_true(write(fd, out.p, out.n) > 0);
	nx_buf_free(&out);
}

static void
answer_uselessly(struct useless *u, int fd)
{
	static const char writable[] = "1\0\0\0\4" "2\0\0\0\4"
	    "T\0\0\0\32\0\1" "r\0" "\0\0\0\0" "\0\0" "\0\0\0\31"
	    "\377\377" "\377\377\377\377" "\0\0";
	static const char off[] = "D\0\0\0\15\0\1" "\0\0\0\3off";
	static const char on[] = "D\0\0\0\14\0\1" "\0\0\0\2on";
	static const char done[] = "C\0\0\0\15SELECT 1\0" "Z\0\0\0\5I";
	struct nx_buf out = NX_BUF(300);
	char in[2000];
	bool earnest;

	nx_buf_add(&out, writable, sizeof(writable) - 1);
	nx_buf_add(&out, u->standby ? on : off, (u->standby ? sizeof(on) :
	    sizeof(off)) - 1);
	nx_buf_add(&out, done, sizeof(done) - 1);
	earnest = read(fd, in, sizeof(in)) > 0 && (u->early ||
	    (write(fd, out.p, out.n) > 0 && read(fd, in, sizeof(in)) > 0));
	nx_buf_free(&out);
	if (!earnest || in[0] == 'X')		/* it takes its leave */
		return;
	(void)atomic_fetch_add(&u->asked, 1);
	if (u->state != NULL)
		write_error(fd, u);
	else if (u->says == NULL)		/* until it is left */
		while (read(fd, in, sizeof(in)) > 0)
			continue;
}

static void *
be_useless(void *arg)
{
	static const char hello[] = "R\0\0\0\10\0\0\0\0"
	    "S\0\0\0\30server_version\00015.0\0"
	    "S\0\0\0\27in_hot_standby\0off\0"
	    "S\0\0\0\46default_transaction_read_only\0off\0"
	    "Z\0\0\0\5I";
	struct useless *u = arg;
	int fd;

	while ((fd = accept(u->fd, NULL, NULL)) >= 0) {
		char in[2000];

		if (read(fd, in, sizeof(in)) > 0 &&
		    write(fd, hello, sizeof(hello) - 1) > 0)
			answer_uselessly(u, fd);
		(void)close(fd);
	}
	return NULL;
}

static void
a_useless_target_is_left(void **state)
{
	static const char no_login[] = "server login has been failing, try"
	    " again later (server_login_retry)";
	static const struct {
		const char	*state, *says;
		bool		 early, alone;	/* no other target */
		enum nx_rc	 rc, then;
		int		 asked;		/* in both runs */
	} cases[] = {
		{ "08P01", no_login, true, false, NX_OK, NX_OK, 1 },
		{ NULL, NULL, true, false, NX_OK, NX_OK, 1 },
		{ "57P03", "starting up", true, false, NX_OK, NX_OK, 1 },
		{ "08P01", no_login, false, false, NX_OK, NX_OK, 1 },
		{ "08P01", "pgbouncer cannot connect to server", false, false,
		    NX_OK, NX_OK, 1 },
		{ "25006", "cannot execute INSERT in a read-only transaction",
		    false, false, NX_OK, NX_OK, 1 },
		{ "57P03", "starting up", false, false, NX_OK, NX_OK, 1 },
		/* what it may have carried out is not repeated */
		{ "08P01", "server conn crashed?", false, false, NX_DB_DOWN,
		    NX_OK, 1 },
		{ NULL, NULL, false, false, NX_TIMEOUT, NX_OK, 1 },
		{ "08P01", no_login, false, true, NX_DB_DOWN, NX_DB_DOWN, 4 },
		{ NULL, NULL, false, true, NX_TIMEOUT, NX_TIMEOUT, 2 },
	};

	(void)need_database(state);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct useless u = { .early = cases[i].early,
		    .state = cases[i].state, .says = cases[i].says };
		struct nx_err err = { 0 };
		struct nx_pool *pool;
		pthread_t thread;
		char url[1100];
		int port;

		u.fd = mute_server(&port);
		if (!cases[i].alone && !behind_a_mute_host(port, url, 1000))
			skip();
		if (cases[i].alone)
			(void)snprintf(url, sizeof(url),
			    "host=127.0.0.1 port=%d user=u", port);
		(void)strncat(url, " sslmode=disable gssencmode=disable",
		    sizeof(url) - strlen(url) - 1);
		assert_int_equal(pthread_create(&thread, NULL, be_useless,
		    &u), 0);
		pool = pool_on(url, 2);
		assert_int_equal(run(pool, "SELECT 1", 2000, &err),
		    cases[i].rc);
		assert_int_equal(run(pool, "SELECT 1", cases[i].alone ? 2000 :
		    PATIENCE_MS, &err), cases[i].then);
		nx_pool_free(pool);
		(void)shutdown(u.fd, SHUT_RDWR);
		assert_int_equal(pthread_join(thread, NULL), 0);
		(void)close(u.fd);
		assert_int_equal(atomic_load(&u.asked), cases[i].asked);
	}
}

static bool
signal_all(const pid_t *pids, int n, int signal)
{
	bool done = true;

	for (int i = 0; i < n; i++)
		done = kill(pids[i], signal) == 0 && done;
	return done;
}

/* What leads to a host that hangs: one of them finds out, for all. */
static void
idle_connections_to_a_silent_host_are_not_lent(void **state)
{
	enum { N = 3 };
	struct nx_pool *pool = need_own_session(state, N);
	struct nx_db *held[N];
	struct nx_err err = { 0 };
	pid_t pids[N];
	enum nx_rc rc;

	for (int i = 0; i < N; i++) {
		held[i] = take(pool);
		pids[i] = number(held[i], "SELECT pg_backend_pid()");
	}
	for (int i = 0; i < N; i++)
		nx_pool_give(pool, held[i]);
	if (!signal_all(pids, N, SIGSTOP)) {
		(void)signal_all(pids, N, SIGCONT);
		nx_pool_free(pool);
		skip();			/* not on this host, or not ours */
	}
	rc = run(pool, "SELECT 1", 2000, &err);
	(void)signal_all(pids, N, SIGCONT);
	assert_int_equal(rc, NX_TIMEOUT);
	held[0] = take(pool);
	for (int i = 0; i < N; i++)
		assert_int_not_equal(number(held[0],
		    "SELECT pg_backend_pid()"), pids[i]);
	nx_pool_give(pool, held[0]);
	nx_pool_free(pool);
}

/*
 * What a pooler says of a server when somebody connects may be out of date:
 * the server is asked.
 */
static void
a_standby_behind_a_pooler_is_passed_over(void **state)
{
	struct useless u = { .standby = true };
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	pthread_t thread;
	char url[1100];
	int port;

	(void)need_database(state);
	u.fd = mute_server(&port);
	if (!behind_a_mute_host(port, url, 1000))
		skip();
	(void)strncat(url, " sslmode=disable gssencmode=disable"
	    " target_session_attrs=read-write",
	    sizeof(url) - strlen(url) - 1);
	assert_int_equal(pthread_create(&thread, NULL, be_useless, &u), 0);
	pool = pool_on(url, 2);
	assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err), NX_OK);
	nx_pool_free(pool);
	(void)shutdown(u.fd, SHUT_RDWR);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(u.fd);
	assert_int_equal(atomic_load(&u.asked), 0);
}

/* The next walk begins with the host that answers. */
static void
a_silent_host_is_asked_last(void **state)
{
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	char url[1000];
	int port, fd;

	(void)need_database(state);
	fd = mute_server(&port);
	if (!behind_a_mute_host(port, url, sizeof(url)))
		skip();
	(void)strncat(url, " user=nobody_of_that_name",
	    sizeof(url) - strlen(url) - 1);
	pool = pool_on(url, 1);
	assert_int_equal(run(pool, "SELECT 1", PATIENCE_MS, &err),
	    NX_DB_DOWN);			/* both are asked */
	nx_clock_sleep(300);			/* both may be again */
	assert_int_equal(run(pool, "SELECT 1", 1000, &err), NX_DB_DOWN);
	assert_non_null(strstr(err.detail, "no answer"));
	nx_pool_free(pool);
	(void)close(fd);
}

/*
 * All statements had answered when the commit failed: whatever SQLSTATE it
 * failed with, it may have been carried out, and is not run again.
 */
static void
a_failed_commit_is_not_repeated(void **state)
{
	static const char *const set_up[] = {
		"CREATE TEMPORARY SEQUENCE nx_times",
		"CREATE TEMPORARY TABLE nx_late (n int)",
		"CREATE FUNCTION pg_temp.nx_fail() RETURNS trigger"
		    " LANGUAGE plpgsql AS $$ BEGIN PERFORM"
		    " nextval('nx_times'); RAISE 'too late' USING ERRCODE ="
		    " '53200'; END $$",
		"CREATE CONSTRAINT TRIGGER nx_late AFTER INSERT ON nx_late"
		    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
		    " EXECUTE FUNCTION pg_temp.nx_fail()",
	};
	struct nx_err err = { 0 };
	struct nx_pool *pool;
	struct nx_db *db;

	(void)need_database(state);
	pool = pool_on(database_url(), 1);
	for (size_t i = 0; i < sizeof(set_up) / sizeof(*set_up); i++)
		if (run(pool, set_up[i], PATIENCE_MS, &err) != NX_OK)
			fail_msg("%s: %s", set_up[i], err.detail);
	assert_int_equal(run(pool, "INSERT INTO nx_late VALUES (1)",
	    PATIENCE_MS, &err), NX_DB_DOWN);
	assert_non_null(strstr(err.detail, "too late"));
	db = take(pool);
	assert_int_equal(number(db, "SELECT last_value FROM nx_times"), 1);
	assert_int_equal(number(db, "SELECT count(*) FROM nx_late"), 0);
	nx_pool_give(pool, db);
	nx_pool_free(pool);
}

struct adder {
	struct nx_pool	*pool;
	const char	*user;
	int		 number;
	int		 failed;
};

static void *
add(void *arg)
{
	struct adder *a = arg;
	const struct nx_query queries[] = {
		{ add_event, { a->user }, 1 },
		{ "SELECT pg_sleep(0.001), $1::int", { "17" }, 1 },
		{ count_events, { a->user }, 1 },
	};

	for (int i = 0; i < 30; i++) {
		PGresult *results[3] = { NULL };
		struct nx_err err = { 0 };
		struct nx_err *e = &err;

		if (nx_pool_run(a->pool, queries, 3, nx_clock_mono() +
		    PATIENCE_MS, results, e) != NX_OK || *err.detail != '\0' ||
		    strcmp(PQgetvalue(results[1], 0, 1), "17") != 0 ||
		    strtol(PQgetvalue(results[2], 0, 0), NULL, 10) < i + 1)
			a->failed++;
		nx_db_clear(results, 3);
		if (a->number == 0 && i == 15 && run(a->pool,
		    "DEALLOCATE ALL", PATIENCE_MS, &err) != NX_OK)
			a->failed++;
	}
	return NULL;
}

static void
many_threads_lose_statements(void **state)
{
	enum { N = 16 };
	struct env *e = need_database(state);
	struct adder adders[N];
	struct nx_pool *pools[2] = {
		pool_on(database_url(), 6), pool_on(database_url(), 6),
	};
	char total[20];

	for (int i = 0; i < N; i++)
		adders[i] = (struct adder){ pools[i % 2], e->user, i, 0 };
	race(add, adders, sizeof(*adders), N);
	for (int i = 0; i < N; i++)
		assert_int_equal(adders[i].failed, 0);
	(void)snprintf(total, sizeof(total), "%d", N * 30);
	assert_string_equal(sql(e, count_events, e->user, NULL), total);
	nx_pool_free(pools[0]);
	nx_pool_free(pools[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		cmocka_unit_test(bad_urls_are_not_quoted),
		cmocka_unit_test(what_libpq_does_not_know_is_named),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(a_mute_server_does_not_hold_us),
		T(the_next_host_serves),
		T(a_pipeline_is_one_transaction),
		T(errors_have_their_kind),
		T(large_values_go_both_ways),
		T(a_slow_statement_meets_its_deadline),
		T(a_stopped_server_meets_its_deadline),
		T(killed_backends_are_replaced),
		T(the_limit_is_kept),
		T(many_threads_share_few),
		T(statements_are_prepared_once),
		T(a_failed_preparation_is_repeated),
		T(lost_statements_do_not_show),
		T(anothers_statement_is_not_ours),
		T(running_again_meets_the_deadline),
		T(a_changed_column_replaces_the_connection),
		T(more_texts_than_are_kept),
		cmocka_unit_test(a_pooler_may_hang_up),
		T(a_useless_target_is_left),
		T(idle_connections_to_a_silent_host_are_not_lent),
		T(a_standby_behind_a_pooler_is_passed_over),
		T(a_silent_host_is_asked_last),
		T(a_failed_commit_is_not_repeated),
		T(many_threads_lose_statements),
#undef T
	};

	return cmocka_run_group_tests_name("store/pool", tests, NULL, NULL);
}
