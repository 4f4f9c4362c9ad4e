#include "sb_call.h"

#include <string.h>

enum { DEPTH_MAX = 32 };

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static void
answer(struct sb_call *c, int status, struct json_object *o)
{
	sb_reply_text(c->reply, status, "application/problem+json",
	    json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
	    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void
sb_problem(struct sb_call *c, int status, const char *title,
    const char *detail, const char *type)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "title", title);
	add_string(o, "type", type);
	json_object_object_add(o, "status", json_object_new_int(status));
	add_string(o, "detail", detail);
	answer(c, status, o);
}

void
sb_forbidden(struct sb_call *c, const char *detail)
{
	sb_problem(c, 403, "Forbidden", detail, "about:blank");
}

void
sb_invalid(struct sb_call *c, const char *parameter, const char *value,
    const char *message)
{
	struct json_object *o = json_object_new_object();
	struct json_object *errors = json_object_new_array();
	struct json_object *error = json_object_new_object();
	struct json_object *parameters, *values;

	if (parameter != NULL) {
		parameters = json_object_new_object();
		values = json_object_new_array();
		json_object_array_add(values, json_object_new_string(value));
		json_object_object_add(parameters, parameter, values);
		json_object_object_add(error, "parameters", parameters);
	}
	add_string(error, "message", message);
	json_object_array_add(errors, error);
	json_object_object_add(o, "errors", errors);
	add_string(o, "title", "Invalid Request");
	add_string(o, "detail",
	    "One or more parameters to your request was invalid.");
	add_string(o, "type",
	    "https://api.twitter.com/2/problems/invalid-request");
	answer(c, 400, o);
}

struct json_object *
sb_missing(const char *resource, const char *parameter, const char *id)
{
	struct json_object *o = json_object_new_object();
	struct sb_buf detail = { 0 };

	sb_buf_printf(&detail, "Could not find %s with %s: [%s].", resource,
	    parameter, id);
	add_string(o, "value", id);
	add_string(o, "detail", detail.data);
	add_string(o, "title", "Not Found Error");
	add_string(o, "resource_type", resource);
	add_string(o, "parameter", parameter);
	add_string(o, "resource_id", id);
	add_string(o, "type",
	    "https://api.twitter.com/2/problems/resource-not-found");
	sb_buf_free(&detail);
	return o;
}

struct json_object *
sb_call_json(const struct sb_call *c)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX);
	const struct sb_buf *body = &c->req->body;
	struct json_object *o;

	if (tok == NULL)
		return NULL;
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With its NUL, so that a bare number at the end is complete. */
	o = json_tokener_parse_ex(tok, body->data, (int)body->len + 1);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) < body->len) {
		json_object_put(o);
		o = NULL;
	}
	json_tokener_free(tok);
	return o;
}
