/*
 * sb_objects.c - Supabase Storage as far as a link is read: public and signed
 * ones, ranges, ETags.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sb_routes.h"
#include "sb_storage.h"

enum { WHOLE_MAX = 64 << 20 };		/* bytes of an answer */

static const char sign_path[] = "/storage/v1/object/sign/";

static void
refuse(struct sb_call *c, int status, const char *error, const char *message)
{
	struct json_object *o = json_object_new_object();
	char code[12];

	snprintf(code, sizeof code, "%d", status);
	json_object_object_add(o, "statusCode", json_object_new_string(code));
	json_object_object_add(o, "error", json_object_new_string(error));
	json_object_object_add(o, "message",
	    json_object_new_string(message));
	/* what is wrong with a link is 400 to Storage, whatever it says */
	sb_reply_json(c->reply, status >= 500 ? status : 400, o);
}

/* A range of one piece: first and last byte, as far as there are any. */
static bool
read_range(const char *text, int64_t size, int64_t *from, int64_t *to)
{
	char *end;

	if (text == NULL || strncmp(text, "bytes=", 6) != 0 ||
	    text[6] < '0' || text[6] > '9')
		return false;
	*from = strtoll(text + 6, &end, 10);
	if (*end++ != '-')
		return false;
	*to = *end == '\0' ? size - 1 : strtoll(end, &end, 10);
	if (*to >= size)
		*to = size - 1;
	return *end == '\0';
}

static void
send_bytes(struct sb_call *c, const struct sb_object *object, int64_t from,
    int64_t n)
{
	sb_reply_header(c->reply, "Content-Type: %s", object->type);
	sb_reply_header(c->reply, "Content-Length: %" PRId64,
	    n + object->lie);
	sb_storage_read(c->app->storage, object->name, from, n,
	    &c->reply->body);
}

static void
answer(struct sb_call *c, const struct sb_object *object)
{
	const char *match = sb_request_param(c->req, "HTTP_IF_MATCH");
	const char *range = sb_request_param(c->req, "HTTP_RANGE");
	int64_t from = 0, to = object->size - 1;
	char etag[40];

	snprintf(etag, sizeof etag, "\"v%d-%" PRId64 "\"", object->version,
	    object->size);
	sb_reply_header(c->reply, "ETag: %s", etag);
	if (match != NULL && strcmp(match, etag) != 0) {
		c->reply->status = 412;
		return;
	}
	c->reply->status = 200;
	if (!object->no_ranges && range != NULL) {
		if (!read_range(range, object->size, &from, &to) ||
		    from > to) {
			sb_reply_header(c->reply, "Content-Range: bytes */%"
			    PRId64, object->size);
			c->reply->status = 416;
			return;
		}
		sb_reply_header(c->reply, "Content-Range: bytes %" PRId64 "-%"
		    PRId64 "/%" PRId64, from, to, object->size);
		c->reply->status = 206;
	}
	if (!object->no_ranges)
		sb_reply_header(c->reply, "Accept-Ranges: bytes");
	if (to - from >= WHOLE_MAX)
		refuse(c, 500, "TooLarge", "the sandbox sends no more than "
		    "64 MiB at once");
	else
		send_bytes(c, object, from, to - from + 1);
}

static void
send_object(struct sb_call *c, const char *name)
{
	struct sb_object object;

	if (!sb_storage_get(c->app->storage, name, &object)) {
		refuse(c, 404, "not_found", "Object not found");
	} else if (object.redirect[0] != '\0') {
		c->reply->status = 302;
		sb_reply_header(c->reply, "Location: %s", object.redirect);
	} else if (object.status != 0)
		c->reply->status = object.status;
	else
		answer(c, &object);
}

/* The object that a living token names, NULL after it has answered. */
static struct json_object *
open_link(struct sb_call *c, const char *name)
{
	struct json_object *claims = NULL, *url;
	const char *token = NULL;
	struct sb_form query;

	if (sb_form_read(c->req->query, strlen(c->req->query), &query))
		token = sb_form_get(&query, "token");
	if (token != NULL)
		claims = sb_keys_open(c->app->keys, token);
	url = json_object_object_get(claims, "url");
	if (claims == NULL || url == NULL ||
	    strcmp(json_object_get_string(url), name) != 0) {
		refuse(c, 400, "InvalidJWT", "invalid signature");
	} else if (json_object_get_int64(json_object_object_get(claims,
	    "exp")) <= c->now / 1000) {
		refuse(c, 400, "InvalidJWT",
		    "\"exp\" claim timestamp check failed");
	} else {
		sb_form_free(&query);
		return claims;
	}
	json_object_put(claims);
	sb_form_free(&query);
	return NULL;
}

void
sb_objects_signed(struct sb_call *c)
{
	struct json_object *claims = open_link(c, c->id);

	if (claims != NULL)
		send_object(c, c->id);
	json_object_put(claims);
}

void
sb_objects_public(struct sb_call *c)
{
	send_object(c, c->id);
}

static void
answer_link(struct sb_call *c, const char *name, int64_t seconds)
{
	struct json_object *claims = json_object_new_object();
	struct json_object *o = json_object_new_object();
	struct sb_buf link = { 0 };

	json_object_object_add(claims, "url", json_object_new_string(name));
	json_object_object_add(claims, "iat",
	    json_object_new_int64(c->now / 1000));
	json_object_object_add(claims, "exp",
	    json_object_new_int64(c->now / 1000 + seconds));
	sb_buf_printf(&link, "%s%s?token=", sign_path, name);
	sb_keys_sign(c->app->keys, sb_keys_default(c->app->keys), claims,
	    &link);
	json_object_object_add(o, "signedURL",
	    json_object_new_string(link.data));
	sb_buf_reset(&link);
	sb_buf_printf(&link, "/storage/v1/object/public/%s", name);
	json_object_object_add(o, "publicURL",
	    json_object_new_string(link.data));
	sb_reply_json(c->reply, 200, o);
	sb_buf_free(&link);
	json_object_put(claims);
}

/* Puts an object in, and makes links to it, for `expires_in` seconds. */
void
sb_control_objects(struct sb_call *c)
{
	struct json_object *o = sb_call_json(c), *seconds;
	const char *wrong = json_object_is_type(o, json_type_object) ?
	    sb_storage_put(c->app->storage, o) :
	    "the body is not a JSON object";

	if (wrong != NULL) {
		refuse(c, 400, "refused", wrong);
	} else {
		seconds = json_object_object_get(o, "expires_in");
		answer_link(c, json_object_get_string(
		    json_object_object_get(o, "name")), seconds == NULL ?
		    3600 : json_object_get_int64(seconds));
	}
	json_object_put(o);
}
