/* event.c - one row for what went wrong. */

#include "nx/store/event.h"

#include "row.h"

static const char add[] =
    "INSERT INTO x_events (user_id, connection_id, request_id, code,"
    " detail, x_status) VALUES ($1, $2, $3, $4, $5, nullif($6::int, 0))";

enum nx_rc
nx_event_add(const struct nx_store_ask *ask, const struct nx_event *event,
    struct nx_err *err)
{
	char status[NX_NUMBER_MAX];
	const struct nx_query query = {
		add, { event->user_id, event->connection_id, ask->request_id,
		    event->code, event->detail,
		    nx_row_number(status, event->x_status) }, 6,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_run(ask, &query, 1, &result, err);

	nx_db_clear(&result, 1);
	return rc;
}
