/*
 * test_store_due.c - of 100,000 connections the 5,000 that are due are found
 * through a range of an index.  In temporary tables, which nobody else sees.
 */

#include <json-c/json.h>

#include "nx/base/uuid.h"
#include "store/row.h"
#include "store_env.h"

enum { CONNECTIONS = 100000, DUE = 5000, CLAIMED = 32 };

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
	"INSERT INTO x_grants (connection_id, token_version)"
	" SELECT id, 1 FROM platform_connections",
	"ANALYZE platform_connections, x_grants",
};

/* What the plan reads of platform_connections. */
struct reading {
	int	rows;		/* by the index */
	int	ranges;		/* index scans bounded by the time */
	int	scans;		/* anything else */
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

	if (strcmp(text(node, "Relation Name"), "platform_connections") == 0) {
		if (strstr(type, "Index") != NULL && strstr(text(node,
		    "Index Cond"), "token_expires_at") != NULL) {
			r->ranges++;
			r->rows += number(node, "Actual Rows") +
			    number(node, "Rows Removed by Filter");
		} else
			r->scans++;
	} else if (strcmp(type, "Seq Scan") == 0)
		r->scans++;
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

/* A claim is carried out, and its plan read. */
static struct reading
explain_claim(PGconn *conn, const char *owner)
{
	char most[NX_NUMBER_MAX], sql[8192];
	const char *const params[] = { "900", "300", NULL, owner, "20000",
	    nx_row_number(most, CLAIMED), NULL };
	struct reading r = { 0 };
	struct json_object *plan;
	PGresult *result;

	(void)snprintf(sql, sizeof(sql), "EXPLAIN (ANALYZE, FORMAT JSON) %s",
	    nx_lease_claim);
	result = must_run(conn, sql, params, 7);
	plan = json_tokener_parse(PQgetvalue(result, 0, 0));
	assert_non_null(plan);
	read_plan(json_object_object_get(json_object_array_get_idx(plan, 0),
	    "Plan"), &r);
	json_object_put(plan);
	PQclear(result);
	return r;
}

static void
a_claim_reads_a_range(void **state)
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
	for (int round = 0; round < 3; round++) {
		char owner[NX_UUID_LEN + 1];
		struct reading r;

		nx_uuid_random(owner);
		r = explain_claim(conn, owner);
		assert_int_equal(r.ranges, 1);
		assert_int_equal(r.scans, 0);
		/* Those, and what an earlier round holds. */
		assert_in_range(r.rows, CLAIMED, CLAIMED * 4);
	}
	PQclear(must_run(conn, "ROLLBACK", NULL, 0));
	PQfinish(conn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_reads_a_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
