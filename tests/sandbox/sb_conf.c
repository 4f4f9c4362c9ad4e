#include "sb_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
value_of(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool
require(const char *name, const char **out)
{
	*out = value_of(name);
	if (*out == NULL)
		fprintf(stderr, "nexus-x-sandbox: %s is not set\n", name);
	return *out != NULL;
}

static bool
read_threads(int *out)
{
	const char *text = value_of("SANDBOX_THREADS");
	char *end;
	long n;

	*out = 384;
	if (text == NULL)
		return true;
	n = strtol(text, &end, 10);
	if (*end != '\0' || n < 1 || n > 4096) {
		fprintf(stderr,
		    "nexus-x-sandbox: SANDBOX_THREADS is not 1 to 4096\n");
		return false;
	}
	*out = (int)n;
	return true;
}

/* It goes into a header as it is. */
static bool
check_redirect(const char *uri)
{
	bool ok = strlen(uri) <= 2000;

	for (const char *p = uri; *p != '\0'; p++)
		ok = ok && *p > ' ' && *p <= '~';
	if (!ok)
		fprintf(stderr, "nexus-x-sandbox: TWITTER_REDIRECT_URI is "
		    "not a URI of at most 2000 characters\n");
	return ok;
}

bool
sb_conf_read(struct sb_conf *out)
{
	bool ok = true;

	ok &= require("TWITTER_CLIENT_ID", &out->client_id);
	ok &= require("TWITTER_REDIRECT_URI", &out->redirect_uri) &&
	    check_redirect(out->redirect_uri);
	ok &= read_threads(&out->threads);
	out->client_secret = value_of("TWITTER_CLIENT_SECRET");
	out->jwt_secret = value_of("SUPABASE_JWT_SECRET");
	out->issuer = value_of("SANDBOX_ISSUER");
	return ok;
}
