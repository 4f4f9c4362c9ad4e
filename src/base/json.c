/*
 * json.c - reading of JSON.
 *
 * json-c alone is too forgiving, also when it is told to be strict: what it
 * lets pass is found by json_scan.c.  It lets a later duplicate win, too; but
 * outside strings every member has exactly one colon, so more colons than
 * members in the tree means duplicates.
 */

#include "nx/base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_scan.h"

#include "nx/base/maxima.h"

/* Depth is bounded by the parser, so recursion is too. */
static size_t
count_members(struct json_object *v)
{
	size_t n = 0;

	if (json_object_is_type(v, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(v); i++)
			n += count_members(json_object_array_get_idx(v, i));
	} else if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, member) {
			(void)key;
			n += 1 + count_members(member);
		}
	}
	return n;
}

static enum nx_rc
parse_any(struct nx_slice text, struct json_object **out, struct nx_err *err)
{
	enum json_tokener_error why;
	json_tokener *tok = json_tokener_new_ex(NX_JSON_DEPTH + 1);

	if (tok == NULL)
		return nx_fail(err, NX_NO_MEMORY, "while parsing JSON");
	json_tokener_set_flags(tok,
	    JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* A NUL after the text ends a number at the top level. */
	*out = json_tokener_parse_ex(tok, text.p, (int)text.n);
	why = json_tokener_get_error(tok);
	/* What it has read last stays in its buffer. */
	OPENSSL_cleanse(tok->pb->buf, (size_t)tok->pb->size);
	json_tokener_free(tok);
	if (why == json_tokener_success)
		return NX_OK;
	json_object_put(*out);
	*out = NULL;
	return nx_fail(err, NX_NOT_JSON, "The JSON does not parse: %s.",
	    why == json_tokener_continue ? "it ends too early" :
	    json_tokener_error_desc(why));
}

static enum nx_rc
parse_strict(struct nx_slice text, enum json_type type,
    struct json_object **out, struct nx_err *err)
{
	struct nx_json_scan s;
	enum nx_rc rc;

	*out = NULL;
	if (text.n == 0)
		return nx_fail(err, NX_NOT_JSON, "There is no JSON at all.");
	if (text.n > NX_JSON_TEXT_MAX)
		return nx_fail(err, NX_TOO_BIG, "The JSON is too long.");
	s = nx_json_scan(text, NULL);
	if ((rc = parse_any(text, out, err)) != NX_OK)
		return rc;
	if (!json_object_is_type(*out, type))
		s.wrong = type == json_type_object ?
		    "it is not an object" : "it is not an array";
	else if (count_members(*out) != s.colons)
		s.wrong = "a member stands in it twice";
	if (s.wrong == NULL)
		return NX_OK;
	json_object_put(*out);
	*out = NULL;
	return nx_fail(err, NX_NOT_JSON, "The JSON is refused: %s.", s.wrong);
}

enum nx_rc
nx_json_parse(struct nx_slice text, struct json_object **out,
    struct nx_err *err)
{
	return parse_strict(text, json_type_object, out, err);
}

enum nx_rc
nx_json_parse_array(struct nx_slice text, struct json_object **out,
    struct nx_err *err)
{
	return parse_strict(text, json_type_array, out, err);
}

/* RFC 8259 section 8.1 lets a reader pass over a byte order mark. */
static struct nx_slice
behind_mark(struct nx_slice text)
{
	(void)nx_slice_cut_prefix(&text, "\xef\xbb\xbf");
	return text;
}

static enum nx_rc
parse_lenient(struct nx_slice text, bool once, struct json_object **out)
{
	/* It may be a grant. */
	struct nx_buf mended = NX_BUF_SECRET(NX_JSON_TEXT_MAX);
	enum nx_rc rc = NX_NOT_JSON;
	struct nx_json_scan s;

	*out = NULL;
	if (text.n == 0 || text.n > NX_JSON_TEXT_MAX)
		return text.n == 0 ? NX_NOT_JSON : NX_TOO_BIG;
	s = nx_json_scan(text, &mended);
	if (!nx_buf_ok(&mended))
		rc = NX_NO_MEMORY;
	else if (s.wrong == NULL)
		rc = parse_any(mended.n > 0 ? nx_buf_slice(&mended) : text,
		    out, NULL);
	nx_buf_free(&mended);
	if (rc == NX_OK && (!json_object_is_type(*out, json_type_object) ||
	    (once && count_members(*out) != s.colons))) {
		json_object_put(*out);
		*out = NULL;
		rc = NX_NOT_JSON;
	}
	return rc;
}

enum nx_rc
nx_json_parse_lenient(struct nx_slice text, struct json_object **out)
{
	return parse_lenient(behind_mark(text), false, out);
}

enum nx_rc
nx_json_parse_once(struct nx_slice text, struct json_object **out)
{
	return parse_lenient(behind_mark(text), true, out);
}

/* Depth is bounded by the parser. */
static void
wipe_strings(struct json_object *v)
{
	if (json_object_is_type(v, json_type_string)) {
		OPENSSL_cleanse((void *)(uintptr_t)json_object_get_string(v),
		    (size_t)json_object_get_string_len(v));
	} else if (json_object_is_type(v, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(v); i++)
			wipe_strings(json_object_array_get_idx(v, i));
	} else if (json_object_is_type(v, json_type_object)) {
		json_object_object_foreach(v, key, value) {
			(void)key;
			wipe_strings(value);
		}
	}
}

void
nx_json_wipe(struct json_object *obj)
{
	wipe_strings(obj);		/* json-c frees without wiping */
	json_object_put(obj);
}

static struct json_object *
member_of(struct json_object *obj, const char *name, enum json_type type)
{
	struct json_object *v = NULL;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, name, &v) ||
	    !json_object_is_type(v, type))
		return NULL;
	return v;
}

const char *
nx_json_str(struct json_object *obj, const char *name)
{
	struct json_object *v = member_of(obj, name, json_type_string);

	return v == NULL ? NULL : json_object_get_string(v);
}

struct json_object *
nx_json_object(struct json_object *obj, const char *name)
{
	return member_of(obj, name, json_type_object);
}

struct json_object *
nx_json_array(struct json_object *obj, const char *name)
{
	return member_of(obj, name, json_type_array);
}

bool
nx_json_i64(struct json_object *obj, const char *name, int64_t *out)
{
	struct json_object *v = member_of(obj, name, json_type_int);
	const char *s;
	char *end;

	if (v != NULL) {
		*out = json_object_get_int64(v);
		return *out != INT64_MAX ||
		    json_object_get_uint64(v) == INT64_MAX;
	}
	/* strtoll() would skip white space and take a plus. */
	if ((s = nx_json_str(obj, name)) == NULL ||
	    (*s != '-' && !nx_is_digit(*s)))
		return false;
	errno = 0;
	*out = strtoll(s, &end, 10);
	return *end == '\0' && end[-1] != '-' && errno == 0;
}

bool
nx_json_bool(struct json_object *obj, const char *name, bool *out)
{
	struct json_object *v = member_of(obj, name, json_type_boolean);

	if (v != NULL)
		*out = json_object_get_boolean(v);
	return v != NULL;
}

const char *
nx_json_id(struct json_object *obj, const char *name,
    char space[NX_JSON_ID_ROOM])
{
	struct json_object *v = member_of(obj, name, json_type_int);
	uint64_t n;

	if (v == NULL)
		return nx_json_str(obj, name);
	n = json_object_get_uint64(v);
	/* json-c gives UINT64_MAX for what is larger. */
	if (n == UINT64_MAX || (n == 0 && json_object_get_int64(v) < 0))
		return NULL;
	(void)snprintf(space, NX_JSON_ID_ROOM, "%" PRIu64, n);
	return space;
}
