/*
 * window.h - X's rate-limit headers (docs: rate-limits; the 24-hour ones are
 * undocumented but sent on POST /2/tweets).  Pure.
 */
#ifndef NX_X_WINDOW_H
#define NX_X_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "nx/base/slice.h"

struct nx_window {
	bool	known;		/* X named at least one of the three */
	int64_t	limit, remaining;	/* -1: not said */
	int64_t	reset;		/* wall clock, seconds; 0: not said */
};

struct nx_windows {
	struct nx_window	quarter;	/* x-rate-limit-*: 15 minutes */
	struct nx_window	app_day;	/* x-app-limit-24hour-* */
	struct nx_window	user_day;	/* x-user-limit-24hour-* */
};

/*
 * Note one header line `name: value` if it is one of them; names in any case.
 * A value that is not a plain decimal number is ignored.  A status line begins
 * another answer: what was noted before is forgotten.
 */
void	nx_windows_header(struct nx_windows *w, struct nx_slice line);

/* No window of X is longer than a day; its clock may differ from ours. */
enum { NX_WINDOW_MAX = 25 * 3600 };	/* seconds */

/*
 * Make resets what they are meant to be: a small number counts seconds from
 * `now` (wall clock); one that has passed, or that is further away than any
 * window, tells nothing and becomes 0.
 */
void	nx_windows_believe(struct nx_windows *w, int64_t now);

/* The latest reset among the exhausted ones; 0 when none is. */
int64_t	nx_windows_blocked_until(const struct nx_windows *w);

#endif
