/* test_web_routes.c - the table of routes and the way through it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POST "/api/twitter/post"
#define POSTS "/api/twitter/posts"
#define ONE POSTS "/" WEB_OTHER
#define DRY "{\"text\":\"Hello X\",\"dry_run\":true}"

static void
finds_routes(void **state)
{
	static const struct {
		const char *method, *path; int status; const char *allow;
	} cases[] = {
		{ "GET", "/api/auth/twitter/initiate", 0, NULL },
		{ "HEAD", "/api/auth/twitter/initiate?return_to=/x", 405,
		  "GET" },
		{ "HEAD", "/api/auth/twitter/callback?code=a", 405, "GET" },
		{ "HEAD", "/healthz", 0, NULL },
		{ "GET", "/api/auth/twitter/callback?code=a&state=b", 0, NULL },
		{ "POST", "/api/auth/twitter/disconnect", 0, NULL },
		{ "GET", "/api/twitter/connections", 0, NULL },
		{ "POST", POST, 0, NULL },
		{ "GET", POSTS, 0, NULL },
		{ "HEAD", POSTS "?limit=3&before=" WEB_OTHER, 0, NULL },
		{ "GET", ONE, 0, NULL }, { "DELETE", ONE, 0, NULL },
		{ "PATCH", ONE, 0, NULL },
		{ "DELETE", POSTS "/x?y/z", 0, NULL },
		{ "POST", ONE "/resume", 0, NULL },
		{ "GET", "/healthz", 0, NULL }, { "GET", "/readyz", 0, NULL },
		{ "POST", POSTS, 405, "GET, HEAD" },
		{ "DELETE", POSTS, 405, "GET, HEAD" },
		{ "POST", ONE, 405, "GET, HEAD, PATCH, DELETE" },
		{ "PUT", ONE, 405, "GET, HEAD, PATCH, DELETE" },
		{ "GET", ONE "/resume", 405, "POST" },
		{ "GET", POSTS "/", 404, NULL },
		{ "GET", ONE "/", 404, NULL },
		{ "POST", ONE "/resum", 404, NULL },
		{ "POST", ONE "/resume/", 404, NULL },
		{ "POST", POSTS "//resume", 404, NULL },
		{ "POST", POSTS "/a/b/resume", 404, NULL },
		{ "POST", "/api/auth/twitter/initiate", 405, "GET" },
		{ "DELETE", "/api/auth/twitter/callback", 405, "GET" },
		{ "GET", "/api/auth/twitter/disconnect", 405, "POST" },
		{ "HEAD", POST, 405, "POST" }, { "GET", POST, 405, "POST" },
		{ "post", POST, 405, "POST" }, { "X", POST, 405, "POST" },
		{ "POST", "/healthz", 405, "GET, HEAD" },
		{ "GET", "/", 404, NULL }, { "POST", POST "/", 404, NULL },
		{ "POST", POST "x", 404, NULL },
		{ "POST", "/api/twitter/pos", 404, NULL },
		{ "POST", "//api/twitter/post", 404, NULL },
		{ "POST", "/api/twitter/../twitter/post", 404, NULL },
		{ "POST", "/API/twitter/post", 404, NULL },
		{ "POST", "/api/twitter/%70ost", 404, NULL },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_reply reply = NX_REPLY;
		const struct nx_route *route;
		struct nx_match match;
		enum nx_rc rc;

		web_read(w, cases[i].method, cases[i].path, NULL);
		nx_route_find(&w->request, &match);
		rc = nx_route_check(&match, &w->request, &reply, &w->ctx.err);
		route = match.route;
		if (cases[i].status == 0) {
			const size_t n = strcspn(route->path, "{");

			assert_int_equal(rc, NX_OK);
			assert_memory_equal(w->request.path.p, route->path,
			    n);
			assert_true(route->path[n] == '{' ||
			    w->request.path.n == n);
		} else {
			assert_int_equal(nx_rc_status(rc), cases[i].status);
			assert_null(route);
		}
		assert_string_equal(nx_buf_str(&reply.head),
		    cases[i].allow == NULL ? "" : nx_arena_printf(
		    w->ctx.arena, "Allow: %s\r\n", cases[i].allow));
		nx_reply_free(&reply);
	}
}

/* A row of the table is counted by the name that stands in its place. */
static void
routes_are_counted_by_name(void **state)
{
	static const struct { const char *method, *path, *want; } cases[] = {
		{ "GET", "/api/auth/twitter/initiate", "initiate" },
		{ "GET", "/api/auth/twitter/callback", "callback" },
		{ "POST", "/api/auth/twitter/disconnect", "disconnect" },
		{ "GET", "/api/twitter/connections", "connections" },
		{ "POST", POST, "post" }, { "GET", POSTS, "posts" },
		{ "GET", ONE, "post_get" }, { "PATCH", ONE, "post_change" },
		{ "DELETE", ONE, "post_delete" },
		{ "POST", ONE "/resume", "post_resume" },
		{ "GET", "/healthz", "healthz" }, { "GET", "/readyz", "readyz" },
		{ "GET", "/nowhere", "none" },
	};
	struct web *w = *state;

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct nx_match match;

		web_read(w, cases[i].method, cases[i].path, NULL);
		nx_route_find(&w->request, &match);
		assert_int_equal(nx_route_row(match.route), i);
		assert_true(nx_slice_is(nx_stats_value(NX_LABEL_ROUTE, i),
		    cases[i].want));
	}
	assert_int_equal(nx_stats_value(NX_LABEL_ROUTE, COUNT(cases)).n, 0);
}

/* What acts does not act for a browser that only guesses. */
static void
does_not_act_ahead(void **state)
{
	static const char *const guesses[] = {
		"HTTP_SEC_PURPOSE=prefetch", "HTTP_SEC_PURPOSE=Prefetch",
		"HTTP_SEC_PURPOSE=prefetch;prerender",
		"HTTP_PURPOSE=prefetch", "HTTP_X_PURPOSE=preview",
		"HTTP_X_MOZ=prefetch",
	};
	static const struct { const char *path; bool acts; } cases[] = {
		{ "/api/auth/twitter/initiate", true },
		{ "/api/auth/twitter/callback?code=a&state=b", true },
		{ "/api/twitter/connections", false }, { POSTS, false },
		{ "/healthz", false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases) * COUNT(guesses); i++) {
		const char *const more[] = { guesses[i % COUNT(guesses)],
		    NULL };
		bool acts = cases[i / COUNT(guesses)].acts;
		struct nx_reply reply = NX_REPLY;
		struct nx_match match;

		web_read(w, "GET", cases[i / COUNT(guesses)].path, more);
		nx_route_find(&w->request, &match);
		assert_int_equal(nx_route_check(&match, &w->request, &reply,
		    &w->ctx.err), acts ? NX_AHEAD : NX_OK);
		assert_int_equal(match.route == NULL, acts);
		nx_reply_free(&reply);
	}
	/* Not a 2xx, which would stand in for the answer later. */
	assert_in_range(nx_rc_status(NX_AHEAD), 400, 499);
}

static void
answers_404_and_405_as_problems(void **state)
{
	const char *const html[] = { "HTTP_ACCEPT=text/html", NULL };
	struct web *w = *state;

	assert_int_equal(web_run(w, "GET", "/nothing", html, NULL), 404);
	assert_string_equal(web_said(w, "code"), "not_found");
	assert_int_equal(web_run(w, "GET", POST, NULL, NULL), 405);
	assert_string_equal(web_said(w, "code"), "method_not_allowed");
	assert_string_equal(web_value(w, "Allow"), "POST");
}

/* Which routes ask who is calling, and in which form they refuse. */
static void
keeps_strangers_out(void **state)
{
	static const struct {
		const char *method, *path, *accept; int status; bool page;
	} cases[] = {
		{ "GET", "/healthz", "", 200, false },
		{ "GET", "/api/auth/twitter/initiate", "", 401, false },
		{ "GET", "/api/auth/twitter/initiate", "text/html", 401, true },
		{ "GET", "/api/auth/twitter/callback", "text/html,*/*", 401,
		  true },
		{ "GET", "/api/auth/twitter/callback", "application/json", 401,
		  false },
		{ "POST", "/api/auth/twitter/disconnect", "text/html", 401,
		  false },
		{ "GET", "/api/twitter/connections", "text/html", 401, false },
		{ "POST", POST, "text/html", 401, false },
		{ "GET", POSTS, "text/html", 401, false },
		{ "GET", ONE, "", 401, false },
		{ "GET", POSTS "/x", "", 401, false },
		{ "DELETE", ONE, "", 401, false },
		{ "PATCH", ONE, "", 401, false },
		{ "POST", ONE "/resume", "", 401, false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { nx_arena_printf(w->ctx.arena,
		    "HTTP_ACCEPT=%s", cases[i].accept), NULL };
		const char *type = "application/problem+json";

		assert_int_equal(web_run(w, cases[i].method, cases[i].path,
		    more, NULL), cases[i].status);
		if (cases[i].status == 200)
			continue;
		assert_string_equal(web_value(w, "WWW-Authenticate"),
		    "Bearer");
		if (cases[i].page)
			type = "text/html; charset=utf-8";
		assert_string_equal(web_value(w, "Content-Type"), type);
		assert_non_null(strstr(nx_buf_str(&w->reply.body),
		    "unauthenticated"));
	}
}

static void
is_alive_without_anything(void **state)
{
	struct web *w = *state;

	assert_int_equal(web_run(w, "GET", "/healthz", NULL, NULL), 200);
	assert_string_equal(web_said(w, "status"), "alive");
	assert_string_equal(web_value(w, "Content-Type"), "application/json");
}

/* A form of another site can send text/plain, and with it a cookie. */
static void
refuses_changes_from_other_sites(void **state)
{
	static const struct { const char *method, *path; } cases[] = {
		{ "POST", POST }, { "POST", "/api/auth/twitter/disconnect" },
		{ "POST", ONE "/resume" }, { "DELETE", ONE },
		{ "PATCH", ONE },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const evil[] = { web_cookie(w, WEB_USER),
		    "HTTP_ORIGIN=https://evil.example",
		    "CONTENT_TYPE=text/plain", NULL };
		const char *const bare[] = { web_cookie(w, WEB_USER), NULL };

		assert_int_equal(web_run(w, cases[i].method, cases[i].path,
		    evil, DRY), 403);
		assert_string_equal(web_said(w, "code"), "cross_site");
		assert_int_equal(web_run(w, cases[i].method, cases[i].path,
		    bare, DRY), 403);
		assert_string_equal(web_said(w, "code"), "cross_site");
	}
}

static void
wants_json_as_its_type(void **state)
{
	static const struct { const char *type; int status; } cases[] = {
		{ "application/json", 200 }, { "Application/JSON", 200 },
		{ "application/json; charset=utf-8", 200 },
		{ "application/json;charset=utf-8", 200 },
		{ " application/json ", 200 }, { "", 415 },
		{ "text/plain", 415 }, { "application/jsonp", 415 },
		{ "application/json2; application/json", 415 },
		{ "text/plain; application/json", 415 },
		{ "application/x-www-form-urlencoded", 415 },
		{ "application/problem+json", 415 },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = {
		    web_bearer(w, WEB_USER, "authenticated"),
		    nx_arena_printf(w->ctx.arena, "CONTENT_TYPE=%s",
		    cases[i].type), nx_arena_printf(w->ctx.arena,
		    "CONTENT_LENGTH=%zu", sizeof(DRY) - 1), NULL };

		assert_int_equal(web_run(w, "POST", POST, more, DRY),
		    cases[i].status);
		if (cases[i].status == 415)
			assert_string_equal(web_said(w, "code"),
			    "content_type");
	}
}

static void
wants_the_body_as_long_as_announced(void **state)
{
	static const struct { const char *length; int status; } cases[] = {
		{ "33", 200 }, { "32", 400 }, { "34", 400 }, { "0", 400 },
		{ "", 400 },
	};
	struct web *w = *state;

	assert_int_equal(sizeof(DRY) - 1, 33);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = {
		    web_bearer(w, WEB_USER, "authenticated"),
		    "CONTENT_TYPE=application/json",
		    nx_arena_printf(w->ctx.arena, "CONTENT_LENGTH=%s",
		    cases[i].length), NULL };

		assert_int_equal(web_run(w, "POST", POST, more, DRY),
		    cases[i].status);
		if (cases[i].status == 400)
			assert_string_equal(web_said(w, "code"),
			    "body_length");
	}
}

static void
answers_a_dry_run(void **state)
{
	struct web *w = *state;
	const char *who = web_bearer(w, WEB_USER, "authenticated");

	assert_int_equal(web_post(w, POST, who, DRY), 200);
	assert_string_equal(web_said(w, "state"), "dry_run");
	assert_string_equal(web_said(w, "cost_usd"), "0.0150");
	assert_null(web_said(w, "id"));
	assert_null(web_said(w, "post_id"));
	assert_non_null(strstr(nx_buf_str(&w->reply.body),
	    "\"weighted_length\":7"));
}

static void
gives_bad_posts_their_own_answer(void **state)
{
	static const struct {
		const char *body; int status; const char *code;
	} cases[] = {
		{ "", 400, "not_json" }, { "{", 400, "not_json" },
		{ "[]", 400, "not_json" },
		{ "{\"text\":\"a\",\"text\":\"b\"}", 400, "not_json" },
		{ "{\"text\":\"\xff\"}", 400, "not_json" },
		{ "{\"text\":\"\\u0000\"}", 400, "not_json" },
		{ "{\"text\":\"x\",\"txet\":1}", 422, "unknown_member" },
		{ "{\"text\":7}", 422, "invalid" },
		{ "{\"text\":\"\",\"dry_run\":true}", 422, "text_empty" },
		{ "{\"dry_run\":true}", 422, "text_empty" },
		{ "{\"text\":\"x\",\"media_ids\":[\"1\"]}", 422,
		  "not_offered" },
		{ "{\"text\":\"x\",\"user_id\":\"" WEB_OTHER "\"}", 403,
		  "forbidden" },
		{ "{\"text\":\"x\\ufffe\",\"dry_run\":true}", 422,
		  "text_invalid" },
	};
	struct web *w = *state;
	const char *who = web_bearer(w, WEB_USER, "authenticated");

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(web_post(w, POST, who, cases[i].body),
		    cases[i].status);
		assert_string_equal(web_said(w, "code"), cases[i].code);
	}
}

static void
lets_the_service_role_name_a_user(void **state)
{
	struct web *w = *state;
	const char *who = web_bearer(w, NULL, "service_role");

	assert_int_equal(web_post(w, POST, who, DRY), 422);
	assert_non_null(strstr(web_said(w, "detail"), "user_id"));
	assert_int_equal(web_post(w, POST, who, "{\"text\":\"x\",\"user_id\":"
	    "\"" WEB_OTHER "\",\"dry_run\":true}"), 200);
}

static int
post_with_key(struct web *w, const char *key)
{
	const char *const more[] = {
	    web_bearer(w, WEB_USER, "authenticated"),
	    "CONTENT_TYPE=application/json", "CONTENT_LENGTH=33",
	    nx_arena_printf(w->ctx.arena, "HTTP_IDEMPOTENCY_KEY=%s", key),
	    NULL };

	return web_run(w, "POST", POST, more, DRY);
}

static void
bounds_the_idempotency_key(void **state)
{
	static const struct { const char *key; int status; } cases[] = {
		{ "k", 200 }, { "a key ~!\"{}", 200 },
		{ "tab\there", 400 }, { "\xc3\xa9", 400 }, { "del\x7f", 400 },
	};
	char key[202] = "";

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(post_with_key(*state, cases[i].key),
		    cases[i].status);
	memset(key, 'k', 200);
	assert_int_equal(post_with_key(*state, key), 200);
	key[200] = 'k';
	assert_int_equal(post_with_key(*state, key), 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(finds_routes),
		WEB_TEST(routes_are_counted_by_name),
		WEB_TEST(does_not_act_ahead),
		WEB_TEST(answers_404_and_405_as_problems),
		WEB_TEST(keeps_strangers_out),
		WEB_TEST(is_alive_without_anything),
		WEB_TEST(refuses_changes_from_other_sites),
		WEB_TEST(wants_json_as_its_type),
		WEB_TEST(wants_the_body_as_long_as_announced),
		WEB_TEST(answers_a_dry_run),
		WEB_TEST(gives_bad_posts_their_own_answer),
		WEB_TEST(lets_the_service_role_name_a_user),
		WEB_TEST(bounds_the_idempotency_key),
	};

	return cmocka_run_group_tests_name("web/routes", tests, NULL, NULL);
}
