/* test_x_oauth.c - what goes to X's token endpoint and what comes back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "x_fixture.h"

#define GRANT "{\"token_type\":\"bearer\",\"expires_in\":7200,"	\
	"\"access_token\":\"Q0Mz-1\","				\
	"\"scope\":\"tweet.read users.read\","				\
	"\"refresh_token\":\"bWRW_2\"}"

static void
authorize_url(void **state)
{
	struct x_fixture *f = *state;
	struct nx_buf out = NX_BUF(2000);

	nx_oauth_authorize_url(&f->conf, "client:1",
	    "tweet.read offline.access", "st-1", "ch_1", &out);
	assert_string_equal(nx_buf_str(&out),
	    "https://x.com/i/oauth2/authorize?response_type=code"
	    "&client_id=client%3A1"
	    "&redirect_uri=https%3A%2F%2Fnexus.test%2Fcb%3Fa%3Db"
	    "&scope=tweet.read%20offline.access&state=st-1"
	    "&code_challenge=ch_1&code_challenge_method=S256");
	nx_buf_reset(&out);
	f->conf.authorize_url = "https://x.test/a?lang=en";
	nx_oauth_authorize_url(&f->conf, "c", "s", "t", "h", &out);
	assert_memory_equal(nx_buf_str(&out),
	    "https://x.test/a?lang=en&response_type=code&", 44);
	nx_buf_free(&out);
}

static void
public_client_exchanges(void **state)
{
	struct x_fixture *f = *state;
	struct nx_grant g;
	struct nx_verdict v;
	struct xs_seen seen;
	int64_t now = nx_clock_wall();

	xs_answer(f->server, 200, "", GRANT);
	nx_oauth_exchange(&f->x, "co+de", "verifier~1", &g, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(g.access_token, "Q0Mz-1");
	assert_string_equal(g.refresh_token, "bWRW_2");
	assert_string_equal(g.scopes, "tweet.read users.read");
	assert_in_range(g.expires_at, now + 7200, now + 7203);
	seen = xs_seen(f->server);
	assert_string_equal(seen.method, "POST");
	assert_string_equal(seen.path, "/2/oauth2/token");
	assert_string_equal(seen.type, "application/x-www-form-urlencoded");
	assert_string_equal(seen.auth, "");
	assert_string_equal(seen.body, "grant_type=authorization_code"
	    "&code=co%2Bde&redirect_uri=https%3A%2F%2Fnexus.test%2Fcb%3Fa%3Db"
	    "&code_verifier=verifier~1&client_id=client%3A1");
}

static void
confidential_client_refreshes_and_revokes(void **state)
{
	struct x_fixture *f = *state;
	struct nx_grant g;
	struct nx_verdict v;
	struct xs_seen seen;

	f->conf.client_secret = "s3cret";
	xs_answer(f->server, 200, "", GRANT);
	nx_oauth_refresh(&f->x, "old/token", &g, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	seen = xs_seen(f->server);
	assert_string_equal(seen.auth, "Basic Y2xpZW50OjE6czNjcmV0");
	assert_string_equal(seen.body,
	    "grant_type=refresh_token&refresh_token=old%2Ftoken");

	xs_answer(f->server, 200, "", "{\"revoked\":true}");
	nx_oauth_revoke(&f->x, "tok", "refresh_token", &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	seen = xs_seen(f->server);
	assert_string_equal(seen.path, "/2/oauth2/revoke");
	assert_string_equal(seen.auth, "Basic Y2xpZW50OjE6czNjcmV0");
	assert_string_equal(seen.body,
	    "token=tok&token_type_hint=refresh_token");
}

static void
usable_answers(void **state)
{
	static const struct {
		const char	*body;
		int64_t		 life;
		const char	*refresh, *scopes;
	} rows[] = {
		{ "{\"access_token\":\"a\"}", 7200, NULL, NULL },
		{ "{\"access_token\":\"a\",\"token_type\":\"Bearer\","
		  "\"expires_in\":\"3600\"}", 3600, NULL, NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":-5,\"x\":{}}", 7200,
		  NULL, NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":0}", 7200, NULL,
		  NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":60}", 7200, NULL,
		  NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":\"61\"}", 61, NULL,
		  NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":7200.5}", 7200,
		  NULL, NULL },
		{ "{\"access_token\":\"a\",\"refresh_token\":\"\"}", 7200,
		  NULL, NULL },
		{ "{\"access_token\":\"a\",\"refresh_token\":7}", 7200,
		  NULL, NULL },
		{ "{\"access_token\":\"a\",\"refresh_token\":\"a b\"}", 7200,
		  NULL, NULL },
		{ "\xef\xbb\xbf{\"access_token\":\"a\",\"refresh_token\":"
		  "\"r\"}", 7200, "r", NULL },
		{ "{\"access_token\":\"a\",\"scope\":\"a.b,c.d\"}", 7200,
		  NULL, "a.b c.d" },
		{ "{\"access_token\":\"a\",\"scope\":[\"a.b\"]}", 7200,
		  NULL, NULL },
		{ "{\"access_token\":\"a\",\"note\":\"\xff\\ud800\"}",
		  7200, NULL, NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":99999999999}",
		  30 * 86400, NULL, NULL },
		{ "{\"access_token\":\"a\",\"expires_in\":\"soon\","
		  "\"refresh_token\":null,\"scope\":\"\"}", 7200, NULL, NULL },
		{ "{\"scope\":\"a b\",\"refresh_token\":\"r\","
		  "\"access_token\":\"a\"}", 7200, "r", "a b" },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t now = nx_clock_wall();
		struct nx_verdict v;
		struct nx_grant g;

		nx_arena_reset(f->x.arena);
		xs_answer(f->server, 200, "", rows[i].body);
		nx_oauth_refresh(&f->x, "r", &g, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_string_equal(g.access_token, "a");
		assert_in_range(g.expires_at, now + rows[i].life,
		    now + rows[i].life + 3);
		assert_true((g.refresh_token == NULL) ==
		    (rows[i].refresh == NULL));
		assert_true((g.scopes == NULL) == (rows[i].scopes == NULL));
		if (rows[i].refresh != NULL)
			assert_string_equal(g.refresh_token, rows[i].refresh);
		if (rows[i].scopes != NULL)
			assert_string_equal(g.scopes, rows[i].scopes);
	}
}

/* X may have spent the code: that is never "refused" and never "done". */
static void
unusable_answers_are_unknown(void **state)
{
	static const char *const bodies[] = {
		"{}", "", "<html>", "{\"access_token\":\"\"}",
		"{\"access_token\":7}", "{\"access_token\":null}",
		"{\"access_token\":\"a b\"}", "{\"access_token\":\"a\\n\"}",
		"{\"access_token\":\"\xc3\xa9\"}",
		"{\"access_token\":\"a\",\"token_type\":\"mac\"}",
		"{\"data\":{\"access_token\":\"a\"}}",
		"{\"access_token\":\"a\",\"access_token\":\"b\"}",
		"{\"access_token\":\"\\ud800\"}",
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct nx_verdict v;
		struct nx_grant g;

		nx_arena_reset(f->x.arena);
		xs_answer(f->server, 200, "", bodies[i]);
		nx_oauth_exchange(&f->x, "c", "v", &g, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
		assert_null(g.access_token);
		assert_null(g.refresh_token);
	}
}

/* What nobody can use is still known, to be given back. */
static void
unusable_answers_name_their_tokens(void **state)
{
	static const struct {
		const char	*body, *tokens;	/* r: it refreshes */
	} rows[] = {
		{ "{\"access_token\":\"a1\",\"refresh_token\":\"r1\","
		  "\"access_token\" :\n\"a2\",\"refresh_token\":\"r2\"}",
		  "a1 a2 r1r r2r " },
		{ "{\"access_token\":\"a1\",\"token_type\":\"mac\","
		  "\"refresh_token\":\"r1\"}", "a1 r1r " },
		{ "{\"access_token\":\"a1\",\"refresh_token\":\"r1\"",
		  "a1 r1r " },
		{ "{\"access_token\":\"\",\"refresh_token\":null,"
		  "\"access_token\"", "" },
		{ "<html>\"access_token\"</html>", "" },
		{ GRANT, "" },
	};
	struct x_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nx_buf tokens = NX_BUF(200);
		struct nx_verdict v;
		struct nx_grant g;

		nx_arena_reset(f->x.arena);
		xs_answer(f->server, 200, "", rows[i].body);
		nx_oauth_refresh(&f->x, "r", &g, &v);
		for (size_t k = 0; k < g.nstrays; k++)
			nx_buf_addf(&tokens, "%s%s ", g.strays[k].token,
			    g.strays[k].refreshes ? "r" : "");
		assert_string_equal(nx_buf_str(&tokens), rows[i].tokens);
		nx_buf_free(&tokens);
	}
}

/* The connection ends badly after the answer: the grant is not lost. */
static void
a_grant_outlives_its_connection(void **state)
{
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct nx_grant g;

	for (int how = 0; how < XS_CUTS; how++) {
		nx_arena_reset(f->x.arena);
		xs_cut(f->server, how, 200, GRANT);
		nx_oauth_refresh(&f->x, "r", &g, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_int_equal(v.x.status, 200);
		assert_non_null(g.access_token);
		assert_non_null(g.refresh_token);
		nx_oauth_exchange(&f->x, "c", "v", &g, &v);
		assert_int_equal(v.class, NX_CLASS_DONE);
		assert_non_null(g.refresh_token);

		nx_arena_reset(f->x.arena);
		/* Half of it is none; what is whole in it goes back to X. */
		xs_cut(f->server, how, 200, "{\"access_token\":\"whole\","
		    "\"refresh_token\":\"hal");
		nx_oauth_exchange(&f->x, "c", "v", &g, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
		assert_null(g.access_token);
		assert_int_equal(g.nstrays, 1);
		assert_string_equal(g.strays[0].token, "whole");

		xs_cut(f->server, how, 400, "{\"error\":\"invalid_grant\"}");
		nx_oauth_refresh(&f->x, "r", &g, &v);
		assert_int_equal(v.class, NX_CLASS_UNKNOWN);
	}
}

static void
refusals_leave_no_grant(void **state)
{
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct nx_grant g;

	xs_answer(f->server, 400, "", "{\"error\":\"invalid_request\","
	    "\"error_description\":\"Value passed for the token was"
	    " invalid.\"}");
	nx_oauth_refresh(&f->x, "r", &g, &v);
	assert_int_equal(v.class, NX_CLASS_SUSPECT);
	assert_null(g.access_token);
	nx_oauth_exchange(&f->x, "c", "v", &g, &v);
	assert_int_equal(v.class, NX_CLASS_CODE);
	assert_int_equal(v.x.status, 400);
}

#define CODE "c+de/of-this-login"
#define VERIFIER "verifier~of-this-login"
#define REFRESH "bWRW/refresh+token=="

static void
keeps_its_secrets(void **state)
{
	static const char echo[] = "{\"error\":\"invalid_request\","
	    "\"error_description\":\"" CODE "|" VERIFIER "|" REFRESH "|"
	    "c%2Bde%2Fof-this-login|bWRW\\/refresh+token%3d%3D|"
	    "the client's \\u0022secret\\\"|"
	    "Y2xpZW50OjE6dGhlIGNsaWVudCdzICJzZWNyZXQi|end\"}";
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct nx_grant g;

	f->conf.client_secret = "the client's \"secret\"";
	xs_answer(f->server, 400, "", echo);
	nx_oauth_refresh(&f->x, REFRESH, &g, &v);
	assert_non_null(strstr(v.x.detail, CODE "|" VERIFIER "|****"));
	assert_non_null(strstr(v.x.detail, "*|end"));
	assert_null(strstr(v.x.detail, "refresh+token"));
	assert_null(strstr(v.x.detail, "client"));
	assert_null(strstr(v.x.detail, "secret"));
	assert_null(strstr(v.x.detail, "Y2xp"));
	nx_oauth_exchange(&f->x, CODE, VERIFIER, &g, &v);
	assert_non_null(strstr(v.x.detail, "*|" REFRESH "|*"));
	assert_null(strstr(v.x.detail, "of-this-login"));
	nx_oauth_revoke(&f->x, REFRESH, "refresh_token", &v);
	assert_non_null(strstr(v.x.detail, CODE));
	assert_null(strstr(v.x.detail, "refresh+token"));
}

/* X may grant once more what was sent. */
static void
takes_the_same_token_again(void **state)
{
	struct x_fixture *f = *state;
	struct nx_verdict v;
	struct nx_grant g;

	xs_answer(f->server, 200, "", "{\"access_token\":\"a\","
	    "\"refresh_token\":\"" REFRESH "\",\"detail\":\"" REFRESH
	    "\"}");
	nx_oauth_refresh(&f->x, REFRESH, &g, &v);
	assert_int_equal(v.class, NX_CLASS_DONE);
	assert_string_equal(g.refresh_token, REFRESH);
	assert_string_equal(v.x.detail, "");
}

/* A lost answer to either exchange is one delivery, also when reused. */
static void
spends_once(void **state)
{
	struct x_fixture *f = *state;
	char drop[120];
	struct nx_verdict v;
	struct nx_grant g;

	xs_answer(f->server, 200, "", GRANT);
	nx_oauth_refresh(&f->x, "r", &g, &v);
	(void)snprintf(drop, sizeof(drop), "%s/drop", f->api);
	f->conf.token_url = drop;
	nx_oauth_refresh(&f->x, "r", &g, &v);
	assert_int_equal(v.class, NX_CLASS_UNKNOWN);
	assert_int_equal(xs_seen(f->server).requests, 2);
	nx_oauth_exchange(&f->x, "c", "v", &g, &v);
	assert_int_equal(v.class, NX_CLASS_UNKNOWN);
	assert_int_equal(xs_seen(f->server).requests, 3);
}

static void
asks_nothing_without_room_for_the_answer(void **state)
{
	struct x_fixture *f = *state;
	struct nx_arena *all = f->x.arena;
	struct nx_verdict v;
	struct nx_grant g;

	f->x.arena = nx_arena_new(8);
	assert_non_null(f->x.arena);
	xs_answer(f->server, 200, "", GRANT);
	nx_oauth_refresh(&f->x, "r", &g, &v);
	assert_int_equal(v.class, NX_CLASS_RETRY);
	assert_int_equal(xs_seen(f->server).requests, 0);
	assert_null(g.access_token);
	nx_arena_free(f->x.arena);
	f->x.arena = all;
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LOOKS_AT_FREED 1
#endif

#ifdef LOOKS_AT_FREED
/* Every block that this program and its libraries give back is looked at. */
static atomic_bool watching;
static atomic_int seen_freed;

void	__libc_free(void *p);

void
free(void *p)
{
	if (p != NULL && atomic_load(&watching) && memmem(p,
	    malloc_usable_size(p), "-of-this-grant", 14) != NULL)
		atomic_fetch_add(&seen_freed, 1);
	__libc_free(p);
}
#endif

static void
forgets_what_it_has_read(void **state)
{
	static const char body[] = "{\"access_token\":\"a-of-this-grant\","
	    "\"x\":[{\"y\":\"z-of-this-grant\"}],"
	    "\"refresh_token\":\"r-of-this-grant\"}";
	struct x_fixture *f = *state;
	/* Of the kind that reserves its room, so that the block stays. */
	struct nx_http_ask ask = { .method = "POST", .url = f->api,
	    .body = NX_SLICE("x"), .once = true,
	    .deadline = f->x.deadline };
	struct nx_http_answer before;
	struct nx_verdict v;
	struct nx_grant g;
	char more[sizeof(body)];

	memset(more, ' ', sizeof(more) - 1);
	more[sizeof(more) - 1] = '\0';
	xs_answer(f->server, 200, "", more);
	nx_http_do(f->x.http, &ask, &before);	/* where answers are read to */
	assert_int_equal(before.body.n, sizeof(body) - 1);
	xs_answer(f->server, 200, "", body);
#ifdef LOOKS_AT_FREED
	atomic_store(&watching, true);
#endif
	nx_oauth_refresh(&f->x, "r", &g, &v);
#ifdef LOOKS_AT_FREED
	atomic_store(&watching, false);
	assert_int_equal(atomic_load(&seen_freed), 0);
#endif
	assert_string_equal(g.refresh_token, "r-of-this-grant");
	assert_null(memmem(before.body.p, before.body.n, "grant", 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		X_TEST(authorize_url),
		X_TEST(public_client_exchanges),
		X_TEST(confidential_client_refreshes_and_revokes),
		X_TEST(usable_answers),
		X_TEST(unusable_answers_are_unknown),
		X_TEST(unusable_answers_name_their_tokens),
		X_TEST(a_grant_outlives_its_connection),
		X_TEST(refusals_leave_no_grant),
		X_TEST(forgets_what_it_has_read),
		X_TEST(keeps_its_secrets),
		X_TEST(takes_the_same_token_again),
		X_TEST(spends_once),
		X_TEST(asks_nothing_without_room_for_the_answer),
	};

	return cmocka_run_group_tests(tests, x_begin, x_end);
}
