/* event.h - x_events: what went wrong, for whom, when; never a secret. */
#ifndef NX_STORE_EVENT_H
#define NX_STORE_EVENT_H

#include "nx/store/store.h"

struct nx_event {
	const char	*user_id;	/* whose it is */
	const char	*connection_id;	/* NULL: none */
	const char	*code;		/* nx_rc_code() or an event name */
	const char	*detail;
	int		 x_status;	/* HTTP; 0: X was not asked */
};

NX_MUST_USE enum nx_rc	nx_event_add(const struct nx_store_ask *ask,
			    const struct nx_event *event, struct nx_err *err);

#endif
