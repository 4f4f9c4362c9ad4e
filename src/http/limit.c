/* limit.c - how long a request may take. */

#include "client.h"
#include "nx/base/clock.h"

enum {
	TICK_MS = 1000,		/* libcurl looks up at least this often */
	TRICKLE_MS = 10000,	/* more for an answer that has begun */
};

static int
or_default(int value, int by_default)
{
	return value > 0 ? value : by_default;
}

/*
 * A patient request has no time-out: nx_http_on_tick() gives up, as it does
 * where the first byte stays out.
 */
void
nx_http_limits_set(struct nx_http *http, int left)
{
	const struct nx_http_limits *limits = &http->ask->limits;
	const int whole = or_default(limits->whole_ms, NX_HTTP_TIMEOUT_MS);
	const bool patient = limits->patient_ms > 0;

	http->asked_at = http->looked_up = nx_clock_mono();
	http->patience = limits->patient_ms;
	http->quiet = 0;
	http->heard = false;
	SET(http, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)or_default(limits->connect_ms, NX_HTTP_CONNECT_MS));
	SET(http, CURLOPT_TIMEOUT_MS,
	    patient ? 0L : (long)(left < whole ? left : whole));
	SET(http, CURLOPT_LOW_SPEED_LIMIT, (long)limits->slow_bytes);
	SET(http, CURLOPT_LOW_SPEED_TIME, (long)limits->slow_s);
	SET(http, CURLOPT_NOPROGRESS,
	    patient || limits->first_byte_ms > 0 ? 0L : 1L);
}

/*
 * Only time in which this thread could have looked up counts, and it gives up
 * at a later look than the one that used the time up, when nothing of an
 * answer has come for a tick: after a stop of the process, what has arrived
 * meanwhile is read first.
 */
static bool
is_out_of_patience(struct nx_http *http, int64_t now)
{
	const int64_t gone = now - http->looked_up;
	const int ms = gone < TICK_MS ? (int)gone : TICK_MS;
	const bool quiet = http->quiet >= TICK_MS;
	const bool over = http->patience <= (quiet ? 0 : -TRICKLE_MS);

	http->looked_up = now;
	http->quiet = http->heard ? 0 : http->quiet + ms;
	http->heard = false;
	http->patience -= ms;
	return over;
}

static bool
is_unanswered(const struct nx_http *http, int64_t now)
{
	return http->leaving && !http->answering &&
	    now - http->asked_at >= http->ask->limits.first_byte_ms;
}

int
nx_http_on_tick(void *arg, curl_off_t down, curl_off_t got, curl_off_t up,
    curl_off_t sent)
{
	struct nx_http *http = arg;
	const struct nx_http_limits *limits = &http->ask->limits;
	const int64_t now = nx_clock_mono();

	(void)down, (void)got, (void)up, (void)sent;
	if (limits->patient_ms > 0 && is_out_of_patience(http, now))
		return 1;
	return limits->first_byte_ms > 0 && is_unanswered(http, now) ? 1 : 0;
}
