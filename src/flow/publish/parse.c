/*
 * parse.c - the body of a post, member by member.
 *
 * One table says which members there are; what is not in it is refused by
 * name, and so is what this version does not offer.
 */

#include "nx/flow/publish/publish.h"

#include <json-c/json.h>

#include "nx/base/json.h"
#include "nx/base/utf8.h"
#include "nx/base/uuid.h"
#include "nx/flow/publish/when.h"
#include "nx/x/id.h"

enum {
	NAME_SHOWN = 60,
	OPTION_MAX = 25,		/* code points of a poll's option */
	POLL_MINUTES_MIN = 5, POLL_MINUTES_MAX = 7 * 24 * 60,
};

typedef enum nx_rc read_fn(struct nx_ctx *, const char *name,
    struct json_object *value, struct nx_publish_ask *out);

static enum nx_rc
want(struct nx_ctx *ctx, const char *name, const char *what)
{
	return nx_fail(&ctx->err, NX_INVALID, "%s must be %s.", name, what);
}

/* False, and `*out` empty: no string, or no memory, which the arena tells. */
static bool
as_slice(struct nx_ctx *ctx, struct json_object *v, struct nx_slice *out)
{
	struct nx_slice s = { NULL, 0 };

	*out = s;
	if (!json_object_is_type(v, json_type_string))
		return false;
	s.n = (size_t)json_object_get_string_len(v);
	s.p = json_object_get_string(v);
	if ((s.p = nx_arena_slice(ctx->arena, s)) == NULL)
		return false;
	*out = s;
	return true;
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

	if (!as_slice(ctx, v, &s) || !nx_uuid_valid(s.p))
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
read_x_id(struct nx_ctx *ctx, const char *name, struct json_object *v,
    const char **out)
{
	struct nx_slice s;

	if (!as_slice(ctx, v, &s) || !nx_x_id_is_good(s.p) ||
	    strlen(s.p) != s.n)
		return want(ctx, name, "X's id of a post: up to 19 digits,"
		    " as a string");
	*out = s.p;
	return NX_OK;
}

static enum nx_rc
read_reply_to(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_x_id(ctx, name, v, &out->options.reply_to);
}

static enum nx_rc
read_quote(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_x_id(ctx, name, v, &out->options.quote);
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
				out->options.reply_settings = *n;
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
	return read_bool(ctx, name, v, &out->options.made_with_ai);
}

static enum nx_rc
read_paid(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->options.paid_partnership);
}

static enum nx_rc
read_queue(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->options.queue);
}

static enum nx_rc
read_dry_run(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	return read_bool(ctx, name, v, &out->dry_run);
}

/* Part of the shape of a post, but only "nothing" is accepted. */
static enum nx_rc
offered(struct nx_ctx *ctx, const char *name, bool nothing)
{
	return nothing ? NX_OK : nx_fail(&ctx->err, NX_NOT_OFFERED,
	    "%s is not offered by this version.", name);
}

static enum nx_rc
read_media(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	(void)out;
	if (!json_object_is_type(v, json_type_array))
		return want(ctx, name, "an array");
	return offered(ctx, name, json_object_array_length(v) == 0);
}

static enum nx_rc
read_metrics(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	bool wanted = false;
	enum nx_rc rc = read_bool(ctx, name, v, &wanted);

	(void)out;
	return rc != NX_OK ? rc : offered(ctx, name, !wanted);
}

static enum nx_rc
read_on_partial(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	struct nx_slice s = { NULL, 0 };

	out->options.withdraw = as_slice(ctx, v, &s) &&
	    nx_slice_is(s, "delete");
	return out->options.withdraw || (s.p != NULL &&
	    nx_slice_is(s, "keep")) ? NX_OK :
	    want(ctx, name, "keep or delete");
}

static enum nx_rc
read_publish_at(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	struct nx_slice s = { NULL, 0 };

	(void)as_slice(ctx, v, &s);
	return nx_when_read(name, s, nx_clock_wall(), &out->publish_at,
	    &ctx->err);
}

static bool
is_poll_option(struct nx_slice s)
{
	return nx_utf8_count(s) <= OPTION_MAX &&
	    nx_slice_trim(s, " \t\r\n").n > 0;
}

static enum nx_rc
read_poll_options(struct nx_ctx *ctx, struct json_object *list,
    struct nx_options *out)
{
	size_t n = json_object_is_type(list, json_type_array) ?
	    json_object_array_length(list) : 0;
	struct nx_slice s;

	if (n < NX_POLL_MIN || n > NX_POLL_MAX)
		return want(ctx, "poll.options", "2 to 4 strings");
	for (size_t i = 0; i < n; i++) {
		if (!as_slice(ctx, json_object_array_get_idx(list, i), &s) ||
		    !is_poll_option(s))
			return want(ctx, "each of poll.options",
			    "a string of 1 to 25 characters");
		out->poll.options[i] = s.p;
	}
	out->poll.n = (int)n;
	return NX_OK;
}

static enum nx_rc
read_poll_minutes(struct nx_ctx *ctx, struct json_object *v,
    struct nx_options *out)
{
	int64_t minutes = json_object_is_type(v, json_type_int) ?
	    json_object_get_int64(v) : 0;

	if (minutes < POLL_MINUTES_MIN || minutes > POLL_MINUTES_MAX)
		return want(ctx, "poll.duration_minutes",
		    "a whole number from 5 to 10080");
	out->poll.minutes = (int)minutes;
	return NX_OK;
}

static enum nx_rc
read_poll(struct nx_ctx *ctx, const char *name, struct json_object *v,
    struct nx_publish_ask *out)
{
	struct json_object *list = NULL, *minutes = NULL;
	enum nx_rc rc;

	if (!json_object_is_type(v, json_type_object))
		return want(ctx, name, "an object with options and"
		    " duration_minutes");
	json_object_object_foreach(v, member, value) {
		if (strcmp(member, "options") == 0)
			list = value;
		else if (strcmp(member, "duration_minutes") == 0)
			minutes = value;
		else
			return nx_fail(&ctx->err, NX_UNKNOWN_MEMBER,
			    "There is no member \"poll.%.*s\" in a post.",
			    NAME_SHOWN, member);
	}
	rc = read_poll_options(ctx, list, &out->options);
	return rc != NX_OK ? rc :
	    read_poll_minutes(ctx, minutes, &out->options);
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
	{ "media_ids", read_media },
	{ "reply_to", read_reply_to },
	{ "reply_settings", read_reply_settings },
	{ "quote_tweet_id", read_quote },
	{ "poll", read_poll },
	{ "made_with_ai", read_made_with_ai },
	{ "paid_partnership", read_paid },
	{ "numbering", read_numbering },
	{ "on_partial", read_on_partial },
	{ "publish_at", read_publish_at },
	{ "queue", read_queue },
	{ "metrics", read_metrics },
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
nx_publish_read(struct nx_ctx *ctx, struct json_object *body,
    struct nx_publish_ask *out)
{
	enum nx_rc rc = NX_OK;

	memset(out, 0, sizeof(*out));
	json_object_object_foreach(body, name, value) {
		rc = read_member(ctx, name, value, out);
		if (rc != NX_OK)
			break;
	}
	/* Whatever else was found wrong: without memory nothing is known. */
	if (!nx_arena_ok(ctx->arena))
		return nx_fail(&ctx->err, NX_NO_MEMORY, "The body is large.");
	if (rc == NX_OK && out->text.p == NULL)
		return nx_fail(&ctx->err, NX_TEXT_EMPTY,
		    "text is missing or empty.");
	return rc;
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
	rc = nx_publish_read(ctx, obj, out);
	json_object_put(obj);
	return rc;
}
