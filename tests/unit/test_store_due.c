/*
 * test_store_due.c - of 100,000 connections those that are due and free are
 * found through ranges of indexes, however many have a lease or are put off.
 * In temporary tables, which nobody else sees.
 */

#include <json-c/json.h>

#include "nx/base/uuid.h"
#include "store/row.h"
#include "store_env.h"

enum { RANGE = 256 };		/* of either index */

static const char *const set_up[] = {
	"CREATE TEMP TABLE t (LIKE platform_connections INCLUDING ALL)",
	"ALTER TABLE t RENAME TO platform_connections",
	"CREATE TEMP TABLE u (LIKE x_grants INCLUDING ALL)",
	"ALTER TABLE u RENAME TO x_grants",
	"INSERT INTO platform_connections (id, user_id, platform,"
	" platform_user_id, access_token, refresh_token, token_expires_at,"
	" status) SELECT gen_random_uuid(), gen_random_uuid(), 'twitter', n,"
	" 'a', 'r', now() + CASE WHEN n % 20 = 0 THEN random() * interval"
	" '10 min' ELSE interval '16 min' + random() * interval '100 min'"
	" END, 'connected' FROM generate_series(1, 100000) AS n",
	"INSERT INTO x_grants (user_id, connection_id, token_version, due_at)"
	" SELECT user_id, id, 1, token_expires_at FROM platform_connections",
	"ANALYZE platform_connections, x_grants",
};

/* What has been put off, has a lease, or had one. */
static const char *const put_off[] = {
	"UPDATE x_grants SET retry_at = now() + interval '5 min'"
	" WHERE due_at < now() + interval '5 min'",
	"UPDATE x_grants SET retry_at = NULL, lease_until = now()"
	" + interval '2 min' WHERE retry_at IS NOT NULL",
	"UPDATE x_grants SET lease_until = now() - interval '1 s'"
	" WHERE lease_until IS NOT NULL",
};

/* What a plan reads. */
struct reading {
	int	rows;		/* by indexes */
	int	scans;		/* of whole tables */
	int	found;
};

static const char *
text(struct json_object *node, const char *name)
{
	struct json_object *o = json_object_object_get(node, name);

	return o == NULL ? "" : json_object_get_string(o);
}

static int
number(struct json_object *node, const char *name)
{
	return json_object_get_int(json_object_object_get(node, name));
}

static void
read_plan(struct json_object *node, struct reading *r)
{
	struct json_object *below = json_object_object_get(node, "Plans");
	const char *type = text(node, "Node Type");

	if (strstr(type, "Index") != NULL)
		r->rows += (number(node, "Actual Rows") +
		    number(node, "Rows Removed by Filter")) *
		    number(node, "Actual Loops");
	r->scans += strcmp(type, "Seq Scan") == 0;
	for (size_t i = 0; below != NULL &&
	    i < json_object_array_length(below); i++)
		read_plan(json_object_array_get_idx(below, i), r);
}

static PGresult *
must_run(PGconn *conn, const char *sql, const char *const *params, int n)
{
	PGresult *r = PQexecParams(conn, sql, n, NULL, params, NULL, NULL, 0);

	if (PQresultStatus(r) != PGRES_COMMAND_OK &&
	    PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	return r;
}

/* A statement is carried out, and its plan read. */
static struct reading
explain(PGconn *conn, const char *sql, const char *const *params, int n)
{
	char text[8192];
	struct reading r = { 0 };
	struct json_object *plan, *top;
	PGresult *result;

	(void)snprintf(text, sizeof(text), "EXPLAIN (ANALYZE, FORMAT JSON) %s",
	    sql);
	result = must_run(conn, text, params, n);
	plan = json_tokener_parse(PQgetvalue(result, 0, 0));
	assert_non_null(plan);
	top = json_object_object_get(json_object_array_get_idx(plan, 0),
	    "Plan");
	read_plan(top, &r);
	r.found = number(top, "Actual Rows");
	json_object_put(plan);
	PQclear(result);
	return r;
}

/* Find some, and take the first of them. */
static void
claim_one(PGconn *conn, int ranges)
{
	const char *const params[] = { "900", "0", NULL, "32" };
	char owner[NX_UUID_LEN + 1];
	const char *take[] = { "900", NULL, NULL, NULL, owner, "20000" };
	struct reading r = explain(conn, nx_lease_find, params, 4);
	PGresult *found;

	assert_int_equal(r.found, 32);
	assert_int_equal(r.scans, 0);
	assert_in_range(r.rows, 32, ranges * RANGE);
	nx_uuid_random(owner);
	found = must_run(conn, nx_lease_find, params, 4);
	for (int i = 0; i < 3; i++)
		take[1 + i] = PQgetvalue(found, 0, i);
	r = explain(conn, nx_lease_take_found, take, 6);
	assert_int_equal(r.found, 1);
	assert_int_equal(r.scans, 0);
	assert_in_range(r.rows, 1, 4);
	PQclear(found);
}

static void
a_claim_reads_ranges(void **state)
{
	PGconn *conn;

	(void)state;
	if (database_url() == NULL)
		skip();
	conn = PQconnectdb(database_url());
	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	PQclear(must_run(conn, "BEGIN", NULL, 0));
	for (size_t i = 0; i < sizeof(set_up) / sizeof(set_up[0]); i++)
		PQclear(must_run(conn, set_up[i], NULL, 0));
	claim_one(conn, 1);
	for (size_t i = 0; i < sizeof(put_off) / sizeof(put_off[0]); i++) {
		PQclear(must_run(conn, put_off[i], NULL, 0));
		claim_one(conn, 2);
	}
	PQclear(must_run(conn, "ROLLBACK", NULL, 0));
	PQfinish(conn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_reads_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
