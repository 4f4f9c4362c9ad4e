/*
 * json.c - reading and plain writing of JSON.
 *
 * json-c alone is too forgiving, also when it is told to be strict: it lets a
 * later duplicate win, turns a lone surrogate into U+FFFD, takes overlong
 * UTF-8, 'names' in single quotes, NaN, Infinity, -01 and 1.  One pass over
 * the text finds these: outside strings every member has exactly one colon,
 * so more colons than members in the tree means duplicates.  For a lenient
 * reader the same pass makes a copy with the odd characters mended.
 */

#include "nx/base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <json-c/printbuf.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/utf8.h"

enum { TEXT_MAX = INT32_MAX / 2 };

/* How far a pass over the text has come, and what it found. */
struct json_scan {
	size_t		 colons;
	int		 depth;
	const char	*wrong;		/* NULL: nothing so far */
	struct nx_buf	*mended;	/* NULL: strict */
	const char	*from;		/* what `mended` does not have yet */
};

static void
copy_until(struct json_scan *s, const char *p)
{
	if (p > s->from)
		nx_buf_add(s->mended, s->from, (size_t)(p - s->from));
	s->from = p;
}

/* `n` bytes at `p`, in a string, stand for no character that we keep. */
static void
mend_bytes(struct json_scan *s, const char *p, size_t n, const char *what)
{
	if (s->mended == NULL) {
		s->wrong = what;
		return;
	}
	copy_until(s, p);
	nx_buf_adds(s->mended, NX_UTF8_REPLACEMENT);
	s->from = p + n;
}

static int
read_hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = nx_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* `p` follows `\u`; returns what follows the escape, its pair included. */
static const char *
scan_unicode(const char *p, const char *end, struct json_scan *s)
{
	int v = read_hex4(p, end), low;

	if (v < 0)
		return p;	/* json-c says what is wrong */
	p += 4;
	if (v == 0)
		mend_bytes(s, p - 6, 6, "a string holds U+0000");
	if (v >= 0xdc00 && v <= 0xdfff)
		mend_bytes(s, p - 6, 6, "a string holds a lone surrogate");
	if (v < 0xd800 || v > 0xdbff)
		return p;
	low = end - p > 2 && p[0] == '\\' && p[1] == 'u' ?
	    read_hex4(p + 2, end) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		mend_bytes(s, p - 6, 6, "a string holds a lone surrogate");
		return p;
	}
	return p + 6;
}

/* `p` follows the opening quote; returns what follows the closing one. */
static const char *
scan_string(const char *p, const char *end, struct json_scan *s)
{
	while (p < end && *p != '"') {
		size_t n = nx_utf8_length(p, (size_t)(end - p));

		if (n == 0)
			mend_bytes(s, p, 1, "a string is not UTF-8");
		else if (*p == '\0')
			mend_bytes(s, p, 1, "a string holds a NUL byte");
		else if ((unsigned char)*p < 0x20)
			s->wrong = "a string holds a control character";
		if (*p != '\\' || end - p == 1)
			p += n == 0 ? 1 : n;
		else if (p[1] == 'u')
			p = scan_unicode(p + 2, end, s);
		else
			p += 2;
	}
	return p < end ? p + 1 : end;
}

static const char *
scan_digits(const char *p, const char *end, struct json_scan *s)
{
	const char *from = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == from)
		s->wrong = "a number is not written as JSON has it";
	return p;
}

/* RFC 8259 section 6; `p` is at the minus or the first digit. */
static const char *
scan_number(const char *p, const char *end, struct json_scan *s)
{
	const char *from;

	if (*p == '-')
		p++;
	from = p;
	p = scan_digits(p, end, s);
	if (p - from > 1 && *from == '0')
		s->wrong = "a number begins with 0";
	if (p < end && *p == '.')
		p = scan_digits(p + 1, end, s);
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = scan_digits(p, end, s);
	}
	return p;
}

static struct json_scan
scan_text(struct nx_slice text, struct nx_buf *mended)
{
	const char *p = text.p, *end = text.p + text.n;
	struct json_scan s = { .mended = mended, .from = p };

	while (p < end) {
		char c = *p++;

		if (c == ':')
			s.colons++;
		else if (c == '"')
			p = scan_string(p, end, &s);
		else if (c == '-' || (c >= '0' && c <= '9'))
			p = scan_number(p - 1, end, &s);
		else if ((c == '{' || c == '[') && ++s.depth > NX_JSON_DEPTH)
			s.wrong = "it is nested too deep";
		else if (c == '}' || c == ']')
			s.depth--;
		else if (c == '\0')
			s.wrong = "it holds a NUL byte";
		else if (c == '\'' || c == 'N' || c == 'I')
			s.wrong = "it is not JSON but JavaScript";
	}
	if (mended != NULL && mended->n > 0)
		copy_until(&s, end);
	return s;
}

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
	struct json_scan s;
	enum nx_rc rc;

	*out = NULL;
	if (text.n == 0)
		return nx_fail(err, NX_NOT_JSON, "There is no JSON at all.");
	if (text.n > TEXT_MAX)
		return nx_fail(err, NX_TOO_BIG, "The JSON is too long.");
	s = scan_text(text, NULL);
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
	struct nx_buf mended = NX_BUF_SECRET(TEXT_MAX);	/* may be a grant */
	enum nx_rc rc = NX_NOT_JSON;
	struct json_scan s;

	*out = NULL;
	if (text.n == 0 || text.n > TEXT_MAX)
		return text.n == 0 ? NX_NOT_JSON : NX_TOO_BIG;
	s = scan_text(text, &mended);
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
	    (*s != '-' && (*s < '0' || *s > '9')))
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

static void
write_string(struct nx_buf *out, struct nx_slice s)
{
	size_t from = 0;

	nx_buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		nx_buf_add(out, s.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			nx_buf_add(out, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			nx_buf_adds(out, "\\n");
		else
			nx_buf_addf(out, "\\u%04x", c);
	}
	if (s.n > from)		/* not so for an empty slice, whose p is NULL */
		nx_buf_add(out, s.p + from, s.n - from);
	nx_buf_addc(out, '"');
}

static void
write_key(struct nx_jw *w, const char *key)
{
	if (w->comma)
		nx_buf_addc(w->out, ',');
	w->comma = true;
	if (key == NULL)
		return;
	write_string(w->out, nx_slice_str(key));
	nx_buf_addc(w->out, ':');
}

void
nx_jw_open(struct nx_jw *w, const char *key, char bracket)
{
	write_key(w, key);
	nx_buf_addc(w->out, bracket);
	w->comma = false;
}

void
nx_jw_close(struct nx_jw *w, char bracket)
{
	nx_buf_addc(w->out, bracket);
	w->comma = true;
}

void
nx_jw_raw(struct nx_jw *w, const char *key, const char *text)
{
	write_key(w, key);
	nx_buf_adds(w->out, text);
}

void
nx_jw_null(struct nx_jw *w, const char *key)
{
	nx_jw_raw(w, key, "null");
}

void
nx_jw_slice(struct nx_jw *w, const char *key, struct nx_slice value)
{
	write_key(w, key);
	write_string(w->out, value);
}

void
nx_jw_str(struct nx_jw *w, const char *key, const char *value)
{
	if (value == NULL)
		nx_jw_null(w, key);
	else
		nx_jw_slice(w, key, nx_slice_str(value));
}

void
nx_jw_i64(struct nx_jw *w, const char *key, int64_t value)
{
	write_key(w, key);
	nx_buf_addf(w->out, "%" PRId64, value);
}

void
nx_jw_bool(struct nx_jw *w, const char *key, bool value)
{
	nx_jw_raw(w, key, value ? "true" : "false");
}

void
nx_jw_time(struct nx_jw *w, const char *key, int64_t wall)
{
	char text[NX_RFC3339_MAX];

	nx_clock_text(wall, text);
	nx_jw_str(w, key, wall == 0 ? NULL : text);
}
