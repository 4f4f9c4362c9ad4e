#include "sb_clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t
sb_clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
sb_clock_text(int64_t ms, char out[SB_TIME_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(out, SB_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, SB_TIME_SIZE - len, ".%03dZ", (int)(ms % 1000));
}

bool
sb_clock_read(const char *text, int64_t *out)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t ms = 0;

	if (rest == NULL)
		return false;
	if (*rest == '.') {
		if (strspn(rest + 1, "0123456789") != 3)
			return false;
		ms = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 +
		    (rest[3] - '0');
		rest += 4;
	}
	if (strcmp(rest, "Z") != 0)
		return false;
	*out = (int64_t)timegm(&tm) * 1000 + ms;
	return true;
}
