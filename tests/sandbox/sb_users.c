/*
 * sb_users.c - who am I.
 */
#include <string.h>

#include "sb_routes.h"

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static struct json_object *
metrics(void)
{
	static const char *const names[] = { "followers_count",
	    "following_count", "tweet_count", "listed_count", "like_count",
	    "media_count" };
	struct json_object *o = json_object_new_object();

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_object_add(o, names[i], json_object_new_int(0));
	return o;
}

/* The fields that were asked for; X leaves out, silently, those unknown. */
static void
add_fields(struct json_object *o, const char *fields, bool premium)
{
	if (sb_list_has(fields, "subscription_type"))
		add_string(o, "subscription_type",
		    premium ? "Premium" : "None");
	if (sb_list_has(fields, "verified"))
		json_object_object_add(o, "verified",
		    json_object_new_boolean(premium));
	if (sb_list_has(fields, "verified_type"))
		add_string(o, "verified_type", premium ? "blue" : "none");
	if (sb_list_has(fields, "protected"))
		json_object_object_add(o, "protected",
		    json_object_new_boolean(false));
	if (sb_list_has(fields, "created_at"))
		add_string(o, "created_at", "2020-01-01T00:00:00.000Z");
	if (sb_list_has(fields, "description"))
		add_string(o, "description", "");
	if (sb_list_has(fields, "profile_image_url"))
		add_string(o, "profile_image_url", "https://abs.twimg.com/"
		    "sticky/default_profile_images/default_profile_normal.png");
	if (sb_list_has(fields, "public_metrics"))
		json_object_object_add(o, "public_metrics", metrics());
}

void
sb_users_me(struct sb_call *c)
{
	const struct sb_account *me = &c->caller.account;
	struct json_object *o = json_object_new_object();
	struct json_object *data = json_object_new_object();
	struct sb_form query;

	add_string(data, "id", me->id);
	add_string(data, "name", me->handle);
	add_string(data, "username", me->handle);
	if (sb_form_read(c->req->query, strlen(c->req->query), &query))
		add_fields(data, sb_form_get(&query, "user.fields"),
		    sb_handle_premium(me->handle));
	sb_form_free(&query);
	json_object_object_add(o, "data", data);
	sb_reply_json(c->reply, 200, o);
}
