/*
 * parse.c - the body of a post, member by member.
 *
 * One table says which members there are; what is not in it is refused by
 * name, and so is what this version does not offer.
 */

#include "nx/flow/publish/publish.h"

#include <json-c/json.h>
#include <stddef.h>

#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/utf8.h"
#include "nx/base/uuid.h"
#include "nx/base/words.h"
#include "nx/flow/publish/when.h"
#include "nx/x/id.h"

enum {
	POLL_MINUTES_MIN = 5,
};

/*
 * Reads `value` into the field of the request that the row names, whose type
 * it knows.
 */
struct member;
typedef enum nx_rc parse_fn(struct nx_ctx *, const struct member *,
    struct json_object *value, void *field);

struct member {
	const char	*name;
	parse_fn		*read;
	size_t		 field;		/* in struct nx_publish_ask */
	const char	*expected;	/* in words, for who sent another */
};

const char *const nx_on_long_words[] = {
	[NX_TRUNCATE] = "truncate", [NX_THREAD] = "thread",
	[NX_REJECT] = "reject", NULL,
};

const char *const nx_on_partial_words[] = { "keep", "delete", NULL };

static enum nx_rc
refuse_value(struct nx_ctx *ctx, const char *name, const char *expected)
{
	return nx_fail_for(&ctx->err, NX_INVALID, NX_WHY_NOT_EXPECTED,
	    NX_S("member", name), NX_S("expected", expected));
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
parse_string(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	struct nx_slice *out = field;

	return as_slice(ctx, v, out) ? NX_OK :
	    refuse_value(ctx, m->name, m->expected);
}

static enum nx_rc
parse_uuid(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	const char **out = field;
	struct nx_slice s;

	if (!as_slice(ctx, v, &s) || !nx_uuid_valid(s.p))
		return refuse_value(ctx, m->name, m->expected);
	*out = s.p;
	return NX_OK;
}

static enum nx_rc
parse_x_id(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	const char **out = field;
	struct nx_slice s;

	if (!as_slice(ctx, v, &s) || !nx_x_id_is_good(s.p) ||
	    strlen(s.p) != s.n)
		return refuse_value(ctx, m->name, m->expected);
	*out = s.p;
	return NX_OK;
}

static enum nx_rc
parse_bool(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	bool *out = field;

	if (!json_object_is_type(v, json_type_boolean))
		return refuse_value(ctx, m->name, m->expected);
	*out = json_object_get_boolean(v);
	return NX_OK;
}

/* Which of `words` it is; -1: none. */
static int
choice_of(struct nx_ctx *ctx, struct json_object *v, const char *const *words)
{
	struct nx_slice s;

	return as_slice(ctx, v, &s) ? nx_slice_index(s, words) : -1;
}

static enum nx_rc
parse_on_long(struct nx_ctx *ctx, const struct member *m,
    struct json_object *v, void *field)
{
	const int i = choice_of(ctx, v, nx_on_long_words);
	enum nx_on_long *out = field;

	if (i < 0)
		return refuse_value(ctx, m->name, m->expected);
	*out = (enum nx_on_long)i;
	return NX_OK;
}

static enum nx_rc
parse_on_partial(struct nx_ctx *ctx, const struct member *m,
    struct json_object *v, void *field)
{
	const int i = choice_of(ctx, v, nx_on_partial_words);
	bool *withdraw = field;

	*withdraw = i > 0;
	return i >= 0 ? NX_OK : refuse_value(ctx, m->name, m->expected);
}

static enum nx_rc
parse_reply_settings(struct nx_ctx *ctx, const struct member *m,
    struct json_object *v, void *field)
{
	static const char *const words[] = { "following", "mentionedUsers",
	    "subscribers", "verified", NULL };
	const int i = choice_of(ctx, v, words);
	const char **out = field;

	if (i < 0)
		return refuse_value(ctx, m->name, m->expected);
	*out = words[i];
	return NX_OK;
}

/* Part of the shape of a post, but only "nothing" is accepted. */
static enum nx_rc
expect_nothing(struct nx_ctx *ctx, const char *name, bool nothing)
{
	return nothing ? NX_OK : nx_fail_for(&ctx->err, NX_NOT_OFFERED,
	    NX_WHY_NOT_OFFERED, NX_S("member", name));
}

static enum nx_rc
parse_no_media(struct nx_ctx *ctx, const struct member *m,
    struct json_object *v, void *field)
{
	(void)field;
	if (!json_object_is_type(v, json_type_array))
		return refuse_value(ctx, m->name, m->expected);
	return expect_nothing(ctx, m->name, json_object_array_length(v) == 0);
}

static enum nx_rc
parse_no_metrics(struct nx_ctx *ctx, const struct member *m,
    struct json_object *v, void *field)
{
	bool wanted = false;
	enum nx_rc rc = parse_bool(ctx, m, v, &wanted);

	(void)field;
	return rc != NX_OK ? rc : expect_nothing(ctx, m->name, !wanted);
}

static enum nx_rc
parse_time(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	struct nx_slice s = { NULL, 0 };
	int64_t *out = field;

	(void)as_slice(ctx, v, &s);
	return nx_when_read(m->name, s, nx_clock_wall(), out, &ctx->err);
}

static bool
is_poll_option(struct nx_slice s)
{
	return nx_utf8_count(s) <= NX_POLL_OPTION_MAX &&
	    nx_slice_trim(s, " \t\r\n").n > 0;
}

static enum nx_rc
parse_poll_options(struct nx_ctx *ctx, struct json_object *list,
    struct nx_poll *out)
{
	size_t n = json_object_is_type(list, json_type_array) ?
	    json_object_array_length(list) : 0;
	struct nx_slice s;

	if (n < NX_POLL_MIN || n > NX_POLL_MAX)
		return refuse_value(ctx, "poll.options", "2 to 4 strings");
	for (size_t i = 0; i < n; i++) {
		if (!as_slice(ctx, json_object_array_get_idx(list, i), &s) ||
		    !is_poll_option(s))
			return nx_fail_for(&ctx->err, NX_INVALID,
			    NX_WHY_NOT_EACH, NX_S("member", "poll.options"),
			    NX_S("expected",
			    "a string of 1 to 25 characters"),
			    NX_I("limit", NX_POLL_OPTION_MAX));
		out->options[i] = s.p;
	}
	out->n = (int)n;
	return NX_OK;
}

static enum nx_rc
parse_poll_minutes(struct nx_ctx *ctx, struct json_object *v,
    struct nx_poll *out)
{
	int64_t minutes = json_object_is_type(v, json_type_int) ?
	    json_object_get_int64(v) : 0;

	if (minutes < POLL_MINUTES_MIN || minutes > NX_POLL_MINUTES_MAX)
		return refuse_value(ctx, "poll.duration_minutes",
		    "a whole number from 5 to 10080");
	out->minutes = (int)minutes;
	return NX_OK;
}

static enum nx_rc
parse_poll(struct nx_ctx *ctx, const struct member *m, struct json_object *v,
    void *field)
{
	struct json_object *list = NULL, *minutes = NULL;
	struct nx_poll *out = field;
	enum nx_rc rc;

	if (!json_object_is_type(v, json_type_object))
		return refuse_value(ctx, m->name, m->expected);
	json_object_object_foreach(v, name, value) {
		if (strcmp(name, "options") == 0)
			list = value;
		else if (strcmp(name, "duration_minutes") == 0)
			minutes = value;
		else
			return nx_fail_member(&ctx->err,
			    NX_WHY_NO_MEMBER_OF_POST, "poll.", name);
	}
	rc = parse_poll_options(ctx, list, out);
	return rc != NX_OK ? rc : parse_poll_minutes(ctx, minutes, out);
}

#define FIELD(name)	offsetof(struct nx_publish_ask, name)
#define NO_FIELD	0
#define A_UUID		"a UUID"
#define A_BOOL		"true or false"
#define A_POST		"X's id of a post: up to 19 digits, as a string"
#define MARK(name) \
	{ #name, parse_bool, FIELD(options.marks.name), A_BOOL },

static const struct member members[] = {
	{ "text", parse_string, FIELD(text), "a string" },
	{ "user_id", parse_uuid, FIELD(user_id), A_UUID },
	{ "connection_id", parse_uuid, FIELD(connection_id), A_UUID },
	{ "on_long", parse_on_long, FIELD(on_long),
	    "truncate, thread or reject" },
	{ "link", parse_string, FIELD(link), "a string with a URL" },
	{ "media_ids", parse_no_media, NO_FIELD, "an array" },
	{ "reply_to", parse_x_id, FIELD(options.reply_to), A_POST },
	{ "reply_settings", parse_reply_settings, FIELD(options.reply_settings),
	    "following, mentionedUsers, subscribers or verified" },
	{ "quote_tweet_id", parse_x_id, FIELD(options.quote), A_POST },
	{ "poll", parse_poll, FIELD(options.poll),
	    "an object with options and duration_minutes" },
	NX_X_MARKS(MARK)
	{ "numbering", parse_bool, FIELD(numbering), A_BOOL },
	{ "on_partial", parse_on_partial, FIELD(options.withdraw),
	    "keep or delete" },
	{ "publish_at", parse_time, FIELD(publish_at), NULL },
	{ "queue", parse_bool, FIELD(options.queue), A_BOOL },
	{ "metrics", parse_no_metrics, NO_FIELD, A_BOOL },
	{ "dry_run", parse_bool, FIELD(dry_run), A_BOOL },
};

enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

const char *
nx_publish_member(size_t i)
{
	return i < MEMBERS ? members[i].name : NULL;
}

static enum nx_rc
parse_member(struct nx_ctx *ctx, const char *name, struct json_object *value,
    struct nx_publish_ask *out)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];

		if (strcmp(m->name, name) == 0)
			return value == NULL ? NX_OK :	/* null is absent */
			    m->read(ctx, m, value, (char *)out + m->field);
	}
	return nx_fail_member(&ctx->err, NX_WHY_NO_MEMBER_OF_POST, "", name);
}

enum nx_rc
nx_publish_read(struct nx_ctx *ctx, struct json_object *body,
    struct nx_publish_ask *out)
{
	enum nx_rc rc = NX_OK;

	memset(out, 0, sizeof(*out));
	json_object_object_foreach(body, name, value) {
		rc = parse_member(ctx, name, value, out);
		if (rc != NX_OK)
			break;
	}
	/* Whatever else was found wrong: without memory nothing is known. */
	if (!nx_arena_ok(ctx->arena))
		return nx_fail(&ctx->err, NX_NO_MEMORY, "The body is large.");
	if (rc == NX_OK && out->text.p == NULL)
		return nx_fail_for(&ctx->err, NX_TEXT_EMPTY, NX_WHY_MISSING,
		    NX_S("member", "text"));
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
