/* json_body.c - read a body that is JSON. */

#include "json_body.h"

#include <json-c/json.h>

#include "nx/base/json.h"
#include "nx/base/uuid.h"
#include "nx/base/words.h"

enum nx_rc
nx_web_json_body(struct nx_call *call)
{
	const struct nx_request *r = call->request;
	struct nx_slice type = nx_slice_str(r->content_type);

	type = nx_slice_trim(nx_slice_cut(&type, ';'), " \t");
	if (!nx_slice_is_nocase(type, "application/json"))
		return nx_fail(&call->ctx->err, NX_NOT_JSON_TYPE,
		    "The Content-Type is not application/json.");
	return nx_body_check_length((int64_t)r->body.n, r->content_length,
	    &call->ctx->err);
}

static enum nx_rc
read_uuid_member(struct nx_call *call, const struct nx_uuid_member *m,
    struct json_object *value)
{
	struct nx_ctx *ctx = call->ctx;
	const char *text = json_object_get_string(value);

	if (value == NULL)
		return NX_OK;
	if (!nx_uuid_valid(text))
		return nx_fail_for(&ctx->err, NX_INVALID,
		    NX_WHY_NOT_EXPECTED, NX_S("member", m->name),
		    NX_S("expected", "a UUID"));
	*m->to = nx_arena_str(ctx->arena, text);
	return *m->to != NULL ? NX_OK :
	    nx_fail(&ctx->err, NX_NO_MEMORY, "while reading the body");
}

enum nx_rc
nx_web_uuids(struct nx_call *call, const struct nx_uuid_member *members,
    size_t n)
{
	const struct nx_request *r = call->request;
	struct json_object *obj;
	enum nx_rc rc;

	if (r->body.n == 0 && r->content_length == 0)
		return NX_OK;
	if ((rc = nx_web_json_body(call)) != NX_OK ||
	    (rc = nx_json_parse(r->body, &obj, &call->ctx->err)) != NX_OK)
		return rc;
	json_object_object_foreach(obj, name, value) {
		size_t i = 0;

		while (i < n && strcmp(members[i].name, name) != 0)
			i++;
		rc = i < n ? read_uuid_member(call, &members[i], value) :
		    nx_fail_member(&call->ctx->err, NX_WHY_NO_SUCH_MEMBER, "",
		    name);
		if (rc != NX_OK)
			break;
	}
	json_object_put(obj);
	return rc;
}
