/*
 * sb_tweets.c - creating and deleting posts.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sb_draft.h"
#include "sb_routes.h"
#include "sb_text.h"

enum { PREMIUM_WEIGHT_MAX = 25000 };

/* False after it has answered. */
static bool
check_text(struct sb_call *c, const struct sb_draft *d,
    const struct sb_text *t)
{
	bool premium = sb_handle_premium(c->caller.account.handle);

	if (strlen(t->utf8) != t->len || t->forbidden) {
		sb_invalid(c, NULL, NULL,
		    "Your Tweet text contains invalid characters.");
		return false;
	}
	if (t->blank && d->media_ids == NULL) {
		sb_invalid(c, NULL, NULL,
		    "Please include either text or media in your Tweet.");
		return false;
	}
	if (t->weight > (premium ? PREMIUM_WEIGHT_MAX : SB_WEIGHT_MAX)) {
		sb_forbidden(c, "Your Tweet text is too long. For more "
		    "information on how Twitter determines text length see "
		    "https://github.com/twitter/twitter-text.");
		return false;
	}
	if (t->cashtags > 1 && !c->settings.enterprise) {
		sb_forbidden(c,
		    "Posts are limited to a maximum of one cashtag");
		return false;
	}
	if (d->media_ids != NULL && !sb_media_attachable(c->app->media,
	    d->media_ids, c->caller.account.id, c->now)) {
		sb_invalid(c, "media.media_ids", json_object_get_string(
		    json_object_array_get_idx(d->media_ids, 0)),
		    "Your media IDs are invalid.");
		return false;
	}
	return true;
}

static void
refuse(struct sb_call *c, enum sb_post_rc rc)
{
	static const char not_authorized[] = "https://api.twitter.com/2/"
	    "problems/not-authorized-for-resource";

	switch (rc) {
	case SB_DUPLICATE:
		sb_forbidden(c, "You are not allowed to create a Tweet with "
		    "duplicate content.");
		break;
	case SB_REPLY_FORBIDDEN:
		sb_problem(c, 403, "Forbidden", "You can only reply to or "
		    "quote posts where you are mentioned or are the author.",
		    not_authorized);
		break;
	case SB_REPLY_GONE:
		sb_forbidden(c, "You attempted to reply to a Tweet that is "
		    "deleted or not visible to you.");
		break;
	case SB_QUOTE_FORBIDDEN:
		sb_problem(c, 403, "Forbidden", "Quoting this post is not "
		    "allowed because you have not been mentioned or are not "
		    "part of the conversation thread of the post you are "
		    "quoting.", not_authorized);
		break;
	default:
		sb_forbidden(c, "You attempted to quote a Tweet that is "
		    "deleted or not visible to you.");
	}
}

static void
answer(struct sb_call *c, uint64_t id, struct json_object *shown)
{
	struct json_object *o = json_object_new_object();
	struct json_object *data = json_object_new_object();
	struct json_object *history = json_object_new_array();
	char text[SB_ID_SIZE];

	snprintf(text, sizeof text, "%" PRIu64, id);
	json_object_object_add(data, "id", json_object_new_string(text));
	json_object_object_add(data, "text", shown);
	json_object_array_add(history, json_object_new_string(text));
	json_object_object_add(data, "edit_history_tweet_ids", history);
	json_object_object_add(o, "data", data);
	sb_reply_json(c->reply, 201, o);
}

/* What makes two posts the same: the text, and what it shows. */
static void
digest_of(const struct sb_text *t, const char *media_ids,
    char out[SB_HEX256_SIZE])
{
	struct sb_buf both = { 0 };

	sb_buf_add(&both, t->utf8 + t->from, t->to - t->from);
	if (media_ids != NULL)
		sb_buf_puts(&both, media_ids);
	sb_sha256_hex(both.data == NULL ? "" : both.data, both.len, out);
	sb_buf_free(&both);
}

static void
create(struct sb_call *c, const struct sb_draft *d, const struct sb_text *t)
{
	struct sb_new_post post = {
		.id = sb_posts_next_id(c->app->posts, c->now),
		.author = &c->caller.account,
		.text = d->text,
		.reply_settings = d->reply_settings,
		.poll = d->poll == NULL ? NULL : json_object_to_json_string(
		    d->poll),
		.media_ids = d->media_ids == NULL ? NULL :
		    json_object_to_json_string(d->media_ids),
		.reply_to = d->reply_to,
		.quoted = d->quoted,
		.made_with_ai = d->made_with_ai,
		.paid_partnership = d->paid_partnership,
		.enterprise = c->settings.enterprise,
		.reply_lag = c->settings.reply_lag_ms,
		.now = c->now,
	};
	char digest[SB_HEX256_SIZE];
	struct json_object *shown;
	enum sb_post_rc rc;

	digest_of(t, post.media_ids, digest);
	post.digest = digest;
	post.shown = sb_show(t, post.id, c->settings.tco);
	if (post.media_ids != NULL)
		sb_shown_media(post.shown, post.author->handle, post.id);
	shown = json_object_new_string(post.shown->brief != NULL ?
	    post.shown->brief->text : post.shown->text);
	rc = sb_posts_add(c->app->posts, &post);
	if (rc == SB_POSTED) {
		sb_counts_add(c->app->counts, SB_POSTS_CREATED, 1);
		answer(c, post.id, shown);
	} else {
		json_object_put(shown);
		refuse(c, rc);
	}
}

void
sb_tweets_create(struct sb_call *c)
{
	struct sb_draft draft;
	struct sb_text text;

	if (sb_draft_read(c, &draft)) {
		if (!sb_text_read(draft.text, draft.text_len, &text)) {
			sb_invalid(c, NULL, NULL,
			    "Your Tweet text contains invalid characters.");
		} else {
			if (check_text(c, &draft, &text))
				create(c, &draft, &text);
			sb_text_free(&text);
		}
	}
	sb_draft_free(&draft);
}

void
sb_tweets_delete(struct sb_call *c)
{
	uint64_t id = sb_post_id(c->id);
	struct json_object *o, *data;

	if (id == 0) {
		sb_invalid(c, "id", c->id,
		    "The `id` query parameter value is not valid");
		return;
	}
	switch (sb_posts_delete(c->app->posts, id, c->caller.account.id)) {
	case SB_POSTED:
		sb_counts_add(c->app->counts, SB_POSTS_DELETED, 1);
		o = json_object_new_object();
		data = json_object_new_object();
		json_object_object_add(data, "deleted",
		    json_object_new_boolean(true));
		json_object_object_add(o, "data", data);
		sb_reply_json(c->reply, 200, o);
		break;
	case SB_NOT_OWN:
		sb_forbidden(c, "You are not authorized to delete this Tweet.");
		break;
	default:
		sb_problem(c, 404, "Not Found Error",
		    "Could not find tweet with id.", "https://api.twitter.com"
		    "/2/problems/resource-not-found");
	}
}
