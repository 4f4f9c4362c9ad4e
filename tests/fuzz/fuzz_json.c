/*
 * fuzz_json.c - any bytes through both readers of JSON.
 *
 * What the strict one takes, the lenient one reads the same; what either
 * reads is text without NUL, not too deep, and survives being written by our
 * own writer and read again.
 */

#include <string.h>

#include <json-c/json.h>

#include "fuzz.h"

enum { WRITTEN_MAX = 4 << 20 };

static void	write_value(struct nx_jw *w, const char *key,
		    struct json_object *v, int depth);

static void
write_members(struct nx_jw *w, struct json_object *v, int depth)
{
	json_object_object_foreach(v, name, value) {
		CHECK(fuzz_is_text(name, strlen(name)));
		write_value(w, name, value, depth);
	}
}

static void
write_string(struct nx_jw *w, const char *key, struct json_object *v)
{
	const char *s = json_object_get_string(v);
	size_t n = (size_t)json_object_get_string_len(v);

	CHECK(fuzz_is_text(s, n) && strlen(s) == n);
	nx_jw_slice(w, key, (struct nx_slice){ s, n });
}

static void
write_value(struct nx_jw *w, const char *key, struct json_object *v,
    int depth)
{
	CHECK(depth <= NX_JSON_DEPTH);
	switch (json_object_get_type(v)) {
	case json_type_null:
		nx_jw_null(w, key);
		break;
	case json_type_boolean:
		nx_jw_bool(w, key, json_object_get_boolean(v));
		break;
	case json_type_string:
		write_string(w, key, v);
		break;
	case json_type_object:
		nx_jw_open(w, key, '{');
		write_members(w, v, depth + 1);
		nx_jw_close(w, '}');
		break;
	case json_type_array:
		nx_jw_open(w, key, '[');
		for (size_t i = 0; i < json_object_array_length(v); i++)
			write_value(w, NULL, json_object_array_get_idx(v, i),
			    depth + 1);
		nx_jw_close(w, ']');
		break;
	default:		/* numbers, as json-c has them */
		nx_jw_raw(w, key, json_object_to_json_string(v));
		break;
	}
}

/* The questions that are asked of a member, whatever it is. */
static void
check_member(struct json_object *obj, const char *name)
{
	char space[NX_JSON_ID_ROOM];
	const char *s = nx_json_str(obj, name), *id;
	int64_t n = 0;
	bool b = false;

	id = nx_json_id(obj, name, space);
	CHECK(s == NULL || (id != NULL && strcmp(id, s) == 0));
	CHECK(id == NULL || s != NULL ||
	    strspn(id, "0123456789") == strlen(id));
	if (nx_json_i64(obj, name, &n) && s != NULL) {
		char digits[24];

		/* A text that counts as a number is that number. */
		(void)snprintf(digits, sizeof(digits), "%lld", (long long)n);
		CHECK(strtoll(s, NULL, 10) == n && strlen(s) < 100);
	}
	CHECK(!nx_json_bool(obj, name, &b) || s == NULL);
	CHECK(nx_json_object(obj, name) == NULL ||
	    nx_json_array(obj, name) == NULL);
}

static void
check_tree(struct json_object *obj)
{
	struct nx_buf out = NX_BUF(WRITTEN_MAX);
	struct nx_jw w = { .out = &out };
	struct json_object *again;

	CHECK(json_object_is_type(obj, json_type_object));
	json_object_object_foreach(obj, name, value) {
		(void)value;
		check_member(obj, name);
	}
	check_member(obj, "absent");
	write_value(&w, NULL, obj, 1);
	CHECK(nx_buf_ok(&out) && strlen(nx_buf_str(&out)) == out.n);
	CHECK(nx_json_parse(nx_buf_slice(&out), &again, NULL) == NX_OK);
	CHECK(json_object_equal(obj, again));
	json_object_put(again);
	nx_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice text = { (const char *)data, n };
	struct json_object *strict, *lenient;
	struct nx_err err = { .rc = NX_OK };
	enum nx_rc rc = nx_json_parse(text, &strict, &err);

	if (rc != NX_OK) {
		CHECK(rc == NX_NOT_JSON && strict == NULL);
		fuzz_check_err(rc, &err);
	}
	if (nx_json_parse_lenient(text, &lenient) == NX_OK) {
		check_tree(lenient);
		CHECK(strict == NULL || json_object_equal(strict, lenient));
	} else
		CHECK(lenient == NULL && strict == NULL);
	if (strict != NULL)
		check_tree(strict);
	json_object_put(strict);
	json_object_put(lenient);
	return 0;
}
