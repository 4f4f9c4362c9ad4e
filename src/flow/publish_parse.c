/*
 * publish_parse.c - the body of a post, member by member.
 *
 * One table says which members there are; what is not in it is refused by
 * name, and so is what this version does not offer.
 */

#include "nx/flow/publish.h"

#include <json-c/json.h>

#include "nx/base/json.h"

enum { NAME_SHOWN = 60 };

typedef enum nx_rc read_fn(struct nx_ctx *, const char *name,
    struct json_object *value, struct nx_publish_ask *out);

static enum nx_rc
want(struct nx_ctx *ctx, const char *name, const char *what)
{
	return nx_fail(&ctx->err, NX_INVALID, "%s must be %s.", name, what);
}

static bool
as_slice(struct nx_ctx *ctx, struct json_object *v, struct nx_slice *out)
{
	if (!json_object_is_type(v, json_type_string))
		return false;
	out->n = (size_t)json_object_get_string_len(v);
	out->p = nx_arena_slice(ctx->arena,
	    (struct nx_slice){ json_object_get_string(v), out->n });
	return out->p != NULL;
}

static enum nx_rc
read_text(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return as_slice(ctx, v, &out->text) ? NX_OK :
	    want(ctx, name, "a string");
}

static enum nx_rc
read_link(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return as_slice(ctx, v, &out->link) ? NX_OK :
	    want(ctx, name, "a string with a URL");
}

static enum nx_rc
read_uuid(struct nx_ctx *ctx, const char *name, struct json_object *v,
    const char **out)
{
	struct nx_slice s;

	if (!as_slice(ctx, v, &s) || !nx_is_uuid(s.p))
		return want(ctx, name, "a UUID");
	*out = s.p;
	return NX_OK;
}

static enum nx_rc
read_user_id(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_uuid(ctx, name, v, &out->user_id);
}

static enum nx_rc
read_connection_id(struct nx_ctx *ctx, const char *name,
    struct json_object *v, struct nx_publish_ask *out)
{
	return read_uuid(ctx, name, v, &out->connection_id);
}

static enum nx_rc
read_on_long(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	static const char *const names[] = {
		[NX_TRUNCATE] = "truncate", [NX_THREAD] = "thread",
		[NX_REJECT] = "reject",
	};
	struct nx_slice s;

	if (as_slice(ctx, v, &s)) {
		for (int i = 0; i <= NX_REJECT; i++) {
			if (nx_slice_is(s, names[i])) {
				out->on_long = (enum nx_on_long)i;
				return NX_OK;
			}
		}
	}
	return want(ctx, name, "truncate, thread or reject");
}

static enum nx_rc
read_reply_to(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	struct nx_slice s;

	if (!as_slice(ctx, v, &s) || s.n == 0 || s.n > 19 ||
	    strspn(s.p, "0123456789") != s.n)
		return want(ctx, name, "X's id of a post: up to 19 digits,"
		    " as a string");
	out->reply_to = s.p;
	return NX_OK;
}

static enum nx_rc
read_reply_settings(struct nx_ctx *ctx, const char *name,
    struct json_object *v, struct nx_publish_ask *out)
{
	static const char *const names[] = { "following", "mentionedUsers",
	    "subscribers", "verified", NULL };
	struct nx_slice s;

	if (as_slice(ctx, v, &s)) {
		for (const char *const *n = names; *n != NULL; n++) {
			if (nx_slice_is(s, *n)) {
				out->reply_settings = *n;
				return NX_OK;
			}
		}
	}
	return want(ctx, name,
	    "following, mentionedUsers, subscribers or verified");
}

static enum nx_rc
read_bool(struct nx_ctx *ctx, const char *name, struct json_object *v,
    bool *out)
{
	if (!json_object_is_type(v, json_type_boolean))
		return want(ctx, name, "true or false");
	*out = json_object_get_boolean(v);
	return NX_OK;
}

static enum nx_rc
read_numbering(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->numbering);
}

static enum nx_rc
read_made_with_ai(struct nx_ctx *ctx, const char *name,
    struct json_object *v, struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->made_with_ai);
}

static enum nx_rc
read_paid(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->paid_partnership);
}

static enum nx_rc
read_dry_run(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->dry_run);
}

/* Promised by the contract and not built yet: only "nothing" is accepted. */
static enum nx_rc
not_offered(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	(void)out;
	if (json_object_is_type(v, json_type_boolean) &&
	    !json_object_get_boolean(v))
		return NX_OK;
	if (json_object_is_type(v, json_type_array) &&
	    json_object_array_length(v) == 0)
		return NX_OK;
	return nx_fail(&ctx->err, NX_NOT_OFFERED,
	    "%s is not offered by this version.", name);
}

static enum nx_rc
read_on_partial(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	struct nx_slice s = { NULL, 0 };

	if (as_slice(ctx, v, &s) && nx_slice_is(s, "keep"))
		return NX_OK;
	if (s.p == NULL || !nx_slice_is(s, "delete"))
		return want(ctx, name, "keep or delete");
	return not_offered(ctx, name, v, out);
}

static const struct {
	const char	*name;
	read_fn		*read;
} members[] = {
	{ "text", read_text },
	{ "user_id", read_user_id },
	{ "connection_id", read_connection_id },
	{ "on_long", read_on_long },
	{ "link", read_link },
	{ "media_ids", not_offered },
	{ "reply_to", read_reply_to },
	{ "reply_settings", read_reply_settings },
	{ "poll", not_offered },
	{ "made_with_ai", read_made_with_ai },
	{ "paid_partnership", read_paid },
	{ "numbering", read_numbering },
	{ "on_partial", read_on_partial },
	{ "publish_at", not_offered },
	{ "queue", not_offered },
	{ "metrics", not_offered },
	{ "dry_run", read_dry_run },
};

static enum nx_rc
read_member(struct nx_ctx *ctx, const char *name, struct json_object *value,
    struct nx_publish_ask *out)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		return value == NULL ? NX_OK :	/* null is absent */
		    members[i].read(ctx, name, value, out);
	}
	return nx_fail(&ctx->err, NX_UNKNOWN_MEMBER,
	    "There is no member \"%.*s\" in a post.", NAME_SHOWN, name);
}

enum nx_rc
nx_publish_parse(struct nx_ctx *ctx, struct nx_slice body,
    struct nx_publish_ask *out)
{
	struct json_object *obj;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = nx_json_parse(body, &obj, &ctx->err)) != NX_OK)
		return rc;
	json_object_object_foreach(obj, name, value) {
		rc = read_member(ctx, name, value, out);
		if (rc != NX_OK)
			break;
	}
	json_object_put(obj);
	if (rc == NX_OK && out->text.p == NULL)
		return nx_fail(&ctx->err, NX_TEXT_EMPTY,
		    "text is missing or empty.");
	if (rc == NX_OK && !nx_arena_ok(ctx->arena))
		return nx_fail(&ctx->err, NX_NO_MEMORY, "The body is large.");
	return rc;
}
