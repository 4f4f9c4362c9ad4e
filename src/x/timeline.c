/*
 * timeline.c - read what an account has posted.
 *
 * What is not said must never look like "it is not there": an answer without
 * posts counts only when X says that there are none.
 */

#include "nx/x/timeline.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "call.h"
#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/x/id.h"

enum {
	PAGE = 100,
	SHORT_PAGE = 10,	/* of the longest posts this many fit */
	COPIES = 2,		/* of an answer's bytes, for what is kept */
	SNOWFLAKE_DIGITS = 15,	/* shorter ids are no snowflakes */
	SNOWFLAKE_BITS = 22,	/* below the time */
};

static const int64_t snowflake_epoch = 1288834974657;	/* ms since 1970 */

enum names {
	NEW_NAMES,
	OLD_NAMES,	/* of before 2.167 */
	NO_NAMES,	/* nothing that a server could refuse */
};

/* How it is asked for. */
struct manner {
	bool	old_first;
	int	turn;		/* the first names, the others, none */
	bool	settled;	/* by the page before: fields are as they are */
	int	page;
};

static enum names
names_of(const struct manner *how)
{
	return how->turn == 2 ? NO_NAMES :
	    how->old_first != (how->turn == 1) ? OLD_NAMES : NEW_NAMES;
}

/*
 * What a post answers to is a field in the old names; in the new ones it is an
 * expansion, which brings other posts along and bills them.
 */
static struct manner
first_manner(const struct nx_timeline_ask *ask)
{
	struct manner how = { .page = PAGE, .old_first = ask->parents };

	how.settled = ask->page != NULL && ask->old_names != NULL;
	if (how.settled)
		how.old_first = *ask->old_names;
	return how;
}

static const char *
field_query(enum names names, bool parents)
{
	switch (names) {
	case NEW_NAMES:
		return parents ? "&post.fields=created_at,entities,note_post"
		    "&expansions=referenced_posts" :
		    "&post.fields=created_at,entities,note_post";
	case OLD_NAMES:
		return parents ? "&tweet.fields=created_at,entities,"
		    "note_tweet,referenced_tweets" :
		    "&tweet.fields=created_at,entities,note_tweet";
	case NO_NAMES:
		break;
	}
	return "";
}

static struct nx_x_answer
ask_page(const struct nx_x *x, const char *token,
    const struct nx_timeline_ask *ask, const struct manner *how,
    struct nx_verdict *verdict)
{
	struct nx_buf url = NX_BUF(NX_TIMELINE_URL_MAX);
	struct nx_http_ask request = { .method = "GET", .bearer = token };
	struct nx_x_answer answer;
	const enum names names = names_of(how);
	char start[NX_RFC3339_MAX];

	nx_buf_addf(&url, "%s" NX_X_TIMELINE "?max_results=%d%s",
	    x->conf->api_url, ask->x_user_id, how->page,
	    field_query(names, ask->parents));
	if (ask->since_id != NULL)
		nx_buf_addf(&url, "&since_id=%s", ask->since_id);
	if (ask->start > 0 && names != NO_NAMES) {
		nx_clock_text(ask->start, start);
		nx_buf_adds(&url, "&start_time=");
		nx_buf_add_url(&url, nx_slice_str(start));
	}
	if (ask->page != NULL) {
		nx_buf_adds(&url, "&pagination_token=");
		nx_buf_add_url(&url, nx_slice_str(ask->page));
	}
	if (nx_buf_ok(&url) && nx_x_id_is_good(ask->x_user_id) &&
	    (ask->since_id == NULL || nx_x_id_is_good(ask->since_id)))
		request.url = nx_buf_str(&url);
	nx_x_call(x, NX_ACT_READ, &request, "the address does not fit",
	    &answer, verdict);
	nx_buf_free(&url);
	return answer;
}

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

/*
 * DONE, REFUSED when X names only errors, RETRY when it makes no sense.
 * `bare`: without the fields that were asked for.
 */
static enum nx_class
parse_page(struct nx_slice text, struct nx_arena *arena,
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

static bool
is_too_long(const struct nx_x *x, const struct nx_http_answer *answer)
{
	return answer->error == NX_HTTP_TOO_LONG ||
	    !nx_arena_has(x->arena, COPIES * answer->body.n);
}

/* An answer that does not fit may in shorter pages; true: that is tried. */
static bool
shortens_page(struct manner *how)
{
	const bool was_long = how->page == PAGE;

	how->page = SHORT_PAGE;
	return was_long;
}

/* Names that X may not know are worth others; true: those are tried. */
static bool
changes_names(struct manner *how, const struct nx_verdict *verdict, int status,
    bool bare)
{
	const bool other = verdict->class == NX_CLASS_DONE ?
	    bare && how->turn == 0 && !how->settled :
	    status == 400 && how->turn < 2;

	how->turn += other;
	return other;
}

/* One try; false: it is worth another in the changed manner. */
static bool
try_page(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct manner *how,
    struct nx_timeline *out, struct nx_verdict *verdict)
{
	struct nx_x_answer answer = ask_page(x, access_token, ask, how,
	    verdict);
	bool bare = false, again;

	*out = (struct nx_timeline){ .windows = answer.windows };
	if (is_too_long(x, &answer.http)) {
		nx_verdict_unreadable(NX_ACT_READ, verdict);
		again = shortens_page(how);
	} else {
		if (verdict->class == NX_CLASS_DONE)
			verdict->class = parse_page(answer.http.body,
			    x->arena, out, &bare);
		again = changes_names(how, verdict, answer.http.status, bare);
	}
	nx_x_called(x, NX_ACT_READ, verdict);
	return !again;
}

/* Do what start_time does, for servers that know nothing of it. */
static void
end_at(int64_t start, struct nx_timeline *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->entries[i].created_at == 0 ||
		    out->entries[i].created_at >= start)
			return;
	if (out->n > 0)
		out->next = NULL;
}

void
nx_timeline_read(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct nx_timeline *out,
    struct nx_verdict *verdict)
{
	struct manner how = first_manner(ask);

	*out = (struct nx_timeline){ 0 };
	if (nx_endpoint_is_closed(x->endpoints, NX_ENDPOINT_TIMELINE,
	    nx_clock_wall(), verdict))
		return;
	while (!try_page(x, access_token, ask, &how, out, verdict))
		continue;
	nx_endpoint_heard(x->endpoints, NX_ENDPOINT_TIMELINE, verdict,
	    nx_clock_wall());
	if (verdict->class != NX_CLASS_DONE) {
		*out = (struct nx_timeline){ 0 };
		return;
	}
	end_at(ask->start, out);
	if (ask->old_names != NULL)
		*ask->old_names = names_of(&how) == OLD_NAMES;
}
