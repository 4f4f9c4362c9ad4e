/*
 * post_machine.h - what becomes of a post when something has become of one of
 * its parts: one step of the table in machine_rows.h, drawn in
 * docs/state-machine.md.  Pure; any thread.
 */
#ifndef NX_STORE_POST_MACHINE_H
#define NX_STORE_POST_MACHINE_H

#include <stdbool.h>

#include "nx/store/post_state.h"

/* X(event, while, what has happened): while it is SENT, FOUND or REMOVED. */
#define NX_POST_EVENTS(X) \
X(ACCEPTED,	EITHER,	"X has the part, and we have its id") \
X(LOST,		SENT,	"X may have it: the answer was lost") \
X(LIMITED,	SENT,	"X's limit is reached, and the post stands in line") \
X(DEFERRED,	SENT,	"trouble that passes") \
X(REFUSED,	SENT,	"trouble that does not, or has lasted too long") \
X(ABSENT,	FOUND,	"enough quiet, and X's timeline does not show it") \
X(TOO_EARLY,	FOUND,	"not in the timeline, but it may still come") \
X(UNSEEN,	FOUND,	"looked for in vain, and a doubt is left") \
X(ABANDONED,	FOUND,	"the same, for too long") \
X(REMOVED,	REMOVED, "X has deleted the part") \
X(DELAYED,	REMOVED, "X has not, for a reason that passes") \
X(RETAINED,	REMOVED, "X has not, and does not") \
X(HANDED_OVER,	SENT,	"no time to send it: the worker does") \
X(INTERRUPTED,	REMOVED, "no time to delete it: the worker does") \
X(EMPTY,	REMOVED, "no part is left to be deleted")

enum nx_post_event {
#define NX_ONE(name, phase, text) NX_EVENT_##name,
	NX_POST_EVENTS(NX_ONE)
#undef NX_ONE
	NX_POST_NEVENTS
};

struct nx_post_turn {
	enum nx_post_event	event;
	enum nx_post_state	state;	/* of the post, before */
	enum nx_goal		goal;	/* the same */
	bool			first;	/* it is the first part of its post */
	bool			last;	/* no other is to follow */
	bool			attended;	/* somebody waits */
	bool			withdraws;	/* on_partial: delete */
	bool			decided;	/* X said no to this post */
};

enum nx_next_try {
	NX_TRY_NEVER,		/* by itself */
	NX_TRY_NOW,
	NX_TRY_LOOK,		/* when X's timeline can show it */
	NX_TRY_WAIT,		/* when the trouble may have passed */
};

struct nx_post_step {
	enum nx_part_state	part;	/* NONE: none has changed */
	enum nx_post_state	post;
	enum nx_goal		goal;
	enum nx_next_try	next;
	bool			releases_key;
	bool			keeps_lease;
};

struct nx_post_step	nx_post_step(const struct nx_post_turn *turn);

/* The row of the table that nx_post_step() reads, for the test of it. */
int	nx_post_rule(const struct nx_post_turn *turn);

/*
 * Does nothing become of it by itself (x_tell_post() tells of a post that
 * comes to rest)?  Not of QUEUED, SENDING and UNKNOWN.
 */
bool	nx_post_rests(enum nx_post_state state);

#endif
