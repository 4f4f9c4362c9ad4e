/*
 * post_state.h - the states of a post and of its parts, and what is to become
 * of it: one table each, with the names that SQL and JSON have for them.
 * Everything between those two edges has the enums.  Pure; any thread.
 */
#ifndef NX_STORE_POST_STATE_H
#define NX_STORE_POST_STATE_H

/* X(enum, name, meaning).  As the CHECKs of x_posts and x_parts (sql/). */
#define NX_POST_STATES(X) \
X(QUEUED,	"queued",	"the worker's, from next_try_at on") \
X(SENDING,	"sending",	"whoever's lease it is sends it") \
X(SENT,		"sent",		"all of it is live") \
X(PARTIAL,	"partial",	"some of it is live, some is not") \
X(FAILED,	"failed",	"nothing of it is live") \
X(UNKNOWN,	"unknown",	"nobody knows of one part whether X has it") \
X(DELETED,	"deleted",	"it was live, and is not any more") \
X(CANCELLED,	"cancelled",	"never sent, by its owner's wish")

#define NX_PART_STATES(X) \
X(WAITING,	"waiting",	"it has not left") \
X(SENDING,	"sending",	"it is on its way to X") \
X(SENT,		"sent",		"X has it, and we have X's id") \
X(FAILED,	"failed",	"X has it not") \
X(UNKNOWN,	"unknown",	"X may have it") \
X(DELETED,	"deleted",	"X had it")

/* What is to become of a post. */
#define NX_GOALS(X) \
X(SEND,		"send",		"it is to be live") \
X(DELETE,	"delete",	"its owner wants it gone") \
X(WITHDRAW,	"withdraw",	"it broke, and nothing of it shall stay")

/* NONE: not known here: nothing was read, or a newer version wrote it. */
enum nx_post_state {
	NX_POST_STATE_NONE,
#define NX_ONE(name, text, meaning) NX_POST_STATE_##name,
	NX_POST_STATES(NX_ONE)
#undef NX_ONE
	NX_POST_STATE_DRY_RUN,	/* shown, never stored */
	NX_POST_NSTATES
};

enum nx_part_state {
	NX_PART_NONE,
#define NX_ONE(name, text, meaning) NX_PART_##name,
	NX_PART_STATES(NX_ONE)
#undef NX_ONE
	NX_PART_DRY_RUN,
	NX_PART_NSTATES
};

enum nx_goal {
#define NX_ONE(name, text, meaning) NX_GOAL_##name,
	NX_GOALS(NX_ONE)
#undef NX_ONE
	NX_NGOALS
};

/* Static texts; "" for NONE. */
const char	*nx_post_state_name(enum nx_post_state state);
const char	*nx_part_state_name(enum nx_part_state state);
const char	*nx_goal_name(enum nx_goal goal);

/* NONE for what is none; NULL too. */
enum nx_post_state	nx_post_state_of(const char *name);
enum nx_part_state	nx_part_state_of(const char *name);

/* SEND for what is none. */
enum nx_goal		nx_goal_of(const char *name);

#endif
