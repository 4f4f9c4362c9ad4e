/* users.c - read the profile behind a token. */

#include "nx/x/users.h"

#include "call.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/x/id.h"

static bool
is_username(const char *s)
{
	size_t n = s == NULL ? 0 : strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n <= NX_USERNAME_MAX && s[n] == '\0';
}

static const char *
short_text(struct nx_arena *arena, const char *s)
{
	return s == NULL || strlen(s) > NX_DISPLAY_NAME_MAX ? NULL :
	    nx_arena_str(arena, s);
}

static bool
read_user(struct nx_slice text, struct nx_arena *arena,
    struct nx_x_user *out)
{
	struct json_object *body, *data;
	char space[NX_JSON_ID_ROOM];
	const char *id, *username;
	bool good = false;

	if (nx_json_parse_lenient(text, &body) != NX_OK)
		return false;
	data = nx_json_object(body, "data");
	id = nx_json_id(data, "id", space);
	username = nx_json_str(data, "username");
	if (nx_x_id_is_good(id) && is_username(username)) {
		out->id = nx_arena_str(arena, id);
		out->username = nx_arena_str(arena, username);
		out->name = short_text(arena, nx_json_str(data, "name"));
		out->subscription = short_text(arena,
		    nx_json_str(data, "subscription_type"));
		good = nx_arena_ok(arena);
	}
	json_object_put(body);
	return good;
}

/* The status of its answer. */
static int
request_profile(const struct nx_x *x, const char *access_token,
    const char *query, struct nx_x_user *out, struct nx_verdict *verdict)
{
	struct nx_x_answer answer;
	struct nx_http_ask ask = {
		.method = "GET",
		.url = nx_arena_printf(x->arena, "%s" NX_X_PROFILE "%s",
		    x->conf->api_url, query),
		.bearer = access_token,
	};

	nx_x_call(x, NX_ACT_PROFILE, &ask, "there is no memory for the"
	    " address", &answer, verdict);
	if (verdict->class == NX_CLASS_DONE &&
	    !read_user(answer.http.body, x->arena, out)) {
		*out = (struct nx_x_user){ 0 };
		nx_verdict_unreadable(NX_ACT_PROFILE, verdict);
	}
	nx_x_called(x, NX_ACT_PROFILE, verdict);
	return answer.http.status;
}

void
nx_users_me(const struct nx_x *x, const char *access_token,
    struct nx_x_user *out, struct nx_verdict *verdict)
{
	int status;

	*out = (struct nx_x_user){ 0 };
	status = request_profile(x, access_token,
	    "?user.fields=subscription_type", out, verdict);
	/* X renames fields: better no subscription than no user. */
	if (verdict->class == NX_CLASS_REFUSED && status == 400)
		(void)request_profile(x, access_token, "", out, verdict);
}
