/*
 * verdict.c - the table that turns X's answers into classes.
 *
 * Rows are tried from the top; the first that fits decides.  They are for
 * 4xx: 2xx, 3xx, 5xx and silence need no reading and are decided in code.
 */

#include "nx/x/verdict.h"

#include <stdio.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/utf8.h"

enum {
	CODE = 1 << NX_ACT_CODE,
	REFRESH = 1 << NX_ACT_REFRESH,
	REVOKE = 1 << NX_ACT_REVOKE,
	PROFILE = 1 << NX_ACT_PROFILE,
	READ = 1 << NX_ACT_READ,
	CREATE = 1 << NX_ACT_CREATE,
	DELETE = 1 << NX_ACT_DELETE,
	MEDIA = 1 << NX_ACT_UPLOAD | 1 << NX_ACT_SEGMENT,
	OAUTH = CODE | REFRESH | REVOKE,
	NEEDED = PROFILE | CREATE | DELETE | MEDIA,	/* to publish */
	API = READ | NEEDED,
	ANY = OAUTH | API,
};

enum { MONTH_MAX = 32 * 24 * 3600 };	/* seconds; bills are monthly */

enum look {
	ALWAYS,
	READABLE,	/* the body is a JSON object */
	PROBLEM,	/* it has the members by which X tells of one */
	TYPE,		/* last path segment of `type` */
	REASON,		/* `reason` of an enrolment refusal */
	NUMBER,		/* number of API v1.1, in `errors` or outside */
	ERROR,		/* OAuth's `error` */
	WORDS,		/* part of a text, whatever its case */
};

static const struct rule {
	unsigned int	 acts;
	int		 status;	/* 0: any 4xx */
	enum look	 look;
	const char	*what;
	enum nx_class	 class;
} rules[] = {
/* the app as a whole */
{ ANY,     402, ALWAYS, NULL,                     NX_CLASS_MONEY },
{ ANY,     0,   TYPE,   "usage-capped",           NX_CLASS_MONEY },
{ ANY,     0,   TYPE,   "credits",                NX_CLASS_MONEY },
{ ANY,     0,   TYPE,   "credits-depleted",       NX_CLASS_MONEY },
{ ANY,     0,   WORDS,  "UsageCapExceeded",       NX_CLASS_MONEY },
{ ANY,     0,   WORDS,  "SpendCapReached",        NX_CLASS_MONEY },
{ ANY,     0,   WORDS,  "CreditsDepleted",        NX_CLASS_MONEY },
{ ANY,     429, ALWAYS, NULL,                     NX_CLASS_RATE },
{ ANY,     0,   TYPE,   "rate-limit-exceeded",    NX_CLASS_RATE },
{ API,     0,   NUMBER, "88",                     NX_CLASS_RATE },
{ API,     403, WORDS,  "rate limit",             NX_CLASS_RATE },
{ ANY,     425, ALWAYS, NULL,                     NX_CLASS_RETRY },
{ ANY,     0,   ERROR,  "invalid_client",         NX_CLASS_OPERATOR },
{ ANY,     0,   ERROR,  "unauthorized_client",    NX_CLASS_OPERATOR },
/* token and revocation endpoint */
{ OAUTH,   0,   ERROR,  "unsupported_grant_type", NX_CLASS_OPERATOR },
{ OAUTH,   0,   ERROR,  "invalid_scope",          NX_CLASS_OPERATOR },
{ OAUTH,   0,   WORDS,  "missing required param", NX_CLASS_OPERATOR },
{ OAUTH,   0,   WORDS,  "redirect uri",           NX_CLASS_OPERATOR },
{ OAUTH,   0,   WORDS,  "redirect_uri",           NX_CLASS_OPERATOR },
{ OAUTH,   0,   WORDS,  "client id",              NX_CLASS_OPERATOR },
{ OAUTH,   0,   WORDS,  "client_id",              NX_CLASS_OPERATOR },
{ REFRESH, 0,   ERROR,  "invalid_grant",          NX_CLASS_SUSPECT },
{ REFRESH, 400, ERROR,  "invalid_request",        NX_CLASS_SUSPECT },
{ REFRESH, 400, WORDS,  "token was invalid",      NX_CLASS_SUSPECT },
{ CODE,    0,   ERROR,  "invalid_grant",          NX_CLASS_CODE },
{ CODE,    400, READABLE, NULL,                   NX_CLASS_CODE },
{ REVOKE,  0,   ERROR,  "invalid_grant",          NX_CLASS_DONE },
{ REVOKE,  400, WORDS,  "token was invalid",      NX_CLASS_DONE },
{ OAUTH,   401, READABLE, NULL,                   NX_CLASS_OPERATOR },
{ OAUTH,   403, READABLE, NULL,                   NX_CLASS_OPERATOR },
{ OAUTH,   0,   ALWAYS, NULL,                     NX_CLASS_RETRY },
/* the API */
{ API,     401, ALWAYS, NULL,                     NX_CLASS_TOKEN },
{ API,     0,   TYPE, "unsupported-authentication", NX_CLASS_TOKEN },
/* what the app may do, and what its plan holds */
{ API,     0,   TYPE,   "oauth1-permissions",     NX_CLASS_OPERATOR },
{ API,     403, WORDS,  "app permissions",        NX_CLASS_OPERATOR },
{ NEEDED,  0,   TYPE,   "client-forbidden",       NX_CLASS_OPERATOR },
{ NEEDED,  0,   REASON, "client-not-enrolled",    NX_CLASS_OPERATOR },
{ NEEDED,  0,   REASON, "user-not-enrolled",      NX_CLASS_OPERATOR },
{ NEEDED,  0,   NUMBER, "261",                    NX_CLASS_OPERATOR },
{ NEEDED,  0,   NUMBER, "453",                    NX_CLASS_OPERATOR },
{ NEEDED,  403, WORDS,  "cannot perform write",   NX_CLASS_OPERATOR },
{ NEEDED,  403, WORDS,  "access to a subset of",  NX_CLASS_OPERATOR },
{ READ,    0,   TYPE,   "client-forbidden",       NX_CLASS_PLAN },
{ READ,    0,   REASON, "client-not-enrolled",    NX_CLASS_PLAN },
{ READ,    0,   REASON, "user-not-enrolled",      NX_CLASS_PLAN },
{ READ,    0,   NUMBER, "453",                    NX_CLASS_PLAN },
{ READ,    403, WORDS,  "access to a subset of",  NX_CLASS_PLAN },
/* the account's own limits, of which X names no window */
{ API,     0,   NUMBER, "185",                    NX_CLASS_RATE },
{ API,     0,   NUMBER, "344",                    NX_CLASS_RATE },
{ API,     403, WORDS,  "daily limit",            NX_CLASS_RATE },
{ API,     403, WORDS,  "daily status update limit", NX_CLASS_RATE },
/* the text, and what it answers to */
{ CREATE,  0,   NUMBER, "187",                    NX_CLASS_DUPLICATE },
{ CREATE,  0,   WORDS,  "duplicate content",      NX_CLASS_DUPLICATE },
{ CREATE,  0,   WORDS,  "status is a duplicate",  NX_CLASS_DUPLICATE },
{ CREATE,  0,   NUMBER, "385",                    NX_CLASS_UNSEEN },
{ CREATE,  0,   WORDS,  "deleted or not visible", NX_CLASS_UNSEEN },
{ CREATE,  0,   NUMBER, "433",                    NX_CLASS_REPLY },
{ CREATE,  403, TYPE, "not-authorized-for-resource", NX_CLASS_REPLY },
{ CREATE,  403, WORDS,  "reply to or quote posts", NX_CLASS_REPLY },
{ CREATE,  403, WORDS,  "this conversation is not allowed",
						  NX_CLASS_REPLY },
{ CREATE,  403, WORDS,  "quoting this post is not", NX_CLASS_REPLY },
{ CREATE,  0,   NUMBER, "226",                    NX_CLASS_AUTOMATED },
{ CREATE,  403, WORDS,  "might be automated",     NX_CLASS_AUTOMATED },
/* now and then, for a text that is well-formed */
{ CREATE,  403, WORDS,  "not permitted to perform this action",
						  NX_CLASS_AUTOMATED },
/* the account */
{ API,     0,   NUMBER, "64",                     NX_CLASS_ACCOUNT },
{ API,     0,   NUMBER, "326",                    NX_CLASS_ACCOUNT },
{ API,     403, WORDS,  "account is suspended",   NX_CLASS_ACCOUNT },
{ API,     403, WORDS,  "authentication is suspended", NX_CLASS_ACCOUNT },
{ API,     403, WORDS,  "temporarily locked",     NX_CLASS_ACCOUNT },
{ API,     403, WORDS,  "account is locked",      NX_CLASS_ACCOUNT },
{ API,     403, WORDS,  "not permitted to access this feature",
						  NX_CLASS_ACCOUNT },
{ API,     403, READABLE, NULL,                   NX_CLASS_REFUSED },
{ API,     403, ALWAYS, NULL,                     NX_CLASS_RETRY },
/* a gateway's 404 says nothing about the post */
{ DELETE,  404, PROBLEM, NULL,                    NX_CLASS_DONE },
{ API,     404, TYPE,   "resource-not-found",     NX_CLASS_REFUSED },
{ API,     404, ALWAYS, NULL,                     NX_CLASS_RETRY },
{ API,     0,   ALWAYS, NULL,                     NX_CLASS_REFUSED },
};

static const char *const class_names[NX_CLASS_COUNT] = {
	[NX_CLASS_DONE] = "done",
	[NX_CLASS_RETRY] = "retry",
	[NX_CLASS_RATE] = "rate",
	[NX_CLASS_TOKEN] = "token",
	[NX_CLASS_SUSPECT] = "suspect",
	[NX_CLASS_CODE] = "code",
	[NX_CLASS_DUPLICATE] = "duplicate",
	[NX_CLASS_REFUSED] = "refused",
	[NX_CLASS_REPLY] = "reply",
	[NX_CLASS_UNSEEN] = "unseen",
	[NX_CLASS_AUTOMATED] = "automated",
	[NX_CLASS_ACCOUNT] = "account",
	[NX_CLASS_MONEY] = "money",
	[NX_CLASS_OPERATOR] = "operator",
	[NX_CLASS_PLAN] = "plan",
	[NX_CLASS_UNKNOWN] = "unknown",
};

const char *
nx_class_name(enum nx_class class)
{
	return class_names[class];
}

static bool
is_2xx(int status)
{
	return status >= 200 && status < 300;
}

/* What an answer that tells nothing means: was there harm in sending it? */
static enum nx_class
class_of_lost(enum nx_act act)
{
	return act == NX_ACT_CODE || act == NX_ACT_REFRESH ||
	    act == NX_ACT_CREATE ? NX_CLASS_UNKNOWN : NX_CLASS_RETRY;
}

static bool
is_control(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[0] < 0x20 || u[0] == 0x7f || (u[0] == 0xc2 && u[1] < 0xa0);
}

/* `text` is valid UTF-8, or NULL.  Whole characters only, no controls. */
static void
copy_text(char *to, size_t size, const char *text)
{
	size_t left = text == NULL ? 0 : strlen(text), n = 0, len;

	for (; left > 0 && (len = nx_utf8_length(text, left)) > 0;
	    text += len, left -= len) {
		size_t kept = is_control(text) ? 0 : len;

		if (n + kept >= size)
			break;
		memcpy(to + n, text, kept);
		n += kept;
	}
	to[n] = '\0';
}

static struct json_object *
first_error(struct json_object *body)
{
	struct json_object *all = nx_json_array(body, "errors");

	return all == NULL ? NULL : json_object_array_get_idx(all, 0);
}

/* A member of the body, or of the first of its `errors`. */
static const char *
problem_member(struct json_object *body, const char *name)
{
	const char *s = nx_json_str(body, name);

	return s != NULL ? s : nx_json_str(first_error(body), name);
}

/*
 * X's words.  `invalid-request` has one detail for everything and the reason
 * in the message of the first error.
 */
static void
copy_problem(struct json_object *body, struct nx_err_x *x)
{
	const char *type = problem_member(body, "type");
	const char *title = problem_member(body, "title");
	const char *why = nx_json_str(first_error(body), "message");

	if (why == NULL)
		why = problem_member(body, "detail");
	if (why == NULL)
		why = nx_json_str(body, "error_description");
	if (why == NULL)
		why = nx_json_str(body, "message");
	copy_text(x->type, sizeof(x->type),
	    type != NULL ? type : nx_json_str(body, "error"));
	copy_text(x->title, sizeof(x->title), title);
	copy_text(x->detail, sizeof(x->detail), why);
}

static bool
has_type(struct json_object *body, const char *segment)
{
	const char *type = problem_member(body, "type");
	const char *slash = type == NULL ? NULL : strrchr(type, '/');

	return type != NULL && strcmp(slash == NULL ? type : slash + 1,
	    segment) == 0;
}

/* The number that API v1.1 gave each error; some answers still have it. */
static bool
has_code(struct json_object *body, const char *number)
{
	char space[NX_JSON_ID_ROOM];
	const char *code = nx_json_id(first_error(body), "code", space);

	if (code == NULL)
		code = nx_json_id(body, "code", space);
	return code != NULL && strcmp(code, number) == 0;
}

static bool
has_words(struct json_object *body, const char *words)
{
	static const char *const where[] = { "title", "detail", "message",
	    "error_description" };

	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		const char *own = nx_json_str(body, where[i]);
		const char *inner = nx_json_str(first_error(body), where[i]);

		if ((own != NULL && strcasestr(own, words) != NULL) ||
		    (inner != NULL && strcasestr(inner, words) != NULL))
			return true;
	}
	return false;
}

static bool
is_problem(struct json_object *body)
{
	struct json_object *error = first_error(body);

	return problem_member(body, "type") != NULL ||
	    problem_member(body, "title") != NULL ||
	    nx_json_str(error, "message") != NULL ||
	    nx_json_str(error, "detail") != NULL;
}

static bool
rule_fits(const struct rule *r, enum nx_act act, int status,
    struct json_object *body)
{
	const char *error = nx_json_str(body, "error");
	const char *reason = nx_json_str(body, "reason");

	if ((r->acts & 1U << act) == 0 ||
	    (r->status != 0 && r->status != status))
		return false;
	switch (r->look) {
	case ALWAYS:
		return true;
	case READABLE:
		return body != NULL;
	case PROBLEM:
		return is_problem(body);
	case TYPE:
		return has_type(body, r->what);
	case REASON:
		return reason != NULL && strcmp(reason, r->what) == 0;
	case NUMBER:
		return has_code(body, r->what);
	case ERROR:
		return error != NULL && strcmp(error, r->what) == 0;
	case WORDS:
		return has_words(body, r->what);
	}
	return false;
}

static bool
is_done(enum nx_act act, struct nx_slice text, struct json_object *body)
{
	return body != NULL || act == NX_ACT_REVOKE ||
	    ((act == NX_ACT_DELETE || act == NX_ACT_SEGMENT) &&
	    nx_slice_trim(text, " \t\r\n").n == 0);
}

static enum nx_class
classify_answer(enum nx_act act, const struct nx_x_answer *answer,
    struct json_object *body)
{
	const struct rule *r = rules;
	const int status = answer->http.status;

	if (is_2xx(status))
		return is_done(act, answer->http.body, body) ? NX_CLASS_DONE :
		    class_of_lost(act);
	if (status >= 300 && status < 400)	/* not X's API at all */
		return NX_CLASS_OPERATOR;
	if (status < 400 || status >= 500 || status == 408)
		return class_of_lost(act);
	while (!rule_fits(r, act, status, body))	/* the last one does */
		r++;
	return r->class;
}

/* `reset_date` of a reached spend cap: a day. */
static int64_t
reset_day(struct json_object *body)
{
	const char *day = problem_member(body, "reset_date");
	char text[NX_RFC3339_MAX];
	int64_t at;

	if (day == NULL || strlen(day) != 10)
		return 0;
	(void)snprintf(text, sizeof(text), "%sT00:00:00Z", day);
	return nx_clock_parse(nx_slice_str(text), &at) == NX_OK ? at : 0;
}

static int64_t
parse_retry_at(const struct nx_x_answer *answer, int64_t now,
    enum nx_class class, struct json_object *body)
{
	const int64_t after = answer->http.retry_after, day = reset_day(body);
	const int64_t at = after > 0 && after <= NX_WINDOW_MAX ?
	    now + after : 0;
	struct nx_windows windows = answer->windows;
	int64_t reset;

	if (class == NX_CLASS_MONEY)
		return day > now && day - now <= MONTH_MAX ? day : 0;
	if (class == NX_CLASS_RETRY)
		return at;
	if (class != NX_CLASS_RATE)
		return 0;
	nx_windows_believe(&windows, now);
	reset = nx_windows_blocked_until(&windows);
	return reset > at ? reset : at;
}

void
nx_verdict_of(enum nx_act act, const struct nx_x_answer *answer,
    int64_t now, struct nx_verdict *out)
{
	const struct nx_http_answer *said = &answer->http;
	struct json_object *body = NULL;

	*out = (struct nx_verdict){ 0 };
	if (said->outcome != NX_HTTP_ANSWERED) {
		out->class = said->outcome == NX_HTTP_NOT_SENT ?
		    NX_CLASS_RETRY : class_of_lost(act);
		(void)snprintf(out->x.detail, sizeof(out->x.detail), "%s",
		    said->why);
		return;
	}
	if (nx_json_parse_lenient(said->body, &body) != NX_OK)
		body = NULL;
	out->x.status = said->status;
	if ((OAUTH & 1U << act) == 0 || !is_2xx(said->status))
		copy_problem(body, &out->x);
	out->class = classify_answer(act, answer, body);
	out->retry_at = parse_retry_at(answer, now, out->class, body);
	nx_json_wipe(body);		/* it may be a grant */
}

void
nx_verdict_unreadable(enum nx_act act, struct nx_verdict *v)
{
	v->class = class_of_lost(act);
	v->retry_at = 0;
}

void
nx_verdict_whole(const struct nx_x_answer *answer, struct nx_verdict *v)
{
	if (answer->http.outcome == NX_HTTP_LOST)
		*v = (struct nx_verdict){ .class = NX_CLASS_DONE,
		    .x = { .status = answer->http.status } };
}
