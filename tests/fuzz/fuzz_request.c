/*
 * fuzz_request.c - any parameters as from nginx, one a line.
 *
 * The byte 1 stands for a good token, 2 for the cookie that Supabase would
 * make of it, so that what surrounds them is tried as well.  Nobody is let in
 * without one of them, a cookie acts from our own site only, and an answer
 * has no line that the request brought in.
 */

#include "fuzz_web.h"

#include <strings.h>

#include "nx/base/url.h"
#include "web/session.h"

enum { LINES_MAX = 40, LINE_MAX_BYTES = 16384 };

/* The parameters; good tokens are put in. */
static void
read_env(struct web *w, struct nx_slice in, const char *token,
    const char *cookie)
{
	int n = 0;

	while (in.p != NULL && n < LINES_MAX) {
		struct nx_slice line = nx_slice_cut(&in, '\n');
		struct nx_buf b = NX_BUF(LINE_MAX_BYTES);

		for (size_t i = 0; i < line.n; i++) {
			if (line.p[i] == 1)
				nx_buf_adds(&b, token);
			else if (line.p[i] == 2)
				nx_buf_adds(&b, cookie);
			else if (line.p[i] != '\0')
				nx_buf_addc(&b, line.p[i]);
		}
		w->env[n++] = nx_arena_str(w->ctx.arena, nx_buf_str(&b));
		nx_buf_free(&b);
	}
	w->env[n] = NULL;
	CHECK(nx_arena_ok(w->ctx.arena));
}

static bool
lies_in(const char *whole, struct nx_slice part)
{
	return part.p >= whole && part.p + part.n <= whole + strlen(whole);
}

/* Of the parameters one holds it. */
static bool
is_borrowed(const struct web *w, struct nx_slice part)
{
	for (char *const *e = w->env; *e != NULL; e++) {
		if (lies_in(*e, part))
			return true;
	}
	return part.n == 0;
}

static void
check_cookies(struct web *w)
{
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;
	int seen = 0;

	while (nx_request_cookie(&w->request, &at, &name, &value)) {
		CHECK(is_borrowed(w, name) && is_borrowed(w, value));
		CHECK(name.n == 0 || memchr(name.p, ';', name.n) == NULL);
		CHECK(value.n == 0 || memchr(value.p, ';', value.n) == NULL);
		CHECK(++seen < LINE_MAX_BYTES * LINES_MAX);
	}
}

static void
check_query(struct web *w)
{
	static const char *const names[] = { "code", "state", "error",
	    "return_to", "user_id" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct nx_buf value = NX_BUF_SECRET(LINE_MAX_BYTES);
		const char *text;
		enum nx_rc raw, rc;

		raw = nx_url_query(w->request.query, names[i], &value);
		rc = nx_request_query(&w->request, names[i], w->ctx.arena,
		    &text, &w->ctx.err);
		CHECK(rc == NX_OK || text == NULL);
		if (rc != NX_OK)
			fuzz_check_err(rc, &w->ctx.err);
		CHECK(raw != NX_NOT_FOUND || (rc == NX_OK && text == NULL));
		CHECK(text == NULL || (strlen(text) == value.n &&
		    memcmp(text, nx_buf_str(&value), value.n) == 0));
		nx_buf_free(&value);
	}
}

/* A host means the same in capitals. */
static bool
anything_holds(const struct web *w, const char *what)
{
	const size_t n = strlen(what);

	for (char *const *e = w->env; *e != NULL; e++) {
		for (const char *at = *e; *at != '\0'; at++) {
			if (strncasecmp(at, what, n) == 0)
				return true;
		}
	}
	return false;
}

static void
check_session(struct web *w)
{
	struct nx_session s;
	const char *user = NULL;
	enum nx_rc rc = nx_session_check(&w->ctx, &w->request, &s);

	if (rc != NX_OK) {
		fuzz_check_err(rc, &w->ctx.err);
		return;
	}
	CHECK(strcmp(s.claims.sub, WEB_USER) == 0 && !s.is_service);
	CHECK(s.by_cookie || w->request.authorization != NULL);
	if (nx_session_same_site(&w->ctx, &w->request, &s) == NX_OK)
		CHECK(!s.by_cookie || anything_holds(w, WEB_ORIGIN) ||
		    anything_holds(w, "same-origin") ||
		    anything_holds(w, "none"));
	CHECK(nx_session_user(&w->ctx, &s, WEB_OTHER, &user) != NX_OK);
	CHECK(nx_session_user(&w->ctx, &s, NULL, &user) == NX_OK);
	CHECK(strcmp(user, WEB_USER) == 0);
}

/* Each line of the head ends well, and holds no other end. */
static void
check_reply(struct web *w)
{
	struct nx_slice head = nx_buf_slice(&w->reply.head);

	CHECK(nx_buf_ok(&w->reply.head) && nx_buf_ok(&w->reply.body));
	CHECK(w->reply.status >= 400 && w->reply.status < 600);
	while (head.n > 0) {
		struct nx_slice line = nx_slice_cut(&head, '\n');

		CHECK(line.n > 0 && line.p[line.n - 1] == '\r');
		for (size_t i = 0; i + 1 < line.n; i++)
			CHECK((unsigned char)line.p[i] >= 0x20);
	}
}

static void
check_route(struct web *w)
{
	struct nx_call call = { .ctx = &w->ctx, .request = &w->request,
	    .reply = &w->reply };
	struct nx_match match;

	nx_reply_free(&w->reply);
	w->reply = (struct nx_reply)NX_REPLY;
	nx_route_find(&w->request, &match);
	if (nx_route_check(&match, &w->request, &w->reply, &w->ctx.err) ==
	    NX_OK) {
		CHECK(match.route != NULL);
		return;
	}
	nx_route_fail(NULL, &call);
	check_reply(w);
	if (!nx_request_wants_html(&w->request))
		fuzz_check_json(&w->reply.body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct web *w = fuzz_web();
	const char *token = web_token(w, WEB_USER, "authenticated", 3600);
	enum nx_rc rc;

	read_env(w, (struct nx_slice){ (const char *)data, n }, token,
	    web_cookie_value(w, token));
	rc = nx_request_read(w->env, &w->request, &w->ctx.err);
	CHECK(w->request.id != NULL && w->request.id[0] != '\0');
	CHECK(strlen(w->request.id) <= NX_REQUEST_ID_MAX);
	if (rc != NX_OK) {
		fuzz_check_err(rc, &w->ctx.err);
		return 0;
	}
	CHECK(w->request.method != NULL && is_borrowed(w, w->request.path));
	CHECK(is_borrowed(w, w->request.query));
	CHECK(w->request.content_length >= 0);
	rc = nx_request_check_length(&w->request, NX_BODY_MAX, &w->ctx.err);
	CHECK((rc == NX_OK) == (w->request.content_length <= NX_BODY_MAX));
	if (rc != NX_OK)
		fuzz_check_err(rc, &w->ctx.err);
	check_cookies(w);
	check_query(w);
	check_session(w);
	check_route(w);
	return 0;
}
