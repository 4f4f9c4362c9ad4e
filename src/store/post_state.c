/* post_state.c - names of states and goals, and back. */

#include "nx/store/post_state.h"

#include <stddef.h>
#include <string.h>

static const char *const state_names[NX_POST_NSTATES] = {
#define NX_ONE(name, text, meaning) [NX_POST_STATE_##name] = text,
	NX_POST_STATES(NX_ONE)
#undef NX_ONE
	[NX_POST_STATE_NONE] = "",
	[NX_POST_STATE_DRY_RUN] = "dry_run",
};

static const char *const part_names[NX_PART_NSTATES] = {
#define NX_ONE(name, text, meaning) [NX_PART_##name] = text,
	NX_PART_STATES(NX_ONE)
#undef NX_ONE
	[NX_PART_NONE] = "",
	[NX_PART_DRY_RUN] = "dry_run",
};

static const char *const goal_names[NX_NGOALS] = {
#define NX_ONE(name, text, meaning) [NX_GOAL_##name] = text,
	NX_GOALS(NX_ONE)
#undef NX_ONE
};

const char *
nx_post_state_name(enum nx_post_state state)
{
	return state_names[state];
}

const char *
nx_part_state_name(enum nx_part_state state)
{
	return part_names[state];
}

const char *
nx_goal_name(enum nx_goal goal)
{
	return goal_names[goal];
}

/* The index of `name` in a table; 0 when it is not there. */
static int
index_of(const char *const *names, int n, const char *name)
{
	for (int i = n - 1; name != NULL && i > 0; i--) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

enum nx_post_state
nx_post_state_of(const char *name)
{
	return (enum nx_post_state)index_of(state_names, NX_POST_NSTATES, name);
}

enum nx_part_state
nx_part_state_of(const char *name)
{
	return (enum nx_part_state)index_of(part_names, NX_PART_NSTATES, name);
}

enum nx_goal
nx_goal_of(const char *name)
{
	return (enum nx_goal)index_of(goal_names, NX_NGOALS, name);
}
