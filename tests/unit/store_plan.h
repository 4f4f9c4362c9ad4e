/* store_plan.h - how many rows of x_posts and x_lines a statement reads. */
#ifndef NX_TEST_STORE_PLAN_H
#define NX_TEST_STORE_PLAN_H

#include <json-c/json.h>

#include "store_env.h"

/* Rows of both that the plan reads; -1 when it reads all of x_posts. */
static inline long
rows_read(struct json_object *node)
{
	struct json_object *o, *below;
	long rows = 0;

	if (json_object_object_get_ex(node, "Relation Name", &o) &&
	    (strcmp(json_object_get_string(o), "x_posts") == 0 ||
	    strcmp(json_object_get_string(o), "x_lines") == 0)) {
		if (json_object_object_get_ex(node, "Node Type", &o) &&
		    strcmp(json_object_get_string(o), "Seq Scan") == 0 &&
		    json_object_object_get_ex(node, "Alias", &o) &&
		    strcmp(json_object_get_string(o), "x_lines") != 0)
			return -1;
		if (json_object_object_get_ex(node, "Actual Rows", &o))
			rows += json_object_get_int(o);
		if (json_object_object_get_ex(node, "Rows Removed by Filter",
		    &o))
			rows += json_object_get_int(o);
	}
	if (!json_object_object_get_ex(node, "Plans", &below))
		return rows;
	for (size_t i = 0; i < json_object_array_length(below); i++) {
		long n = rows_read(json_object_array_get_idx(below, i));

		if (n < 0)
			return -1;
		rows += n;
	}
	return rows;
}

/* The same for one statement, which is carried out. */
static inline long
plan_rows(const struct env *e, const char *text, const char *const *params,
    int n)
{
	char explained[16384];
	struct nx_query query = { explained, { NULL }, n };
	PGresult *result = NULL;
	struct nx_err err = { 0 };
	struct json_object *whole;
	long rows;

	for (int i = 0; i < n; i++)
		query.params[i] = params[i];
	(void)snprintf(explained, sizeof(explained),
	    "EXPLAIN (ANALYZE, FORMAT JSON) %s", text);
	if (nx_pool_run(e->pool, &query, 1, nx_clock_mono() + PATIENCE_MS,
	    &result, &err) != NX_OK)
		fail_msg("explain: %s", err.detail);
	assert_non_null(whole = json_tokener_parse(PQgetvalue(result, 0, 0)));
	rows = rows_read(json_object_object_get(
	    json_object_array_get_idx(whole, 0), "Plan"));
	json_object_put(whole);
	nx_db_clear(&result, 1);
	return rows;
}

#endif
