/* test_base_conf.c - the configuration table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "nx/base/conf.h"

enum { ALL = NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS | NX_NEED_CALLERS };

/* An environment: pairs of name and value, ended by NULL. */
static const char *
look(void *ctx, const char *name)
{
	const char *const *env = ctx;

	for (; *env != NULL; env += 2) {
		if (strcmp(env[0], name) == 0)
			return env[1];
	}
	return NULL;
}

#define GOOD \
	"TWITTER_CLIENT_ID", "id", \
	"TWITTER_REDIRECT_URI", \
	    "https://nexus.example/api/auth/twitter/callback", \
	"DATABASE_URL", "postgresql://u:PRIVATE@db/x", \
	"NEXUS_KEYS", "k:PRIVATE", \
	"SUPABASE_JWT_SECRET", "PRIVATE-0123456789"

static void
gives_defaults(void **state)
{
	const char *env[] = { GOOD, NULL };
	struct nx_buf problems = NX_BUF(4000);
	struct nx_conf c;

	(void)state;
	assert_int_equal(nx_conf_load(look, env, ALL, &c, &problems), NX_OK);
	assert_string_equal(nx_buf_str(&problems), "");
	assert_string_equal(c.client_id, "id");
	assert_null(c.client_secret);
	assert_string_equal(c.scopes,
	    "tweet.read tweet.write users.read media.write offline.access");
	assert_string_equal(c.token_url,
	    "https://api.x.com/2/oauth2/token");
	assert_string_equal(c.revoke_url,
	    "https://api.x.com/2/oauth2/revoke");
	assert_string_equal(c.origin, "https://nexus.example");
	assert_true(c.origin_is_https);
	assert_int_equal(c.threads, 32);
	assert_int_equal(c.db_pool, 8);
	assert_int_equal(c.log.level, NX_LOG_INFO);
	nx_conf_free(&c);
	nx_buf_free(&problems);
}

/* Browsers send it in lower case, and it decides about Secure cookies. */
static void
an_origin_may_be_written_in_capitals(void **state)
{
	const char *env[] = { "TWITTER_REDIRECT_URI",
	    "HTTPS://Nexus.Example:8443/api/Auth", GOOD, NULL };
	const char *own[] = { "NEXUS_ORIGIN", "htTps://Nexus.EXAMPLE",
	    GOOD, NULL };
	struct nx_buf problems = NX_BUF(4000);
	struct nx_conf c;

	(void)state;
	assert_int_equal(nx_conf_load(look, env, ALL, &c, &problems), NX_OK);
	assert_string_equal(c.origin, "https://nexus.example:8443");
	assert_true(c.origin_is_https);
	assert_string_equal(c.redirect_uri,
	    "HTTPS://Nexus.Example:8443/api/Auth");
	nx_conf_free(&c);
	assert_int_equal(nx_conf_load(look, own, ALL, &c, &problems), NX_OK);
	assert_string_equal(c.origin, "https://nexus.example");
	assert_true(c.origin_is_https);
	nx_conf_free(&c);
	nx_buf_free(&problems);
}

static void
takes_what_is_set(void **state)
{
	const char *env[] = { GOOD, "TWITTER_API_URL",
	    "http://127.0.0.1:8080", "TWITTER_TOKEN_URL",
	    "https://other.example/t", "NEXUS_ORIGIN",
	    "http://localhost:3000", "NEXUS_THREADS", "1024",
	    "NEXUS_LOG_LEVEL", "debug", "TWITTER_MONTHLY_BUDGET_USD",
	    "12.50", "TWITTER_PLAN", "", NULL };
	struct nx_buf problems = NX_BUF(4000);
	struct nx_conf c;

	(void)state;
	assert_int_equal(nx_conf_load(look, env, ALL, &c, &problems), NX_OK);
	assert_string_equal(c.token_url, "https://other.example/t");
	assert_string_equal(c.revoke_url,
	    "http://127.0.0.1:8080/2/oauth2/revoke");
	assert_string_equal(c.origin, "http://localhost:3000");
	assert_false(c.origin_is_https);
	assert_int_equal(c.threads, 1024);
	assert_int_equal(c.log.level, NX_LOG_DEBUG);
	assert_string_equal(c.budget, "12.50");
	assert_string_equal(c.plan, "payg");
	nx_conf_free(&c);
	nx_buf_free(&problems);
}

static void
callers_are_told_by_any_of_three(void **state)
{
	static const char *const ways[][2] = {
		{ "SUPABASE_JWT_SECRET", "PRIVATE-0123456789" },
		{ "SUPABASE_URL", "https://project.supabase.co" },
		{ "SUPABASE_JWKS_FILE", "/etc/jwks.json" },
	};
	struct nx_buf problems = NX_BUF(4000);
	struct nx_conf c;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *env[] = { ways[i][0], ways[i][1], NULL };

		assert_int_equal(nx_conf_load(look, env, NX_NEED_CALLERS, &c,
		    &problems), NX_OK);
		nx_conf_free(&c);
	}
	nx_buf_free(&problems);
}

/* What anybody can sign with serves nobody but the person at the machine. */
static void
refuses_published_secrets(void **state)
{
	static const char *const secrets[] = {
	    "super-secret-jwt-token-with-at-least-32-characters-long",
	    "your-super-secret-jwt-token-with-at-least-32-characters-long",
	};
	static const struct { const char *origin; bool ok; } cases[] = {
		{ "https://nexus.example", false },
		{ "https://localhost.example", false },
		{ "https://127.0.0.1.example", false },
		{ "http://127.0.0.1:8080", true },
		{ "http://localhost:3000", true }, { "http://[::1]", true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		const char *env[] = { "NEXUS_ORIGIN", cases[i / 2].origin,
		    "SUPABASE_JWT_SECRET", secrets[i % 2], GOOD, NULL };
		struct nx_buf problems = NX_BUF(4000);
		struct nx_conf c;

		assert_int_equal(nx_conf_load(look, env, ALL, &c, &problems),
		    cases[i / 2].ok ? NX_OK : NX_CONFIG);
		if (!cases[i / 2].ok)
			assert_memory_equal(problems.p, "SUPABASE_JWT_SECRET",
			    19);
		assert_null(strstr(nx_buf_str(&problems), "super-secret"));
		nx_conf_free(&c);
		/* who asks nobody for a token does not need a good secret */
		nx_buf_reset(&problems);
		assert_int_equal(nx_conf_load(look, env, ALL &
		    ~(unsigned int)NX_NEED_CALLERS, &c, &problems), NX_OK);
		nx_conf_free(&c);
		nx_buf_free(&problems);
	}
}

static void
names_all_that_is_missing(void **state)
{
	static const char *const names[] = { "TWITTER_CLIENT_ID",
	    "TWITTER_REDIRECT_URI", "DATABASE_URL", "NEXUS_KEYS",
	    "SUPABASE_JWT_SECRET" };
	const char *env[] = { NULL };
	struct nx_buf problems = NX_BUF(8000);
	struct nx_conf c;

	(void)state;
	assert_int_equal(nx_conf_load(look, env, ALL, &c, &problems),
	    NX_CONFIG);
	for (size_t i = 0; i < 5; i++)
		assert_non_null(strstr(nx_buf_str(&problems), names[i]));
	nx_conf_free(&c);
	nx_buf_reset(&problems);
	assert_int_equal(nx_conf_load(look, env, 0, &c, &problems), NX_OK);
	assert_string_equal(nx_buf_str(&problems), "");
	nx_conf_free(&c);
	nx_buf_free(&problems);
}

static void
names_what_is_wrong_and_tells_no_value(void **state)
{
	static const char *const bad[][2] = {
		{ "TWITTER_REDIRECT_URI", "http://PRIVATE.example/cb" },
		{ "TWITTER_API_URL", "PRIVATE" },
		{ "TWITTER_CLIENT_ID", "PRI\nVATE" },
		{ "SUPABASE_JWT_SECRET", "PRIVATE" },
		{ "TWITTER_PLAN", "PRIVATE" },
		{ "NEXUS_LOG_LEVEL", "PRIVATE" },
		{ "NEXUS_THREADS", "0" }, { "NEXUS_THREADS", "1025" },
		{ "NEXUS_THREADS", "-1" }, { "NEXUS_THREADS", "8 " },
		{ "NEXUS_THREADS", "1e2" }, { "NEXUS_THREADS", "0x10" },
		{ "NEXUS_THREADS", "99999999999999999999" },
		{ "NEXUS_DB_POOL", "8.5" },
		{ "NEXUS_RETENTION_DAYS", "59" },
		{ "NEXUS_RETENTION_DAYS", "-60" },
		{ "TWITTER_MONTHLY_BUDGET_USD", "-1" },
		{ "TWITTER_MONTHLY_BUDGET_USD", "1.2.3" },
		{ "TWITTER_MONTHLY_BUDGET_USD", "inf" },
		{ "NEXUS_ORIGIN", "https://PRIVATE.example/path" },
		{ "NEXUS_DASHBOARD_PATH", "//PRIVATE.example" },
		{ "NEXUS_WEBHOOK_URL", "https://PRIVATE.example/" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *env[] = { bad[i][0], bad[i][1], GOOD, NULL };
		const char *named = strcmp(bad[i][0], "NEXUS_WEBHOOK_URL") ?
		    bad[i][0] : "NEXUS_WEBHOOK_SECRET";
		struct nx_buf problems = NX_BUF(4000);
		struct nx_conf c;

		if (nx_conf_load(look, env, ALL, &c, &problems) != NX_CONFIG)
			fail_msg("taken: %s=%s", bad[i][0], bad[i][1]);
		assert_memory_equal(problems.p, named, strlen(named));
		assert_ptr_equal(strchr(problems.p, '\n'),
		    problems.p + problems.n - 1);
		assert_null(strstr(problems.p, "PRIVATE"));
		nx_conf_free(&c);
		nx_buf_free(&problems);
	}
}

static void
explains_every_row(void **state)
{
	static const char *const names[] = {
#define ROW_NAME(f, name, type, def, lo, hi, need, text) name,
		NX_CONF_LIST(ROW_NAME)
#undef ROW_NAME
	};
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	(void)state;
	nx_conf_help(f);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(strstr(text, names[i]));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_defaults),
		cmocka_unit_test(takes_what_is_set),
		cmocka_unit_test(an_origin_may_be_written_in_capitals),
		cmocka_unit_test(callers_are_told_by_any_of_three),
		cmocka_unit_test(refuses_published_secrets),
		cmocka_unit_test(names_all_that_is_missing),
		cmocka_unit_test(names_what_is_wrong_and_tells_no_value),
		cmocka_unit_test(explains_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
