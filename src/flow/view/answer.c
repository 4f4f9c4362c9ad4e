/* answer.c - the JSON shapes of connections. */

#include "nx/flow/view/answer.h"

#include "nx/text/weigh.h"
#include "nx/x/link.h"
#include "nx/x/scopes.h"

/* X's own names; whatever else it says has the usual limit. */
int
nx_answer_limit(const struct nx_connection *c)
{
	return c->subscription != NULL &&
	    (strcmp(c->subscription, "Premium") == 0 ||
	    strcmp(c->subscription, "PremiumPlus") == 0) ?
	    NX_LIMIT_LONG : NX_LIMIT_POST;
}

static void
add_scopes(struct nx_jw *w, const char *key, const char *scopes)
{
	struct nx_slice rest = nx_slice_str(scopes);

	nx_jw_open(w, key, '[');
	while (rest.n > 0) {
		struct nx_slice one = nx_slice_cut(&rest, ' ');

		if (one.n > 0)
			nx_jw_slice(w, NULL, one);
	}
	nx_jw_close(w, ']');
}

static void
add_connection(struct nx_jw *w, const struct nx_conf *conf,
    struct nx_arena *arena, const struct nx_connection *c, bool counted)
{
	const char *scopes = c->scopes == NULL ? "" : c->scopes;
	const char *missing = nx_scopes_missing(arena, conf->scopes, scopes);
	bool connected = c->status == NX_STATUS_CONNECTED;
	char url[NX_X_URL_MAX];

	nx_x_profile_url(c->username, url);
	nx_jw_open(w, NULL, '{');
	nx_jw_str(w, "id", c->id);
	nx_jw_str(w, "user_id", c->user_id);
	nx_jw_str(w, "platform", NX_PLATFORM);
	nx_jw_str(w, "platform_user_id", c->x_user_id);
	nx_jw_str(w, "username", c->username);
	nx_jw_str(w, "name", c->name);
	nx_jw_str(w, "profile_url", url);
	nx_jw_str(w, "status", nx_connection_status_name(c->status));
	nx_jw_str(w, "status_reason", c->status_reason);
	add_scopes(w, "scopes", scopes);
	add_scopes(w, "missing_scopes",
	    missing == NULL || !connected ? "" : missing);
	nx_jw_bool(w, "can_post",
	    connected && nx_scopes_have(scopes, "tweet.write"));
	nx_jw_i64(w, "max_weighted_length", nx_answer_limit(c));
	nx_jw_bool(w, "renews_itself", connected && c->has_refresh_token &&
	    !c->refresh_refused);
	nx_jw_time(w, "connected_at", c->connected_at);
	nx_jw_time(w, "token_expires_at", c->token_expires_at);
	nx_jw_time(w, "last_success_at", c->last_success_at);
	if (counted)
		nx_jw_i64(w, "scheduled", c->scheduled);
	nx_jw_close(w, '}');
}

void
nx_answer_connection(const struct nx_conf *conf, struct nx_arena *arena,
    const struct nx_connection *c, struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	add_connection(&w, conf, arena, c, false);
}

void
nx_answer_connections(const struct nx_conf *conf, struct nx_arena *arena,
    const struct nx_connection *list, size_t n, int pending,
    struct nx_buf *out)
{
	struct nx_jw w = { .out = out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_open(&w, "connections", '[');
	for (size_t i = 0; i < n; i++)
		add_connection(&w, conf, arena, &list[i], true);
	nx_jw_close(&w, ']');
	nx_jw_i64(&w, "pending", pending);
	nx_jw_close(&w, '}');
}
