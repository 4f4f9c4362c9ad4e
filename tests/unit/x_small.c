/* x_small.c - a small X. */

#include "x_small.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char refused[] = "{\"error\":\"invalid_request\","
    "\"error_description\":\"Value passed for the token was invalid.\"}";

/* The value of a form's field, as it stands. */
static bool
field(const char *body, const char *name, char out[200])
{
	const char *at = body;
	size_t n = strlen(name), len;

	while ((at = strstr(at, name)) != NULL) {
		if ((at == body || at[-1] == '&') && at[n] == '=') {
			len = strcspn(at + n + 1, "&");
			assert(len < 200);
			memcpy(out, at + n + 1, len);
			out[len] = '\0';
			return true;
		}
		at += n;
	}
	return false;
}

static bool
is_field(const char *body, const char *name, const char *value)
{
	char text[200];

	return field(body, name, text) && strcmp(text, value) == 0;
}

void
xsm_grant(struct xsm *x, const char *access, const char *refresh)
{
	struct xsm_grant *g = &x->grants[x->ngrants++];

	assert(x->ngrants <= XSM_GRANTS);
	(void)snprintf(g->access, sizeof(g->access), "%s", access);
	(void)snprintf(g->refresh, sizeof(g->refresh), "%s", refresh);
	g->access_lives = g->refresh_lives = true;
}

/* The next pair, which is named by its number; X's words for it. */
static void
hand_out(struct xsm *x, struct xs_reply *out)
{
	char access[40], refresh[40];

	(void)snprintf(access, sizeof(access), "access-token-%d", x->ngrants);
	(void)snprintf(refresh, sizeof(refresh), "refresh-token-%d",
	    x->ngrants);
	xsm_grant(x, access, refresh);
	(void)snprintf(out->body, sizeof(out->body), "{\"token_type\":"
	    "\"bearer\",\"expires_in\":7200,\"access_token\":\"%s\","
	    "\"refresh_token\":\"%s\",\"scope\":\"tweet.read tweet.write"
	    " users.read offline.access\"}", access, refresh);
}

static void
refuse(struct xsm *x, struct xs_reply *out)
{
	x->refused++;
	out->status = 400;
	(void)snprintf(out->body, sizeof(out->body), "%s", refused);
}

static void
exchange(struct xsm *x, const char *body, struct xs_reply *out)
{
	if (x->code[0] == '\0' || !is_field(body, "code", x->code)) {
		refuse(x, out);
		return;
	}
	x->code[0] = '\0';
	for (int i = 0; i < x->ngrants; i++)
		x->grants[i].refresh_lives = false;
	hand_out(x, out);
}

static void
renew(struct xsm *x, const char *body, struct xs_reply *out)
{
	for (int i = 0; i < x->ngrants; i++) {
		if (!x->grants[i].refresh_lives ||
		    !is_field(body, "refresh_token", x->grants[i].refresh))
			continue;
		x->grants[i].refresh_lives = false;
		hand_out(x, out);
		return;
	}
	refuse(x, out);
}

static void
revoke(struct xsm *x, const char *body, struct xs_reply *out)
{
	for (int i = 0; i < x->ngrants; i++) {
		struct xsm_grant *g = &x->grants[i];

		if (is_field(body, "token", g->refresh))
			g->refresh_lives = false;
		else if (is_field(body, "token", g->access))
			g->access_lives = false;
	}
	(void)snprintf(out->body, sizeof(out->body), "{\"revoked\":true}");
}

static bool
is_signed_in(const struct xsm *x, const struct xs_seen *r)
{
	for (int i = 0; i < x->ngrants; i++) {
		if (x->grants[i].access_lives &&
		    strncmp(r->auth, "Bearer ", 7) == 0 &&
		    strcmp(r->auth + 7, x->grants[i].access) == 0)
			return true;
	}
	return false;
}

void
xsm_post_id(int i, char out[24])
{
	/* A snowflake of now (its upper bits are the time). */
	const long long ms = (long long)time(NULL) * 1000 - 1288834974657LL;

	(void)snprintf(out, 24, "%lld", ms / 100000000 * 100000000 * 4194304 +
	    i);
}

/* {"text":"..."}: the tests' texts have nothing to escape. */
static void
create(struct xsm *x, const char *body, struct xs_reply *out)
{
	const char *at = strstr(body, "\"text\":\"");
	char id[24];

	assert(at != NULL && x->nposts < XSM_POSTS);
	at += strlen("\"text\":\"");
	(void)snprintf(x->posts[x->nposts], sizeof(x->posts[0]), "%.*s",
	    (int)strcspn(at, "\""), at);
	xsm_post_id(x->nposts++, id);
	out->status = 201;
	(void)snprintf(out->body, sizeof(out->body),
	    "{\"data\":{\"id\":\"%s\",\"text\":\"x\"}}", id);
}

static void
timeline(struct xsm *x, struct xs_reply *out)
{
	const time_t now = time(NULL);
	char text[2000] = "", when[32], id[24];
	size_t n = 0;
	struct tm tm;

	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.000Z",
	    gmtime_r(&now, &tm));
	for (int i = x->nposts - 1; i >= 0; i--) {
		xsm_post_id(i, id);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{\"id\":"
		    "\"%s\",\"text\":\"%s\",\"created_at\":\"%s\"}",
		    n > 0 ? "," : "", id, x->posts[i], when);
	}
	(void)snprintf(out->body, sizeof(out->body), "{\"data\":[%s],"
	    "\"meta\":{\"result_count\":%d}}", text, x->nposts);
}

static void
route(struct xsm *x, const struct xs_seen *r, struct xs_reply *out)
{
	if (strcmp(r->path, "/2/oauth2/token") == 0) {
		if (is_field(r->body, "grant_type", "refresh_token"))
			renew(x, r->body, out);
		else
			exchange(x, r->body, out);
	} else if (strcmp(r->path, "/2/oauth2/revoke") == 0)
		revoke(x, r->body, out);
	else if (!is_signed_in(x, r)) {
		x->refused++;
		out->status = 401;
		(void)snprintf(out->body, sizeof(out->body), "{\"title\":"
		    "\"Unauthorized\",\"status\":401}");
	} else if (strncmp(r->path, "/2/users/me", 11) == 0)
		(void)snprintf(out->body, sizeof(out->body), "{\"data\":{"
		    "\"id\":\"%s\",\"username\":\"ada\",\"name\":\"Ada\"}}",
		    x->user_id);
	else if (strncmp(r->path, "/2/users/", 9) == 0)
		timeline(x, out);
	else {
		assert(strcmp(r->path, "/2/tweets") == 0);
		create(x, r->body, out);
	}
}

void
xsm_answer(void *ctx, const struct xs_seen *request, struct xs_reply *out)
{
	route(ctx, request, out);
}

const char *
xsm_living(const struct xsm *x)
{
	for (int i = 0; i < x->ngrants; i++) {
		if (x->grants[i].refresh_lives)
			return x->grants[i].refresh;
	}
	return NULL;
}
