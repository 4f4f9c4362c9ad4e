/* endpoint.c - until when each endpoint is closed. */

#include "nx/x/endpoint.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct nx_endpoints {
	_Atomic int64_t	until[NX_ENDPOINT_COUNT];	/* wall clock */
};

struct nx_endpoints *
nx_endpoints_new(void)
{
	return calloc(1, sizeof(struct nx_endpoints));
}

void
nx_endpoints_free(struct nx_endpoints *e)
{
	free(e);
}

bool
nx_endpoint_is_closed(const struct nx_endpoints *e, enum nx_endpoint which,
    int64_t now, struct nx_verdict *out)
{
	const int64_t left = e == NULL ? 0 :
	    atomic_load(&e->until[which]) - now;

	/* A clock that was set back makes nothing of it. */
	if (left <= 0 || left > NX_ENDPOINT_CLOSED)
		return false;
	*out = (struct nx_verdict){ .class = NX_CLASS_PLAN,
	    .x = { .status = 403 } };
	(void)snprintf(out->x.detail, sizeof(out->x.detail),
	    "This is not in the app's plan.");
	return true;
}

void
nx_endpoint_heard(struct nx_endpoints *e, enum nx_endpoint which,
    const struct nx_verdict *verdict, int64_t now)
{
	if (e != NULL && verdict->class == NX_CLASS_PLAN)
		atomic_store(&e->until[which], now + NX_ENDPOINT_CLOSED);
}
