/* query.c - read the address of a request. */

#include "query.h"

#include "nx/base/uuid.h"

enum nx_rc
nx_web_query(struct nx_call *call, const char *name, const char **out)
{
	return nx_request_query(call->request, name, call->ctx->arena, out,
	    &call->ctx->err);
}

enum nx_rc
nx_web_queries(struct nx_call *call, const char *const *names, size_t n,
    const char **values)
{
	enum nx_rc rc = NX_OK;

	memset(values, 0, n * sizeof(*values));
	for (size_t i = 0; i < n && rc == NX_OK; i++)
		rc = nx_web_query(call, names[i], &values[i]);
	return rc;
}

enum nx_rc
nx_web_query_uuid(struct nx_call *call, const char *name, const char *what,
    const char **out)
{
	enum nx_rc rc = nx_web_query(call, name, out);

	return rc != NX_OK || *out == NULL || nx_uuid_valid(*out) ? rc :
	    nx_fail(&call->ctx->err, NX_INVALID, "%s must be %s.", name,
	    what);
}

enum nx_rc
nx_web_user(struct nx_call *call, const char *in_body, const char **out)
{
	struct nx_ctx *ctx = call->ctx;
	const char *named;
	enum nx_rc rc = nx_web_query(call, "user_id", &named);

	if (rc != NX_OK)
		return rc;
	if (named != NULL && in_body != NULL)
		return nx_fail(&ctx->err, NX_INVALID,
		    "user_id is named twice, in the address and the body.");
	return nx_session_user(ctx, call->session,
	    named != NULL ? named : in_body, out);
}
