/* post_words.c - codes and their arguments, to JSON and back. */

#include "post_words.h"

#include <json-c/json.h>

#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/words.h"

const char *
nx_post_error_text(struct nx_arena *arena, const struct nx_post_error *error)
{
	struct nx_buf json = NX_BUF(NX_STORED_ERROR_MAX);
	struct nx_jw w = { .out = &json };
	const char *text = NULL;

	if (error == NULL)
		return NULL;
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "code", nx_rc_code(error->err.rc));
	nx_jw_str(&w, "detail", error->err.detail);
	nx_words_reason(&w, &error->err);
	nx_jw_str(&w, "request_id", error->request_id);
	nx_jw_str(&w, "connect_url", error->err.connect_url);
	nx_jw_i64(&w, "retry_after", error->err.retry_after);
	nx_jw_i64(&w, "retry_at", error->err.retry_at);
	nx_words_x(&w, &error->err.x);
	nx_jw_close(&w, '}');
	if (nx_buf_ok(&json))
		text = nx_arena_slice(arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}

static void
read_text(struct json_object *obj, const char *name, char *out, size_t size)
{
	const char *text = nx_json_str(obj, name);

	(void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static int
read_int(struct json_object *obj, const char *name)
{
	int64_t n;

	return nx_json_i64(obj, name, &n) && n > 0 && n <= INT32_MAX ?
	    (int)n : 0;
}

/* Members of `obj`, which may be NULL; `max` of them at most. */
static void
read_args(struct nx_arena *arena, struct json_object *obj, int max,
    struct nx_kv *out)
{
	int n = 0;

	if (obj == NULL)
		return;
	json_object_object_foreach(obj, name, value) {
		struct nx_kv *arg = &out[n];

		if (n++ == max)
			break;
		*arg = (struct nx_kv){
			.key = nx_arena_str(arena, name),
			.str = nx_arena_str(arena, nx_json_str(obj, name)),
			.num = json_object_get_int64(value),
			.is_num = json_object_is_type(value, json_type_int),
		};
	}
}

static void
read_error(struct nx_arena *arena, struct json_object *obj,
    struct nx_post_error *out)
{
	const char *code = nx_json_str(obj, "code");
	const char *reason = nx_json_str(obj, "reason_code");
	struct json_object *x = nx_json_object(obj, "x");
	struct nx_kv args[NX_ERR_ARGS + 1] = { { 0 } };
	int64_t retry_at;

	out->err.rc = code == NULL ? NX_INTERNAL : nx_rc_from_code(code);
	read_text(obj, "detail", out->err.detail, sizeof(out->err.detail));
	if (reason != NULL && nx_reason_find(reason, &out->err.reason)) {
		read_args(arena, nx_json_object(obj, "reason_args"),
		    NX_ERR_ARGS, args);
		nx_err_set_args(&out->err, args);
	}
	out->request_id = nx_arena_str(arena, nx_json_str(obj,
	    "request_id"));
	out->err.connect_url = nx_arena_str(arena, nx_json_str(obj,
	    "connect_url"));
	out->err.retry_after = read_int(obj, "retry_after");
	if (nx_json_i64(obj, "retry_at", &retry_at) && retry_at > 0)
		out->err.retry_at = retry_at;
	out->err.x.status = read_int(x, "status");
	read_text(x, "type", out->err.x.type, sizeof(out->err.x.type));
	read_text(x, "title", out->err.x.title, sizeof(out->err.x.title));
	read_text(x, "detail", out->err.x.detail, sizeof(out->err.x.detail));
}

const struct nx_post_error *
nx_post_error_read(struct nx_arena *arena, const char *text)
{
	struct nx_post_error *error;
	struct json_object *obj = NULL;

	if (text == NULL ||
	    (error = nx_arena_alloc(arena, sizeof(*error))) == NULL)
		return NULL;
	*error = (struct nx_post_error){ .err.rc = NX_INTERNAL };
	if (nx_json_parse(nx_slice_str(text), &obj, NULL) == NX_OK)
		read_error(arena, obj, error);
	json_object_put(obj);
	return error;
}

const char *
nx_post_warnings_text(struct nx_arena *arena, struct nx_post_warnings warnings)
{
	struct nx_buf json = NX_BUF(NX_STORED_ERROR_MAX);
	struct nx_jw w = { .out = &json };
	const char *text = NULL;

	nx_jw_open(&w, NULL, '[');
	for (size_t i = 0; i < warnings.n; i++) {
		const struct nx_post_warning *one = &warnings.all[i];

		if (one->sentence != NULL) {
			nx_jw_str(&w, NULL, one->sentence);
			continue;
		}
		nx_jw_open(&w, NULL, '{');
		nx_jw_str(&w, "code", nx_warning_code(one->warning));
		nx_words_args(&w, "args", one->args);
		nx_jw_close(&w, '}');
	}
	nx_jw_close(&w, ']');
	if (nx_buf_ok(&json))
		text = nx_arena_slice(arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}

/* False: nothing that can be understood. */
static bool
read_warning(struct nx_arena *arena, struct json_object *v,
    struct nx_post_warning *out)
{
	const char *code = nx_json_str(v, "code");

	if (json_object_is_type(v, json_type_string)) {
		out->sentence = nx_arena_str(arena,
		    json_object_get_string(v));
		return out->sentence != NULL;
	}
	if (code == NULL || !nx_warning_find(code, &out->warning))
		return false;
	read_args(arena, nx_json_object(v, "args"), NX_WARNING_ARGS,
	    out->args);
	return true;
}

struct nx_post_warnings
nx_post_warnings_read(struct nx_arena *arena, const char *text)
{
	struct nx_post_warnings found = { NULL, 0 };
	struct nx_post_warning *all;
	struct json_object *list;
	size_t n;

	if (text == NULL ||
	    nx_json_parse_array(nx_slice_str(text), &list, NULL) != NX_OK)
		return found;
	n = json_object_array_length(list);
	all = nx_arena_alloc(arena, (n + 1) * sizeof(*all));
	for (size_t i = 0; all != NULL && i < n; i++) {
		if (read_warning(arena, json_object_array_get_idx(list, i),
		    &all[found.n]))
			found.n++;
	}
	found.all = all;
	json_object_put(list);
	return found;
}
