/*
 * fuzz_times.c - times as callers and X write them, and X's rate headers.
 *
 * A time that is taken is the one that stands there, and reads the same when
 * it is written again.  A window holds only what its line says.
 */

#include <string.h>

#include "fuzz.h"
#include "nx/base/clock.h"
#include "nx/flow/publish/when.h"
#include "nx/x/window.h"

enum { TIME, WHEN, WINDOW, KINDS };
enum { NOW = 1790000000 };

/* Days since 1970 of a date, by the civil calendar's own rule. */
static int64_t
days(int64_t y, int64_t m, int64_t d)
{
	int64_t n = 0;

	for (int64_t i = 1970; i < y; i++)
		n += i % 4 == 0 && (i % 100 != 0 || i % 400 == 0) ? 366 : 365;
	for (int64_t i = y; i < 1970; i++)
		n -= i % 4 == 0 && (i % 100 != 0 || i % 400 == 0) ? 366 : 365;
	for (int64_t i = 1; i < m; i++)
		n += i == 2 ? 28 + (y % 4 == 0 && (y % 100 != 0 ||
		    y % 400 == 0)) : i == 4 || i == 6 || i == 9 || i == 11 ?
		    30 : 31;
	return n + d - 1;
}

static void
check_time(struct nx_slice in)
{
	char copy[64] = "", text[NX_RFC3339_MAX];
	int64_t at = 7, again;
	long long y, mo, d, h, mi, s;

	if (nx_clock_parse(in, &at) != NX_OK) {
		CHECK(at == 0);
		return;
	}
	CHECK(in.n < sizeof(copy) && memchr(in.p, '\0', in.n) == NULL);
	memcpy(copy, in.p, in.n);
	CHECK(sscanf(copy, "%4lld-%2lld-%2lld%*c%2lld:%2lld:%2lld", &y, &mo,
	    &d, &h, &mi, &s) == 6);
	s = s == 60 ? 59 : s;
	s += days(y, mo, d) * 86400 + h * 3600 + mi * 60;
	CHECK(at >= s - 86399 && at <= s + 86399);
	if (strchr("Zz", in.p[in.n - 1]) != NULL)
		CHECK(at == s);
	nx_clock_text(at, text);
	CHECK(strlen(text) >= 20);
	CHECK(strlen(text) != 20 || nx_clock_parse(nx_slice_str(text),
	    &again) != NX_OK || again == at);
}

static void
check_when(struct nx_slice in)
{
	struct nx_err err = { .rc = NX_OK };
	int64_t at, plain;
	enum nx_rc rc = nx_when_read("publish_at", in, NOW, &at, &err);

	if (rc != NX_OK) {
		CHECK(rc == NX_INVALID && at == 0);
		fuzz_check_err(rc, &err);
		return;
	}
	CHECK(nx_clock_parse(in, &plain) == NX_OK);
	CHECK(at >= 1 && at <= NOW + NX_WHEN_AHEAD_MAX);
	/* Never before its time, at most a second late. */
	CHECK(plain < 1 || (at >= plain && at <= plain + 1));
	rc = nx_when_check(at, NOW, &err);
	CHECK((rc == NX_OK) == (at >= NOW - NX_WHEN_PAST_MAX));
}

static void
check_one(const struct nx_window *w)
{
	CHECK(w->known || (w->limit <= 0 && w->remaining <= 0 &&
	    w->reset == 0));
	CHECK(w->limit >= -1 && w->remaining >= -1 && w->reset >= 0);
}

static void
check_window(struct nx_slice in)
{
	struct nx_windows w = { .quarter = { .limit = -1, .remaining = -1 },
	    .app_day = { .limit = -1, .remaining = -1 },
	    .user_day = { .limit = -1, .remaining = -1 } };
	int64_t until;

	while (in.p != NULL)
		nx_windows_header(&w, nx_slice_cut(&in, '\n'));
	check_one(&w.quarter);
	check_one(&w.app_day);
	check_one(&w.user_day);
	until = nx_windows_blocked_until(&w);
	CHECK(until == 0 || until == w.quarter.reset ||
	    until == w.app_day.reset || until == w.user_day.reset);
	CHECK(until == 0 || w.quarter.remaining == 0 ||
	    w.app_day.remaining == 0 || w.user_day.remaining == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice in = { (const char *)data, n };

	switch (fuzz_byte(&in) % KINDS) {
	case TIME:
		check_time(in);
		break;
	case WHEN:
		check_when(in);
		break;
	default:
		check_window(in);
		break;
	}
	return 0;
}
