#include "sb_routes.h"

#include <poll.h>
#include <string.h>

#include "sb_clock.h"
#include "sb_scope.h"

enum { HANG_MAX_MS = 60000, SLOW_MS = 1000, TICK_MS = 250, HELD_TICK_MS = 10 };

#define READ	(SB_SCOPE_TWEET_READ | SB_SCOPE_USERS_READ)
#define MEDIA	SB_SCOPE_MEDIA_WRITE

/*
 * The whole sandbox.  A route with an endpoint is X's API: it needs a token
 * with those scopes and is counted.
 */
static const struct route {
	const char	*method;
	const char	*path;		/* {id} stands for one segment, {path}
					 * for all that is left */
	void	       (*answer)(struct sb_call *c);
	enum sb_endpoint endpoint;
	uint64_t	 scopes;
} routes[] = {
	{ "GET", "/i/oauth2/authorize", sb_authorize_page, 0, 0 },
	{ "POST", "/i/oauth2/authorize", sb_authorize_decide, 0, 0 },
	{ "POST", "/2/oauth2/token", sb_token, 0, 0 },
	{ "POST", "/2/oauth2/revoke", sb_revoke, 0, 0 },
	{ "GET", "/2/users/me", sb_users_me, SB_GET_ME, READ },
	{ "POST", "/2/tweets", sb_tweets_create, SB_CREATE_POST,
	    READ | SB_SCOPE_TWEET_WRITE },
	{ "DELETE", "/2/tweets/{id}", sb_tweets_delete, SB_DELETE_POST,
	    READ | SB_SCOPE_TWEET_WRITE },
	{ "GET", "/2/tweets", sb_reads_many, SB_GET_POSTS, READ },
	{ "GET", "/2/tweets/{id}", sb_reads_one, SB_GET_POST, READ },
	{ "GET", "/2/users/{id}/tweets", sb_reads_timeline, SB_GET_TIMELINE,
	    READ },
	{ "POST", "/2/media/upload", sb_uploads_whole, SB_UPLOAD, MEDIA },
	{ "POST", "/2/media/upload/initialize", sb_uploads_initialize,
	    SB_UPLOAD, MEDIA },
	{ "POST", "/2/media/upload/{id}/append", sb_uploads_append,
	    SB_SEGMENT, MEDIA },
	{ "POST", "/2/media/upload/{id}/finalize", sb_uploads_finalize,
	    SB_SEGMENT, MEDIA },
	{ "GET", "/2/media/upload", sb_uploads_status, SB_UPLOAD_STATUS,
	    MEDIA },
	{ "POST", "/2/media/metadata", sb_uploads_metadata, SB_METADATA,
	    MEDIA },
	{ "GET", "/storage/v1/object/sign/{path}", sb_objects_signed, 0, 0 },
	{ "GET", "/storage/v1/object/public/{path}", sb_objects_public, 0,
	    0 },
	{ "GET", "/auth/v1/settings", sb_supabase_settings, 0, 0 },
	{ "POST", "/auth/v1/token", sb_supabase_token, 0, 0 },
	{ "GET", "/auth/v1/user", sb_supabase_user, 0, 0 },
	{ "POST", "/auth/v1/logout", sb_supabase_logout, 0, 0 },
	{ "GET", "/auth/v1/.well-known/jwks.json", sb_supabase_jwks, 0, 0 },
	{ "GET", "/sandbox/counts", sb_control_counts, 0, 0 },
	{ "GET", "/sandbox/posts", sb_control_posts, 0, 0 },
	{ "GET", "/sandbox/media", sb_control_media, 0, 0 },
	{ "POST", "/sandbox/objects", sb_control_objects, 0, 0 },
	{ "GET", "/sandbox/grants", sb_control_grants, 0, 0 },
	{ "GET", "/sandbox/canaries", sb_control_canaries, 0, 0 },
	{ "GET", "/sandbox/requests", sb_control_requests, 0, 0 },
	{ "POST", "/sandbox/age", sb_control_age, 0, 0 },
	{ "POST", "/sandbox/expire", sb_control_expire, 0, 0 },
	{ "POST", "/sandbox/weigh", sb_control_weigh, 0, 0 },
	{ "DELETE", "/sandbox/state", sb_control_reset, 0, 0 },
	{ "POST", "/sandbox/faults", sb_control_fault_add, 0, 0 },
	{ "GET", "/sandbox/faults", sb_control_fault_list, 0, 0 },
	{ "DELETE", "/sandbox/faults", sb_control_fault_clear, 0, 0 },
	{ "GET", "/sandbox/settings", sb_control_settings_get, 0, 0 },
	{ "POST", "/sandbox/settings", sb_control_settings_set, 0, 0 },
};

static bool
begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Copies what stands for {id} or {path} into id[size]. */
static bool
matches(const char *pattern, const char *path, char *id, size_t size)
{
	const char *mark = strchr(pattern, '{');
	const bool all = mark != NULL && strcmp(mark, "{path}") == 0;
	size_t before, len;

	id[0] = '\0';
	if (mark == NULL)
		return strcmp(pattern, path) == 0;
	before = (size_t)(mark - pattern);
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	len = all ? strlen(path) : strcspn(path, "/");
	if (len == 0 || len >= size ||
	    (!all && strcmp(path + len, strchr(mark, '}') + 1) != 0))
		return false;
	memcpy(id, path, len);
	id[len] = '\0';
	return true;
}

static const struct route *
find_route(const struct sb_request *req, char *id, size_t size)
{
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (strcmp(routes[i].method, req->method) == 0 &&
		    matches(routes[i].path, req->path, id, size))
			return &routes[i];
	return NULL;
}

/* False after it has answered. */
static bool
authenticate(struct sb_call *c)
{
	const char *header = sb_request_param(c->req, "HTTP_AUTHORIZATION");
	enum sb_grant_rc rc = SB_DEAD_TOKEN;

	if (header != NULL && begins(header, "Bearer ") &&
	    sb_request_count(c->req, "HTTP_AUTHORIZATION") == 1)
		rc = sb_grants_check(c->app->grants, header + 7, c->now,
		    &c->caller);
	if (rc == SB_UNKNOWN_TOKEN)
		sb_problem(c, 403, "Unsupported Authentication",
		    "Authenticating with OAuth 2.0 Application-Only is "
		    "forbidden for this endpoint.  Supported authentication "
		    "types are [OAuth 1.0a User Context, OAuth 2.0 User "
		    "Context].", "https://api.twitter.com/2/problems/"
		    "unsupported-authentication");
	else if (rc == SB_DEAD_TOKEN)
		sb_problem(c, 401, "Unauthorized", "Unauthorized",
		    "about:blank");
	return rc == SB_GRANTED;
}

static void
add_window(struct sb_reply *reply, const char *name,
    const struct sb_window *w)
{
	sb_reply_header(reply, "%s-limit: %ld", name, w->limit);
	sb_reply_header(reply, "%s-remaining: %ld", name, w->remaining);
	sb_reply_header(reply, "%s-reset: %lld", name, (long long)w->reset);
}

/* False after it has answered. */
static bool
within_limits(struct sb_call *c, enum sb_endpoint endpoint)
{
	const struct sb_limit_rules rules = {
		.enforce = c->settings.enforce_limits,
		.create_limit = (long)c->settings.create_limit,
		.window = c->settings.window_s,
	};
	struct sb_allowance a;

	sb_limits_take(c->app->limits, endpoint, c->caller.account.id,
	    &rules, &a);
	add_window(c->reply, "x-rate-limit", &a.quarter);
	if (a.daily) {
		add_window(c->reply, "x-user-limit-24hour", &a.user_day);
		add_window(c->reply, "x-app-limit-24hour", &a.app_day);
	}
	if (a.refused)
		sb_problem(c, 429, "Too Many Requests", "Too Many Requests",
		    "about:blank");
	return !a.refused;
}

static void
work(struct sb_call *c)
{
	const struct route *route;
	char id[SB_OBJECT_NAME_SIZE];

	c->now = sb_clock_now();
	c->id = id;
	route = find_route(c->req, id, sizeof id);
	if (route == NULL) {
		sb_problem(c, 404, "Not Found", "Not Found", "about:blank");
		return;
	}
	if (route->endpoint != SB_NO_ENDPOINT) {
		if (!authenticate(c) || !within_limits(c, route->endpoint))
			return;
		if ((c->caller.scopes & route->scopes) != route->scopes) {
			sb_forbidden(c, route->scopes == MEDIA ?
			    "Forbidden" : "You are not permitted to perform "
			    "this action.");
			return;
		}
	}
	route->answer(c);
}

/* True unless the process is ending, or, if watch, the peer has gone. */
static bool
wait_for(struct sb_call *c, int64_t ms, bool watch)
{
	struct pollfd peer = { .fd = c->req->fd, .events = POLLRDHUP };
	int64_t until = sb_clock_now() + ms, left;
	int tick;

	while ((left = until - sb_clock_now()) > 0) {
		if (atomic_load(&c->app->stopping))
			return false;
		tick = left < TICK_MS ? (int)left : TICK_MS;
		if (poll(&peer, watch ? 1 : 0, tick) > 0)
			return false;
	}
	return true;
}

/* What is slow or late takes its time. */
static void
take_time(struct sb_call *c, const struct sb_fault *fault)
{
	int64_t most = fault->ms < 0 ? HANG_MAX_MS : fault->ms;
	int64_t until = sb_clock_now() + most;

	if (!fault->held)
		wait_for(c, fault->ms < 0 ? SLOW_MS : fault->ms, false);
	else
		while (sb_faults_holds(c->app->faults, fault) &&
		    sb_clock_now() < until)
			if (!wait_for(c, HELD_TICK_MS, false))
				return;
}

/* What X says with a status; at its token endpoint it speaks OAuth. */
static const char *
usual_body(int status, bool oauth)
{
	switch (status) {
	case 400:
		return oauth ? "{\"error\":\"invalid_request\","
		    "\"error_description\":"
		    "\"Value passed for the token was invalid.\"}" :
		    "{\"errors\":[{\"message\":\"The request is invalid.\"}],"
		    "\"title\":\"Invalid Request\",\"detail\":\"One or more "
		    "parameters to your request was invalid.\",\"type\":"
		    "\"https://api.twitter.com/2/problems/invalid-request\"}";
	case 401:
		return oauth ? "{\"error\":\"unauthorized_client\","
		    "\"error_description\":"
		    "\"Missing valid authorization header\"}" :
		    "{\"title\":\"Unauthorized\",\"type\":\"about:blank\","
		    "\"status\":401,\"detail\":\"Unauthorized\"}";
	case 402:
		return "{\"detail\":\"credits depleted\",\"status\":402,"
		    "\"title\":\"Payment Required\",\"type\":"
		    "\"https://api.x.com/2/problems/credits-depleted\"}";
	case 403:
		return "{\"detail\":\"You are not permitted to perform this "
		    "action.\",\"type\":\"about:blank\",\"title\":"
		    "\"Forbidden\",\"status\":403}";
	case 404:
		return "{\"title\":\"Not Found\",\"type\":\"about:blank\","
		    "\"status\":404,\"detail\":\"Not Found\"}";
	case 429:
		return "{\"title\":\"Too Many Requests\",\"detail\":"
		    "\"Too Many Requests\",\"type\":\"about:blank\","
		    "\"status\":429}";
	case 503:
		return "{\"title\":\"Service Unavailable\",\"detail\":"
		    "\"Service Unavailable\",\"type\":\"about:blank\","
		    "\"status\":503}";
	default:
		return "<html><head><title>Something is technically wrong"
		    "</title></head><body><h1>Over capacity</h1></body></html>";
	}
}

static void
answer_status(struct sb_call *c, const struct sb_fault *fault)
{
	bool oauth = begins(c->req->path, "/2/oauth2/");
	const char *body = fault->body[0] != '\0' ? fault->body :
	    usual_body(fault->status, oauth);
	int64_t reset = sb_clock_now() / 1000 + fault->reset_in;
	const struct sb_window w = { 100, 0, reset };
	const char *type = oauth ? "application/json; charset=utf-8" :
	    "application/problem+json";

	if (fault->status == 429 && fault->reset_in >= 0 && !oauth)
		add_window(c->reply, "x-rate-limit", &w);
	if (fault->retry_after != 0)
		sb_reply_header(c->reply, "Retry-After: %lld",
		    (long long)fault->retry_after);
	sb_reply_text(c->reply, fault->status, body[0] == '<' ?
	    "text/html; charset=utf-8" : type, body);
}

static void
suffer(struct sb_call *c, const struct sb_fault *fault)
{
	bool created = strcmp(c->req->method, "POST") == 0 &&
	    strcmp(c->req->path, "/2/tweets") == 0;

	sb_reply_reset(c->reply);
	switch (fault->kind) {
	case SB_FAULT_STATUS:
		answer_status(c, fault);
		break;
	case SB_FAULT_GARBAGE:
		sb_reply_text(c->reply, created ? 201 : 200,
		    "application/json; charset=utf-8",
		    fault->body[0] != '\0' ? fault->body :
		    "{\"data\":{\"id\":\"14\xff\x01,]");
		break;
	default:
		c->reply->drop = true;
	}
}

void
sb_serve(struct sb_app *app, const struct sb_request *req,
    struct sb_reply *reply)
{
	struct sb_call c = { .app = app, .req = req, .reply = reply };
	struct sb_fault fault;

	sb_settings_get(app->settings, &c.settings);
	if (begins(req->path, "/sandbox/")) {
		work(&c);
		return;
	}
	sb_journal_add(app->journal, req);
	sb_faults_take(app->faults, req->method, req->path, &fault);
	if (c.settings.latency_ms > 0 && begins(req->path, "/2/"))
		wait_for(&c, c.settings.latency_ms, false);
	/* X would not notice that the caller of a slow answer has gone. */
	if (fault.kind == SB_FAULT_SLOW)
		take_time(&c, &fault);
	if (fault.work)
		work(&c);
	if (fault.kind == SB_FAULT_HANG)
		wait_for(&c, fault.ms < 0 ? HANG_MAX_MS : fault.ms, true);
	if (fault.kind == SB_FAULT_LATE)
		take_time(&c, &fault);
	else if (fault.kind != SB_NO_FAULT && fault.kind != SB_FAULT_SLOW)
		suffer(&c, &fault);
}
