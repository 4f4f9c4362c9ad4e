/* seat.c - the seat, and a bench of those that wait for it. */

#include "seat.h"

#include <stdlib.h>

struct nx_seat {
	pthread_mutex_t		 mutex;		/* guards all that follows */
	struct nx_sitter	*holder;	/* NULL: all are at work */
	struct nx_sitter	*bench;		/* the latest on top */
	bool			 serving;	/* the holder is */
	bool			 overdue;	/* at the last check already */
	bool			 closed;
};

struct nx_seat *
nx_seat_new(void)
{
	struct nx_seat *seat = calloc(1, sizeof(*seat));

	if (seat != NULL)
		nx_mutex_init(&seat->mutex);
	return seat;
}

void
nx_seat_free(struct nx_seat *seat)
{
	if (seat == NULL)
		return;
	nx_mutex_destroy(&seat->mutex);
	free(seat);
}

void
nx_sitter_init(struct nx_sitter *s, struct nx_seat *seat)
{
	*s = (struct nx_sitter){ .seat = seat };
	nx_cond_init(&s->called);
}

void
nx_sitter_destroy(struct nx_sitter *s)
{
	nx_cond_destroy(&s->called);
}

/* Lock held.  NULL: nobody has it. */
static void
seat_holder(struct nx_seat *seat, struct nx_sitter *s)
{
	seat->holder = s;
	seat->serving = false;
	seat->overdue = false;
}

/* Lock held.  Once it is closed those on the bench may be gone. */
static void
seat_next(struct nx_seat *seat)
{
	struct nx_sitter *next = seat->closed ? NULL : seat->bench;

	seat_holder(seat, next);
	if (next == NULL)
		return;
	seat->bench = next->below;
	nx_cond_signal(&next->called);
}

/* Lock held. */
static void
wait_on_bench(struct nx_sitter *s)
{
	struct nx_seat *seat = s->seat;

	s->seated = false;
	s->below = seat->bench;
	seat->bench = s;
	while (seat->holder != s && !seat->closed)
		nx_cond_wait(&s->called, &seat->mutex);
}

bool
nx_seat_take(struct nx_sitter *s)
{
	struct nx_seat *seat = s->seat;

	nx_lock(&seat->mutex);
	if (seat->holder == s || seat->holder == NULL)
		seat_holder(seat, s);
	else if (!seat->closed)
		wait_on_bench(s);
	s->seated = !seat->closed && seat->holder == s;
	nx_unlock(&seat->mutex);
	return s->seated;
}

void
nx_seat_serve(struct nx_sitter *s)
{
	struct nx_seat *seat = s->seat;

	nx_lock(&seat->mutex);
	if (seat->holder == s) {
		seat->serving = true;
		seat->overdue = false;
	}
	nx_unlock(&seat->mutex);
}

void
nx_seat_hand_on(void *sitter)
{
	struct nx_sitter *s = sitter;

	if (!s->seated)
		return;
	s->seated = false;
	nx_lock(&s->seat->mutex);
	if (s->seat->holder == s)
		seat_next(s->seat);
	nx_unlock(&s->seat->mutex);
}

bool
nx_seat_check(struct nx_seat *seat)
{
	bool lost;

	nx_lock(&seat->mutex);
	lost = seat->serving && seat->overdue;
	if (lost)
		seat_next(seat);
	seat->overdue = seat->serving;
	nx_unlock(&seat->mutex);
	return lost;
}

void
nx_seat_close(struct nx_seat *seat)
{
	nx_lock(&seat->mutex);
	seat->closed = true;
	for (struct nx_sitter *s = seat->bench; s != NULL; s = s->below)
		nx_cond_signal(&s->called);
	nx_unlock(&seat->mutex);
}
