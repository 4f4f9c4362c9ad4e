/* routes.c - the table of routes. */

#include "routes.h"

#include "nx/base/clock.h"

static const struct nx_route routes[] = {
	{ "GET", "/api/auth/twitter/initiate", nx_web_initiate,
	    NX_ACCESS_USER, NX_BODY_NONE,
	    NX_ROUTE_PAGE | NX_ROUTE_ACTS | NX_ROUTE_SHORT },
	{ "GET", "/api/auth/twitter/callback", nx_web_callback,
	    NX_ACCESS_USER, NX_BODY_NONE,
	    NX_ROUTE_PAGE | NX_ROUTE_ACTS | NX_ROUTE_CALLS_X },
	{ "POST", "/api/auth/twitter/disconnect", nx_web_disconnect,
	    NX_ACCESS_OWN_SITE, NX_BODY_WHOLE, NX_ROUTE_CALLS_X },
	{ "GET", "/api/twitter/connections", nx_web_connections,
	    NX_ACCESS_USER, NX_BODY_NONE, 0 },
	{ "POST", "/api/twitter/post", nx_web_post,
	    NX_ACCESS_OWN_SITE, NX_BODY_WHOLE, NX_ROUTE_CALLS_X },
	{ "GET", "/api/twitter/posts", nx_web_posts,
	    NX_ACCESS_USER, NX_BODY_NONE, 0 },
	{ "GET", "/api/twitter/posts/{id}", nx_web_post_get,
	    NX_ACCESS_USER, NX_BODY_NONE, 0 },
	{ "PATCH", "/api/twitter/posts/{id}", nx_web_post_change,
	    NX_ACCESS_OWN_SITE, NX_BODY_WHOLE, NX_ROUTE_CALLS_X },
	{ "DELETE", "/api/twitter/posts/{id}", nx_web_post_remove,
	    NX_ACCESS_OWN_SITE, NX_BODY_WHOLE, NX_ROUTE_CALLS_X },
	{ "POST", "/api/twitter/posts/{id}/resume", nx_web_post_resume,
	    NX_ACCESS_OWN_SITE, NX_BODY_WHOLE, NX_ROUTE_CALLS_X },
	{ "GET", "/healthz", nx_web_healthz,
	    NX_ACCESS_OPEN, NX_BODY_NONE, NX_ROUTE_SHORT },
	{ "GET", "/readyz", nx_web_readyz,
	    NX_ACCESS_OPEN, NX_BODY_NONE, 0 },
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

unsigned int
nx_route_row(const struct nx_route *route)
{
	return route == NULL ? ROUTES : (unsigned int)(route - routes);
}

/* Does the path fit?  `param` is then what stands for `{name}`, if any. */
static bool
path_fits(const char *pattern, struct nx_slice path, struct nx_slice *param)
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
acts_on_get(const struct nx_route *route)
{
	return (route->flags & NX_ROUTE_ACTS) != 0;
}

bool
nx_route_calls_x(const struct nx_route *route)
{
	return route != NULL && (route->flags & NX_ROUTE_CALLS_X) != 0;
}

bool
nx_route_is_short(const struct nx_route *route)
{
	return route == NULL || (route->flags & NX_ROUTE_SHORT) != 0;
}

bool
nx_route_streams(const struct nx_route *route)
{
	return route != NULL && route->body == NX_BODY_STREAM;
}

/* HEAD is read as a GET whose body nobody waits for. */
static void
add_allowed(const struct nx_route *route, char out[NX_ALLOW_MAX])
{
	const size_t n = strlen(out);
	const bool get = strcmp(route->method, "GET") == 0;

	(void)snprintf(out + n, NX_ALLOW_MAX - n, "%s%s", n == 0 ? "" : ", ",
	    get && !acts_on_get(route) ? "GET, HEAD" : route->method);
}

void
nx_route_find(const struct nx_request *request, struct nx_match *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ROUTES; i++) {
		const struct nx_route *route = &routes[i];

		if (!path_fits(route->path, request->path, &out->param))
			continue;
		if (strcmp(request->method, route->method) == 0 &&
		    !(request->is_head && acts_on_get(route))) {
			out->route = route;
			return;
		}
		add_allowed(route, out->allow);
	}
}

enum nx_rc
nx_route_check(struct nx_match *match, const struct nx_request *request,
    struct nx_reply *reply, struct nx_err *err)
{
	if (match->route != NULL && request->is_ahead &&
	    acts_on_get(match->route)) {
		match->route = NULL;
		return nx_fail(err, NX_AHEAD, "The browser fetched it before"
		    " anybody had asked for it.");
	}
	if (match->route != NULL)
		return NX_OK;
	if (match->allow[0] == '\0')
		return nx_fail(err, NX_NOT_FOUND, "No route has this path.");
	nx_reply_header(reply, "Allow", match->allow);
	return nx_fail(err, NX_METHOD, "Methods that fit here: %s.",
	    match->allow);
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
	if (route->access != NX_ACCESS_OPEN)
		rc = nx_session_check(call->ctx, call->request, session);
	if (rc == NX_OK && route->access == NX_ACCESS_OWN_SITE)
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

	rc = route->handle(call);
	if (rc != NX_OK)
		nx_route_fail(route, call);
	nx_log(&ctx->app->conf.log, NX_LOG_DEBUG, call->request->id,
	    "request", NX_S("method", route->method),
	    NX_S("path", route->path), NX_I("status", call->reply->status),
	    NX_S("code", rc == NX_OK ? NULL : nx_rc_code(rc)),
	    NX_I("ms", nx_clock_mono() - start));
}
