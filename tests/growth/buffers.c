/* buffers.c - what auto_explain says, added up. */

#include "buffers.h"

#include <json-c/json.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libpq calls belongs to no test. */
static struct { long touched; int statements; } tally;

void	__wrap_PQsetNoticeReceiver(PGconn *, PQnoticeReceiver, void *);
void	__real_PQsetNoticeReceiver(PGconn *, PQnoticeReceiver, void *);

static long
number_of(struct json_object *plan, const char *name)
{
	struct json_object *o;

	return json_object_object_get_ex(plan, name, &o) ?
	    (long)json_object_get_int64(o) : 0;
}

static void
add_plan(void *unused, const PGresult *notice)
{
	const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
	struct json_object *whole, *plan;

	(void)unused;
	if (text == NULL || (text = strchr(text, '{')) == NULL ||
	    (whole = json_tokener_parse(text)) == NULL)
		return;
	if (json_object_object_get_ex(whole, "Plan", &plan)) {
		tally.touched += number_of(plan, "Shared Hit Blocks") +
		    number_of(plan, "Shared Read Blocks");
		tally.statements++;
		if (getenv("NX_GROWTH_ALOUD") != NULL)
			printf("%s\n", text);
	}
	json_object_put(whole);
}

void
__wrap_PQsetNoticeReceiver(PGconn *conn, PQnoticeReceiver receiver, void *arg)
{
	(void)receiver;
	(void)arg;
	__real_PQsetNoticeReceiver(conn, add_plan, NULL);
}

void
buffers_tell(const char *schema)
{
	char options[512];

	(void)snprintf(options, sizeof(options), "-csearch_path=%s"
	    " -csession_preload_libraries=auto_explain"
	    " -cauto_explain.log_min_duration=0 -cauto_explain.log_level=notice"
	    " -cauto_explain.log_analyze=on -cauto_explain.log_buffers=on"
	    " -cauto_explain.log_timing=off -cauto_explain.log_format=json"
	    " -cauto_explain.log_nested_statements=on"
	    " -cplan_cache_mode=force_generic_plan -cjit=off"
	    " -cmax_parallel_workers_per_gather=0", schema);
	(void)setenv("PGOPTIONS", options, 1);
}

void
buffers_reset(void)
{
	tally.touched = tally.statements = 0;
}

long
buffers_touched(int *statements)
{
	*statements = tally.statements;
	return tally.touched;
}
