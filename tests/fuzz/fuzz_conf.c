/*
 * fuzz_conf.c - the environment, one NAME=VALUE a line, and what is asked of
 * URLs.
 *
 * Every problem is a line that names a variable; no problem repeats a secret;
 * a configuration without problems is usable.
 */

#include "fuzz.h"

#include <ctype.h>
#include <strings.h>

#include "nx/base/conf.h"
#include "nx/base/url.h"

enum { PROBLEMS_MAX = 64 * 1024, SECRET_SHOWS = 12 };

static const unsigned int needs[] = { 0, NX_NEED_KEYS,
    NX_NEED_X | NX_NEED_KEYS, NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS |
    NX_NEED_CALLERS };

struct environment {
	struct nx_slice	 text;
	struct nx_arena	*arena;
	const char	*name, *value;	/* in place of what the text says */
};

/* The first line of a name counts. */
static const char *
look(void *ctx, const char *name)
{
	struct environment *e = ctx;
	struct nx_slice rest = e->text;

	if (e->name != NULL && strcmp(name, e->name) == 0)
		return e->value;
	while (rest.p != NULL) {
		struct nx_slice value = nx_slice_cut(&rest, '\n');
		struct nx_slice key = nx_slice_cut(&value, '=');

		if (nx_slice_is(key, name) && value.p != NULL)
			return nx_arena_slice(e->arena, value);
	}
	return NULL;
}

/* Every problem is a line that names a variable. */
static void
check_problems(const struct nx_buf *problems)
{
	struct nx_slice rest = nx_buf_slice(problems);

	CHECK(nx_buf_ok(problems) && rest.n > 0);
	while (rest.n > 0) {
		struct nx_slice line = nx_slice_cut(&rest, '\n');

		CHECK(rest.p != NULL);	/* each line has an end */
		CHECK(line.n > 8 && (memcmp(line.p, "TWITTER_", 8) == 0 ||
		    memcmp(line.p, "NEXUS_", 6) == 0 ||
		    memcmp(line.p, "SUPABASE_", 8) == 0 ||
		    memcmp(line.p, "DATABASE", 8) == 0));
	}
}

static bool
is_in(const struct nx_buf *problems, const char *secret)
{
	return strstr(nx_buf_str(problems), secret) != NULL;
}

/* A letter becomes the next one, a digit the next digit. */
static const char *
turned(struct nx_arena *arena, const char *secret)
{
	char *t = nx_arena_str(arena, secret);

	for (char *p = t; p != NULL && *p != '\0'; p++) {
		if (isalpha((unsigned char)*p))
			*p += (*p | 0x20) == 'z' ? -25 : 1;
		else if (isdigit((unsigned char)*p))
			*p = *p == '9' ? '0' : (char)(*p + 1);
	}
	return t;
}

/*
 * No problem repeats a secret.  A text that holds it may be ours by chance, as
 * where a secret is a variable's name: only what changes with it is its copy.
 */
static void
check_secrets(struct environment *e, unsigned int need,
    const struct nx_buf *problems)
{
	static const char *const secrets[] = { "TWITTER_CLIENT_SECRET",
	    "SUPABASE_JWT_SECRET", "NEXUS_KEYS", "NEXUS_WEBHOOK_SECRET" };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		const char *s = look(e, secrets[i]);
		struct environment other = *e;
		struct nx_buf then = NX_BUF(PROBLEMS_MAX);
		struct nx_conf conf;

		if (s == NULL || strlen(s) < SECRET_SHOWS ||
		    !is_in(problems, s))
			continue;
		other.name = secrets[i];
		other.value = turned(e->arena, s);
		if (nx_conf_load(look, &other, need, &conf, &then) ==
		    NX_CONFIG && other.value != NULL)
			CHECK(!is_in(&then, other.value));
		nx_conf_free(&conf);
		nx_buf_free(&then);
	}
}

static void
check_usable(const struct nx_conf *conf, unsigned int need)
{
	CHECK(conf->threads >= 1 && conf->db_pool >= 1);
	CHECK(conf->log.level <= NX_LOG_DEBUG);
	CHECK((need & NX_NEED_KEYS) == 0 || conf->keys != NULL);
	CHECK((need & NX_NEED_DB) == 0 || conf->database_url != NULL);
	if ((need & NX_NEED_X) == 0)
		return;
	CHECK(conf->client_id != NULL && conf->redirect_uri != NULL);
	CHECK(nx_url_is_safe(nx_slice_str(conf->token_url)));
	CHECK(nx_url_is_safe(nx_slice_str(conf->revoke_url)));
	CHECK(nx_url_is_safe(nx_slice_str(conf->api_url)));
	CHECK(conf->origin != NULL && nx_slice_is(nx_url_origin(
	    nx_slice_str(conf->origin)), conf->origin));
	CHECK(conf->origin_is_https ==
	    (strncmp(conf->origin, "https://", 8) == 0));
	CHECK(conf->origin_is_https ||
	    strncmp(conf->origin, "http://", 7) == 0);
}

static void
check_url(struct nx_slice url)
{
	struct nx_slice origin = nx_url_origin(url);
	bool safe = nx_url_is_safe(url);

	CHECK(origin.n == 0 || (origin.p == url.p && origin.n <= url.n));
	CHECK(!safe || (origin.n > 7 &&
	    memchr(origin.p, '@', origin.n) == NULL));
	CHECK(!safe || strncasecmp(url.p, "http", 4) == 0);
	if (nx_url_is_local_path(url)) {
		CHECK(url.n > 0 && url.p[0] == '/');
		CHECK(url.n == 1 || (url.p[1] != '/' && url.p[1] != '\\'));
		CHECK(memchr(url.p, '\n', url.n) == NULL &&
		    memchr(url.p, '\0', url.n) == NULL);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct nx_slice in = { (const char *)data, n };
	const unsigned int need = needs[fuzz_byte(&in) % 4];
	struct environment e = { .text = in,
	    .arena = nx_arena_new(1 << 20) };
	struct nx_buf problems = NX_BUF(PROBLEMS_MAX);
	struct nx_conf conf;
	enum nx_rc rc;

	CHECK(e.arena != NULL);
	rc = nx_conf_load(look, &e, need, &conf, &problems);
	if (nx_arena_ok(e.arena)) {
		CHECK(rc == NX_OK || rc == NX_CONFIG);
		if (rc == NX_CONFIG) {
			check_problems(&problems);
			check_secrets(&e, need, &problems);
		} else {
			check_usable(&conf, need);
		}
	}
	nx_conf_free(&conf);
	nx_buf_free(&problems);
	nx_arena_free(e.arena);
	if (in.n > 0)
		check_url(nx_slice_cut(&in, '\n'));
	return 0;
}
