/* test_web_connect.c - initiate, callback, disconnect up to the database. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/url.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/seal/digest.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define INITIATE "/api/auth/twitter/initiate"
#define CALLBACK "/api/auth/twitter/callback"
#define DISCONNECT "/api/auth/twitter/disconnect"

static int
get(struct web *w, const char *uri, const char *who, const char *more)
{
	const char *const params[] = { who, more, NULL };

	return web_run(w, "GET", uri, params, NULL);
}

static const char *
me(struct web *w)
{
	return web_bearer(w, WEB_USER, "authenticated");
}

/* The cookie's name for a state: docs/contract.md section 5. */
static const char *
name_of(struct web *w, const char *state)
{
	char hex[NX_SHA256_HEX + 1];

	nx_sha256_hex(nx_slice_str(state), hex);
	return nx_arena_printf(w->ctx.arena, "%s%.8s",
	    w->app.conf.origin_is_https ? "__Host-nx-" : "nx-", hex);
}

static void
redirects_to_x(void **state)
{
	struct web *w = *state;
	struct nx_buf x_state = NX_BUF(100);
	struct nx_slice url;
	const char *cookie, *name;

	assert_int_equal(get(w, INITIATE "?return_to=/a%3Fb", me(w), ""),
	    302);
	url = nx_slice_str(web_value(w, "Location"));
	assert_memory_equal(url.p, "https://x.com/i/oauth2/authorize?", 33);
	assert_int_equal(w->reply.body.n, 0);
	(void)nx_slice_cut(&url, '?');
	assert_int_equal(nx_url_query(url, "state", &x_state), NX_OK);
	name = name_of(w, nx_buf_str(&x_state));
	cookie = web_value(w, "Set-Cookie");
	assert_memory_equal(cookie, name, strlen(name));
	assert_memory_equal(cookie + strlen(name), "=nx1.k1.", 8);
	assert_string_equal(strchr(cookie, ';'),
	    "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
	assert_true(strlen(cookie) < 4096);
	nx_buf_free(&x_state);
}

static void
answers_programs_in_json(void **state)
{
	struct web *w = *state;
	const char *url, *x_state, *name;

	assert_int_equal(get(w, INITIATE, me(w),
	    "HTTP_ACCEPT=application/json"), 200);
	assert_int_equal(web_header(w, "Location", NULL), 0);
	url = web_said(w, "authorize_url");
	x_state = web_said(w, "state");
	assert_int_equal(strlen(x_state), 43);
	assert_non_null(strstr(url, x_state));
	assert_non_null(strstr(nx_buf_str(&w->reply.body),
	    ",\"expires_in\":600}"));
	name = name_of(w, x_state);
	assert_memory_equal(web_value(w, "Set-Cookie"), name, strlen(name));
}

static void
needs_no_secure_cookie_on_loopback(void **state)
{
	static const char *const own[] = { "TWITTER_REDIRECT_URI",
	    "http://127.0.0.1:8080/api/auth/twitter/callback", NULL };
	struct web *w = web_open(own);
	const char *cookie;

	(void)state;
	assert_int_equal(get(w, INITIATE, me(w), ""), 302);
	cookie = web_value(w, "Set-Cookie");
	assert_memory_equal(cookie, "nx-", 3);
	assert_null(strstr(cookie, "Secure"));
	assert_non_null(strstr(cookie, "; HttpOnly; SameSite=Lax"));
	web_close(w);
}

static void
refuses_ways_that_lead_away(void **state)
{
	static const char *const evil[] = { "//evil.example",
	    "https%3A%2F%2Fevil.example", "%2F%2Fevil.example",
	    "%2F%5Cevil.example", "/%5Cevil.example", "%2F%252fevil.example",
	    "/%0d%0aSet-Cookie:a=b", "%09/evil.example", "", "x",
	    "/ok&return_to=/ok", "/%00", "/%", "/%C0%AF" };
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(evil); i++) {
		assert_int_equal(get(w, nx_arena_printf(w->ctx.arena,
		    INITIATE "?return_to=%s", evil[i]), me(w), ""), 400);
		assert_int_equal(web_header(w, "Set-Cookie", NULL), 0);
		assert_int_equal(web_header(w, "Location", NULL), 0);
		assert_null(strstr(nx_buf_str(&w->reply.body), "evil"));
	}
}

static void
starts_for_a_named_user(void **state)
{
	struct web *w = *state;
	const char *service = web_bearer(w, NULL, "service_role");

	assert_int_equal(get(w, INITIATE "?user_id=" WEB_OTHER, me(w), ""),
	    403);
	assert_int_equal(get(w, INITIATE "?user_id=" WEB_USER, me(w), ""),
	    302);
	assert_int_equal(get(w, INITIATE, service, ""), 422);
	assert_int_equal(get(w, INITIATE "?user_id=" WEB_OTHER, service, ""),
	    302);
}

/* One attempt under way: its cookie, sealed `age` seconds ago. */
struct attempt {
	const char	*state, *name, *cookie;
};

static struct attempt
attempt_of(struct web *w, const char *user, int age)
{
	const struct nx_attempt_ask ask = { .user_id = user,
	    .return_to = "/back?a=b#c", .now = nx_clock_wall() - age };
	struct nx_attempt_start s = { .state = "" };
	struct attempt a;

	assert_int_equal(nx_attempt_begin(&w->app.conf, w->app.ring, &ask,
	    &s, &w->ctx.err), NX_OK);
	a.state = nx_arena_str(w->ctx.arena, s.state);
	a.name = name_of(w, a.state);
	a.cookie = nx_arena_printf(w->ctx.arena, "HTTP_COOKIE=%s=%s", a.name,
	    nx_buf_str(&s.sealed));
	nx_attempt_start_free(&s);
	return a;
}

/* How many attempts the answer removes; `name`: is this one among them? */
static int
removed(struct web *w, const char *name, bool *found)
{
	struct nx_slice rest = nx_buf_slice(&w->reply.head);
	const char *gone = nx_arena_printf(w->ctx.arena,
	    "Set-Cookie: %s=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax;"
	    " Secure\r", name);
	int n = 0;

	*found = false;
	while (rest.n > 0) {
		struct nx_slice line = nx_slice_cut(&rest, '\n');

		n += memmem(line.p, line.n, "Max-Age=0", 9) != NULL;
		*found = *found || nx_slice_is(line, gone);
	}
	return n;
}

static void
keeps_five_attempts(void **state)
{
	struct web *w = *state;
	struct attempt old[8];
	const char *more[10] = { NULL };
	bool found;

	for (int n = 0; n < 8; n++) {
		/* number 3 is the oldest one, number 0 the next */
		old[n] = attempt_of(w, WEB_USER, n == 3 ? 300 : 200 - n);
		more[n] = old[n].cookie;
		more[n + 1] = me(w);
		assert_int_equal(web_run(w, "GET", INITIATE, more, NULL),
		    302);
		assert_int_equal(removed(w, old[3 < n ? 3 : 0].name, &found),
		    n < 4 ? 0 : n - 3);
		assert_int_equal(found, n >= 4);
		(void)removed(w, old[n].name, &found);
		assert_false(found);
	}
}

/* An attempt with the longest way back that is taken, in a Cookie header. */
static const char *
long_attempt(struct web *w)
{
	char path[1001] = "/";
	const struct nx_attempt_ask ask = { .user_id = WEB_USER,
	    .return_to = path, .now = nx_clock_wall() };
	struct nx_attempt_start s = { .state = "" };
	const char *out;

	memset(path + 1, 'a', sizeof(path) - 2);
	path[1000] = '\0';
	assert_int_equal(nx_attempt_begin(&w->app.conf, w->app.ring, &ask,
	    &s, &w->ctx.err), NX_OK);
	out = nx_arena_printf(w->ctx.arena, "HTTP_COOKIE=%s=%s",
	    name_of(w, s.state), nx_buf_str(&s.sealed));
	nx_attempt_start_free(&s);
	return out;
}

static const char *
stuffing(struct web *w, size_t n)
{
	char *out = nx_arena_alloc(w->ctx.arena, n + 13);

	memset(out, 'x', n + 12);
	memcpy(out, "HTTP_COOKIE=a=", 14);
	return out;
}

/* Attempts and the sign-in together stay within what nginx lets through. */
static void
keeps_room_for_the_sign_in(void **state)
{
	struct web *w = *state;
	const char *more[8] = { me(w) };
	bool found;

	for (int n = 1; n <= 4; n++)
		more[n] = long_attempt(w);
	assert_int_equal(web_run(w, "GET", INITIATE, more, NULL), 302);
	assert_int_equal(removed(w, "", &found), 1);
	/* the more there is beside them, the fewer are kept */
	more[5] = stuffing(w, NX_COOKIES_MAX - 3000);
	assert_int_equal(web_run(w, "GET", INITIATE, more, NULL), 302);
	assert_int_equal(removed(w, "", &found), 3);
	more[5] = stuffing(w, NX_COOKIES_MAX - 700);
	assert_int_equal(web_run(w, "GET", INITIATE, more, NULL), 302);
	assert_int_equal(removed(w, "", &found), 4);
}

/* Rather no attempt than a browser that is let in nowhere. */
static void
starts_nothing_without_room(void **state)
{
	struct web *w = *state;
	const char *more[4] = { me(w), long_attempt(w),
	    stuffing(w, NX_COOKIES_MAX - 200) };
	bool found;

	assert_int_equal(web_run(w, "GET", INITIATE, more, NULL), 431);
	assert_string_equal(web_said(w, "code"), "headers_too_large");
	assert_int_equal(web_header(w, "Location", NULL), 0);
	assert_int_equal(removed(w, "", &found), 1);
	assert_int_equal(web_header(w, "Set-Cookie", NULL), 1);
}

/* A link on another site must not renew or replace what is there. */
static void
acts_on_a_connection_from_here_only(void **state)
{
	static const char *const queries[] = { "?connection_id=" WEB_OTHER,
	    "?connection_id=" WEB_OTHER "&replace=1", "",
	    "?return_to=/a&replace=0" };
	static const struct { const char *site; bool ours; } cases[] = {
		{ "HTTP_SEC_FETCH_SITE=same-origin", true },
		{ "HTTP_SEC_FETCH_SITE=none", true }, { "", true },
		{ "HTTP_SEC_FETCH_SITE=same-site", false },
		{ "HTTP_SEC_FETCH_SITE=cross-site", false },
		{ "HTTP_SEC_FETCH_SITE=x", false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(queries) * COUNT(cases); i++) {
		const char *query = queries[i / COUNT(cases)];
		bool ours = cases[i % COUNT(cases)].ours ||
		    strstr(query, "connection_id") == NULL;
		const char *uri = nx_arena_printf(w->ctx.arena, INITIATE
		    "%s", query), *site = cases[i % COUNT(cases)].site;

		assert_int_equal(get(w, uri, web_cookie(w, WEB_USER), site),
		    ours ? 302 : 403);
		assert_int_equal(web_header(w, "Set-Cookie", NULL), ours);
		if (!ours)
			assert_string_equal(web_said(w, "code"),
			    "cross_site");
		/* no page of another site can send this */
		assert_int_equal(get(w, uri, me(w), site), 302);
	}
}

/* Broken ones go first, other cookies never. */
static void
removes_what_does_not_open_first(void **state)
{
	struct web *w = *state;
	const char *more[] = { attempt_of(w, WEB_USER, 500).cookie,
	    attempt_of(w, WEB_USER, 9).cookie,
	    attempt_of(w, WEB_USER, 9).cookie,
	    "HTTP_COOKIE=__Host-nx-0123abcd=junk; __Host-nx-0123ABCD=x;"
	    " __Host-nx-0123abc=x; __Host-nx-0123abcde=x; nx-0123abcd=x",
	    attempt_of(w, WEB_USER, 9).cookie, me(w), NULL };
	bool found;

	assert_int_equal(web_run(w, "GET", INITIATE, more, NULL), 302);
	assert_int_equal(removed(w, "__Host-nx-0123abcd", &found), 1);
	assert_true(found);
}

static void
refuses_answers_that_are_not_ours(void **state)
{
	static const struct {
		const char *format, *code; const char *user; int age;
	} cases[] = {
		{ "?code=c", "state_missing", WEB_USER, 0 },
		{ "?code=c&state=", "state_missing", WEB_USER, 0 },
		{ "?code=c&state=%s&state=x", "malformed", WEB_USER, 0 },
		{ "?code=c&code=d&state=%s", "malformed", WEB_USER, 0 },
		{ "?code=c&state=%s", "state_user", WEB_OTHER, 0 },
		{ "?code=c&state=%s", "state_expired", WEB_USER, 601 },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct attempt a = attempt_of(w, cases[i].user, cases[i].age);
		struct nx_slice rest = nx_slice_str(cases[i].format);
		struct nx_slice head = nx_slice_cut(&rest, '%');

		assert_int_equal(get(w, nx_arena_printf(w->ctx.arena,
		    CALLBACK "%.*s%s%s", (int)head.n, head.p,
		    rest.n == 0 ? "" : a.state,
		    rest.n == 0 ? "" : rest.p + 1), me(w), a.cookie), 400);
		assert_string_equal(web_said(w, "code"), cases[i].code);
		assert_int_equal(web_header(w, "Location", NULL), 0);
	}
}

static void
refuses_a_cookie_of_another_state(void **state)
{
	struct web *w = *state;
	struct attempt mine = attempt_of(w, WEB_USER, 0);
	struct attempt other = attempt_of(w, WEB_USER, 0);
	const char *value = strchr(other.cookie + 12, '=');
	const char *uri = nx_arena_printf(w->ctx.arena,
	    CALLBACK "?code=c&state=%s", mine.state);

	assert_int_equal(get(w, uri, me(w), nx_arena_printf(w->ctx.arena,
	    "HTTP_COOKIE=%s%s", mine.name, value)), 400);
	assert_string_equal(web_said(w, "code"), "state_broken");
	assert_int_equal(get(w, uri, me(w), nx_arena_printf(w->ctx.arena,
	    "HTTP_COOKIE=%s=nx1.zz.AAAA", mine.name)), 400);
	assert_int_equal(web_header(w, "Location", NULL), 0);
}

static void
brings_a_refusal_back(void **state)
{
	static const struct { const char *query, *code; } cases[] = {
		{ "error=access_denied", "access_denied" },
		{ "error=server_error&error_description=a%0d%0aX:+y",
		  "authorize_error" },
		{ "code=", "code_missing" }, { "x=y", "code_missing" },
		{ "code=a%20b", "code_missing" },
	};
	struct web *w = *state;
	bool found;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct attempt a = attempt_of(w, WEB_USER, 0);

		assert_int_equal(get(w, nx_arena_printf(w->ctx.arena,
		    CALLBACK "?%s&state=%s", cases[i].query, a.state), me(w),
		    a.cookie), 302);
		assert_string_equal(web_value(w, "Location"),
		    nx_arena_printf(w->ctx.arena, WEB_ORIGIN
		    "/back?a=b&x_error=%s#c", cases[i].code));
		assert_int_equal(removed(w, a.name, &found), 1);
		assert_true(found);
	}
}

static void
shows_browsers_a_page(void **state)
{
	struct web *w = *state;
	const char *html = "HTTP_ACCEPT=text/html";

	assert_int_equal(get(w, CALLBACK "?code=c", me(w), html), 400);
	assert_string_equal(web_value(w, "Content-Type"),
	    "text/html; charset=utf-8");
	assert_int_equal(get(w, INITIATE "?return_to=//e", me(w), html), 400);
	assert_non_null(strstr(nx_buf_str(&w->reply.body), "return_to"));
}

static void
reads_what_to_disconnect(void **state)
{
	static const struct {
		const char *body; int status; const char *code, *word;
	} cases[] = {
		{ "{\"connection_id\":\"7\"}", 422, "invalid",
		  "connection_id" },
		{ "{\"connection_id\":7}", 422, "invalid", "connection_id" },
		{ "{\"connection_id\":\"\"}", 422, "invalid",
		  "connection_id" },
		{ "{\"connection_id\":{}}", 422, "invalid",
		  "connection_id" },
		{ "{\"user_id\":\"me\"}", 422, "invalid", "user_id" },
		{ "{\"user_id\":\"" WEB_OTHER "\"}", 403, "forbidden", "" },
		{ "{\"id\":null}", 422, "unknown_member", "\"id\"" },
		{ "{\"connection_id\":\"7\",\"user_id\":\"" WEB_USER "\"}",
		  422, "invalid", "connection_id" },
		{ "[]", 400, "not_json", "" }, { "{", 400, "not_json", "" },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(web_post(w, DISCONNECT, me(w),
		    cases[i].body), cases[i].status);
		assert_string_equal(web_said(w, "code"), cases[i].code);
		assert_non_null(strstr(web_said(w, "detail"),
		    cases[i].word));
	}
	/* the service role has to say for whom, with a body or without */
	assert_int_equal(web_post(w, DISCONNECT,
	    web_bearer(w, NULL, "service_role"), "{}"), 422);
	assert_non_null(strstr(web_said(w, "detail"), "user_id"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(redirects_to_x),
		WEB_TEST(answers_programs_in_json),
		cmocka_unit_test(needs_no_secure_cookie_on_loopback),
		WEB_TEST(refuses_ways_that_lead_away),
		WEB_TEST(starts_for_a_named_user),
		WEB_TEST(keeps_five_attempts),
		WEB_TEST(keeps_room_for_the_sign_in),
		WEB_TEST(starts_nothing_without_room),
		WEB_TEST(acts_on_a_connection_from_here_only),
		WEB_TEST(removes_what_does_not_open_first),
		WEB_TEST(refuses_answers_that_are_not_ours),
		WEB_TEST(refuses_a_cookie_of_another_state),
		WEB_TEST(brings_a_refusal_back),
		WEB_TEST(shows_browsers_a_page),
		WEB_TEST(reads_what_to_disconnect),
	};

	return cmocka_run_group_tests_name("web/connect", tests, NULL, NULL);
}
