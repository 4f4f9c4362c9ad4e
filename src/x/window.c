/* window.c - the three triples of rate-limit headers. */

#include "nx/x/window.h"

enum { EPOCH_MIN = 1000000000 };	/* less is no time, but seconds */

static const char prefixes[][24] = {
	"x-rate-limit-",
	"x-app-limit-24hour-",
	"x-user-limit-24hour-",
};

static void
record_field(struct nx_window *w, struct nx_slice field, int64_t value)
{
	int64_t *to = nx_slice_is_nocase(field, "limit") ? &w->limit :
	    nx_slice_is_nocase(field, "remaining") ? &w->remaining :
	    nx_slice_is_nocase(field, "reset") ? &w->reset : NULL;

	if (to == NULL)
		return;
	if (!w->known) {
		w->known = true;
		w->limit = w->remaining = -1;
		w->reset = 0;
	}
	*to = value;
}

void
nx_windows_header(struct nx_windows *w, struct nx_slice line)
{
	struct nx_window *const all[] = { &w->quarter, &w->app_day,
	    &w->user_day };
	struct nx_slice name, field;
	int64_t value;

	if (nx_slice_starts(line, "HTTP/"))
		*w = (struct nx_windows){ 0 };	/* another answer begins */
	name = nx_slice_cut(&line, ':');
	if (!nx_slice_decimal(nx_slice_trim(line, " \t\r\n"), &value))
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		field = name;
		if (nx_slice_cut_prefix_nocase(&field, prefixes[i]))
			record_field(all[i], field, value);
	}
}

static void
normalize_reset(struct nx_window *w, int64_t now)
{
	if (w->reset < EPOCH_MIN)
		w->reset += now;
	if (w->reset <= now || w->reset - now > NX_WINDOW_MAX)
		w->reset = 0;
}

void
nx_windows_believe(struct nx_windows *w, int64_t now)
{
	normalize_reset(&w->quarter, now);
	normalize_reset(&w->app_day, now);
	normalize_reset(&w->user_day, now);
}

int64_t
nx_windows_blocked_until(const struct nx_windows *w)
{
	const struct nx_window *const all[] = { &w->quarter, &w->app_day,
	    &w->user_day };
	int64_t latest = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->known && all[i]->remaining == 0 &&
		    all[i]->reset > latest)
			latest = all[i]->reset;
	}
	return latest;
}
