/*
 * web_fixture.h - an application without database and without X, requests as
 * nginx would pass them on, and tokens as Supabase would sign them.
 */
#ifndef WEB_FIXTURE_H
#define WEB_FIXTURE_H

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "nx/base/base64.h"
#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "web/routes.h"

#define WEB_SECRET "super-secret-jwt-token-with-at-least-32-characters"
#define WEB_USER "6f1c1d2e-0000-4000-8000-00000000abcd"
#define WEB_OTHER "11111111-2222-4333-8444-555555555555"
#define WEB_ORIGIN "https://nexus.example"
#define WEB_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define WEB_REQUEST_ID "0123456789abcdef0123456789abcdef"

enum { WEB_ENV_MAX = 60 };

struct web {
	struct nx_app		 app;
	struct nx_ctx		 ctx;
	char			*env[WEB_ENV_MAX];
	struct nx_request	 request;
	struct nx_reply		 reply;
};

/* Pairs of name and value, ended by NULL; the first of a name counts. */
static inline const char *
web_look(void *ctx, const char *name)
{
	static const char *const usual[] = {
		"TWITTER_CLIENT_ID", "client-1",
		"TWITTER_REDIRECT_URI",
		    WEB_ORIGIN "/api/auth/twitter/callback",
		"NEXUS_KEYS", "k1:" WEB_KEY,
		"SUPABASE_JWT_SECRET", WEB_SECRET,
		"NEXUS_LOG_LEVEL", "error", NULL,
	};
	const char *const *own = ctx;

	for (; own != NULL && *own != NULL; own += 2) {
		if (strcmp(own[0], name) == 0)
			return own[1];
	}
	for (const char *const *u = usual; *u != NULL; u += 2) {
		if (strcmp(u[0], name) == 0)
			return u[1];
	}
	return NULL;
}

/* `own`: variables beside or instead of the usual ones, or NULL. */
static inline struct web *
web_open(const char *const *own)
{
	struct web *w = calloc(1, sizeof(*w));
	struct nx_buf problems = NX_BUF(4000);

	assert_non_null(w);
	assert_int_equal(nx_app_open(&w->app, NX_NEED_KEYS | NX_NEED_CALLERS,
	    web_look, (void *)(uintptr_t)own, &problems), NX_OK);
	assert_string_equal(nx_buf_str(&problems), "");
	nx_buf_free(&problems);
	w->ctx.app = &w->app;
	w->ctx.arena = nx_arena_new(NX_ARENA_MAX);
	assert_non_null(w->ctx.arena);
	w->ctx.request_id = WEB_REQUEST_ID;
	w->ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
	w->reply = (struct nx_reply)NX_REPLY;
	return w;
}

static inline void
web_close(struct web *w)
{
	nx_reply_free(&w->reply);
	nx_arena_free(w->ctx.arena);
	nx_app_close(&w->app);
	free(w);
}

static inline int
web_set_up(void **state)
{
	*state = web_open(NULL);
	return 0;
}

static inline int
web_tear_down(void **state)
{
	web_close(*state);
	return 0;
}

#define WEB_TEST(name) \
	cmocka_unit_test_setup_teardown(name, web_set_up, web_tear_down)

/* A token with these claims, signed with WEB_SECRET; in the arena. */
static inline const char *
web_sign(struct web *w, const char *claims)
{
	static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	struct nx_buf t = NX_BUF(64 * 1024);
	const char *token;

	nx_base64url_add(&t, header, sizeof(header) - 1);
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, claims, strlen(claims));
	assert_non_null(HMAC(EVP_sha256(), WEB_SECRET,
	    (int)sizeof(WEB_SECRET) - 1, (const unsigned char *)t.p, t.n,
	    mac, &n));
	nx_buf_addc(&t, '.');
	nx_base64url_add(&t, mac, n);
	assert_true(nx_buf_ok(&t));
	token = nx_arena_slice(w->ctx.arena, nx_buf_slice(&t));
	assert_non_null(token);
	nx_buf_free(&t);
	return token;
}

/* `sub`: NULL for none; `life`: seconds from now. */
static inline const char *
web_token(struct web *w, const char *sub, const char *role, int life)
{
	return web_sign(w, nx_arena_printf(w->ctx.arena, "{%s%s%s\"aud\":"
	    "\"authenticated\",\"role\":\"%s\",\"exp\":%lld}",
	    sub == NULL ? "" : "\"sub\":\"", sub == NULL ? "" : sub,
	    sub == NULL ? "" : "\",", role,
	    (long long)(nx_clock_wall() + life)));
}

static inline const char *
web_bearer(struct web *w, const char *sub, const char *role)
{
	return nx_arena_printf(w->ctx.arena, "HTTP_AUTHORIZATION=Bearer %s",
	    web_token(w, sub, role, 3600));
}

static inline const char *
web_base64url(struct web *w, const char *text)
{
	struct nx_buf b = NX_BUF(64 * 1024);
	const char *out;

	nx_base64url_add(&b, text, strlen(text));
	out = nx_arena_slice(w->ctx.arena, nx_buf_slice(&b));
	nx_buf_free(&b);
	return out;
}

/* The value of Supabase's cookie for this token. */
static inline const char *
web_cookie_value(struct web *w, const char *token)
{
	return nx_arena_printf(w->ctx.arena, "base64-%s", web_base64url(w,
	    nx_arena_printf(w->ctx.arena, "{\"access_token\":\"%s\","
	    "\"token_type\":\"bearer\",\"user\":{\"id\":\"x\"}}", token)));
}

static inline const char *
web_cookie(struct web *w, const char *sub)
{
	return nx_arena_printf(w->ctx.arena,
	    "HTTP_COOKIE=sb-proj-auth-token=%s", web_cookie_value(w,
	    web_token(w, sub, "authenticated", 3600)));
}

/* The parameters of a request; `more` ends with NULL and may hold "". */
static inline void
web_params(struct web *w, const char *method, const char *uri,
    const char *const *more)
{
	const char *mark = strchr(uri, '?');
	struct nx_arena *a = w->ctx.arena;
	int n = 0;

	w->env[n++] = nx_arena_printf(a, "REQUEST_METHOD=%s", method);
	w->env[n++] = nx_arena_printf(a, "REQUEST_URI=%s", uri);
	w->env[n++] = nx_arena_printf(a, "QUERY_STRING=%s",
	    mark == NULL ? "" : mark + 1);
	w->env[n++] = nx_arena_str(a, "REQUEST_ID=" WEB_REQUEST_ID);
	for (; more != NULL && *more != NULL; more++) {
		if (**more == '\0')
			continue;
		assert_true(n < WEB_ENV_MAX - 1);
		w->env[n++] = nx_arena_str(a, *more);
	}
	w->env[n] = NULL;
	assert_true(nx_arena_ok(a));
}

static inline void
web_read(struct web *w, const char *method, const char *uri,
    const char *const *more)
{
	web_params(w, method, uri, more);
	assert_int_equal(nx_request_read(w->env, &w->request, &w->ctx.err),
	    NX_OK);
}

/* Through the table of routes to the answer, as a job would. */
static inline int
web_run(struct web *w, const char *method, const char *uri,
    const char *const *more, const char *body)
{
	struct nx_call call = { .ctx = &w->ctx, .request = &w->request,
	    .reply = &w->reply };
	struct nx_match match;
	struct nx_session session;

	nx_reply_free(&w->reply);
	w->reply = (struct nx_reply)NX_REPLY;
	web_read(w, method, uri, more);
	w->request.body = nx_slice_str(body);
	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	nx_route_find(&w->request, &match);
	call.param = match.param;
	if (nx_route_check(&match, &w->request, &w->reply, &w->ctx.err) !=
	    NX_OK)
		nx_route_fail(NULL, &call);
	else if (nx_route_enter(match.route, &call, &session) == NX_OK)
		nx_route_run(match.route, &call);
	assert_true(nx_buf_ok(&w->reply.head));
	assert_true(nx_buf_ok(&w->reply.body));
	return w->reply.status;
}

/* POST of JSON with its right length; `who` is one more parameter. */
static inline int
web_post(struct web *w, const char *uri, const char *who, const char *body)
{
	const char *const more[] = { who,
	    nx_arena_printf(w->ctx.arena, "CONTENT_LENGTH=%zu",
	    strlen(body)), "CONTENT_TYPE=application/json", NULL };

	return web_run(w, "POST", uri, more, body);
}

/* How often the header is there; `value` (or NULL) gets the first one. */
static inline int
web_header(const struct web *w, const char *name, const char **value)
{
	struct nx_slice rest = nx_buf_slice(&w->reply.head);
	const char *line = nx_buf_str(&w->reply.head);
	size_t n = strlen(name);
	int times = 0;

	for (; rest.n > 0; line = rest.p) {
		struct nx_slice one = nx_slice_cut(&rest, '\n');

		assert_true(one.n > 0 && one.p[one.n - 1] == '\r');
		if (strncmp(line, name, n) != 0 || line[n] != ':')
			continue;
		one = (struct nx_slice){ one.p + n + 2, one.n - n - 3 };
		if (times++ == 0 && value != NULL)
			*value = nx_arena_slice(w->ctx.arena, one);
	}
	return times;
}

static inline const char *
web_value(const struct web *w, const char *name)
{
	const char *value = NULL;

	assert_int_equal(web_header(w, name, &value), 1);
	return value;
}

/* A text member of the JSON body, in the arena; NULL when absent. */
static inline const char *
web_said(const struct web *w, const char *member)
{
	struct json_object *obj;
	const char *text;

	assert_int_equal(nx_json_parse(nx_buf_slice(&w->reply.body), &obj,
	    NULL), NX_OK);
	text = nx_arena_str(w->ctx.arena, nx_json_str(obj, member));
	json_object_put(obj);
	return text;
}

#endif
