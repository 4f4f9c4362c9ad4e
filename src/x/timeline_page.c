/*
 * timeline_page.c - read a page of what an account has posted.
 *
 * What is not said must never look like "it is not there": an answer without
 * posts counts only when X says that there are none.
 */

#include "timeline_page.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/x/id.h"

enum {
	SNOWFLAKE_DIGITS = 15,	/* shorter ids are no snowflakes */
	SNOWFLAKE_BITS = 22,	/* below the time */
};

static const int64_t snowflake_epoch = 1288834974657;	/* ms since 1970 */

/* A member under its new or its old name. */
static struct json_object *
get_either(struct json_object *get(struct json_object *, const char *),
    struct json_object *obj, const char *name, const char *legacy)
{
	struct json_object *v = get(obj, name);

	return v != NULL ? v : get(obj, legacy);
}

static struct json_object *
urls_of(struct json_object *obj)
{
	return nx_json_array(nx_json_object(obj, "entities"), "urls");
}

static size_t
array_length(struct json_object *array)
{
	return array == NULL ? 0 : json_object_array_length(array);
}

static void
add_links(struct json_object *urls, struct nx_arena *arena,
    struct nx_x_entry *out)
{
	for (size_t i = 0; i < array_length(urls); i++) {
		struct json_object *v = json_object_array_get_idx(urls, i);
		const char *shown = nx_json_str(v, "url");

		if (shown == NULL)
			continue;
		out->links[out->nlinks++] = (struct nx_x_link){
			.shown = nx_arena_str(arena, shown),
			.meant = nx_arena_str(arena,
			    nx_json_str(v, "expanded_url")),
		};
	}
}

static const char *
parse_reply_to(struct json_object *post, struct nx_arena *arena)
{
	struct json_object *all = get_either(nx_json_array, post,
	    "referenced_posts", "referenced_tweets");

	for (size_t i = 0; i < array_length(all); i++) {
		struct json_object *v = json_object_array_get_idx(all, i);
		const char *type = nx_json_str(v, "type");
		char space[NX_JSON_ID_ROOM];
		const char *id = nx_json_id(v, "id", space);

		if (type != NULL && strcmp(type, "replied_to") == 0 &&
		    nx_x_id_is_good(id))
			return nx_arena_str(arena, id);
	}
	return NULL;
}

static int64_t
parse_created_at(struct json_object *post, const char *id)
{
	int64_t at;

	if (nx_clock_parse(nx_slice_str(nx_json_str(post, "created_at")),
	    &at) == NX_OK)
		return at;
	if (strlen(id) < SNOWFLAKE_DIGITS)
		return 0;
	return (int64_t)(((strtoull(id, NULL, 10) >> SNOWFLAKE_BITS) +
	    (uint64_t)snowflake_epoch) / 1000);
}

/* Known to stand for something that is no post: its author wrote it. */
static bool
is_written(const struct nx_x_entry *entry, struct nx_slice link)
{
	for (size_t i = 0; i < entry->nlinks; i++)
		if (nx_slice_is(link, entry->links[i].shown))
			return entry->links[i].meant != NULL &&
			    strstr(entry->links[i].meant, "/status/") == NULL;
	return false;
}

/* X cuts with an ellipsis, and mostly puts a link to the post behind it. */
static bool
looks_cut(const struct nx_x_entry *entry)
{
	static const char tco[] = "https://t.co/";
	struct nx_slice text = nx_slice_trim(entry->text, " \n"), rest = text;

	while (rest.n > 0 && nx_is_alnum(rest.p[rest.n - 1]))
		rest.n--;
	if (rest.n < text.n && nx_slice_ends(rest, tco)) {
		rest.n -= sizeof(tco) - 1;
		if (is_written(entry, nx_slice_tail(text, rest.n)))
			return false;
		text = nx_slice_trim(rest, " \n");
	}
	return nx_slice_ends(text, "\xe2\x80\xa6");
}

static bool
read_entry(struct json_object *post, struct nx_arena *arena,
    struct nx_x_entry *out)
{
	struct json_object *note = get_either(nx_json_object, post, "note_post",
	    "note_tweet");
	struct json_object *urls = urls_of(post), *more = urls_of(note);
	char space[NX_JSON_ID_ROOM];
	const char *id = nx_json_id(post, "id", space);
	const char *text = nx_json_str(note, "text");
	const bool noted = text != NULL && *text != '\0';
	bool truncated = false;

	if (!noted)
		text = nx_json_str(post, "text");
	if (!nx_x_id_is_good(id) || text == NULL)
		return false;
	*out = (struct nx_x_entry){
		.id = nx_arena_str(arena, id),
		.text = { nx_arena_str(arena, text), strlen(text) },
		.created_at = parse_created_at(post, id),
		.reply_to = parse_reply_to(post, arena),
		.links = nx_arena_alloc(arena, (array_length(urls) +
		    array_length(more) + 1) * sizeof(*out->links)),
	};
	if (!nx_arena_ok(arena))
		return false;
	add_links(more, arena, out);
	add_links(urls, arena, out);
	(void)nx_json_bool(post, "truncated", &truncated);
	out->is_cut = !noted && (truncated || looks_cut(out));
	return true;
}

static bool
read_entries(struct json_object *data, struct nx_arena *arena,
    struct nx_timeline *out)
{
	size_t n = array_length(data);

	out->entries = nx_arena_alloc(arena, (n + 1) * sizeof(*out->entries));
	if (out->entries == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		out->n += read_entry(json_object_array_get_idx(data, i),
		    arena, &out->entries[out->n]);
	return out->n > 0 || n == 0;
}

/* Is there such a member, whatever it is?  null is nothing. */
static bool
has_member(struct json_object *obj, const char *name)
{
	struct json_object *v = NULL;

	return json_object_object_get_ex(obj, name, &v) && v != NULL;
}

static bool
has_errors(struct json_object *body)
{
	struct json_object *errors = nx_json_array(body, "errors");

	return has_member(body, "errors") &&
	    (errors == NULL || array_length(errors) > 0);
}

/* Where the timeline goes on; false when that is not understood. */
static bool
read_next(struct json_object *body, struct nx_arena *arena, const char **out)
{
	struct json_object *meta = nx_json_object(body, "meta");
	char space[NX_JSON_ID_ROOM];
	const char *token = nx_json_id(meta, "next_token", space);

	if (token == NULL)
		return !has_member(meta, "next_token") &&
		    (meta != NULL || !has_member(body, "meta"));
	if (*token != '\0')
		*out = nx_arena_str(arena, token);
	return true;
}

/* X leaves out what it does not know by name, and says nothing about it. */
static bool
lacks_fields(struct json_object *data)
{
	for (size_t i = 0; i < array_length(data); i++)
		if (has_member(json_object_array_get_idx(data, i),
		    "created_at"))
			return false;
	return array_length(data) > 0;
}

enum nx_class
nx_timeline_page(struct nx_slice text, struct nx_arena *arena,
    struct nx_timeline *out, bool *bare)
{
	struct json_object *body = NULL, *data;
	enum nx_class class = NX_CLASS_RETRY;
	int64_t count = -1;

	if (nx_json_parse_lenient(text, &body) != NX_OK)
		return NX_CLASS_RETRY;
	data = nx_json_array(body, "data");
	(void)nx_json_i64(nx_json_object(body, "meta"), "result_count",
	    &count);
	out->complete = read_next(body, arena, &out->next) &&
	    !has_errors(body) && count <= (int64_t)array_length(data);
	*bare = lacks_fields(data);
	if (array_length(data) == 0 && has_errors(body))
		class = NX_CLASS_REFUSED;
	else if (data != NULL ? read_entries(data, arena, out) :
	    count == 0 && !has_member(body, "data"))
		class = NX_CLASS_DONE;
	out->complete = out->complete && out->n == array_length(data);
	json_object_put(body);
	return nx_arena_ok(arena) ? class : NX_CLASS_RETRY;
}
