/* schema.c - the version of the schema, as a program asks for it. */

#include "nx/store/schema.h"

#include <stdlib.h>
#include <string.h>

/* A table that is not there could not be asked for its rows. */
static const struct nx_query there = {
	.sql = "SELECT to_regclass('x_schema') IS NOT NULL",
};
static const struct nx_query newest = {
	.sql = "SELECT max(" NX_SCHEMA_NUMBER ") FROM x_schema s",
};

static enum nx_rc
ask_schema(struct nx_db *db, const struct nx_query *query, int64_t deadline,
    char answer[16], struct nx_err *err)
{
	PGresult *result = NULL;
	enum nx_rc rc = nx_db_run(db, query, 1, deadline, &result, err);

	answer[0] = '\0';
	if (rc == NX_OK && PQntuples(result) == 1)
		(void)snprintf(answer, 16, "%s", PQgetvalue(result, 0, 0));
	nx_db_clear(&result, 1);
	return rc;
}

enum nx_rc
nx_schema_check(struct nx_db *db, int needed, int64_t deadline,
    struct nx_err *err)
{
	char answer[16];
	enum nx_rc rc = ask_schema(db, &there, deadline, answer, err);

	if (rc == NX_OK && strcmp(answer, "t") != 0)
		return nx_fail(err, NX_SCHEMA_OLD, "The database's schema has"
		    " no version; this program needs %d.", needed);
	if (rc == NX_OK)
		rc = ask_schema(db, &newest, deadline, answer, err);
	if (rc != NX_OK || strtol(answer, NULL, 10) >= needed)
		return rc;
	return nx_fail(err, NX_SCHEMA_OLD, "The database's schema has version"
	    " %s; this program needs %d.", answer[0] == '\0' ? "none" :
	    answer, needed);
}
