/*
 * sb_uploads.c - X's media endpoints: one request for a picture, initialize,
 * append, finalize and status for what is longer, metadata.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unicode/utf8.h>

#include "sb_media.h"
#include "sb_multipart.h"
#include "sb_routes.h"

enum {
	ALT_TEXT_MAX = 1000,
	METADATA_PRICE = 50,		/* in ten-thousandths of a dollar */
	CHECK_AFTER_S = 1,
	INDEX_DIGITS = 4,
};

/* What an upload's body holds, in either of its forms. */
struct fields {
	const char	*data;
	size_t		 len;
	char		 category[40];
	int64_t		 index;		/* -1: none */
	struct sb_buf	 decoded;
};

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static const char *
string_of(struct json_object *o, const char *name)
{
	struct json_object *value = json_object_object_get(o, name);

	return json_object_is_type(value, json_type_string) ?
	    json_object_get_string(value) : NULL;
}

static bool
refuse(struct sb_call *c, const char *message)
{
	sb_invalid(c, NULL, NULL, message);
	return false;
}

/* X's edge says no more. */
static bool
fits(struct sb_call *c)
{
	if ((int64_t)c->req->body.len <= c->settings.media_body_max)
		return true;
	c->reply->status = 413;
	return false;
}

/* An object with these members and no others; NULL after it has answered. */
static struct json_object *
need_object(struct sb_call *c, const char *const *members)
{
	struct json_object *o = sb_call_json(c);

	if (!sb_request_is(c->req, "application/json") || (o == NULL &&
	    c->req->body.len > 0)) {
		refuse(c, "Request body is not valid JSON.");
		json_object_put(o);
		return NULL;
	}
	if (!json_object_is_type(o, json_type_object)) {
		refuse(c, "Request body must be a JSON object.");
		json_object_put(o);
		return NULL;
	}
	json_object_object_foreach(o, name, value) {
		const char *const *m = members;

		(void)value;
		while (*m != NULL && strcmp(*m, name) != 0)
			m++;
		if (*m == NULL) {
			refuse(c, "The schema does not allow additional "
			    "properties");
			json_object_put(o);
			return NULL;
		}
	}
	return o;
}

static bool
read_index(const char *text, size_t len, int64_t *out)
{
	*out = 0;
	if (len == 0 || len > INDEX_DIGITS)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (text[i] - '0');
	}
	return true;
}

static bool
read_parts(struct sb_call *c, const char *other, struct fields *out)
{
	struct sb_parts parts;
	const char *wrong = sb_multipart_read(c->req, &parts);

	if (wrong != NULL)
		return refuse(c, wrong);
	for (size_t i = 0; i < parts.count; i++) {
		const struct sb_part *p = &parts.parts[i];

		if (strcmp(p->name, "media") == 0) {
			out->data = p->data;
			out->len = p->len;
		} else if (strcmp(p->name, other) != 0)
			return refuse(c, "The schema does not allow "
			    "additional properties");
		else if (strcmp(other, "segment_index") == 0 &&
		    !read_index(p->data, p->len, &out->index))
			return refuse(c, "$.segment_index: is not a number");
		else
			snprintf(out->category, sizeof out->category, "%.*s",
			    (int)p->len, p->data);
	}
	return true;
}

static bool
read_object(struct sb_call *c, const char *other, struct fields *out)
{
	const char *const members[] = { "media", other, NULL };
	struct json_object *o = need_object(c, members), *index;
	const char *media, *category;

	if (o == NULL)
		return false;
	media = string_of(o, "media");
	category = string_of(o, "media_category");
	index = json_object_object_get(o, "segment_index");
	if (media != NULL && sb_base64_read(media, strlen(media),
	    &out->decoded)) {
		out->data = out->decoded.data;
		out->len = out->decoded.len;
	}
	if (category != NULL)
		sb_copy(out->category, sizeof out->category, category);
	if (json_object_is_type(index, json_type_int))
		out->index = json_object_get_int64(index);
	json_object_put(o);
	return true;
}

/* Both forms, the second member beside `media` by its name. */
static bool
read_fields(struct sb_call *c, const char *other, struct fields *out)
{
	const bool is_json = sb_request_is(c->req, "application/json");

	*out = (struct fields){ .index = -1 };
	if (!fits(c))
		return false;
	if (c->settings.media_json_only && !is_json)
		return refuse(c, "Requests with bodies must have content-type "
		    "of application/json.");
	if (!(is_json ? read_object : read_parts)(c, other, out))
		return false;
	return out->data != NULL || refuse(c, "$.media: is missing");
}

static struct sb_processing
processing_of(const struct sb_call *c, uint64_t id)
{
	return (struct sb_processing){
		.id = id, .owner = c->caller.account.id, .now = c->now,
		.ms = c->settings.media_processing_ms,
		.lag_ms = c->settings.media_lag_ms,
		.ttl = c->settings.media_ttl,
		.fate = (enum sb_fate)c->settings.media_fate,
	};
}

static void
add_error(struct json_object *info, enum sb_fate fate)
{
	struct json_object *error = json_object_new_object();

	if (fate == SB_FATE_STUCK) {
		json_object_object_add(error, "code",
		    json_object_new_int(1));
		add_string(error, "name", "InvalidMedia");
		add_string(error, "message", "file is invalid");
	} else {
		json_object_object_add(error, "code",
		    json_object_new_int(3));
		add_string(error, "name", "UnsupportedMedia");
		add_string(error, "message",
		    "Unsupported video format");
	}
	json_object_object_add(info, "error", error);
}

static struct json_object *
processing_json(const struct sb_call *c, const struct sb_medium *m)
{
	struct json_object *o = json_object_new_object();
	const bool stuck = m->fate == SB_FATE_STUCK;
	const bool done = c->now >= m->ready_at && !stuck;
	const int64_t gone = c->now - (m->ready_at - m->processing_ms);
	const int64_t percent = m->processing_ms == 0 ? 99 :
	    gone * 100 / m->processing_ms;

	if (!done) {
		add_string(o, "state", gone <= 0 ? "pending" : "in_progress");
		json_object_object_add(o, "check_after_secs",
		    json_object_new_int(CHECK_AFTER_S));
		json_object_object_add(o, "progress_percent",
		    json_object_new_int64(percent < 99 ? percent : 99));
	} else if (m->fate == SB_FATE_GOOD) {
		add_string(o, "state", "succeeded");
		json_object_object_add(o, "progress_percent",
		    json_object_new_int(100));
	} else
		add_string(o, "state", "failed");
	if ((stuck && c->now >= m->ready_at) ||
	    (done && m->fate == SB_FATE_BAD))
		add_error(o, m->fate);
	return o;
}

static bool
is_processed(const struct sb_medium *m)
{
	return m->processing_ms > 0 || m->fate != SB_FATE_GOOD;
}

static void
add_ids(struct json_object *data, const struct sb_medium *m)
{
	char id[SB_ID_SIZE], key[SB_ID_SIZE + 3];

	snprintf(id, sizeof id, "%" PRIu64, m->id);
	snprintf(key, sizeof key, "%d_%s", m->kind == SB_IMAGE ? 3 :
	    m->kind == SB_GIF ? 16 : 13, id);
	add_string(data, "id", id);
	add_string(data, "media_key", key);
}

static struct json_object *
image_json(const struct sb_medium *m)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "image_type", m->found);
	if (m->width > 0) {
		json_object_object_add(o, "w",
		    json_object_new_int64(m->width));
		json_object_object_add(o, "h",
		    json_object_new_int64(m->height));
	}
	return o;
}

static void
answer(struct sb_call *c, const struct sb_medium *m)
{
	struct json_object *o = json_object_new_object();
	struct json_object *data = json_object_new_object(), *video;

	add_ids(data, m);
	json_object_object_add(data, "size",
	    json_object_new_int64(m->received));
	json_object_object_add(data, "expires_after_secs",
	    json_object_new_int64((m->expires_at - c->now) / 1000));
	if (m->kind == SB_IMAGE) {
		json_object_object_add(data, "image", image_json(m));
	} else {
		video = json_object_new_object();
		add_string(video, "video_type", m->found);
		json_object_object_add(data, "video", video);
	}
	if (is_processed(m))
		json_object_object_add(data, "processing_info",
		    processing_json(c, m));
	json_object_object_add(o, "data", data);
	sb_reply_json(c->reply, 200, o);
}

static struct sb_upload
upload_of(struct sb_call *c, const char *category, const char *type,
    int64_t total)
{
	return (struct sb_upload){
		.id = sb_posts_next_id(c->app->posts, c->now),
		.owner = c->caller.account.id,
		.category = category, .type = type, .total = total,
		.premium = sb_handle_premium(c->caller.account.handle),
		.now = c->now,
	};
}

static void
finish(struct sb_call *c, uint64_t id)
{
	const struct sb_processing how = processing_of(c, id);
	struct sb_medium m;
	const char *wrong = sb_media_finalize(c->app->media, &how, &m);

	if (wrong != NULL) {
		refuse(c, wrong);
		return;
	}
	if (m.finalized == 1)
		sb_counts_add(c->app->counts, SB_UPLOADS, 1);
	answer(c, &m);
}

/* All of a picture in one request. */
static void
take_whole(struct sb_call *c, const struct fields *f)
{
	const struct sb_upload up = upload_of(c, f->category, "",
	    (int64_t)f->len);
	const char *wrong = strcmp(f->category, "tweet_image") != 0 &&
	    strcmp(f->category, "dm_image") != 0 ?
	    "$.media_category: only images are uploaded in one request" :
	    sb_media_begin(c->app->media, &up);

	if (wrong == NULL)
		wrong = sb_media_append(c->app->media, up.id, up.owner, 0,
		    f->data, f->len);
	if (wrong != NULL) {
		refuse(c, wrong);
		return;
	}
	sb_counts_add(c->app->counts, SB_MEDIA_BYTES, (long)f->len);
	finish(c, up.id);
}

void
sb_uploads_whole(struct sb_call *c)
{
	struct fields f;

	if (read_fields(c, "media_category", &f))
		take_whole(c, &f);
	sb_buf_free(&f.decoded);
}

void
sb_uploads_initialize(struct sb_call *c)
{
	static const char *const members[] = { "media_type", "total_bytes",
	    "media_category", "shared", "additional_owners", NULL };
	struct json_object *o = need_object(c, members), *total, *data;
	const char *category, *type, *wrong;
	struct sb_upload up;
	struct sb_medium m;

	if (o == NULL)
		return;
	total = json_object_object_get(o, "total_bytes");
	category = string_of(o, "media_category");
	type = string_of(o, "media_type");
	up = upload_of(c, category == NULL ? "" : category,
	    type == NULL ? "" : type, json_object_get_int64(total));
	wrong = !json_object_is_type(total, json_type_int) || up.total < 1 ||
	    up.total > INT64_C(17179869184) ? "$.total_bytes: must be an "
	    "integer from 0 to 17179869184" :
	    sb_media_begin(c->app->media, &up);
	json_object_put(o);
	if (wrong != NULL || !sb_media_get(c->app->media, up.id, up.owner,
	    c->now, &m)) {
		refuse(c, wrong);
		return;
	}
	o = json_object_new_object();
	data = json_object_new_object();
	add_ids(data, &m);
	json_object_object_add(data, "expires_after_secs",
	    json_object_new_int64((m.expires_at - c->now) / 1000));
	json_object_object_add(o, "data", data);
	sb_reply_json(c->reply, 200, o);
}

static void
answer_appended(struct sb_call *c, const struct sb_medium *m)
{
	struct json_object *o = json_object_new_object();
	struct json_object *data = json_object_new_object();

	json_object_object_add(data, "expires_at",
	    json_object_new_int64(m->expires_at / 1000));
	json_object_object_add(o, "data", data);
	sb_reply_json(c->reply, 200, o);
}

static void
take_segment(struct sb_call *c, const struct fields *f)
{
	const uint64_t id = sb_post_id(c->id);
	const char *owner = c->caller.account.id, *wrong;
	struct sb_medium before, after;

	if (!sb_media_get(c->app->media, id, owner, c->now, &before)) {
		refuse(c, "BadRequest: Not found");
		return;
	}
	wrong = sb_media_append(c->app->media, id, owner, f->index, f->data,
	    f->len);
	if (wrong != NULL || !sb_media_get(c->app->media, id, owner, c->now,
	    &after)) {
		refuse(c, wrong == NULL ? "BadRequest: Not found" : wrong);
		return;
	}
	sb_counts_add(c->app->counts, SB_MEDIA_BYTES,
	    (long)(after.received - before.received));
	answer_appended(c, &after);
}

void
sb_uploads_append(struct sb_call *c)
{
	struct fields f;

	if (read_fields(c, "segment_index", &f)) {
		if (f.index >= 0)
			take_segment(c, &f);
		else
			refuse(c, "$.segment_index: is missing");
	}
	sb_buf_free(&f.decoded);
}

void
sb_uploads_finalize(struct sb_call *c)
{
	static const char *const members[] = { NULL };
	struct json_object *o = need_object(c, members);

	if (o != NULL)
		finish(c, sb_post_id(c->id));
	json_object_put(o);
}

void
sb_uploads_status(struct sb_call *c)
{
	const char *id = NULL, *command = NULL;
	struct sb_form query;
	struct sb_medium m;

	if (sb_form_read(c->req->query, strlen(c->req->query), &query)) {
		id = sb_form_get(&query, "media_id");
		command = sb_form_get(&query, "command");
	}
	if (command != NULL && strcmp(command, "STATUS") != 0)
		refuse(c, "$.command: does not have a value in the "
		    "enumeration [STATUS]");
	else if (id != NULL && sb_media_get(c->app->media, sb_post_id(id),
	    c->caller.account.id, c->now, &m) && m.finalized > 0 &&
	    is_processed(&m))
		answer(c, &m);
	else
		refuse(c, "BadRequest: Not found");
	sb_form_free(&query);
}

/* Code points, or -1: it is too long to be taken. */
static bool
is_alt_text(struct json_object *value)
{
	const char *text = json_object_get_string(value);
	const int32_t len = json_object_get_string_len(value);
	int32_t i = 0, n = 0;

	if (!json_object_is_type(value, json_type_string))
		return false;
	for (; i < len; n++)
		U8_FWD_1(text, i, len);
	return n >= 1 && n <= ALT_TEXT_MAX && strlen(text) == (size_t)len;
}

void
sb_uploads_metadata(struct sb_call *c)
{
	static const char *const members[] = { "id", "metadata", NULL };
	struct json_object *o = need_object(c, members), *text, *answered,
	    *data;
	const char *id;

	if (o == NULL)
		return;
	id = string_of(o, "id");
	text = json_object_object_get(json_object_object_get(
	    json_object_object_get(o, "metadata"), "alt_text"), "text");
	if (!is_alt_text(text)) {
		refuse(c, "$.metadata.alt_text.text: must be 1 to 1000 "
		    "characters long");
	} else if (id == NULL || !sb_media_describe(c->app->media,
	    sb_post_id(id), c->caller.account.id, c->now,
	    json_object_get_string(text))) {
		refuse(c, "BadRequest: Not found");
	} else {
		sb_counts_add(c->app->counts, SB_MEDIA_PRICE,
		    METADATA_PRICE);
		answered = json_object_new_object();
		data = json_object_new_object();
		add_string(data, "id", id);
		json_object_object_add(data, "associated_metadata",
		    json_object_get(json_object_object_get(o, "metadata")));
		json_object_object_add(answered, "data", data);
		sb_reply_json(c->reply, 200, answered);
	}
	json_object_put(o);
}

void
sb_control_media(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_media_json(c->app->media));
}
