/* posts.c - write and delete posts. */

#include "nx/x/posts.h"

#include "call.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/must.h"
#include "nx/x/id.h"

void
nx_poll_write(struct nx_jw *w, const struct nx_poll *poll)
{
	assert(poll->n >= 0 && poll->n <= NX_POLL_MAX);
	if (poll->n == 0)
		return;
	nx_jw_open(w, "poll", '{');
	nx_jw_open(w, "options", '[');
	for (int i = 0; i < poll->n; i++)
		nx_jw_str(w, NULL, poll->options[i]);
	nx_jw_close(w, ']');
	nx_jw_i64(w, "duration_minutes", poll->minutes);
	nx_jw_close(w, '}');
}

#define WRITE_MARK(name) \
	if (marks->name) \
		nx_jw_bool(w, #name, true);

void
nx_x_marks_write(struct nx_jw *w, const struct nx_x_marks *marks)
{
	NX_X_MARKS(WRITE_MARK)
}

static void
write_post(const struct nx_x_post *post, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_slice(&w, "text", post->text);
	nx_poll_write(&w, &post->poll);
	if (post->quote != NULL)
		nx_jw_str(&w, "quote_tweet_id", post->quote);
	if (post->reply_to != NULL) {
		nx_jw_open(&w, "reply", '{');
		nx_jw_str(&w, "in_reply_to_tweet_id", post->reply_to);
		nx_jw_close(&w, '}');
	}
	if (post->reply_settings != NULL)
		nx_jw_str(&w, "reply_settings", post->reply_settings);
	nx_x_marks_write(&w, &post->marks);
	nx_jw_close(&w, '}');
}

static const char *
parse_post_id(struct nx_slice text, struct nx_arena *arena)
{
	struct json_object *body;
	char space[NX_JSON_ID_ROOM];
	const char *id, *copy = NULL;

	if (nx_json_parse_lenient(text, &body) != NX_OK)
		return NULL;
	id = nx_json_id(nx_json_object(body, "data"), "id", space);
	if (nx_x_id_is_good(id))
		copy = nx_arena_str(arena, id);
	json_object_put(body);
	return copy;
}

void
nx_x_post_create(const struct nx_x *x, const char *access_token,
    const struct nx_x_post *post, struct nx_x_posted *out,
    struct nx_verdict *verdict)
{
	struct nx_buf json = NX_BUF(NX_POST_JSON_MAX);
	struct nx_x_answer answer;
	struct nx_http_ask ask = {
		.method = "POST",
		.bearer = access_token,
		.content_type = "application/json",
		.once = true,
		.idle_ms = NX_HTTP_IDLE_MS,
	};

	*out = (struct nx_x_posted){ 0 };
	write_post(post, &json);
	ask.body = nx_buf_slice(&json);
	if (nx_buf_ok(&json))
		ask.url = nx_arena_printf(x->arena, "%s" NX_X_POSTS,
		    x->conf->api_url);
	nx_x_call(x, NX_ACT_CREATE, &ask, "the post does not fit", &answer,
	    verdict);
	out->windows = answer.windows;
	if (answer.http.status / 100 == 2 &&
	    (out->id = parse_post_id(answer.http.body, x->arena)) != NULL)
		nx_verdict_whole(&answer, verdict);
	else if (verdict->class == NX_CLASS_DONE)
		nx_verdict_unreadable(NX_ACT_CREATE, verdict);
	nx_x_called(x, NX_ACT_CREATE, verdict);
	nx_buf_free(&json);
}

static bool
says_deleted(struct json_object *obj)
{
	const char *text = nx_json_str(obj, "deleted");
	bool yes = false;

	return (nx_json_bool(obj, "deleted", &yes) && yes) ||
	    (text != NULL && strcmp(text, "true") == 0);
}

static bool
says_not_found(const struct nx_err_x *said)
{
	const char *tail = strrchr(said->type, '/');

	return tail != NULL && strcmp(tail, "/resource-not-found") == 0;
}

/* A 200 may also say that nothing was deleted, or name only errors. */
static enum nx_class
read_deleted(struct nx_slice text, const struct nx_err_x *said)
{
	struct json_object *body;
	bool done;

	if (nx_slice_trim(text, " \t\r\n").n == 0)
		return NX_CLASS_DONE;
	if (nx_json_parse_lenient(text, &body) != NX_OK)
		return NX_CLASS_RETRY;
	done = says_not_found(said) ||
	    says_deleted(nx_json_object(body, "data")) || says_deleted(body);
	json_object_put(body);
	return done ? NX_CLASS_DONE : NX_CLASS_REFUSED;
}

/* One request about one post; the answer lives as long as the handle's. */
static struct nx_http_answer
about_post(const struct nx_x *x, enum nx_act act, const char *token,
    const char *id, struct nx_verdict *verdict)
{
	struct nx_x_answer answer;
	struct nx_http_ask ask = {
		.method = act == NX_ACT_DELETE ? "DELETE" : "GET",
		.bearer = token,
	};

	if (nx_x_id_is_good(id))
		ask.url = nx_arena_printf(x->arena, "%s" NX_X_POST,
		    x->conf->api_url, id);
	nx_x_call(x, act, &ask, "the id does not fit", &answer, verdict);
	return answer.http;
}

void
nx_x_post_delete(const struct nx_x *x, const char *access_token,
    const char *id, struct nx_verdict *verdict)
{
	struct nx_http_answer answer = about_post(x, NX_ACT_DELETE,
	    access_token, id, verdict);

	if (verdict->class == NX_CLASS_DONE && answer.status < 300)
		verdict->class = read_deleted(answer.body, &verdict->x);
	nx_x_called(x, NX_ACT_DELETE, verdict);
}

/* X tells it as a 404, or as a 200 with nothing but errors. */
bool
nx_x_post_is_gone(const struct nx_x *x, const char *access_token,
    const char *id)
{
	struct nx_verdict v;
	struct nx_http_answer answer = about_post(x, NX_ACT_READ,
	    access_token, id, &v);
	struct json_object *body = NULL;
	bool there;

	nx_x_called(x, NX_ACT_READ, &v);
	if ((answer.status != 200 && answer.status != 404) ||
	    nx_json_parse_lenient(answer.body, &body) != NX_OK)
		return false;
	there = nx_json_object(body, "data") != NULL;
	json_object_put(body);
	return !there && says_not_found(&v.x);
}
