#include "sb_refusals.h"

#include <stddef.h>
#include <string.h>

#define BLANK(detail)							\
	"{\"detail\":\"" detail "\",\"type\":\"about:blank\","		\
	"\"title\":\"Forbidden\",\"status\":403}"
/* API v1.1's form.  Nobody has shown what v2 says: unseen. */
#define NUMBER(n)	"{\"errors\":[{\"code\":" n "}]}"
#define ENROL(reason, needed)						\
	"{\"title\":\"Client Forbidden\",\"detail\":\"When authenticating " \
	"requests to the Twitter API v2 endpoints, you must use keys and " \
	"tokens from a Twitter developer App that is attached to a "	\
	"Project.\",\"client_id\":\"7\",\"reason\":\"" reason "\","	\
	"\"registration_url\":\"https://developer.x.com\","		\
	"\"required_enrollment\":\"" needed "\",\"type\":"		\
	"\"about:blank\"}"

static const struct sb_refusal refusals[] = {
	{ "number-64", 403, NUMBER("64") },
	{ "number-185", 403, NUMBER("185") },
	{ "number-226", 403, NUMBER("226") },
	{ "number-261", 403, NUMBER("261") },
	{ "number-326", 403, NUMBER("326") },
	{ "number-344", 403, NUMBER("344") },
	{ "number-385", 403, NUMBER("385") },
	{ "number-433", 403, NUMBER("433") },
	{ "number-453", 403, NUMBER("453") },
	{ "client-not-enrolled", 403, ENROL("client-not-enrolled",
	    "Appropriate Level of API Access") },
	{ "user-not-enrolled", 403, ENROL("user-not-enrolled",
	    "Pay-per-use") },
	{ "oauth1-permissions", 403, "{\"title\":\"Forbidden\",\"status\":403,"
	    "\"detail\":\"Your client app is not configured with the "
	    "appropriate oauth1 app permissions for this endpoint.\","
	    "\"type\":\"https://api.twitter.com/2/problems/"
	    "oauth1-permissions\"}" },
	{ "automated", 403, BLANK("You are not permitted to perform this "
	    "action.") },
	{ "reply-rule", 403, "{\"title\":\"Authorization Error\",\"detail\":"
	    "\"You can only reply to or quote posts where you are mentioned "
	    "or are the author.\",\"type\":\"https://api.x.com/2/problems/"
	    "not-authorized-for-resource\",\"status\":403}" },
	{ "not-visible", 403, BLANK("You attempted to reply to a Tweet that "
	    "is deleted or not visible to you.") },
	{ "suspended", 403, BLANK("Your account is suspended and is not "
	    "permitted to access this feature.") },
	{ "spend-cap", 403, "{\"title\":\"SpendCapReached\",\"detail\":"
	    "\"Your enrolled account [1234] has reached its billing cycle "
	    "spend cap.\",\"reset_date\":\"2026-04-14\",\"type\":"
	    "\"https://api.twitter.com/2/problems/credits\"}" },
	{ "usage-cap", 429, "{\"account_id\":\"1\",\"product_name\":"
	    "\"standard-basic\",\"title\":\"UsageCapExceeded\",\"period\":"
	    "\"Monthly\",\"scope\":\"Product\",\"detail\":\"Usage cap "
	    "exceeded: Monthly product cap\",\"type\":"
	    "\"https://api.twitter.com/2/problems/usage-capped\"}" },
};

const struct sb_refusal *
sb_refusal_find(const char *name)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (strcmp(refusals[i].name, name) == 0)
			return &refusals[i];
	return NULL;
}
