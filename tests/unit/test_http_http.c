/* test_http_http.c - the HTTP edge against a server that misbehaves. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/version.h"
#include "nx/http/http.h"
#include "x_server.h"

enum { PATIENCE = 60000, FROZEN_MS = 1100, THREADS = 8, ROUNDS = 25 };

struct fixture {
	struct xs_tls		*tls;
	char			 pem[64];
	struct nx_http_ca	*ca;
	struct xs		*plain, *secure;
	struct nx_http		*http;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->tls = xs_tls_new(f->pem);
	assert_int_equal(nx_http_ca_new(f->pem, &f->ca, NULL), NX_OK);
	f->plain = xs_start(NULL);
	f->secure = xs_start(f->tls);
	f->http = nx_http_new(f->ca);
	assert_non_null(f->http);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	nx_http_free(f->http);
	xs_stop(f->plain);
	xs_stop(f->secure);
	nx_http_ca_free(f->ca);
	xs_tls_free(f->tls);
	unlink(f->pem);
	free(f);
	return 0;
}

static struct nx_http_answer
ask(struct nx_http *http, const char *method, const char *url,
    const char *body, bool once)
{
	struct nx_http_ask a = {
		.method = method, .url = url, .body = nx_slice_str(body),
		.once = once, .deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;

	nx_http_do(http, &a, &out);
	return out;
}

static struct nx_http_answer
get(struct nx_http *http, struct xs *s, const char *path)
{
	return ask(http, "GET", xs_url(s, "127.0.0.1", path), NULL, false);
}

static void
answers_over_tls_on_one_connection(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		struct nx_http_answer a = get(f->http, f->secure, "/ok");

		assert_int_equal(a.outcome, NX_HTTP_ANSWERED);
		assert_int_equal(a.status, 200);
		assert_true(nx_slice_is(a.body, "{}"));
	}
	assert_int_equal(xs_seen(f->secure).requests, 5);
	assert_int_equal(xs_seen(f->secure).connections, 1);
}

static void
sends_what_is_asked(void **state)
{
	struct fixture *f = *state;
	struct nx_http_ask a = {
		.method = "POST", .bearer = "tok-1",
		.url = xs_url(f->plain, "127.0.0.1", "/ok"),
		.content_type = "application/json",
		.body = NX_SLICE("{\"text\":\"hi\"}"), .once = true,
		.deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;
	struct xs_seen seen;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	seen = xs_seen(f->plain);
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.auth, "Bearer tok-1");
	assert_string_equal(seen.type, "application/json");
	assert_string_equal(seen.body, "{\"text\":\"hi\"}");
	assert_string_equal(seen.expect, "");
	assert_string_equal(seen.agent, "nexus-x/" NX_VERSION);

	a = (struct nx_http_ask){ .method = "DELETE", .url = a.url,
	    .basic_user = "Aladdin", .basic_password = "open sesame",
	    .deadline = a.deadline };
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	seen = xs_seen(f->plain);
	assert_string_equal(seen.method, "DELETE");
	assert_string_equal(seen.auth,
	    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");	/* RFC 7617 */
	assert_string_equal(seen.type, "");
	assert_int_equal(seen.body_n, 0);

	(void)get(f->http, f->plain, "/ok");
	seen = xs_seen(f->plain);
	assert_string_equal(seen.method, "GET");
	assert_string_equal(seen.auth, "");
}

static void
sends_further_headers(void **state)
{
	struct fixture *f = *state;
	char one[] = "Nexus-One: 1", two[] = "Nexus-Two: b c";
	char split[] = "Nexus-One: 1\r\nNexus-Two: 2";
	char *good[] = { one, two, NULL }, *bad[] = { one, split, NULL };
	char *many[] = { one, one, one, one, one, NULL };
	struct nx_http_ask a = {
		.method = "POST", .url = xs_url(f->plain, "127.0.0.1", "/ok"),
		.bearer = "t", .body = NX_SLICE("{}"), .headers = good,
		.content_type = "application/json",
		.deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;
	struct xs_seen seen;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.status, 200);
	seen = xs_seen(f->plain);
	assert_non_null(strstr(seen.head, "\r\nNexus-One: 1\r\n"));
	assert_non_null(strstr(seen.head, "\r\nNexus-Two: b c"));
	assert_string_equal(seen.auth, "Bearer t");
	a.headers = bad;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	a.headers = many;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	a.headers = NULL;
	nx_http_do(f->http, &a, &out);
	assert_null(strstr(xs_seen(f->plain).head, "Nexus-"));
}

static void
sends_a_long_body_whole(void **state)
{
	struct fixture *f = *state;
	char *body = calloc(1, 100001);
	struct nx_http_answer a;

	assert_non_null(body);
	memset(body, 'b', 100000);
	a = ask(f->http, "POST", xs_url(f->secure, "127.0.0.1", "/ok"), body,
	    true);
	assert_int_equal(a.outcome, NX_HTTP_ANSWERED);
	assert_int_equal(xs_seen(f->secure).body_n, 100000);
	free(body);
}

/* libcurl would send the second POST again; `once` keeps it from that. */
static void
once_leaves_once(void **state)
{
	static const struct {
		bool		 once;
		const char	*body;
		int		 want;
	} cases[] = {
		{ true, "create", 1 }, { true, "", 1 }, { false, "create", 2 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		struct nx_http_answer a = get(f->http, f->plain, "/ok");
		int before = xs_seen(f->plain).requests;

		assert_int_equal(a.outcome, NX_HTTP_ANSWERED);
		a = ask(f->http, "POST", xs_url(f->plain, "127.0.0.1",
		    "/drop"), cases[i].body, cases[i].once);
		assert_int_equal(a.outcome, NX_HTTP_LOST);
		assert_int_equal(a.status, 0);
		assert_string_not_equal(a.why, "");
		assert_int_equal(xs_seen(f->plain).requests - before,
		    cases[i].want);
		assert_string_equal(xs_seen(f->plain).body, cases[i].body);
	}
}

static void
survives_a_connection_that_went_away(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 5; i++) {
		struct nx_http_answer a = get(f->http, f->plain, "/bye");

		assert_int_equal(a.outcome, NX_HTTP_ANSWERED);
		a = ask(f->http, "POST", xs_url(f->plain, "127.0.0.1",
		    "/bye"), "x", true);
		assert_int_not_equal(a.outcome, NX_HTTP_NOT_SENT);
	}
}

static void
until_ended(struct xs *s, int n)
{
	int64_t end = nx_clock_mono() + PATIENCE;

	while (xs_seen(s).ended < n && nx_clock_mono() < end)
		nx_clock_sleep(1);
	assert_true(xs_seen(s).ended >= n);
}

/* libcurl takes the farewell of TLS for a sign of life. */
static void
sends_nothing_where_the_server_has_ended(void **state)
{
	struct fixture *f = *state;
	struct xs *const servers[] = { f->secure, f->plain };

	for (int i = 0; i < 20; i++) {
		struct xs *s = servers[i / 10];
		struct nx_http_answer a = ask(f->http, i % 3 == 0 ? "GET" :
		    "POST", xs_url(s, "127.0.0.1", "/bye"), "x", i % 3 != 0);

		if (a.outcome != NX_HTTP_ANSWERED)
			fail_msg("%d: %s", i, a.why);
		until_ended(s, i % 10 + 1);
	}
	assert_int_equal(xs_seen(f->secure).requests, 10);
}

/* A kept one may be closed while the request is on its way. */
static void
once_has_a_connection_of_its_own(void **state)
{
	struct fixture *f = *state;
	const char *url = xs_url(f->secure, "127.0.0.1", "/ok");

	for (int i = 1; i <= 3; i++) {
		assert_int_equal(ask(f->http, "POST", url, "x",
		    true).outcome, NX_HTTP_ANSWERED);
		assert_int_equal(xs_seen(f->secure).connections, i);
		/* It is good enough for what may be sent again. */
		assert_int_equal(ask(f->http, "GET", url, NULL,
		    false).outcome, NX_HTTP_ANSWERED);
		assert_int_equal(xs_seen(f->secure).connections, i);
	}
	assert_int_equal(xs_seen(f->secure).requests, 6);
}

static struct nx_http_answer
create(struct nx_http *http, const char *url, const char *body, int idle_ms)
{
	struct nx_http_ask a = {
		.method = "POST", .url = url, .body = nx_slice_str(body),
		.once = true, .idle_ms = idle_ms,
		.deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;

	nx_http_do(http, &a, &out);
	return out;
}

static void
once_may_go_where_something_went_just_now(void **state)
{
	struct fixture *f = *state;
	const char *url = xs_url(f->secure, "127.0.0.1", "/ok");

	for (int i = 0; i < 3; i++)
		assert_int_equal(create(f->http, url, "x", PATIENCE).outcome,
		    NX_HTTP_ANSWERED);
	assert_int_equal(xs_seen(f->secure).connections, 1);
	nx_clock_sleep(3);
	/* what never left is no use of it */
	assert_int_equal(create(f->http, "ftp://127.0.0.1/", "x", 1).outcome,
	    NX_HTTP_NOT_SENT);
	assert_int_equal(create(f->http, url, "x", 1).outcome,
	    NX_HTTP_ANSWERED);
	assert_int_equal(xs_seen(f->secure).connections, 2);
	assert_int_equal(xs_seen(f->secure).requests, 4);
}

/*
 * The server closes when this thread is about to write for the nth time.  What
 * it writes then is received at once, is on its way until the next write, or
 * has no room in the socket; or nothing ever arrives.
 */
enum line { SHORT_LINE, LONG_LINE, FULL_LINE, LINES, NO_LINE };
static _Thread_local struct {
	int		 nth;
	struct xs	*server;
	enum xs_close	 how;
	enum line	 line;
	uint64_t	 cookie;	/* where something is on its way, */
	uint64_t	 dead;		/* and where nothing comes through */
	char		 late[8192];
	size_t		 late_n;
} closing;

/* A number would come again. */
static uint64_t
cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n),
	    0);
	return cookie;
}

static ssize_t
send_later(int fd, const void *p, size_t n)
{
	assert_true(n <= sizeof(closing.late) / 2);
	memcpy(closing.late + closing.late_n, p, n);
	closing.late_n += n;
	closing.cookie = cookie_of(fd);
	return (ssize_t)n;
}

/* libcurl's, since the program's own name comes first. */
ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	const bool now = closing.nth > 0 && --closing.nth == 0;

	if (now)
		xs_close(closing.server, closing.how);
	if (now && closing.line == FULL_LINE) {
		errno = EAGAIN;
		return -1;
	}
	if (now && closing.line == NO_LINE)
		closing.dead = cookie_of(fd);
	if (closing.dead != 0 && closing.dead == cookie_of(fd))
		return (ssize_t)n;
	if (now && closing.line == LONG_LINE) {
		closing.late_n = 0;
		return send_later(fd, p, n);
	}
	if (closing.late_n == 0 || closing.cookie != cookie_of(fd))
		return sendto(fd, p, n, flags, NULL, 0);
	(void)send_later(fd, p, n);
	(void)sendto(fd, closing.late, closing.late_n, flags, NULL, 0);
	closing.late_n = 0;
	return (ssize_t)n;
}

/*
 * The head of a request is written first, and then its body.  What the server
 * cannot have had is sent anew, at the least where it had said farewell before.
 */
static void
close_crosses(struct nx_http *http, struct xs *s, enum xs_close how, int nth,
    enum line line)
{
	const char *url = xs_url(s, "127.0.0.1", "/ok");
	const int before = xs_seen(s).requests + 1;
	struct nx_http_answer a = create(http, url, "first", PATIENCE);
	int came;

	assert_int_equal(a.outcome, NX_HTTP_ANSWERED);
	closing.nth = nth;
	closing.server = s;
	closing.how = how;
	closing.line = line;
	a = create(http, url, "second", PATIENCE);
	assert_int_equal(closing.nth, 0);
	came = xs_seen(s).requests - before;
	if (came != (a.outcome == NX_HTTP_ANSWERED))
		fail_msg("%d, and came %d times: %s", a.outcome, came, a.why);
	if (a.error == NX_HTTP_TIMED_OUT || (nth == 1 &&
	    how != XS_CLOSE_RST && a.outcome != NX_HTTP_ANSWERED))
		fail_msg("closed %d at %d, line %d: %s", how, nth, line,
		    a.why);
	if (came == 1 && strcmp(xs_seen(s).body, "second") != 0)
		fail_msg("closed %d at %d, line %d: %s", how, nth, line,
		    xs_seen(s).body);
}

static void
a_close_that_crosses_repeats_nothing(void **state)
{
	struct fixture *f = *state;
	struct xs *const servers[] = { f->secure, f->plain };

	for (int s = 0; s < 2; s++) {
		struct nx_http *http = nx_http_new(f->ca);

		for (int i = 0; i < 3 * 2 * LINES * 3; i++)
			close_crosses(http, servers[s],
			    (enum xs_close)(XS_CLOSE_FAREWELL + i % 3),
			    1 + i / 3 % 2, (enum line)(i / 6 % LINES));
		nx_http_free(http);
	}
}

/* Bytes that came and none that was confirmed: a line may be like that. */
static void
what_has_not_ended_is_lost(void **state)
{
	struct fixture *f = *state;
	struct nx_http *http = nx_http_new(f->ca);
	const char *url = xs_url(f->plain, "127.0.0.1", "/ok");
	const struct nx_http_ask a = {
		.method = "POST", .url = url, .body = NX_SLICE("x"),
		.once = true, .idle_ms = PATIENCE,
		.limits = { .whole_ms = 1000 },
		.deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;

	assert_non_null(http);
	assert_int_equal(create(http, url, "x", PATIENCE).outcome,
	    NX_HTTP_ANSWERED);
	closing.nth = 1;
	closing.server = f->plain;
	closing.how = XS_CLOSE_NOT;
	closing.line = NO_LINE;
	nx_http_do(http, &a, &out);
	assert_int_equal(closing.nth, 0);
	closing.dead = 0;
	assert_int_equal(out.error, NX_HTTP_TIMED_OUT);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_int_equal(xs_seen(f->plain).requests, 1);
	nx_http_free(http);
}

/* What the server had read it may have done. */
static void
a_close_after_it_is_lost(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++) {
		struct xs *s = i % 2 == 0 ? f->secure : f->plain;
		const int before = xs_seen(s).requests;

		assert_int_equal(create(f->http, xs_url(s, "127.0.0.1",
		    "/ok"), "x", PATIENCE).outcome, NX_HTTP_ANSWERED);
		assert_int_equal(create(f->http, xs_url(s, "127.0.0.1",
		    "/drop"), "x", PATIENCE).outcome, NX_HTTP_LOST);
		assert_int_equal(xs_seen(s).requests - before, 2);
	}
}

static void
spoilt_answers_are_lost(void **state)
{
	static const char *const paths[] = { "/huge", "/cut", "/noise",
	    "/drop" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct nx_http_answer a = get(f->http, f->secure, paths[i]);

		assert_int_equal(a.outcome, NX_HTTP_LOST);
		assert_int_equal(a.error, i == 0 ? NX_HTTP_TOO_LONG :
		    NX_HTTP_BROKEN);	/* /huge */
		assert_int_equal(a.status, 0);
		assert_int_equal(a.body.n, 0);
		assert_string_not_equal(a.why, "");
	}
	assert_int_equal(get(f->http, f->secure, "/ok").outcome,
	    NX_HTTP_ANSWERED);
}

/* What comes once is handed on as far as it has come, if X carried it out. */
static void
what_has_come_of_an_only_answer_is_kept(void **state)
{
	struct fixture *f = *state;

	for (int how = 0; how < XS_CUTS; how++) {
		for (int i = 0; i < 3; i++) {
			struct nx_http_answer a;
			const bool kept = i == 0;

			xs_cut(f->secure, how, i == 1 ? 503 : 200,
			    "{\"a\":1}");
			a = ask(f->http, "POST", xs_url(f->secure,
			    "127.0.0.1", "/set"), "x", i != 2);
			assert_int_equal(a.outcome, NX_HTTP_LOST);
			assert_int_equal(a.status, kept ? 200 : 0);
			assert_true(nx_slice_is(a.body, kept ? "{\"a\":1}" :
			    ""));
			assert_string_not_equal(a.why, "");
		}
	}
}

static void
keeps_the_deadline(void **state)
{
	struct fixture *f = *state;
	struct nx_http_ask a = { .method = "GET",
	    .url = xs_url(f->plain, "127.0.0.1", "/hang"),
	    .deadline = nx_clock_mono() + 300 };
	struct nx_http_answer out;
	int64_t began = nx_clock_mono();
	int before;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_in_range(nx_clock_mono() - began, 250, PATIENCE);

	before = xs_seen(f->plain).requests;
	a.deadline = nx_clock_mono();
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	assert_int_equal(xs_seen(f->plain).requests, before);
}

enum { LONG_BODY = 100000, HUGE = 2 * 1024 * 1024 };

/* A body that is made as it is read, and where it ends or fails. */
struct made {
	size_t	 at, ends;	/* bytes; at `ends` nothing comes any more */
	int	 rewound;
};

static ssize_t
read_made(void *ctx, char *to, size_t n)
{
	struct made *m = ctx;

	if (n > m->ends - m->at)
		n = m->ends - m->at;
	memset(to, 'm', n);
	m->at += n;
	return (ssize_t)n;
}

static bool
rewind_made(void *ctx)
{
	struct made *m = ctx;

	m->at = 0;
	m->rewound++;
	return true;
}

static void
a_body_is_read_as_it_is_sent(void **state)
{
	struct fixture *f = *state;
	struct made made = { .ends = LONG_BODY };
	struct nx_http_source source = { .n = LONG_BODY, .read = read_made,
	    .ctx = &made };
	struct nx_http_ask a = { .method = "POST", .source = &source,
	    .url = xs_url(f->secure, "127.0.0.1", "/ok"), .once = true,
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	assert_int_equal(xs_seen(f->secure).body_n, LONG_BODY);
	assert_int_equal(made.at, LONG_BODY);

	/* One that ends too soon is no body. */
	made = (struct made){ .ends = LONG_BODY - 1 };
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_int_equal(out.error, NX_HTTP_SOURCE_FAILED);
	made = (struct made){ .ends = 0 };
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	assert_int_equal(out.error, NX_HTTP_SOURCE_FAILED);
	source.n = -1;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.error, NX_HTTP_BAD_ASK);
	assert_int_equal(xs_seen(f->secure).requests, 1);
}

/* What cannot be rewound leaves once, whether that was asked for or not. */
static void
only_what_can_be_rewound_is_sent_again(void **state)
{
	static const struct {
		bool	once, rewinds;
		int	want;
	} cases[] = {
		{ true, true, 1 }, { true, false, 1 }, { false, false, 1 },
		{ false, true, 2 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct made made = { .ends = 6 };
		const struct nx_http_source source = { .n = 6,
		    .read = read_made, .ctx = &made,
		    .rewind = cases[i].rewinds ? rewind_made : NULL };
		struct nx_http_ask a = { .method = "POST",
		    .source = &source, .once = cases[i].once,
		    .deadline = nx_clock_mono() + PATIENCE };
		struct nx_http_answer out = get(f->http, f->plain, "/ok");
		const int before = xs_seen(f->plain).requests;

		assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
		a.url = xs_url(f->plain, "127.0.0.1", "/drop");
		nx_http_do(f->http, &a, &out);
		assert_int_equal(out.outcome, NX_HTTP_LOST);
		assert_int_equal(xs_seen(f->plain).requests - before,
		    cases[i].want);
		assert_int_equal(made.rewound, cases[i].want - 1);
		assert_string_equal(xs_seen(f->plain).body, "mmmmmm");
	}
}

static void
a_body_comes_from_a_file(void **state)
{
	char path[] = "/tmp/nx-test-body-XXXXXX";
	struct fixture *f = *state;
	const int fd = mkstemp(path);
	struct nx_http_source source = { .fd = fd, .offset = 4, .n = 3 };
	struct nx_http_ask a = { .method = "PUT", .source = &source,
	    .url = xs_url(f->plain, "127.0.0.1", "/ok"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "headbodytail", 12), 12);
	for (int i = 0; i < 2; i++) {
		source.offset += i;
		nx_http_do(f->http, &a, &out);
		assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
		assert_string_equal(xs_seen(f->plain).method, "PUT");
		assert_string_equal(xs_seen(f->plain).body,
		    i == 0 ? "bod" : "ody");
	}
	/* It is shorter than was said. */
	source = (struct nx_http_source){ .fd = fd, .offset = 12, .n = 1 };
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.error, NX_HTTP_SOURCE_FAILED);
	assert_int_equal(xs_seen(f->plain).requests, 2);
	close(fd);
	unlink(path);
}

/* Where answers go, and how many bytes it takes. */
struct taken {
	int64_t	 n, takes;
};

static bool
take(void *ctx, struct nx_slice bytes)
{
	struct taken *t = ctx;

	t->n += (int64_t)bytes.n;
	return t->n <= t->takes;
}

static void
an_answer_goes_to_a_sink(void **state)
{
	struct fixture *f = *state;
	struct taken t = { .takes = HUGE };
	struct nx_http_sink sink = { .max = HUGE, .write = take, .ctx = &t };
	struct nx_http_ask a = { .method = "GET", .sink = &sink,
	    .url = xs_url(f->secure, "127.0.0.1", "/huge"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	assert_int_equal(out.status, 200);
	assert_int_equal(out.body.n, 0);
	assert_int_equal(t.n, HUGE);

	/* Too long as announced, or as it comes: it is not taken. */
	t.n = 0;
	sink.max = HUGE - 1;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.error, NX_HTTP_TOO_LONG);
	sink.max = 3;
	xs_cut(f->secure, XS_CUT_CHUNK, 200, "four");
	a.url = xs_url(f->secure, "127.0.0.1", "/set");
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_int_equal(out.error, NX_HTTP_TOO_LONG);
	assert_int_equal(t.n, 0);

	/* An error is not what was to be kept. */
	xs_answer(f->secure, 404, "", "none such");
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.status, 404);
	assert_true(nx_slice_is(out.body, "none such"));
	assert_int_equal(t.n, 0);
}

static void
a_sink_may_refuse(void **state)
{
	struct fixture *f = *state;
	struct taken t = { .takes = 0 };
	const struct nx_http_sink sink = { .max = HUGE, .write = take,
	    .ctx = &t };
	struct nx_http_ask a = { .method = "GET", .sink = &sink,
	    .url = xs_url(f->plain, "127.0.0.1", "/ok"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_int_equal(out.error, NX_HTTP_SINK_FAILED);
	assert_int_equal(xs_seen(f->plain).requests, 1);
}

/* Each alone ends what would otherwise go on for the default's 10 s. */
static void
each_limit_ends_it(void **state)
{
	static const struct nx_http_limits limits[] = {
		{ .first_byte_ms = 200 }, { .whole_ms = 200 },
		{ .slow_bytes = 1000, .slow_s = 1 },
	};
	struct fixture *f = *state;
	struct nx_http_ask a = { .method = "GET",
	    .url = xs_url(f->plain, "127.0.0.1", "/hang"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const int64_t began = nx_clock_mono();

		a.limits = limits[i];
		nx_http_do(f->http, &a, &out);
		assert_int_equal(out.outcome, NX_HTTP_LOST);
		assert_int_equal(out.error, NX_HTTP_TIMED_OUT);
		assert_in_range(nx_clock_mono() - began, 200,
		    NX_HTTP_TIMEOUT_MS - 1000);
	}
	/* The first byte is in time, whatever follows it. */
	a.url = xs_url(f->plain, "127.0.0.1", "/huge");
	a.limits = limits[0];
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.error, NX_HTTP_TOO_LONG);
	a.limits = (struct nx_http_limits){ .first_byte_ms = PATIENCE };
	a.url = xs_url(f->plain, "127.0.0.1", "/late");
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
}

static void
a_connection_is_as_old_as_asked(void **state)
{
	struct fixture *f = *state;
	struct nx_http_ask a = { .method = "GET",
	    .url = xs_url(f->plain, "127.0.0.1", "/ok"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	a.fresh = true;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(xs_seen(f->plain).connections, 2);
	a.fresh = false;
	a.age_s = PATIENCE / 1000;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(xs_seen(f->plain).connections, 2);
	a.age_s = 1;
	nx_clock_sleep(2100);
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	assert_int_equal(xs_seen(f->plain).connections, 3);
}

/* One that cannot be repeated is waited for longer than others. */
static void
patience_outlasts_the_time_limit(void **state)
{
	struct fixture *f = *state;
	struct nx_http_ask a = { .method = "POST", .body = NX_SLICE("x"),
	    .url = xs_url(f->plain, "127.0.0.1", "/late"), .once = true,
	    .deadline = nx_clock_mono() + XS_LATE_MS / 2 };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	a.deadline = nx_clock_mono() + XS_LATE_MS / 2;
	a.limits.patient_ms = PATIENCE;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);

	a.url = xs_url(f->plain, "127.0.0.1", "/hang");
	a.deadline = nx_clock_mono() + PATIENCE;
	a.limits.patient_ms = 300;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_LOST);
	assert_non_null(strstr(out.why, "waited"));
	a.deadline = nx_clock_mono();
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	/* The handle is as before. */
	assert_int_equal(get(f->http, f->plain, "/ok").outcome,
	    NX_HTTP_ANSWERED);
}

/* What a process does that is stopped while X answers. */
static int
ask_patiently(struct fixture *f)
{
	struct nx_http_ask a = { .method = "POST", .body = NX_SLICE("x"),
	    .url = xs_url(f->plain, "127.0.0.1", "/late"), .once = true,
	    .limits.patient_ms = FROZEN_MS - 200,
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	nx_http_do(f->http, &a, &out);
	return out.outcome == NX_HTTP_ANSWERED ? 0 : 1;
}

static void
what_came_while_frozen_is_read(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(ask_patiently(f));
	assert_true(child > 0);
	while (xs_seen(f->plain).requests == 0)
		nx_clock_sleep(5);
	assert_int_equal(kill(child, SIGSTOP), 0);
	while (xs_seen(f->plain).late == 0)
		nx_clock_sleep(5);
	nx_clock_sleep(FROZEN_MS);	/* longer than its patience */
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A listener whose connections nobody accepts: TLS never gets an answer. */
static void
silent_handshake_is_not_sent(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_in to = { .sin_family = AF_INET };
	socklen_t n = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char url[64];
	struct nx_http_ask a = { .method = "POST", .url = url, .once = true,
	    .body = NX_SLICE("x"), .deadline = nx_clock_mono() + 300 };
	struct nx_http_answer out;
	int64_t began;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&to, &n), 0);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/",
	    (unsigned int)ntohs(to.sin_port));
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	a.deadline = nx_clock_mono() + PATIENCE;
	a.limits.connect_ms = 200;
	began = nx_clock_mono();
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	assert_int_equal(out.error, NX_HTTP_TIMED_OUT);
	assert_in_range(nx_clock_mono() - began, 200,
	    NX_HTTP_CONNECT_MS - 500);
	close(fd);
	/* Nobody listens there any more. */
	a.deadline = nx_clock_mono() + PATIENCE;
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	assert_non_null(strstr(out.why, "connect"));
}

/* The other CA has the same name, so only its key tells them apart. */
static void
trusts_only_its_ca(void **state)
{
	struct fixture *f = *state;
	char pem[64];
	struct xs_tls *other = xs_tls_new(pem);
	struct nx_http_ca *cas[2] = { NULL, NULL };

	assert_int_equal(nx_http_ca_new(pem, &cas[0], NULL), NX_OK);
	assert_int_equal(nx_http_ca_new(NULL, &cas[1], NULL), NX_OK);
	for (size_t i = 0; i < 2; i++) {
		struct nx_http *http = nx_http_new(cas[i]);
		struct nx_http_answer a = ask(http, "POST",
		    xs_url(f->secure, "127.0.0.1", "/ok"), "x", true);

		assert_int_equal(a.outcome, NX_HTTP_NOT_SENT);
		assert_string_not_equal(a.why, "");
		nx_http_free(http);
	}
	assert_int_equal(xs_seen(f->secure).requests, 0);
	assert_int_equal(get(f->http, f->secure, "/ok").outcome,
	    NX_HTTP_ANSWERED);
	nx_http_ca_free(cas[0]);
	nx_http_ca_free(cas[1]);
	xs_tls_free(other);
	unlink(pem);
}

static void
refuses_a_certificate_of_another_host(void **state)
{
	struct fixture *f = *state;
	struct nx_http_answer a = ask(f->http, "GET",
	    xs_url(f->secure, "localhost", "/ok"), NULL, false);

	assert_int_equal(a.outcome, NX_HTTP_NOT_SENT);
	assert_non_null(strstr(a.why, "certificate"));
	assert_int_equal(xs_seen(f->secure).requests, 0);
}

static void
refuses_bad_addresses_and_tokens(void **state)
{
	static const char *const urls[] = { "http://192.0.2.1/", "file:///",
	    "ftp://127.0.0.1/", "http://127.0.0.1@192.0.2.1/", "", "/" };
	static const char *const tokens[] = { "a\r\nX: y", "a b", "a\n" };
	struct fixture *f = *state;
	struct nx_http_ask a = { .method = "GET",
	    .url = xs_url(f->plain, "127.0.0.1", "/ok"),
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_int_equal(ask(f->http, "GET", urls[i], NULL,
		    false).outcome, NX_HTTP_NOT_SENT);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		a.bearer = tokens[i];
		nx_http_do(f->http, &a, &out);
		assert_int_equal(out.outcome, NX_HTTP_NOT_SENT);
	}
	assert_int_equal(xs_seen(f->plain).requests, 0);
}

/* The lines of the heads that have come, one after the other. */
static void
on_header(void *ctx, struct nx_slice line)
{
	nx_buf_slice_add(ctx, line);
}

static void
reads_status_and_headers(void **state)
{
	struct fixture *f = *state;
	struct nx_buf head = NX_BUF(2000);
	struct nx_http_ask a = { .method = "GET",
	    .url = xs_url(f->plain, "127.0.0.1", "/any"),
	    .header = on_header, .header_ctx = &head,
	    .deadline = nx_clock_mono() + PATIENCE };
	struct nx_http_answer out;

	xs_answer(f->plain, 429, "X-Rate-Limit-Limit: 100\r\n"
	    "x-rate-limit-reset: 17\r\nRetry-After: 17\r\n",
	    "{\"title\":\"Too Many Requests\"}");
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.outcome, NX_HTTP_ANSWERED);
	assert_int_equal(out.error, NX_HTTP_NO_ERROR);
	assert_int_equal(out.status, 429);
	assert_int_equal(out.retry_after, 17);
	assert_int_equal(strncmp(nx_buf_str(&head), "HTTP/1.1 429", 12), 0);
	assert_non_null(strstr(nx_buf_str(&head),
	    "\r\nX-Rate-Limit-Limit: 100\r\nx-rate-limit-reset: 17\r\n"));

	/* Nothing of it stays for the next answer, and 3xx is an answer. */
	nx_buf_reset(&head);
	xs_answer(f->plain, 302, "Location: /ok\r\n", "");
	nx_http_do(f->http, &a, &out);
	assert_int_equal(out.status, 302);
	assert_int_equal(out.retry_after, 0);
	assert_null(strstr(nx_buf_str(&head), "429"));
	nx_buf_free(&head);
	nx_http_forget(f->http);
}

static void
odd_times_to_wait_are_bounded(void **state)
{
	static const struct {
		const char	*header;
		int		 want;
	} rows[] = {
		{ "0", 0 }, { "-5", 0 }, { "-9000000000000000000", 0 },
		{ "5000000000", INT32_MAX }, { "soon", 0 }, { "", 0 },
		{ "99999999999999999999999", 0 },
		{ "Thu, 01 Jan 1970 00:00:10 GMT", 0 },
	};
	struct fixture *f = *state;
	char headers[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_http_answer a;

		(void)snprintf(headers, sizeof(headers),
		    "Retry-After: %s\r\n", rows[i].header);
		xs_answer(f->plain, 429, headers, "{}");
		a = get(f->http, f->plain, "/any");
		assert_int_equal(a.status, 429);
		if (a.retry_after != rows[i].want)
			fail_msg("%s: %d", rows[i].header, a.retry_after);
	}
}

#define TOKEN "at/1+QWxhZGRpbg=="

static void
blanks_what_was_sent_in_secret(void **state)
{
	static const struct {
		int status; const char *body, *want;
	} rows[] = {
		{ 403, "no: Bearer " TOKEN, "no: Bearer *****************" },
		{ 200, TOKEN TOKEN, "**********************************" },
		{ 403, "at\\/1+QWxhZGRpbg==.", "******************." },
		{ 403, "at%2F1%2bQWxhZGRpbg%3D%3d",
		  "*************************" },
		{ 403, "\\u0061t/1+QWxhZGRpbg\\u003D=",
		  "***************************" },
		{ 403, "at/1+QWxhZGRpbg=", "at/1+QWxhZGRpbg=" },
		{ 403, "at/1+at/1+QWxhZGRpbg==%", "at/1+*****************%" },
		{ 403, "at%2", "at%2" }, { 403, "\\u00", "\\u00" },
		{ 400, "a form-secret, a short one",
		  "a ***********, a short one" },
		{ 200, "a form-secret", "a form-secret" }, { 403, "", "" },
	};
	static const char *const form[] = { "form-secret", "short", NULL };
	struct fixture *f = *state;
	struct nx_http_ask a = {
		.method = "POST", .bearer = TOKEN, .secrets = form,
		.url = xs_url(f->plain, "127.0.0.1", "/said"),
		.deadline = nx_clock_mono() + PATIENCE,
	};
	struct nx_http_answer out;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		xs_answer(f->plain, rows[i].status, "", rows[i].body);
		nx_http_do(f->http, &a, &out);
		assert_int_equal(out.status, rows[i].status);
		if (!nx_slice_is(out.body, rows[i].want))
			fail_msg("%.*s", (int)out.body.n, out.body.p);
	}
	a.bearer = NULL;
	a.basic_user = "Aladdin";
	a.basic_password = "open sesame";
	xs_answer(f->plain, 401, "", "Aladdin:open sesame open%20sesame "
	    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	nx_http_do(f->http, &a, &out);
	assert_true(nx_slice_is(out.body, "Aladdin:*********** ************* "
	    "Basic ****************************"));
}

static void
bad_ca_files_are_configuration_errors(void **state)
{
	char path[] = "/tmp/nx-test-empty-XXXXXX";
	struct nx_http_ca *ca;
	struct nx_err err;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(nx_http_ca_new(path, &ca, &err), NX_CONFIG);
	assert_null(ca);
	assert_non_null(strstr(err.detail, path));
	close(fd);
	unlink(path);
	assert_int_equal(nx_http_ca_new(path, &ca, &err), NX_CONFIG);
}

struct many {
	struct nx_http_ca	*ca;
	char			 url[100];
	int			 good;
};

static void *
ask_many(void *arg)
{
	struct many *m = arg;
	struct nx_http *http = nx_http_new(m->ca);

	for (int i = 0; http != NULL && i < ROUNDS; i++)
		m->good += ask(http, "POST", m->url, "x", i % 2 == 0).outcome
		    == NX_HTTP_ANSWERED;
	nx_http_free(http);
	return NULL;
}

static void
threads_share_the_ca(void **state)
{
	struct fixture *f = *state;
	struct many many[THREADS] = { { .good = 0 } };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		many[i].ca = f->ca;
		(void)snprintf(many[i].url, sizeof(many[i].url), "%s",
		    xs_url(f->secure, "127.0.0.1", "/ok"));
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many,
		    &many[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(many[i].good, ROUNDS);
	}
	assert_int_equal(xs_seen(f->secure).requests, THREADS * ROUNDS);
	/* One for each that leaves once, and the others follow on it. */
	assert_int_equal(xs_seen(f->secure).connections,
	    THREADS * (ROUNDS / 2 + 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_over_tls_on_one_connection),
		TEST(sends_what_is_asked),
		TEST(sends_further_headers),
		TEST(sends_a_long_body_whole),
		TEST(once_leaves_once),
		TEST(survives_a_connection_that_went_away),
		TEST(sends_nothing_where_the_server_has_ended),
		TEST(once_has_a_connection_of_its_own),
		TEST(once_may_go_where_something_went_just_now),
		TEST(a_close_that_crosses_repeats_nothing),
		TEST(what_has_not_ended_is_lost),
		TEST(a_close_after_it_is_lost),
		TEST(spoilt_answers_are_lost),
		TEST(what_has_come_of_an_only_answer_is_kept),
		TEST(keeps_the_deadline),
		TEST(a_body_is_read_as_it_is_sent),
		TEST(only_what_can_be_rewound_is_sent_again),
		TEST(a_body_comes_from_a_file),
		TEST(an_answer_goes_to_a_sink),
		TEST(a_sink_may_refuse),
		TEST(each_limit_ends_it),
		TEST(a_connection_is_as_old_as_asked),
		TEST(patience_outlasts_the_time_limit),
		TEST(what_came_while_frozen_is_read),
		TEST(silent_handshake_is_not_sent),
		TEST(trusts_only_its_ca),
		TEST(refuses_a_certificate_of_another_host),
		TEST(refuses_bad_addresses_and_tokens),
		TEST(reads_status_and_headers),
		TEST(odd_times_to_wait_are_bounded),
		TEST(blanks_what_was_sent_in_secret),
		TEST(bad_ca_files_are_configuration_errors),
		TEST(threads_share_the_ca),
	};
	int failed;

	if (nx_http_start() != NX_OK)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	nx_http_stop();
	return failed;
}
