/*
 * sb_token.c - X's token and revoke endpoints.
 */
#include <string.h>

#include "sb_routes.h"
#include "sb_scope.h"

/* The client's secret where a test asks for one and none was configured. */
static const char demo_secret[] = "nexus-demo-secret";

static void
refuse(struct sb_call *c, int status, const char *error,
    const char *description)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "error", json_object_new_string(error));
	json_object_object_add(o, "error_description",
	    json_object_new_string(description));
	sb_reply_json(c->reply, status, o);
}

static void
refuse_value(struct sb_call *c, const char *description)
{
	refuse(c, 400, "invalid_request", description);
}

/* NULL, after it has answered, when the parameter is missing. */
static const char *
need(struct sb_call *c, const struct sb_form *form, const char *name)
{
	const char *value = sb_form_get(form, name);
	struct sb_buf text = { 0 };

	if (value != NULL && value[0] != '\0')
		return value;
	sb_buf_printf(&text, "Missing required parameter [%s].", name);
	refuse_value(c, text.data);
	sb_buf_free(&text);
	return NULL;
}

static bool
basic_matches(struct sb_call *c)
{
	const struct sb_conf *conf = c->app->conf;
	const char *header = sb_request_param(c->req, "HTTP_AUTHORIZATION");
	const char *secret = conf->client_secret != NULL ?
	    conf->client_secret : demo_secret;
	struct sb_buf given = { 0 }, want = { 0 };
	bool ok;

	if (header == NULL || strncmp(header, "Basic ", 6) != 0 ||
	    sb_request_count(c->req, "HTTP_AUTHORIZATION") != 1)
		return false;
	sb_buf_printf(&want, "%s:%s", conf->client_id, secret);
	ok = sb_base64_read(header + 6, strlen(header + 6), &given) &&
	    given.data != NULL && sb_same(given.data, want.data);
	sb_buf_free(&given);
	sb_buf_free(&want);
	return ok;
}

/* False after it has answered. */
static bool
client_known(struct sb_call *c, const struct sb_form *form)
{
	const char *id;
	bool ok;

	if (c->settings.confidential) {
		ok = basic_matches(c);
	} else {
		id = need(c, form, "client_id");
		if (id == NULL)
			return false;
		ok = strcmp(id, c->app->conf->client_id) == 0;
	}
	if (!ok)
		refuse(c, 401, "unauthorized_client",
		    "Missing valid authorization header");
	return ok;
}

/* False after it has answered; the form is to be freed in either case. */
static bool
read_form(struct sb_call *c, struct sb_form *out)
{
	const struct sb_buf *body = &c->req->body;
	bool form = sb_request_is(c->req,
	    "application/x-www-form-urlencoded");

	/* X reads no other type: every parameter is missing then. */
	if (!sb_form_read(form ? body->data : "", form ? body->len : 0,
	    out)) {
		refuse_value(c, "Request body is not well formed.");
		return false;
	}
	if (sb_form_repeated(out) != NULL) {
		refuse_value(c, "Parameters must not be repeated.");
		return false;
	}
	return true;
}

static struct sb_terms
terms_of(const struct sb_call *c)
{
	return (struct sb_terms){
		.now = c->now,
		.ttl = c->settings.access_token_ttl * 1000,
		.scopes = c->settings.granted_scopes,
		.no_refresh = c->settings.omit_refresh_token,
	};
}

static void
answer(struct sb_call *c, const struct sb_tokens *tokens)
{
	struct json_object *o = json_object_new_object();
	struct sb_buf scope = { 0 };

	sb_scope_write(tokens->scopes, &scope);
	json_object_object_add(o, "token_type",
	    json_object_new_string("bearer"));
	json_object_object_add(o, "expires_in",
	    json_object_new_int64(c->settings.access_token_ttl));
	json_object_object_add(o, "access_token",
	    json_object_new_string(tokens->access));
	json_object_object_add(o, "scope",
	    json_object_new_string(scope.data));
	sb_canaries_add(c->app->canaries, tokens->access);
	if (tokens->refresh[0] != '\0') {
		json_object_object_add(o, "refresh_token",
		    json_object_new_string(tokens->refresh));
		sb_canaries_add(c->app->canaries, tokens->refresh);
	}
	sb_reply_header(c->reply, "Cache-Control: no-store");
	sb_reply_json(c->reply, 200, o);
	sb_buf_free(&scope);
}

static void
exchange(struct sb_call *c, const struct sb_form *form)
{
	const struct sb_terms terms = terms_of(c);
	const char *code, *redirect, *verifier;
	struct sb_tokens tokens;

	if ((code = need(c, form, "code")) == NULL ||
	    (redirect = need(c, form, "redirect_uri")) == NULL ||
	    (verifier = need(c, form, "code_verifier")) == NULL)
		return;
	sb_canaries_add(c->app->canaries, verifier);
	if (strcmp(redirect, c->app->conf->redirect_uri) != 0) {
		refuse_value(c, "Value passed for the redirect uri did not "
		    "match the uri of the authorization code.");
		return;
	}
	switch (sb_grants_exchange(c->app->grants, code, verifier, &terms,
	    &tokens)) {
	case SB_GRANTED:
		sb_counts_add(c->app->counts, SB_CODES_EXCHANGED, 1);
		answer(c, &tokens);
		break;
	case SB_BAD_VERIFIER:
		refuse_value(c, "Value passed for the code verifier did not "
		    "match the code challenge.");
		break;
	default:
		refuse_value(c, "Value passed for the authorization code was "
		    "invalid.");
	}
}

static void
refresh(struct sb_call *c, const struct sb_form *form)
{
	const struct sb_terms terms = terms_of(c);
	const char *token = need(c, form, "refresh_token");
	struct sb_tokens tokens;

	if (token == NULL)
		return;
	if (sb_grants_refresh(c->app->grants, token, &terms, &tokens) !=
	    SB_GRANTED) {
		sb_counts_add(c->app->counts, SB_REFRESHES_REFUSED, 1);
		refuse_value(c, "Value passed for the token was invalid.");
		return;
	}
	sb_counts_add(c->app->counts, SB_REFRESHES_GRANTED, 1);
	answer(c, &tokens);
}

void
sb_token(struct sb_call *c)
{
	struct sb_form form;
	const char *grant;

	if (read_form(c, &form) &&
	    (grant = need(c, &form, "grant_type")) != NULL &&
	    client_known(c, &form)) {
		if (strcmp(grant, "authorization_code") == 0)
			exchange(c, &form);
		else if (strcmp(grant, "refresh_token") == 0)
			refresh(c, &form);
		else
			refuse_value(c, "Value passed for the grant type was "
			    "invalid.");
	}
	sb_form_free(&form);
}

void
sb_revoke(struct sb_call *c)
{
	struct json_object *o;
	struct sb_form form;
	const char *token;

	if (read_form(c, &form) && client_known(c, &form) &&
	    (token = need(c, &form, "token")) != NULL) {
		if (sb_grants_revoke(c->app->grants, token, c->now))
			sb_counts_add(c->app->counts, SB_REVOKED, 1);
		o = json_object_new_object();
		json_object_object_add(o, "revoked",
		    json_object_new_boolean(true));
		sb_reply_json(c->reply, 200, o);
	}
	sb_form_free(&form);
}
