/* routes.c - the table of routes. */

#include "routes.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/uuid.h"

static const struct nx_route routes[] = {
	{ "GET", "/api/auth/twitter/initiate",
	    NX_ROUTE_PAGE | NX_ROUTE_ACTS, nx_web_initiate },
	{ "GET", "/api/auth/twitter/callback",
	    NX_ROUTE_PAGE | NX_ROUTE_ACTS | NX_ROUTE_CALLS_X,
	    nx_web_callback },
	{ "POST", "/api/auth/twitter/disconnect",
	    NX_ROUTE_CHANGES | NX_ROUTE_CALLS_X, nx_web_disconnect },
	{ "GET", "/api/twitter/connections", 0, nx_web_connections },
	{ "POST", "/api/twitter/post", NX_ROUTE_CHANGES | NX_ROUTE_CALLS_X,
	    nx_web_post },
	{ "GET", "/api/twitter/posts", 0, nx_web_posts },
	{ "GET", "/api/twitter/posts/{id}", 0, nx_web_post_get },
	{ "PATCH", "/api/twitter/posts/{id}",
	    NX_ROUTE_CHANGES | NX_ROUTE_CALLS_X, nx_web_post_change },
	{ "DELETE", "/api/twitter/posts/{id}",
	    NX_ROUTE_CHANGES | NX_ROUTE_CALLS_X, nx_web_post_remove },
	{ "POST", "/api/twitter/posts/{id}/resume",
	    NX_ROUTE_CHANGES | NX_ROUTE_CALLS_X, nx_web_post_resume },
	{ "GET", "/healthz", NX_ROUTE_OPEN, nx_web_healthz },
	{ "GET", "/readyz", NX_ROUTE_OPEN, nx_web_readyz },
};

enum { ALLOW_MAX = 64 };

/* Does the path fit?  `param` is then what stands for `{name}`, if any. */
static bool
fits(const char *pattern, struct nx_slice path, struct nx_slice *param)
{
	const size_t before = strcspn(pattern, "{");
	const char *after = strchr(pattern, '}');

	*param = (struct nx_slice){ NULL, 0 };
	if (after == NULL)
		return nx_slice_is(path, pattern);
	if (path.n <= before || memcmp(path.p, pattern, before) != 0)
		return false;
	path.p += before, path.n -= before;
	while (param->n < path.n && path.p[param->n] != '/')
		param->n++;
	param->p = path.p;
	path.p += param->n, path.n -= param->n;
	return param->n > 0 && nx_slice_is(path, after + 1);
}

static bool
is_get(const struct nx_route *route)
{
	return strcmp(route->method, "GET") == 0;
}

static bool
acts(const struct nx_route *route)
{
	return (route->flags & NX_ROUTE_ACTS) != 0;
}

static enum nx_rc
refuse_method(const struct nx_buf *allow, struct nx_reply *reply,
    struct nx_err *err)
{
	if (allow->n == 0)
		return nx_fail(err, NX_NOT_FOUND, "No route has this path.");
	nx_reply_header(reply, "Allow", nx_buf_str(allow));
	return nx_fail(err, NX_METHOD, "Methods that fit here: %s.",
	    nx_buf_str(allow));
}

enum nx_rc
nx_route_find(const struct nx_request *request, const struct nx_route **out,
    struct nx_reply *reply, struct nx_err *err)
{
	struct nx_buf allow = NX_BUF(ALLOW_MAX);
	struct nx_slice param;
	enum nx_rc rc;

	*out = NULL;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		const struct nx_route *route = &routes[i];

		if (!fits(route->path, request->path, &param))
			continue;
		if (strcmp(request->method, route->method) == 0 &&
		    !(request->is_head && acts(route))) {
			*out = route;
			break;
		}
		nx_buf_addf(&allow, "%s%s", allow.n == 0 ? "" : ", ",
		    is_get(route) && !acts(route) ? "GET, HEAD" :
		    route->method);
	}
	rc = *out != NULL ? NX_OK : refuse_method(&allow, reply, err);
	nx_buf_free(&allow);
	if (rc == NX_OK && request->is_ahead && acts(*out)) {
		*out = NULL;
		return nx_fail(err, NX_AHEAD, "The browser fetched it before"
		    " anybody had asked for it.");
	}
	return rc;
}

/* What only an operator may read is logged here, and stays here. */
static void
keep_inside(struct nx_ctx *ctx)
{
	struct nx_err whole = ctx->err;

	if (nx_err_for_users(&ctx->err))
		nx_log(&ctx->app->conf.log, NX_LOG_ERROR, ctx->request_id,
		    "request.failed", NX_S("code", nx_rc_code(whole.rc)),
		    NX_S("detail", whole.detail));
}

void
nx_route_fail(const struct nx_route *route, struct nx_call *call)
{
	keep_inside(call->ctx);
	if (route != NULL && (route->flags & NX_ROUTE_PAGE) != 0 &&
	    nx_request_wants_html(call->request))
		nx_reply_page(call->reply, &call->ctx->app->conf,
		    call->request, &call->ctx->err);
	else
		nx_reply_problem(call->reply, call->request,
		    &call->ctx->err);
}

enum nx_rc
nx_route_enter(const struct nx_route *route, struct nx_call *call,
    struct nx_session *session)
{
	enum nx_rc rc = NX_OK;

	memset(session, 0, sizeof(*session));
	call->session = session;
	if ((route->flags & NX_ROUTE_OPEN) == 0)
		rc = nx_session_check(call->ctx, call->request, session);
	if (rc == NX_OK && (route->flags & NX_ROUTE_CHANGES) != 0)
		rc = nx_session_same_site(call->ctx, call->request, session);
	if (rc != NX_OK)
		nx_route_fail(route, call);
	return rc;
}

void
nx_route_run(const struct nx_route *route, struct nx_call *call)
{
	const int64_t start = nx_clock_mono();
	struct nx_ctx *ctx = call->ctx;
	enum nx_rc rc;

	(void)fits(route->path, call->request->path, &call->param);
	rc = route->handle(call);
	if (rc != NX_OK)
		nx_route_fail(route, call);
	nx_log(&ctx->app->conf.log, NX_LOG_DEBUG, call->request->id,
	    "request", NX_S("method", route->method),
	    NX_S("path", route->path), NX_I("status", call->reply->status),
	    NX_S("code", rc == NX_OK ? NULL : nx_rc_code(rc)),
	    NX_I("ms", nx_clock_mono() - start));
}

enum nx_rc
nx_web_json_body(struct nx_call *call)
{
	const struct nx_request *r = call->request;
	struct nx_slice type = nx_slice_str(r->content_type);

	type = nx_slice_trim(nx_slice_cut(&type, ';'), " \t");
	if (!nx_slice_is_nocase(type, "application/json"))
		return nx_fail(&call->ctx->err, NX_NOT_JSON_TYPE,
		    "The Content-Type is not application/json.");
	if ((int64_t)r->body.n != r->content_length)
		return nx_fail(&call->ctx->err, NX_BODY_LENGTH, "%zu bytes"
		    " came, Content-Length says %" PRId64 ".", r->body.n,
		    r->content_length);
	return NX_OK;
}

static enum nx_rc
read_uuid(struct nx_call *call, const struct nx_uuid_member *m,
    struct json_object *value)
{
	struct nx_ctx *ctx = call->ctx;
	const char *text = json_object_get_string(value);

	if (value == NULL)
		return NX_OK;
	if (!nx_uuid_valid(text))
		return nx_fail(&ctx->err, NX_INVALID, "%s must be a UUID.",
		    m->name);
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
		rc = i < n ? read_uuid(call, &members[i], value) :
		    nx_fail(&call->ctx->err, NX_UNKNOWN_MEMBER, "There is no"
		    " member \"%.60s\" here.", name);
		if (rc != NX_OK)
			break;
	}
	json_object_put(obj);
	return rc;
}
