#include "sb_draft.h"

#include <string.h>
#include <unicode/utf8.h>

struct member {
	const char	*name;
	enum json_type	 type;
};

static const struct member post_members[] = {
	{ "text", json_type_string },
	{ "media", json_type_object },
	{ "poll", json_type_object },
	{ "reply", json_type_object },
	{ "quote_tweet_id", json_type_string },
	{ "reply_settings", json_type_string },
	{ "geo", json_type_object },
	{ "for_super_followers_only", json_type_boolean },
	{ "nullcast", json_type_boolean },
	{ "share_with_followers", json_type_boolean },
	{ "made_with_ai", json_type_boolean },
	{ "paid_partnership", json_type_boolean },
	{ "community_id", json_type_string },
	{ "card_uri", json_type_string },
	{ "direct_message_deep_link", json_type_string },
	{ "edit_options", json_type_object },
	{ NULL, json_type_null },
};

static const struct member media_members[] = {
	{ "media_ids", json_type_array },
	{ "tagged_user_ids", json_type_array },
	{ "title", json_type_string },
	{ "description", json_type_string },
	{ "embeddable", json_type_boolean },
	{ "preview_media_id", json_type_string },
	{ "call_to_actions", json_type_object },
	{ NULL, json_type_null },
};

static const struct member poll_members[] = {
	{ "options", json_type_array },
	{ "duration_minutes", json_type_int },
	{ "reply_settings", json_type_string },
	{ NULL, json_type_null },
};

static const struct member reply_members[] = {
	{ "in_reply_to_tweet_id", json_type_string },
	{ "exclude_reply_user_ids", json_type_array },
	{ "auto_populate_reply_metadata", json_type_boolean },
	{ NULL, json_type_null },
};

static const struct member geo_members[] = {
	{ "place_id", json_type_string },
	{ NULL, json_type_null },
};

static bool
refuse(struct sb_call *c, const char *path, const char *name,
    const char *what)
{
	struct sb_buf message = { 0 };

	sb_buf_printf(&message, "%s.%s: %s", path, name, what);
	sb_invalid(c, NULL, NULL, message.data);
	sb_buf_free(&message);
	return false;
}

/* Every member is known and of its type; false after it has answered. */
static bool
known(struct sb_call *c, struct json_object *o, const char *path,
    const struct member *members)
{
	json_object_object_foreach(o, name, value) {
		const struct member *m = members;

		while (m->name != NULL && strcmp(m->name, name) != 0)
			m++;
		if (m->name == NULL)
			return refuse(c, path, name, "is not defined in the "
			    "schema and the schema does not allow additional "
			    "properties");
		if (!json_object_is_type(value, m->type))
			return refuse(c, path, name, "is of the wrong type");
	}
	return true;
}

static struct json_object *
member_of(struct json_object *o, const char *name)
{
	return o == NULL ? NULL : json_object_object_get(o, name);
}

static bool
read_id(struct sb_call *c, const char *path, const char *name,
    struct json_object *value, uint64_t *out)
{
	*out = value == NULL ? 0 : sb_post_id(json_object_get_string(value));
	return *out != 0 || refuse(c, path, name,
	    "does not match the regex pattern ^[0-9]{1,19}$");
}

static bool
check_ids(struct sb_call *c, const char *path, const char *name,
    struct json_object *list, size_t max)
{
	size_t n = json_object_array_length(list);
	uint64_t id;

	if (n > max)
		return refuse(c, path, name, "has too many items");
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = json_object_array_get_idx(list, i);

		if (!json_object_is_type(value, json_type_string))
			return refuse(c, path, name, "is of the wrong type");
		if (!read_id(c, path, name, value, &id))
			return false;
	}
	return true;
}

static bool
check_media(struct sb_call *c, struct json_object *media,
    struct sb_draft *out)
{
	struct json_object *tagged = member_of(media, "tagged_user_ids");

	if (media == NULL)
		return true;
	if (!known(c, media, "$.media", media_members))
		return false;
	out->media_ids = member_of(media, "media_ids");
	if (out->media_ids == NULL ||
	    json_object_array_length(out->media_ids) == 0)
		return refuse(c, "$.media", "media_ids", "is missing");
	return check_ids(c, "$.media", "media_ids", out->media_ids, 4) &&
	    (tagged == NULL ||
	    check_ids(c, "$.media", "tagged_user_ids", tagged, 10));
}

static size_t
characters(struct json_object *text)
{
	const char *s = json_object_get_string(text);
	int32_t len = json_object_get_string_len(text), i = 0;
	size_t n = 0;

	while (i < len) {
		U8_FWD_1(s, i, len);
		n++;
	}
	return n;
}

static bool
check_poll(struct sb_call *c, struct json_object *poll)
{
	struct json_object *options = member_of(poll, "options"), *option;
	struct json_object *minutes = member_of(poll, "duration_minutes");
	size_t n, len;

	if (poll == NULL)
		return true;
	if (!known(c, poll, "$.poll", poll_members))
		return false;
	n = options == NULL ? 0 : json_object_array_length(options);
	if (n < 2 || n > 4)
		return refuse(c, "$.poll", "options", "must have 2 to 4 items");
	for (size_t i = 0; i < n; i++) {
		option = json_object_array_get_idx(options, i);
		if (!json_object_is_type(option, json_type_string))
			return refuse(c, "$.poll", "options",
			    "is of the wrong type");
		len = characters(option);
		if (len < 1 || len > 25)
			return refuse(c, "$.poll", "options",
			    "must be 1 to 25 characters long");
	}
	if (minutes == NULL || json_object_get_int64(minutes) < 5 ||
	    json_object_get_int64(minutes) > 10080)
		return refuse(c, "$.poll", "duration_minutes",
		    "must be between 5 and 10080");
	return true;
}

static bool
check_reply(struct sb_call *c, struct json_object *reply,
    struct sb_draft *out)
{
	struct json_object *others = member_of(reply,
	    "exclude_reply_user_ids");

	if (reply == NULL)
		return true;
	return known(c, reply, "$.reply", reply_members) &&
	    read_id(c, "$.reply", "in_reply_to_tweet_id",
	    member_of(reply, "in_reply_to_tweet_id"), &out->reply_to) &&
	    (others == NULL || check_ids(c, "$.reply",
	    "exclude_reply_user_ids", others, 100));
}

static bool
check_reply_settings(struct sb_call *c, struct sb_draft *d)
{
	static const char *const values[] = { "following",
	    "mentionedUsers", "subscribers", "verified" };
	struct json_object *o = member_of(d->body, "reply_settings");

	d->reply_settings = "everyone";
	if (o == NULL)
		return true;
	d->reply_settings = json_object_get_string(o);
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (strcmp(values[i], d->reply_settings) == 0)
			return true;
	return refuse(c, "$", "reply_settings", "does not have a value in "
	    "the enumeration [following, mentionedUsers, subscribers, "
	    "verified]");
}

static bool
check_exclusive(struct sb_call *c, struct json_object *body)
{
	static const char *const names[] = { "poll", "quote_tweet_id",
	    "direct_message_deep_link", "media", "card_uri" };
	int n = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		n += member_of(body, names[i]) != NULL;
	if (n > 1)
		sb_invalid(c, NULL, NULL, "You can only provide one of poll "
		    "or quote_tweet_id or direct_message_deep_link or media "
		    "or card_uri.");
	return n <= 1;
}

/* What only other kinds of account or app may do. */
static bool
check_permitted(struct sb_call *c, struct json_object *body)
{
	if (member_of(body, "edit_options") == NULL &&
	    member_of(body, "community_id") == NULL &&
	    member_of(body, "card_uri") == NULL)
		return true;
	sb_forbidden(c, "You are not permitted to perform this action.");
	return false;
}

static bool
check_geo(struct sb_call *c, struct json_object *geo)
{
	if (geo == NULL)
		return true;
	if (!known(c, geo, "$.geo", geo_members))
		return false;
	return member_of(geo, "place_id") != NULL ||
	    refuse(c, "$.geo", "place_id", "is missing");
}

bool
sb_draft_read(struct sb_call *c, struct sb_draft *out)
{
	struct json_object *text, *quoted;

	*out = (struct sb_draft){ .body = sb_call_json(c) };
	if (!sb_request_is(c->req, "application/json") || out->body == NULL) {
		sb_invalid(c, NULL, NULL, "Request body is not valid JSON.");
		return false;
	}
	if (!json_object_is_type(out->body, json_type_object)) {
		sb_invalid(c, NULL, NULL,
		    "Request body must be a JSON object.");
		return false;
	}
	if (!known(c, out->body, "$", post_members) ||
	    !check_exclusive(c, out->body) ||
	    !check_media(c, member_of(out->body, "media"), out) ||
	    !check_poll(c, member_of(out->body, "poll")) ||
	    !check_reply(c, member_of(out->body, "reply"), out) ||
	    !check_geo(c, member_of(out->body, "geo")) ||
	    !check_reply_settings(c, out))
		return false;
	quoted = member_of(out->body, "quote_tweet_id");
	if (quoted != NULL &&
	    !read_id(c, "$", "quote_tweet_id", quoted, &out->quoted))
		return false;
	out->poll = member_of(out->body, "poll");
	out->made_with_ai = json_object_get_boolean(
	    member_of(out->body, "made_with_ai"));
	out->paid_partnership = json_object_get_boolean(
	    member_of(out->body, "paid_partnership"));
	text = member_of(out->body, "text");
	out->text = text == NULL ? "" : json_object_get_string(text);
	out->text_len = text == NULL ? 0 :
	    (size_t)json_object_get_string_len(text);
	return check_permitted(c, out->body);
}

void
sb_draft_free(struct sb_draft *d)
{
	json_object_put(d->body);
}
