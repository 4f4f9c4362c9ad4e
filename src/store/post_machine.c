/* post_machine.c - a step of the post's state machine. */

#include "nx/store/post_machine.h"

#include "nx/base/must.h"
#include "machine_rows.h"

/* In a row: whatever it is, or as it was. */
enum { GOAL_ANY = NX_NGOALS, GOAL_SAME = NX_NGOALS };
enum { STATE_SAME = NX_POST_STATE_NONE, PART_SAME = NX_PART_NONE };
#define NX_GOAL_ANY GOAL_ANY
#define NX_GOAL_SAME GOAL_SAME
#define NX_POST_STATE_SAME STATE_SAME
#define NX_PART_SAME PART_SAME

enum where { ANY, FIRST, LATER, LAST, MORE };
enum cond { ALWAYS, ATTENDED, WITHDRAWS, DECIDED };
enum key { KEPT, RELEASED };
enum lease { GIVEN, HELD };

static const struct rule {
	unsigned char	event, goal, where, cond;
	unsigned char	part, post, to, next, key, lease;
} rules[] = {
#define NX_ONE(event, goal, where, cond, part, post, to, next, key, lease) \
	{ NX_EVENT_##event, NX_GOAL_##goal, where, cond, NX_PART_##part, \
	    NX_POST_STATE_##post, NX_GOAL_##to, NX_TRY_##next, key, lease },
	NX_POST_RULES(NX_ONE)
#undef NX_ONE
};

enum { NRULES = sizeof(rules) / sizeof(rules[0]) };

static bool
is_where(enum where where, const struct nx_post_turn *turn)
{
	switch (where) {
	case FIRST:
		return turn->first;
	case LATER:
		return !turn->first;
	case LAST:
		return turn->last;
	case MORE:
		return !turn->last;
	case ANY:
		break;
	}
	return true;
}

static bool
cond_holds(enum cond cond, const struct nx_post_turn *turn)
{
	switch (cond) {
	case ATTENDED:
		return turn->attended;
	case WITHDRAWS:
		return turn->withdraws;
	case DECIDED:
		return turn->decided;
	case ALWAYS:
		break;
	}
	return true;
}

/* Every event ends with a row that always fits. */
int
nx_post_rule(const struct nx_post_turn *turn)
{
	int i = 0;

	while (i < NRULES && (rules[i].event != turn->event ||
	    (rules[i].goal != GOAL_ANY && rules[i].goal != turn->goal) ||
	    !is_where(rules[i].where, turn) ||
	    !cond_holds(rules[i].cond, turn)))
		i++;
	assert(i < NRULES);
	return i;
}

struct nx_post_step
nx_post_step(const struct nx_post_turn *turn)
{
	const struct rule *rule = &rules[nx_post_rule(turn)];

	return (struct nx_post_step){
		.part = rule->part,
		.post = rule->post == STATE_SAME ? turn->state : rule->post,
		.goal = rule->to == GOAL_SAME ? turn->goal : rule->to,
		.next = rule->next,
		.releases_key = rule->key == RELEASED,
		.keeps_lease = rule->lease == HELD,
	};
}

bool
nx_post_rests(enum nx_post_state state)
{
	return state != NX_POST_STATE_QUEUED &&
	    state != NX_POST_STATE_SENDING && state != NX_POST_STATE_UNKNOWN;
}
