/*
 * sb_draft.h - the body of POST /2/tweets, read as strictly as X reads it.
 */
#ifndef SB_DRAFT_H
#define SB_DRAFT_H

#include "sb_call.h"

struct sb_draft {
	struct json_object *body;	/* what the rest points into */
	const char	*text;		/* "" when absent */
	size_t		 text_len;
	const char	*reply_settings;
	uint64_t	 reply_to;	/* 0 for none */
	uint64_t	 quoted;	/* 0 for none */
	struct json_object *media_ids;	/* array, NULL for none */
	struct json_object *poll;	/* NULL for none */
	bool		 made_with_ai;
	bool		 paid_partnership;
};

/* False after it has answered.  Free the draft in either case. */
bool	sb_draft_read(struct sb_call *c, struct sb_draft *out);
void	sb_draft_free(struct sb_draft *d);

#endif
