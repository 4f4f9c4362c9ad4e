/*
 * webhook.c - take a notice, sign it, send it, write down how it went.
 *
 * After one that did not arrive the round ends: what is wrong is most likely
 * the host, and the next round begins with the others.
 */

#include "nx/flow/upkeep/webhook.h"

#include <inttypes.h>

#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/seal/digest.h"
#include "nx/store/notice.h"

enum {
	ROUND = 100,		/* notices; the arena keeps them all */
	LEAST_MS = 6000,	/* for a call and what is written after it */
};

/* `v1=` and the HMAC of "timestamp.body". */
static char *
sign_notice(struct nx_ctx *ctx, const char *timestamp, const char *body)
{
	struct nx_buf text = NX_BUF(NX_WEBHOOK_SIGNED_MAX);
	char hex[NX_SHA256_HEX + 1];
	char *line = NULL;

	nx_buf_adds(&text, timestamp);
	nx_buf_addc(&text, '.');
	nx_buf_adds(&text, body);
	nx_hmac_sha256_hex(nx_slice_str(ctx->app->conf.webhook_secret),
	    nx_buf_slice(&text), hex);
	if (nx_buf_ok(&text))
		line = nx_arena_printf(ctx->arena, "Nexus-Signature: v1=%s",
		    hex);
	nx_buf_free(&text);
	return line;
}

/* True when it has arrived; else `why` says what happened. */
static bool
send_notice(struct nx_ctx *ctx, struct nx_http *http,
    const struct nx_notice *n, char why[NX_WEBHOOK_WHY_MAX])
{
	struct nx_http_answer answer;
	char *headers[] = { NULL, NULL, NULL, NULL, NULL };
	const struct nx_http_ask ask = {
		.method = "POST",
		.url = ctx->app->conf.webhook_url,
		.content_type = "application/json",
		.headers = headers,
		.body = nx_slice_str(n->body),
		.deadline = ctx->deadline - NX_SAVE_MS,
	};
	char *now = nx_arena_printf(ctx->arena, "%" PRId64, nx_clock_wall());

	(void)snprintf(why, NX_WEBHOOK_WHY_MAX,
	    "there was no memory to send it");
	if (now == NULL)
		return false;
	headers[0] = nx_arena_printf(ctx->arena, "Nexus-Event: %s", n->event);
	headers[1] = nx_arena_printf(ctx->arena, "Nexus-Delivery: %s", n->id);
	headers[2] = nx_arena_printf(ctx->arena, "Nexus-Timestamp: %s", now);
	headers[3] = sign_notice(ctx, now, n->body);
	if (headers[3] == NULL || !nx_arena_ok(ctx->arena))
		return false;
	nx_http_do(http, &ask, &answer);
	if (answer.outcome != NX_HTTP_ANSWERED)
		(void)snprintf(why, NX_WEBHOOK_WHY_MAX, "%s", answer.why);
	else
		(void)snprintf(why, NX_WEBHOOK_WHY_MAX, "it answered %d",
		    answer.status);
	return answer.outcome == NX_HTTP_ANSWERED && answer.status / 100 == 2;
}

/* Write down how the try went. */
static enum nx_rc
record_try(struct nx_ctx *ctx, const struct nx_notice *n, bool arrived,
    const char *why)
{
	struct nx_store_ask ask = nx_ctx_store(ctx);
	bool given_up = false;
	enum nx_rc rc;

	if (arrived)
		return nx_notice_done(&ask, n, &ctx->err);
	rc = nx_notice_failed(&ask, n, why, &given_up, &ctx->err);
	nx_log(&ctx->app->conf.log, given_up ? NX_LOG_ERROR : NX_LOG_WARN,
	    ctx->request_id, given_up ? "notice.given_up" : "notice.failed",
	    NX_S("notice", n->id), NX_S("event", n->event),
	    NX_S("tries", n->tries), NX_S("detail", why));
	return rc;
}

static enum nx_rc
deliver_due(struct nx_ctx *ctx, struct nx_http *http, int *sent)
{
	struct nx_candidates found = { .n = 0 };
	bool arrived = true;
	enum nx_rc rc = NX_OK;

	for (int i = 0; rc == NX_OK && arrived && i < ROUND; i++) {
		struct nx_store_ask ask = nx_ctx_store(ctx);
		struct nx_notice n;
		char why[NX_WEBHOOK_WHY_MAX];

		if (nx_clock_left(ctx->deadline) < LEAST_MS ||
		    nx_ctx_stops(ctx))
			break;
		rc = nx_notice_take(&ask, &found, &n, &ctx->err);
		if (rc != NX_OK || n.id == NULL)
			break;
		arrived = send_notice(ctx, http, &n, why);
		rc = record_try(ctx, &n, arrived, why);
		*sent += arrived;
	}
	return rc;
}

enum nx_rc
nx_webhook_deliver(struct nx_ctx *ctx, int *sent)
{
	const bool wanted = ctx->app->conf.webhook_url != NULL;
	struct nx_http *http = NULL;
	struct nx_store_ask ask;
	enum nx_rc rc = NX_OK;
	int count;

	*sent = 0;
	if (wanted) {
		if ((http = nx_app_http_outside(ctx->app)) == NULL)
			return nx_fail(&ctx->err, NX_NO_MEMORY,
			    "for the webhook");
		rc = deliver_due(ctx, http, sent);
		nx_app_http_free(http);
	}
	ask = nx_ctx_store(ctx);
	return rc != NX_OK ? rc :
	    nx_notice_purge(&ask, !wanted, &count, &ctx->err);
}
