#include "sb_limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "sb_buf.h"
#include "sb_clock.h"
#include "sb_lock.h"
#include "sb_table.h"

enum {
	DAY = 24 * 3600,
	HUGE_LIMIT = 1200000,	/* X itself prints this where it has none */
	APP_DAY = 10000,
	USER_DAY = 2400
};

struct window {
	char	key[40];
	int64_t	start;			/* epoch seconds */
	long	used;
};

struct sb_limits {
	pthread_mutex_t	 lock;		/* guards the table and its windows */
	struct sb_table	*windows;
};

static long
quarter_limit(enum sb_endpoint endpoint, const struct sb_limit_rules *rules)
{
	switch (endpoint) {
	case SB_CREATE_POST:	return rules->create_limit;
	case SB_DELETE_POST:	return 50;
	case SB_GET_POSTS:	return 5000;
	case SB_GET_POST:	return 900;
	case SB_GET_TIMELINE:	return 900;
	case SB_GET_ME:		return 75;
	case SB_UPLOAD:		return 500;
	case SB_UPLOAD_STATUS:	return 1000;
	case SB_METADATA:	return 500;
	default:		return HUGE_LIMIT;
	}
}

struct sb_limits *
sb_limits_new(void)
{
	struct sb_limits *l = sb_alloc(1, sizeof *l);

	sb_lock_init(&l->lock);
	l->windows = sb_table_new();
	return l;
}

void
sb_limits_free(struct sb_limits *l)
{
	sb_table_free(l->windows, free);
	free(l);
}

void
sb_limits_reset(struct sb_limits *l)
{
	sb_lock(&l->lock);
	sb_table_free(l->windows, free);
	l->windows = sb_table_new();
	sb_unlock(&l->lock);
}

/* Lock held. */
static struct window *
open_window(struct sb_limits *l, const char *key, int64_t now, int64_t span)
{
	struct window *w = sb_table_get(l->windows, key);

	if (w == NULL) {
		w = sb_alloc(1, sizeof *w);
		sb_copy(w->key, sizeof w->key, key);
		sb_table_put(l->windows, w->key, w);
	}
	if (w->start + span <= now) {
		w->start = now;
		w->used = 0;
	}
	return w;
}

static void
describe(const struct window *w, long limit, int64_t span,
    struct sb_window *out)
{
	out->limit = limit;
	out->remaining = w->used < limit ? limit - w->used : 0;
	out->reset = w->start + span;
}

void
sb_limits_take(struct sb_limits *l, enum sb_endpoint endpoint,
    const char *user, const struct sb_limit_rules *rules,
    struct sb_allowance *out)
{
	struct window *w[3] = { NULL, NULL, NULL };
	long limit[3] = { quarter_limit(endpoint, rules), USER_DAY, APP_DAY };
	int64_t now = sb_clock_now() / 1000;
	char key[40];
	int n = 1;

	*out = (struct sb_allowance){ .daily = endpoint == SB_CREATE_POST };
	snprintf(key, sizeof key, "%d:%s", endpoint, user);
	sb_lock(&l->lock);
	w[0] = open_window(l, key, now, rules->window);
	if (out->daily) {
		snprintf(key, sizeof key, "day:%s", user);
		w[1] = open_window(l, key, now, DAY);
		w[2] = open_window(l, "day", now, DAY);
		n = 3;
	}
	for (int i = 0; i < n; i++) {
		if (!rules->enforce)
			limit[i] = HUGE_LIMIT;
		out->refused |= rules->enforce && w[i]->used >= limit[i];
	}
	for (int i = 0; i < n && !out->refused; i++)
		w[i]->used++;
	describe(w[0], limit[0], rules->window, &out->quarter);
	if (out->daily) {
		describe(w[1], limit[1], DAY, &out->user_day);
		describe(w[2], limit[2], DAY, &out->app_day);
	}
	sb_unlock(&l->lock);
}
