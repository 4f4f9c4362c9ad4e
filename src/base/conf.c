/* conf.c - read, check and explain the configuration. */

#include "nx/base/conf.h"

#include <stdlib.h>

#include "nx/base/arena.h"
#include "nx/base/maxima.h"
#include "nx/base/url.h"

enum type { STR, SECRET, URL, PATH, LEVEL, PLAN, MONEY, INT };

struct conf_row {
	const char	*name, *def, *text;
	enum type	 type;
	int		 lo, hi;	/* INT, MONEY: value; else bytes */
	unsigned int	 need;
	size_t		 offset;
};

static const struct conf_row rows[] = {
#define NX_CONF_ROW(f, name, type, def, lo, hi, need, text) \
	{ name, def, text, type, lo, hi, need, offsetof(struct nx_conf, f) },
	NX_CONF_LIST(NX_CONF_ROW)
#undef NX_CONF_ROW
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const char *
nx_conf_getenv(void *unused, const char *name)
{
	(void)unused;
	return getenv(name);
}

/* A plain decimal within [lo, hi]; a fraction only where `cents` allows it. */
static bool
is_number(const char *value, int lo, int hi, bool cents)
{
	char *end;
	double d = strtod(value, &end);

	if (value[0] < '0' || value[0] > '9' || *end != '\0' ||
	    strspn(value, cents ? "0123456789." : "0123456789") !=
	    strlen(value))
		return false;
	return d >= lo && d <= hi;
}

/* What is wrong with the value; NULL when nothing is. */
static const char *
find_fault(const struct conf_row *row, const char *value)
{
	static const char *const plans[] = { "free", "basic", "pro", "payg",
	    "enterprise", NULL };
	const struct nx_slice text = nx_slice_str(value);
	enum nx_log_level level;

	if (row->type == INT || row->type == MONEY)
		return is_number(value, row->lo, row->hi,
		    row->type == MONEY) ? NULL : "is not a number in range";
	if (text.n < (size_t)row->lo)
		return "is too short";
	if (text.n > (size_t)row->hi)
		return "is too long";
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)value[i] < 0x20)
			return "holds a control character";
	}
	if (row->type == URL && !nx_url_is_safe(text))
		return "is not an https:// URL (http:// only for a"
		    " loopback host)";
	if (row->type == PLAN && !nx_slice_is_one_of(text, plans))
		return "is none of free, basic, pro, payg, enterprise";
	if (row->type == LEVEL && !nx_log_level_parse(value, &level))
		return "is none of error, warn, info, debug";
	return NULL;
}

static void
store_value(const struct conf_row *row, struct nx_conf *conf, const char *value)
{
	char *field = (char *)conf + row->offset;

	if (row->type == INT)
		*(int *)(void *)field = (int)strtol(value, NULL, 10);
	else
		*(const char **)(void *)field =
		    nx_arena_str(conf->arena, value);
}

static void
load_row(const struct conf_row *row, const char *value, unsigned int need,
    struct nx_conf *conf, struct nx_buf *problems)
{
	const char *why;

	if (value == NULL || *value == '\0') {
		if ((row->need & need) != 0)
			nx_buf_addf(problems, "%s is not set: %s\n",
			    row->name, row->text);
		if (row->def != NULL)
			store_value(row, conf, row->def);
		return;
	}
	if ((why = find_fault(row, value)) != NULL) {
		nx_buf_addf(problems, "%s %s: %s\n", row->name, why,
		    row->text);
		if (row->type == INT)
			store_value(row, conf, row->def);
		else if (row->type == SECRET)	/* set, if wrongly */
			store_value(row, conf, value);
		return;
	}
	store_value(row, conf, value);
}

/* `{base}/path` is built from it: one slash is enough. */
static void
trim_slashes(struct nx_conf *conf, const char **url)
{
	struct nx_slice s = nx_slice_str(*url);

	while (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	*url = nx_arena_slice(conf->arena, s);
}

/* As browsers write it, which is what it is compared with. */
static const char *
lower_case(struct nx_arena *arena, const char *origin)
{
	char *s = nx_arena_str(arena, origin);

	for (char *p = s; p != NULL && *p != '\0'; p++)
		*p = (char)nx_to_lower(*p);
	return s;
}

static bool
is_https(const char *origin)
{
	return nx_slice_starts(nx_slice_str(origin), "https:");
}

static bool
has_default_port(const char *origin)
{
	return nx_slice_ends(nx_slice_str(origin), is_https(origin) ? ":443" :
	    ":80");
}

/* Defaults that come from other variables. */
static void
derive_defaults(struct nx_conf *conf, struct nx_buf *problems)
{
	struct nx_slice origin;

	trim_slashes(conf, &conf->api_url);
	trim_slashes(conf, &conf->supabase_url);
	trim_slashes(conf, &conf->origin);
	if (conf->api_url != NULL && conf->token_url == NULL)
		conf->token_url = nx_arena_printf(conf->arena,
		    "%s/2/oauth2/token", conf->api_url);
	if (conf->api_url != NULL && conf->revoke_url == NULL)
		conf->revoke_url = nx_arena_printf(conf->arena,
		    "%s/2/oauth2/revoke", conf->api_url);
	if (conf->origin == NULL && conf->redirect_uri != NULL) {
		origin = nx_url_origin(nx_slice_str(conf->redirect_uri));
		conf->origin = nx_arena_slice(conf->arena, origin);
	} else if (conf->origin != NULL && !nx_slice_is(
	    nx_url_origin(nx_slice_str(conf->origin)), conf->origin)) {
		nx_buf_adds(problems, "NEXUS_ORIGIN is more than an origin:"
		    " give scheme and host (and port) only\n");
	}
	conf->origin = lower_case(conf->arena, conf->origin);
	if (has_default_port(conf->origin))
		nx_buf_adds(problems, "NEXUS_ORIGIN names its scheme's own"
		    " port, which browsers leave out: leave it out too, also"
		    " in TWITTER_REDIRECT_URI\n");
	conf->origin_is_https = conf->origin == NULL ||
	    is_https(conf->origin);
}

/*
 * Secrets that Supabase itself has published: of its command line, its Docker
 * set-up, its storage server and its client libraries' tests.  The service key
 * that goes with each is public too, and lets its bearer act for anybody.
 */
static bool
is_published(const char *secret)
{
	static const char *const known[] = {
	    "super-secret-jwt-token-with-at-least-32-characters-long",
	    "your-super-secret-jwt-token-with-at-least-32-characters-long",
	    "f023d3db-39dc-4ac9-87b2-b2be72e9162b",
	    "37c304f8-51aa-419a-a1af-06154e63707a", NULL };

	return nx_slice_is_one_of(nx_slice_str(secret), known);
}

static void
check_callers(const struct nx_conf *conf, struct nx_buf *problems)
{
	if (conf->jwt_secret == NULL && conf->jwks_file == NULL &&
	    conf->supabase_url == NULL)
		nx_buf_adds(problems, "SUPABASE_JWT_SECRET is not set and"
		    " neither is SUPABASE_URL nor SUPABASE_JWKS_FILE: one of"
		    " them is needed to tell who is calling\n");
	if (is_published(conf->jwt_secret) &&
	    !nx_url_is_loopback(nx_slice_str(conf->origin)))
		nx_buf_adds(problems, "SUPABASE_JWT_SECRET is one of"
		    " Supabase's examples, which anybody can sign with: give"
		    " the project a secret of its own (it will do only where"
		    " NEXUS_ORIGIN is a loopback address)\n");
}

/* What settles an unknown outcome reads two months back (store/post_row.h). */
static void
check_retention(const struct nx_conf *conf, struct nx_buf *problems)
{
	if (conf->retention_days > 0 && conf->retention_days < 60)
		nx_buf_adds(problems, "NEXUS_RETENTION_DAYS is less than 60:"
		    " younger posts are needed to settle what nobody knows"
		    " the outcome of\n");
}

static void
check_together(const struct nx_conf *conf, unsigned int need,
    struct nx_buf *problems)
{
	if ((need & NX_NEED_CALLERS) != 0)
		check_callers(conf, problems);
	check_retention(conf, problems);
	if (conf->dashboard_path != NULL &&
	    !nx_url_is_local_path(nx_slice_str(conf->dashboard_path)))
		nx_buf_adds(problems, "NEXUS_DASHBOARD_PATH is not a path on"
		    " this site: give one such as /dashboard\n");
	if (conf->webhook_url != NULL && conf->webhook_secret == NULL)
		nx_buf_adds(problems, "NEXUS_WEBHOOK_SECRET is not set, but"
		    " NEXUS_WEBHOOK_URL is: notices must be signed\n");
}

enum nx_rc
nx_conf_load(const char *(*lookup)(void *, const char *), void *ctx,
    unsigned int need, struct nx_conf *out, struct nx_buf *problems)
{
	const size_t before = problems->n;

	memset(out, 0, sizeof(*out));
	out->log = nx_log_stderr(lookup(ctx, "JOURNAL_STREAM"));
	if ((out->arena = nx_arena_new(NX_CONF_ARENA_MAX)) == NULL)
		return NX_NO_MEMORY;
	for (size_t i = 0; i < ROWS; i++)
		load_row(&rows[i], lookup(ctx, rows[i].name), need, out,
		    problems);
	derive_defaults(out, problems);
	check_together(out, need, problems);
	if (out->log_level != NULL)
		(void)nx_log_level_parse(out->log_level, &out->log.level);
	if (!nx_arena_ok(out->arena))
		return NX_NO_MEMORY;
	return problems->n == before ? NX_OK : NX_CONFIG;
}

void
nx_conf_free(struct nx_conf *conf)
{
	nx_arena_free(conf->arena);
	memset(conf, 0, sizeof(*conf));
}

void
nx_conf_help(FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct conf_row *row = &rows[i];

		(void)fprintf(out, "  %s", row->name);
		if (row->def != NULL)
			(void)fprintf(out, " (default: %s)", row->def);
		else if (row->need != 0)
			(void)fprintf(out, " (required)");
		(void)fprintf(out, "\n      %s\n", row->text);
	}
}
