/* test_account_connect.c - an attempt to connect: the way out, the way back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nx/base/url.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/x/scopes.h"
#include "nx/seal/seal.h"
#include "web_fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KEY_2 "//////////////////////////////////////////8="

/* One attempt under way, its flow as the cookie holds it. */
struct attempt {
	struct nx_attempt_start		 start;
	struct nx_connect_answer	 answer;
	char				*flow;
};

static enum nx_rc
begin_at(struct web *w, const char *return_to, int64_t now,
    struct nx_attempt_start *out)
{
	const struct nx_attempt_ask ask = { .user_id = WEB_USER,
	    .return_to = return_to, .now = now };

	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	return nx_attempt_begin(&w->app.conf, w->app.ring, &ask, out,
	    &w->ctx.err);
}

static struct attempt *
attempt_from(struct web *w, const char *return_to, int64_t now)
{
	struct attempt *a = nx_arena_alloc(w->ctx.arena, sizeof(*a));

	assert_non_null(a);
	assert_int_equal(begin_at(w, return_to, now, &a->start), NX_OK);
	a->flow = nx_arena_str(w->ctx.arena, nx_buf_str(&a->start.sealed));
	a->answer = (struct nx_connect_answer){ .user_id = WEB_USER,
	    .state = a->start.state, .code = "code-1", .attempt = a->flow };
	nx_attempt_start_free(&a->start);
	return a;
}

static struct attempt *
attempt(struct web *w)
{
	return attempt_from(w, "/done?a=b", nx_clock_wall());
}

/* The outcome; on failure nobody learns a way back unless the state is ours. */
static enum nx_rc
check(struct web *w, const struct nx_connect_answer *answer,
    const char *return_to)
{
	struct nx_connect_result result;
	enum nx_rc rc;

	memset(&w->ctx.err, 0, sizeof(w->ctx.err));
	rc = nx_connect_check(&w->ctx, answer, &result);
	if (return_to == NULL)
		assert_null(result.return_to);
	else
		assert_string_equal(result.return_to, return_to);
	assert_false(result.repeated);
	assert_null(result.connection_id);
	if (rc != NX_OK) {
		assert_int_equal(w->ctx.err.rc, rc);
		assert_true(w->ctx.err.detail[0] != '\0');
	}
	return rc;
}

static const char *
param(struct web *w, struct nx_slice url, const char *name)
{
	struct nx_buf value = NX_BUF(1000);
	const char *text;

	(void)nx_slice_cut(&url, '?');
	assert_int_equal(nx_url_query(url, name, &value), NX_OK);
	text = nx_arena_str(w->ctx.arena, nx_buf_str(&value));
	nx_buf_free(&value);
	return text;
}

static void
builds_the_authorize_url(void **state)
{
	struct web *w = *state;
	struct nx_attempt_start s = { .state = "" };
	struct nx_slice url;

	assert_int_equal(begin_at(w, NULL, nx_clock_wall(), &s), NX_OK);
	url = nx_buf_slice(&s.authorize_url);
	assert_memory_equal(url.p, "https://x.com/i/oauth2/authorize?", 33);
	assert_string_equal(param(w, url, "response_type"), "code");
	assert_string_equal(param(w, url, "client_id"), "client-1");
	assert_string_equal(param(w, url, "redirect_uri"),
	    w->app.conf.redirect_uri);
	assert_string_equal(param(w, url, "scope"), w->app.conf.scopes);
	assert_string_equal(param(w, url, "state"), s.state);
	assert_string_equal(param(w, url, "code_challenge_method"), "S256");
	assert_int_equal(strlen(param(w, url, "code_challenge")), 43);
	assert_int_equal(strlen(s.state), 43);	/* 256 bits, base64url */
	nx_attempt_start_free(&s);
}

/* The challenge is that of the verifier inside, which nobody else sees. */
static void
seals_the_verifier(void **state)
{
	struct web *w = *state;
	struct nx_attempt_start s = { .state = "" };
	struct nx_buf plain = NX_BUF_SECRET(NX_ATTEMPT_MAX);
	char challenge[NX_PKCE_LEN + 1];
	struct nx_slice rest, verifier;

	assert_int_equal(begin_at(w, NULL, 1800000000, &s), NX_OK);
	assert_int_equal(nx_unseal(w->app.ring, NX_PURPOSE_ATTEMPT, NX_SLICE(""),
	    nx_buf_slice(&s.sealed), &plain), NX_OK);
	rest = nx_buf_slice(&plain);
	assert_true(nx_slice_is(nx_slice_cut(&rest, '\n'), "2"));
	assert_true(nx_slice_is(nx_slice_cut(&rest, '\n'), "1800000600"));
	assert_true(nx_slice_is(nx_slice_cut(&rest, '\n'), s.state));
	verifier = nx_slice_cut(&rest, '\n');
	assert_true(nx_slice_is(nx_slice_cut(&rest, '\n'), WEB_USER));
	for (int i = 0; i < 3; i++)	/* connection, replace, scopes */
		assert_true(nx_slice_is(nx_slice_cut(&rest, '\n'), ""));
	assert_true(nx_slice_is(rest, "/dashboard"));
	assert_int_equal(verifier.n, NX_PKCE_LEN);
	nx_pkce_challenge(verifier, challenge);
	assert_string_equal(param(w, nx_buf_slice(&s.authorize_url),
	    "code_challenge"), challenge);
	assert_null(memmem(s.authorize_url.p, s.authorize_url.n, verifier.p,
	    verifier.n));
	assert_null(memmem(s.sealed.p, s.sealed.n, s.state, 43));
	nx_buf_free(&plain);
	nx_attempt_start_free(&s);
}

static void
never_repeats_a_state(void **state)
{
	struct attempt *a = attempt(*state), *b = attempt(*state);

	assert_string_not_equal(a->start.state, b->start.state);
	assert_string_not_equal(a->flow, b->flow);
}

static void
keeps_return_to_on_the_site(void **state)
{
	static const char *const evil[] = { "", "x", "dashboard",
	    "https://evil.example", "HTTPS://evil.example", "//evil.example",
	    "///evil.example", "/\\evil.example", "\\evil.example",
	    "\\\\evil.example", "/\\/evil.example", "/x\\y",
	    "http:evil.example", "javascript:alert(1)", "data:text/html,x",
	    "/%2fevil.example", "/%2Fevil.example", "/%5cevil.example",
	    "/%5Cevil.example", "/%09/evil.example", "/%0d%0aX:y",
	    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example",
	    "\t//evil.example", " //evil.example", " /x", "/x y", "/x\ry",
	    "/x\r\nSet-Cookie: a=b", "/x\x7f", "/\xe3\x80\xaf""evil.example",
	    "/\xc2\x85x", "/\xff", "?x=//evil", "#x", ".", "..", "../x",
	    "@evil.example", ":80/x", "/%20/x", "/%00/x" };
	static const char *const fine[] = { "/", "/x", "/x/y?z=1&u=//v#f",
	    "/dashboard?next=https://elsewhere", "/a%2fb", "/x%5cy", "/@me",
	    "/%7Eme", "/x%0d" };
	struct web *w = *state;
	struct nx_attempt_start s = { .state = "" };

	for (size_t i = 0; i < COUNT(evil); i++) {
		assert_int_equal(begin_at(w, evil[i], 1800000000, &s),
		    NX_RETURN_TO);
		assert_int_equal(s.sealed.n, 0);
		assert_int_equal(s.authorize_url.n, 0);
		nx_attempt_start_free(&s);
	}
	for (size_t i = 0; i < COUNT(fine); i++) {
		struct attempt *a = attempt_from(w, fine[i],
		    nx_clock_wall());

		assert_int_equal(check(w, &a->answer, fine[i]), NX_OK);
	}
}

static void
bounds_return_to(void **state)
{
	struct web *w = *state;
	struct nx_attempt_start s = { .state = "" };
	char path[1002];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[1001] = '\0';
	assert_int_equal(begin_at(w, path, 1800000000, &s), NX_RETURN_TO);
	nx_attempt_start_free(&s);
	path[1000] = '\0';
	assert_int_equal(begin_at(w, path, 1800000000, &s), NX_OK);
	assert_true(s.sealed.n < 2000);	/* a cookie holds 4096 with all */
	nx_attempt_start_free(&s);
}

static void
accepts_the_right_answer(void **state)
{
	struct web *w = *state;
	struct attempt *a = attempt(w);

	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_OK);
	a->answer.user_id = NULL;		/* an operator's command line */
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_OK);
}

static void
wants_a_state(void **state)
{
	static const char *const states[] = { NULL, "", " ", "a b", "a\nb",
	    "\xc3\xa9", "\x7f" };
	struct web *w = *state;
	struct attempt *a = attempt(w);
	char long_state[502];

	for (size_t i = 0; i < COUNT(states); i++) {
		a->answer.state = states[i];
		assert_int_equal(check(w, &a->answer, NULL),
		    NX_STATE_MISSING);
	}
	memset(long_state, 'x', sizeof(long_state) - 1);
	long_state[501] = '\0';
	a->answer.state = long_state;
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_MISSING);
	long_state[500] = '\0';
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
}

static void
knows_foreign_states(void **state)
{
	struct web *w = *state;
	struct attempt *mine = attempt(w), *other = attempt(w);
	char cut[NX_PKCE_LEN + 1];

	mine->answer.state = other->start.state;
	assert_int_equal(check(w, &mine->answer, NULL), NX_STATE_BROKEN);
	memcpy(cut, other->start.state, sizeof(cut));
	cut[NX_PKCE_LEN - 1] = '\0';
	other->answer.state = cut;
	assert_int_equal(check(w, &other->answer, NULL), NX_STATE_BROKEN);
	mine->answer.attempt = NULL;
	assert_int_equal(check(w, &mine->answer, NULL), NX_STATE_UNKNOWN);
}

static void
ends_after_ten_minutes(void **state)
{
	struct web *w = *state;
	struct attempt *a;

	a = attempt_from(w, NULL, nx_clock_wall() - NX_ATTEMPT_SECONDS);
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_EXPIRED);
	a = attempt_from(w, NULL, nx_clock_wall() - NX_ATTEMPT_SECONDS + 30);
	assert_int_equal(check(w, &a->answer, "/dashboard"), NX_OK);
}

static void
belongs_to_one_user(void **state)
{
	static const char *const users[] = { WEB_OTHER, "", "6f1c1d2e",
	    WEB_USER "0" };
	struct web *w = *state;
	struct attempt *a = attempt(w);

	for (size_t i = 0; i < COUNT(users); i++) {
		a->answer.user_id = users[i];
		assert_int_equal(check(w, &a->answer, NULL), NX_STATE_USER);
	}
}

static void
refuses_a_flow_that_was_touched(void **state)
{
	struct web *w = *state;
	struct attempt *a = attempt(w);
	size_t n = strlen(a->flow), head = strlen("nx1.k1.");

	for (size_t i = head; i < n; i++) {	/* every character flipped */
		char was = a->flow[i];

		a->flow[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
		a->flow[i] = was;
	}
	for (size_t i = 0; i < n; i++) {	/* and cut everywhere */
		char was = a->flow[i];

		a->flow[i] = '\0';
		assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
		a->flow[i] = was;
	}
	a->answer.attempt = nx_arena_printf(w->ctx.arena, "%sA", a->flow);
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
	a->answer.attempt = a->flow;
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_OK);
}

/* Sealed by us, but not as a flow, or not in a form that we write. */
static void
refuses_other_sealed_values(void **state)
{
	static const struct {
		enum nx_purpose purpose; const char *context, *plain;
	} cases[] = {
		{ NX_PURPOSE_TOKEN, "", "1\n9999999999\ns\nv\nu\n/" },
		{ NX_PURPOSE_ATTEMPT, "x", "1\n9999999999\ns\nv\nu\n/" },
		{ NX_PURPOSE_ATTEMPT, "", "2\n9999999999\ns\nv\nu\n/" },
		{ NX_PURPOSE_ATTEMPT, "", "1\n9999999999\ns\nv\nu" },
		{ NX_PURPOSE_ATTEMPT, "", "1\n9999999999" },
		{ NX_PURPOSE_ATTEMPT, "", "1" }, { NX_PURPOSE_ATTEMPT, "", "" },
	};
	struct web *w = *state;
	struct nx_connect_answer answer = { .state = "s", .code = "c" };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nx_buf sealed = NX_BUF(NX_ATTEMPT_MAX);

		assert_int_equal(nx_seal(w->app.ring, cases[i].purpose,
		    nx_slice_str(cases[i].context),
		    nx_slice_str(cases[i].plain), &sealed), NX_OK);
		answer.attempt = nx_buf_str(&sealed);
		assert_int_equal(check(w, &answer, NULL), NX_STATE_BROKEN);
		nx_buf_free(&sealed);
	}
}

static void
follows_the_key_ring(void **state)
{
	static const char *const rotated[] = { "NEXUS_KEYS",
	    "k2:" KEY_2 ",k1:" WEB_KEY, NULL };
	static const char *const retired[] = { "NEXUS_KEYS", "k2:" KEY_2,
	    NULL };
	static const char *const replaced[] = { "NEXUS_KEYS", "k1:" KEY_2,
	    NULL };
	struct web *old = *state, *w;
	struct attempt *a = attempt(old);

	w = web_open(rotated);
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_OK);
	web_close(w);
	w = web_open(retired);
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_KEY);
	web_close(w);
	w = web_open(replaced);
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
	web_close(w);
}

/* The way back is known by then, so the person is told there. */
static void
reads_what_x_answers(void **state)
{
	static const struct {
		const char *code, *error, *words; enum nx_rc rc;
	} cases[] = {
		{ NULL, NULL, NULL, NX_CODE_MISSING },
		{ "", NULL, NULL, NX_CODE_MISSING },
		{ "a b", NULL, NULL, NX_CODE_MISSING },
		{ "a\nb", NULL, NULL, NX_CODE_MISSING },
		{ NULL, "access_denied", NULL, NX_DENIED },
		{ "c", "access_denied", "no", NX_DENIED },
		{ NULL, "server_error", NULL, NX_X_AUTHORIZE },
		{ NULL, "invalid_scope", "Bad scope.", NX_X_AUTHORIZE },
		{ "c", "server_error", NULL, NX_X_AUTHORIZE },
	};
	struct web *w = *state;
	struct attempt *a = attempt(w);
	char code[2050];

	for (size_t i = 0; i < COUNT(cases); i++) {
		a->answer.code = cases[i].code;
		a->answer.error = cases[i].error;
		a->answer.error_description = cases[i].words;
		assert_int_equal(check(w, &a->answer, "/done?a=b"),
		    cases[i].rc);
		if (cases[i].rc == NX_X_AUTHORIZE && cases[i].words != NULL)
			assert_non_null(strstr(w->ctx.err.detail,
			    cases[i].words));
	}
	a->answer.error = NULL;
	a->answer.code = code;
	memset(code, 'c', sizeof(code));
	code[2049] = '\0';
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_CODE_MISSING);
	code[2048] = '\0';
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_OK);
}

/* An error of X's must not reach somebody who holds no attempt. */
static void
checks_the_state_before_the_error(void **state)
{
	struct web *w = *state;
	struct attempt *a = attempt(w);

	a->answer.error = "access_denied";
	a->answer.attempt = NULL;
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_UNKNOWN);
	a->answer.attempt = a->flow;
	a->answer.user_id = WEB_OTHER;
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_USER);
	a->answer.state = NULL;
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_MISSING);
}

static void
never_repeats_secrets(void **state)
{
	struct web *w = *state;
	struct attempt *a = attempt(w);

	a->answer.code = "CANARY CODE";
	assert_int_equal(check(w, &a->answer, "/done?a=b"), NX_CODE_MISSING);
	assert_null(strstr(w->ctx.err.detail, "CANARY"));
	a->answer.state = "CANARY-STATE";
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
	assert_null(strstr(w->ctx.err.detail, "CANARY"));
	a->answer.attempt = "nx1.k1.CANARY";
	assert_int_equal(check(w, &a->answer, NULL), NX_STATE_BROKEN);
	assert_null(strstr(w->ctx.err.detail, "CANARY"));
}

static void
tells_when_a_flow_ends(void **state)
{
	static const char *const retired[] = { "NEXUS_KEYS", "k2:" KEY_2,
	    NULL };
	struct web *w = *state, *other = web_open(retired);
	struct attempt *a = attempt_from(w, NULL, 1800000000);
	struct nx_slice flow = nx_slice_str(a->flow), cut = flow;

	assert_int_equal(nx_attempt_expires(w->app.ring, flow), 1800000600);
	assert_int_equal(nx_attempt_expires(other->app.ring, flow), 0);
	cut.n--;
	assert_int_equal(nx_attempt_expires(w->app.ring, cut), 0);
	assert_int_equal(nx_attempt_expires(w->app.ring, NX_SLICE("")), 0);
	assert_int_equal(nx_attempt_expires(w->app.ring, NX_SLICE("x")), 0);
	web_close(other);
}

static void
compares_scopes(void **state)
{
	static const struct { const char *asked, *granted, *missing; } cases[]
	    = {
		{ "a b", "a b", NULL }, { "a b", "b a c", NULL },
		{ "", "", NULL }, { "", "a", NULL }, { "a", "", "a" },
		{ "a b c", "b", "a c" }, { "a b c", "", "a b c" },
		{ "tweet.write", "tweet.writer", "tweet.write" },
		{ "tweet.write", "tweet", "tweet.write" },
		{ "tweet.write", "xtweet.write", "tweet.write" },
		{ "  a   b ", " b  ", "a" }, { "A", "a", "A" },
	};
	struct web *w = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *missing = nx_scopes_missing(w->ctx.arena,
		    cases[i].asked, cases[i].granted);

		if (cases[i].missing == NULL)
			assert_null(missing);
		else
			assert_string_equal(missing, cases[i].missing);
	}
	assert_true(nx_scopes_have("a b c", "b"));
	assert_false(nx_scopes_have("a bb c", "b"));
	assert_false(nx_scopes_have("", "b"));
	assert_false(nx_scopes_have("a b", "a b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WEB_TEST(builds_the_authorize_url),
		WEB_TEST(seals_the_verifier),
		WEB_TEST(never_repeats_a_state),
		WEB_TEST(keeps_return_to_on_the_site),
		WEB_TEST(bounds_return_to),
		WEB_TEST(accepts_the_right_answer),
		WEB_TEST(wants_a_state),
		WEB_TEST(knows_foreign_states),
		WEB_TEST(ends_after_ten_minutes),
		WEB_TEST(belongs_to_one_user),
		WEB_TEST(refuses_a_flow_that_was_touched),
		WEB_TEST(refuses_other_sealed_values),
		WEB_TEST(follows_the_key_ring),
		WEB_TEST(reads_what_x_answers),
		WEB_TEST(checks_the_state_before_the_error),
		WEB_TEST(never_repeats_secrets),
		WEB_TEST(tells_when_a_flow_ends),
		WEB_TEST(compares_scopes),
	};

	return cmocka_run_group_tests_name("account/connect", tests, NULL,
	    NULL);
}
