/*
 * fuzz_publish.c - any body of POST /api/twitter/post.
 *
 * What is accepted is within the bounds of the contract, keeps every byte of
 * its texts, survives being stored and read again, and is answered, as a dry
 * run, in JSON with parts that X would take.
 */

#include "fuzz_web.h"

#include "nx/base/uuid.h"
#include "nx/flow/view/answer.h"
#include "nx/flow/publish/publish.h"
#include "nx/flow/publish/when.h"
#include "nx/store/post.h"
#include "nx/x/id.h"

enum { ANSWER_MAX = 8 << 20, PARTS_SHOWN = 1000 };

static void
check_text(struct nx_slice s)
{
	CHECK(s.p == NULL || (strlen(s.p) == s.n && fuzz_is_text(s.p, s.n)));
}

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_options(struct web *w, const struct nx_options *o)
{
	struct nx_options again;
	const char *text;

	CHECK(o->reply_to == NULL || nx_x_id_is_good(o->reply_to));
	CHECK(o->quote == NULL || nx_x_id_is_good(o->quote));
	CHECK(o->poll.n == 0 || (o->poll.n >= NX_POLL_MIN &&
	    o->poll.n <= NX_POLL_MAX && o->poll.minutes >= 5 &&
	    o->poll.minutes <= 10080));
	text = nx_options_text(o, w->ctx.arena);
	CHECK(text != NULL);
	CHECK(nx_options_read(text, w->ctx.arena, &again, &w->ctx.err) ==
	    NX_OK);
	CHECK(same(o->reply_to, again.reply_to) && same(o->quote,
	    again.quote) && same(o->reply_settings, again.reply_settings));
	CHECK(o->poll.n == again.poll.n && o->poll.minutes ==
	    again.poll.minutes && memcmp(&o->marks, &again.marks,
	    sizeof(again.marks)) == 0 &&	/* of bools: no padding */
	    o->queue == again.queue && o->withdraw == again.withdraw);
	for (int i = 0; i < o->poll.n; i++)
		CHECK(same(o->poll.options[i], again.poll.options[i]));
}

static void
check_dry_run(struct web *w, struct nx_publish_ask *ask)
{
	struct nx_buf json = NX_BUF(ANSWER_MAX);
	struct nx_published made;
	enum nx_rc rc;

	ask->dry_run = true;
	ask->connection_id = NULL;	/* there is no database to ask */
	rc = nx_publish(&w->ctx, ask, &made);
	if (rc != NX_OK) {
		fuzz_check_err(rc, &w->ctx.err);
		nx_answer_problem(&w->ctx.err, "request", &json);
	} else {
		CHECK(made.post.state == NX_POST_STATE_DRY_RUN);
		CHECK(made.post.nparts >= 1 && made.post.id == NULL);
		for (size_t i = 0; i < made.post.nparts; i++)
			CHECK(made.post.parts[i].weighted_length >= 1 &&
			    made.post.parts[i].weighted_length <= 25000);
		nx_answer_post(&made, &json);
	}
	fuzz_check_json(&json);
	nx_buf_free(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct web *w = fuzz_web();
	const int64_t now = nx_clock_wall();
	struct nx_publish_ask ask;
	enum nx_rc rc;

	rc = nx_publish_parse(&w->ctx, (struct nx_slice){ (const char *)data,
	    n }, &ask);
	if (rc != NX_OK) {
		fuzz_check_err(rc, &w->ctx.err);
		return 0;
	}
	CHECK(ask.text.p != NULL);
	check_text(ask.text);
	check_text(ask.link);
	CHECK(ask.user_id == NULL || nx_uuid_valid(ask.user_id));
	CHECK(ask.connection_id == NULL || nx_uuid_valid(ask.connection_id));
	CHECK(ask.publish_at >= 0 &&
	    ask.publish_at <= now + NX_WHEN_AHEAD_MAX + 1);
	check_options(w, &ask.options);
	check_dry_run(w, &ask);
	return 0;
}
