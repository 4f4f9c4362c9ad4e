/*
 * routes.h - one table of what is served, and the way through it: find the
 * route, tell who is calling, run the handler, answer errors.
 */
#ifndef NX_SRC_WEB_ROUTES_H
#define NX_SRC_WEB_ROUTES_H

#include "reply.h"
#include "session.h"

/* One request on its way through a handler. */
struct nx_call {
	struct nx_ctx			*ctx;
	const struct nx_request		*request;
	const struct nx_session		*session;	/* empty if open */
	struct nx_slice			 param;		/* {…} of the path */
	struct nx_reply			*reply;
};

enum {
	NX_ROUTE_OPEN = 1,	/* nobody has to be signed in */
	NX_ROUTE_CHANGES = 2,	/* state: cookies must come from our site */
	NX_ROUTE_CALLS_X = 4,	/* may hang as long as X does */
	NX_ROUTE_PAGE = 8,	/* a browser comes here: errors as a page */
	/*
	 * A GET that acts.  HEAD is 405, and what a browser fetches before
	 * anybody asked is AHEAD: any 2xx would be shown in the place of the
	 * answer once the person does ask.
	 */
	NX_ROUTE_ACTS = 16,
};

struct nx_route {
	const char	*method;
	const char	*path;	/* `{name}` stands for one segment */
	unsigned int	 flags;
	/* Fills call->reply, or returns an error that is in ctx->err. */
	enum nx_rc	(*handle)(struct nx_call *call);
};

/* NOT_FOUND, AHEAD, or METHOD with the Allow header set in `reply`. */
NX_MUST_USE enum nx_rc	nx_route_find(const struct nx_request *request,
			    const struct nx_route **out,
			    struct nx_reply *reply, struct nx_err *err);

/*
 * Who is calling, and may they?  Asked before a request may wait for anything,
 * so that strangers cannot fill the queue.  `session` is filled and becomes
 * the call's.  On an error the answer is there.
 */
NX_MUST_USE enum nx_rc	nx_route_enter(const struct nx_route *route,
			    struct nx_call *call,
			    struct nx_session *session);

/* Run it, once entered, to its answer; never fails. */
void	nx_route_run(const struct nx_route *route, struct nx_call *call);

/* Answer an error in the form that fits the route (may be NULL). */
void	nx_route_fail(const struct nx_route *route, struct nx_call *call);

/* The handlers, one file per resource. */
enum nx_rc	nx_web_initiate(struct nx_call *call);
enum nx_rc	nx_web_callback(struct nx_call *call);
enum nx_rc	nx_web_disconnect(struct nx_call *call);
enum nx_rc	nx_web_connections(struct nx_call *call);
enum nx_rc	nx_web_post(struct nx_call *call);
enum nx_rc	nx_web_posts(struct nx_call *call);
enum nx_rc	nx_web_post_get(struct nx_call *call);
enum nx_rc	nx_web_post_resume(struct nx_call *call);
enum nx_rc	nx_web_post_change(struct nx_call *call);
enum nx_rc	nx_web_post_remove(struct nx_call *call);
enum nx_rc	nx_web_healthz(struct nx_call *call);
enum nx_rc	nx_web_readyz(struct nx_call *call);

/* JSON bodies: the type, then the length against Content-Length. */
NX_MUST_USE enum nx_rc	nx_web_json_body(struct nx_call *call);

/*
 * A body that may be absent, whose members are UUIDs and may be, too: what is
 * there goes into the arena, the rest stays as it is.  INVALID and
 * UNKNOWN_MEMBER name the member; those of nx_web_json_body(), NOT_JSON.
 */
struct nx_uuid_member {
	const char	*name;
	const char	**to;
};
NX_MUST_USE enum nx_rc	nx_web_uuids(struct nx_call *call,
			    const struct nx_uuid_member *members, size_t n);

#endif
