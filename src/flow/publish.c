/*
 * publish.c - post a text.
 *
 * Two database round trips stand around a single post: one reserves it as
 * `sending` and finds the connection, one writes down the outcome.  A process
 * that dies between them leaves a row that says so.  A create leaves at most
 * once: what may have been carried out is `unknown`, never tried again.
 */

#include "nx/flow/publish.h"

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/random.h"
#include "nx/flow/answer.h"
#include "nx/flow/connect.h"
#include "nx/flow/refresh.h"
#include "nx/seal/digest.h"
#include "nx/x/posts.h"
#include "nx/x/price.h"

enum { OPTIONS_MAX = 2048, SAVE_PAUSE_MS = 200, KEY_MAX = 200 };

/* One publication under way. */
struct job {
	struct nx_ctx			*ctx;
	const struct nx_publish_ask	*ask;
	struct nx_connection		 connection;
	struct nx_published		*out;
	bool				 refreshed;
};

static enum nx_rc
compose(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_published *out)
{
	const struct nx_compose_ask how = {
		.text = ask->text,
		.limit = NX_LIMIT_POST,
		.on_long = ask->on_long,
		.link = ask->link,
		.numbering = ask->numbering,
	};
	struct nx_stored_post *post = &out->post;
	struct nx_composed made;
	enum nx_rc rc;

	rc = nx_compose(&how, ctx->arena, &made, &ctx->err);
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
		post->parts[i].state = ask->dry_run ? "dry_run" :
		    i == 0 ? "sending" : "waiting";
		post->price += nx_price_post(made.parts[i].has_url);
	}
	post->warnings = nx_answer_warnings(ctx->arena, &made);
	return post->warnings == NULL ? nx_fail(&ctx->err, NX_NO_MEMORY,
	    "The text is large.") : NX_OK;
}

/* What a body asks for, as one hash: the same key must mean the same post. */
static void
hash_ask(const struct nx_publish_ask *ask, char out[NX_SHA256_HEX + 1])
{
	struct nx_buf all = NX_BUF(NX_TEXT_BYTES_MAX + OPTIONS_MAX);

	nx_buf_addf(&all, "%s|%d|%d|%d|%d|%s|%s|%zu|",
	    ask->connection_id == NULL ? "" : ask->connection_id,
	    (int)ask->on_long, ask->numbering, ask->made_with_ai,
	    ask->paid_partnership,
	    ask->reply_to == NULL ? "" : ask->reply_to,
	    ask->reply_settings == NULL ? "" : ask->reply_settings,
	    ask->link.n);
	nx_buf_slice_add(&all, ask->link);
	nx_buf_slice_add(&all, ask->text);
	nx_sha256_hex(nx_buf_slice(&all), out);
	nx_buf_free(&all);
}

/* Kept with the post, so that a later part can be sent the same way. */
static const char *
options_text(const struct nx_publish_ask *ask, struct nx_arena *arena)
{
	struct nx_buf json = NX_BUF(OPTIONS_MAX);
	struct nx_jw w = { .out = &json };
	char *text;

	nx_jw_open(&w, NULL, '{');
	if (ask->reply_to != NULL)
		nx_jw_str(&w, "reply_to", ask->reply_to);
	if (ask->reply_settings != NULL)
		nx_jw_str(&w, "reply_settings", ask->reply_settings);
	if (ask->made_with_ai)
		nx_jw_bool(&w, "made_with_ai", true);
	if (ask->paid_partnership)
		nx_jw_bool(&w, "paid_partnership", true);
	nx_jw_close(&w, '}');
	text = nx_arena_slice(arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}

static enum nx_rc
repeated(struct nx_ctx *ctx, struct nx_stored_post *post)
{
	if (!post->same_body)
		return nx_fail(&ctx->err, NX_KEY_REUSED,
		    "It belongs to post %s.", post->id);
	if (post->is_stranded) {	/* whoever sent it has died */
		post->state = "unknown";
		return NX_OK;
	}
	if (strcmp(post->state, "sending") == 0) {
		(void)nx_fail(&ctx->err, NX_KEY_BUSY, "Post %s is being"
		    " sent.", post->id);
		ctx->err.retry_after = 2;
		return NX_KEY_BUSY;
	}
	return NX_OK;
}

/* First round trip: reserve.  `*done` when a first outcome was found. */
static enum nx_rc
begin(struct job *job, bool *done)
{
	struct nx_store_ask ask = nx_ctx_store(job->ctx);
	struct nx_stored_post *post = &job->out->post;
	struct nx_stored_post repeat = { 0 };
	char hash[NX_SHA256_HEX + 1], id[NX_UUID_LEN + 1];
	struct nx_new_post row;
	enum nx_rc rc;

	hash_ask(job->ask, hash);
	nx_random_uuid(id);
	row = (struct nx_new_post){
		.id = id,
		.user_id = job->ask->user_id,
		.connection_id = job->ask->connection_id,
		.key = job->ask->key,
		.body_hash = hash,
		.options = options_text(job->ask, job->ctx->arena),
		.warnings = post->warnings,
		.price = post->price,
		.parts = post->parts,
		.nparts = post->nparts,
	};
	rc = nx_post_begin(&ask, &row, &job->connection, &repeat,
	    &job->ctx->err);
	if (rc != NX_OK)
		return rc;
	*done = repeat.is_repeat;
	if (repeat.is_repeat) {
		*post = repeat;
		return repeated(job->ctx, post);
	}
	post->id = nx_arena_str(job->ctx->arena, id);
	post->connection_id = job->connection.id;
	post->username = job->connection.username;
	return NX_OK;
}

static const char *
error_text(struct job *job)
{
	struct nx_err shown = job->ctx->err;
	struct nx_buf json = NX_BUF(4096);
	char *text;

	(void)nx_err_for_users(&shown);
	nx_answer_problem(&shown, job->ctx->request_id, &json);
	text = nx_arena_slice(job->ctx->arena, nx_buf_slice(&json));
	nx_buf_free(&json);
	return text;
}

/*
 * Second round trip: what became of part `i`.  X has acted already, so this
 * is tried for as long as there is time.
 */
static enum nx_rc
finish(struct job *job, size_t i, bool release_key)
{
	struct nx_stored_post *post = &job->out->post;
	const struct nx_post_outcome outcome = {
		.user_id = job->ask->user_id,
		.id = post->id,
		.position = (int)i,
		.part_state = post->parts[i].state,
		.post_state = post->state,
		.x_id = post->parts[i].post_id,
		.error = post->error,
		.release_key = release_key,
	};
	struct nx_err err = { 0 };
	enum nx_rc rc;

	for (;;) {
		struct nx_store_ask ask = nx_ctx_store(job->ctx);

		rc = nx_post_finish(&ask, &outcome, &err);
		if (rc != NX_DB_DOWN && rc != NX_BUSY && rc != NX_TIMEOUT)
			break;
		if (nx_clock_left(job->ctx->deadline) < 2 * SAVE_PAUSE_MS)
			break;
		nx_clock_sleep(SAVE_PAUSE_MS);
	}
	if (rc != NX_OK)
		nx_log(&job->ctx->app->conf.log, NX_LOG_ERROR,
		    job->ctx->request_id, "post.outcome_not_saved",
		    NX_S("post", post->id), NX_S("state", post->state),
		    NX_S("x_id", outcome.x_id), NX_S("detail", err.detail));
	return rc;
}

static enum nx_rc
ready_token(struct job *job)
{
	struct nx_connection *c = &job->connection;

	enum nx_rc rc = nx_connect_need(job->ctx, c, "tweet.write");

	if (rc != NX_OK)
		return rc;
	if (!nx_refresh_is_due(c, nx_clock_wall()))
		return NX_OK;
	job->refreshed = true;
	return nx_refresh(job->ctx, c);
}

/* Send part `i`; an access token that X refuses is renewed once. */
static enum nx_rc
send_part(struct job *job, size_t i, struct nx_verdict *v)
{
	const struct nx_stored_part *parts = job->out->post.parts;
	const struct nx_x_post what = {
		.text = parts[i].text,
		.reply_to = i > 0 ? parts[i - 1].post_id :
		    job->ask->reply_to,
		.reply_settings = i > 0 ? NULL : job->ask->reply_settings,
		.made_with_ai = job->ask->made_with_ai,
		.paid_partnership = job->ask->paid_partnership,
	};
	struct nx_x_posted posted = { 0 };
	struct nx_x x = nx_ctx_x(job->ctx);
	enum nx_rc rc;

	nx_posts_create(&x, job->connection.access_token, &what, &posted, v);
	if (v->class == NX_CLASS_TOKEN && !job->refreshed) {
		job->refreshed = true;
		job->connection.token_expires_at = 0;	/* X says so */
		rc = nx_refresh(job->ctx, &job->connection);
		if (rc != NX_OK)
			return rc;
		nx_posts_create(&x, job->connection.access_token, &what,
		    &posted, v);
	}
	job->out->limits = posted.windows;
	job->out->post.parts[i].post_id = posted.id;
	if (v->class == NX_CLASS_DONE)
		return NX_OK;
	return nx_verdict_fail(NX_ACT_CREATE, v, nx_clock_wall(),
	    &job->ctx->err);
}

/* Put the states that an outcome means into the post; true: it failed. */
static bool
settle(struct nx_stored_post *post, size_t i, enum nx_rc rc)
{
	bool last = i + 1 == post->nparts;

	if (rc == NX_OK) {
		post->parts[i].state = "sent";
		post->state = last ? "sent" : "sending";
		if (!last)
			post->parts[i + 1].state = "sending";
	} else if (rc == NX_OUTCOME_UNKNOWN) {
		post->parts[i].state = post->state = "unknown";
	} else {
		post->parts[i].state = "failed";
		post->state = i > 0 ? "partial" : "failed";
	}
	return rc != NX_OK;
}

/* Did X never decide about it, so that the same key may try again? */
static bool
undecided(enum nx_rc rc)
{
	return rc != NX_OUTCOME_UNKNOWN && rc != NX_DUPLICATE &&
	    rc != NX_X_REFUSED && rc != NX_X_ACCOUNT;
}

/*
 * Part `i` is live and our row does not know: what is left must not follow,
 * since nobody could tell later where to go on.
 */
static enum nx_rc
unrecorded(struct job *job, size_t i)
{
	struct nx_stored_post *post = &job->out->post;

	job->out->unrecorded = true;
	if (i + 1 < post->nparts) {
		post->parts[i + 1].state = "waiting";
		post->state = "partial";
	}
	return NX_OK;
}

static enum nx_rc
send_all(struct job *job)
{
	struct nx_stored_post *post = &job->out->post;
	struct nx_verdict v = { .class = NX_CLASS_RETRY };
	enum nx_rc rc = ready_token(job);

	for (size_t i = 0; i < post->nparts; i++) {
		bool failed;

		if (rc == NX_OK)
			rc = send_part(job, i, &v);
		failed = settle(post, i, rc);
		if (failed)
			post->error = error_text(job);
		if (finish(job, i, failed && i == 0 && undecided(rc)) !=
		    NX_OK && !failed)
			return unrecorded(job, i);
		if (!failed)
			continue;
		nx_ctx_report(job->ctx, "post.failed", job->ask->user_id,
		    job->connection.id);
		return i > 0 || rc == NX_OUTCOME_UNKNOWN ? NX_OK : rc;
	}
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
	return n >= 1 && n <= KEY_MAX ? NX_OK : nx_fail(&ctx->err,
	    NX_MALFORMED, "Idempotency-Key must have 1 to %d printable"
	    " characters.", KEY_MAX);
}

enum nx_rc
nx_publish(struct nx_ctx *ctx, const struct nx_publish_ask *ask,
    struct nx_published *out)
{
	struct job job = { .ctx = ctx, .ask = ask, .out = out };
	bool done = false;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if ((rc = check_key(ctx, ask->key)) != NX_OK ||
	    (rc = compose(ctx, ask, out)) != NX_OK)
		return rc;
	if (ask->dry_run) {
		out->post.state = "dry_run";
		return NX_OK;
	}
	if ((rc = begin(&job, &done)) != NX_OK || done)
		return rc;
	rc = send_all(&job);
	if (rc == NX_OK)
		nx_log(&ctx->app->conf.log, NX_LOG_INFO, ctx->request_id,
		    "post.done", NX_S("post", out->post.id),
		    NX_S("state", out->post.state),
		    NX_S("connection", job.connection.id),
		    NX_I("parts", (int64_t)out->post.nparts));
	return rc;
}
