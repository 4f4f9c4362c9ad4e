/*
 * timeline.c - read what an account has posted.
 *
 * What is not said must never look like "it is not there": an answer without
 * posts counts only when X says that there are none.
 */

#include "nx/x/timeline.h"

#include <json-c/json.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/x/id.h"

enum {
	PAGE = 100,
	SHORT_PAGE = 10,	/* of the longest posts this many fit */
	URL_MAX = 2048,
	COPIES = 2,		/* of an answer's bytes, for what is kept */
};

/* How it is asked for. */
struct manner {
	bool	legacy;		/* in the names of before 2.167 */
	int	page;
};

static struct nx_http_answer
ask_x(const struct nx_x *x, const char *token,
    const struct nx_timeline_ask *ask, struct manner how)
{
	struct nx_http_answer answer = { .outcome = NX_HTTP_NOT_SENT,
	    .why = "the address does not fit" };
	struct nx_buf url = NX_BUF(URL_MAX);
	struct nx_http_ask request = { .method = "GET", .bearer = token,
	    .deadline = x->deadline };
	char start[NX_RFC3339_MAX];

	nx_buf_addf(&url, "%s/2/users/%s/tweets?max_results=%d&%s",
	    x->conf->api_url, ask->x_user_id, how.page, how.legacy ?
	    "tweet.fields=created_at,entities,note_tweet" :
	    "post.fields=created_at,entities,note_post");
	if (ask->since_id != NULL)
		nx_buf_addf(&url, "&since_id=%s", ask->since_id);
	if (ask->start > 0) {
		nx_clock_text(ask->start, start);
		nx_buf_adds(&url, "&start_time=");
		nx_buf_add_url(&url, nx_slice_str(start));
	}
	if (ask->page != NULL) {
		nx_buf_adds(&url, "&pagination_token=");
		nx_buf_add_url(&url, nx_slice_str(ask->page));
	}
	if (nx_buf_ok(&url) && nx_x_id_is_good(ask->x_user_id) &&
	    (ask->since_id == NULL || nx_x_id_is_good(ask->since_id))) {
		request.url = nx_buf_str(&url);
		nx_http_do(x->http, &request, &answer);
	}
	nx_buf_free(&url);
	return answer;
}

/* A member under its new or its old name. */
static struct json_object *
either(struct json_object *get(struct json_object *, const char *),
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
length(struct json_object *array)
{
	return array == NULL ? 0 : json_object_array_length(array);
}

static void
add_links(struct json_object *urls, struct nx_arena *arena,
    struct nx_x_entry *out)
{
	for (size_t i = 0; i < length(urls); i++) {
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
replied_to(struct json_object *post, struct nx_arena *arena)
{
	struct json_object *all = either(nx_json_array, post,
	    "referenced_posts", "referenced_tweets");

	for (size_t i = 0; i < length(all); i++) {
		struct json_object *v = json_object_array_get_idx(all, i);
		const char *type = nx_json_str(v, "type");
		const char *id = nx_json_str(v, "id");

		if (type != NULL && strcmp(type, "replied_to") == 0 &&
		    nx_x_id_is_good(id))
			return nx_arena_str(arena, id);
	}
	return NULL;
}

static int64_t
created_at(struct json_object *post)
{
	int64_t at;

	return nx_clock_parse(nx_slice_str(nx_json_str(post, "created_at")),
	    &at) == NX_OK ? at : 0;
}

static bool
read_entry(struct json_object *post, struct nx_arena *arena,
    struct nx_x_entry *out)
{
	struct json_object *note = either(nx_json_object, post, "note_post",
	    "note_tweet");
	struct json_object *urls = urls_of(post), *more = urls_of(note);
	const char *id = nx_json_str(post, "id");
	const char *text = nx_json_str(note, "text");

	if (text == NULL)
		text = nx_json_str(post, "text");
	if (!nx_x_id_is_good(id) || text == NULL)
		return false;
	*out = (struct nx_x_entry){
		.id = nx_arena_str(arena, id),
		.text = { nx_arena_str(arena, text), strlen(text) },
		.created_at = created_at(post),
		.reply_to = replied_to(post, arena),
		.links = nx_arena_alloc(arena, (length(urls) + length(more) +
		    1) * sizeof(*out->links)),
	};
	if (out->links == NULL)
		return false;
	add_links(more, arena, out);
	add_links(urls, arena, out);
	return true;
}

static bool
read_entries(struct json_object *data, struct nx_arena *arena,
    struct nx_timeline *out)
{
	size_t n = length(data);

	out->entries = nx_arena_alloc(arena, (n + 1) * sizeof(*out->entries));
	if (out->entries == NULL)
		return false;
	for (size_t i = 0; i < n; i++)
		out->n += read_entry(json_object_array_get_idx(data, i),
		    arena, &out->entries[out->n]);
	return out->n > 0 || n == 0;
}

static bool
has_errors(struct json_object *body)
{
	return length(nx_json_array(body, "errors")) > 0;
}

/* DONE, REFUSED when X names only errors, RETRY when it makes no sense. */
static enum nx_class
read_page(struct nx_slice text, struct nx_arena *arena,
    struct nx_timeline *out)
{
	struct json_object *body = NULL, *data, *meta;
	enum nx_class class = NX_CLASS_RETRY;
	int64_t count = -1;

	if (nx_json_parse(text, &body, NULL) != NX_OK)
		return NX_CLASS_RETRY;
	data = nx_json_array(body, "data");
	meta = nx_json_object(body, "meta");
	(void)nx_json_i64(meta, "result_count", &count);
	out->next = nx_arena_str(arena, nx_json_str(meta, "next_token"));
	if (length(data) == 0 && has_errors(body))
		class = NX_CLASS_REFUSED;
	else if (data == NULL ? count == 0 : read_entries(data, arena, out))
		class = NX_CLASS_DONE;
	json_object_put(body);
	return nx_arena_ok(arena) ? class : NX_CLASS_RETRY;
}

/* X leaves out what it does not know by name, and says nothing about it. */
static bool
lacks_fields(const struct nx_timeline *page)
{
	for (size_t i = 0; i < page->n; i++)
		if (page->entries[i].created_at != 0)
			return false;
	return page->n > 0;
}

/* What is LOST may have been longer than we take. */
static bool
is_too_long(const struct nx_x *x, const struct nx_http_answer *answer)
{
	return answer->outcome == NX_HTTP_LOST ||
	    !nx_arena_has(x->arena, COPIES * answer->body.n);
}

/* One try; false: it is worth another in the changed manner. */
static bool
try_page(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct manner *how,
    struct nx_timeline *out, struct nx_verdict *verdict)
{
	struct nx_http_answer answer = ask_x(x, access_token, ask, *how);
	bool known;

	*out = (struct nx_timeline){ .windows = answer.windows };
	nx_verdict_of(NX_ACT_READ, &answer, nx_clock_wall(), verdict);
	if (is_too_long(x, &answer)) {
		nx_verdict_unreadable(NX_ACT_READ, verdict);
		if (how->page == SHORT_PAGE)
			return true;
		how->page = SHORT_PAGE;
		return false;
	}
	if (verdict->class == NX_CLASS_DONE)
		verdict->class = read_page(answer.body, x->arena, out);
	known = verdict->class == NX_CLASS_DONE ? !lacks_fields(out) :
	    answer.status != 400;
	if (known || how->legacy)
		return true;
	how->legacy = true;
	return false;
}

void
nx_timeline_read(const struct nx_x *x, const char *access_token,
    const struct nx_timeline_ask *ask, struct nx_timeline *out,
    struct nx_verdict *verdict)
{
	struct manner how = { .page = PAGE };

	while (!try_page(x, access_token, ask, &how, out, verdict))
		continue;
	if (verdict->class != NX_CLASS_DONE)
		*out = (struct nx_timeline){ 0 };
}
