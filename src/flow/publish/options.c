/* options.c - a post's options, to JSON and back. */

#include "nx/flow/publish/options.h"

#include <json-c/json.h>

#include "nx/base/json.h"
#include "nx/base/maxima.h"

const char *
nx_options_text(const struct nx_options *o, struct nx_arena *arena)
{
	struct nx_buf json = NX_BUF(NX_OPTIONS_TEXT_MAX);
	struct nx_jw w = { .out = &json };
	char *text = NULL;

	nx_jw_open(&w, NULL, '{');
	if (o->reply_to != NULL)
		nx_jw_str(&w, "reply_to", o->reply_to);
	if (o->quote != NULL)
		nx_jw_str(&w, "quote_tweet_id", o->quote);
	if (o->reply_settings != NULL)
		nx_jw_str(&w, "reply_settings", o->reply_settings);
	nx_poll_write(&w, &o->poll);
	nx_x_marks_write(&w, &o->marks);
	if (o->queue)
		nx_jw_bool(&w, "queue", true);
	if (o->withdraw)
		nx_jw_str(&w, "on_partial", "delete");
	nx_jw_close(&w, '}');
	if (nx_buf_ok(&json))
		text = nx_arena_slice(arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}

/* Absent is fine, another type is not. */
static bool
is_absent(struct json_object *obj, const char *name)
{
	struct json_object *v = NULL;

	(void)json_object_object_get_ex(obj, name, &v);
	return v == NULL;
}

static bool
read_str(struct json_object *obj, const char *name, struct nx_arena *arena,
    const char **out)
{
	const char *s = nx_json_str(obj, name);

	*out = nx_arena_str(arena, s);
	return s != NULL || is_absent(obj, name);
}

static bool
read_bool(struct json_object *obj, const char *name, bool *out)
{
	return nx_json_bool(obj, name, out) || is_absent(obj, name);
}

#define READ_MARK(name)	read_bool(obj, #name, &out->name) &&

static bool
read_marks(struct json_object *obj, struct nx_x_marks *out)
{
	return NX_X_MARKS(READ_MARK) true;
}

static bool
read_poll(struct json_object *obj, struct nx_arena *arena,
    struct nx_options *out)
{
	struct json_object *poll = nx_json_object(obj, "poll");
	struct json_object *all = nx_json_array(poll, "options");
	size_t n = all == NULL ? 0 : json_object_array_length(all);
	int64_t minutes;

	if (poll == NULL)
		return is_absent(obj, "poll");
	if (n < NX_POLL_MIN || n > NX_POLL_MAX ||
	    !nx_json_i64(poll, "duration_minutes", &minutes) ||
	    minutes < 1 || minutes > INT32_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *v = json_object_array_get_idx(all, i);

		if (!json_object_is_type(v, json_type_string))
			return false;
		out->poll.options[i] = nx_arena_str(arena,
		    json_object_get_string(v));
	}
	out->poll.n = (int)n;
	out->poll.minutes = (int)minutes;
	return true;
}

static bool
read_options(struct json_object *obj, struct nx_arena *arena,
    struct nx_options *out)
{
	const char *on_partial = NULL;

	if (!read_str(obj, "reply_to", arena, &out->reply_to) ||
	    !read_str(obj, "quote_tweet_id", arena, &out->quote) ||
	    !read_str(obj, "reply_settings", arena, &out->reply_settings) ||
	    !read_poll(obj, arena, out) ||
	    !read_marks(obj, &out->marks) ||
	    !read_bool(obj, "queue", &out->queue) ||
	    !read_str(obj, "on_partial", arena, &on_partial))
		return false;
	out->withdraw = on_partial != NULL &&
	    strcmp(on_partial, "delete") == 0;
	return nx_arena_ok(arena);
}

enum nx_rc
nx_options_read(const char *text, struct nx_arena *arena,
    struct nx_options *out, struct nx_err *err)
{
	struct json_object *obj = NULL;
	bool good;

	*out = (struct nx_options){ 0 };
	good = nx_json_parse(nx_slice_str(text), &obj, NULL) == NX_OK &&
	    read_options(obj, arena, out);
	json_object_put(obj);
	if (good)
		return NX_OK;
	*out = (struct nx_options){ 0 };
	return nx_fail(err, NX_INTERNAL,
	    "The options that were stored with the post do not read.");
}

enum nx_rc
nx_options_check(const struct nx_options *options, const char *plan,
    struct nx_err *err)
{
	if (options->quote == NULL)
		return NX_OK;
	if (options->poll.n > 0)
		return nx_fail_for(err, NX_INVALID, NX_WHY_POLL_AND_QUOTE,
		    { 0 });
	if (strcmp(plan, "enterprise") == 0)
		return NX_OK;
	return nx_fail(err, NX_QUOTE_REFUSED, "quote_tweet_id: since 20 April"
	    " 2026 X lets only apps on its Enterprise plan quote posts;"
	    " this app is on the plan \"%s\" (TWITTER_PLAN).", plan);
}
