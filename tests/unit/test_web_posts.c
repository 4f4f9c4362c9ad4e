/*
 * test_web_posts.c - the routes around what was published: what is refused
 * before anything is looked up, and the status that an outcome is given.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/post.h"
#include "nx/flow/publish/publish.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define POSTS "/api/twitter/posts"
#define ONE POSTS "/" WEB_OTHER

static int
run(struct web *w, const char *who, const char *method, const char *path)
{
	const char *const more[] = { who, NULL };

	return web_run(w, method, path, more, NULL);
}

static void
knows_no_post_by_what_is_no_id(void **state)
{
	static const char *const ids[] = { "x", "1", "1445880548472328192",
	    "..", "%00", "11111111-2222-4333-8444-55555555555",
	    "11111111-2222-4333-8444-5555555555555",
	    "11111111-2222-4333-8444-55555555555g",
	    "11111111222243338444555555555555", "'; DROP TABLE x_posts; --" };
	struct web *w = *state;
	const char *who = web_bearer(w, WEB_USER, "authenticated");

	for (size_t i = 0; i < COUNT(ids); i++) {
		const char *path = nx_arena_printf(w->ctx.arena,
		    POSTS "/%s", ids[i]);

		assert_int_equal(run(w, who, "GET", path), 404);
		assert_string_equal(web_said(w, "code"), "post_unknown");
		assert_int_equal(run(w, who, "DELETE", path), 404);
		assert_string_equal(web_said(w, "code"), "post_unknown");
		assert_int_equal(run(w, who, "POST", nx_arena_printf(
		    w->ctx.arena, "%s/resume", path)), 404);
		assert_string_equal(web_said(w, "code"), "post_unknown");
	}
}

static void
bounds_the_page(void **state)
{
	static const struct { const char *query; int status; } cases[] = {
		{ "limit=0", 422 }, { "limit=101", 422 }, { "limit=", 422 },
		{ "limit=-1", 422 }, { "limit=1.5", 422 },
		{ "limit=%201", 422 }, { "limit=1x", 422 },
		{ "limit=0x10", 422 }, { "limit=4294967297", 422 },
		{ "limit=1&limit=2", 400 }, { "before=", 422 },
		{ "before=x", 422 }, { "before=" WEB_OTHER "0", 422 },
		{ "before=%zz", 400 },
	};
	struct web *w = *state;
	const char *who = web_bearer(w, WEB_USER, "authenticated");

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(run(w, who, "GET", nx_arena_printf(
		    w->ctx.arena, POSTS "?%s", cases[i].query)),
		    cases[i].status);
		assert_non_null(strstr(web_said(w, "detail"),
		    cases[i].query[0] == 'l' ? "limit" : "before"));
	}
}

static void
shows_nobody_the_posts_of_others(void **state)
{
	static const struct { const char *method, *path; } routes[] = {
		{ "GET", POSTS }, { "GET", ONE }, { "DELETE", ONE },
		{ "POST", ONE "/resume" },
	};
	struct web *w = *state;
	const char *me = web_bearer(w, WEB_USER, "authenticated");
	const char *service = web_bearer(w, NULL, "service_role");

	for (size_t i = 0; i < COUNT(routes); i++) {
		assert_int_equal(run(w, me, routes[i].method,
		    nx_arena_printf(w->ctx.arena, "%s?user_id=" WEB_OTHER,
		    routes[i].path)), 403);
		assert_string_equal(web_said(w, "code"), "forbidden");
		assert_int_equal(run(w, service, routes[i].method,
		    routes[i].path), 422);
		assert_non_null(strstr(web_said(w, "detail"), "user_id"));
		assert_int_equal(run(w, service, routes[i].method,
		    nx_arena_printf(w->ctx.arena, "%s?user_id=me",
		    routes[i].path)), 422);
	}
	/* Named as itself, or by the service role, it gets further. */
	assert_int_equal(run(w, me, "GET", POSTS "/x?user_id=" WEB_USER),
	    404);
	assert_int_equal(run(w, service, "GET", POSTS "/x?user_id="
	    WEB_OTHER), 404);
}

/* Of what changes a post: resume and delete. */
static void
reads_the_body_of_a_change(void **state)
{
	static const struct {
		const char *query, *body; int status; const char *code;
	} cases[] = {
		{ "", "{}", 404, "post_unknown" },
		{ "", "{\"user_id\":null}", 404, "post_unknown" },
		{ "", "{\"user_id\":\"" WEB_USER "\"}", 404,
		  "post_unknown" },
		{ "", "{\"user_id\":\"" WEB_OTHER "\"}", 403, "forbidden" },
		{ "", "{\"user_id\":7}", 422, "invalid" },
		{ "", "{\"text\":\"x\"}", 422, "unknown_member" },
		{ "", "{\"text\":\"x\",\"user_id\":\"" WEB_USER "\"}", 422,
		  "unknown_member" },
		{ "", "{", 400, "not_json" }, { "", "[]", 400, "not_json" },
		{ "?user_id=" WEB_USER, "{\"user_id\":\"" WEB_USER "\"}",
		  422, "invalid" },
	};
	struct web *w = *state;
	const char *who = web_bearer(w, WEB_USER, "authenticated");
	const char *const plain[] = { who, "CONTENT_TYPE=text/plain",
	    "CONTENT_LENGTH=2", NULL };

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		const bool resume = i < COUNT(cases);
		const size_t k = i % COUNT(cases);
		const char *const more[] = { who, nx_arena_printf(
		    w->ctx.arena, "CONTENT_LENGTH=%zu",
		    strlen(cases[k].body)), "CONTENT_TYPE=application/json",
		    NULL };

		assert_int_equal(web_run(w, resume ? "POST" : "DELETE",
		    nx_arena_printf(w->ctx.arena, POSTS "/x%s%s",
		    resume ? "/resume" : "", cases[k].query), more,
		    cases[k].body), cases[k].status);
		assert_string_equal(web_said(w, "code"), cases[k].code);
	}
	assert_int_equal(web_run(w, "POST", POSTS "/x/resume", plain, "{}"),
	    415);
	assert_int_equal(web_run(w, "DELETE", POSTS "/x", plain, "{}"), 415);
}

static int
answer(struct web *w, const struct nx_published *done, int usual)
{
	struct nx_call call = { .ctx = &w->ctx, .request = &w->request,
	    .reply = &w->reply };

	nx_reply_free(&w->reply);
	w->reply = (struct nx_reply)NX_REPLY;
	nx_web_answer_post(&call, done, usual);
	assert_string_equal(web_value(w, "Content-Type"),
	    "application/json");
	assert_string_equal(web_said(w, "id"), WEB_OTHER);
	return w->reply.status;
}

static void
gives_each_outcome_its_status(void **state)
{
	static const struct {
		const char *state; enum nx_goal goal; int next_try;
		bool stranded; int status;
	} cases[] = {
		{ "sent", NX_GOAL_SEND, 0, false, 201 },
		{ "partial", NX_GOAL_SEND, 0, false, 201 },
		{ "partial", NX_GOAL_SEND, 60, false, 201 },
		{ "failed", NX_GOAL_SEND, 0, false, 201 },
		{ "queued", NX_GOAL_SEND, 60, false, 202 },
		{ "sending", NX_GOAL_SEND, 0, false, 202 },
		{ "sending", NX_GOAL_SEND, 0, true, 202 },
		{ "unknown", NX_GOAL_SEND, 0, false, 202 },
		{ "unknown", NX_GOAL_DELETE, 5, false, 202 },
		{ "deleted", NX_GOAL_DELETE, 0, false, 201 },
		{ "cancelled", NX_GOAL_SEND, 0, false, 201 },
		{ "sent", NX_GOAL_DELETE, 5, false, 202 },
		{ "sent", NX_GOAL_DELETE, 0, false, 201 },
		{ "partial", NX_GOAL_WITHDRAW, 5, false, 202 },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_published done = { .post = { .id = WEB_OTHER,
		    .state = nx_post_state_of(cases[i].state),
		    .goal = cases[i].goal,
		    .is_stranded = cases[i].stranded } };

		if (cases[i].next_try != 0)
			done.post.next_try_at = nx_clock_wall() +
			    cases[i].next_try;
		assert_int_equal(answer(w, &done, 201), cases[i].status);
		assert_int_equal(web_header(w, "Location", NULL),
		    cases[i].status == 202);
		if (cases[i].status == 202)
			assert_string_equal(web_value(w, "Location"), ONE);
		else
			assert_int_equal(web_header(w, "Retry-After", NULL),
			    0);
	}
}

static void
says_when_to_look_again(void **state)
{
	static const struct {
		int publish_at, next_try; const char *wait;
	} cases[] = {
		{ 0, 0, "2" }, { 0, -5, "1" }, { -100, -5, "1" },
		{ 86400, 0, NULL }, { 0, 86400, NULL },
	};
	struct web *w = *state;
	const char *wait;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t now = nx_clock_wall();
		struct nx_published done = { .post = { .id = WEB_OTHER,
		    .state = NX_POST_STATE_QUEUED } };

		if (cases[i].publish_at != 0)
			done.post.publish_at = now + cases[i].publish_at;
		if (cases[i].next_try != 0)
			done.post.next_try_at = now + cases[i].next_try;
		assert_int_equal(answer(w, &done, 200), 202);
		wait = NULL;
		(void)web_header(w, "Retry-After", &wait);
		if (cases[i].wait == NULL)
			assert_null(wait);
		else
			assert_string_equal(wait, cases[i].wait);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(knows_no_post_by_what_is_no_id),
		WEB_TEST(bounds_the_page),
		WEB_TEST(shows_nobody_the_posts_of_others),
		WEB_TEST(reads_the_body_of_a_change),
		WEB_TEST(gives_each_outcome_its_status),
		WEB_TEST(says_when_to_look_again),
	};

	return cmocka_run_group_tests_name("web/posts", tests, NULL, NULL);
}
