/*
 * notice.h - x_notices: what the webhook is still to be told.
 *
 * The rows are written by the database itself (sql/006_notices.sql), in the
 * transaction that changes a connection.  Taking one moves its next try
 * ahead, from a minute up to an hour, so that no second worker has it at the
 * same time and a crash only delays it: a notice arrives at least once.
 */
#ifndef NX_STORE_NOTICE_H
#define NX_STORE_NOTICE_H

#include "nx/store/candidate.h"

struct nx_notice {
	const char	*id;		/* NULL: none is due */
	const char	*user_id;
	const char	*event;
	const char	*body;		/* JSON */
	const char	*tries;		/* names this try */
};

/* Take one of those that are due for longest. */
NX_MUST_USE enum nx_rc	nx_notice_take(const struct nx_store_ask *ask,
			    struct nx_candidates *found,
			    struct nx_notice *out, struct nx_err *err);

/* It has arrived.  Nothing happens when somebody else has taken it since. */
NX_MUST_USE enum nx_rc	nx_notice_done(const struct nx_store_ask *ask,
			    const struct nx_notice *notice,
			    struct nx_err *err);

/*
 * It has not, and `why`; likewise.  Three days after it was written it is
 * given up: `*given_up`, and a row in x_events.
 */
NX_MUST_USE enum nx_rc	nx_notice_failed(const struct nx_store_ask *ask,
			    const struct nx_notice *notice, const char *why,
			    bool *given_up, struct nx_err *err);

/*
 * Delete some that are done with for a week; with `unwanted` (there is no
 * webhook) all that are older than a day.  `*count`: how many.
 */
NX_MUST_USE enum nx_rc	nx_notice_purge(const struct nx_store_ask *ask,
			    bool unwanted, int *count, struct nx_err *err);

#endif
