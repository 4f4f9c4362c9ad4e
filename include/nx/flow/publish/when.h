/* when.h - the time that a post is to be sent at, as its author gives it. */
#ifndef NX_FLOW_PUBLISH_WHEN_H
#define NX_FLOW_PUBLISH_WHEN_H

#include "nx/base/clock.h"

enum {
	NX_WHEN_PAST_MAX = 60,			/* seconds: clocks differ */
	NX_WHEN_AHEAD_MAX = 366 * 24 * 3600,
};

/*
 * Read RFC 3339 into `out` (wall clock, never 0; a part of a second counts as
 * a whole one, so that nothing is sent before its time).  INVALID, with `name`
 * in err, when it is no time or further ahead than NX_WHEN_AHEAD_MAX.  Pure.
 */
NX_MUST_USE enum nx_rc	nx_when_read(const char *name, struct nx_slice text,
			    int64_t now, int64_t *out, struct nx_err *err);

/*
 * INVALID when it was longer ago than NX_WHEN_PAST_MAX.  Apart from reading,
 * since a repeated request may name a time that has passed meanwhile.  Pure.
 */
NX_MUST_USE enum nx_rc	nx_when_check(int64_t at, int64_t now,
			    struct nx_err *err);

#endif
