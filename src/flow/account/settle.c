/* settle.c - X names a grant's account, and it becomes a connection. */

#include "settle.h"

#include "nx/base/clock.h"
#include "nx/base/fault.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/account/revoke.h"
#include "nx/x/scopes.h"

enum { X_TRIES = 3, X_PAUSE_MS = 400 };

enum nx_class
nx_settle_ask(struct nx_ctx *ctx, const char *access_token, int ms,
    struct nx_x_user *user, struct nx_verdict *v)
{
	struct nx_x x = nx_ctx_x(ctx);
	const int64_t until = nx_clock_mono() + ms;

	if (until < x.deadline)
		x.deadline = until;
	for (int i = 1; i <= X_TRIES; i++) {
		nx_users_me(&x, access_token, user, v);
		if (v->class != NX_CLASS_RETRY ||
		    nx_clock_left(x.deadline) <= X_PAUSE_MS * i)
			break;
		nx_clock_sleep(X_PAUSE_MS * i);
	}
	if (v->class != NX_CLASS_DONE)
		(void)nx_verdict_fail(NX_ACT_READ, v, nx_clock_wall(),
		    &ctx->err);
	return v->class;
}

/*
 * The connection that the attempt was to renew; id NULL: any account will do.
 * One that has gone meanwhile keeps nobody from what was allowed.
 */
static enum nx_rc
find_aim(struct nx_ctx *ctx, const struct nx_pending *p,
    struct nx_connection *out)
{
	enum nx_rc rc = NX_OK;

	*out = (struct nx_connection){ .id = NULL };
	if (p->aim != NULL)
		rc = nx_connections_find(ctx, p->user_id, p->aim, out);
	if (rc == NX_CONNECTION_UNKNOWN)
		*out = (struct nx_connection){ .id = NULL };
	return rc == NX_CONNECTION_UNKNOWN ? NX_OK : rc;
}

/* The new account is stored in the place of another: tell X of that one. */
static void
tell_replaced(struct nx_ctx *ctx, const struct nx_connection *named)
{
	nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
	    "connection.disconnected", NX_S("user", named->user_id),
	    NX_S("connection", named->id),
	    NX_I("revoked", nx_revoke_parked(ctx, named->user_id,
	    named->id)));
}

/* Another account was chosen, and nobody asked for that. */
static enum nx_rc
refuse_other(struct nx_ctx *ctx, const struct nx_connection *named,
    const struct nx_x_user *user, const struct nx_saved *saved)
{
	if (!saved->stored && !saved->gone)
		(void)nx_revoke_parked(ctx, named->user_id, saved->id);
	return nx_fail(&ctx->err, NX_OTHER_ACCOUNT, "@%s was to be connected"
	    " again, but X was signed in as @%s.", named->username,
	    user->username);
}

enum nx_rc
nx_settle_grant(struct nx_ctx *ctx, const struct nx_pending *p,
    const struct nx_grant_place *place, const struct nx_x_user *user,
    struct nx_settled *out)
{
	struct nx_new_grant grant = {
		.user_id = p->user_id,
		.x_user_id = user->id,
		.username = user->username,
		.name = user->name,
		.subscription = user->subscription,
		.access_token = p->access_token,
		.refresh_token = p->refresh_token,
		.scopes = p->scopes != NULL ? p->scopes : p->asked,
		.expires_at = p->expires_at,
		.granted_us = p->granted_us,
		.claimed_us = p->claimed_us,
		.grant_hash = p->grant_hash,
		.login_hash = p->login_hash,
		.pending_id = place->in_table ? p->id : NULL,
		.pending_version = p->version,
		.pending_owner = place->owner,
	};
	struct nx_connection named;
	struct nx_saved saved;
	bool other;
	enum nx_rc rc = find_aim(ctx, p, &named);

	other = named.id != NULL && named.x_user_id[0] != '\0' &&
	    strcmp(named.x_user_id, user->id) != 0;
	grant.only_held = other && !p->replaces;
	grant.replaces = other && p->replaces ? named.id : NULL;
	if (rc == NX_OK)
		rc = nx_keep_grant(ctx, &grant, &saved);
	if (rc != NX_OK)
		return rc;
	*out = (struct nx_settled){
		.connection_id = grant.only_held ? named.id :
		    nx_arena_str(ctx->arena, saved.id),
		.pending = saved.gone,	/* somebody else is at it */
		.username = user->username,
		.missing_scopes = nx_scopes_missing(ctx->arena, p->asked,
		    grant.scopes),
	};
	if (grant.only_held)
		return refuse_other(ctx, &named, user, &saved);
	if (grant.replaces != NULL && saved.stored) {
		NX_FAULT("connect.replaced");
		tell_replaced(ctx, &named);
	}
	return NX_OK;
}
