/*
 * connect.c - initiate, callback, disconnect.
 *
 * An attempt lives in a cookie of its own, named after its state, so that
 * several tabs work; at most five are outstanding, and no more than leave room
 * for the sign-in: a browser whose cookies are too large is let in nowhere.
 */

#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/url.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/account/disconnect.h"
#include "nx/seal/digest.h"
#include "json_body.h"

enum {
	OUTSTANDING_MAX = 5,	/* attempts of one browser */
	ATTEMPTS_BYTES = 6 * 1024,	/* all of them, as they are sent */
	SEEN_MAX = 40,		/* attempt cookies that are looked at */
	TAG_LEN = 8,		/* hex digits of SHA-256(state) */
	NAME_MAX_BYTES = 32,
	LOCATION_MAX = 4096,
};

static const char secure_prefix[] = "__Host-nx-";
static const char local_prefix[] = "nx-";

static const char *
cookie_prefix(const struct nx_call *call)
{
	return call->ctx->app->conf.origin_is_https ? secure_prefix :
	    local_prefix;
}

static void
cookie_name(const struct nx_call *call, const char *state,
    char out[NAME_MAX_BYTES])
{
	char hash[NX_SHA256_HEX + 1];

	nx_sha256_hex(nx_slice_str(state), hash);
	(void)snprintf(out, NAME_MAX_BYTES, "%s%.*s", cookie_prefix(call),
	    TAG_LEN, hash);
}

/* An empty value with no life left removes the cookie. */
static void
set_cookie(struct nx_call *call, const char *name, const char *value)
{
	struct nx_buf line = NX_BUF(NX_ATTEMPT_MAX + 200);

	nx_buf_adds(&line, name);
	nx_buf_addc(&line, '=');
	nx_buf_adds(&line, value);
	nx_buf_addf(&line, "; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s",
	    *value == '\0' ? 0 : NX_ATTEMPT_SECONDS,
	    call->ctx->app->conf.origin_is_https ? "; Secure" : "");
	if (nx_buf_ok(&line))
		nx_reply_header(call->reply, "Set-Cookie",
		    nx_buf_str(&line));
	nx_buf_free(&line);
}

static bool
is_attempt(const struct nx_call *call, struct nx_slice name)
{
	if (!nx_slice_cut_prefix(&name, cookie_prefix(call)) ||
	    name.n != TAG_LEN)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (strchr("0123456789abcdef", name.p[i]) == NULL)
			return false;
	}
	return true;
}

struct attempt {
	struct nx_slice	name;
	size_t		bytes;		/* in the Cookie header */
	int64_t		expires;	/* 0: does not open */
};

/* What a browser sends: its attempts, and how much of everything. */
struct jar {
	struct attempt	seen[SEEN_MAX];
	size_t		n;
	size_t		bytes;		/* of the attempts */
	size_t		others;
};

/* `name=value; ` */
static size_t
cookie_bytes(size_t name, size_t value)
{
	return name + 1 + value + 2;
}

static void
look_into(const struct nx_call *call, struct jar *jar)
{
	const struct nx_keyring *ring = call->ctx->app->ring;
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;

	jar->n = jar->bytes = jar->others = 0;
	while (nx_request_cookie(call->request, &at, &name, &value)) {
		size_t bytes = cookie_bytes(name.n, value.n);

		if (jar->n == SEEN_MAX || !is_attempt(call, name)) {
			jar->others += bytes;
			continue;
		}
		jar->seen[jar->n++] = (struct attempt){ name, bytes,
		    nx_attempt_expires(ring, value) };
		jar->bytes += bytes;
	}
}

/* Remove the oldest one, first those of no use. */
static void
drop_oldest(struct nx_call *call, struct jar *jar)
{
	char text[NAME_MAX_BYTES];
	size_t oldest = 0;

	for (size_t i = 1; i < jar->n; i++) {
		if (jar->seen[i].expires < jar->seen[oldest].expires)
			oldest = i;
	}
	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)jar->seen[oldest].name.n, jar->seen[oldest].name.p);
	set_cookie(call, text, "");
	jar->bytes -= jar->seen[oldest].bytes;
	jar->seen[oldest] = jar->seen[--jar->n];
}

/*
 * Make room for one more of `bytes`.  HEADERS where there is none: with it the
 * browser would send more than is taken, and nobody could help it then.
 */
static enum nx_rc
make_room(struct nx_call *call, size_t bytes)
{
	size_t room = ATTEMPTS_BYTES;
	struct jar jar;

	look_into(call, &jar);
	if (jar.others + room > NX_COOKIES_MAX)
		room = jar.others < NX_COOKIES_MAX ?
		    NX_COOKIES_MAX - jar.others : 0;
	while (jar.n > 0 && (jar.n >= OUTSTANDING_MAX ||
	    jar.bytes + bytes > room))
		drop_oldest(call, &jar);
	return bytes <= room ? NX_OK : nx_fail(&call->ctx->err, NX_HEADERS,
	    "%zu bytes of cookies leave no room for an attempt to connect.",
	    jar.others);
}

static void
answer_start(struct nx_call *call, const struct nx_attempt_start *start)
{
	struct nx_jw w = { .out = &call->reply->body };

	if (!nx_request_wants_json(call->request)) {
		nx_reply_redirect(call->reply,
		    nx_buf_str(&start->authorize_url));
		return;
	}
	nx_reply_json(call->reply, 200);
	nx_jw_open(&w, NULL, '{');
	nx_jw_slice(&w, "authorize_url", nx_buf_slice(&start->authorize_url));
	nx_jw_str(&w, "state", start->state);
	nx_jw_i64(&w, "expires_in", NX_ATTEMPT_SECONDS);
	nx_jw_close(&w, '}');
}

/* Query parameters into `values`, in the arena; absent ones are NULL. */
static enum nx_rc
read_query(struct nx_call *call, const char *const *names, size_t n,
    const char **values)
{
	enum nx_rc rc = NX_OK;

	for (size_t i = 0; i < n && rc == NX_OK; i++)
		rc = nx_request_query(call->request, names[i],
		    call->ctx->arena, &values[i], &call->ctx->err);
	return rc;
}

static enum nx_rc
read_ask(struct nx_call *call, struct nx_attempt_ask *ask,
    const char **user_id)
{
	static const char *const names[] = { "return_to", "user_id",
	    "connection_id", "scopes", "replace" };
	const char *values[5] = { NULL };
	enum nx_rc rc = read_query(call, names, 5, values);

	ask->return_to = values[0];
	*user_id = values[1];
	ask->connection_id = values[2];
	ask->scopes = values[3];
	ask->replace = values[4] != NULL && strcmp(values[4], "1") == 0;
	if (rc == NX_OK && values[4] != NULL && !ask->replace &&
	    strcmp(values[4], "0") != 0)
		rc = nx_fail(&call->ctx->err, NX_INVALID,
		    "replace must be 0 or 1.");
	return rc;
}

enum nx_rc
nx_web_initiate(struct nx_call *call)
{
	const struct nx_app *app = call->ctx->app;
	struct nx_attempt_ask ask = { .now = nx_clock_wall() };
	struct nx_attempt_start start = { .state = "" };
	char name[NAME_MAX_BYTES];
	const char *named;
	enum nx_rc rc = read_ask(call, &ask, &named);

	/* What there is may change: nobody else's page may begin that. */
	if (rc == NX_OK && (ask.replace || ask.connection_id != NULL))
		rc = nx_session_own_link(call->ctx, call->request,
		    call->session);
	if (rc == NX_OK)
		rc = nx_session_user(call->ctx, call->session, named,
		    &ask.user_id);
	if (rc == NX_OK)
		rc = nx_attempt_begin(&app->conf, app->ring, &ask, &start,
		    &call->ctx->err);
	if (rc == NX_OK) {
		cookie_name(call, start.state, name);
		rc = make_room(call, cookie_bytes(strlen(name),
		    start.sealed.n));
	}
	if (rc == NX_OK) {
		set_cookie(call, name, nx_buf_str(&start.sealed));
		answer_start(call, &start);
	}
	nx_attempt_start_free(&start);
	return rc;
}

/* The sealed attempt of this state; NULL when the browser has none. */
static const char *
find_attempt(struct nx_call *call, const char *cookie)
{
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;

	while (nx_request_cookie(call->request, &at, &name, &value)) {
		if (nx_slice_is(name, cookie))
			return nx_arena_slice(call->ctx->arena, value);
	}
	return NULL;
}

static enum nx_rc
read_answer(struct nx_call *call, struct nx_connect_answer *out)
{
	static const char *const names[] = { "state", "code", "error",
	    "error_description" };
	const char *values[4] = { NULL };
	enum nx_rc rc = read_query(call, names, 4, values);

	for (int i = 0; i < 4; i++) {
		if (values[i] != NULL && *values[i] == '\0')
			values[i] = NULL;
	}
	out->state = values[0];
	out->code = values[1];
	out->error = values[2];
	out->error_description = values[3];
	return rc;
}

/* Nothing was spent: the browser may come back with the same answer. */
static bool
may_repeat(enum nx_rc rc)
{
	return rc == NX_DB_DOWN || rc == NX_BUSY || rc == NX_TIMEOUT ||
	    rc == NX_SCHEMA_OLD;
}

/* Back to where the person came from, with how it went. */
static void
send_back(struct nx_call *call, const struct nx_connect_result *result,
    enum nx_rc rc)
{
	struct nx_buf path = NX_BUF(LOCATION_MAX);
	struct nx_buf location = NX_BUF(LOCATION_MAX);

	/* Whose place the new account may take, if the person wants that. */
	if (rc == NX_OTHER_ACCOUNT && result->connection_id != NULL)
		nx_url_add_query(&path, nx_slice_str(result->return_to),
		    "x_connection", result->connection_id);
	else
		nx_buf_adds(&path, result->return_to);
	nx_buf_adds(&location, call->ctx->app->conf.origin);
	nx_url_add_query(&location, nx_buf_slice(&path),
	    rc == NX_OK ? "x" : "x_error", rc != NX_OK ? nx_rc_code(rc) :
	    result->pending ? "pending" : "connected");
	nx_reply_redirect(call->reply, nx_buf_str(&location));
	nx_buf_free(&location);
	nx_buf_free(&path);
}

enum nx_rc
nx_web_callback(struct nx_call *call)
{
	struct nx_connect_answer answer = { 0 };
	struct nx_connect_result result;
	char cookie[NAME_MAX_BYTES] = "";
	struct nx_ctx *ctx = call->ctx;
	enum nx_rc rc;

	/* The service role finishes for whoever started. */
	if (!call->session->is_service)
		answer.user_id = call->session->claims.sub;
	if ((rc = read_answer(call, &answer)) != NX_OK)
		return rc;
	if (answer.state != NULL) {
		cookie_name(call, answer.state, cookie);
		answer.attempt = find_attempt(call, cookie);
	}
	rc = nx_connect_finish(ctx, &answer, &result);
	if (rc != NX_OK)
		nx_ctx_report(ctx, "connect.failed", answer.user_id, NULL);
	else
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    result.repeated ? "connect.repeated" : result.pending ?
		    "connect.pending" : "connect.done",
		    NX_S("user", answer.user_id),
		    NX_S("connection", result.connection_id),
		    NX_S("missing_scopes", result.missing_scopes));
	if (result.return_to == NULL)
		return rc;
	if (answer.attempt != NULL && !may_repeat(rc))
		set_cookie(call, cookie, "");
	if (rc == NX_OTHER_ACCOUNT && nx_request_wants_json(call->request))
		return rc;
	send_back(call, &result, rc);
	return NX_OK;
}

enum nx_rc
nx_web_disconnect(struct nx_call *call)
{
	const char *user, *named = NULL, *connection_id = NULL;
	const struct nx_uuid_member members[] = {
		{ "user_id", &named }, { "connection_id", &connection_id },
	};
	struct nx_connection c;
	bool revoked;
	enum nx_rc rc = nx_web_uuids(call, members, 2);

	if (rc == NX_OK)
		rc = nx_session_user(call->ctx, call->session, named, &user);
	if (rc == NX_OK)
		rc = nx_disconnect(call->ctx, user, connection_id, &c,
		    &revoked);
	if (rc != NX_OK)
		return rc;
	nx_reply_json(call->reply, 200);
	nx_answer_connection(&call->ctx->app->conf, call->ctx->arena, &c,
	    &call->reply->body);
	return NX_OK;
}
