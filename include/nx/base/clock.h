/*
 * clock.h - time, deadlines and their texts.
 *
 * A deadline is a point on the monotonic clock in milliseconds, which goes on
 * while the host sleeps (Linux's CLOCK_BOOTTIME): what a lease lasts for
 * others, it lasts for its holder.  Wall time is seconds since 1970 (UTC).
 * Any thread.
 */
#ifndef NX_BASE_CLOCK_H
#define NX_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "nx/base/err.h"
#include "nx/base/slice.h"

enum { NX_RFC3339_MAX = 32 };

int64_t	nx_clock_wall(void);		/* seconds */
int64_t	nx_clock_mono(void);		/* milliseconds */
int64_t	nx_clock_us(void);		/* the same in microseconds */

/* What is left until `deadline`, at least 0, at most an hour: milliseconds. */
int	nx_clock_left(int64_t deadline);

/*
 * When that is on CLOCK_MONOTONIC, the only clock but the wall's that a
 * condition variable can wait by.  It stands still while the host sleeps, so
 * a wait may end late; look at nx_clock_left() after it.
 */
void	nx_clock_until(int64_t deadline, struct timespec *out);

void	nx_clock_sleep(int ms);

/* RFC 3339 in UTC with `Z`, to the second, NUL-terminated. */
void	nx_clock_text(int64_t wall, char out[NX_RFC3339_MAX]);

/*
 * Read RFC 3339 section 5.6 (any offset, fraction dropped).
 * MALFORMED when it is not, or is not a real day.
 */
NX_MUST_USE enum nx_rc	nx_clock_parse(struct nx_slice text, int64_t *out);

#endif
