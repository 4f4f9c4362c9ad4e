/*
 * query.h - what handlers ask of the address and of who is calling.  Texts
 * are in the arena; the reason of an error is in call->ctx->err.
 */
#ifndef NX_SRC_WEB_QUERY_H
#define NX_SRC_WEB_QUERY_H

#include "routes.h"

/* The query parameter `name`; NULL when absent.  MALFORMED. */
NX_MUST_USE enum nx_rc	nx_web_query(struct nx_call *call, const char *name,
			    const char **out);

/* The same of `n` parameters; those that come after a bad one are NULL. */
NX_MUST_USE enum nx_rc	nx_web_queries(struct nx_call *call,
			    const char *const *names, size_t n,
			    const char **values);

/* A UUID, or absent.  INVALID, and why: "`name` must be `what`." */
NX_MUST_USE enum nx_rc	nx_web_query_uuid(struct nx_call *call,
			    const char *name, const char *what,
			    const char **out);

/*
 * For whom to act: named by user_id in the query, or (unless NULL) in the
 * body, but not in both: INVALID.  Else as nx_session_user().
 */
NX_MUST_USE enum nx_rc	nx_web_user(struct nx_call *call,
			    const char *in_body, const char **out);

#endif
