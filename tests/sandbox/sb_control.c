/*
 * sb_control.c - what tests ask and tell the sandbox, under /sandbox/.
 */
#include <string.h>

#include "sb_routes.h"
#include "sb_text.h"

static void
refuse(struct sb_call *c, const char *why, const char *what)
{
	struct json_object *o = json_object_new_object();
	struct sb_buf text = { 0 };

	sb_buf_printf(&text, "%s%s", why, what);
	json_object_object_add(o, "error",
	    json_object_new_string(text.data));
	sb_reply_json(c->reply, 400, o);
	sb_buf_free(&text);
}

static void
answer_done(struct sb_call *c)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ok", json_object_new_boolean(true));
	sb_reply_json(c->reply, 200, o);
}

/* The body as an object, the caller's; NULL after it has answered. */
static struct json_object *
need_object(struct sb_call *c)
{
	struct json_object *o = sb_call_json(c);

	if (json_object_is_type(o, json_type_object))
		return o;
	json_object_put(o);
	refuse(c, "the body is not a JSON object", "");
	return NULL;
}

void
sb_control_counts(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_counts_json(c->app->counts));
}

void
sb_control_posts(struct sb_call *c)
{
	struct sb_listing which = { 0 };
	const char *deleted;
	struct sb_form query;

	if (sb_form_read(c->req->query, strlen(c->req->query), &query)) {
		which.author = sb_form_get(&query, "author");
		deleted = sb_form_get(&query, "deleted");
		which.deleted = deleted != NULL && strcmp(deleted, "1") == 0;
		sb_reply_json(c->reply, 200,
		    sb_posts_json(c->app->posts, &which));
	} else {
		refuse(c, "the query is not well formed", "");
	}
	sb_form_free(&query);
}

void
sb_control_grants(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_grants_json(c->app->grants, c->now));
}

void
sb_control_canaries(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_canaries_json(c->app->canaries));
}

void
sb_control_requests(struct sb_call *c)
{
	const char *prefix = NULL;
	struct sb_form query;

	if (sb_form_read(c->req->query, strlen(c->req->query), &query))
		prefix = sb_form_get(&query, "path");
	sb_reply_json(c->reply, 200, sb_journal_json(c->app->journal,
	    prefix == NULL ? "" : prefix));
	sb_form_free(&query);
}

void
sb_control_age(struct sb_call *c)
{
	struct json_object *o = need_object(c), *account, *seconds;

	if (o == NULL)
		return;
	account = json_object_object_get(o, "account");
	seconds = json_object_object_get(o, "seconds");
	if (!json_object_is_type(account, json_type_string) ||
	    !json_object_is_type(seconds, json_type_int)) {
		refuse(c, "age needs an account and seconds", "");
	} else {
		sb_posts_age(c->app->posts, json_object_get_string(account),
		    json_object_get_int64(seconds) * 1000);
		answer_done(c);
	}
	json_object_put(o);
}

void
sb_control_expire(struct sb_call *c)
{
	struct json_object *account = NULL, *o = NULL;

	if (c->req->body.len > 0) {
		o = need_object(c);
		if (o == NULL)
			return;
		account = json_object_object_get(o, "account");
	}
	if (account != NULL && (!json_object_is_type(account,
	    json_type_string) ||
	    !sb_handle_valid(json_object_get_string(account)))) {
		refuse(c, "account is not a handle", "");
	} else {
		sb_grants_expire(c->app->grants, account == NULL ? NULL :
		    json_object_get_string(account), c->now);
		answer_done(c);
	}
	json_object_put(o);
}

void
sb_control_weigh(struct sb_call *c)
{
	struct json_object *o = need_object(c), *text, *urls, *answer;
	struct sb_text t;

	if (o == NULL)
		return;
	text = json_object_object_get(o, "text");
	if (!json_object_is_type(text, json_type_string) || !sb_text_read(
	    json_object_get_string(text),
	    (size_t)json_object_get_string_len(text), &t)) {
		refuse(c, "text is not a text", "");
		json_object_put(o);
		return;
	}
	answer = json_object_new_object();
	urls = json_object_new_array();
	for (size_t i = 0; i < t.mark_count; i++)
		if (t.marks[i].kind == SB_URL)
			json_object_array_add(urls,
			    json_object_new_string_len(
			    t.utf8 + t.marks[i].start,
			    (int)(t.marks[i].end - t.marks[i].start)));
	json_object_object_add(answer, "weighted_length",
	    json_object_new_int64(t.weight));
	json_object_object_add(answer, "urls", urls);
	sb_reply_json(c->reply, 200, answer);
	sb_text_free(&t);
	json_object_put(o);
}

void
sb_control_reset(struct sb_call *c)
{
	struct sb_app *app = c->app;

	sb_faults_clear(app->faults);
	sb_settings_reset(app->settings);
	sb_grants_reset(app->grants);
	sb_posts_reset(app->posts);
	sb_counts_reset(app->counts);
	sb_limits_reset(app->limits);
	sb_media_reset(app->media);
	sb_storage_reset(app->storage);
	sb_journal_reset(app->journal);
	sb_canaries_reset(app->canaries);
	sb_sessions_reset(app->sessions);
	answer_done(c);
}

void
sb_control_fault_add(struct sb_call *c)
{
	struct json_object *o = need_object(c);
	const char *wrong;

	if (o == NULL)
		return;
	wrong = sb_faults_add(c->app->faults, o);
	if (wrong != NULL)
		refuse(c, wrong, "");
	else
		sb_control_fault_list(c);
	json_object_put(o);
}

void
sb_control_fault_list(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_faults_json(c->app->faults));
}

void
sb_control_fault_clear(struct sb_call *c)
{
	sb_faults_clear(c->app->faults);
	answer_done(c);
}

void
sb_control_settings_get(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_settings_json(c->app->settings));
}

void
sb_control_settings_set(struct sb_call *c)
{
	struct json_object *o = need_object(c);
	const char *bad;

	if (o == NULL)
		return;
	bad = sb_settings_change(c->app->settings, o);
	if (bad != NULL)
		refuse(c, "unknown or out of range: ", bad);
	else
		sb_control_settings_get(c);
	json_object_put(o);
}
