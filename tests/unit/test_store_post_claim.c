/*
 * test_store_post_claim.c - who may go on with a post: by time, by order, by
 * name; one at a time, however many ask.
 */

#include "nx/base/uuid.h"
#include "store/post_row.h"
#include "store_apart.h"
#include "store_plan.h"
#include "store_posts.h"

static struct nx_claimed
claim(const struct env *e, enum nx_rc (*how)(const struct nx_store_ask *,
    struct nx_claimed *, struct nx_err *))
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed c;
	struct nx_err err = { 0 };

	if (how(&ask, &c, &err) != NX_OK)
		fail_msg("claim: %s", err.detail);
	return c;
}

#define claim_due(e) claim(e, nx_post_claim_due)
#define claim_unknown(e) claim(e, nx_post_claim_unknown)

static void
end(const struct env *e, const struct nx_claimed *c, const char *state)
{
	struct nx_post_outcome o = outcome(e, c->post.id, c->lease, 0);

	o.post_state = nx_post_state_of(state);
	o.part_state = o.post_state == NX_POST_STATE_QUEUED ? NX_PART_WAITING :
	    nx_part_state_of(state);
	o.x_id = strcmp(state, "sent") == 0 ? "1" : NULL;
	o.next_try = strcmp(state, "queued") == 0 ? 600 : -1;
	assert_true(finish(e, &o));
}

static void
attach(const struct env *e, char id[NX_UUID_LEN + 1])
{
	struct nx_new_grant g = grant_of(e);
	char x_user[20];

	fresh_x_user(x_user);
	g.x_user_id = x_user;
	save(e, &g, id);
}

static void
in_the_order_of_their_time(void **state)
{
	struct env *e = need_database(state);
	char one[NX_UUID_LEN + 1], two[NX_UUID_LEN + 1];
	char first[NX_UUID_LEN + 1], second[NX_UUID_LEN + 1];
	char third[NX_UUID_LEN + 1], other[NX_UUID_LEN + 1];
	struct nx_claimed c, d;

	attach(e, one);
	attach(e, two);
	put(e, one, second, "queued", "waiting");
	put(e, one, first, "queued", "waiting");
	put(e, one, third, "queued", "waiting");
	put(e, two, other, "queued", "waiting");
	change(e, first, "publish_at = now() - interval '9 s'");
	change(e, second, "publish_at = now() - interval '5 s',"
	    " next_try_at = now() - interval '5 s'");
	change(e, other, "publish_at = now() + interval '1 h',"
	    " next_try_at = now() + interval '1 h'");
	c = claim_due(e);
	assert_string_equal(c.post.id, first);
	assert_true(c.taken);
	assert_int_equal(c.post.state, NX_POST_STATE_SENDING);
	assert_int_equal(c.post.parts[0].state, NX_PART_SENDING);
	assert_int_equal(c.post.parts[0].attempts, 1);
	assert_int_equal(c.first_left_at, 0);
	assert_string_equal(c.connection.id, one);
	assert_string_equal(c.connection.access_token, "access-1");
	assert_int_equal(c.token_rc, NX_OK);
	assert_field(e, first, "unattended AND lease_until > now() AND"
	    " next_try_at > lease_until", "t");
	/* While it is under way the others of its connection wait. */
	assert_null(claim_due(e).post.id);
	change(e, other, "next_try_at = now(), publish_at = now()");
	d = claim_due(e);
	assert_string_equal(d.post.id, other);
	end(e, &d, "sent");
	/* It waits for X's limit and keeps its place. */
	end(e, &c, "queued");
	assert_null(claim_due(e).post.id);
	change(e, first, "next_try_at = now()");
	c = claim_due(e);
	assert_string_equal(c.post.id, first);
	end(e, &c, "failed");
	/* The others waited with it, and wait no more. */
	c = claim_due(e);
	assert_string_equal(c.post.id, second);
	assert_null(claim_due(e).post.id);
	/* Whoever has died holds nobody up. */
	change(e, second, "lease_until = now(), next_try_at = now()"
	    " + interval '1 s'");
	assert_string_equal(claim_due(e).post.id, third);
}

/* Whoever asked for it was told that it was not stored. */
static void
what_was_never_accepted(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char behind[NX_UUID_LEN + 1];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, id, "sending", "waiting");
	put(e, connection, behind, "queued", "waiting");
	change(e, behind, "body_hash = 'another'");
	change(e, id, "accepted = false, publish_at = now() - interval '1 s',"
	    " idempotency_key = 'key', lease_owner = id,"
	    " lease_until = now() + interval '1 min'");
	assert_null(claim_unknown(e).post.id);
	c = claim_due(e);		/* it holds nobody up */
	assert_string_equal(c.post.id, behind);
	change(e, id, "lease_until = now()");
	assert_null(claim_due(e).post.id);
	assert_null(claim_unknown(e).post.id);
	assert_story(e, id, "failed: waiting");
	assert_field(e, id, "(error ->> 'code') || ' ' || released_key",
	    "not_sent key");
	assert_field(e, id, "coalesce(idempotency_key, next_try_at::text)",
	    "null");
	assert_null(claim_due(e).post.id);
	/* Its owner may still want it. */
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_RESUME, &c,
	    &err), NX_OK);
	assert_true(c.taken);
	assert_story(e, id, "sending: sending");
	assert_field(e, id, "accepted AND idempotency_key = 'key'", "t");

	/* A worker of an older version has looked at it. */
	attach(e, connection);
	put(e, connection, id, "queued", "waiting");
	put(e, connection, behind, "queued", "waiting");
	change(e, id, "accepted = false, body_hash = 'older',"
	    " publish_at = now() - interval '1 min'");
	change(e, behind, "body_hash = 'behind'");
	c = claim_due(e);
	assert_string_equal(c.post.id, behind);
	end(e, &c, "sent");
	assert_null(claim_due(e).post.id);
	assert_null(claim_unknown(e).post.id);
	assert_story(e, id, "failed: waiting");

	put(e, connection, id, "sending", "waiting");
	change(e, id, "accepted = false, publish_at = now(), lease_owner = id,"
	    " lease_until = now()");
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_REMOVE, &c,
	    &err), NX_OK);
	assert_story(e, id, "cancelled: waiting");
}

static void
a_broken_thread_goes_on(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	struct nx_claimed c;

	attach(e, connection);
	put(e, connection, id, "partial", "sent,failed,waiting");
	change(e, id, "next_try_at = now() + interval '1 h'");
	assert_null(claim_due(e).post.id);
	change(e, id, "next_try_at = now()");
	c = claim_due(e);
	assert_story(e, id, "sending: sent 101, sending, waiting");
	assert_int_equal(c.post.parts[1].attempts, 2);
	assert_string_equal(part_field(e, id, 1, "now() - first_left_at >"
	    " interval '90 s' AND now() - left_at < interval '30 s'"), "t");
	assert_string_equal(part_field(e, id, 2, "first_left_at"), "null");
	change(e, id, "lease_until = now(), state = 'partial',"
	    " next_try_at = NULL");
	assert_null(claim_due(e).post.id);
	change(e, id, "goal = 'withdraw', next_try_at = now()");
	c = claim_due(e);
	assert_true(c.taken);
	assert_int_equal(c.post.goal, NX_GOAL_WITHDRAW);
	assert_story(e, id, "partial: sent 101, sending, waiting");
	/* What cannot go on is not taken up. */
	put(e, connection, id, "partial", "sent,deleted,waiting");
	assert_null(claim_due(e).post.id);
	assert_story(e, id, "partial: sent 101, deleted 102, waiting");
	assert_field(e, id, "next_try_at", "null");
}

static void
what_nobody_knows(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	struct nx_claimed c;

	attach(e, connection);
	put(e, connection, id, "unknown", "sent,unknown");
	assert_null(claim_due(e).post.id);
	c = claim_unknown(e);
	assert_string_equal(c.post.id, id);
	assert_int_equal(c.post.state, NX_POST_STATE_UNKNOWN);
	assert_in_range(c.age, 60, 80);
	assert_in_range(nx_clock_wall() - c.first_left_at, 90, 110);
	assert_true(c.post.parts[1].was_lost);
	assert_null(claim_unknown(e).post.id);
	change(e, id, "lease_until = now()");
	assert_null(claim_unknown(e).post.id);	/* not due yet */
	change(e, id, "state = 'sent', next_try_at = NULL");

	put(e, connection, id, "sending", "sent,sending,waiting");
	change(e, id, "lease_until = now() + interval '1 min'");
	assert_null(claim_unknown(e).post.id);
	change(e, id, "lease_until = now()");
	assert_null(claim_due(e).post.id);
	c = claim_unknown(e);
	assert_true(c.taken);
	assert_int_equal(c.post.parts[1].state, NX_PART_UNKNOWN);
	assert_story(e, id, "unknown: sent 101, unknown, waiting");
	assert_string_equal(part_field(e, id, 1, "was_lost"), "t");
	/* A program of before says nothing of when it left. */
	put(e, connection, id, "unknown", "unknown");
	change_part(e, id, "first_left_at = NULL, left_at = NULL");
	change(e, id, "created_at = now() - interval '200 s'");
	c = claim_unknown(e);
	assert_in_range(c.age, 200, 220);
	assert_in_range(nx_clock_wall() - c.first_left_at, 200, 220);
	put(e, connection, id, "unknown", "unknown");
	change_part(e, id, "first_left_at = NULL");
	c = claim_unknown(e);
	assert_in_range(nx_clock_wall() - c.first_left_at, 60, 80);
}

/* Stranded without a part that may have left. */
static void
is_sorted_out(void **state)
{
	static const struct {
		const char *goal, *parts, *want;
		bool due;
	} cases[] = {
		{ "send", "sent,sent", "sent: sent 101, sent 102", false },
		{ "delete", "sent", "sent: sent 101", true },
		{ "send", "sent,waiting", "partial: sent 101, waiting", true },
		{ "send", "waiting", "queued: waiting", true },
		{ "delete", "waiting", "cancelled: waiting", false },
		{ "delete", "deleted", "deleted: deleted 101", false },
		{ "withdraw", "deleted,failed",
		    "failed: deleted 101, failed", false },
		{ "withdraw", "sent,deleted",
		    "partial: sent 101, deleted 102", true },
	};
	struct env *e = need_database(state);
	char id[NX_UUID_LEN + 1], text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(e, e->user, id, i % 2 == 0 ? "sending" : "unknown",
		    cases[i].parts);
		(void)snprintf(text, sizeof(text), "goal = '%s'",
		    cases[i].goal);
		change(e, id, text);
		assert_null(claim_unknown(e).post.id);
		assert_story(e, id, cases[i].want);
		assert_field(e, id, "(next_try_at <= now()) IS TRUE",
		    cases[i].due ? "t" : "f");
		change(e, id, "next_try_at = NULL");
	}
}

static void
what_x_had_before(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], other[NX_UUID_LEN + 1];
	char id[NX_UUID_LEN + 1], before[NX_UUID_LEN + 1];

	attach(e, connection);
	attach(e, other);
	put(e, other, id, "sent", "sent");
	put(e, connection, before, "partial", "sent,deleted,waiting");
	put(e, connection, id, "sent", "sent");
	(void)sql(e, "UPDATE x_posts SET next_try_at = NULL,"
	    " created_at = now() - interval '1 h' WHERE user_id = $1",
	    e->user, NULL);
	(void)sql(e, "UPDATE x_parts SET sent_at = now() - interval '99 s'"
	    " WHERE user_id = $1", e->user, NULL);
	(void)sql(e, "UPDATE x_parts SET sent_at = now() - interval '101 s',"
	    " x_post_id = 200 + position WHERE user_id = $1 AND post_id = $2"
	    " AND position < 2", e->user, before);
	(void)sql(e, "UPDATE x_parts SET sent_at = now() - interval '105 s'"
	    " WHERE user_id = $1 AND post_id = $2 AND position = 0",
	    e->user, before);
	put(e, connection, id, "unknown", "sent,unknown");
	change(e, id, "created_at = now() - interval '92 s'");
	assert_string_equal(claim_unknown(e).since_id, "201");
	change(e, id, "lease_until = now(), next_try_at = now()");
	(void)sql(e, "UPDATE x_parts SET sent_at = now() - interval '31 days'"
	    " WHERE user_id = $1 AND sent_at < now() - interval '100 s'",
	    e->user, NULL);
	assert_null(claim_unknown(e).since_id);
}

static void
without_a_token(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, id, "queued", "waiting");
	ask.store = &e->other;
	assert_int_equal(nx_post_claim_due(&ask, &c, &err), NX_OK);
	assert_true(c.taken);
	assert_int_equal(c.token_rc, NX_KEY_UNKNOWN);
	assert_null(c.connection.access_token);
	end(e, &c, "failed");
	(void)sql(e, "DELETE FROM platform_connections WHERE id = $1",
	    connection, NULL);
	put(e, connection, id, "queued", "waiting");
	c = claim_due(e);
	assert_true(c.taken);
	assert_int_equal(c.token_rc, NX_CONNECTION_UNKNOWN);
	assert_int_equal(c.connection.status,
	    NX_STATUS_DISCONNECTED);
	assert_string_equal(c.connection.id, connection);
}

enum { AS_IT_IS, TAKEN, BUSY };

static const struct take {
	enum nx_take	 how;
	const char	*state, *parts, *before;
	int		 what;
	const char	*want, *goal;
} takes[] = {
	{ NX_TAKE_RESUME, "partial", "sent,failed,waiting", "tries = 0", TAKEN,
	    "sending: sent 101, sending, waiting", "send" },
	{ NX_TAKE_RESUME, "failed", "failed", "tries = 0", TAKEN,
	    "sending: sending", "send" },
	{ NX_TAKE_RESUME, "partial", "sent,failed", "goal = 'withdraw'",
	    AS_IT_IS, "partial: sent 101, failed", "withdraw" },
	{ NX_TAKE_RESUME, "partial", "sent,deleted", "tries = 0", AS_IT_IS,
	    "partial: sent 101, deleted 102", "send" },
	{ NX_TAKE_RESUME, "unknown", "unknown", "tries = 0", TAKEN,
	    "unknown: unknown", "send" },
	{ NX_TAKE_RESUME, "unknown", "unknown", "lease_until = now() +"
	    " interval '30 s'", BUSY, "unknown: unknown", "send" },
	{ NX_TAKE_RESUME, "sending", "sending", "lease_until = now() +"
	    " interval '30 s'", BUSY, "sending: sending", "send" },
	{ NX_TAKE_RESUME, "sending", "sending", "lease_until = now()", TAKEN,
	    "unknown: unknown", "send" },
	{ NX_TAKE_RESUME, "sending", "sent", "lease_until = now()", AS_IT_IS,
	    "sent: sent 101", "send" },
	{ NX_TAKE_RESUME, "queued", "waiting", "tries = 0", AS_IT_IS,
	    "queued: waiting", "send" },
	{ NX_TAKE_RESUME, "sent", "sent", "tries = 0", AS_IT_IS,
	    "sent: sent 101", "send" },
	{ NX_TAKE_REMOVE, "queued", "waiting", "tries = 0", AS_IT_IS,
	    "cancelled: waiting", "delete" },
	{ NX_TAKE_REMOVE, "queued", "sent,waiting", "tries = 0", TAKEN,
	    "partial: sent 101, waiting", "delete" },
	{ NX_TAKE_REMOVE, "sent", "sent,sent", "tries = 0", TAKEN,
	    "sent: sent 101, sent 102", "delete" },
	{ NX_TAKE_REMOVE, "sent", "sent", "lease_until = now() +"
	    " interval '30 s'", BUSY, "sent: sent 101", "send" },
	{ NX_TAKE_REMOVE, "partial", "sent,failed", "goal = 'withdraw'", TAKEN,
	    "partial: sent 101, failed", "delete" },
	{ NX_TAKE_REMOVE, "failed", "failed", "tries = 0", AS_IT_IS,
	    "cancelled: failed", "delete" },
	{ NX_TAKE_REMOVE, "failed", "sent,failed", "tries = 0", TAKEN,
	    "failed: sent 101, failed", "delete" },
	{ NX_TAKE_REMOVE, "unknown", "unknown", "lease_until = now() +"
	    " interval '30 s'", AS_IT_IS, "unknown: unknown", "delete" },
	{ NX_TAKE_REMOVE, "sending", "sending", "lease_until = now() +"
	    " interval '30 s'", BUSY, "sending: sending", "send" },
	{ NX_TAKE_REMOVE, "sending", "sending,waiting", "lease_until = now()",
	    AS_IT_IS, "unknown: unknown, waiting", "delete" },
	{ NX_TAKE_REMOVE, "deleted", "deleted", "goal = 'delete'", AS_IT_IS,
	    "deleted: deleted 101", "delete" },
};

static void
by_name(void **state)
{
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char nobody[NX_UUID_LEN + 1];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	for (size_t i = 0; i < sizeof(takes) / sizeof(takes[0]); i++) {
		const struct take *t = &takes[i];
		struct nx_store_ask ask = ask_of(e);
		const char *was;
		enum nx_rc rc;

		put(e, connection, id, t->state, t->parts);
		change(e, id, t->before);
		rc = nx_post_take(&ask, e->user, id, t->how, &c, &err);
		assert_int_equal(rc, t->what == BUSY ? NX_POST_BUSY : NX_OK);
		assert_int_equal(c.taken, t->what == TAKEN);
		assert_story(e, id, t->want);
		assert_field(e, id, "goal", t->goal);
		was = nx_post_state_name(c.post.state);
		assert_memory_equal(was, t->want, strlen(was));
		assert_field(e, id, "unattended", "f");
		if (t->what == BUSY)
			assert_int_equal(err.retry_after, 5);
		if (t->what == TAKEN) {
			assert_string_equal(c.connection.access_token,
			    "access-1");
			rc = nx_post_take(&ask, e->user, id, t->how, &c,
			    &err);
			assert_int_equal(rc, t->how == NX_TAKE_REMOVE &&
			    strcmp(t->state, "unknown") == 0 ? NX_OK :
			    NX_POST_BUSY);
		}
		if (strncmp(t->want, "unknown", 7) == 0)
			assert_field(e, id, "next_try_at IS NOT NULL", "t");
	}
	nx_uuid_random(nobody);
	assert_int_equal(nx_post_take(&(struct nx_store_ask){ &e->store,
	    e->arena, nx_clock_mono() + PATIENCE_MS, NULL }, nobody, id,
	    NX_TAKE_REMOVE, &c, &err), NX_POST_UNKNOWN);
}

static void
put_off(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char next[NX_UUID_LEN + 1];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, next, "queued", "waiting");
	put(e, connection, id, "partial", "sent,failed,waiting");
	change(e, next, "next_try_at = now() + interval '5 s', publish_at ="
	    " now() + interval '5 s'");
	change(e, id, "next_try_at = now() - interval '1 h'");
	change(e, id, "tries = 2");
	c = claim_due(e);
	for (int i = 0; i < 2; i++)
		assert_int_equal(nx_post_put_off(&ask, &c.post, c.lease,
		    NX_POST_STATE_QUEUED, 30, &err), NX_OK);
	assert_story(e, id, "queued: sent 101, waiting, waiting");
	assert_field(e, id, "tries || (lease_until IS NULL AND publish_at"
	    " IS NOT NULL AND next_try_at > now() + interval '20 s')::text",
	    "2true");
	assert_string_equal(part_field(e, id, 1, "attempts ||"
	    " (first_left_at IS NOT NULL)::text"), "1true");
	assert_field(e, next, NX_LINE_NEXT_TRY("p") " > now() + interval"
	    " '20 s'", "t");
	change(e, id, "lease_owner = id, lease_until = now()");
	assert_int_equal(nx_post_put_off(&ask, &c.post, c.lease,
	    NX_POST_STATE_FAILED, -1, &err), NX_OK);
	assert_field(e, id, "state", "queued");
	/* What has not left at all. */
	change(e, next, "next_try_at = now(), publish_at = now() - interval"
	    " '1 day'");
	c = claim_due(e);
	assert_string_equal(c.post.id, next);
	assert_int_equal(nx_post_put_off(&ask, &c.post, c.lease,
	    NX_POST_STATE_QUEUED, 0, &err), NX_OK);
	assert_string_equal(part_field(e, next, 0, "attempts || '-' ||"
	    " num_nonnulls(first_left_at)"), "0-0");
}

struct wish {
	const struct env	*e;
	const char		*id;
	enum nx_rc		 rc;
	struct nx_err		 err;
};

static void *
remove_it(void *arg)
{
	struct wish *w = arg;
	struct nx_store_ask ask = ask_of(w->e);
	struct nx_claimed c;

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	w->rc = nx_post_take(&ask, w->e->user, w->id, NX_TAKE_REMOVE, &c,
	    &w->err);
	nx_arena_free(ask.arena);
	return NULL;
}

/* Post `id` comes to be `state` in a transaction that holds its line. */
static PGconn *
begin_end(const char *id, const char *state)
{
	struct nx_buf url = NX_BUF(4096);
	char text[256];
	PGconn *conn;

	(void)snprintf(text, sizeof(text), "BEGIN; UPDATE x_posts SET state ="
	    " '%s', lease_until = NULL WHERE id = '%s';"
	    " SELECT 1 FROM x_lines FOR UPDATE", state, id);
	apart_url(&url);
	conn = PQconnectdb(nx_buf_str(&url));
	nx_buf_free(&url);
	PQclear(PQexec(conn, text));
	assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
	return conn;
}

static void
wait_for_waiting(const struct env *e, PGconn *holder)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", PQbackendPID(holder));
	while (sql(e, "SELECT 1 FROM pg_stat_activity"
	    " WHERE $1::int = ANY (pg_blocking_pids(pid))", pid, NULL) == NULL)
		nx_clock_sleep(5);
}

/* Not free when it was tried, and free when it is read. */
static void
a_wish_is_not_lost(void **state)
{
	static const char *const ends[] = { "sent", "unknown", "failed" };
	struct env *e = need_database(state);
	struct nx_new_grant g = grant_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	pthread_t thread;

	save(e, &g, connection);
	for (int i = 0; i < 3; i++) {
		struct wish w = { .e = e, .id = id };
		PGconn *conn;

		put(e, connection, id, "sending", "sending");
		change(e, id, "publish_at = now(),"
		    " lease_until = now() + interval '1 min'");
		conn = begin_end(id, ends[i]);
		assert_int_equal(pthread_create(&thread, NULL, remove_it, &w),
		    0);
		wait_for_waiting(e, conn);
		PQclear(PQexec(conn, "COMMIT"));
		assert_int_equal(pthread_join(thread, NULL), 0);
		PQfinish(conn);
		assert_field(e, id, "goal", "send");
		assert_int_equal(w.rc, NX_POST_BUSY);
		assert_int_equal(w.err.retry_after, 1);
	}
}

/* Asked for again under the same key, since nothing of it was live. */
static void
cancel(const struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed c;
	struct nx_err err = { 0 };

	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_REMOVE, &c,
	    &err), NX_OK);
	assert_int_equal(c.post.state, NX_POST_STATE_CANCELLED);
}

/* Whatever X said when the head met its limit. */
static void
what_is_cancelled_holds_nobody(void **state)
{
	static const char *const limit = "error = '{}', next_try_at = now() +"
	    " interval '25 h'";
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1], ids[4][NX_UUID_LEN + 1];
	struct nx_claimed c;

	attach(e, connection);
	for (int i = 0; i < 4; i++) {
		put(e, connection, ids[i], "queued", "waiting");
		change(e, ids[i], i == 0 ? "publish_at = now() - interval"
		    " '9 s'" : i == 1 ? "publish_at = now() - interval '8 s'" :
		    i == 2 ? "publish_at = now() - interval '7 s'" :
		    "publish_at = now() + interval '1 min', next_try_at ="
		    " now() + interval '1 min'");
	}
	c = claim_due(e);
	assert_string_equal(c.post.id, ids[0]);
	end(e, &c, "queued");
	change(e, ids[0], limit);
	assert_null(claim_due(e).post.id);
	/* One that only stands in the line opens nothing. */
	cancel(e, ids[1]);
	assert_null(claim_due(e).post.id);
	assert_field(e, ids[2], NX_LINE_NEXT_TRY("p") " > now() + interval"
	    " '5 min'", "t");
	cancel(e, ids[0]);
	assert_field(e, ids[3], "abs(extract(epoch FROM next_try_at"
	    " - publish_at)) < 1", "t");
	c = claim_due(e);
	assert_string_equal(c.post.id, ids[2]);
	end(e, &c, "sent");
	assert_null(claim_due(e).post.id);
}

static void
a_later_one_takes_its_place(void **state)
{
	static const char *const live[] = { "queued", "sending", "sent",
	    "unknown", "partial" };
	static const char *const not_live[] = { "failed", "deleted",
	    "cancelled" };
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char later[NX_UUID_LEN + 1], text[160];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, id, "failed", "failed");
	put(e, connection, later, "sent", "sent");
	for (size_t i = 0; i < sizeof(live) / sizeof(live[0]); i++) {
		(void)snprintf(text, sizeof(text), "state = '%s'", live[i]);
		change(e, later, text);
		assert_int_equal(nx_post_take(&ask, e->user, id,
		    NX_TAKE_RESUME, &c, &err), NX_OK);
		assert_false(c.taken);
		assert_true(c.post.is_superseded);
		assert_int_equal(c.post.state, NX_POST_STATE_FAILED);
	}
	for (size_t i = 0; i < sizeof(not_live) / sizeof(not_live[0]); i++) {
		(void)snprintf(text, sizeof(text), "state = '%s'",
		    not_live[i]);
		change(e, later, text);
		assert_int_equal(nx_post_take(&ask, e->user, id,
		    NX_TAKE_RESUME, &c, &err), NX_OK);
		assert_true(c.taken);
		assert_false(c.post.is_superseded);
		end(e, &c, "failed");
	}
	/* Another text, another account, an earlier one, a part is live. */
	for (int i = 0; i < 4; i++) {
		static const char *const unlike[] = { "body_hash = 'b'",
		    "body_hash = '', connection_id = id",
		    "created_at = now() - interval '1 h'",
		    "created_at = now()" };

		change(e, later, unlike[i]);
		if (i == 2) {
			(void)snprintf(text, sizeof(text),
			    "connection_id = '%s'", connection);
			change(e, later, text);
		}
		change(e, later, "state = 'sent'");
		if (i == 3)
			change_part(e, id, "state = 'sent', x_post_id = 5");
		assert_int_equal(nx_post_take(&ask, e->user, id,
		    NX_TAKE_RESUME, &c, &err), NX_OK);
		assert_int_equal(c.taken, i < 3);
		assert_false(c.post.is_superseded);
		if (c.taken)
			end(e, &c, "failed");
	}
}

static void
a_resume_takes_the_key_back(void **state)
{
	static const char keys[] = "coalesce(idempotency_key, 'none')";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char other[NX_UUID_LEN + 1];
	struct nx_claimed c;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, id, "failed", "failed");
	put(e, connection, other, "failed", "failed");
	change(e, id, "released_key = 'k'");
	change(e, other, "idempotency_key = 'k'");
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_RESUME, &c,
	    &err), NX_OK);
	assert_true(c.taken);
	assert_field(e, id, keys, "none");
	end(e, &c, "failed");
	change(e, other, "idempotency_key = NULL");
	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_RESUME, &c,
	    &err), NX_OK);
	assert_true(c.taken);
	assert_field(e, id, keys, "k");
}

static enum nx_id_claim
claim_id(const struct env *e, const char *id, size_t position,
    const char *x_id, int64_t since)
{
	struct nx_store_ask ask = ask_of(e);
	const struct nx_stored_post post = { .id = id, .user_id = e->user };
	enum nx_id_claim claim = NX_ID_TAKEN;

	assert_int_equal(nx_post_reserve_id(&ask, &post, position, x_id,
	    since, &claim), NX_OK);
	return claim;
}

static bool
reserve(const struct env *e, const char *id, size_t position,
    const char *x_id, int64_t since)
{
	return claim_id(e, id, position, x_id, since) == NX_ID_OURS;
}

/* As long as X's are. */
#define LONG(id) "2000000000000000" id

static void
an_id_is_one_parts(void **state)
{
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	const int64_t since = nx_clock_wall() - 600;
	char connection[NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char other[NX_UUID_LEN + 1], twin[NX_UUID_LEN + 1];
	struct nx_stored_post got;
	struct nx_err err;

	attach(e, connection);
	put(e, connection, id, "unknown", "sent,unknown,waiting");
	change_part(e, id, "x_post_id = '" LONG("") "' || x_post_id");
	put(e, connection, other, "unknown", "unknown");
	for (int i = 0; i < 2; i++)
		assert_true(reserve(e, id, 1, LONG("7"), since));
	assert_int_equal(claim_id(e, other, 0, LONG("7"), since), NX_ID_TAKEN);
	assert_int_equal(nx_post_get(&ask, e->user, id, &got, &err), NX_OK);
	assert_int_equal(got.parts[1].state, NX_PART_UNKNOWN);
	assert_null(got.parts[1].post_id);
	/* A simulator's ids may begin anew at any time. */
	assert_true(reserve(e, id, 1, "7", since));
	assert_true(reserve(e, other, 0, "7", since));
	/* It is taken back with the outcome, or for another one. */
	assert_true(reserve(e, id, 1, LONG("8"), since));
	assert_true(reserve(e, other, 0, LONG("7"), since));
	assert_false(reserve(e, id, 1, LONG("7"), since));
	/* Nor what is on record, of the same post too; unless of before. */
	assert_false(reserve(e, id, 1, LONG("101"), since));
	assert_false(reserve(e, other, 0, LONG("101"), since));
	assert_true(reserve(e, other, 0, LONG("101"), nx_clock_wall() - 10));
	change(e, id, "created_at = now() - interval '90 days'");
	assert_true(reserve(e, other, 0, LONG("101"), since));
	/* Not what is not unknown. */
	assert_false(reserve(e, id, 0, LONG("9"), since));
	assert_false(reserve(e, id, 2, LONG("9"), since));
	/* One with the same text is on its way and may come to have it. */
	put(e, connection, twin, "sending", "sending");
	change(e, twin, "lease_until = now() + interval '1 min'");
	assert_true(reserve(e, other, 0, LONG("101"), since));
	assert_int_equal(claim_id(e, other, 0, LONG("10"), since),
	    NX_ID_CONTESTED);
	change_part(e, twin, "text = 'another'");
	assert_true(reserve(e, other, 0, LONG("10"), since));
	change_part(e, twin, "text = 'part 1'");
	change(e, twin, "connection_id = id");
	assert_true(reserve(e, other, 0, LONG("11"), since));
	(void)sql(e, "UPDATE x_posts SET lease_until = now(), connection_id ="
	    " $1 WHERE id = $2", connection, twin);
	assert_true(reserve(e, other, 0, LONG("12"), since));
}

/* Whose own may still come waits for who left before. */
static void
the_elder_has_the_first_choice(void **state)
{
	struct env *e = need_database(state);
	const int64_t since = nx_clock_wall() - 600;
	char connection[NX_UUID_LEN + 1];
	char elder[NX_UUID_LEN + 1], younger[NX_UUID_LEN + 1];

	attach(e, connection);
	put(e, connection, elder, "unknown", "unknown");
	put(e, connection, younger, "unknown", "unknown");
	change_part(e, elder, "left_at = left_at - interval '1 min'");
	assert_int_equal(claim_id(e, younger, 0, LONG("20"), since),
	    NX_ID_CONTESTED);
	assert_true(reserve(e, elder, 0, LONG("20"), since));
	assert_int_equal(claim_id(e, younger, 0, LONG("20"), since),
	    NX_ID_CONTESTED);
	/* Its process died: nobody knows yet. */
	change(e, elder, "state = 'sending', lease_until = now()");
	change_part(e, elder, "state = 'sending', reserved_id = NULL");
	assert_int_equal(claim_id(e, younger, 0, LONG("20"), since),
	    NX_ID_CONTESTED);
	change_part(e, elder, "text = 'another'");
	assert_true(reserve(e, younger, 0, LONG("20"), since));
	/* What was thought to be ours may turn out to be the other's. */
	change_part(e, elder, "text = 'part 1', state = 'unknown'");
	assert_int_equal(claim_id(e, younger, 0, LONG("20"), since),
	    NX_ID_CONTESTED);
	/* Who is settled, or cannot be looked up, is not waited for. */
	change(e, elder, "next_try_at = NULL");
	assert_true(reserve(e, younger, 0, LONG("20"), since));
	change(e, elder, "next_try_at = now()");
	change_part(e, elder, "left_at = now() - interval '2 hours'");
	assert_true(reserve(e, younger, 0, LONG("20"), since));
}

struct finder {
	const struct env	*e;
	char			 id[NX_UUID_LEN + 1];
	bool			 ours, failed;
};

static void *
find(void *arg)
{
	struct finder *f = arg;
	struct nx_store_ask ask = ask_of(f->e);
	const struct nx_stored_post post = { .id = f->id,
	    .user_id = f->e->user };

	enum nx_id_claim claim;

	f->failed = nx_post_reserve_id(&ask, &post, 0, LONG("55"),
	    nx_clock_wall() - 600, &claim) != NX_OK;
	f->ours = claim == NX_ID_OURS;
	return NULL;
}

static void
one_of_all_who_ask(void **state)
{
	enum { N = 8, ROUNDS = 20 };
	struct env *e = need_database(state);
	char connection[NX_UUID_LEN + 1];
	struct finder finders[N];

	attach(e, connection);
	for (int round = 0; round < ROUNDS; round++) {
		int won = 0;

		for (int i = 0; i < N; i++) {
			finders[i] = (struct finder){ .e = e };
			put(e, connection, finders[i].id, "unknown",
			    "unknown");
		}
		race(find, finders, sizeof(finders[0]), N);
		for (int i = 0; i < N; i++) {
			assert_false(finders[i].failed);
			won += finders[i].ours;
		}
		assert_int_equal(won, 1);
		(void)sql(e, "DELETE FROM x_parts WHERE user_id = $1",
		    e->user, NULL);
	}
}

enum { ACCOUNTS = 4, EACH = 30, WORKERS = 12 };

/* What all workers write down, under the lock. */
struct log {
	pthread_mutex_t	 lock;
	char		 claimed[ACCOUNTS * EACH * 4][NX_UUID_LEN + 1];
	int		 n;
};

struct worker {
	const struct env	*e;
	struct log		*log;
	int			 failures;
};

/* Note it and end it; false when there is no more to do. */
static bool
take_one(struct worker *w, const struct nx_store_ask *ask)
{
	struct nx_claimed c;
	struct nx_post_outcome o;
	struct nx_err err;
	char x_id[16];
	bool ours = false;

	if (nx_post_claim_due(ask, &c, &err) != NX_OK) {
		w->failures++;
		return true;
	}
	if (c.post.id == NULL)
		return false;
	pthread_mutex_lock(&w->log->lock);
	memcpy(w->log->claimed[w->log->n++], c.post.id, NX_UUID_LEN + 1);
	(void)snprintf(x_id, sizeof(x_id), "%d", w->log->n);
	pthread_mutex_unlock(&w->log->lock);
	o = outcome(w->e, c.post.id, c.lease, 0);
	o.x_id = x_id;
	if (nx_post_finish(ask, &o, &ours, &err) != NX_OK || !ours)
		w->failures++;
	return true;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct nx_store_ask ask = ask_of(w->e);
	int idle = 0;

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	while (idle < 200) {
		ask.deadline = nx_clock_mono() + PATIENCE_MS;
		idle = take_one(w, &ask) ? 0 : idle + 1;
		nx_arena_reset(ask.arena);
		if (idle > 0)
			nx_clock_sleep(1);
	}
	nx_arena_free(ask.arena);
	return NULL;
}

/* Each once, and each account's in their order. */
static void
many_workers(void **state)
{
	struct env *e = need_database(state);
	struct log *log = calloc(1, sizeof(*log));
	struct worker workers[WORKERS];
	int64_t last[ACCOUNTS] = { 0 };
	char accounts[ACCOUNTS][NX_UUID_LEN + 1], id[NX_UUID_LEN + 1];
	char when[96];

	for (int i = 0; i < ACCOUNTS; i++)
		attach(e, accounts[i]);
	for (int i = 0; i < ACCOUNTS * EACH; i++) {
		put(e, accounts[i % ACCOUNTS], id, "queued", "waiting");
		(void)snprintf(when, sizeof(when), "price = %d, publish_at ="
		    " now() - %d * interval '1 s'", 1000 - i, i);
		change(e, id, when);
	}
	pthread_mutex_init(&log->lock, NULL);
	for (int i = 0; i < WORKERS; i++)
		workers[i] = (struct worker){ .e = e, .log = log };
	race(work, workers, sizeof(workers[0]), WORKERS);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(workers[i].failures, 0);
	assert_int_equal(log->n, ACCOUNTS * EACH);
	for (int i = 0; i < log->n; i++) {
		const char *account = field(e, log->claimed[i],
		    "connection_id");
		int64_t place = strtoll(field(e, log->claimed[i], "price"),
		    NULL, 10);
		int a = 0;

		while (strcmp(accounts[a], account) != 0)
			a++;
		assert_true(place > last[a]);
		last[a] = place;
	}
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts"
	    " WHERE user_id = $1 AND state <> 'sent'", e->user, NULL), "0");
	pthread_mutex_destroy(&log->lock);
	free(log);
}

/*
 * $1 posts that wait, $2 of each account, all due but for each account's
 * first, and of the second account that one too.  Besides, $1 that are in no
 * line, of which a few are due, and lines in which nothing is.
 */
static const char *const crowd[] = {
	"INSERT INTO x_posts (id, user_id, connection_id, state, body_hash,"
	" publish_at, next_try_at) SELECT gen_random_uuid(),"
	" md5('u' || i / $2::int)::uuid, md5('c' || i / $2::int)::uuid,"
	" 'queued', '', now() - ($1::int - i) * interval '1 ms', now()"
	" + CASE WHEN i % $2::int = 0 AND i / $2::int <> 1"
	"  THEN interval '1 h' ELSE interval '-1 s' END"
	" FROM generate_series(0, $1::int - 1) AS i",
	"INSERT INTO x_posts (id, user_id, connection_id, state, body_hash,"
	" next_try_at) SELECT gen_random_uuid(), gen_random_uuid(),"
	" gen_random_uuid(), CASE i % 3 WHEN 0 THEN 'partial' WHEN 1 THEN"
	" 'unknown' ELSE 'sent' END, '', CASE WHEN i % 3 < 2 THEN now()"
	" + CASE WHEN i < 40 THEN interval '-1 s' ELSE interval '1 h' END END"
	" FROM generate_series(1, $1::int + least($2::int, 0)) AS i",
	"INSERT INTO x_lines (user_id, connection_id, post_id, head_at,"
	" next_at) SELECT DISTINCT ON (user_id, connection_id) user_id,"
	" connection_id, id, next_try_at, next_try_at FROM x_posts"
	" WHERE state = 'queued' AND num_nonnulls($1::int, $2::int) = 2"
	" ORDER BY user_id, connection_id, publish_at",
	"INSERT INTO x_lines SELECT gen_random_uuid(), gen_random_uuid(),"
	" NULL, NULL, CASE WHEN i % 2 = 0 THEN now() + interval '1 h' END"
	" FROM generate_series(1, 5000 + least($1::int, $2::int, 0)) AS i",
};

static void
make_crowd(struct env *e, int n, int per)
{
	char number[2][16];

	(void)snprintf(number[0], sizeof(number[0]), "%d", n);
	(void)snprintf(number[1], sizeof(number[1]), "%d", per);
	(void)sql(e, "TRUNCATE x_posts, x_lines", NULL, NULL);
	for (size_t i = 0; i < sizeof(crowd) / sizeof(crowd[0]); i++)
		(void)sql(e, crowd[i], number[0], number[1]);
	(void)sql(e, "ANALYZE x_posts, x_lines", NULL, NULL);
}

/* What waits in lines is not read, however many it are. */
static void
few_rows_are_read(void **state)
{
	struct env *e = need_database(state);
	struct nx_claimed c;

	for (int n = 200; n <= 20000; n *= 10) {
		for (int per = 10; per <= n / 2; per *= n / 20) {
			make_crowd(e, n, per);
			assert_in_range(plan_rows(e, nx_post_due, NULL, 0),
			    1, 128);
			assert_in_range(plan_rows(e, nx_post_open, NULL, 0),
			    1, 64);
			for (int i = 0; i < 3; i++)
				assert_true(claim_due(e).taken);
			c = claim_unknown(e);
			assert_true(c.taken || c.post.id == NULL);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open_apart,		\
	env_close_apart)
		T(in_the_order_of_their_time),
		T(what_was_never_accepted),
		T(a_broken_thread_goes_on),
		T(what_nobody_knows),
		T(is_sorted_out),
		T(what_x_had_before),
		T(without_a_token),
		T(by_name),
		T(put_off),
		T(a_wish_is_not_lost),
		T(what_is_cancelled_holds_nobody),
		T(a_later_one_takes_its_place),
		T(a_resume_takes_the_key_back),
		T(an_id_is_one_parts),
		T(the_elder_has_the_first_choice),
		T(one_of_all_who_ask),
		T(many_workers),
		T(few_rows_are_read),
#undef T
	};

	return cmocka_run_group_tests_name("store/post_claim", tests, NULL,
	    NULL);
}
