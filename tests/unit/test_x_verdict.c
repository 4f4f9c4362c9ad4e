/* test_x_verdict.c - X's answers, in the words they were seen in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "nx/base/stats.h"
#include "nx/x/verdict.h"

enum { NOW = 1790000000 };

#define OLD "https://api.twitter.com/2/problems/"
#define NEW "https://api.x.com/2/problems/"

#define HTML "<!DOCTYPE html><html><body>Bad gateway</body></html>"
#define DEAD "{\"error\":\"invalid_request\",\"error_description\":" \
	"\"Value passed for the token was invalid.\"}"
#define AUTH "{\"error\":\"unauthorized_client\",\"error_description\":" \
	"\"Missing valid authorization header\"}"
#define UNAUTHORIZED "{\"title\":\"Unauthorized\",\"type\":\"about:blank\"," \
	"\"status\":401,\"detail\":\"Unauthorized\"}"
#define APP_ONLY(host) "{\"title\":\"Unsupported Authentication\"," \
	"\"detail\":\"Authenticating with OAuth 2.0 Application-Only is" \
	" forbidden for this endpoint.  Supported authentication types are" \
	" [OAuth 1.0a User Context, OAuth 2.0 User Context].\",\"type\":\"" \
	host "unsupported-authentication\",\"status\":403}"
#define BLANK(status, title, detail) "{\"detail\":\"" detail \
	"\",\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" \
	status "}"
#define FORBIDDEN(detail) BLANK("403", "Forbidden", detail)
#define INVALID(errors) "{\"errors\":[" errors "],\"title\":\"Invalid" \
	" Request\",\"detail\":\"One or more parameters to your request was" \
	" invalid.\",\"type\":\"" OLD "invalid-request\"}"
#define SERVICE "{\"title\":\"Service Unavailable\",\"detail\":\"Service" \
	" Unavailable\",\"type\":\"about:blank\",\"status\":503}"
/*
 * The form of API v1.1, of which some answers are left.  Nobody has shown us
 * what v2 says with 64, 185, 187, 226, 261, 326, 344, 385, 433 and 453: unseen.
 */
#define CODE(n, message) "{\"errors\":[{\"code\":" n ",\"message\":\"" \
	message "\"}]}"
#define NUMBER(n) "{\"errors\":[{\"code\":" n "}]}"
#define ENROL(why, needed) "{\"title\":\"Client Forbidden\",\"detail\":" \
	"\"When authenticating requests to the Twitter API v2 endpoints, you" \
	" must use keys and tokens from a Twitter developer App that is" \
	" attached to a Project.\",\"client_id\":\"7\",\"reason\":\"" why \
	"\",\"registration_url\":\"https://x\",\"required_enrollment\":\"" \
	needed "\",\"type\":\"about:blank\"}"
#define PROJECT "Appropriate Level of API Access"
#define CAPPED "{\"account_id\":\"1\",\"product_name\":\"standard-basic\"," \
	"\"title\":\"UsageCapExceeded\",\"period\":\"Monthly\",\"scope\":" \
	"\"Product\",\"detail\":\"Usage cap exceeded: Monthly product cap\"," \
	"\"type\":\"" OLD "usage-capped\"}"

struct row {
	enum nx_act	 act;
	int		 status;
	const char	*body;
	enum nx_class	 want;
};

static struct nx_x_answer
answered(int status, const char *body)
{
	return (struct nx_x_answer){ .http = { .outcome = NX_HTTP_ANSWERED,
	    .status = status, .body = nx_slice_str(body) } };
}

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct nx_x_answer a = answered(rows[i].status,
		    rows[i].body);
		struct nx_verdict v;

		nx_verdict_of(rows[i].act, &a, NOW, &v);
		if (v.class != rows[i].want)
			fail_msg("act %d, %d %s: %s, not %s",
			    (int)rows[i].act, rows[i].status, rows[i].body,
			    nx_class_name(v.class),
			    nx_class_name(rows[i].want));
		assert_int_equal(v.x.status, rows[i].status);
	}
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void
token_endpoint(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CODE, 200, "{\"access_token\":\"a\"}", NX_CLASS_DONE },
{ NX_ACT_CODE, 200, HTML, NX_CLASS_UNKNOWN },
{ NX_ACT_CODE, 200, "", NX_CLASS_UNKNOWN },
{ NX_ACT_REFRESH, 200, "{\"access_token\":", NX_CLASS_UNKNOWN },
{ NX_ACT_REFRESH, 200, "[]", NX_CLASS_UNKNOWN },
{ NX_ACT_REFRESH, 200, "{}", NX_CLASS_DONE },
{ NX_ACT_REFRESH, 400, DEAD, NX_CLASS_SUSPECT },
{ NX_ACT_REFRESH, 400, "{\"error_description\":\"Value passed for the token"
  " was invalid.\",\"error\":\"invalid_request\",\"new\":[1,{}]}",
  NX_CLASS_SUSPECT },
{ NX_ACT_REFRESH, 400, INVALID("{\"message\":\"Value passed for the token was"
  " invalid.\"}"), NX_CLASS_SUSPECT },
{ NX_ACT_REFRESH, 400, "{\"error\":\"invalid_grant\"}", NX_CLASS_SUSPECT },
{ NX_ACT_REFRESH, 401, "{\"error\":\"invalid_grant\"}", NX_CLASS_SUSPECT },
{ NX_ACT_CODE, 400, "{\"error\":\"invalid_request\",\"error_description\":"
  "\"Value passed for the authorization code was invalid.\"}",
  NX_CLASS_CODE },
{ NX_ACT_CODE, 400, "{\"error\":\"invalid_request\",\"error_description\":"
  "\"Value passed for the code verifier did not match the code"
  " challenge.\"}", NX_CLASS_CODE },
{ NX_ACT_CODE, 401, "{\"error\":\"invalid_grant\"}", NX_CLASS_CODE },
{ NX_ACT_CODE, 400, "{\"error\":\"invalid_request\",\"error_description\":"
  "\"Missing required parameter [code_verifier].\"}", NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 400, "{\"error\":\"invalid_request\","
  "\"error_description\":\"Missing required parameter [client_id].\"}",
  NX_CLASS_OPERATOR },
{ NX_ACT_CODE, 400, "{\"error\":\"invalid_request\",\"error_description\":"
  "\"Value passed for the redirect uri did not match the uri of the"
  " authorization code.\"}", NX_CLASS_OPERATOR },
{ NX_ACT_CODE, 401, AUTH, NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 401, AUTH, NX_CLASS_OPERATOR },
{ NX_ACT_REVOKE, 401, AUTH, NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 400, "{\"error\":\"invalid_client\"}", NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 401, UNAUTHORIZED, NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 403, FORBIDDEN("no"), NX_CLASS_OPERATOR },
{ NX_ACT_REFRESH, 429, "", NX_CLASS_RATE },
{ NX_ACT_CODE, 429, HTML, NX_CLASS_RATE },
{ NX_ACT_CODE, 500, HTML, NX_CLASS_UNKNOWN },
{ NX_ACT_REFRESH, 503, SERVICE, NX_CLASS_UNKNOWN },
{ NX_ACT_REFRESH, 408, "", NX_CLASS_UNKNOWN },
/* a grant is not dropped for what is not understood */
{ NX_ACT_REFRESH, 400, HTML, NX_CLASS_RETRY },
{ NX_ACT_REFRESH, 400, "{\"error\":\"something_new\"}", NX_CLASS_RETRY },
{ NX_ACT_REFRESH, 401, HTML, NX_CLASS_RETRY },
{ NX_ACT_REFRESH, 403, HTML, NX_CLASS_RETRY },
{ NX_ACT_REFRESH, 404, "", NX_CLASS_RETRY },
{ NX_ACT_REFRESH, 402, "", NX_CLASS_MONEY },
{ NX_ACT_CODE, 302, "", NX_CLASS_OPERATOR },
/* revoking */
{ NX_ACT_REVOKE, 200, "{\"revoked\":true}", NX_CLASS_DONE },
{ NX_ACT_REVOKE, 204, "", NX_CLASS_DONE },
{ NX_ACT_REVOKE, 200, HTML, NX_CLASS_DONE },
{ NX_ACT_REVOKE, 400, DEAD, NX_CLASS_DONE },
{ NX_ACT_REVOKE, 500, HTML, NX_CLASS_RETRY },
{ NX_ACT_REVOKE, 400, HTML, NX_CLASS_RETRY },
	};

	(void)state;
	CHECK(rows);
}

static void
tokens_and_accounts(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_READ, 401, UNAUTHORIZED, NX_CLASS_TOKEN },
{ NX_ACT_CREATE, 401, UNAUTHORIZED, NX_CLASS_TOKEN },
{ NX_ACT_DELETE, 401, "", NX_CLASS_TOKEN },
{ NX_ACT_CREATE, 401, HTML, NX_CLASS_TOKEN },
{ NX_ACT_CREATE, 401, AUTH, NX_CLASS_OPERATOR },
{ NX_ACT_READ, 403, APP_ONLY(OLD), NX_CLASS_TOKEN },
{ NX_ACT_CREATE, 403, APP_ONLY(NEW), NX_CLASS_TOKEN },
{ NX_ACT_CREATE, 403, FORBIDDEN("Your account is not permitted to access"
  " this feature."), NX_CLASS_ACCOUNT },
{ NX_ACT_CREATE, 403, FORBIDDEN("Your account is suspended and is not"
  " permitted to access this feature."), NX_CLASS_ACCOUNT },
{ NX_ACT_READ, 403, FORBIDDEN("Your account is suspended."),
  NX_CLASS_ACCOUNT },
{ NX_ACT_CREATE, 403, FORBIDDEN("Your account is temporarily locked."),
  NX_CLASS_ACCOUNT },
{ NX_ACT_CREATE, 403, "{\"title\":\"Forbidden\",\"status\":403,\"detail\":"
  "\"Your client app is not configured with the appropriate oauth1 app"
  " permissions for this endpoint.\",\"type\":\"" OLD "oauth1-permissions\"}",
  NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, "{\"type\":\"" NEW "oauth1-permissions\"}",
  NX_CLASS_OPERATOR },
{ NX_ACT_READ, 403, "{\"title\":\"Client Forbidden\",\"reason\":"
  "\"client-not-enrolled\",\"required_enrollment\":\"Appropriate Level of"
  " API Access\",\"detail\":\"When authenticating requests to the Twitter API"
  " v2 endpoints, you must use keys and tokens from a Twitter developer App"
  " that is attached to a Project.\",\"registration_url\":\"https://x\","
  "\"type\":\"" OLD "client-forbidden\"}", NX_CLASS_PLAN },
{ NX_ACT_READ, 403, "{\"type\":\"" NEW "client-forbidden\"}",
  NX_CLASS_PLAN },
	};

	(void)state;
	CHECK(rows);
}

/* What the app may do at all, and what its plan holds. */
static void
rights_of_the_app(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 403, ENROL("client-not-enrolled", PROJECT),
  NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, ENROL("user-not-enrolled", "Pay-per-use"),
  NX_CLASS_OPERATOR },
{ NX_ACT_PROFILE, 403, ENROL("client-not-enrolled", PROJECT),
  NX_CLASS_OPERATOR },
{ NX_ACT_PROFILE, 403, "{\"type\":\"" NEW "client-forbidden\"}",
  NX_CLASS_OPERATOR },
{ NX_ACT_DELETE, 403, ENROL("user-not-enrolled", "Pay-per-use"),
  NX_CLASS_OPERATOR },
{ NX_ACT_READ, 403, ENROL("client-not-enrolled", PROJECT), NX_CLASS_PLAN },
{ NX_ACT_READ, 403, ENROL("user-not-enrolled", "Pay-per-use"),
  NX_CLASS_PLAN },
{ NX_ACT_CREATE, 403, NUMBER("261"), NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, CODE("261", "Application cannot perform write"
  " actions. Contact Twitter Platform Operations through"
  " https://support.twitter.com/forms/platform."), NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, FORBIDDEN("Application cannot perform write actions."),
  NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, NUMBER("453"), NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, NUMBER("\"453\""), NX_CLASS_OPERATOR },
{ NX_ACT_CREATE, 403, "{\"code\":453,\"message\":\"no\"}",
  NX_CLASS_OPERATOR },
{ NX_ACT_READ, 403, NUMBER("453"), NX_CLASS_PLAN },
{ NX_ACT_READ, 403, FORBIDDEN("You currently have access to a subset of X API"
  " V2 endpoints and limited v1.1 endpoints (e.g. media post, oauth) only."),
  NX_CLASS_PLAN },
{ NX_ACT_CREATE, 403, FORBIDDEN("You currently have access to a subset of X"
  " API V2 endpoints and limited v1.1 endpoints (e.g. media post, oauth)"
  " only."), NX_CLASS_OPERATOR },
/* other 403s of a read say nothing of the kind */
{ NX_ACT_READ, 403, FORBIDDEN("Forbidden"), NX_CLASS_REFUSED },
{ NX_ACT_PROFILE, 403, FORBIDDEN("Forbidden"), NX_CLASS_REFUSED },
{ NX_ACT_PROFILE, 401, UNAUTHORIZED, NX_CLASS_TOKEN },
	};

	(void)state;
	CHECK(rows);
}

/* Limits of which X tells by a 403. */
static void
limits_without_a_window(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 403, NUMBER("185"), NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, CODE("185", "User is over daily status update limit."),
  NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, FORBIDDEN("User is over daily status update limit."),
  NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, NUMBER("344"), NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, CODE("344", "You have reached your daily limit for"
  " sending Tweets and messages."), NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, FORBIDDEN("You have reached your daily limit for"
  " sending posts."), NX_CLASS_RATE },
{ NX_ACT_DELETE, 403, NUMBER("185"), NX_CLASS_RATE },
{ NX_ACT_CREATE, 403, CODE("88", "Rate limit exceeded"), NX_CLASS_RATE },
{ NX_ACT_READ, 400, NUMBER("88"), NX_CLASS_RATE },
	};

	(void)state;
	CHECK(rows);
}

static void
looks_automated(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 403, NUMBER("226"), NX_CLASS_AUTOMATED },
{ NX_ACT_CREATE, 403, CODE("226", "This request looks like it might be"
  " automated. To protect our users from spam and other malicious activity,"
  " we can't complete this action right now."), NX_CLASS_AUTOMATED },
{ NX_ACT_CREATE, 403, FORBIDDEN("This request looks like it might be"
  " automated."), NX_CLASS_AUTOMATED },
{ NX_ACT_CREATE, 403, FORBIDDEN("You are not permitted to perform this"
  " action."), NX_CLASS_AUTOMATED },
{ NX_ACT_DELETE, 403, FORBIDDEN("You are not permitted to perform this"
  " action."), NX_CLASS_REFUSED },
{ NX_ACT_READ, 403, FORBIDDEN("You are not permitted to perform this"
  " action."), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, NUMBER("64"), NX_CLASS_ACCOUNT },
{ NX_ACT_CREATE, 403, CODE("326", "To protect our users from spam and other"
  " malicious activity, this account is temporarily locked."),
  NX_CLASS_ACCOUNT },
	};

	(void)state;
	CHECK(rows);
}

static void
answering_and_quoting(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 403, "{\"detail\":\"You can only reply to or quote posts"
  " where you are mentioned or are the author.\",\"title\":\"Authorization"
  " Error\",\"type\":\"" NEW "not-authorized-for-resource\",\"status\":403}",
  NX_CLASS_REPLY },
{ NX_ACT_CREATE, 403, FORBIDDEN("You can only reply to or quote posts where"
  " you are mentioned or are the author."), NX_CLASS_REPLY },
{ NX_ACT_CREATE, 403, FORBIDDEN("Reply to this conversation is not allowed"
  " because you have not been mentioned or otherwise engaged by the author of"
  " the post you are replying to."), NX_CLASS_REPLY },
{ NX_ACT_CREATE, 403, FORBIDDEN("Quoting this post is not allowed because you"
  " have not been mentioned or are not part of the conversation thread of the"
  " post you are quoting."), NX_CLASS_REPLY },
{ NX_ACT_CREATE, 403, NUMBER("433"), NX_CLASS_REPLY },
{ NX_ACT_CREATE, 403, NUMBER("385"), NX_CLASS_UNSEEN },
{ NX_ACT_CREATE, 400, FORBIDDEN("You attempted to reply to a Tweet that is"
  " deleted or not visible to you."), NX_CLASS_UNSEEN },
{ NX_ACT_CREATE, 403, CODE("385", "You attempted to reply to a Tweet that is"
  " deleted or not visible to you."), NX_CLASS_UNSEEN },
{ NX_ACT_READ, 403, "{\"type\":\"" OLD "not-authorized-for-resource\"}",
  NX_CLASS_REFUSED },
	};

	(void)state;
	CHECK(rows);
}

static void
creating(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 201, "{\"data\":{\"id\":\"1445880548472328192\"}}",
  NX_CLASS_DONE },
{ NX_ACT_CREATE, 201, "{\"data\":", NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 201, "", NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 200, HTML, NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 201, "\xff\xfe\x01", NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 403, FORBIDDEN("You are not allowed to create a Tweet with"
  " duplicate content."), NX_CLASS_DUPLICATE },
{ NX_ACT_CREATE, 403, "{\"status\":\"403\",\"title\":\"Forbidden\",\"type\":"
  "\"about:blank\",\"detail\":\"You are not allowed to create a Post with"
  " Duplicate Content.\"}", NX_CLASS_DUPLICATE },
{ NX_ACT_CREATE, 403, "{\"errors\":[{\"code\":187,\"message\":\"Status is a"
  " duplicate.\"}]}", NX_CLASS_DUPLICATE },
{ NX_ACT_CREATE, 403, NUMBER("187"), NX_CLASS_DUPLICATE },
{ NX_ACT_CREATE, 403, FORBIDDEN("Posts are limited to a maximum of one"
  " cashtag"), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"title\":\"Forbidden\",\"detail\":\"This user is not"
  " allowed to post a video longer than 20 minutes.\",\"type\":"
  "\"about:blank\",\"status\":403}", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, FORBIDDEN("User video duration exceeded"),
  NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, NUMBER("186"), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 400, FORBIDDEN("Your Tweet text is too long. For more"
  " information on how Twitter determines text length see"
  " https://github.com/twitter/twitter-text."), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 400, INVALID("{\"message\":\"Please include either text or"
  " media in your Tweet.\"}"), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 400, INVALID("{\"parameters\":{\"media.media_ids\":[\"123\"]"
  "},\"message\":\"Your media IDs are invalid.\"}"), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 400, INVALID("{\"message\":\"The Tweet contains an invalid"
  " URL.\"}"), NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 400, HTML, NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 413, "", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 404, BLANK("404", "Not Found", "Not Found"),
  NX_CLASS_RETRY },
{ NX_ACT_CREATE, 404, HTML, NX_CLASS_RETRY },
{ NX_ACT_CREATE, 404, "{\"type\":\"" NEW "resource-not-found\"}",
  NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, HTML, NX_CLASS_RETRY },
{ NX_ACT_CREATE, 500, BLANK("500", "Internal", "x"), NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 502, HTML, NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 503, SERVICE, NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 504, "", NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 408, "", NX_CLASS_UNKNOWN },
{ NX_ACT_CREATE, 301, "", NX_CLASS_OPERATOR },
	};

	(void)state;
	CHECK(rows);
}

static void
reading_and_deleting(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_READ, 200, "{\"data\":{\"id\":\"1\"},\"errors\":[]}",
  NX_CLASS_DONE },
{ NX_ACT_READ, 200, HTML, NX_CLASS_RETRY },
{ NX_ACT_READ, 200, "", NX_CLASS_RETRY },
{ NX_ACT_READ, 500, HTML, NX_CLASS_RETRY },
{ NX_ACT_READ, 502, "", NX_CLASS_RETRY },
{ NX_ACT_READ, 503, SERVICE, NX_CLASS_RETRY },
{ NX_ACT_READ, 404, HTML, NX_CLASS_RETRY },
{ NX_ACT_READ, 404, "{\"type\":\"" OLD "resource-not-found\"}",
  NX_CLASS_REFUSED },
{ NX_ACT_READ, 403, "{\"type\":\"" OLD "not-authorized-for-resource\"}",
  NX_CLASS_REFUSED },
{ NX_ACT_DELETE, 200, "{\"data\":{\"deleted\":true}}", NX_CLASS_DONE },
{ NX_ACT_DELETE, 404, BLANK("404", "Not Found", "gone"), NX_CLASS_DONE },
{ NX_ACT_DELETE, 404, "{\"type\":\"" NEW "resource-not-found\"}",
  NX_CLASS_DONE },
{ NX_ACT_DELETE, 404, "{\"title\":\"Not Found\"}", NX_CLASS_DONE },
{ NX_ACT_DELETE, 404, "{\"errors\":[{\"code\":144,\"message\":\"No status"
  " found with that ID.\"}]}", NX_CLASS_DONE },
{ NX_ACT_DELETE, 404, "{\"errors\":[{\"detail\":\"Could not find tweet\","
  "\"resource_type\":\"tweet\"}]}", NX_CLASS_DONE },
/* of gateways */
{ NX_ACT_DELETE, 404, "{\"message\":\"no Route matched with those values\"}",
  NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, "{\"timestamp\":1,\"status\":404,\"error\":"
  "\"Not Found\",\"path\":\"/2/tweets/1\"}", NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, "{\"errors\":[\"not found\"]}", NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, "{\"errors\":[],\"type\":7}", NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, "{}", NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, "", NX_CLASS_RETRY },
{ NX_ACT_DELETE, 404, HTML, NX_CLASS_RETRY },
{ NX_ACT_DELETE, 204, "", NX_CLASS_DONE },
{ NX_ACT_DELETE, 200, "", NX_CLASS_DONE },
{ NX_ACT_DELETE, 202, " \r\n", NX_CLASS_DONE },
{ NX_ACT_DELETE, 200, "{", NX_CLASS_RETRY },
{ NX_ACT_CREATE, 204, "", NX_CLASS_UNKNOWN },
{ NX_ACT_DELETE, 200, HTML, NX_CLASS_RETRY },
{ NX_ACT_DELETE, 503, SERVICE, NX_CLASS_RETRY },
{ NX_ACT_DELETE, 403, FORBIDDEN("You are not authorized to delete this"
  " Tweet."), NX_CLASS_REFUSED },
	};

	(void)state;
	CHECK(rows);
}

static void
money_and_rates(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 402, "{\"detail\":\"credits depleted\",\"status\":402,"
  "\"title\":\"Payment Required\",\"type\":\"" NEW "credits-depleted\"}",
  NX_CLASS_MONEY },
{ NX_ACT_READ, 402, "{\"title\":\"CreditsDepleted\",\"detail\":\"Your"
  " enrolled account [1234] does not have any credits to fulfill this"
  " request.\",\"type\":\"" OLD "credits\"}", NX_CLASS_MONEY },
{ NX_ACT_CREATE, 402, HTML, NX_CLASS_MONEY },
{ NX_ACT_CREATE, 403, "{\"title\":\"SpendCapReached\"}", NX_CLASS_MONEY },
{ NX_ACT_CREATE, 403, "{\"type\":\"" NEW "credits\"}", NX_CLASS_MONEY },
{ NX_ACT_CREATE, 403, "{\"detail\":\"credits depleted\",\"status\":403,"
  "\"title\":\"Forbidden\",\"type\":\"" NEW "credits-depleted\"}",
  NX_CLASS_MONEY },
{ NX_ACT_CREATE, 429, CAPPED, NX_CLASS_MONEY },
{ NX_ACT_READ, 403, "{\"type\":\"" NEW "usage-capped\"}", NX_CLASS_MONEY },
{ NX_ACT_CREATE, 429, "{\"title\":\"Too Many Requests\",\"detail\":\"Too Many"
  " Requests\",\"type\":\"about:blank\",\"status\":429}", NX_CLASS_RATE },
{ NX_ACT_READ, 429, "{\"errors\":[{\"code\":88,\"message\":\"Rate limit"
  " exceeded\"}]}", NX_CLASS_RATE },
{ NX_ACT_READ, 429, "{\"errors\":[{\"code\":\"88\",\"message\":\"Rate limit"
  " exceeded\"}]}", NX_CLASS_RATE },
{ NX_ACT_DELETE, 429, "{\"type\":\"" OLD "rate-limit-exceeded\"}",
  NX_CLASS_RATE },
{ NX_ACT_DELETE, 429, "", NX_CLASS_RATE },
	};

	(void)state;
	CHECK(rows);
}

/* Shapes that nobody promised: no crash, and the status decides. */
static void
strange_bodies(void **state)
{
	static const struct row rows[] = {
{ NX_ACT_CREATE, 403, "{\"errors\":\"x\",\"type\":7,\"title\":null,"
  "\"detail\":{\"a\":[[]]}}", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"errors\":[]}", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"errors\":[\"duplicate content\",7]}",
  NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"errors\":[[{\"message\":\"duplicate content\"}]]}",
  NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"type\":\"credits/\"}", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 403, "{\"type\":\"credits\"}", NX_CLASS_MONEY },
{ NX_ACT_REFRESH, 400, "{\"error\":{\"code\":\"invalid_grant\"}}",
  NX_CLASS_RETRY },
{ NX_ACT_CREATE, 418, "\"duplicate content\"", NX_CLASS_REFUSED },
{ NX_ACT_CREATE, 599, "null", NX_CLASS_UNKNOWN },
{ NX_ACT_READ, 199, "", NX_CLASS_RETRY },
{ NX_ACT_CREATE, 201, "{\"data\":{\"text\":\"\\ud83d\"}}", NX_CLASS_DONE },
{ NX_ACT_CREATE, 201, "{\"data\":{\"text\":\"\xff\\u0000\"}}",
  NX_CLASS_DONE },
{ NX_ACT_CREATE, 403, "{\"detail\":\"\",\"detail\":\"duplicate content"
  " \\ud800\"}", NX_CLASS_DUPLICATE },
	};

	(void)state;
	CHECK(rows);
}

static void
no_answer(void **state)
{
	static const struct {
		enum nx_act	act;
		enum nx_class	lost;
	} rows[] = {
		{ NX_ACT_CODE, NX_CLASS_UNKNOWN },
		{ NX_ACT_REFRESH, NX_CLASS_UNKNOWN },
		{ NX_ACT_CREATE, NX_CLASS_UNKNOWN },
		{ NX_ACT_REVOKE, NX_CLASS_RETRY },
		{ NX_ACT_READ, NX_CLASS_RETRY },
		{ NX_ACT_PROFILE, NX_CLASS_RETRY },
		{ NX_ACT_DELETE, NX_CLASS_RETRY },
	};
	struct nx_x_answer a = { .http.why = "Connection refused" };
	struct nx_verdict v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		a.http.outcome = NX_HTTP_NOT_SENT;
		nx_verdict_of(rows[i].act, &a, NOW, &v);
		assert_int_equal(v.class, NX_CLASS_RETRY);
		a.http.outcome = NX_HTTP_LOST;
		nx_verdict_of(rows[i].act, &a, NOW, &v);
		assert_int_equal(v.class, rows[i].lost);
		assert_int_equal(v.x.status, 0);
		assert_string_equal(v.x.detail, "Connection refused");
		nx_verdict_unreadable(rows[i].act, &v);
		assert_int_equal(v.class, rows[i].lost);
	}
}

static int64_t
retry_at(int status, const char *body, int retry_after, int64_t quarter,
    int64_t day)
{
	struct nx_x_answer a = answered(status, body);
	struct nx_verdict v;

	a.http.retry_after = retry_after;
	a.windows.quarter = (struct nx_window){ true, 100, 0, quarter };
	a.windows.user_day = (struct nx_window){ true, 17, 0, day };
	nx_verdict_of(NX_ACT_READ, &a, NOW, &v);
	return v.retry_at;
}

static void
times(void **state)
{
	(void)state;
	assert_int_equal(retry_at(429, "", 0, NOW + 100, NOW + 50),
	    NOW + 100);
	assert_int_equal(retry_at(429, "", 0, NOW + 100, NOW + 5000),
	    NOW + 5000);
	assert_int_equal(retry_at(429, "", 300, NOW + 100, 0), NOW + 300);
	assert_int_equal(retry_at(429, "", 7, NOW - 100, 0), NOW + 7);
	assert_int_equal(retry_at(429, "", 0, NOW - 100, 0), 0);
	/* no window is that long: not believed, the others are */
	assert_int_equal(retry_at(429, "", 0, NOW * INT64_C(1000), 0), 0);
	assert_int_equal(retry_at(429, "", 0, NOW + 25 * 3600 + 1,
	    NOW + 800), NOW + 800);
	assert_int_equal(retry_at(429, "", 0, NOW + 25 * 3600, 0),
	    NOW + 25 * 3600);
	assert_int_equal(retry_at(429, "", 25 * 3600 + 1, 0, 0), 0);
	assert_int_equal(retry_at(429, "", INT32_MAX, NOW + 60, 0), NOW + 60);
	assert_int_equal(retry_at(503, SERVICE, INT32_MAX, 0, 0), 0);
	/* seconds, where an instant was meant */
	assert_int_equal(retry_at(429, "", 0, 600, 0), NOW + 600);
	assert_int_equal(retry_at(429, "", 0, 999999999, 0), 0);
	/* a window that a 403 tells of is one */
	assert_int_equal(retry_at(403, NUMBER("185"), 0, 0, NOW + 7000),
	    NOW + 7000);
	assert_int_equal(retry_at(403, NUMBER("185"), 0, 0, 0), 0);
	assert_int_equal(retry_at(503, SERVICE, 30, NOW + 900, 0), NOW + 30);
	assert_int_equal(retry_at(503, SERVICE, 0, NOW + 900, 0), 0);
	/* the cap's own date, whatever the windows say */
	assert_int_equal(retry_at(429, CAPPED, 9, NOW + 900, 0), 0);
	assert_int_equal(retry_at(403, "{\"title\":\"SpendCapReached\","
	    "\"detail\":\"Your enrolled account [1234] has reached its billing"
	    " cycle spend cap. API requests will be blocked until the next"
	    " cycle begins on 2026-10-14.\",\"reset_date\":\"2026-10-14\","
	    "\"type\":\"" OLD "credits\"}", 0, 0, 0), 1791936000);
	assert_int_equal(retry_at(403, "{\"title\":\"SpendCapReached\","
	    "\"reset_date\":\"2026-04-14\"}", 0, 0, 0), 0);
	assert_int_equal(retry_at(403, "{\"title\":\"SpendCapReached\","
	    "\"reset_date\":\"2062-04-14\"}", 0, 0, 0), 0);
	assert_int_equal(retry_at(402, "{\"reset_date\":\"2026-02-30\"}", 0,
	    0, 0), 0);
	assert_int_equal(retry_at(401, UNAUTHORIZED, 9, NOW + 9, 0), 0);
}

static void
words_of_x(void **state)
{
	char body[2000], long_text[600];
	struct nx_x_answer a = answered(400, INVALID("{\"message\":\"Your"
	    " media IDs are invalid.\"}"));
	struct nx_verdict v;

	(void)state;
	nx_verdict_of(NX_ACT_CREATE, &a, NOW, &v);
	assert_string_equal(v.x.type, OLD "invalid-request");
	assert_string_equal(v.x.title, "Invalid Request");
	assert_string_equal(v.x.detail, "Your media IDs are invalid.");

	a = answered(400, DEAD);
	nx_verdict_of(NX_ACT_REFRESH, &a, NOW, &v);
	assert_string_equal(v.x.type, "invalid_request");
	assert_string_equal(v.x.title, "");
	assert_string_equal(v.x.detail,
	    "Value passed for the token was invalid.");

	/* control characters go, C1 and DEL too; others stay */
	a = answered(403, "{\"title\":\"a\\r\\nb\\u007f\\u0085\\u001b[1mc"
	    "\xc3\xa9\xc2\xa0\"}");
	nx_verdict_of(NX_ACT_CREATE, &a, NOW, &v);
	assert_string_equal(v.x.title, "ab[1mc\xc3\xa9\xc2\xa0");

	/* a grant is not quoted, its refusal is */
	a = answered(200, "{\"access_token\":\"a\",\"detail\":\"a\"}");
	nx_verdict_of(NX_ACT_REFRESH, &a, NOW, &v);
	assert_string_equal(v.x.detail, "");
	nx_verdict_of(NX_ACT_READ, &a, NOW, &v);
	assert_string_equal(v.x.detail, "a");
	a.http.status = 400;
	nx_verdict_of(NX_ACT_REFRESH, &a, NOW, &v);
	assert_string_equal(v.x.detail, "a");

	/* cut between characters, never within: 255 is no multiple of 2 */
	for (size_t i = 0; i < sizeof(long_text) - 1; i += 2)
		memcpy(long_text + i, "\xc3\xa9", 2);
	long_text[598] = '\0';
	(void)snprintf(body, sizeof(body), "{\"detail\":\"%s\"}", long_text);
	a = answered(403, body);
	nx_verdict_of(NX_ACT_CREATE, &a, NOW, &v);
	assert_int_equal(strlen(v.x.detail), 254);
	assert_memory_equal(v.x.detail, long_text, 254);
}

static void
errors(void **state)
{
	static const struct {
		enum nx_act	act;
		enum nx_class	class;
		enum nx_rc	want;
		int		wait;
	} rows[] = {
		{ NX_ACT_READ, NX_CLASS_RETRY, NX_X_DOWN, 5 },
		{ NX_ACT_CREATE, NX_CLASS_RATE, NX_X_RATE, 15 * 60 },
		{ NX_ACT_CREATE, NX_CLASS_REPLY, NX_REPLY_REFUSED, 0 },
		{ NX_ACT_CREATE, NX_CLASS_UNSEEN, NX_REPLY_UNSEEN, 0 },
		{ NX_ACT_CREATE, NX_CLASS_AUTOMATED, NX_X_AUTOMATED, 0 },
		{ NX_ACT_READ, NX_CLASS_PLAN, NX_NOT_IN_PLAN, 0 },
		{ NX_ACT_CREATE, NX_CLASS_TOKEN, NX_X_TOKEN, 0 },
		{ NX_ACT_REFRESH, NX_CLASS_SUSPECT, NX_NEEDS_REAUTH, 0 },
		{ NX_ACT_CODE, NX_CLASS_CODE, NX_CODE_REFUSED, 0 },
		{ NX_ACT_CREATE, NX_CLASS_DUPLICATE, NX_DUPLICATE, 0 },
		{ NX_ACT_CREATE, NX_CLASS_REFUSED, NX_X_REFUSED, 0 },
		{ NX_ACT_CREATE, NX_CLASS_ACCOUNT, NX_X_ACCOUNT, 0 },
		{ NX_ACT_CREATE, NX_CLASS_MONEY, NX_X_MONEY, 3600 },
		{ NX_ACT_CODE, NX_CLASS_OPERATOR, NX_X_OPERATOR, 0 },
		{ NX_ACT_CREATE, NX_CLASS_UNKNOWN, NX_OUTCOME_UNKNOWN, 0 },
		{ NX_ACT_CODE, NX_CLASS_UNKNOWN, NX_CODE_LOST, 0 },
		{ NX_ACT_REFRESH, NX_CLASS_UNKNOWN, NX_X_DOWN, 5 },
		{ NX_ACT_READ, NX_CLASS_UNKNOWN, NX_X_DOWN, 5 },
		{ NX_ACT_REVOKE, NX_CLASS_UNKNOWN, NX_X_DOWN, 5 },
	};
	struct nx_verdict v = { .x = { .status = 403, .type = "about:blank",
	    .title = "Forbidden", .detail = "No." } };
	struct nx_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v.class = rows[i].class;
		v.retry_at = 0;
		assert_int_equal(nx_verdict_fail(rows[i].act, &v, NOW, &err),
		    rows[i].want);
		assert_int_equal(err.rc, rows[i].want);
		assert_int_equal(err.retry_after, rows[i].wait);
		assert_true(err.is_guess);
		assert_string_equal(err.detail, "X answered 403: No.");
		assert_string_equal(err.x.title, "Forbidden");
		v.retry_at = NOW + 99;
		(void)nx_verdict_fail(rows[i].act, &v, NOW, &err);
		assert_int_equal(err.retry_after, 100);
		assert_false(err.is_guess);
		assert_int_equal(nx_verdict_fail(rows[i].act, &v, NOW, NULL),
		    rows[i].want);
	}
}

/* Where X names no window, what kind of limit it is says where to begin. */
static void
guesses(void **state)
{
	struct nx_verdict v = { .class = NX_CLASS_RATE, .x = { .status = 429 } };
	struct nx_err err;

	(void)state;
	(void)nx_verdict_fail(NX_ACT_CREATE, &v, NOW, &err);
	assert_int_equal(err.retry_after, 60);
	v.x.status = 403;
	(void)nx_verdict_fail(NX_ACT_CREATE, &v, NOW, &err);
	assert_int_equal(err.retry_after, 15 * 60);
	assert_true(err.is_guess);
	v.retry_at = NOW + 5;
	(void)nx_verdict_fail(NX_ACT_CREATE, &v, NOW, &err);
	assert_int_equal(err.retry_after, 6);
	assert_false(err.is_guess);
}

static void
error_sentences(void **state)
{
	static const struct {
		struct nx_err_x	 x;
		const char	*want;
	} rows[] = {
		{ { .status = 503 }, "X answered 503 and gave no reason." },
		{ { .status = 503, .title = "Gone fishing" },
		  "X answered 503: Gone fishing" },
		{ { .status = 201 },
		  "X answered 201, but not with what was asked for." },
		{ { .detail = "Connection refused" },
		  "No answer came from X: Connection refused." },
	};
	struct nx_verdict v = { .class = NX_CLASS_RETRY };
	struct nx_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v.x = rows[i].x;
		(void)nx_verdict_fail(NX_ACT_READ, &v, NOW, &err);
		assert_string_equal(err.detail, rows[i].want);
		assert_int_equal(err.x.status, rows[i].x.status);
	}
}

static void
every_class_has_a_name(void **state)
{
	(void)state;
	for (int a = 0; a < NX_CLASS_COUNT; a++) {
		for (int b = 0; b < a; b++)
			assert_string_not_equal(
			    nx_class_name((enum nx_class)a),
			    nx_class_name((enum nx_class)b));
	}
}

/* What counts calls knows every class by its own name. */
static void
classes_are_counted_by_name(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NX_CLASS_COUNT; i++)
		assert_true(nx_slice_is(nx_stats_value(NX_LABEL_CLASS, i),
		    nx_class_name((enum nx_class)i)));
	assert_int_equal(nx_stats_value(NX_LABEL_CLASS,
	    NX_CLASS_COUNT).n, 0);
	assert_true(nx_slice_is(nx_stats_value(NX_LABEL_ENDPOINT,
	    NX_ACT_CREATE), "create"));
	assert_true(nx_slice_is(nx_stats_value(NX_LABEL_ENDPOINT,
	    NX_ACT_DELETE), "delete"));
	assert_true(nx_slice_is(nx_stats_value(NX_LABEL_ENDPOINT,
	    NX_ACT_SEGMENT), "segment"));
	assert_int_equal(nx_stats_value(NX_LABEL_ENDPOINT,
	    NX_ACT_SEGMENT + 1).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_endpoint),
		cmocka_unit_test(tokens_and_accounts),
		cmocka_unit_test(rights_of_the_app),
		cmocka_unit_test(limits_without_a_window),
		cmocka_unit_test(looks_automated),
		cmocka_unit_test(answering_and_quoting),
		cmocka_unit_test(creating),
		cmocka_unit_test(reading_and_deleting),
		cmocka_unit_test(money_and_rates),
		cmocka_unit_test(strange_bodies),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(times),
		cmocka_unit_test(words_of_x),
		cmocka_unit_test(errors),
		cmocka_unit_test(guesses),
		cmocka_unit_test(error_sentences),
		cmocka_unit_test(every_class_has_a_name),
		cmocka_unit_test(classes_are_counted_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
