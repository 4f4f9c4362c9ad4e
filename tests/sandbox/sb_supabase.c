/*
 * sb_supabase.c - the stand-in for Supabase's sign-in: any e-mail address
 * with the demo's password.
 */
#include <string.h>
#include <strings.h>

#include "sb_routes.h"

enum { TOKEN_SECONDS = 3600 };

static const char password[] = "nexus-demo";

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

static void
refuse(struct sb_call *c, int status, const char *code, const char *msg)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "code", json_object_new_int(status));
	add_string(o, "error_code", code);
	add_string(o, "msg", msg);
	sb_reply_json(c->reply, status, o);
}

static struct json_object *
user_json(const struct sb_session *s)
{
	struct json_object *o = json_object_new_object();
	struct json_object *app = json_object_new_object();

	add_string(app, "provider", "email");
	add_string(o, "id", s->user_id);
	add_string(o, "aud", "authenticated");
	add_string(o, "role", "authenticated");
	add_string(o, "email", s->email);
	json_object_object_add(o, "app_metadata", app);
	json_object_object_add(o, "user_metadata", json_object_new_object());
	return o;
}

static struct json_object *
claims_of(struct sb_call *c, const struct sb_session *s)
{
	struct json_object *o = json_object_new_object();
	int64_t now = c->now / 1000;

	if (c->app->conf->issuer != NULL)
		add_string(o, "iss", c->app->conf->issuer);
	add_string(o, "sub", s->user_id);
	add_string(o, "aud", "authenticated");
	add_string(o, "role", "authenticated");
	add_string(o, "email", s->email);
	add_string(o, "session_id", s->id);
	json_object_object_add(o, "iat", json_object_new_int64(now));
	json_object_object_add(o, "exp",
	    json_object_new_int64(now + TOKEN_SECONDS));
	return o;
}

static void
answer(struct sb_call *c, const struct sb_session *s, enum sb_alg alg)
{
	struct json_object *o = json_object_new_object();
	struct json_object *claims = claims_of(c, s);
	struct sb_buf jwt = { 0 };

	sb_keys_sign(c->app->keys, alg, claims, &jwt);
	add_string(o, "access_token", jwt.data);
	add_string(o, "token_type", "bearer");
	json_object_object_add(o, "expires_in",
	    json_object_new_int(TOKEN_SECONDS));
	json_object_object_add(o, "expires_at",
	    json_object_new_int64(c->now / 1000 + TOKEN_SECONDS));
	add_string(o, "refresh_token", s->refresh);
	json_object_object_add(o, "user", user_json(s));
	sb_canaries_add(c->app->canaries, jwt.data);
	sb_canaries_add(c->app->canaries, s->refresh);
	sb_reply_header(c->reply, "Cache-Control: no-store");
	sb_reply_json(c->reply, 200, o);
	json_object_put(claims);
	sb_buf_free(&jwt);
}

/* A member that is a text, or NULL. */
static const char *
text_of(struct json_object *o, const char *name)
{
	struct json_object *value = json_object_object_get(o, name);

	return json_object_is_type(value, json_type_string) ?
	    json_object_get_string(value) : NULL;
}

static void
by_password(struct sb_call *c, struct json_object *body, enum sb_alg alg)
{
	const char *email = text_of(body, "email");
	const char *given = text_of(body, "password");
	struct sb_session session;

	if (email == NULL || given == NULL) {
		refuse(c, 400, "validation_failed",
		    "missing email or password");
		return;
	}
	if (!sb_email_valid(email) || !sb_same(given, password)) {
		refuse(c, 400, "invalid_credentials",
		    "Invalid login credentials");
		return;
	}
	sb_sessions_open(c->app->sessions, email, &session);
	answer(c, &session, alg);
}

static void
by_refresh(struct sb_call *c, struct json_object *body, enum sb_alg alg)
{
	const char *token = text_of(body, "refresh_token");
	struct sb_session session;

	if (token != NULL && sb_sessions_refresh(c->app->sessions, token,
	    c->now, &session))
		answer(c, &session, alg);
	else
		refuse(c, 400, "refresh_token_not_found",
		    "Invalid Refresh Token: Refresh Token Not Found");
}

void
sb_supabase_token(struct sb_call *c)
{
	struct json_object *body = sb_call_json(c);
	enum sb_alg alg = sb_keys_default(c->app->keys);
	const char *grant = NULL, *name = NULL;
	struct sb_form query;

	if (sb_form_read(c->req->query, strlen(c->req->query), &query)) {
		grant = sb_form_get(&query, "grant_type");
		name = sb_form_get(&query, "alg");
	}
	if (name == NULL)
		name = sb_request_param(c->req, "HTTP_X_SANDBOX_ALG");
	if (!json_object_is_type(body, json_type_object))
		refuse(c, 400, "bad_json",
		    "Could not parse request body as JSON");
	else if (name != NULL && !sb_keys_alg(c->app->keys, name, &alg))
		refuse(c, 400, "validation_failed", "alg is unknown");
	else if (grant != NULL && strcmp(grant, "password") == 0)
		by_password(c, body, alg);
	else if (grant != NULL && strcmp(grant, "refresh_token") == 0)
		by_refresh(c, body, alg);
	else
		refuse(c, 400, "validation_failed", "unsupported_grant_type");
	json_object_put(body);
	sb_form_free(&query);
}

/* The session of the bearer token; false after it has answered. */
static bool
signed_in(struct sb_call *c, struct sb_session *out)
{
	const char *header = sb_request_param(c->req, "HTTP_AUTHORIZATION");
	struct json_object *claims = NULL;
	const char *id;
	bool ok;

	if (header != NULL && strncasecmp(header, "Bearer ", 7) == 0)
		claims = sb_keys_open(c->app->keys, header + 7);
	if (claims == NULL || json_object_get_int64(
	    json_object_object_get(claims, "exp")) <= c->now / 1000) {
		refuse(c, 401, "bad_jwt", "invalid JWT");
		json_object_put(claims);
		return false;
	}
	id = text_of(claims, "session_id");
	ok = id != NULL && sb_sessions_get(c->app->sessions, id, out);
	if (!ok)
		refuse(c, 403, "session_not_found", "Session from session_id "
		    "claim in JWT does not exist");
	json_object_put(claims);
	return ok;
}

void
sb_supabase_user(struct sb_call *c)
{
	struct sb_session session;

	if (signed_in(c, &session))
		sb_reply_json(c->reply, 200, user_json(&session));
}

void
sb_supabase_logout(struct sb_call *c)
{
	struct sb_session session;

	if (signed_in(c, &session)) {
		sb_sessions_close(c->app->sessions, session.id);
		c->reply->status = 204;
	}
}

void
sb_supabase_jwks(struct sb_call *c)
{
	sb_reply_json(c->reply, 200, sb_keys_jwks(c->app->keys));
}

/* "sandbox" is ours: the dashboard shows how to sign in where it is true. */
void
sb_supabase_settings(struct sb_call *c)
{
	struct json_object *o = json_object_new_object();
	struct json_object *external = json_object_new_object();

	json_object_object_add(external, "email",
	    json_object_new_boolean(true));
	json_object_object_add(o, "sandbox", json_object_new_boolean(true));
	json_object_object_add(o, "external", external);
	sb_reply_json(c->reply, 200, o);
}
