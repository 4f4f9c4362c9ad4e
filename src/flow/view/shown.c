/* shown.c - how a post stands, as it is shown. */

#include "shown.h"

enum nx_post_state
nx_shown_state(const struct nx_stored_post *post)
{
	return post->is_stranded ? NX_POST_STATE_UNKNOWN : post->state;
}

int64_t
nx_shown_due(const struct nx_stored_post *post)
{
	return post->publish_at > post->next_try_at ? post->publish_at :
	    post->next_try_at;
}

struct nx_tally
nx_tally(const struct nx_stored_post *post)
{
	struct nx_tally t = { .missing = post->nparts, .kept = post->nparts };

	for (size_t i = 0; i < post->nparts; i++) {
		const enum nx_part_state state = post->parts[i].state;

		if (state == NX_PART_SENT) {
			t.live++;
			if (post->parts[i].error != NULL)
				t.kept = i;
		} else if (state == NX_PART_DELETED)
			t.deleted++;
		else if (t.missing == post->nparts)
			t.missing = i;
	}
	return t;
}

unsigned int
nx_shown_can(const struct nx_stored_post *post)
{
	const struct nx_tally t = nx_tally(post);
	const bool goes_on = post->goal == NX_GOAL_SEND && t.deleted == 0 &&
	    !post->is_superseded;
	const unsigned int resume = post->is_cut_off ? 0 : NX_CAN_RESUME;

	switch (nx_shown_state(post)) {
	case NX_POST_STATE_QUEUED:
		return t.live > 0 ? NX_CAN_DELETE : NX_CAN_CANCEL;
	case NX_POST_STATE_UNKNOWN:
		return post->goal == NX_GOAL_SEND ? resume | NX_CAN_DELETE :
		    resume;
	case NX_POST_STATE_PARTIAL:
		return goes_on ? resume | NX_CAN_DELETE : NX_CAN_DELETE;
	case NX_POST_STATE_FAILED:
		return goes_on ? resume : 0;
	case NX_POST_STATE_SENT:
		return NX_CAN_DELETE;
	default:
		return 0;
	}
}
