/* exchange.c - send a request, wait, and say what became of it. */

#include <stdio.h>
#include <string.h>

#include "client.h"
#include "nx/base/clock.h"
#include "nx/base/wait.h"

void
nx_http_explain(struct nx_http_answer *out, enum nx_http_error error,
    const char *why)
{
	out->error = error;
	(void)snprintf(out->why, sizeof(out->why), "%.*s",
	    (int)sizeof(out->why) - 1, why);
}

static enum nx_http_error
error_of(const struct nx_http *http, CURLcode code)
{
	if (http->too_long)
		return NX_HTTP_TOO_LONG;
	if (http->source_failed)
		return NX_HTTP_SOURCE_FAILED;
	if (http->sink_failed)
		return NX_HTTP_SINK_FAILED;
	if (!nx_buf_ok(&http->body))
		return NX_HTTP_NO_MEMORY;
	switch (code) {
	case CURLE_URL_MALFORMAT:
		return NX_HTTP_BAD_ASK;
	case CURLE_OUT_OF_MEMORY:
		return NX_HTTP_NO_MEMORY;
	case CURLE_COULDNT_RESOLVE_HOST:
		return NX_HTTP_NO_HOST;
	case CURLE_COULDNT_CONNECT:
		return NX_HTTP_NO_CONNECTION;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_PEER_FAILED_VERIFICATION:
		return NX_HTTP_NO_TRUST;
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_ABORTED_BY_CALLBACK:
		return NX_HTTP_TIMED_OUT;
	default:
		return NX_HTTP_BROKEN;
	}
}

static void
explain_end(const struct nx_http *http, CURLcode code,
    struct nx_http_answer *out)
{
	const char *why = http->why[0] != '\0' ? http->why :
	    curl_easy_strerror(code);

	if (http->too_long || !nx_buf_ok(&http->body))
		why = "the answer does not fit";
	else if (http->source_failed)
		why = "the body could not be read";
	else if (http->sink_failed)
		why = "the answer could not be taken";
	else if (code == CURLE_ABORTED_BY_CALLBACK)
		why = "it was waited for in vain";
	nx_http_explain(out, error_of(http, code), why);
}

/* Status and headers, and the body as far as it has come. */
static void
take_answer(struct nx_http *http, long status, struct nx_http_answer *out)
{
	curl_off_t after = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RETRY_AFTER, &after);
	out->status = (int)status;
	out->retry_after = after <= 0 ? 0 : after > INT32_MAX ?
	    INT32_MAX : (int)after;
	out->body = nx_buf_slice(&http->body);
}

/* Where a farewell came nobody waits until time runs out: it was none. */
static bool
was_given_up(CURLcode code)
{
	return code == CURLE_OPERATION_TIMEDOUT ||
	    code == CURLE_ABORTED_BY_CALLBACK;
}

/*
 * After the first byte nobody knows what the server did, whatever went wrong;
 * but where it had ended before, or a body was announced and none of it left,
 * it did nothing.  And what has come of an answer that comes once may be all
 * that matters of it.
 */
static void
conclude_try(struct nx_http *http, CURLcode code, struct nx_http_answer *out)
{
	const bool once = http->ask->once;
	const bool heard = http->leaving &&
	    (!http->unheard || was_given_up(code));
	long status = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status > 0) {
		out->outcome = NX_HTTP_ANSWERED;
		take_answer(http, status, out);
		return;
	}
	out->outcome = heard && (http->body_left || !once || http->whole == 0) ?
	    NX_HTTP_LOST : NX_HTTP_NOT_SENT;
	if (out->outcome == NX_HTTP_LOST && once && status / 100 == 2 &&
	    nx_buf_ok(&http->body))
		take_answer(http, status, out);
	explain_end(http, code, out);
}

/* Forget how far an earlier try has come, and what became of it. */
static void
reset_progress(struct nx_http *http, struct nx_http_answer *out)
{
	http->leaving = http->body_left = http->source_failed = false;
	http->answering = http->too_long = http->sink_failed = false;
	http->unheard = false;
	http->why[0] = '\0';
	*out = (struct nx_http_answer){ .outcome = NX_HTTP_NOT_SENT };
}

static void
try_once(struct nx_http *http, struct nx_http_answer *out)
{
	if (http->setup == CURLE_OK) {
		conclude_try(http, curl_easy_perform(http->easy), out);
		http->used_at = nx_clock_mono();
	} else
		nx_http_explain(out, NX_HTTP_NO_MEMORY,
		    curl_easy_strerror(http->setup));
}

/* Where a connection ended under the request, a new one may do. */
static bool
is_worth_another(struct nx_http *http, const struct nx_http_answer *out)
{
	return out->outcome == NX_HTTP_NOT_SENT && http->leaving &&
	    !http->source_failed && http->sunk == 0 &&
	    nx_http_body_rewind(http);
}

static void
send_request(struct nx_http *http, int left, struct nx_http_answer *out)
{
	nx_http_ask_set(http, left);
	try_once(http, out);
	left = nx_clock_left(http->ask->deadline);
	if (left == 0 || !is_worth_another(http, out))
		return;
	reset_progress(http, out);
	nx_http_forget(http);
	nx_http_ask_set(http, left);
	SET(http, CURLOPT_FRESH_CONNECT, 1L);
	try_once(http, out);
}

void
nx_http_do(struct nx_http *http, const struct nx_http_ask *ask,
    struct nx_http_answer *out)
{
	const int left = nx_clock_left(ask->deadline);

	nx_wait_begin();
	nx_http_forget(http);
	reset_progress(http, out);
	http->ask = ask;
	http->given = http->sunk = 0;
	if (left == 0)
		nx_http_explain(out, NX_HTTP_TIMED_OUT,
		    "no time was left to ask");
	else if (nx_http_ask_check(http, out))
		send_request(http, left, out);
	nx_http_blank_secrets(http, out);
	(void)curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, NULL);
	nx_buf_reset(&http->auth);
	http->ask = NULL;
}
