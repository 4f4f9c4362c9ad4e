/* test_web_request.c - reading a request's FastCGI parameters. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/uuid.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static enum nx_rc
reads(struct web *w, const char *const *more)
{
	enum nx_rc rc;

	web_params(w, "POST", "/x", more);
	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	rc = nx_request_read(w->env, &w->request, &w->ctx.err);
	return rc != NX_OK ? rc : nx_request_check_length(&w->request,
	    NX_BODY_MAX, &w->ctx.err);
}

static void
reads_what_nginx_sends(void **state)
{
	const char *const more[] = { "CONTENT_TYPE=application/json",
	    "CONTENT_LENGTH=12", "HTTP_ACCEPT=text/html",
	    "HTTP_AUTHORIZATION=Bearer t", "HTTP_ORIGIN=https://o",
	    "HTTP_SEC_FETCH_SITE=same-origin", "HTTP_IDEMPOTENCY_KEY=k-1",
	    "HTTP_ORIGINAL=no", "XHTTP_ORIGIN=no", NULL };
	const struct nx_request *r = &((struct web *)*state)->request;

	web_read(*state, "DELETE", "/a/b%2f?c=d?e", more);
	assert_string_equal(r->method, "DELETE");
	assert_true(nx_slice_is(r->path, "/a/b%2f"));
	assert_true(nx_slice_is(r->query, "c=d?e"));
	assert_string_equal(r->id, WEB_REQUEST_ID);
	assert_string_equal(r->content_type, "application/json");
	assert_int_equal(r->content_length, 12);
	assert_string_equal(r->accept, "text/html");
	assert_string_equal(r->authorization, "Bearer t");
	assert_string_equal(r->origin, "https://o");
	assert_string_equal(r->fetch_site, "same-origin");
	assert_string_equal(r->idempotency_key, "k-1");
}

static void
takes_empty_for_absent(void **state)
{
	const char *const more[] = { "CONTENT_TYPE=", "CONTENT_LENGTH=",
	    "HTTP_ACCEPT=", "HTTP_AUTHORIZATION=", "HTTP_ORIGIN=", NULL };
	const struct nx_request *r = &((struct web *)*state)->request;

	web_read(*state, "GET", "/?", more);
	assert_true(nx_slice_is(r->path, "/"));
	assert_int_equal(r->query.n, 0);
	assert_null(r->content_type);
	assert_int_equal(r->content_length, 0);
	assert_null(r->accept);
	assert_null(r->authorization);
	assert_null(r->origin);
	assert_null(r->fetch_site);
}

static void
answers_head_like_get(void **state)
{
	struct web *w = *state;

	web_read(w, "GET", "/", NULL);
	assert_false(w->request.is_head);
	web_read(w, "HEAD", "/", NULL);
	assert_string_equal(w->request.method, "GET");
	assert_true(w->request.is_head);
	web_read(w, "head", "/", NULL);		/* methods have a case */
	assert_string_equal(w->request.method, "head");
	assert_false(w->request.is_head);
}

static void
knows_a_guess(void **state)
{
	static const struct { const char *param; bool ahead; } cases[] = {
		{ "HTTP_SEC_PURPOSE=prefetch", true },
		{ "HTTP_SEC_PURPOSE=prefetch;anonymous-client-ip", true },
		{ "HTTP_SEC_PURPOSE=prerender", true },
		{ "HTTP_PURPOSE=prefetch", true }, { "HTTP_X_MOZ=prefetch", true },
		{ "HTTP_X_PURPOSE=preview", true }, { "HTTP_PURPOSE=", false },
		{ "HTTP_SEC_FETCH_DEST=document", false }, { "", false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { cases[i].param, NULL };

		web_read(w, "GET", "/", more);
		assert_int_equal(w->request.is_ahead, cases[i].ahead);
	}
}

static void
needs_method_and_address(void **state)
{
	static char id[] = "REQUEST_ID=00000000-1111",
	    method[] = "REQUEST_METHOD=GET", none[] = "REQUEST_METHOD=",
	    uri[] = "REQUEST_URI=/";
	char *cases[][4] = { { id, NULL }, { id, method, NULL },
	    { id, uri, NULL }, { id, none, uri, NULL } };
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(nx_request_read(cases[i], &w->request,
		    &w->ctx.err), NX_MALFORMED);
		assert_string_equal(w->request.id, "00000000-1111");
	}
}

static void
makes_an_id_where_there_is_none(void **state)
{
	static const struct { const char *id; bool kept; } cases[] = {
		{ "01234567", true }, { "ABCDEF-0-9", true },
		{ "0123456789abcdef0123456789abcdef"
		  "0123456789abcdef0123456789abcdef", true },
		{ "0123456", false }, { "", false },
		{ "0123456789abcdef0123456789abcdef"
		  "0123456789abcdef0123456789abcdef0", false },
		{ "0123456 9", false }, { "01234567\r\nX: y", false },
		{ "0123456z", false }, { "01234567\"", false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *env[] = { NULL, nx_arena_str(w->ctx.arena,
		    "REQUEST_METHOD=GET"), nx_arena_str(w->ctx.arena,
		    "REQUEST_URI=/"), NULL };

		env[0] = nx_arena_printf(w->ctx.arena, "REQUEST_ID=%s",
		    cases[i].id);
		assert_int_equal(nx_request_read(env, &w->request,
		    &w->ctx.err), NX_OK);
		if (cases[i].kept)
			assert_string_equal(w->request.id, cases[i].id);
		else
			assert_true(nx_uuid_valid(w->request.id));
	}
}

static void
reads_content_length(void **state)
{
	static const struct {
		const char *text; enum nx_rc rc; int64_t length;
	} cases[] = {
		{ "0", NX_OK, 0 }, { "1", NX_OK, 1 }, { "007", NX_OK, 7 },
		{ "262144", NX_OK, NX_BODY_MAX },
		{ "262145", NX_TOO_BIG, 0 },
		{ "999999999999999999", NX_TOO_BIG, 0 },
		{ "9999999999999999999", NX_MALFORMED, 0 },
		{ "18446744073709551617", NX_MALFORMED, 0 },
		{ "-1", NX_MALFORMED, 0 }, { "+1", NX_MALFORMED, 0 },
		{ " 1", NX_MALFORMED, 0 }, { "1 ", NX_MALFORMED, 0 },
		{ "1,1", NX_MALFORMED, 0 }, { "0x10", NX_MALFORMED, 0 },
		{ "1e3", NX_MALFORMED, 0 }, { "1.0", NX_MALFORMED, 0 },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { nx_arena_printf(w->ctx.arena,
		    "CONTENT_LENGTH=%s", cases[i].text), NULL };

		assert_int_equal(reads(w, more), cases[i].rc);
		assert_string_equal(w->request.id, WEB_REQUEST_ID);
		if (cases[i].rc == NX_OK)
			assert_int_equal(w->request.content_length,
			    cases[i].length);
	}
}

static void
refuses_rights_that_stand_twice(void **state)
{
	static const struct { const char *a, *b, *named; } cases[] = {
		{ "HTTP_AUTHORIZATION=Bearer a",
		  "HTTP_AUTHORIZATION=Bearer b", "Authorization" },
		{ "HTTP_AUTHORIZATION=Bearer a",
		  "HTTP_AUTHORIZATION=Bearer a", "Authorization" },
		{ "HTTP_AUTHORIZATION=", "HTTP_AUTHORIZATION=Bearer b",
		  "Authorization" },
		{ "HTTP_ORIGIN=https://a", "HTTP_ORIGIN=https://b",
		  "Origin" },
		{ "HTTP_ORIGIN=https://a", "HTTP_ORIGIN=", "Origin" },
		{ "HTTP_SEC_FETCH_SITE=same-origin",
		  "HTTP_SEC_FETCH_SITE=none", "Sec-Fetch-Site" },
		{ "HTTP_IDEMPOTENCY_KEY=a", "HTTP_IDEMPOTENCY_KEY=b",
		  "Idempotency-Key" },
	};
	const char *const harmless[] = { "HTTP_ACCEPT=a", "HTTP_ACCEPT=b",
	    "HTTP_X_ORIGIN=a", "HTTP_X_ORIGIN=b", NULL };
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { cases[i].a,
		    "HTTP_HOST=between", cases[i].b, NULL };

		assert_int_equal(reads(w, more), NX_MALFORMED);
		assert_non_null(strstr(w->ctx.err.detail, cases[i].named));
	}
	assert_int_equal(reads(w, harmless), NX_OK);
}

static void
decodes_the_query(void **state)
{
	static const struct {
		const char *query, *want; enum nx_rc rc;
	} cases[] = {
		{ "", NULL, NX_OK }, { "b=1", NULL, NX_OK },
		{ "A=1", NULL, NX_OK }, { "xa=1&a2=2", NULL, NX_OK },
		{ "a=1", "1", NX_OK }, { "a=", "", NX_OK },
		{ "a", "", NX_OK }, { "b=2&a=1&c=3", "1", NX_OK },
		{ "&&a=1&&", "1", NX_OK }, { "a=b=c", "b=c", NX_OK },
		{ "a=%2Fx%2fy", "/x/y", NX_OK }, { "a=x+y", "x y", NX_OK },
		{ "a=%2B%26%3D", "+&=", NX_OK },
		{ "a=%C3%A9", "\xc3\xa9", NX_OK },
		{ "a=%252F", "%2F", NX_OK },	/* once, not twice */
		{ "%61=1", NULL, NX_OK },	/* names are not decoded */
		{ "a=1&a=1", NULL, NX_MALFORMED },
		{ "a=1&a", NULL, NX_MALFORMED },
		{ "a=%", NULL, NX_MALFORMED },
		{ "a=%4", NULL, NX_MALFORMED },
		{ "a=%zz", NULL, NX_MALFORMED },
		{ "a=%00", NULL, NX_MALFORMED },
		{ "a=x%00y", NULL, NX_MALFORMED },
	};
	struct web *w = *state;
	const char *out;

	for (size_t i = 0; i < COUNT(cases); i++) {
		web_read(w, "GET", nx_arena_printf(w->ctx.arena, "/?%s",
		    cases[i].query), NULL);
		assert_int_equal(nx_request_query(&w->request, "a",
		    w->ctx.arena, &out, &w->ctx.err), cases[i].rc);
		if (cases[i].want == NULL)
			assert_null(out);
		else
			assert_string_equal(out, cases[i].want);
	}
}

static void
bounds_a_query_value(void **state)
{
	struct web *w = *state;
	char *uri = nx_arena_alloc(w->ctx.arena, 8192 + 10);
	const char *out;

	assert_non_null(uri);
	memcpy(uri, "/?a=", 4);
	memset(uri + 4, 'x', 8192);
	web_read(w, "GET", uri, NULL);
	assert_int_equal(nx_request_query(&w->request, "a", w->ctx.arena,
	    &out, &w->ctx.err), NX_OK);
	assert_int_equal(strlen(out), 8192);
	uri[4 + 8192] = 'x';
	web_read(w, "GET", uri, NULL);
	assert_int_equal(nx_request_query(&w->request, "a", w->ctx.arena,
	    &out, &w->ctx.err), NX_MALFORMED);
	assert_null(out);
}

/* All cookies as "<name>|<value>;". */
static const char *
all_cookies(struct web *w, const char *const *more)
{
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;
	struct nx_buf all = NX_BUF(4000);
	const char *text;

	web_read(w, "GET", "/", more);
	while (nx_request_cookie(&w->request, &at, &name, &value)) {
		nx_buf_slice_add(&all, name);
		nx_buf_addc(&all, '|');
		nx_buf_slice_add(&all, value);
		nx_buf_addc(&all, ';');
	}
	text = nx_arena_str(w->ctx.arena, nx_buf_str(&all));
	nx_buf_free(&all);
	return text;
}

static void
walks_all_cookies(void **state)
{
	static const struct { const char *more[4], *want; } cases[] = {
		{ { NULL }, "" },
		{ { "HTTP_COOKIE=", NULL }, "" },
		{ { "HTTP_COOKIE=a=1", NULL }, "a|1;" },
		{ { "HTTP_COOKIE=a=1; b=2;c=3", NULL }, "a|1;b|2;c|3;" },
		{ { "HTTP_COOKIE=a=1", "HTTP_COOKIE=b=2; a=3", NULL },
		  "a|1;b|2;a|3;" },
		{ { "HTTP_COOKIE=", "HTTP_HOST=x", "HTTP_COOKIE=b=2", NULL },
		  "b|2;" },
		{ { "HTTP_COOKIE=a=b=c; d", NULL }, "a|b=c;d|;" },
		{ { "HTTP_COOKIE=a=; =v", NULL }, "a|;|v;" },
		{ { "HTTP_COOKIE= \ta=1\t ;  b=2 ", NULL }, "a|1;b|2;" },
		{ { "HTTP_COOKIE=a=1;", "HTTP_COOKIE=b=2", NULL },
		  "a|1;b|2;" },
		{ { "HTTP_COOKIES=x=1", "XHTTP_COOKIE=y=1", NULL }, "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(all_cookies(*state, cases[i].more),
		    cases[i].want);
}

static void
tells_browsers_from_programs(void **state)
{
	static const struct { const char *accept; bool html, json; } cases[] =
	{
		{ "", false, false },
		{ "HTTP_ACCEPT=*/*", false, false },
		{ "HTTP_ACCEPT=application/json", false, true },
		{ "HTTP_ACCEPT=text/plain, application/json;q=0.5", false,
		  true },
		{ "HTTP_ACCEPT=text/html,application/xhtml+xml,*/*;q=0.8",
		  true, false },
		{ "HTTP_ACCEPT=application/json, text/html", true, false },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const more[] = { cases[i].accept, NULL };

		web_read(w, "GET", "/", more);
		assert_int_equal(nx_request_wants_html(&w->request),
		    cases[i].html);
		assert_int_equal(nx_request_wants_json(&w->request),
		    cases[i].json);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(reads_what_nginx_sends),
		WEB_TEST(takes_empty_for_absent),
		WEB_TEST(answers_head_like_get),
		WEB_TEST(knows_a_guess),
		WEB_TEST(needs_method_and_address),
		WEB_TEST(makes_an_id_where_there_is_none),
		WEB_TEST(reads_content_length),
		WEB_TEST(refuses_rights_that_stand_twice),
		WEB_TEST(decodes_the_query),
		WEB_TEST(bounds_a_query_value),
		WEB_TEST(walks_all_cookies),
		WEB_TEST(tells_browsers_from_programs),
	};

	return cmocka_run_group_tests_name("web/request", tests, NULL, NULL);
}
