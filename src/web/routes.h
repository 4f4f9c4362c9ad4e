/*
 * routes.h - one table of what is served, and the way through it: find the
 * route, tell who is calling, run the handler, answer errors.
 */
#ifndef NX_SRC_WEB_ROUTES_H
#define NX_SRC_WEB_ROUTES_H

#include "body.h"
#include "reply.h"
#include "session.h"

/* One request on its way through a handler. */
struct nx_call {
	struct nx_ctx			*ctx;
	const struct nx_request		*request;
	const struct nx_session		*session;	/* empty if open */
	struct nx_slice			 param;		/* {…} of the path */
	struct nx_body			*body;		/* NX_BODY_STREAM */
	struct nx_reply			*reply;
};

/* Who may ask. */
enum nx_access {
	NX_ACCESS_OPEN,		/* nobody has to be signed in */
	NX_ACCESS_USER,
	NX_ACCESS_OWN_SITE,	/* it changes state: cookies from our site */
};

/* What becomes of a body before the handler runs. */
enum nx_body_kind {
	NX_BODY_NONE,		/* read and let go */
	NX_BODY_WHOLE,		/* in request->body, up to NX_BODY_MAX bytes */
	NX_BODY_STREAM,		/* left: the handler pulls it from call->body */
};

enum {
	NX_ROUTE_CALLS_X = 1,	/* may hang as long as X does */
	NX_ROUTE_PAGE = 2,	/* a browser comes here: errors as a page */
	/*
	 * A GET that acts.  HEAD is 405, and what a browser fetches before
	 * anybody asked is AHEAD: any 2xx would be shown in the place of the
	 * answer once the person does ask.
	 */
	NX_ROUTE_ACTS = 4,
	/*
	 * Microseconds, and nothing that waits: served by the thread that
	 * waits for the next request (seat.h).
	 */
	NX_ROUTE_SHORT = 8,
};

struct nx_route {
	const char		*method;
	const char		*path;	/* `{name}` stands for one segment */
	/* Fills call->reply, or returns an error that is in ctx->err. */
	enum nx_rc		(*handle)(struct nx_call *call);
	enum nx_access		 access;
	enum nx_body_kind	 body;
	unsigned int		 flags;		/* NX_ROUTE_* */
};

/* What the table has for a request. */
enum { NX_ALLOW_MAX = 64 };
struct nx_match {
	const struct nx_route	*route;		/* NULL: none fits */
	struct nx_slice		 param;		/* what stands for {name} */
	char			 allow[NX_ALLOW_MAX];	/* methods that fit */
};

/* Look the request up, once. */
void	nx_route_find(const struct nx_request *request, struct nx_match *out);

/*
 * NOT_FOUND, AHEAD, or METHOD with the Allow header set in `reply`; `match`
 * has no route then.
 */
NX_MUST_USE enum nx_rc	nx_route_check(struct nx_match *match,
			    const struct nx_request *request,
			    struct nx_reply *reply, struct nx_err *err);

/* Its row in the table, by which it is counted; NULL: one after the last. */
unsigned int	nx_route_row(const struct nx_route *route);

/* May it hang as long as X does?  NULL: no. */
bool	nx_route_calls_x(const struct nx_route *route);

/* Is it a matter of microseconds?  NULL, an error, is. */
bool	nx_route_is_short(const struct nx_route *route);

/* Is its body left to the handler?  NULL: no. */
bool	nx_route_streams(const struct nx_route *route);

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

#endif
