#include "sb_fields.h"

#include <string.h>

bool
sb_list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, name, len) == 0)
			return true;
		list += n;
		list += *list == ',';
	}
	return false;
}

void
sb_fields_read(const struct sb_form *query, struct sb_fields *out)
{
	const char *tweet = sb_form_get(query, "tweet.fields");
	const char *post = sb_form_get(query, "post.fields");
	const char *expansions = sb_form_get(query, "expansions");
	const char *list, *refs;

	*out = (struct sb_fields){ .legacy = tweet != NULL || post == NULL };
	list = out->legacy ? tweet : post;
	/* These are fields in the old names, expansions in the new. */
	refs = out->legacy ? tweet : expansions;
	out->author_id = sb_list_has(refs, "author_id") ||
	    sb_list_has(expansions, "author_id");
	out->in_reply_to = sb_list_has(refs, "in_reply_to_user_id");
	out->referenced = sb_list_has(refs,
	    out->legacy ? "referenced_tweets" : "referenced_posts");
	out->history = out->legacy ||
	    sb_list_has(refs, "edit_history_post_ids");
	out->conversation_id = sb_list_has(list, "conversation_id");
	out->created_at = sb_list_has(list, "created_at");
	out->entities = sb_list_has(list, "entities");
	out->note = sb_list_has(list,
	    out->legacy ? "note_tweet" : "note_post");
	out->paid_partnership = sb_list_has(list, "paid_partnership");
	out->metrics = sb_list_has(list, "public_metrics");
	out->reply_settings = sb_list_has(list, "reply_settings");
}
