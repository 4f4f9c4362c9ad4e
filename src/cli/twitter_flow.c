/* twitter_flow.c - the actions of twitter_flow. */

#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"
#include "nx/base/maxima.h"
#include "nx/base/uuid.h"
#include "nx/cli/command.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/flow/account/connections.h"
#include "nx/flow/account/disconnect.h"
#include "nx/flow/account/keys.h"
#include "nx/flow/publish/measure.h"
#include "nx/flow/publish/posts.h"
#include "nx/flow/publish/when.h"

static enum nx_rc
require_option(struct nx_command *c, const char *value, const char *option)
{
	return value != NULL ? NX_OK : nx_fail(&c->ctx.err, NX_USAGE,
	    "--%s is missing.", option);
}

/* A dry run takes any name for a user. */
static enum nx_rc
require_user(struct nx_command *c)
{
	enum nx_rc rc = require_option(c, c->args.user_id, "user_id");

	if (rc != NX_OK || c->args.dry_run || nx_uuid_valid(c->args.user_id))
		return rc;
	return nx_fail(&c->ctx.err, NX_USAGE, "--user_id must be a UUID.");
}

static enum nx_rc
check_id(struct nx_command *c, const char *id, const char *option)
{
	return id == NULL || nx_uuid_valid(id) ? NX_OK : nx_fail(&c->ctx.err,
	    NX_USAGE, "--%s must be a UUID.", option);
}

/* What a dry run does without; each is said in `warnings`. */
struct placeholders {
	const char	*warnings[3];
	int		 n;
};

static enum nx_rc
fill_in(struct nx_command *c, struct placeholders *p)
{
	struct nx_conf *conf = &c->app.conf;

	memset(p, 0, sizeof(*p));
	if (conf->client_id == NULL) {
		conf->client_id = "CLIENT_ID";
		p->warnings[p->n++] = "TWITTER_CLIENT_ID is not set:"
		    " CLIENT_ID stands in its place.";
	}
	if (conf->redirect_uri == NULL) {
		conf->redirect_uri = "REDIRECT_URI";
		p->warnings[p->n++] = "TWITTER_REDIRECT_URI is not set:"
		    " REDIRECT_URI stands in its place.";
	}
	if (c->app.ring != NULL)
		return NX_OK;
	p->warnings[p->n++] = "NEXUS_KEYS is not set: the flow is sealed"
	    " with a key that is thrown away.";
	return nx_keys_throw_away(&c->app.ring, &c->ctx.err);
}

static void
add_start(struct nx_command *c, const struct nx_attempt_start *start,
    const struct placeholders *p)
{
	struct nx_jw w = { .out = &c->out };

	nx_jw_open(&w, NULL, '{');
	nx_jw_slice(&w, "authorize_url", nx_buf_slice(&start->authorize_url));
	nx_jw_str(&w, "state", start->state);
	nx_jw_slice(&w, "flow", nx_buf_slice(&start->sealed));
	nx_jw_i64(&w, "expires_in", NX_ATTEMPT_SECONDS);
	if (c->args.dry_run) {
		nx_jw_bool(&w, "dry_run", true);
		nx_jw_open(&w, "warnings", '[');
		for (int i = 0; i < p->n; i++)
			nx_jw_str(&w, NULL, p->warnings[i]);
		nx_jw_close(&w, ']');
	}
	nx_jw_close(&w, '}');
}

static enum nx_rc
initiate(struct nx_command *c)
{
	const bool nobody = c->args.dry_run && c->args.user_id == NULL;
	const struct nx_attempt_ask ask = {
		.user_id = nobody ? "nobody" : c->args.user_id,
		.return_to = c->args.return_to,
		.connection_id = c->args.connection_id,
		.scopes = c->args.scopes,
		.replace = c->args.replace,
		.now = nx_clock_wall(),
	};
	struct nx_attempt_start start = { .state = "" };
	struct placeholders p = { .n = 0 };
	enum nx_rc rc = nobody ? NX_OK : require_user(c);

	if (rc == NX_OK)
		rc = check_id(c, c->args.connection_id, "connection_id");
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_command_need(c, NX_NEED_KEYS | NX_NEED_X);
	else if (rc == NX_OK)
		rc = nx_command_need(c,
		    getenv("NEXUS_KEYS") == NULL ? 0 : NX_NEED_KEYS);
	if (rc == NX_OK)
		rc = fill_in(c, &p);
	if (rc == NX_OK)
		rc = nx_attempt_begin(&c->app.conf, c->app.ring, &ask,
		    &start, &c->ctx.err);
	if (rc == NX_OK)
		add_start(c, &start, &p);
	nx_attempt_start_free(&start);
	return rc;
}

static enum nx_rc
callback(struct nx_command *c)
{
	const struct nx_connect_answer answer = {
		.state = c->args.state,
		.code = c->args.code,
		.attempt = c->args.flow,
	};
	struct nx_connect_result result;
	struct nx_jw w = { .out = &c->out };
	enum nx_rc rc = NX_OK;

	if ((rc = require_option(c, answer.code, "code")) != NX_OK ||
	    (rc = require_option(c, answer.state, "state")) != NX_OK ||
	    (rc = require_option(c, answer.attempt, "flow")) != NX_OK)
		return rc;
	rc = c->args.dry_run ? nx_command_need(c, NX_NEED_KEYS) :
	    nx_command_need_x(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK && c->args.dry_run)
		rc = nx_connect_check(&c->ctx, &answer, &result);
	else if (rc == NX_OK)
		rc = nx_connect_finish(&c->ctx, &answer, &result);
	if (rc != NX_OK)
		return rc;
	nx_jw_open(&w, NULL, '{');
	nx_jw_str(&w, "state", c->args.dry_run ? "dry_run" :
	    result.pending ? "pending" : "connected");
	nx_jw_str(&w, "connection_id", result.connection_id);
	nx_jw_str(&w, "username", result.username);
	nx_jw_str(&w, "missing_scopes", result.missing_scopes);
	nx_jw_bool(&w, "repeated", result.repeated);
	nx_jw_str(&w, "return_to", result.return_to);
	nx_jw_close(&w, '}');
	return NX_OK;
}

static enum nx_rc
read_on_long(struct nx_command *c, enum nx_on_long *out)
{
	const char *how = c->args.on_long;
	const int i = how == NULL ? NX_TRUNCATE :
	    nx_slice_index(nx_slice_str(how), nx_on_long_words);

	*out = i < 0 ? NX_TRUNCATE : (enum nx_on_long)i;
	return i >= 0 ? NX_OK : nx_fail(&c->ctx.err, NX_USAGE,
	    "--on_long must be truncate, thread or reject.");
}

static enum nx_rc
read_on_partial(struct nx_command *c, bool *withdraw)
{
	const char *how = c->args.on_partial;
	const int i = how == NULL ? 0 :
	    nx_slice_index(nx_slice_str(how), nx_on_partial_words);

	*withdraw = i > 0;
	return i >= 0 ? NX_OK : nx_fail(&c->ctx.err, NX_USAGE,
	    "--on_partial must be keep or delete.");
}

static enum nx_rc
read_publish_at(struct nx_command *c, int64_t *out)
{
	const char *at = c->args.publish_at;
	struct nx_err why;

	if (at == NULL || nx_when_read("--publish_at", nx_slice_str(at),
	    nx_clock_wall(), out, &why) == NX_OK)
		return NX_OK;
	return nx_fail(&c->ctx.err, NX_USAGE, "%s", why.detail);
}

/* What the web's parser checks in a body. */
static enum nx_rc
read_how(struct nx_command *c, struct nx_publish_ask *ask)
{
	enum nx_rc rc = check_id(c, c->args.connection_id, "connection_id");

	if (rc == NX_OK)
		rc = read_on_long(c, &ask->on_long);
	if (rc == NX_OK)
		rc = read_on_partial(c, &ask->options.withdraw);
	if (rc == NX_OK)
		rc = read_publish_at(c, &ask->publish_at);
	if (rc == NX_OK && c->args.nmedia > 0)
		rc = nx_fail(&c->ctx.err, NX_NOT_OFFERED,
		    "--media is not offered by this version.");
	return rc;
}

/* Did it break for good, with nobody who goes on with it?  Then it says why. */
static void
judge_post(struct nx_command *c, const struct nx_published *done)
{
	const struct nx_stored_post *p = &done->post;
	const enum nx_post_state state = nx_shown_state(p);

	if (p->next_try_at != 0 || done->unrecorded ||
	    (state != NX_POST_STATE_PARTIAL && state != NX_POST_STATE_FAILED))
		return;
	c->failed = true;
	c->problem = p->error;
}

static enum nx_rc
post(struct nx_command *c)
{
	struct nx_publish_ask ask = {
		.user_id = c->args.user_id,
		.connection_id = c->args.connection_id,
		.key = c->args.idempotency_key,
		.text = nx_slice_str(c->args.content),
		.link = nx_slice_str(c->args.link),
		.numbering = c->args.numbering,
		.dry_run = c->args.dry_run,
	};
	struct nx_published done;
	enum nx_rc rc = require_user(c);

	if (rc == NX_OK)
		rc = require_option(c, c->args.content, "content");
	if (rc == NX_OK)
		rc = read_how(c, &ask);
	if (rc == NX_OK)
		rc = c->args.dry_run ? nx_command_need(c, 0) :
		    nx_command_need_x(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK)
		rc = nx_publish(&c->ctx, &ask, &done);
	if (rc == NX_OK) {
		nx_answer_post(&done, &c->out);
		judge_post(c, &done);
	}
	return rc;
}

static enum nx_rc
read_limit(struct nx_command *c, int *out)
{
	const char *text = c->args.limit;

	*out = NX_HISTORY_USUAL;
	if (text == NULL || nx_args_number(text, 1, NX_POSTS_PAGE_MAX, out))
		return NX_OK;
	return nx_fail(&c->ctx.err, NX_USAGE, "--limit must be 1 to %d.",
	    NX_POSTS_PAGE_MAX);
}

static enum nx_rc
posts(struct nx_command *c)
{
	struct nx_post_query query = {
		.user_id = c->args.user_id,
		.before = c->args.before,
		.connection_id = c->args.connection_id,
		.upcoming = c->args.view != NULL,
	};
	struct nx_post_page page = { 0 };
	enum nx_rc rc = require_user(c);

	if (rc == NX_OK && query.upcoming &&
	    strcmp(c->args.view, "upcoming") != 0)
		rc = nx_fail(&c->ctx.err, NX_USAGE,
		    "--view must be upcoming.");
	if (rc == NX_OK)
		rc = read_limit(c, &query.limit);
	if (rc == NX_OK)
		rc = check_id(c, c->args.before, "before");
	if (rc == NX_OK)
		rc = check_id(c, c->args.connection_id, "connection_id");
	if (rc == NX_OK)
		rc = nx_command_need(c, c->args.dry_run ? 0 :
		    NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_posts_history(&c->ctx, &query, &page);
	if (rc == NX_OK)
		nx_answer_posts(&page, &c->out);
	return rc;
}

/* What is done with one post that is there already, and what it came to. */
static enum nx_rc
with_post(struct nx_command *c, enum nx_rc (*work)(struct nx_ctx *ctx,
    const char *user_id, const char *id, struct nx_published *out),
    struct nx_published *done)
{
	enum nx_rc rc = require_user(c);

	if (rc == NX_OK)
		rc = require_option(c, c->args.post_id, "post_id");
	if (rc == NX_OK)
		rc = check_id(c, c->args.post_id, "post_id");
	if (rc == NX_OK && c->args.dry_run) {
		nx_buf_adds(&c->out, "{\"state\":\"dry_run\"}");
		return NX_OK;
	}
	if (rc == NX_OK)
		rc = nx_command_need_x(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK)
		rc = work(&c->ctx, c->args.user_id, c->args.post_id, done);
	if (rc == NX_OK)
		nx_answer_post(done, &c->out);
	return rc;
}

static enum nx_rc
resume(struct nx_command *c)
{
	struct nx_published done = {
		.post.state = NX_POST_STATE_DRY_RUN,
	};
	enum nx_rc rc = with_post(c, nx_posts_resume, &done);

	if (rc == NX_OK)
		judge_post(c, &done);
	return rc;
}

static enum nx_rc
delete(struct nx_command *c)
{
	struct nx_published done;

	/* Where X did not delete it, that is an error already. */
	return with_post(c, nx_posts_remove, &done);
}

static enum nx_rc
post_status(struct nx_command *c)
{
	struct nx_connection *list = NULL;
	size_t n = 0;
	int pending = 0;
	enum nx_rc rc = require_user(c);

	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_command_need(c, NX_NEED_KEYS | NX_NEED_DB);
	else if (rc == NX_OK)
		rc = nx_command_need(c, 0);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_connections_shown(&c->ctx, c->args.user_id, &list,
		    &n);
	if (rc == NX_OK && !c->args.dry_run)
		rc = nx_connections_pending(&c->ctx, c->args.user_id,
		    &pending);
	if (rc == NX_OK)
		nx_answer_connections(&c->app.conf, c->ctx.arena, list, n,
		    pending, &c->out);
	return rc;
}

static enum nx_rc
disconnect(struct nx_command *c)
{
	struct nx_connection one;
	bool revoked;
	enum nx_rc rc = require_user(c);

	if (rc == NX_OK)
		rc = check_id(c, c->args.connection_id, "connection_id");
	if (rc == NX_OK && c->args.dry_run) {
		nx_buf_adds(&c->out, "{\"state\":\"dry_run\"}");
		return NX_OK;
	}
	if (rc == NX_OK)
		rc = nx_command_need_x(c, NX_NEED_KEYS | NX_NEED_DB);
	if (rc == NX_OK)
		rc = nx_disconnect(&c->ctx, c->args.user_id,
		    c->args.connection_id, &one, &revoked);
	if (rc == NX_OK)
		nx_answer_connection(&c->app.conf, c->ctx.arena, &one,
		    &c->out);
	return rc;
}

/* JSON Lines in, JSON Lines out; a line that is wrong ends it. */
static enum nx_rc
measure(struct nx_command *c)
{
	struct nx_buf answer = NX_BUF(NX_CLI_LINE_MAX);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	enum nx_rc rc = NX_OK;

	while (rc == NX_OK && (n = getline(&line, &cap, stdin)) > 0) {
		struct nx_slice in = { line, (size_t)n };

		in = nx_slice_trim(in, " \t\r\n");
		if (in.n == 0)
			continue;
		nx_buf_reset(&answer);
		rc = nx_measure(in, &answer, &c->ctx.err);
		if (rc == NX_OK && printf("%s\n", nx_buf_str(&answer)) < 0)
			rc = nx_fail(&c->ctx.err, NX_INTERNAL,
			    "The output cannot be written.");
	}
	free(line);
	nx_buf_free(&answer);
	return rc;
}

static const struct {
	const char	*name;
	enum nx_rc	(*run)(struct nx_command *c);
} actions[] = {
	{ "initiate", initiate }, { "callback", callback },
	{ "post", post }, { "posts", posts }, { "resume", resume },
	{ "delete", delete }, { "status", post_status },
	{ "disconnect", disconnect }, { "measure", measure },
};

static enum nx_rc
run_named(struct nx_command *c)
{
	enum nx_rc rc = require_option(c, c->args.action, "action");

	if (rc != NX_OK)
		return rc;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, c->args.action) == 0)
			return actions[i].run(c);
	}
	return nx_fail(&c->ctx.err, NX_USAGE,
	    "--action=%.40s is not known.", c->args.action);
}

int
nx_twitter_flow(int argc, char **argv)
{
	struct nx_command c;
	int exit_status;

	if (nx_command_open(&c, NX_TWITTER_FLOW, "twitter_flow", argc, argv,
	    &exit_status) != NX_OK)
		return exit_status;
	return nx_command_close(&c, run_named(&c));
}
