/*
 * json.h - reading through json-c, and a writer without a tree.
 *
 * Reading is for bytes from outside: one value, UTF-8, no duplicate members,
 * no NUL or lone surrogate in a string, nested at most NX_JSON_DEPTH deep.
 * The tree belongs to whoever parsed it (json_object_put).  One thread.
 *
 * Strict is for those who call us: what is not understood is refused.  X's
 * answers tell of what has happened already, and refusing one for a character
 * in somebody's text would lose it: they are read leniently.
 */
#ifndef NX_BASE_JSON_H
#define NX_BASE_JSON_H

#include <json-c/json_object.h>
#include <stdint.h>

#include "nx/base/buf.h"

enum { NX_JSON_DEPTH = 32 };

/*
 * Parse an object, or an array.  NOT_JSON with the reason in `err` (may be
 * NULL), TOO_BIG or NO_MEMORY; `*out` is then NULL.
 */
NX_MUST_USE enum nx_rc	nx_json_parse(struct nx_slice text,
			    struct json_object **out, struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_json_parse_array(struct nx_slice text,
			    struct json_object **out, struct nx_err *err);

/*
 * The same for an answer of X: in a string, U+0000, a lone surrogate and each
 * byte that is not UTF-8 become U+FFFD; of a repeated member the last counts;
 * a byte order mark before it is passed over.
 */
NX_MUST_USE enum nx_rc	nx_json_parse_lenient(struct nx_slice text,
			    struct json_object **out);

/* As leniently, but a repeated member is NOT_JSON: which one is meant? */
NX_MUST_USE enum nx_rc	nx_json_parse_once(struct nx_slice text,
			    struct json_object **out);

/* json_object_put() of a tree (or NULL) that may hold secrets. */
void			 nx_json_wipe(struct json_object *obj);

/*
 * A member of `obj` (NULL is fine); NULL when absent, null or of another
 * type.  What comes back lives as long as `obj`.
 */
const char		*nx_json_str(struct json_object *obj,
			    const char *name);
struct json_object	*nx_json_object(struct json_object *obj,
			    const char *name);
struct json_object	*nx_json_array(struct json_object *obj,
			    const char *name);

/* A whole number, as a JSON number or a decimal string (X sends both). */
bool	nx_json_i64(struct json_object *obj, const char *name, int64_t *out);
bool	nx_json_bool(struct json_object *obj, const char *name, bool *out);

/*
 * An id: a string as it stands, not looked into; a whole number from 0 up as
 * its digits in `space`; otherwise NULL.  A string lives as long as `obj`.
 */
enum { NX_JSON_ID_ROOM = 24 };
const char	*nx_json_id(struct json_object *obj, const char *name,
		    char space[NX_JSON_ID_ROOM]);

/*
 * The writer: appends to `out`, puts the commas.  `key` is NULL inside an
 * array and for the outermost value; a NULL string becomes null.
 */
struct nx_jw {
	struct nx_buf	*out;
	bool		 comma;
};

void	nx_jw_open(struct nx_jw *w, const char *key, char bracket);
void	nx_jw_close(struct nx_jw *w, char bracket);
void	nx_jw_str(struct nx_jw *w, const char *key, const char *value);
void	nx_jw_slice(struct nx_jw *w, const char *key, struct nx_slice value);
void	nx_jw_i64(struct nx_jw *w, const char *key, int64_t value);
void	nx_jw_bool(struct nx_jw *w, const char *key, bool value);
void	nx_jw_null(struct nx_jw *w, const char *key);

/* `text` is a JSON value already (from a jsonb column, say). */
void	nx_jw_raw(struct nx_jw *w, const char *key, const char *text);

/* The time as RFC 3339; 0 becomes null. */
void	nx_jw_time(struct nx_jw *w, const char *key, int64_t wall);

#endif
