/* measure.c - weigh the text of one JSON line. */

#include "nx/flow/publish/measure.h"

#include <json-c/json.h>

#include "nx/base/json.h"
#include "nx/base/words.h"
#include "nx/text/weigh.h"

static void
add_range(struct nx_jw *w, const char *key, int start, int end)
{
	nx_jw_open(w, key, '[');
	nx_jw_i64(w, NULL, start);
	nx_jw_i64(w, NULL, end);
	nx_jw_close(w, ']');
}

static enum nx_rc
measured_text(struct json_object *obj, struct nx_slice *out, struct nx_err *err)
{
	*out = (struct nx_slice){ NULL, 0 };
	json_object_object_foreach(obj, name, value) {
		if (strcmp(name, "text") != 0)
			return nx_fail_member(err, NX_WHY_NO_SUCH_MEMBER, "",
			    name);
		if (json_object_is_type(value, json_type_string))
			*out = (struct nx_slice){
			    json_object_get_string(value),
			    (size_t)json_object_get_string_len(value) };
	}
	return out->p != NULL ? NX_OK :
	    nx_fail_for(err, NX_INVALID, NX_WHY_NOT_EXPECTED,
	    NX_S("member", "text"), NX_S("expected", "a string"));
}

enum nx_rc
nx_measure(struct nx_slice line, struct nx_buf *out, struct nx_err *err)
{
	struct nx_jw w = { .out = out };
	struct nx_slice text;
	struct json_object *obj;
	struct nx_weight weight;
	enum nx_rc rc;

	if ((rc = nx_json_parse(line, &obj, err)) != NX_OK)
		return rc;
	rc = measured_text(obj, &text, err);
	if (rc == NX_OK &&
	    (rc = nx_weigh(text, NX_LIMIT_POST, &weight)) != NX_OK)
		rc = nx_fail(err, rc, "The text cannot be weighed.");
	json_object_put(obj);
	if (rc != NX_OK)
		return rc;
	nx_jw_open(&w, NULL, '{');
	nx_jw_i64(&w, "weighted_length", weight.weighted_length);
	nx_jw_bool(&w, "valid", weight.valid);
	nx_jw_i64(&w, "permillage", weight.permillage);
	add_range(&w, "valid_range", weight.valid_start, weight.valid_end);
	add_range(&w, "display_range", weight.display_start,
	    weight.display_end);
	nx_jw_close(&w, '}');
	return nx_buf_ok(out) ? NX_OK : nx_fail(err, NX_NO_MEMORY, "output");
}
