/* test_web_session.c - who is calling, and may they. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define COOKIE "HTTP_COOKIE=sb-proj-auth-token"

static enum nx_rc
check(struct web *w, const char *const *more, struct nx_session *s)
{
	web_read(w, "GET", "/", more);
	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	return nx_session_check(&w->ctx, &w->request, s);
}

static enum nx_rc
check_one(struct web *w, const char *param)
{
	const char *const more[] = { param, NULL };
	struct nx_session s;
	enum nx_rc rc = check(w, more, &s);

	if (rc != NX_OK) {
		assert_string_equal(s.claims.sub, "");
		assert_false(s.is_service);
		assert_int_equal(w->ctx.err.rc, rc);
		assert_true(w->ctx.err.detail[0] != '\0');
	}
	return rc;
}

static void
takes_a_bearer_token(void **state)
{
	static const char *const schemes[] = { "Bearer ", "bearer ",
	    "BEARER ", "Bearer   " };
	struct web *w = *state;
	const char *token = web_token(w, WEB_USER, "authenticated", 3600);
	struct nx_session s;

	for (size_t i = 0; i < COUNT(schemes); i++) {
		const char *const more[] = { nx_arena_printf(w->ctx.arena,
		    "HTTP_AUTHORIZATION=%s%s", schemes[i], token), NULL };

		assert_int_equal(check(w, more, &s), NX_OK);
		assert_string_equal(s.claims.sub, WEB_USER);
		assert_false(s.by_cookie);
		assert_false(s.is_service);
	}
}

static void
refuses_other_authorizations(void **state)
{
	struct web *w = *state;
	const char *token = web_token(w, WEB_USER, "authenticated", 3600);
	static const char *const forms[] = { "Basic %s", "%s", "Bearer%s",
	    "Bearer %sx", "Bearer x%s", "Bearer %s, Bearer y", "Bearer \t%s",
	    "Bearer Bearer %s" };

	for (size_t i = 0; i < COUNT(forms); i++) {
		struct nx_buf b = NX_BUF(4000);
		const char *mark = strstr(forms[i], "%s");

		nx_buf_adds(&b, "HTTP_AUTHORIZATION=");
		nx_buf_add(&b, forms[i], (size_t)(mark - forms[i]));
		nx_buf_adds(&b, token);
		nx_buf_adds(&b, mark + 2);
		assert_int_equal(check_one(w, nx_buf_str(&b)),
		    NX_UNAUTHENTICATED);
		nx_buf_free(&b);
	}
	assert_int_equal(check_one(w, "HTTP_AUTHORIZATION=Bearer "),
	    NX_UNAUTHENTICATED);
	assert_int_equal(check_one(w, ""), NX_UNAUTHENTICATED);
}

static void
tells_expired_from_invalid(void **state)
{
	struct web *w = *state;

	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    "HTTP_AUTHORIZATION=Bearer %s",
	    web_token(w, WEB_USER, "authenticated", -40))), NX_TOKEN_EXPIRED);
	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    "HTTP_AUTHORIZATION=Bearer %s",
	    web_token(w, WEB_USER, "authenticated", -20))), NX_OK);
	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    COOKIE "=%s", web_cookie_value(w,
	    web_token(w, WEB_USER, "authenticated", -40)))),
	    NX_TOKEN_EXPIRED);
}

static void
holds_the_issuer_where_it_is_known(void **state)
{
	static const char *const own[] = { "SUPABASE_URL",
	    "https://project.example/", NULL };
	static const struct { const char *iss; enum nx_rc rc; } cases[] = {
		{ "\"iss\":\"https://project.example/auth/v1\",", NX_OK },
		{ "\"iss\":\"https://project.example\",",
		  NX_UNAUTHENTICATED },
		{ "\"iss\":\"https://other.example/auth/v1\",",
		  NX_UNAUTHENTICATED },
		{ "", NX_UNAUTHENTICATED },
	};
	struct web *w = web_open(own);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *token = web_sign(w, nx_arena_printf(w->ctx.arena,
		    "{%s\"sub\":\"" WEB_USER "\",\"aud\":\"authenticated\","
		    "\"exp\":%lld}", cases[i].iss,
		    (long long)nx_clock_wall() + 60));

		assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
		    "HTTP_AUTHORIZATION=Bearer %s", token)), cases[i].rc);
	}
	web_close(w);
}

static void
knows_the_service_role(void **state)
{
	struct web *w = *state;
	struct nx_session s;
	const char *const service[] = { web_bearer(w, NULL, "service_role"),
	    NULL };
	const char *const near[] = { web_bearer(w, WEB_USER,
	    "service_role2"), NULL };

	assert_int_equal(check(w, service, &s), NX_OK);
	assert_true(s.is_service);
	assert_string_equal(s.claims.sub, "");
	assert_int_equal(check(w, near, &s), NX_OK);
	assert_false(s.is_service);
}

static void
takes_supabase_cookie(void **state)
{
	struct web *w = *state;
	struct nx_session s;
	const char *const more[] = { "HTTP_COOKIE=theme=dark; sb-proj-auth-"
	    "token-code-verifier=base64-IngiCg", web_cookie(w, WEB_USER),
	    "HTTP_COOKIE=sb--auth-token=x; sb-auth-token=y", NULL };

	assert_int_equal(check(w, more, &s), NX_OK);
	assert_string_equal(s.claims.sub, WEB_USER);
	assert_true(s.by_cookie);
}

/* The cookie in `n` chunks, the last first, each in a header of its own. */
static enum nx_rc
check_chunks(struct web *w, int n, int without)
{
	const char *value = web_cookie_value(w,
	    web_token(w, WEB_USER, "authenticated", 3600));
	size_t size = strlen(value) / (size_t)n, len;
	const char *more[20] = { NULL };
	struct nx_session s;
	enum nx_rc rc;
	int k = 0;

	for (int i = n - 1; i >= 0; i--) {
		len = i == n - 1 ? strlen(value) - size * (size_t)i : size;
		if (i != without)
			more[k++] = nx_arena_printf(w->ctx.arena,
			    COOKIE ".%d=%.*s", i, (int)len,
			    value + size * (size_t)i);
	}
	rc = check(w, more, &s);
	if (rc == NX_OK) {
		assert_string_equal(s.claims.sub, WEB_USER);
		assert_true(s.by_cookie);
	}
	return rc;
}

static void
joins_chunks(void **state)
{
	for (int n = 1; n <= 16; n++) {
		assert_int_equal(check_chunks(*state, n, -1), NX_OK);
		for (int i = 0; i < n; i++)
			assert_int_equal(check_chunks(*state, n, i),
			    n == 1 ? NX_UNAUTHENTICATED : NX_COOKIE);
	}
	assert_int_equal(check_chunks(*state, 17, -1), NX_COOKIE);
}

static enum nx_rc
check_all(struct web *w, const char *const *more)
{
	struct nx_session s;
	enum nx_rc rc = check(w, more, &s);

	assert_string_equal(s.claims.sub, rc == NX_OK ? WEB_USER : "");
	return rc;
}

/* A neighbour's site can set the whole beside our chunks, or some chunk. */
static void
refuses_a_whole_beside_chunks(void **state)
{
	struct web *w = *state;
	const char *mine = web_cookie(w, WEB_USER);
	const char *value = strchr(mine + 12, '=') + 1;
	const char *chunk = nx_arena_printf(w->ctx.arena, COOKIE ".0=%s",
	    value);
	const char *const sets[][4] = {
		{ COOKIE ".0=base64-stale", mine, COOKIE ".1=stale", NULL },
		{ chunk, web_cookie(w, WEB_OTHER), NULL },
		{ web_cookie(w, WEB_OTHER), chunk, NULL },
		{ mine, COOKIE ".1=x", NULL }, { mine, COOKIE ".15=x", NULL },
		{ mine, COOKIE ".99=x", NULL }, { COOKIE ".999=x", mine, NULL },
	};

	for (size_t i = 0; i < COUNT(sets); i++) {
		assert_int_equal(check_all(w, sets[i]), NX_COOKIE);
		assert_non_null(strstr(w->ctx.err.detail, "twice"));
	}
	assert_non_null(strstr(nx_rc_remedy(NX_COOKIE), "cookies"));
}

/* Supabase's clients clear a cookie by setting it empty. */
static void
takes_empty_cookies_for_absent(void **state)
{
	struct web *w = *state;
	const char *mine = web_cookie(w, WEB_USER);
	const char *value = strchr(mine + 12, '=') + 1;
	const char *first = nx_arena_printf(w->ctx.arena, COOKIE ".0=%.40s",
	    value);
	const char *rest = nx_arena_printf(w->ctx.arena, COOKIE ".1=%s",
	    value + 40);
	const struct { const char *set[6]; enum nx_rc rc; } cases[] = {
		{ { COOKIE "=", first, rest }, NX_OK },
		{ { first, rest, COOKIE "=", COOKIE ".2=" }, NX_OK },
		{ { mine, COOKIE ".0=; sb-proj-auth-token.1=" }, NX_OK },
		{ { COOKIE "=; sb-proj-auth-token=", mine }, NX_OK },
		{ { mine, "HTTP_COOKIE=sb-other-auth-token=" }, NX_OK },
		/* an empty chunk ends the list, whatever follows */
		{ { first, rest, COOKIE ".2=", COOKIE ".3=stale" }, NX_OK },
		{ { first, rest, COOKIE ".3=stale" }, NX_OK },
		{ { COOKIE ".0=", COOKIE ".1=x" }, NX_COOKIE },
		/* one that was left over does not */
		{ { first, rest, COOKIE ".2=stale" }, NX_COOKIE },
		/* not the way that anybody counts */
		{ { mine, COOKIE ".00=x; sb-proj-auth-token.=x;"
		    " sb-proj-auth-token.0x=x; sb-proj-auth-token.1000=x" },
		    NX_OK },
		{ { COOKIE "=" }, NX_UNAUTHENTICATED },
		{ { COOKIE "=", COOKIE ".0=" }, NX_UNAUTHENTICATED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum nx_rc rc = check_all(w, cases[i].set);

		if (rc != cases[i].rc)
			fail_msg("case %zu: %s", i, nx_rc_code(rc));
	}
}

/* As encodeURIComponent() would. */
static const char *
uri_component(struct web *w, const char *json)
{
	struct nx_buf b = NX_BUF(8000);
	const char *out;

	nx_buf_add_url(&b, nx_slice_str(json));
	out = nx_arena_slice(w->ctx.arena, nx_buf_slice(&b));
	nx_buf_free(&b);
	return out;
}

static void
reads_raw_cookies(void **state)
{
	struct web *w = *state;
	const char *token = web_token(w, WEB_USER, "authenticated", 3600);
	const char *const forms[] = {
		"{\"access_token\":\"%s\",\"user\":{\"n\":\"Zo\303\253 +%%\"}}",
		"[\"%s\",\"refresh\",null,null,null]",
	};

	for (size_t i = 0; i < 2 * COUNT(forms); i++) {
		struct nx_slice rest = nx_slice_str(forms[i / 2]);
		struct nx_slice head = nx_slice_cut(&rest, '%');
		const char *json = nx_arena_printf(w->ctx.arena,
		    "%.*s%s%s", (int)head.n, head.p, token, rest.p + 1);
		const char *value = i % 2 == 0 ? uri_component(w, json) :
		    nx_arena_printf(w->ctx.arena, "base64-%s",
		    web_base64url(w, json));
		const char *const whole[] = { nx_arena_printf(w->ctx.arena,
		    COOKIE "=%s", value), NULL };
		const char *const chunks[] = { nx_arena_printf(w->ctx.arena,
		    COOKIE ".0=%.100s", value), nx_arena_printf(w->ctx.arena,
		    COOKIE ".1=%s", value + 100), NULL };

		assert_int_equal(check_all(w, whole), NX_OK);
		assert_int_equal(check_all(w, chunks), NX_OK);
	}
}

static void
refuses_broken_raw_cookies(void **state)
{
	static const char *const values[] = { "%", "%7", "%zz", "%00",
	    "%5B%5D", "%5B7%5D", "%5Bnull%5D", "%5B%22a.b.c%22",
	    "%5B%22%22%5D", "%7B%22access_token%22%3A%22a.b.c%22%7D%7D",
	    "%7B%22access_token%22%3A%5B%22a%22%5D%7D", "null", "%22a.b.c%22",
	    "%5B%5B%22a.b.c%22%5D%5D", "%257B%257D" };
	struct web *w = *state;
	const char *token = web_token(w, WEB_USER, "authenticated", 3600);

	for (size_t i = 0; i < COUNT(values); i++) {
		enum nx_rc rc = check_one(w, nx_arena_printf(w->ctx.arena,
		    COOKIE "=%s", values[i]));

		if (rc != NX_COOKIE && rc != NX_UNAUTHENTICATED)
			fail_msg("%s: %s", values[i], nx_rc_code(rc));
	}
	/* the token alone is no session */
	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    COOKIE "=%s", token)), NX_COOKIE);
}

/* supabase-js: `sb-${new URL(url).hostname.split('.')[0]}-auth-token`. */
static void
knows_the_projects_name(void **state)
{
	static const struct { const char *url, *name; } cases[] = {
		{ "https://proj.supabase.co", "proj" },
		{ "https://PROJ.Supabase.co:8443/", "proj" },
		{ "http://localhost:54321", "localhost" },
		{ "http://LOCALHOST:54321", "localhost" },
		{ "http://127.0.0.1:54321", "127" },
		{ "http://[::1]:54321", "[::1]" },
		{ "https://db-1.nexus.example/x", "db-1" },
	};
	struct web *w = *state;
	const char *mine = strchr(web_cookie(w, WEB_USER) + 12, '=');
	const char *other = strchr(web_cookie(w, WEB_OTHER) + 12, '=');

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { nx_arena_printf(w->ctx.arena,
		    "HTTP_COOKIE=sb-other-auth-token%s", other),
		    nx_arena_printf(w->ctx.arena, "HTTP_COOKIE=sb-%s-auth-"
		    "token%s", cases[i].name, mine), NULL };

		w->app.conf.supabase_url = cases[i].url;
		if (check_all(w, more) != NX_OK)
			fail_msg("%s: %s", cases[i].url, w->ctx.err.detail);
	}
	w->app.conf.supabase_url = NULL;
}

/* The dashboard's sign-in has a name of its own: a neighbour may add ours. */
static void
refuses_the_projects_beside_the_dashboards(void **state)
{
	struct web *w = *state;
	const char *mine = nx_arena_printf(w->ctx.arena,
	    "HTTP_COOKIE=sb-nexus-auth-token%s",
	    strchr(web_cookie(w, WEB_USER) + 12, '='));
	const struct { const char *set[3]; enum nx_rc rc; } cases[] = {
		{ { mine, web_cookie(w, WEB_OTHER) }, NX_COOKIE },
		{ { web_cookie(w, WEB_OTHER), mine }, NX_COOKIE },
		{ { mine, COOKIE ".0=x" }, NX_COOKIE },
		{ { mine }, NX_OK },
		{ { mine, COOKIE "=" }, NX_OK },
		{ { "HTTP_COOKIE=sb-other-auth-token=x", mine }, NX_OK },
	};

	w->app.conf.supabase_url = "https://proj.supabase.co";
	for (size_t i = 0; i < COUNT(cases); i++)
		if (check_all(w, cases[i].set) != cases[i].rc)
			fail_msg("case %zu: %s", i, w->ctx.err.detail);
	w->app.conf.supabase_url = NULL;
}

static void
lets_listed_apps_in(void **state)
{
	static const char *const own[] = { "NEXUS_OAUTH_CLIENTS",
	    "app-1,app-2", NULL };
	struct web *w = web_open(own);

	(void)state;
	for (int i = 1; i <= 3; i++) {
		const char *token = web_sign(w, nx_arena_printf(w->ctx.arena,
		    "{\"client_id\":\"app-%d\",\"sub\":\"" WEB_USER "\","
		    "\"aud\":\"authenticated\",\"exp\":%lld}", i,
		    (long long)nx_clock_wall() + 60));

		for (int twice = 0; twice < 2; twice++)
			assert_int_equal(check_one(w, nx_arena_printf(
			    w->ctx.arena, "HTTP_AUTHORIZATION=Bearer %s",
			    token)), i == 3 ? NX_APP_STRANGER : NX_OK);
		assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
		    COOKIE "=%s", web_cookie_value(w, token))),
		    i == 3 ? NX_APP_STRANGER : NX_OK);
	}
	assert_int_equal(nx_rc_status(NX_APP_STRANGER), 403);
	web_close(w);
}

/* Two values of one name: one of them is not the user's. */
static void
refuses_a_cookie_that_is_there_twice(void **state)
{
	struct web *w = *state;
	struct nx_session s;
	const char *const whole[] = { web_cookie(w, WEB_USER),
	    web_cookie(w, WEB_OTHER), NULL };
	const char *const chunk[] = { COOKIE ".0=base64-e30; "
	    "sb-proj-auth-token.0=base64-e30", NULL };

	assert_int_equal(check(w, whole, &s), NX_COOKIE);
	assert_non_null(strstr(w->ctx.err.detail, "twice"));
	assert_int_equal(check(w, chunk, &s), NX_COOKIE);
	assert_non_null(strstr(w->ctx.err.detail, "twice"));
}

/* Two projects' cookies: ours if we know which that is, else none. */
static void
keeps_projects_apart(void **state)
{
	struct web *w = *state;
	struct nx_session s;
	const char *const more[] = { web_cookie(w, WEB_USER),
	    "HTTP_COOKIE=sb-other-auth-token=base64-e30;"
	    " sb-other-auth-token.0=base64-e30", NULL };

	assert_int_equal(check(w, more, &s), NX_COOKIE);
	assert_non_null(strstr(w->ctx.err.detail, "twice"));
	w->app.conf.supabase_url = "https://proj.supabase.co";
	assert_int_equal(check(w, more, &s), NX_OK);
	assert_string_equal(s.claims.sub, WEB_USER);
	w->app.conf.supabase_url = NULL;
}

static void
refuses_broken_cookies(void **state)
{
	static const char *const plain[] = { "", "{}", "[]", "null", "\"x\"",
	    "{\"access_token\":null}", "{\"access_token\":7}",
	    "{\"access_token\":\"x\"", "{\"access_token\":\"x\"} x",
	    "{\"token\":\"x\"}", "[\"x\"] x", "[[\"x\"]]",
	    "{\"access_token\":\"a\",\"access_token\":\"b\"}" };
	static const char *const no_token[] = { "{\"access_token\":\"\"}",
	    "{\"access_token\":\"a.b.c\"}", "[\"\"]", "[\"a.b.c\"]" };
	struct web *w = *state;
	const char *good = web_cookie_value(w,
	    web_token(w, WEB_USER, "authenticated", 3600));
	char *long_value = nx_arena_alloc(w->ctx.arena, 50000);

	for (size_t i = 0; i < COUNT(plain); i++)
		assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
		    COOKIE "=base64-%s", web_base64url(w, plain[i]))),
		    NX_COOKIE);
	for (size_t i = 0; i < COUNT(no_token); i++)
		assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
		    COOKIE "=base64-%s", web_base64url(w, no_token[i]))),
		    NX_UNAUTHENTICATED);
	assert_int_equal(check_one(w, COOKIE "="), NX_UNAUTHENTICATED);
	assert_int_equal(check_one(w, COOKIE "=base64-"), NX_COOKIE);
	assert_int_equal(check_one(w, COOKIE "=base64-*"), NX_COOKIE);
	/* without its mark it is not what Supabase writes */
	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    COOKIE "=%s", good + 7)), NX_COOKIE);
	assert_int_equal(check_one(w, nx_arena_printf(w->ctx.arena,
	    COOKIE "=%.*s", (int)strlen(good) - 9, good)), NX_COOKIE);
	memset(long_value, 'A', 49999);
	memcpy(long_value, COOKIE "=base64-", sizeof(COOKIE "=base64-") - 1);
	assert_int_equal(check_one(w, long_value), NX_COOKIE);
	memcpy(long_value, COOKIE ".0=base64", sizeof(COOKIE ".0=base64") - 1);
	assert_int_equal(check_one(w, long_value), NX_HEADERS);
}

/* A good cookie does not stand in for a bad header. */
static void
lets_the_header_decide(void **state)
{
	struct web *w = *state;
	struct nx_session s;
	const char *const bad[] = { "HTTP_AUTHORIZATION=Bearer nonsense",
	    web_cookie(w, WEB_USER), NULL };
	const char *const good[] = { web_cookie(w, WEB_OTHER),
	    web_bearer(w, WEB_USER, "authenticated"), NULL };

	assert_int_equal(check(w, bad, &s), NX_UNAUTHENTICATED);
	assert_int_equal(check(w, good, &s), NX_OK);
	assert_string_equal(s.claims.sub, WEB_USER);
	assert_false(s.by_cookie);
}

static void
says_nothing_of_the_token(void **state)
{
	struct web *w = *state;

	assert_int_equal(check_one(w, "HTTP_AUTHORIZATION=Bearer "
	    "CANARY.CANARY.CANARY"), NX_UNAUTHENTICATED);
	assert_null(strstr(w->ctx.err.detail, "CANARY"));
	assert_int_equal(check_one(w, COOKIE "=base64-CANARY"), NX_COOKIE);
	assert_null(strstr(w->ctx.err.detail, "CANARY"));
}

static void
wants_changes_from_our_own_site(void **state)
{
	static const struct {
		const char *origin, *site; bool ok;
	} cases[] = {
		{ WEB_ORIGIN, "", true },
		{ "https://NEXUS.example", "", true },
		{ WEB_ORIGIN, "HTTP_SEC_FETCH_SITE=cross-site", true },
		{ "", "HTTP_SEC_FETCH_SITE=same-origin", true },
		{ "", "", false },
		{ "", "HTTP_SEC_FETCH_SITE=same-site", false },
		{ "", "HTTP_SEC_FETCH_SITE=cross-site", false },
		{ "", "HTTP_SEC_FETCH_SITE=none", false },
		{ "null", "HTTP_SEC_FETCH_SITE=same-origin", false },
		{ "http://nexus.example", "", false },
		{ WEB_ORIGIN ":8443", "", false },
		{ WEB_ORIGIN ".evil.example", "", false },
		{ "https://evil.example/" WEB_ORIGIN, "", false },
		{ "https://sub.nexus.example", "", false },
		{ WEB_ORIGIN "/", "", false },
		{ WEB_ORIGIN ", " WEB_ORIGIN, "", false },
	};
	struct web *w = *state;
	struct nx_session cookie = { .by_cookie = true }, bearer = { 0 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { cases[i].origin[0] == '\0' ? "" :
		    nx_arena_printf(w->ctx.arena, "HTTP_ORIGIN=%s",
		    cases[i].origin), cases[i].site, NULL };

		web_read(w, "POST", "/", more);
		assert_int_equal(nx_session_same_site(&w->ctx, &w->request,
		    &cookie), cases[i].ok ? NX_OK : NX_CROSS_SITE);
		assert_int_equal(nx_session_same_site(&w->ctx, &w->request,
		    &bearer), NX_OK);
	}
}

static void
names_the_user(void **state)
{
	static const struct {
		const char *sub, *named, *want; bool service; enum nx_rc rc;
	} cases[] = {
		{ WEB_USER, NULL, WEB_USER, false, NX_OK },
		{ WEB_USER, WEB_USER, WEB_USER, false, NX_OK },
		{ WEB_USER, "6F1C1D2E-0000-4000-8000-00000000ABCD", WEB_USER,
		  false, NX_OK },
		{ WEB_USER, WEB_OTHER, NULL, false, NX_FORBIDDEN },
		{ WEB_USER, "", NULL, false, NX_INVALID },
		{ WEB_USER, "me", NULL, false, NX_INVALID },
		{ WEB_USER, WEB_OTHER "0", NULL, true, NX_INVALID },
		{ "", NULL, NULL, true, NX_INVALID },
		{ "", WEB_OTHER, WEB_OTHER, true, NX_OK },
		{ WEB_USER, NULL, WEB_USER, true, NX_OK },
		{ WEB_USER, WEB_OTHER, WEB_OTHER, true, NX_OK },
		{ "", "6F1C1D2E-0000-4000-8000-00000000ABCD", WEB_USER, true,
		  NX_OK },
		{ "", WEB_OTHER, NULL, false, NX_FORBIDDEN },
	};
	struct web *w = *state;
	const char *out;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_session s = { .is_service = cases[i].service };

		(void)snprintf(s.claims.sub, sizeof(s.claims.sub), "%s",
		    cases[i].sub);
		assert_int_equal(nx_session_user(&w->ctx, &s, cases[i].named,
		    &out), cases[i].rc);
		if (cases[i].want != NULL)
			assert_string_equal(out, cases[i].want);
	}
}

/* Not a cookie that somebody has to clear. */
static void
lack_of_memory_is_no_broken_cookie(void **state)
{
	struct web *w = *state;
	const char *const more[] = { web_cookie(w, WEB_USER), NULL };
	struct nx_arena *whole = w->ctx.arena;
	struct nx_session s;

	web_read(w, "GET", "/api/twitter/connections", more);
	w->ctx.arena = nx_arena_new(100);
	assert_non_null(w->ctx.arena);
	assert_int_equal(nx_session_check(&w->ctx, &w->request, &s),
	    NX_NO_MEMORY);
	nx_arena_free(w->ctx.arena);
	w->ctx.arena = whole;
	assert_int_equal(nx_session_check(&w->ctx, &w->request, &s), NX_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(takes_a_bearer_token),
		WEB_TEST(refuses_other_authorizations),
		WEB_TEST(tells_expired_from_invalid),
		cmocka_unit_test(holds_the_issuer_where_it_is_known),
		WEB_TEST(knows_the_service_role),
		WEB_TEST(takes_supabase_cookie),
		WEB_TEST(joins_chunks),
		WEB_TEST(refuses_a_whole_beside_chunks),
		WEB_TEST(takes_empty_cookies_for_absent),
		WEB_TEST(reads_raw_cookies),
		WEB_TEST(refuses_broken_raw_cookies),
		WEB_TEST(knows_the_projects_name),
		WEB_TEST(refuses_the_projects_beside_the_dashboards),
		cmocka_unit_test(lets_listed_apps_in),
		WEB_TEST(refuses_a_cookie_that_is_there_twice),
		WEB_TEST(keeps_projects_apart),
		WEB_TEST(refuses_broken_cookies),
		WEB_TEST(lets_the_header_decide),
		WEB_TEST(says_nothing_of_the_token),
		WEB_TEST(lack_of_memory_is_no_broken_cookie),
		WEB_TEST(wants_changes_from_our_own_site),
		WEB_TEST(names_the_user),
	};

	return cmocka_run_group_tests_name("web/session", tests, NULL, NULL);
}
