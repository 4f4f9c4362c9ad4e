/*
 * publish.c - post a text.
 *
 * Two database round trips stand around a single post: one reserves it as
 * `sending` under a lease and finds the connection, one writes down the
 * outcome (deliver.c).  A process that dies between them leaves a row that
 * says so, and that is settled from X's timeline.
 */

#include "nx/flow/publish/publish.h"

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/uuid.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/account/scope.h"
#include "deliver.h"
#include "nx/flow/publish/when.h"
#include "nx/x/price.h"
#include "prepare.h"

/*
 * What the author may post at once.  Only a text that is too long for
 * everybody, or one for later, is worth the question; where there is no
 * answer, the reservation says why.
 */
static enum nx_rc
find_author(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    const struct nx_text *text, int *limit, struct nx_connection *author)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	struct nx_err err = { 0 };
	enum nx_rc rc;

	*limit = NX_LIMIT_POST;
	memset(author, 0, sizeof(*author));
	if (ctx->app->pool == NULL ||
	    ((ask->publish_at == 0 || ask->dry_run) &&
	    nx_text_weighted_length(text) <= NX_LIMIT_POST))
		return NX_OK;
	rc = nx_connection_pick(&store, ask->user_id, ask->connection_id,
	    author, &err);
	if (rc == NX_OK)
		*limit = nx_answer_limit(author);
	if (rc == NX_OK || ask->dry_run)
		return NX_OK;
	ctx->err = err;
	return rc;
}

/* When the worker sends it; 0: it is sent here. */
static int64_t
time_of_sending(const struct nx_publish_ask *ask)
{
	return ask->publish_at > nx_clock_wall() ? ask->publish_at : 0;
}

static enum nx_rc
compose_parts(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    const struct nx_text *text, int limit, struct nx_stored_post *post)
{
	const struct nx_compose_ask how = {
		.limit = limit,
		.on_long = ask->on_long,
		.link = ask->link,
		.numbering = ask->numbering,
	};
	struct nx_composed made;
	enum nx_rc rc;

	rc = nx_compose(&how, text, ctx->arena, &made, &ctx->err);
	if (rc != NX_OK)
		return rc;
	post->nparts = made.count;
	post->parts = nx_arena_alloc(ctx->arena,
	    made.count * sizeof(*post->parts));
	if (post->parts == NULL)
		return nx_fail(&ctx->err, NX_NO_MEMORY, "The text is large.");
	for (size_t i = 0; i < made.count; i++) {
		post->parts[i].text = made.parts[i].text;
		post->parts[i].weighted_length =
		    made.parts[i].weighted_length;
		post->parts[i].state = ask->dry_run ? NX_PART_DRY_RUN :
		    i > 0 ? NX_PART_WAITING : NX_PART_SENDING;
		post->price += nx_price_post(made.parts[i].has_url);
	}
	post->warnings = nx_answer_warnings(ctx->arena, &made);
	return nx_arena_ok(ctx->arena) ? NX_OK : nx_fail(&ctx->err,
	    NX_NO_MEMORY, "The text is large.");
}

enum nx_rc
nx_publish_hash(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    const char *options, char out[NX_SHA256_HEX + 1])
{
	struct nx_buf all = NX_BUF(NX_TEXT_BYTES_MAX + NX_HASHED_OPTIONS_MAX);
	const char *id = ask->connection_id;
	enum nx_rc rc = NX_OK;

	/* The same, however it is spelled. */
	for (; id != NULL && *id != '\0'; id++)
		nx_buf_addc(&all, *id >= 'A' && *id <= 'F' ?
		    (char)(*id - 'A' + 'a') : *id);
	nx_buf_addf(&all, "|%d|%d|%lld|%s|%zu|",
	    (int)ask->on_long, ask->numbering, (long long)ask->publish_at,
	    options, ask->link.n);
	nx_buf_slice_add(&all, ask->link);
	nx_buf_slice_add(&all, ask->text);
	/* The hash of a part would be that of other bodies as well. */
	if (nx_buf_ok(&all))
		nx_sha256_hex(nx_buf_slice(&all), out);
	else
		rc = nx_fail(&ctx->err, NX_NO_MEMORY, "The post is large.");
	nx_buf_free(&all);
	return rc;
}

static enum nx_rc
answer_repeat(struct nx_ctx *ctx, struct nx_stored_post *post)
{
	if (!post->same_body)
		return nx_fail_for(&ctx->err, NX_KEY_REUSED,
		    NX_WHY_POST_HAS_KEY, NX_S("id", post->id));
	if (post->is_stranded) {	/* whoever sent it has died */
		post->state = NX_POST_STATE_UNKNOWN;
		return NX_OK;
	}
	if (post->state == NX_POST_STATE_SENDING) {
		(void)nx_fail_for(&ctx->err, NX_KEY_BUSY,
		    NX_WHY_POST_SENDING, NX_S("id", post->id));
		ctx->err.retry_after = 2;
		ctx->err.post_id = post->id;
		return NX_KEY_BUSY;
	}
	return NX_OK;
}

/* First round trip: reserve.  `*done` when there is nothing to send now. */
static enum nx_rc
reserve_post(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_delivery *d, bool *done)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	struct nx_stored_post *post = d->post, stored = { 0 };
	char hash[NX_SHA256_HEX + 1], id[NX_UUID_LEN + 1];
	struct nx_new_post row;
	enum nx_rc rc;

	rc = nx_publish_hash(ctx, ask, post->options, hash);
	if (rc != NX_OK)
		return rc;
	nx_uuid_random(id);
	row = (struct nx_new_post){
		.id = id,
		.user_id = ask->user_id,
		.connection_id = ask->connection_id,
		.key = ask->key,
		.body_hash = hash,
		.options = post->options,
		.warnings = post->warnings,
		.source = post->source,
		.lease = d->lease,
		.price = post->price,
		.publish_at = post->publish_at,
		.queues = ask->options.queue,
		.parts = post->parts,
		.nparts = post->nparts,
	};
	rc = nx_post_begin(&store, &row, d->connection, &stored, &ctx->err);
	if (rc != NX_OK)
		return rc;
	if (stored.is_repeat) {
		*done = true;
		*post = stored;
		return answer_repeat(ctx, post);
	}
	*done = stored.publish_at != 0;
	post->state = stored.state;
	post->is_alone = stored.is_alone;
	post->publish_at = stored.publish_at;
	post->next_try_at = stored.next_try_at;
	post->id = nx_arena_str(ctx->arena, id);
	post->user_id = ask->user_id;
	post->connection_id = d->connection->id;
	post->username = d->connection->username;
	post->created_at = nx_clock_wall();
	if (*done)
		post->parts[0].state = NX_PART_WAITING;
	return NX_OK;
}

static enum nx_rc
check_key(struct nx_ctx *ctx, const char *key)
{
	size_t n = key == NULL ? 1 : strlen(key);

	for (const char *c = key; c != NULL && *c != '\0'; c++) {
		if (*c < 0x20 || *c >= 0x7f)
			n = 0;
	}
	return n >= 1 && n <= NX_IDEMPOTENCY_KEY_MAX ? NX_OK :
	    nx_fail(&ctx->err, NX_MALFORMED, "Idempotency-Key must have 1 to"
	    " %d printable characters.", NX_IDEMPOTENCY_KEY_MAX);
}

/* What the parts do not show of what was asked for; NULL when they do. */
static enum nx_rc
keep_source(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_stored_post *post)
{
	struct nx_buf json = NX_BUF(NX_SOURCE_MAX);
	struct nx_jw w = { .out = &json };
	enum nx_rc rc = NX_OK;

	nx_jw_open(&w, NULL, '{');
	if (post->nparts > 1 || !nx_slice_eq(post->parts[0].text, ask->text))
		nx_jw_slice(&w, "text", ask->text);
	if (ask->on_long != NX_TRUNCATE)
		nx_jw_str(&w, "on_long", nx_on_long_words[ask->on_long]);
	if (ask->link.n > 0)
		nx_jw_slice(&w, "link", ask->link);
	if (ask->numbering)
		nx_jw_bool(&w, "numbering", true);
	if (w.comma)
		nx_jw_close(&w, '}');
	if (w.comma && (!nx_buf_ok(&json) || (post->source =
	    nx_arena_slice(ctx->arena, nx_buf_slice(&json))) == NULL))
		rc = nx_fail(&ctx->err, NX_NO_MEMORY, "The text is large.");
	nx_buf_free(&json);
	return rc;
}

/* The text is read once, for its author's limit and for the parts. */
static enum nx_rc
prepare_text(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_connection *author, struct nx_stored_post *post)
{
	struct nx_text *text;
	int limit;
	enum nx_rc rc = nx_text_read(ask->text, &text, &ctx->err);

	if (rc == NX_OK)
		rc = find_author(ctx, ask, text, &limit, author);
	if (rc == NX_OK)
		rc = compose_parts(ctx, ask, text, limit, post);
	nx_text_free(text);
	return rc;
}

enum nx_rc
nx_publish_prepare(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_stored_post *post)
{
	struct nx_connection author;
	enum nx_rc rc;

	post->publish_at = time_of_sending(ask);
	if ((rc = check_key(ctx, ask->key)) != NX_OK ||
	    (rc = nx_options_check(&ask->options, ctx->app->conf.plan,
	    &ctx->err)) != NX_OK ||
	    (rc = prepare_text(ctx, ask, &author, post)) != NX_OK ||
	    (rc = keep_source(ctx, ask, post)) != NX_OK)
		return rc;
	/* For later: a permission that lacks is better missed now. */
	if (author.id != NULL && post->publish_at != 0 && !ask->dry_run)
		rc = nx_scope_need(ctx, &author, "tweet.write");
	post->options = nx_options_text(&ask->options, ctx->arena);
	if (rc == NX_OK && post->options == NULL)
		rc = nx_fail(&ctx->err, NX_NO_MEMORY, "The post is large.");
	return rc;
}

/* Its time has passed: it can only be the repetition of a request. */
static enum nx_rc
refuse_past(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_stored_post *post)
{
	struct nx_store_ask store = nx_ctx_store(ctx);
	struct nx_stored_post repeat = { 0 };
	char hash[NX_SHA256_HEX + 1];
	enum nx_rc rc = nx_publish_hash(ctx, ask, post->options, hash);

	if (rc == NX_OK && ask->key != NULL && !ask->dry_run)
		rc = nx_post_repeat(&store, ask->user_id, ask->key, hash,
		    &repeat, &ctx->err);
	if (rc != NX_OK)
		return rc;
	if (!repeat.is_repeat)
		return nx_when_check(ask->publish_at, nx_clock_wall(),
		    &ctx->err);
	*post = repeat;
	return answer_repeat(ctx, post);
}

enum nx_rc
nx_publish(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_published *out)
{
	struct nx_connection connection;
	char lease[NX_UUID_LEN + 1];
	struct nx_delivery d = {
		.post = &out->post,
		.connection = &connection,
		.options = ask->options,
		.lease = lease,
		.leased_until = nx_clock_mono() + NX_POST_LEASE_MS,
		.attended = true,
	};
	bool done = false;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = nx_publish_prepare(ctx, ask, &out->post)) != NX_OK)
		return rc;
	if (ask->publish_at != 0 && nx_when_check(ask->publish_at,
	    nx_clock_wall(), &ctx->err) != NX_OK)
		return refuse_past(ctx, ask, &out->post);
	if (ask->dry_run) {
		out->post.state = NX_POST_STATE_DRY_RUN;
		return NX_OK;
	}
	nx_uuid_random(lease);
	rc = reserve_post(ctx, ask, &d, &done);
	if (rc != NX_OK || done)
		return rc;
	rc = nx_deliver(ctx, &d);
	ctx->err.post_id = rc == NX_OK ? NULL : out->post.id;
	out->limits = d.limits;
	out->unrecorded = d.unrecorded;
	if (rc == NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "post.done", NX_S("post", out->post.id),
		    NX_S("state", nx_post_state_name(out->post.state)),
		    NX_S("connection", connection.id),
		    NX_I("parts", (int64_t)out->post.nparts));
	return rc;
}
