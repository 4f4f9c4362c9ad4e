/*
 * sb_authorize.c - the consent page, X's /i/oauth2/authorize.  What is wrong
 * with the request is said on a page of X's own; only a decision redirects.
 */
#include <string.h>

#include "sb_routes.h"
#include "sb_scope.h"

enum { STATE_MAX = 500 };

static const char style[] =
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
    "body{margin:0;background:#f3f5f7;color:#0f1419}"
    "main{max-width:26rem;margin:8vh auto;padding:2rem;background:#fff;"
    "border-radius:1rem;box-shadow:0 1px 12px #0002}"
    "h1{font-size:1.4rem;line-height:1.25;margin:0 0 1rem}"
    "ul{padding-left:1.2rem}li{margin:.35rem 0}"
    "label{display:block;font-weight:600;margin-top:1.25rem}"
    "input{box-sizing:border-box;width:100%;font:inherit;padding:.6rem;"
    "margin:.25rem 0 1.25rem;border:1px solid #536471;"
    "border-radius:.5rem;background:inherit;color:inherit}"
    "button{font:inherit;font-weight:700;width:100%;padding:.7rem;"
    "margin-top:.6rem;border-radius:2rem;border:1px solid #536471;"
    "background:transparent;color:inherit;cursor:pointer}"
    "button.allow{background:#0f1419;color:#fff;border-color:#0f1419}"
    "button:focus-visible,input:focus-visible{outline:3px solid #1d6fd1;"
    "outline-offset:2px}"
    ".note{font-size:.85rem;color:#536471;margin:1.25rem 0 0}"
    "@media(prefers-color-scheme:dark){body{background:#000;color:#e7e9ea}"
    "main{background:#16181c}.note{color:#a5b0b8}"
    "button.allow{background:#eff3f4;color:#0f1419}}";

struct asked {
	struct sb_form	 query;
	const char	*state;
	const char	*challenge;
	bool		 plain;
	uint64_t	 scopes;
};

static void
page_start(struct sb_call *c, int status, const char *title)
{
	unsigned char digest[32];
	struct sb_buf *b = &c->reply->body, hash = { 0 };

	sb_sha256(style, strlen(style), digest);
	sb_buf_base64url(&hash, digest, sizeof digest);
	for (char *p = hash.data; *p != '\0'; p++)	/* CSP: base64 */
		*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
	sb_reply_text(c->reply, status, "text/html; charset=utf-8", "");
	/* No form-action: it would also bind the redirect after the form. */
	sb_reply_header(c->reply, "Content-Security-Policy: "
	    "default-src 'none'; style-src 'sha256-%s='; img-src data:; "
	    "base-uri 'none'; frame-ancestors 'none'", hash.data);
	sb_reply_header(c->reply, "Cache-Control: no-store");
	sb_reply_header(c->reply, "Referrer-Policy: no-referrer");
	sb_reply_header(c->reply, "X-Content-Type-Options: nosniff");
	sb_buf_free(&hash);
	sb_buf_printf(b, "<!doctype html>\n<html lang=\"en\"><head>"
	    "<meta charset=\"utf-8\"><title>%s</title>"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<link rel=\"icon\" href=\"data:,\"><style>%s</style></head>"
	    "<body><main>\n", title, style);
}

static void
page_end(struct sb_call *c)
{
	sb_buf_puts(&c->reply->body, "<p class=\"note\">This is the X sandbox"
	    ", not X. Nothing here leaves this machine.</p>\n"
	    "</main></body></html>\n");
}

static void
something_wrong(struct sb_call *c, const char *why)
{
	page_start(c, 400, "Something went wrong");
	sb_buf_puts(&c->reply->body, "<h1>Something went wrong</h1>\n<p>You "
	    "weren\xe2\x80\x99t able to give access to the App. Go back and "
	    "try logging in again.</p>\n<p id=\"reason\">");
	sb_buf_html(&c->reply->body, why);
	sb_buf_puts(&c->reply->body, "</p>\n");
	page_end(c);
}

static bool
has_length(const char *text, size_t min, size_t max)
{
	size_t len = text == NULL ? 0 : strlen(text);

	return len >= min && len <= max;
}

static bool
is_challenge(const char *text, bool plain)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";

	return has_length(text, 43, plain ? 128 : 43) &&
	    strspn(text, set) == strlen(text) &&
	    (plain || strpbrk(text, ".~") == NULL);
}

static bool
is_same(const char *value, const char *want)
{
	return value != NULL && strcmp(value, want) == 0;
}

/* NULL, or what is wrong. */
static const char *
check(struct sb_call *c, struct asked *a)
{
	const struct sb_conf *conf = c->app->conf;
	const struct sb_form *q = &a->query;
	const char *method = sb_form_get(q, "code_challenge_method");
	const char *scope = sb_form_get(q, "scope");

	if (sb_form_repeated(q) != NULL)
		return "A parameter is there twice.";
	if (!is_same(sb_form_get(q, "response_type"), "code"))
		return "response_type is missing or not code.";
	if (!is_same(sb_form_get(q, "client_id"), conf->client_id))
		return "client_id is missing or unknown.";
	if (!is_same(sb_form_get(q, "redirect_uri"), conf->redirect_uri))
		return "redirect_uri is missing or not the registered one.";
	if (scope == NULL || !sb_scope_read(scope, &a->scopes))
		return "scope is missing or has an unknown name in it.";
	a->state = sb_form_get(q, "state");
	if (!has_length(a->state, 1, STATE_MAX))
		return "state is missing or longer than 500 characters.";
	a->plain = is_same(method, "plain");
	if (!a->plain && !is_same(method, "S256"))
		return "code_challenge_method is not S256 or plain.";
	a->challenge = sb_form_get(q, "code_challenge");
	if (!is_challenge(a->challenge, a->plain))
		return "code_challenge is missing or not a challenge.";
	return NULL;
}

/* False after it has answered; the form is to be freed in either case. */
static bool
read_asked(struct sb_call *c, struct asked *out)
{
	const char *wrong;
	bool ok;

	*out = (struct asked){ 0 };
	ok = sb_form_read(c->req->query, strlen(c->req->query), &out->query);
	wrong = ok ? check(c, out) : "The query is not well formed.";
	if (wrong != NULL)
		something_wrong(c, wrong);
	return wrong == NULL;
}

static void
set_account(struct sb_call *c, const char *handle)
{
	sb_reply_header(c->reply, "Set-Cookie: sandbox_account=%s; "
	    "Path=/i/oauth2; HttpOnly; SameSite=Lax", handle);
}

/* The account that signs: the browser's, else a new one. */
static void
pick_account(struct sb_call *c, char out[SB_HANDLE_SIZE])
{
	if (!sb_request_cookie(c->req, "sandbox_account", out,
	    SB_HANDLE_SIZE) || !sb_handle_valid(out))
		sb_handle_make(out);
}

static void
list_scopes(struct sb_buf *b, uint64_t scopes)
{
	const char *words;
	uint64_t bit;

	for (int i = 0; (words = sb_scope_words(i, &bit)) != NULL; i++)
		if ((scopes & bit) != 0)
			sb_buf_printf(b, "<li>%s</li>\n", words);
}

void
sb_authorize_page(struct sb_call *c)
{
	struct sb_buf *b = &c->reply->body;
	char handle[SB_HANDLE_SIZE];
	struct asked asked;

	if (read_asked(c, &asked)) {
		pick_account(c, handle);
		page_start(c, 200, "Authorize Nexus");
		set_account(c, handle);
		sb_buf_printf(b, "<h1>Nexus wants to access your X account "
		    "@%s</h1>\n<p>It will be able to:</p>\n<ul>\n", handle);
		list_scopes(b, asked.scopes);
		sb_buf_puts(b, "</ul>\n<form method=\"post\" action=\"");
		sb_buf_html(b, c->req->uri);
		sb_buf_printf(b, "\">\n<label for=\"account\">X account"
		    "</label>\n<input id=\"account\" name=\"account\" "
		    "value=\"%s\" pattern=\"[A-Za-z0-9_]{1,15}\" "
		    "maxlength=\"15\" required autocomplete=\"off\" "
		    "spellcheck=\"false\">\n<button class=\"allow\" "
		    "name=\"decision\" value=\"allow\">Authorize app</button>"
		    "\n<button name=\"decision\" value=\"deny\" "
		    "formnovalidate>Cancel</button>\n</form>\n", handle);
		page_end(c);
	}
	sb_form_free(&asked.query);
}

static void
redirect(struct sb_call *c, const char *state, const char *name,
    const char *value)
{
	const char *uri = c->app->conf->redirect_uri;
	struct sb_buf location = { 0 };

	sb_buf_printf(&location, "%s%cstate=", uri,
	    strchr(uri, '?') == NULL ? '?' : '&');
	sb_buf_urlencode(&location, state);
	sb_buf_printf(&location, "&%s=", name);
	sb_buf_urlencode(&location, value);
	c->reply->status = 302;
	sb_reply_header(c->reply, "Location: %s", location.data);
	sb_reply_header(c->reply, "Cache-Control: no-store");
	sb_reply_header(c->reply, "Referrer-Policy: no-referrer");
	sb_buf_free(&location);
}

static void
allow(struct sb_call *c, const struct asked *a, const char *account)
{
	struct sb_code code = {
		.scopes = a->scopes, .plain = a->plain,
		.expires = c->now + c->settings.code_ttl * 1000,
	};

	if (account != NULL && sb_handle_valid(account))
		sb_copy(code.handle, sizeof code.handle, account);
	else
		pick_account(c, code.handle);
	sb_copy(code.challenge, sizeof code.challenge, a->challenge);
	sb_token_make(code.value, "ac", c->now);
	sb_canaries_add(c->app->canaries, code.value);
	sb_grants_add_code(c->app->grants, &code);
	redirect(c, a->state, "code", code.value);
	if (account != NULL)
		set_account(c, code.handle);
}

void
sb_authorize_decide(struct sb_call *c)
{
	const struct sb_buf *body = &c->req->body;
	const char *decision;
	struct asked asked;
	struct sb_form form;
	bool ok;

	ok = sb_form_read(body->data, body->len, &form) &&
	    sb_form_repeated(&form) == NULL &&
	    sb_request_is(c->req, "application/x-www-form-urlencoded");
	decision = ok ? sb_form_get(&form, "decision") : NULL;
	if (!read_asked(c, &asked))
		;
	else if (is_same(decision, "allow"))
		allow(c, &asked, sb_form_get(&form, "account"));
	else if (is_same(decision, "deny"))
		redirect(c, asked.state, "error", "access_denied");
	else
		something_wrong(c, "decision is neither allow nor deny.");
	sb_form_free(&asked.query);
	sb_form_free(&form);
}
