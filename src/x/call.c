/* call.c - the way to X that all its endpoints share. */

#include "call.h"

#include <stdio.h>

#include "nx/base/clock.h"

static void
on_header(void *ctx, struct nx_slice line)
{
	nx_windows_header(ctx, line);
}

void
nx_x_call(const struct nx_x *x, enum nx_act act, struct nx_http_ask *ask,
    const char *unfit, struct nx_x_answer *answer,
    struct nx_verdict *verdict)
{
	const int64_t began = nx_clock_us();

	*answer = (struct nx_x_answer){
		.http = { .outcome = NX_HTTP_NOT_SENT },
	};
	(void)snprintf(answer->http.why, sizeof(answer->http.why), "%s",
	    unfit);
	ask->deadline = x->deadline;
	ask->header = on_header;
	ask->header_ctx = &answer->windows;
	if (ask->url != NULL) {
		nx_http_do(x->http, ask, &answer->http);
		nx_stats_time(x->stats, NX_STAT_X_CALL, act, began);
	}
	if (answer->http.status == 0)
		answer->windows = (struct nx_windows){ 0 };
	nx_windows_believe(&answer->windows, nx_clock_wall());
	nx_verdict_of(act, answer, nx_clock_wall(), verdict);
}

void
nx_x_called(const struct nx_x *x, enum nx_act act,
    const struct nx_verdict *verdict)
{
	nx_stats_count(x->stats, NX_STAT_X_CALLS, act, verdict->class);
}
