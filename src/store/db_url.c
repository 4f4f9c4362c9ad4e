/*
 * db_url.c - what other programs write into DATABASE_URL and libpq refuses.
 *
 * libpq's message quotes what it stumbled over, and behind a character that a
 * password should not have held that is a piece of the password.  So a name is
 * repeated only where nothing secret can stand.
 */

#include "db_url.h"

#include <ctype.h>
#include <string.h>

#include "nx/base/maxima.h"
#include "nx/base/slice.h"

static const struct {
	const char	*name, *hint;
} foreign[] = {
	{ "pgbouncer", " (a pooler is noticed without it)" },
	{ "connection_limit", " (NEXUS_DB_POOL says how many there are)" },
	{ "pool_timeout", " (each request has a deadline of its own)" },
	{ "statement_cache_size", " (poolers are noticed by themselves)" },
	{ "schema", " (ALTER ROLE ... SET search_path does that)" },
	{ "sslaccept", " (sslmode=verify-full or =require does that)" },
};

static const char *
hint_for(struct nx_slice name)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
		if (nx_slice_is(name, foreign[i].name))
			return foreign[i].hint;
	}
	return "";
}

/* `+asyncpg` and the like before `://`; empty where there is no scheme. */
static struct nx_slice
scheme_of(const char *url)
{
	static const char jdbc[] = "jdbc:";
	size_t at = strncmp(url, jdbc, sizeof(jdbc) - 1) == 0 ?
	    sizeof(jdbc) - 1 : 0;

	while (isalnum((unsigned char)url[at]) || (url[at] != '\0' &&
	    strchr("+-.", url[at]) != NULL))
		at++;
	if (at > NX_DB_WORD_MAX || strncmp(url + at, "://", 3) != 0)
		at = 0;
	return (struct nx_slice){ url, at };
}

static bool
is_libpqs(struct nx_slice scheme)
{
	return nx_slice_is(scheme, "postgresql") ||
	    nx_slice_is(scheme, "postgres");
}

/* The name that libpq's message quotes, when it is a parameter's. */
static struct nx_slice
parameter_in(const char *message)
{
	static const char *const begins[] = { "invalid URI query parameter: \"",
	    "invalid connection option \"" };
	const struct nx_slice none = { NULL, 0 };

	for (size_t i = 0; message != NULL &&
	    i < sizeof(begins) / sizeof(*begins); i++) {
		const size_t n = strlen(begins[i]);
		struct nx_slice name = { message + n, 0 };

		if (strncmp(message, begins[i], n) != 0)
			continue;
		while (isalnum((unsigned char)name.p[name.n]) ||
		    name.p[name.n] == '_')
			name.n++;
		return name.p[name.n] == '"' && name.n > 0 &&
		    name.n <= NX_DB_WORD_MAX ? name : none;
	}
	return none;
}

/* Where `name` stands in `url` as a parameter; NULL: nowhere. */
static const char *
place_of(const char *url, struct nx_slice name)
{
	for (const char *at = url; (at = strchr(at, name.p[0])) != NULL;
	    at++) {
		char after;

		if (strncmp(at, name.p, name.n) != 0 ||
		    (at > url && strchr("?& \t\n", at[-1]) == NULL))
			continue;
		after = at[name.n];
		if (after == '\0' || strchr("=& \t\n", after) != NULL)
			return at;
	}
	return NULL;
}

/*
 * Nothing of a password is there: in a URI it is followed by `@`, or is a
 * parameter's value; in a conninfo string it may hold a blank and more.
 */
static bool
may_be_named(const char *url, bool is_uri, struct nx_slice name)
{
	const char *at = name.n == 0 ? NULL : place_of(url, name);
	const char *secret = strcasestr(url, is_uri ? "password=" :
	    "password");

	return at != NULL && (secret == NULL || secret >= at) &&
	    !(is_uri && strchr(at, '@') != NULL);
}

enum nx_rc
nx_db_url_fail(const char *url, const char *message, struct nx_err *err)
{
	const struct nx_slice scheme = scheme_of(url);
	const struct nx_slice name = parameter_in(message);

	if (scheme.n > 0 && !is_libpqs(scheme))
		return nx_fail(err, NX_CONFIG, "DATABASE_URL begins with"
		    " %.*s://, which libpq does not know: write"
		    " postgresql:// in its place.", (int)scheme.n, scheme.p);
	if (may_be_named(url, scheme.n > 0, name))
		return nx_fail(err, NX_CONFIG, "DATABASE_URL: libpq knows no"
		    " parameter %.*s: take it out%s.", (int)name.n, name.p,
		    hint_for(name));
	return nx_fail(err, NX_CONFIG, "DATABASE_URL is neither a URI nor a"
	    " conninfo string that libpq can read; characters such as"
	    " / @ : ? & in a password must be percent-encoded, and libpq's"
	    " own parameters are all that it may have.");
}
