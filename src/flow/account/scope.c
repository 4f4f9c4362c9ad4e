/* scope.c - is a connection granted what it is needed for. */

#include "nx/flow/account/scope.h"

#include "nx/base/maxima.h"
#include "nx/x/scopes.h"

enum nx_rc
nx_scope_need(struct nx_ctx *ctx, const struct nx_connection *c,
    const char *scope)
{
	const struct nx_conf *conf = &ctx->app->conf;
	struct nx_buf url = NX_BUF(NX_CONNECT_URL_MAX);
	const char *all;

	if (nx_scopes_have(c->scopes, scope))
		return NX_OK;
	(void)nx_fail(&ctx->err, NX_SCOPE_MISSING, "@%s was connected"
	    " without %s.", c->username, scope);
	all = nx_scopes_join(ctx->arena, c->scopes, conf->scopes);
	if (all != NULL)
		all = nx_scopes_join(ctx->arena, all, scope);
	if (all == NULL || conf->origin == NULL)
		return NX_SCOPE_MISSING;
	nx_buf_addf(&url, "%s/api/auth/twitter/initiate?connection_id=%s"
	    "&scopes=", conf->origin, c->id);
	nx_buf_add_url(&url, nx_slice_str(all));
	if (nx_buf_ok(&url))
		ctx->err.connect_url = nx_arena_slice(ctx->arena,
		    nx_buf_slice(&url));
	nx_buf_free(&url);
	return NX_SCOPE_MISSING;
}
