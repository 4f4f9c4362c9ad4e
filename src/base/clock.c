/* clock.c - clocks, deadlines and RFC 3339. */

#include "nx/base/clock.h"

#include <errno.h>
#include <time.h>

#include "nx/base/maxima.h"
#include "nx/base/wait.h"

enum { HOUR_MS = 3600 * 1000 };

int64_t
nx_clock_wall(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

int64_t
nx_clock_mono(void)
{
	return nx_clock_us() / 1000;
}

int64_t
nx_clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
nx_clock_until(int64_t deadline, struct timespec *out)
{
	int64_t left = deadline - nx_clock_mono();

	(void)clock_gettime(CLOCK_MONOTONIC, out);
	if (left <= 0)
		return;
	out->tv_sec += left / 1000;
	out->tv_nsec += left % 1000 * 1000000;
	if (out->tv_nsec >= 1000000000) {
		out->tv_sec++;
		out->tv_nsec -= 1000000000;
	}
}

int
nx_clock_left(int64_t deadline)
{
	int64_t left = deadline - nx_clock_mono();

	if (left < 0)
		return 0;
	return left > HOUR_MS ? HOUR_MS : (int)left;
}

void
nx_clock_sleep(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nx_wait_begin();
	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

void
nx_clock_text(int64_t wall, char out[NX_RFC3339_MAX])
{
	time_t t = (time_t)wall;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(out, NX_RFC3339_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Two digits at `p`, within [lo, hi]; -1 otherwise. */
static int
read_two_digits(const char *p, int lo, int hi)
{
	int v;

	if (!nx_is_digit(p[0]) || !nx_is_digit(p[1]))
		return -1;
	v = (p[0] - '0') * 10 + (p[1] - '0');
	return v < lo || v > hi ? -1 : v;
}

/* Seconds east of UTC in what follows the time of day. */
static bool
read_zone(struct nx_slice s, int64_t *out)
{
	int h, m;

	if (s.n > 0 && s.p[0] == '.') {
		s.p++, s.n--;
		if (s.n == 0 || !nx_is_digit(s.p[0]))
			return false;
		while (s.n > 0 && nx_is_digit(s.p[0]))
			s.p++, s.n--;
	}
	if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z')) {
		*out = 0;
		return true;
	}
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return false;
	h = read_two_digits(s.p + 1, 0, 23);
	m = read_two_digits(s.p + 4, 0, 59);
	*out = (h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
	return h >= 0 && m >= 0;
}

enum nx_rc
nx_clock_parse(struct nx_slice text, int64_t *out)
{
	const char *p = text.p;
	struct tm tm = { 0 }, back;
	int64_t zone;
	int century;
	time_t t;

	*out = 0;
	if (text.n < 20 || text.n > NX_TIME_TEXT_MAX || p[4] != '-' ||
	    p[7] != '-' || (p[10] != 'T' && p[10] != 't' && p[10] != ' ') ||
	    p[13] != ':' || p[16] != ':')
		return NX_MALFORMED;
	century = read_two_digits(p, 19, 99);
	tm.tm_year = read_two_digits(p + 2, 0, 99);
	tm.tm_mon = read_two_digits(p + 5, 1, 12) - 1;
	tm.tm_mday = read_two_digits(p + 8, 1, 31);
	tm.tm_hour = read_two_digits(p + 11, 0, 23);
	tm.tm_min = read_two_digits(p + 14, 0, 59);
	tm.tm_sec = read_two_digits(p + 17, 0, 60);
	if (century < 0 || tm.tm_year < 0 || tm.tm_mon < 0 ||
	    tm.tm_mday < 0 || tm.tm_hour < 0 || tm.tm_min < 0 ||
	    tm.tm_sec < 0 ||
	    !read_zone((struct nx_slice){ p + 19, text.n - 19 }, &zone))
		return NX_MALFORMED;
	tm.tm_year += (century - 19) * 100;
	if (tm.tm_sec == 60)
		tm.tm_sec = 59;		/* POSIX time has no leap seconds */
	back = tm;
	t = timegm(&tm);	/* with years from 1900 it cannot fail */
	if (tm.tm_mday != back.tm_mday)
		return NX_MALFORMED;
	*out = (int64_t)t - zone;
	return NX_OK;
}
