/* media.c - X's media endpoints. */

#include "media.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "media_body.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/x/id.h"

enum {
	BYTES_A_SECOND = 16 * 1024,	/* at least; slower ones are given up */
	CONNECT_MS = 5000,
	FIRST_BYTE_MS = 60 * 1000,	/* after the last byte of ours */
	WHOLE_MS = 90 * 1000,		/* of a body of no bytes */
	CHECK_AFTER = 5,	/* seconds, where X says none */
	CHECK_AFTER_MAX = 600,
	ALT_JSON_MAX = 16 * 1024,	/* 1,000 characters, all escaped */
	WHY_MAX = 500,
};

/* By the size of the body, since all of it goes over one line. */
static struct nx_http_limits
limits_for(int64_t bytes)
{
	const int64_t most = INT32_MAX / 1000 - WHOLE_MS / 1000;
	const int64_t s = bytes / BYTES_A_SECOND;

	return (struct nx_http_limits){
		.connect_ms = CONNECT_MS,
		.first_byte_ms = FIRST_BYTE_MS,
		.whole_ms = WHOLE_MS + (int)(s < most ? s : most) * 1000,
	};
}

/* state; an `error` says that it has failed, whatever the state is. */
static void
read_processing(struct json_object *info, struct nx_arena *arena,
    struct nx_x_medium *out)
{
	static const char *const ends[] = { "succeeded", "failed", NULL };
	struct json_object *error = nx_json_object(info, "error");
	const int end = nx_slice_index(nx_slice_str(nx_json_str(info,
	    "state")), ends);
	const char *why;
	int64_t n;

	if (info == NULL || (end == 0 && error == NULL))
		return;
	out->processing = error != NULL || end == 1 ? NX_X_FAILED :
	    NX_X_PROCESSING;
	if (nx_json_i64(info, "check_after_secs", &n) && n > 0)
		out->check_after = n < CHECK_AFTER_MAX ? (int)n :
		    CHECK_AFTER_MAX;
	if (nx_json_i64(info, "progress_percent", &n) && n >= 0 && n <= 100)
		out->percent = (int)n;
	why = nx_json_str(error, "message");
	if (why == NULL)
		why = nx_json_str(error, "name");
	if (why != NULL && strlen(why) <= WHY_MAX)
		out->why = nx_arena_str(arena, why);
}

static bool
read_medium(struct nx_slice text, struct nx_arena *arena,
    struct nx_x_medium *out)
{
	struct json_object *body, *data;
	char space[NX_JSON_ID_ROOM];
	const char *id, *key;

	*out = (struct nx_x_medium){ .percent = -1,
	    .check_after = CHECK_AFTER };
	if (nx_json_parse_lenient(text, &body) != NX_OK)
		return false;
	data = nx_json_object(body, "data");
	id = nx_json_id(data, "id", space);
	key = nx_json_str(data, "media_key");
	if (nx_x_id_is_good(id))
		out->id = nx_arena_str(arena, id);
	if (key != NULL && strlen(key) <= NX_X_ID_MAX + 4)
		out->key = nx_arena_str(arena, key);
	if (!nx_json_i64(data, "expires_after_secs", &out->expires_in) ||
	    out->expires_in < 0)
		out->expires_in = 0;
	read_processing(nx_json_object(data, "processing_info"), arena, out);
	json_object_put(body);
	return out->id != NULL;
}

/* Ask, and take what it says of an upload, where `out` is there. */
static void
ask_about_media(const struct nx_x *x, enum nx_act act,
    struct nx_http_ask *ask, struct nx_x_medium *out,
    struct nx_verdict *verdict)
{
	struct nx_x_answer answer;

	if (out != NULL)
		*out = (struct nx_x_medium){ .percent = -1 };
	nx_x_call(x, act, ask, "the request does not fit", &answer, verdict);
	if (out != NULL && verdict->class == NX_CLASS_DONE &&
	    !read_medium(answer.http.body, x->arena, out)) {
		*out = (struct nx_x_medium){ .percent = -1 };
		nx_verdict_unreadable(act, verdict);
	}
	nx_x_called(x, act, verdict);
}

void
nx_x_media_upload(const struct nx_x *x, const char *access_token,
    const char *category, const struct nx_x_bytes *bytes,
    struct nx_x_medium *out, struct nx_verdict *verdict)
{
	struct nx_media_body body;
	struct nx_http_ask ask = {
		.method = "POST",
		.url = nx_arena_printf(x->arena, "%s" NX_X_UPLOAD,
		    x->conf->api_url),
		.bearer = access_token,
		.content_type = body.type,
		.source = &body.source,
	};

	nx_media_body_begin(&body, bytes, "media_category", category, false);
	ask.limits = limits_for(body.source.n);
	ask_about_media(x, NX_ACT_UPLOAD, &ask, out, verdict);
}

/* Without a body that is large: JSON, as all of these take it. */
static void
post_json(const struct nx_x *x, const char *access_token, const char *url,
    const struct nx_buf *json, struct nx_x_medium *out,
    struct nx_verdict *verdict)
{
	struct nx_http_ask ask = {
		.method = "POST",
		.url = nx_buf_ok(json) ? url : NULL,
		.bearer = access_token,
		.content_type = "application/json",
		.body = nx_buf_slice(json),
		.limits = limits_for(0),
	};

	ask_about_media(x, NX_ACT_UPLOAD, &ask, out, verdict);
}

void
nx_x_media_initialize(const struct nx_x *x, const char *access_token,
    const struct nx_x_file *file, struct nx_x_medium *out,
    struct nx_verdict *verdict)
{
	struct nx_buf json = NX_BUF(NX_FORM_MAX);
	struct nx_jw w = { .out = &json };

	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "media_type", file->type);
	nx_jw_i64(&w, "total_bytes", file->total);
	nx_jw_str(&w, "media_category", file->category);
	nx_jw_close(&w, '}');
	post_json(x, access_token, nx_arena_printf(x->arena,
	    "%s" NX_X_UPLOAD "/initialize", x->conf->api_url), &json, out,
	    verdict);
	nx_buf_free(&json);
}

/* The address of an upload's step; NULL: no id, or no memory. */
static const char *
step_url(const struct nx_x *x, const char *id, const char *step)
{
	return nx_x_id_is_good(id) ? nx_arena_printf(x->arena,
	    "%s" NX_X_UPLOAD "/%s/%s", x->conf->api_url, id, step) : NULL;
}

void
nx_x_media_append(const struct nx_x *x, const char *access_token,
    const char *id, int index, const struct nx_x_bytes *bytes,
    struct nx_verdict *verdict)
{
	struct nx_media_body body;
	struct nx_http_ask ask = {
		.method = "POST",
		.url = step_url(x, id, "append"),
		.bearer = access_token,
		.content_type = body.type,
		.source = &body.source,
	};
	char number[12];

	(void)snprintf(number, sizeof(number), "%d", index);
	nx_media_body_begin(&body, bytes, "segment_index", number, true);
	ask.limits = limits_for(body.source.n);
	ask_about_media(x, NX_ACT_SEGMENT, &ask, NULL, verdict);
}

/* Its body is {}, whatever X's documents say: empty is a 400. */
void
nx_x_media_finalize(const struct nx_x *x, const char *access_token,
    const char *id, struct nx_x_medium *out, struct nx_verdict *verdict)
{
	struct nx_buf json = NX_BUF(8);

	nx_buf_adds(&json, "{}");
	post_json(x, access_token, step_url(x, id, "finalize"), &json, out,
	    verdict);
	nx_buf_free(&json);
}

void
nx_x_media_status(const struct nx_x *x, const char *access_token,
    const char *id, struct nx_x_medium *out, struct nx_verdict *verdict)
{
	struct nx_http_ask ask = {
		.method = "GET",
		.url = nx_x_id_is_good(id) ? nx_arena_printf(x->arena, "%s"
		    NX_X_UPLOAD "?command=STATUS&media_id=%s",
		    x->conf->api_url, id) : NULL,
		.bearer = access_token,
		.limits = limits_for(0),
	};

	ask_about_media(x, NX_ACT_UPLOAD, &ask, out, verdict);
}

void
nx_x_media_describe(const struct nx_x *x, const char *access_token,
    const char *id, const char *alt_text, struct nx_verdict *verdict)
{
	struct nx_buf json = NX_BUF(ALT_JSON_MAX);
	struct nx_jw w = { .out = &json };

	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "id", id);
	nx_jw_open(&w, "metadata", '{');
	nx_jw_open(&w, "alt_text", '{');
	nx_jw_str(&w, "text", alt_text);
	nx_jw_close(&w, '}');
	nx_jw_close(&w, '}');
	nx_jw_close(&w, '}');
	post_json(x, access_token, nx_x_id_is_good(id) ? nx_arena_printf(
	    x->arena, "%s" NX_X_METADATA, x->conf->api_url) : NULL, &json,
	    NULL, verdict);
	nx_buf_free(&json);
}

/* Status (0: any), and part of X's words (NULL: any). */
static const struct {
	int		 status;
	const char	*words;
	enum nx_x_hitch	 hitch;
} hitches[] = {
	{ 413, NULL, NX_X_TOO_LARGE },
	{ 431, NULL, NX_X_TOO_LARGE },
	{ 400, "content-type of application/json", NX_X_JSON_ONLY },
	{ 400, "do not add up", NX_X_INCOMPLETE },
	{ 400, "BadRequest: Not found", NX_X_NO_ID },
	{ 400, "media type unrecognized", NX_X_BAD_FILE },
	{ 400, "file size must be", NX_X_BAD_FILE },
};

enum nx_x_hitch
nx_x_hitch_of(const struct nx_verdict *v)
{
	const char *tail = strrchr(v->x.type, '/');

	for (size_t i = 0; i < sizeof(hitches) / sizeof(hitches[0]); i++) {
		if (v->x.status == hitches[i].status &&
		    (hitches[i].words == NULL ||
		    strcasestr(v->x.detail, hitches[i].words) != NULL))
			return hitches[i].hitch;
	}
	if (v->x.status == 404 && nx_str_is(tail, "/resource-not-found"))
		return NX_X_NO_ID;
	/* for whoever lacks the scope X has no other word */
	return v->x.status == 403 && v->class == NX_CLASS_REFUSED &&
	    strcmp(v->x.detail, "Forbidden") == 0 ? NX_X_NO_SCOPE :
	    NX_X_NO_HITCH;
}
