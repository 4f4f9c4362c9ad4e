/*
 * sb_fields.h - which members of a post a caller asked for, in either of X's
 * two vocabularies.  Pure.
 */
#ifndef SB_FIELDS_H
#define SB_FIELDS_H

#include <stdbool.h>

#include "sb_http.h"

struct sb_fields {
	bool	legacy;			/* tweet.fields' names, else post's */
	bool	author_id;
	bool	conversation_id;
	bool	created_at;
	bool	entities;
	bool	history;		/* edit_history_{tweet,post}_ids */
	bool	in_reply_to;
	bool	metrics;		/* public_metrics */
	bool	note;			/* note_{tweet,post} */
	bool	paid_partnership;
	bool	referenced;		/* referenced_{tweets,posts} */
	bool	reply_settings;
};

/* From tweet.fields, post.fields and expansions; unknown names are ignored. */
void	sb_fields_read(const struct sb_form *query, struct sb_fields *out);
/* The name is in the list, which is separated by commas. */
bool	sb_list_has(const char *list, const char *name);

#endif
