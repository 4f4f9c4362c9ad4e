/* request.c - read a request's FastCGI parameters. */

#include "nx/base/maxima.h"
#include "request.h"

#include <inttypes.h>
#include <stdlib.h>

#include "nx/base/url.h"
#include "nx/base/uuid.h"

/* The value of the parameter `name`; `*times` counts its entries. */
static const char *
find_param(char **env, const char *name, int *times)
{
	const char *found = NULL;
	size_t n = strlen(name);
	int seen = 0;

	for (; *env != NULL; env++) {
		if (**env != *name || strncmp(*env, name, n) != 0 ||
		    (*env)[n] != '=')
			continue;
		if (seen++ == 0)
			found = *env + n + 1;
	}
	if (times != NULL)
		*times = seen;
	return found != NULL && *found == '\0' ? NULL : found;
}

/* nginx's id, when it is one; else our own. */
static const char *
request_id(char **env, char space[NX_REQUEST_ID_MAX + 1])
{
	const char *id = find_param(env, "REQUEST_ID", NULL);
	size_t n = id == NULL ? 0 : strspn(id, "0123456789abcdefABCDEF-");

	if (id != NULL && n >= 8 && n <= NX_REQUEST_ID_MAX && id[n] == '\0')
		return id;
	nx_uuid_random(space);
	return space;
}

static enum nx_rc
read_length(const char *text, int64_t *out, struct nx_err *err)
{
	char *end;

	*out = 0;
	if (text == NULL)
		return NX_OK;
	if (strlen(text) > 18 || strspn(text, "0123456789") != strlen(text))
		return nx_fail(err, NX_MALFORMED,
		    "Content-Length is not a number.");
	*out = strtoll(text, &end, 10);
	return NX_OK;
}

enum nx_rc
nx_request_check_length(const struct nx_request *r, int64_t max,
    struct nx_err *err)
{
	return r->content_length <= max ? NX_OK : nx_fail(err, NX_TOO_BIG,
	    "The body may have %" PRId64 " bytes.", max);
}

/* A second Authorization or Origin could be meant for somebody else. */
static enum nx_rc
read_rights(char **env, struct nx_request *out, struct nx_err *err)
{
	const struct {
		const char	*param, *header;
		const char	**to;
	} once[] = {
		{ "HTTP_AUTHORIZATION", "Authorization",
		    &out->authorization },
		{ "HTTP_ORIGIN", "Origin", &out->origin },
		{ "HTTP_SEC_FETCH_SITE", "Sec-Fetch-Site", &out->fetch_site },
		{ "HTTP_IDEMPOTENCY_KEY", "Idempotency-Key",
		    &out->idempotency_key },
		{ "HTTP_IF_MATCH", "If-Match", &out->if_match },
	};
	int times;

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		*once[i].to = find_param(env, once[i].param, &times);
		if (times > 1)
			return nx_fail(err, NX_MALFORMED,
			    "The header %s is there twice.", once[i].header);
		/* An empty key is a mistake, not the lack of one. */
		if (times == 1 && once[i].to == &out->idempotency_key &&
		    *once[i].to == NULL)
			*once[i].to = "";
	}
	return NX_OK;
}

/*
 * Browsers announce what they fetch before anybody has asked for it: today in
 * Sec-Purpose (Fetch, "prefetch" or "prefetch;prerender"), older ones in the
 * other three.
 */
static bool
is_ahead(char **env)
{
	static const char *const params[] = { "HTTP_SEC_PURPOSE",
	    "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ" };

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		const char *value = find_param(env, params[i], NULL);

		if (value != NULL && (strcasestr(value, "prefetch") != NULL ||
		    strcasestr(value, "prerender") != NULL ||
		    strcasestr(value, "preview") != NULL))
			return true;
	}
	return false;
}

enum nx_rc
nx_request_read(char **env, struct nx_request *out, struct nx_err *err)
{
	const char *uri = find_param(env, "REQUEST_URI", NULL);
	struct nx_slice rest = nx_slice_str(uri);
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	out->env = env;
	out->id = request_id(env, out->id_space);
	out->method = find_param(env, "REQUEST_METHOD", NULL);
	if (out->method == NULL || uri == NULL)
		return nx_fail(err, NX_MALFORMED,
		    "The request has no method or no address.");
	out->is_head = strcmp(out->method, "HEAD") == 0;
	if (out->is_head)
		out->method = "GET";
	out->is_ahead = is_ahead(env);
	out->path = nx_slice_cut(&rest, '?');
	out->query = nx_slice_str(find_param(env, "QUERY_STRING", NULL));
	out->content_type = find_param(env, "CONTENT_TYPE", NULL);
	out->accept = find_param(env, "HTTP_ACCEPT", NULL);
	if ((rc = read_rights(env, out, err)) != NX_OK)
		return rc;
	return read_length(find_param(env, "CONTENT_LENGTH", NULL),
	    &out->content_length, err);
}

enum nx_rc
nx_request_query(const struct nx_request *r, const char *name,
    struct nx_arena *arena, const char **out, struct nx_err *err)
{
	struct nx_buf value = NX_BUF_SECRET(NX_QUERY_VALUE_MAX);
	const bool room = nx_buf_reserve(&value, r->query.n < value.max ?
	    r->query.n : value.max);
	enum nx_rc rc = !room ? NX_NO_MEMORY :
	    nx_url_query(r->query, name, &value);

	*out = NULL;
	if (rc == NX_NO_MEMORY)
		rc = nx_fail(err, rc, "while reading the query");
	else if (rc == NX_OK && (*out = nx_arena_slice(arena,
	    (struct nx_slice){ nx_buf_str(&value), value.n })) == NULL)
		rc = nx_fail(err, NX_NO_MEMORY, "while reading the query");
	else if (rc == NX_NOT_FOUND)
		rc = NX_OK;
	else if (rc != NX_OK)
		rc = nx_fail(err, NX_MALFORMED, "The query parameter %s is"
		    " there twice, badly encoded or too long.", name);
	nx_buf_free(&value);
	return rc;
}

bool
nx_request_wants_html(const struct nx_request *r)
{
	return r->accept != NULL && strstr(r->accept, "text/html") != NULL;
}

bool
nx_request_wants_json(const struct nx_request *r)
{
	return r->accept != NULL && !nx_request_wants_html(r) &&
	    strstr(r->accept, "application/json") != NULL;
}

bool
nx_request_cookie(const struct nx_request *r, struct nx_cookie_walk *at,
    struct nx_slice *name, struct nx_slice *value)
{
	while (at->rest.n == 0) {
		struct nx_slice entry = nx_slice_str(r->env[at->entry]);

		if (entry.p == NULL)
			return false;
		at->entry++;
		if (nx_slice_cut_prefix(&entry, "HTTP_COOKIE="))
			at->rest = entry;
	}
	*value = nx_slice_trim(nx_slice_cut(&at->rest, ';'), " \t");
	*name = nx_slice_cut(value, '=');
	return true;
}
