/* test_store_post.c - a post's two round trips. */

#include "nx/base/uuid.h"
#include "store_apart.h"
#include "store_posts.h"

static void
begins_and_ends(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post what = { .user_id = e->user, .key = "key" };
	struct nx_new_post other = what;
	struct nx_stored_post *seen;
	char connection[NX_UUID_LEN + 1];
	struct made m, again;

	save(e, &g, connection);
	begin(&ask, what, &m);
	assert_int_equal(m.rc, NX_OK);
	assert_false(m.repeat.is_repeat);
	assert_int_equal(m.repeat.state, NX_POST_STATE_SENDING);
	assert_int_equal(m.repeat.next_try_at, 0);
	assert_string_equal(m.connection.id, connection);
	assert_string_equal(m.connection.access_token, "access-1");
	assert_field(e, m.id, "lease_until - now() < interval '61 s' AND"
	    " lease_until < next_try_at", "t");
	begin(&ask, what, &again);
	assert_int_equal(again.rc, NX_OK);
	assert_true(again.repeat.is_repeat);
	assert_int_equal(again.repeat.state, NX_POST_STATE_SENDING);
	assert_false(again.repeat.is_stranded);
	assert_int_equal(again.repeat.parts[0].attempts, 1);
	assert_int_equal(again.repeat.parts[1].attempts, 0);

	assert_true(finish_as(e, &m, 0, "sent", "sending", "111"));
	assert_story(e, m.id, "sending: sent 111, sending");
	for (int i = 0; i < 2; i++)
		assert_string_equal(part_field(e, m.id, i, "attempts ||"
		    " (first_left_at = left_at AND NOT was_lost)::text"),
		    "1true");
	assert_true(finish_as(e, &m, 1, "sent", "sent", "112"));
	/* A late, second word on a part that was sent changes nothing. */
	assert_true(finish_as(e, &m, 0, "unknown", "unknown", NULL));
	assert_field(e, m.id, "lease_until IS NULL AND next_try_at IS NULL"
	    " AND options ->> 'reply_to' = '1'", "t");
	other.body_hash = "other";
	begin(&ask, other, &again);
	seen = &again.repeat;
	assert_string_equal(seen->id, m.id);
	assert_string_equal(seen->user_id, e->user);
	assert_string_equal(seen->connection_id, connection);
	assert_string_equal(seen->username, "ada");
	assert_int_equal(seen->state, NX_POST_STATE_SENT);
	assert_string_equal(seen->options, "{\"reply_to\": \"1\"}");
	assert_int_equal(seen->warnings.n, 1);
	assert_int_equal(seen->warnings.all[0].warning, NX_WARN_CUT);
	assert_int_equal(seen->price, 150);
	assert_false(seen->same_body);
	assert_in_range(nx_clock_wall() - seen->created_at, 0, 60);
	assert_int_equal(seen->nparts, 2);
	assert_true(nx_slice_eq(seen->parts[0].text, two_parts[0].text));
	assert_int_equal(seen->parts[0].weighted_length, 17);
	assert_int_equal(seen->parts[0].state, NX_PART_SENT);
	assert_string_equal(seen->parts[0].post_id, "111");
	assert_string_equal(seen->parts[1].post_id, "112");
	assert_int_equal(seen->parts[1].attempts, 1);
	assert_in_range(nx_clock_wall() - seen->parts[1].sent_at, 0, 60);
}

static void
a_later_one_is_queued(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const int64_t when = nx_clock_wall() + 600;
	char connection[NX_UUID_LEN + 1];
	struct made m, again;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user, .key = "key",
	    .publish_at = when }, &m);
	assert_int_equal(m.rc, NX_OK);
	assert_story(e, m.id, "queued: waiting, waiting");
	assert_field(e, m.id, "lease_until", "null");
	assert_int_equal(m.repeat.state, NX_POST_STATE_QUEUED);
	assert_int_equal(m.repeat.next_try_at, when);
	begin(&ask, (struct nx_new_post){ .user_id = e->user, .key = "key" },
	    &again);
	assert_int_equal(again.repeat.publish_at, when);
	assert_int_equal(again.repeat.next_try_at, when);
	assert_int_equal(again.repeat.parts[0].attempts, 0);
	assert_int_equal(again.repeat.parts[0].sent_at, 0);
}

/* It does not overtake what waits for X's limit. */
static void
it_stands_in_line(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post what = { .user_id = e->user, .key = "key",
	    .queues = true };
	char connection[NX_UUID_LEN + 1], other[NX_UUID_LEN + 1];
	char first[NX_UUID_LEN + 1], last[NX_UUID_LEN + 1];
	struct made m, again;

	save(e, &g, connection);
	put(e, e->user, other, "queued", "waiting");
	put(e, connection, last, "queued", "waiting");
	change(e, last, "publish_at = now() + interval '1 min'");
	put(e, connection, first, "sending", "sending");
	begin(&ask, what, &m);
	assert_int_equal(m.repeat.state, NX_POST_STATE_SENDING);
	assert_true(finish_as(e, &m, 0, "failed", "failed", NULL));
	change(e, m.id, "idempotency_key = NULL");

	put(e, connection, first, "queued", "waiting");
	change(e, first, "next_try_at = now() + interval '9 h',"
	    " publish_at = now() - interval '2 s'");
	change(e, last, "next_try_at = now() + interval '5 min',"
	    " publish_at = now() - interval '1 s'");
	begin(&ask, what, &m);
	assert_int_equal(m.rc, NX_OK);
	assert_false(m.repeat.is_repeat);
	assert_string_equal(m.connection.access_token, "access-1");
	assert_int_equal(m.repeat.state, NX_POST_STATE_QUEUED);
	assert_in_range(nx_clock_wall() - m.repeat.publish_at, 0, 60);
	assert_in_range(m.repeat.next_try_at - nx_clock_wall(), 32000, 32400);
	assert_story(e, m.id, "queued: waiting, waiting");
	assert_field(e, m.id, "lease_until", "null");
	assert_string_equal(part_field(e, m.id, 0, "attempts || '-' ||"
	    " num_nonnulls(left_at, first_left_at)"), "0-0");
	begin(&ask, what, &again);
	assert_true(again.repeat.is_repeat);
	assert_string_equal(again.repeat.id, m.id);
	/* Without the wish, or long after they could have been sent. */
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &again);
	assert_int_equal(again.repeat.state, NX_POST_STATE_SENDING);
	(void)sql(e, "UPDATE x_posts SET next_try_at = now() - interval '1 h'"
	    " WHERE user_id = $1 AND state = 'queued'", e->user, NULL);
	begin(&ask, (struct nx_new_post){ .user_id = e->user,
	    .queues = true }, &again);
	assert_field(e, again.id, "state || (next_try_at - created_at"
	    " BETWEEN interval '0' AND interval '1 min')", "queuedtrue");
}

/* A part that somebody else has settled meanwhile does not leave again. */
static void
only_what_is_missing_follows(void **state)
{
	static const struct { const char *state, *want; } cases[] = {
		{ "waiting", "sending: sent 8, sending" },
		{ "failed", "sending: sent 8, sending" },
		{ "sent", "sending: sent 8, sent 9" },
		{ "deleted", "sending: sent 8, deleted 9" },
		{ "unknown", "sending: sent 8, unknown" },
	};
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1], text[256];
	struct made m;

	save(e, &g, connection);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const bool at_x = strcmp(cases[i].state, "sent") == 0 ||
		    strcmp(cases[i].state, "deleted") == 0;

		begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
		(void)snprintf(text, sizeof(text), "state = CASE position"
		    " WHEN 1 THEN '%s' ELSE state END, x_post_id = CASE"
		    " position WHEN 1 THEN %s END", cases[i].state,
		    at_x ? "'9'" : "NULL");
		change_part(e, m.id, text);
		assert_true(finish_as(e, &m, 0, "sent", "sending", "8"));
		assert_story(e, m.id, cases[i].want);
		(void)sql(e, "DELETE FROM x_ids WHERE user_id = $1", e->user,
		    NULL);		/* for the next one */
	}
}

/* Repeated with its key, it is wanted after all. */
static void
a_repeat_is_accepted(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_new_post what = { .user_id = e->user, .key = "key",
	    .publish_at = nx_clock_wall() + 600 };
	const char *const unheard = "accepted = false, state = 'sending',"
	    " lease_until = now() + interval '1 min'";
	char connection[NX_UUID_LEN + 1];
	struct made m, again;

	save(e, &g, connection);
	begin(&ask, what, &m);
	assert_int_equal(m.repeat.state, NX_POST_STATE_QUEUED);
	assert_int_equal(m.repeat.publish_at, what.publish_at);
	assert_int_equal(m.repeat.next_try_at, what.publish_at);
	assert_field(e, m.id, "accepted AND lease_until IS NULL", "t");
	change(e, m.id, unheard);
	what.body_hash = "another";
	begin(&ask, what, &again);
	assert_true(again.repeat.is_repeat);
	assert_field(e, m.id, "accepted", "f");
	what.body_hash = NULL;
	begin(&ask, what, &again);
	assert_true(again.repeat.is_repeat && again.repeat.same_body);
	assert_int_equal(again.repeat.state, NX_POST_STATE_QUEUED);
	assert_int_equal(again.repeat.next_try_at, what.publish_at);
	assert_field(e, m.id, "accepted AND state = 'queued'", "t");
}

static void
a_failed_one_gives_its_key_back(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post what = { .user_id = e->user, .key = "key" };
	struct nx_post_outcome o;
	char connection[NX_UUID_LEN + 1], nobody[NX_UUID_LEN + 1];
	struct made m, again;
	struct nx_err err;
	bool ours;

	save(e, &g, connection);
	begin(&ask, what, &m);
	o = outcome(e, m.id, m.lease, 0);
	o.part_state = NX_PART_FAILED;
	o.post_state = NX_POST_STATE_FAILED;
	o.error = &(struct nx_post_error){ .err.rc = NX_X_DOWN };
	o.failed = o.release_key = true;
	/* The answer to the first was lost: counted once. */
	assert_true(finish(e, &o));
	assert_true(finish(e, &o));
	assert_field(e, m.id, "state || tries || (error ->> 'code')",
	    "failed1x_unavailable");
	assert_field(e, m.id, "coalesce(idempotency_key, '') || '-'"
	    " || released_key", "-key");
	begin(&ask, what, &again);
	assert_int_equal(again.rc, NX_OK);
	assert_false(again.repeat.is_repeat);
	nx_uuid_random(nobody);
	o.id = nobody;
	assert_int_equal(nx_post_finish(&ask, &o, &ours, &err), NX_NOT_FOUND);
}

static void
nothing_is_stored_without_a_connection(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post what = { .user_id = e->user, .key = "key" };
	struct nx_new_post later = what;
	char connection[NX_UUID_LEN + 1], x_user[20];
	struct made m;

	later.publish_at = nx_clock_wall() + 600;
	begin(&ask, what, &m);
	assert_int_equal(m.rc, NX_NOT_CONNECTED);
	save(e, &g, connection);
	ask.store = &e->other;		/* the key was retired */
	begin(&ask, what, &m);
	assert_int_equal(m.rc, NX_KEY_UNKNOWN);
	begin(&ask, later, &m);
	assert_int_equal(m.rc, NX_KEY_UNKNOWN);
	ask.store = &e->store;
	fresh_x_user(x_user);
	g.x_user_id = x_user;
	save(e, &g, connection);
	begin(&ask, what, &m);
	assert_int_equal(m.rc, NX_CONNECTION_CHOICE);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1", e->user, NULL), "0");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_parts WHERE"
	    " user_id = $1", e->user, NULL), "0");
}

/* A post that waits keeps its place, and a lease can be kept. */
static void
what_follows(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_post_outcome o;
	char connection[NX_UUID_LEN + 1];
	struct made m;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	o = outcome(e, m.id, m.lease, 0);
	o.part_state = NX_PART_WAITING;
	o.post_state = NX_POST_STATE_QUEUED;
	o.next_try = 600;
	assert_true(finish(e, &o));
	assert_field(e, m.id, "publish_at < next_try_at - interval '590 s'"
	    " AND lease_until IS NULL", "t");

	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	assert_true(finish_as(e, &m, 0, "sent", "sending", "1"));
	o = outcome(e, m.id, m.lease, 1);
	o.part_state = NX_PART_FAILED;
	o.post_state = NX_POST_STATE_PARTIAL;
	o.goal = NX_GOAL_WITHDRAW;
	o.keeps_lease = o.failed = true;
	assert_true(finish(e, &o));
	assert_field(e, m.id, "goal || tries || (lease_until > now() AND"
	    " next_try_at > lease_until)", "withdraw1true");
	o = outcome(e, m.id, m.lease, 0);
	o.part_state = NX_PART_DELETED;
	o.post_state = NX_POST_STATE_FAILED;
	o.goal = NX_GOAL_WITHDRAW;
	assert_true(finish(e, &o));
	assert_story(e, m.id, "failed: deleted 1, failed");
	assert_field(e, m.id, "tries || coalesce(lease_until::text, '-')",
	    "0-");
}

/* Who is behind the head waits with it, and only the line is written. */
static void
a_queue_waits_together(void **state)
{
	enum { N = 3 };
	static const char *const when[N] = { "publish_at = now() - '1 s'::"
	    "interval", "publish_at = now() - '2 s'::interval",
	    "next_try_at = now() + interval '1 h'" };
	static const char line[] = "SELECT post_id || ' ' || round(extract("
	    "epoch FROM next_at - now()) / 60) || ' ' || (head_at = next_at)"
	    " FROM x_lines WHERE user_id = $1 AND connection_id = $2";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_post_outcome o;
	struct nx_stored_post p;
	char connection[NX_UUID_LEN + 1], ids[N][NX_UUID_LEN + 1];
	char head[NX_UUID_LEN + 1], want[80];
	const char *written;
	struct nx_err err;

	save(e, &g, connection);
	put(e, connection, head, "sending", "sending");
	change(e, head, "publish_at = now() - interval '5 s', lease_owner ="
	    " id, lease_until = now() + interval '1 min'");
	for (int i = 0; i < N; i++) {
		put(e, connection, ids[i], "queued", "waiting");
		change(e, ids[i], when[i]);
	}
	written = sql(e, "SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM"
	    " x_posts WHERE user_id = $1 AND id <> $2", e->user, head);
	o = outcome(e, head, head, 0);
	o.part_state = NX_PART_WAITING;
	o.post_state = NX_POST_STATE_QUEUED;
	o.next_try = 600;
	for (int i = 0; i < 2; i++)
		assert_true(finish(e, &o));
	(void)snprintf(want, sizeof(want), "%s 10 true", head);
	assert_string_equal(sql(e, line, e->user, connection), want);
	assert_string_equal(sql(e, "SELECT string_agg(xmin::text, ' ' ORDER BY"
	    " id) FROM x_posts WHERE user_id = $1 AND id <> $2", e->user,
	    head), written);
	for (int i = 0; i < N; i++) {
		assert_int_equal(nx_post_get(&ask, e->user, ids[i], &p, &err),
		    NX_OK);
		assert_in_range(p.next_try_at - nx_clock_wall(),
		    i < 2 ? 590 : 3590, i < 2 ? 600 : 3600);
	}
}

/* X takes a post: that alone shows that the connection works. */
static void
a_success_is_noted(void **state)
{
	static const char *const noted = "(SELECT last_success_at IS NOT NULL"
	    " FROM x_grants g WHERE g.connection_id = p.connection_id)";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1];
	struct nx_post_outcome old;
	struct made m;

	save(e, &g, connection);
	(void)sql(e, "UPDATE x_grants SET last_success_at = NULL"
	    " WHERE connection_id = $1", connection, NULL);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	change_part(e, m.id, "x_post_id = 7, state = 'sent'");
	assert_true(finish_as(e, &m, 0, "sent", "partial", NULL));
	assert_field(e, m.id, noted, "f");
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	old = outcome(e, m.id, m.lease, 0);
	old.x_id = "6";
	old.is_news = false;
	assert_true(finish(e, &old));
	assert_field(e, m.id, noted, "f");
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	assert_true(finish_as(e, &m, 0, "sent", "sending", "8"));
	assert_field(e, m.id, noted, "t");
}

/* The lease was taken over: only what is certain counts. */
static void
too_late(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1 };
	const struct nx_new_post thread = { .user_id = e->user };
	char connection[NX_UUID_LEN + 1];
	struct made m;

	save(e, &g, connection);
	begin(&ask, single, &m);
	change(e, m.id, "lease_owner = id");
	assert_false(finish_as(e, &m, 0, "failed", "failed", NULL));
	assert_story(e, m.id, "sending: sending");
	assert_false(finish_as(e, &m, 0, "sent", "sent", "5"));
	assert_story(e, m.id, "sending: sent 5");
	/* The one who is at it has found nothing: it is there all the same. */
	memcpy(m.lease, m.id, sizeof(m.id));
	assert_false(finish_as(e, &m, 0, "failed", "failed", NULL));
	assert_story(e, m.id, "sent: sent 5");

	begin(&ask, single, &m);
	change(e, m.id, "lease_owner = id, state = 'failed', goal = 'delete',"
	    " lease_until = NULL, next_try_at = NULL");
	assert_false(finish_as(e, &m, 0, "sent", "sent", "6"));
	assert_story(e, m.id, "sent: sent 6");
	assert_field(e, m.id, "next_try_at <= now()", "t");

	begin(&ask, thread, &m);
	change(e, m.id, "lease_owner = id, state = 'unknown',"
	    " lease_until = now() - interval '1 s', next_try_at = NULL");
	assert_false(finish_as(e, &m, 0, "sent", "sending", "7"));
	assert_story(e, m.id, "partial: sent 7, waiting");
	assert_field(e, m.id, "next_try_at <= now()", "t");
	change(e, m.id, "next_try_at = NULL");
	assert_false(finish_as(e, &m, 0, "sent", "sending", "7"));
	assert_field(e, m.id, "next_try_at", "null");
}

/* Its owner wants it gone while its outcome is looked up. */
static void
a_wish_is_not_forgotten(void **state)
{
	static const char *const due = "goal || (next_try_at <= now() AND"
	    " lease_until IS NULL)";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1];
	struct made m;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	change(e, m.id, "state = 'unknown', goal = 'delete'");
	/* Nothing follows, however often it is said. */
	for (int i = 0; i < 2; i++) {
		assert_false(finish_as(e, &m, 0, "sent", "sending", "1"));
		assert_story(e, m.id, "partial: sent 1, waiting");
		assert_field(e, m.id, due, "deletetrue");
	}
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	assert_true(finish_as(e, &m, 0, "sent", "sending", "2"));
	change(e, m.id, "state = 'unknown', goal = 'delete'");
	for (int i = 0; i < 2; i++)
		assert_true(finish_as(e, &m, 1, "sent", "sent", "3"));
	assert_story(e, m.id, "sent: sent 2, sent 3");
	assert_field(e, m.id, due, "deletetrue");
}

/* What is said of part `position`, that it was sent as `x_id`, comes to. */
static enum nx_rc
sent_as(const struct env *e, const struct made *m, int position,
    const char *x_id)
{
	struct nx_post_outcome o = outcome(e, m->id, m->lease, position);
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	bool ours;
	enum nx_rc rc;

	o.post_state = position == 0 ? NX_POST_STATE_SENDING :
	    NX_POST_STATE_SENT;
	o.x_id = x_id;
	rc = nx_post_finish(&ask, &o, &ours, &err);
	assert_true(rc != NX_OK || ours);
	if (rc != NX_OK)
		assert_non_null(strstr(err.detail, x_id));
	return rc;
}

static void
an_id_is_one_parts(void **state)
{
	static const char id[] = "1445880548472328192", other[] = "144588054"
	    "8472328193";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1];
	struct made m, later;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &later);
	assert_int_equal(sent_as(e, &m, 0, id), NX_OK);
	assert_int_equal(sent_as(e, &m, 0, id), NX_OK);
	/* Of the part before, and of another post: nothing is written. */
	assert_int_equal(sent_as(e, &m, 1, id), NX_OUTCOME_UNKNOWN);
	assert_int_equal(sent_as(e, &later, 0, id), NX_OUTCOME_UNKNOWN);
	assert_story(e, m.id, "sending: sent 1445880548472328192, sending");
	assert_story(e, later.id, "sending: sending, waiting");
	assert_int_equal(sent_as(e, &later, 0, other), NX_OK);
	assert_int_equal(sent_as(e, &m, 1, "7"), NX_OK);
	/* A simulator begins anew, but not at once. */
	assert_int_equal(sent_as(e, &later, 1, "7"), NX_OUTCOME_UNKNOWN);
	(void)sql(e, "UPDATE x_ids SET at = at - interval '11 minutes'"
	    " WHERE user_id = $1", e->user, NULL);
	assert_int_equal(sent_as(e, &later, 1, id), NX_OUTCOME_UNKNOWN);
	assert_int_equal(sent_as(e, &later, 1, "7"), NX_OK);
}

/* `part` is that which X's id is noted for; NULL: none. */
static void
assert_noted(const struct env *e, const char *x_id, const char *part)
{
	const char *noted = sql(e, "SELECT string_agg(post_id || ' '"
	    " || position, ',') FROM x_ids WHERE user_id = $1"
	    " AND x_post_id = $2", e->user, x_id);

	if (part == NULL)
		assert_null(noted);
	else
		assert_string_equal(noted, part);
}

/* Whoever has lost the lease notes what is recorded, and nothing else. */
static void
an_id_is_noted_as_recorded(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1], part[NX_UUID_LEN + 3];
	struct nx_post_outcome o;
	struct made m, other;
	struct nx_err err = { 0 };
	bool ours;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	change(e, m.id, "lease_owner = id");
	change_part(e, m.id, "state = CASE position WHEN 0 THEN 'sent'"
	    " ELSE state END, x_post_id = CASE position WHEN 0 THEN '11' END");
	assert_false(finish_as(e, &m, 0, "sent", "sending", "12"));
	assert_noted(e, "12", NULL);
	change_part(e, m.id, "state = 'waiting', x_post_id = NULL");
	assert_false(finish_as(e, &m, 0, "sent", "sending", "13"));
	(void)snprintf(part, sizeof(part), "%s 0", m.id);
	assert_noted(e, "13", part);
	/* Late or not, it is one part's. */
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &other);
	change(e, other.id, "lease_owner = id");
	o = outcome(e, other.id, other.lease, 0);
	o.x_id = "13";
	assert_int_equal(nx_post_finish(&ask, &o, &ours, &err),
	    NX_OUTCOME_UNKNOWN);
	assert_story(e, other.id, "sending: sending, waiting");
	assert_noted(e, "13", part);
}

/* Who asked hears that it may not be queued, and it ends as that. */
static void
an_unheard_acceptance_is_an_error(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	struct nx_new_post what = { .user_id = e->user, .key = "key",
	    .publish_at = nx_clock_wall() + 600 };
	char connection[NX_UUID_LEN + 1];
	struct made m, again;

	save(e, &g, connection);
	(void)sql(e, "CREATE OR REPLACE FUNCTION x_test_deaf() RETURNS"
	    " trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING"
	    " ERRCODE = '55P03'; END $$", NULL, NULL);
	(void)sql(e, "CREATE TRIGGER x_test_deaf BEFORE UPDATE ON x_posts"
	    " FOR EACH ROW WHEN (NEW.idempotency_key = 'key' AND"
	    " NEW.accepted AND NOT OLD.accepted)"
	    " EXECUTE FUNCTION x_test_deaf()", NULL, NULL);
	begin(&ask, what, &m);
	begin(&ask, what, &again);
	(void)sql(e, "DROP TRIGGER x_test_deaf ON x_posts", NULL, NULL);
	(void)sql(e, "DROP FUNCTION x_test_deaf()", NULL, NULL);
	assert_int_equal(m.rc, NX_BUSY);
	assert_int_equal(again.rc, NX_BUSY);
	begin(&ask, what, &again);
	assert_int_equal(again.rc, NX_OK);
	assert_int_equal(again.repeat.state, NX_POST_STATE_QUEUED);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1", e->user, NULL), "1");
}

static void
x_has_the_text_already(void **state)
{
	static const struct nx_post_error why = { .err.rc = NX_DUPLICATE };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_stored_part part = { .text = { "part 1", 6 },
	    .error = &why };
	struct nx_stored_post post = { .user_id = e->user,
	    .connection_id = e->user, .parts = &part, .nparts = 1 };
	char self[NX_UUID_LEN + 1], unknown[NX_UUID_LEN + 1];
	char lost[NX_UUID_LEN + 1], refused[NX_UUID_LEN + 1];
	struct nx_stored_post got;
	struct nx_err err;

	put(e, e->user, self, "unknown", "unknown");
	put(e, e->user, unknown, "unknown", "unknown");
	put(e, e->user, lost, "partial", "failed,waiting");
	put(e, e->user, refused, "failed", "failed");
	(void)sql(e, "UPDATE x_posts SET next_try_at = NULL"
	    " WHERE user_id = $1", e->user, NULL);
	change_part(e, lost, "was_lost = state = 'failed',"
	    " updated_at = now() - interval '9 days'");
	change_part(e, refused, "error = '{\"code\":\"not_sent\"}'");
	post.id = self;
	assert_int_equal(nx_post_seen(&ask, &post, 0, &err), NX_OK);
	assert_field(e, self, "next_try_at", "null");
	assert_field(e, unknown, "next_try_at <= now()", "t");
	assert_story(e, lost, "unknown: unknown, waiting");
	assert_field(e, lost, "(next_try_at <= now()) || (error ->> 'code')",
	    "trueduplicate_text");
	assert_story(e, refused, "failed: failed");
	change_part(e, lost, "state = 'failed'");
	assert_int_equal(nx_post_get(&ask, e->user, lost, &got, &err), NX_OK);
	assert_true(got.parts[0].was_lost);
	assert_false(got.parts[1].was_lost);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_parts WHERE user_id"
	    " = $1 AND error ->> 'code' = 'duplicate_text'", e->user, NULL),
	    "2");
}

/* Whatever becomes of it. */
static void
what_was_lost_stays_so(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1];
	struct made m;

	save(e, &g, connection);
	begin(&ask, (struct nx_new_post){ .user_id = e->user }, &m);
	assert_true(finish_as(e, &m, 0, "unknown", "unknown", NULL));
	change_part(e, m.id, "reserved_id = 7");
	memcpy(m.lease, m.id, sizeof(m.id));
	change(e, m.id, "lease_owner = id, lease_until = now()");
	assert_true(finish_as(e, &m, 0, "failed", "failed", NULL));
	change(e, m.id, "lease_until = now()");
	assert_true(finish_as(e, &m, 0, "sent", "sending", "1"));
	assert_string_equal(part_field(e, m.id, 0, "was_lost || '-' ||"
	    " coalesce(reserved_id, '')"), "true-");
	assert_string_equal(part_field(e, m.id, 1, "was_lost"), "f");
}

static const char *
told(const struct env *e, const char *id)
{
	return sql(e, "SELECT string_agg(concat_ws(' ', event,"
	    " body ->> 'x_post_id', body ->> 'error'), ', ' ORDER BY"
	    " created_at) FROM x_notices WHERE user_id = $1"
	    " AND body ->> 'post_id' = $2", e->user, id);
}

/* How many rows a post's parts have of their own. */
#define assert_rows(e, id, want)					\
	assert_string_equal(sql(e, "SELECT count(*)::text FROM x_parts"	\
	    " WHERE user_id = $1 AND post_id = $2", e->user, id), want)

static void
one_part_needs_no_row(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1,
	    .key = "key" };
	char connection[NX_UUID_LEN + 1];
	const struct nx_stored_part *part;
	struct made m, again;

	save(e, &g, connection);
	begin(&ask, single, &m);
	assert_true(m.repeat.is_alone);
	assert_story(e, m.id, "sending: sending");
	assert_true(finish_as(e, &m, 0, "sent", "sent", "9"));
	assert_story(e, m.id, "sent: sent 9");
	assert_rows(e, m.id, "0");
	begin(&ask, single, &again);
	assert_true(again.repeat.is_repeat);
	assert_int_equal(again.repeat.nparts, 1);
	part = &again.repeat.parts[0];
	assert_true(nx_slice_eq(part->text, two_parts[0].text));
	assert_int_equal(part->weighted_length, 17);
	assert_int_equal(part->state, NX_PART_SENT);
	assert_int_equal(part->attempts, 1);
	assert_string_equal(part->post_id, "9");
	assert_in_range(nx_clock_wall() - part->sent_at, 0, 60);
	/* The same outcome once more. */
	assert_true(finish_as(e, &m, 0, "sent", "sent", "9"));
	assert_story(e, m.id, "sent: sent 9");
	e->store.late_outcomes = true;
	begin(&ask, (struct nx_new_post){ .user_id = e->user, .nparts = 1 },
	    &m);
	assert_true(finish_as(e, &m, 0, "sent", "sent", "10"));
	assert_story(e, m.id, "sent: sent 10");
	assert_rows(e, m.id, "0");
	assert_string_equal(sql(e, "SHOW synchronous_commit", NULL, NULL),
	    "on");
}

static void
other_outcomes_have_a_row(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1 };
	char connection[NX_UUID_LEN + 1];
	struct nx_claimed claimed;
	struct nx_err err;
	struct made m;

	save(e, &g, connection);
	begin(&ask, single, &m);
	assert_true(finish_as(e, &m, 0, "failed", "failed", NULL));
	assert_story(e, m.id, "failed: failed");
	assert_rows(e, m.id, "1");
	begin(&ask, single, &m);
	change(e, m.id, "goal = 'delete'");
	assert_true(finish_as(e, &m, 0, "sent", "sent", "10"));
	assert_story(e, m.id, "sent: sent 10");
	assert_field(e, m.id, "goal || (next_try_at <= now())", "deletetrue");
	/* Its sender is away; then it is back. */
	begin(&ask, single, &m);
	change(e, m.id, "lease_until = now(), next_try_at = now(),"
	    " created_at = now() - interval '90 s'");
	assert_int_equal(nx_post_claim_unknown(&ask, &claimed, &err), NX_OK);
	assert_true(claimed.taken);
	assert_string_equal(claimed.post.id, m.id);
	assert_int_equal(claimed.post.parts[0].state, NX_PART_UNKNOWN);
	assert_int_equal(claimed.post.parts[0].attempts, 1);
	assert_in_range(claimed.age, 90, 150);
	assert_rows(e, m.id, "1");
	assert_false(finish_as(e, &m, 0, "sent", "sent", "11"));
	assert_story(e, m.id, "unknown: sent 11");
	/* Claimed, and the claim's second step has not come yet. */
	begin(&ask, single, &m);
	change(e, m.id, "lease_owner = id, state = 'unknown'");
	assert_false(finish_as(e, &m, 0, "sent", "sent", "12"));
	assert_story(e, m.id, "unknown: sent 12");
}

/* Programs of the version before know no other form. */
static void
rows_for_all_before_contract(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1 };
	char connection[NX_UUID_LEN + 1];
	struct made m;

	(void)sql(e, "UPDATE x_app SET contracted = false", NULL, NULL);
	save(e, &g, connection);
	begin(&ask, single, &m);
	assert_int_equal(m.rc, NX_OK);
	assert_false(m.repeat.is_alone);
	assert_rows(e, m.id, "1");
	change(e, m.id, "unattended = true");
	assert_true(finish_as(e, &m, 0, "sent", "sent", "9"));
	assert_story(e, m.id, "sent: sent 9");
	assert_null(told(e, m.id));		/* a trigger's work */
}

/* What comes about while nobody waits for it. */
static void
is_told(void **state)
{
	static const struct nx_post_error why = { .err.rc = NX_DUPLICATE };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1 };
	struct nx_new_post later = single;
	char connection[NX_UUID_LEN + 1];
	struct nx_post_outcome o;
	struct made m;

	later.publish_at = nx_clock_wall() + 1;
	save(e, &g, connection);
	begin(&ask, single, &m);
	assert_true(finish_as(e, &m, 0, "sent", "sent", "1"));
	assert_null(told(e, m.id));
	begin(&ask, single, &m);
	change(e, m.id, "unattended = true");
	assert_true(finish_as(e, &m, 0, "sent", "sent", "2"));
	assert_string_equal(told(e, m.id), "post.sent 2");
	begin(&ask, single, &m);
	assert_true(finish_as(e, &m, 0, "unknown", "unknown", NULL));
	assert_null(told(e, m.id));
	change(e, m.id, "lease_until = now() + interval '1 min'");
	o = outcome(e, m.id, m.lease, 0);
	o.part_state = NX_PART_FAILED;
	o.post_state = NX_POST_STATE_FAILED;
	o.error = &why;
	assert_true(finish(e, &o));
	assert_string_equal(told(e, m.id), "post.failed duplicate_text");
	begin(&ask, later, &m);
	change(e, m.id, "state = 'sending', lease_until = now()");
	assert_null(told(e, m.id));
	assert_true(finish_as(e, &m, 0, "sent", "sent", "3"));
	assert_string_equal(told(e, m.id), "post.sent 3");
	assert_string_equal(sql(e, "SELECT string_agg(k, ' ' ORDER BY k) FROM"
	    " x_notices, jsonb_object_keys(body) k WHERE user_id = $1"
	    " AND body ->> 'post_id' = $2", e->user, m.id), "at connection_id"
	    " error event post_id state user_id x_post_id");
}

/* Its owner wanted it gone while nobody knew, and there was nothing to do. */
static void
what_has_no_part_is_told(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	struct nx_new_grant g = grant_of(e);
	const struct nx_new_post single = { .user_id = e->user, .nparts = 1 };
	char connection[NX_UUID_LEN + 1];
	struct nx_stored_post post = { .user_id = e->user };
	struct nx_err err;
	struct made m;

	save(e, &g, connection);
	begin(&ask, single, &m);
	post.id = m.id;
	change(e, m.id, "state = 'failed', goal = 'delete',"
	    " unattended = true");
	assert_int_equal(nx_post_put_off(&ask, &post, m.lease,
	    NX_POST_STATE_FAILED, 0, &err), NX_OK);
	assert_null(told(e, m.id));		/* it was that before */
	change(e, m.id, "lease_until = now() + interval '1 min'");
	for (int i = 0; i < 2; i++)
		assert_int_equal(nx_post_put_off(&ask, &post, m.lease,
		    NX_POST_STATE_DELETED, -1, &err), NX_OK);
	assert_field(e, m.id, "state", "deleted");
	assert_string_equal(told(e, m.id), "post.deleted");
}

struct poster {
	const struct env	*e;
	struct made		 made;
};

static void *
post(void *arg)
{
	struct poster *p = arg;
	struct nx_store_ask ask = ask_of(p->e);

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	begin(&ask, (struct nx_new_post){ .user_id = p->e->user,
	    .key = "key" }, &p->made);
	nx_arena_free(ask.arena);
	return NULL;
}

static void
one_key_a_hundred_times(void **state)
{
	enum { N = 100 };
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1];
	struct poster *posters = calloc(N, sizeof(*posters));
	int first = 0;

	save(e, &g, connection);
	for (int i = 0; i < N; i++)
		posters[i].e = e;
	race(post, posters, sizeof(*posters), N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(posters[i].made.rc, NX_OK);
		first += !posters[i].made.repeat.is_repeat;
	}
	assert_int_equal(first, 1);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1", e->user, NULL), "1");
	free(posters);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define APART(f) cmocka_unit_test_setup_teardown(f, env_open_apart,	\
	env_close_apart)
#define T(f) cmocka_unit_test_setup_teardown(f, env_open, env_close)
		T(begins_and_ends),
		T(a_later_one_is_queued),
		T(it_stands_in_line),
		T(only_what_is_missing_follows),
		T(a_repeat_is_accepted),
		T(a_failed_one_gives_its_key_back),
		T(nothing_is_stored_without_a_connection),
		T(what_follows),
		T(a_queue_waits_together),
		T(a_success_is_noted),
		T(too_late),
		T(an_id_is_noted_as_recorded),
		T(an_unheard_acceptance_is_an_error),
		T(a_wish_is_not_forgotten),
		T(an_id_is_one_parts),
		T(x_has_the_text_already),
		T(what_was_lost_stays_so),
		T(is_told),
		T(what_has_no_part_is_told),
		APART(one_part_needs_no_row),
		APART(other_outcomes_have_a_row),
		APART(rows_for_all_before_contract),
		T(one_key_a_hundred_times),
#undef T
#undef APART
	};

	return cmocka_run_group_tests_name("store/post", tests, NULL, NULL);
}
