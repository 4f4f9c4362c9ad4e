/*
 * seat.h - which of a process's threads waits for the next request.
 *
 * There is one seat.  Who has it waits, and serves what takes microseconds
 * itself: no other thread has to be woken for it.  Before anything longer it
 * hands the seat on, to the thread that came back last, so that few threads
 * and their memory are used where few suffice.  Who has it and does not come
 * back loses it.
 *
 * Lock: the seat's own, under which none other is taken.
 */
#ifndef NX_SRC_WEB_SEAT_H
#define NX_SRC_WEB_SEAT_H

#include "nx/base/err.h"
#include "nx/base/must.h"

struct nx_seat;

/* A thread that may have the seat, from its first take on. */
struct nx_sitter {
	struct nx_seat		*seat;
	pthread_cond_t		 called;	/* it has the seat, or none */
	struct nx_sitter	*below;		/* on the bench */
	bool			 seated;	/* as far as it knows */
};

NX_MUST_USE struct nx_seat	*nx_seat_new(void);	/* NULL: no memory */
void				 nx_seat_free(struct nx_seat *seat);

void	nx_sitter_init(struct nx_sitter *s, struct nx_seat *seat);
void	nx_sitter_destroy(struct nx_sitter *s);		/* not seated */

/* Wait for the seat, or keep it.  False: the seat was closed. */
NX_MUST_USE bool	nx_seat_take(struct nx_sitter *s);

/* Who has the seat has a request to serve, and is to be back soon. */
void	nx_seat_serve(struct nx_sitter *s);

/*
 * Hand the seat on; nothing where `sitter`, a struct nx_sitter of the calling
 * thread, does not have it.  May wait for no more than a lock: what
 * nx_wait_first() takes.
 */
void	nx_seat_hand_on(void *sitter);

/*
 * Called at intervals, from a thread of its own: who serves the same request
 * as at the last call has lost the seat.  True: so it was.
 */
bool	nx_seat_check(struct nx_seat *seat);

/* Nobody waits for it any more. */
void	nx_seat_close(struct nx_seat *seat);

#endif
