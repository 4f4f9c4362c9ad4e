/* attempts.c - write and find the cookies of attempts. */

#include "attempts.h"

#include "nx/base/maxima.h"
#include "nx/flow/account/attempt.h"
#include "nx/seal/digest.h"

enum {
	TAG_LEN = 8,		/* hex digits of SHA-256(state) */
	NAME_MAX_BYTES = 32,
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
struct attempts {
	struct attempt	seen[NX_ATTEMPTS_SEEN_MAX];
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
list_attempts(const struct nx_call *call, struct attempts *list)
{
	const struct nx_keyring *ring = call->ctx->app->ring;
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;

	list->n = list->bytes = list->others = 0;
	while (nx_request_cookie(call->request, &at, &name, &value)) {
		size_t bytes = cookie_bytes(name.n, value.n);

		if (list->n == NX_ATTEMPTS_SEEN_MAX ||
		    !is_attempt(call, name)) {
			list->others += bytes;
			continue;
		}
		list->seen[list->n++] = (struct attempt){ name, bytes,
		    nx_attempt_expires(ring, value) };
		list->bytes += bytes;
	}
}

/* Remove the oldest one, first those of no use. */
static void
drop_oldest(struct nx_call *call, struct attempts *list)
{
	char text[NAME_MAX_BYTES];
	size_t oldest = 0;

	for (size_t i = 1; i < list->n; i++) {
		if (list->seen[i].expires < list->seen[oldest].expires)
			oldest = i;
	}
	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)list->seen[oldest].name.n, list->seen[oldest].name.p);
	set_cookie(call, text, "");
	list->bytes -= list->seen[oldest].bytes;
	list->seen[oldest] = list->seen[--list->n];
}

/* For one more of `bytes`: HEADERS. */
static enum nx_rc
evict_attempts(struct nx_call *call, size_t bytes)
{
	size_t room = NX_ATTEMPTS_BYTES_MAX;
	struct attempts list;

	list_attempts(call, &list);
	if (list.others + room > NX_COOKIES_MAX)
		room = list.others < NX_COOKIES_MAX ?
		    NX_COOKIES_MAX - list.others : 0;
	while (list.n > 0 && (list.n >= NX_ATTEMPTS_MAX ||
	    list.bytes + bytes > room))
		drop_oldest(call, &list);
	return bytes <= room ? NX_OK : nx_fail(&call->ctx->err, NX_HEADERS,
	    "%zu bytes of cookies leave no room for an attempt to connect.",
	    list.others);
}

const char *
nx_attempts_find(struct nx_call *call, const char *state)
{
	char cookie[NAME_MAX_BYTES];
	struct nx_cookie_walk at = { 0 };
	struct nx_slice name, value;

	cookie_name(call, state, cookie);
	while (nx_request_cookie(call->request, &at, &name, &value)) {
		if (nx_slice_is(name, cookie))
			return nx_arena_slice(call->ctx->arena, value);
	}
	return NULL;
}

enum nx_rc
nx_attempts_add(struct nx_call *call, const char *state,
    const struct nx_buf *sealed)
{
	char cookie[NAME_MAX_BYTES];
	enum nx_rc rc;

	cookie_name(call, state, cookie);
	rc = evict_attempts(call, cookie_bytes(strlen(cookie), sealed->n));
	if (rc == NX_OK)
		set_cookie(call, cookie, nx_buf_str(sealed));
	return rc;
}

void
nx_attempts_drop(struct nx_call *call, const char *state)
{
	char cookie[NAME_MAX_BYTES];

	cookie_name(call, state, cookie);
	set_cookie(call, cookie, "");
}
