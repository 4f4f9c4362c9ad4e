/* test_web_reply.c - answers: headers, errors in both forms, the wire. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
written(struct web *w)
{
	struct nx_buf out = NX_BUF(8 * 1024 * 1024);
	const char *text;

	nx_reply_write(&w->reply, &w->request, &out);
	assert_true(nx_buf_ok(&out));
	text = nx_arena_str(w->ctx.arena, nx_buf_str(&out));
	nx_buf_free(&out);
	assert_non_null(text);
	return text;
}

static void
fresh(struct web *w)
{
	nx_reply_free(&w->reply);
	w->reply = (struct nx_reply)NX_REPLY;
	web_read(w, "GET", "/", NULL);
}

static void
leaves_out_values_with_line_ends(void **state)
{
	static const char *const values[] = { "a\rb", "a\nb", "\r", "\n",
	    "x\r\nSet-Cookie: stolen=1", "x\n\nbody", "x\r\n\r\n<script>" };
	struct web *w = *state;

	fresh(w);
	for (size_t i = 0; i < COUNT(values); i++) {
		nx_reply_header(&w->reply, "X-Test", values[i]);
		nx_reply_redirect(&w->reply, values[i]);
	}
	assert_int_equal(w->reply.head.n, 0);
	nx_reply_header(&w->reply, "X-Test", "plain: \xc3\xa9");
	assert_string_equal(nx_buf_str(&w->reply.head),
	    "X-Test: plain: \xc3\xa9\r\n");
}

static void
writes_cgi_form(void **state)
{
	struct web *w = *state;

	fresh(w);
	nx_reply_json(&w->reply, 201);
	nx_reply_header(&w->reply, "Set-Cookie", "a=1");
	nx_reply_header(&w->reply, "Set-Cookie", "b=2");
	nx_buf_adds(&w->reply.body, "{\"a\":1}");
	assert_string_equal(written(w), "Status: 201\r\n"
	    "X-Request-Id: " WEB_REQUEST_ID "\r\n"
	    "Cache-Control: no-store\r\n"
	    "Content-Type: application/json\r\n"
	    "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n{\"a\":1}");
	fresh(w);
	nx_reply_redirect(&w->reply, "https://x.test/?a=b");
	assert_string_equal(written(w), "Status: 302\r\n"
	    "X-Request-Id: " WEB_REQUEST_ID "\r\n"
	    "Cache-Control: no-store\r\n"
	    "Location: https://x.test/?a=b\r\n\r\n");
}

static struct json_object *
problem_of(struct web *w, const struct nx_err *err)
{
	struct json_object *obj;

	fresh(w);
	nx_reply_problem(&w->reply, &w->request, err);
	assert_string_equal(web_value(w, "Content-Type"),
	    "application/problem+json");
	assert_int_equal(nx_json_parse(nx_buf_slice(&w->reply.body), &obj,
	    NULL), NX_OK);
	return obj;
}

/* RFC 9457 and docs/contract.md section 5, for every error there is. */
static void
shapes_every_problem(void **state)
{
	struct web *w = *state;

	for (int rc = 1; rc < NX_RC_COUNT; rc++) {
		const char *code = nx_rc_code((enum nx_rc)rc);
		struct nx_err err = { .rc = (enum nx_rc)rc,
		    .detail = "This time." };
		struct json_object *obj = problem_of(w, &err);
		int64_t status = 0;

		assert_int_equal(json_object_object_length(obj), 7);
		assert_string_equal(nx_json_str(obj, "type"),
		    nx_arena_printf(w->ctx.arena, "urn:nexus-x:error:%s",
		    code));
		assert_true(strlen(nx_json_str(obj, "title")) > 5);
		assert_true(strlen(nx_json_str(obj, "remedy")) > 10);
		assert_string_equal(nx_json_str(obj, "code"), code);
		assert_string_equal(nx_json_str(obj, "detail"), "This time.");
		assert_string_equal(nx_json_str(obj, "request_id"),
		    WEB_REQUEST_ID);
		assert_true(nx_json_i64(obj, "status", &status));
		assert_int_equal(status, w->reply.status);
		assert_true(status >= 400 && status < 600);
		assert_int_equal(web_header(w, "WWW-Authenticate", NULL),
		    status == 401);
		assert_int_equal(web_header(w, "Retry-After", NULL),
		    status == 503);
		json_object_put(obj);
		for (int other = 1; other < rc; other++)
			assert_string_not_equal(code,
			    nx_rc_code((enum nx_rc)other));
	}
}

static void
names_the_scheme_for_401(void **state)
{
	struct web *w = *state;
	struct nx_err err = { .rc = NX_UNAUTHENTICATED };

	json_object_put(problem_of(w, &err));
	assert_string_equal(web_value(w, "WWW-Authenticate"), "Bearer");
}

static void
says_when_to_come_back(void **state)
{
	struct web *w = *state;
	struct nx_err err = { .rc = NX_X_RATE, .retry_after = 61 };
	struct json_object *obj = problem_of(w, &err);
	int64_t seconds;

	assert_true(nx_json_i64(obj, "retry_after", &seconds));
	assert_int_equal(seconds, 61);
	json_object_put(obj);
	assert_string_equal(web_value(w, "Retry-After"), "61");
	err = (struct nx_err){ .rc = NX_DB_DOWN };
	json_object_put(problem_of(w, &err));
	assert_string_equal(web_value(w, "Retry-After"), "2");
}

static void
passes_on_what_x_said(void **state)
{
	struct web *w = *state;
	struct nx_err err = { .rc = NX_X_REFUSED, .detail = "d", .x = {
	    .status = 403, .type = "about:blank", .title = "Forbidden",
	    .detail = "You \"may\" not.\n" } };
	struct json_object *obj = problem_of(w, &err);
	struct json_object *x = nx_json_object(obj, "x");
	int64_t status;

	assert_non_null(x);
	assert_int_equal(json_object_object_length(x), 4);
	assert_true(nx_json_i64(x, "status", &status));
	assert_int_equal(status, 403);
	assert_string_equal(nx_json_str(x, "type"), "about:blank");
	assert_string_equal(nx_json_str(x, "title"), "Forbidden");
	assert_string_equal(nx_json_str(x, "detail"), "You \"may\" not.\n");
	json_object_put(obj);
}

/* What was written before it failed is gone; cookies stay. */
static void
replaces_what_was_begun(void **state)
{
	struct web *w = *state;
	struct nx_err err = { .rc = NX_BUSY };

	fresh(w);
	nx_reply_header(&w->reply, "Set-Cookie", "a=1");
	nx_buf_adds(&w->reply.body, "{\"half\":");
	nx_reply_problem(&w->reply, &w->request, &err);
	assert_string_equal(web_value(w, "Set-Cookie"), "a=1");
	assert_string_equal(web_said(w, "code"), "busy");
	nx_reply_page(&w->reply, &w->app.conf, &w->request, &err);
	assert_memory_equal(nx_buf_str(&w->reply.body), "<!DOCTYPE html>",
	    15);
	assert_null(strstr(nx_buf_str(&w->reply.body), "half"));
}

static void
shows_a_page_for_every_error(void **state)
{
	struct web *w = *state;

	for (int rc = 1; rc < NX_RC_COUNT; rc++) {
		struct nx_err err = { .rc = (enum nx_rc)rc };

		fresh(w);
		nx_reply_page(&w->reply, &w->app.conf, &w->request, &err);
		assert_int_equal(w->reply.status, nx_rc_status(err.rc));
		assert_string_equal(web_value(w, "Content-Type"),
		    "text/html; charset=utf-8");
		assert_non_null(strstr(nx_buf_str(&w->reply.body),
		    nx_rc_code(err.rc)));
		assert_non_null(strstr(nx_buf_str(&w->reply.body),
		    "<a href=\"/dashboard\">"));
		assert_non_null(strstr(nx_buf_str(&w->reply.body),
		    WEB_REQUEST_ID));
	}
}

/* What passes by itself is tried again by itself; nothing else is. */
static void
tries_again_what_passes(void **state)
{
	struct web *w = *state;
	const struct nx_err passes[] = { { .rc = NX_DB_DOWN },
	    { .rc = NX_X_RATE, .retry_after = 900 } };
	const struct nx_err stays = { .rc = NX_INVALID };
	const char *page;

	for (size_t i = 0; i < 2; i++) {
		fresh(w);
		nx_reply_page(&w->reply, &w->app.conf, &w->request,
		    &passes[i]);
		page = nx_buf_str(&w->reply.body);
		assert_non_null(strstr(page, "/dashboard/wait.js"));
		assert_non_null(strstr(page, i == 0 ? "data-wait=\"2\"" :
		    "data-wait=\"900\""));
		assert_non_null(strstr(page, "http-equiv=\"refresh\""));
	}
	fresh(w);
	nx_reply_page(&w->reply, &w->app.conf, &w->request, &stays);
	page = nx_buf_str(&w->reply.body);
	assert_null(strstr(page, "wait"));
	assert_null(strstr(page, "refresh"));
}

static void
escapes_html(void **state)
{
	static const char *const own[] = { "NEXUS_DASHBOARD_PATH",
	    "/d\"><script>&", NULL };
	struct web *w = web_open(own);
	const struct nx_err err = { .rc = NX_INVALID,
	    .detail = "</p><script>alert(\"x\")</script> & <b>" };
	const char *page;

	(void)state;
	fresh(w);
	nx_reply_page(&w->reply, &w->app.conf, &w->request, &err);
	page = nx_buf_str(&w->reply.body);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "<b>"));
	assert_non_null(strstr(page, "&lt;/p&gt;&lt;script&gt;alert(&quot;x"
	    "&quot;)&lt;/script&gt; &amp; &lt;b&gt;"));
	assert_non_null(strstr(page,
	    "<a href=\"/d&quot;&gt;&lt;script&gt;&amp;\">"));
	web_close(w);
}

/* Nothing of an answer that does not fit is sent. */
static void
answers_overflow_as_an_error(void **state)
{
	struct web *w = *state;
	char line[1000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	for (int in_head = 0; in_head < 2; in_head++) {
		const char *text;

		fresh(w);
		nx_reply_json(&w->reply, 200);
		for (int i = 0; i < 5000; i++) {
			if (in_head)
				nx_reply_header(&w->reply, "X-Long", line);
			else
				nx_buf_adds(&w->reply.body, line);
		}
		text = written(w);
		assert_memory_equal(text, "Status: 500\r\n", 13);
		assert_non_null(strstr(text, "\r\nContent-Type: application"
		    "/problem+json\r\n\r\n{\"type\":"));
		assert_non_null(strstr(text, "\"code\":\"internal\""));
		assert_non_null(strstr(text, "\r\nX-Request-Id: "
		    WEB_REQUEST_ID "\r\n"));
		assert_null(strstr(text, "xxxx"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(leaves_out_values_with_line_ends),
		WEB_TEST(writes_cgi_form),
		WEB_TEST(shapes_every_problem),
		WEB_TEST(names_the_scheme_for_401),
		WEB_TEST(says_when_to_come_back),
		WEB_TEST(passes_on_what_x_said),
		WEB_TEST(replaces_what_was_begun),
		WEB_TEST(shows_a_page_for_every_error),
		WEB_TEST(tries_again_what_passes),
		cmocka_unit_test(escapes_html),
		WEB_TEST(answers_overflow_as_an_error),
	};

	return cmocka_run_group_tests_name("web/reply", tests, NULL, NULL);
}
