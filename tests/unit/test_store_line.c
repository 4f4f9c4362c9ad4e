/*
 * test_store_line.c - an account's queue as x_lines has it: never later than
 * what is queued, whoever changes it and however many do at once.
 */

#include "nx/base/uuid.h"
#include "nx/store/post_change.h"
#include "store/line.h"
#include "store/post_row.h"
#include "store_apart.h"
#include "store_posts.h"

static void
attach_one(const struct env *e, char id[NX_UUID_LEN + 1])
{
	struct nx_new_grant g = grant_of(e);
	char x_user[20];

	fresh_x_user(x_user);
	g.x_user_id = x_user;
	save(e, &g, id);
}

/*
 * The number (price) of the post that is first, `-` for none, and whether
 * next_at is its time, or BUSY, the end of the lease of another, or none.
 */
static const char *
line_of(const struct env *e, const char *connection)
{
	return sql(e, "SELECT coalesce((SELECT p.price::text FROM x_posts p"
	    " WHERE p.user_id = $1 AND p.id = l.post_id), '-') || CASE"
	    " WHEN l.next_at IS NULL THEN ' none'"
	    " WHEN l.next_at <= now() THEN ' due'"
	    " WHEN l.next_at = l.head_at THEN ' waits'"
	    " WHEN l.next_at IN (SELECT lease_until FROM x_posts WHERE"
	    "  user_id = $1 AND connection_id = $2 AND state = 'sending')"
	    "  THEN ' busy' ELSE ' wrong' END"
	    " FROM x_lines l WHERE l.user_id = $1 AND l.connection_id = $2",
	    e->user, connection);
}

#define assert_line(e, connection, want)				\
	assert_string_equal(line_of(e, connection), want)

/* Schedule one; its number is told apart by `price`. */
static struct made
schedule(const struct env *e, const char *connection, long number,
    int64_t when)
{
	struct nx_store_ask ask = ask_of(e);
	char price[64];
	struct made m;

	begin(&ask, (struct nx_new_post){ .user_id = e->user,
	    .connection_id = connection, .publish_at = when, .nparts = 1 },
	    &m);
	assert_int_equal(m.rc, NX_OK);
	(void)snprintf(price, sizeof(price), "UPDATE x_posts SET price = %ld"
	    " WHERE user_id = $1 AND id = $2", number);
	(void)sql(e, price, e->user, m.id);
	return m;
}

static struct nx_claimed
take_due(const struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed c;
	struct nx_err err = { 0 };

	if (nx_post_claim_due(&ask, &c, &err) != NX_OK)
		fail_msg("claim: %s", err.detail);
	return c;
}

static void
end_as(const struct env *e, const struct nx_claimed *c,
    enum nx_part_state part, enum nx_post_state post, int next_try)
{
	struct nx_post_outcome o = outcome(e, c->post.id, c->lease, 0);

	o.part_state = part;
	o.post_state = post;
	o.next_try = next_try;
	if (part == NX_PART_SENT)
		o.x_id = c->post.id;
	assert_true(finish(e, &o));
}

static void
cancel_it(const struct env *e, const char *id)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed c;
	struct nx_err err = { 0 };

	assert_int_equal(nx_post_take(&ask, e->user, id, NX_TAKE_REMOVE, &c,
	    &err), NX_OK);
}

static void
move_it(const struct env *e, const char *id, const char *from, const char *to,
    int64_t when)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_stored_post p;
	struct nx_err err = { 0 };
	char lease[NX_UUID_LEN + 1];
	bool changed;

	nx_uuid_random(lease);
	assert_int_equal(nx_post_get(&ask, e->user, id, &p, &err), NX_OK);
	assert_int_equal(nx_post_change(&ask, &(struct nx_post_change){
	    .id = id, .user_id = e->user, .version = p.version,
	    .connection_id = to, .old_connection_id = from,
	    .body_hash = "new", .options = "{}", .lease = lease,
	    .publish_at = when, .parts = two_parts, .nparts = 1 }, &p,
	    &changed, &err), NX_OK);
	assert_true(changed);
	(void)sql(e, "UPDATE x_posts SET price = 3 WHERE user_id = $1"
	    " AND id = $2", e->user, id);
}

static void
it_follows_what_is_queued(void **state)
{
	struct env *e = need_database(state);
	const int64_t now = nx_clock_wall();
	char one[NX_UUID_LEN + 1], two[NX_UUID_LEN + 1];
	struct made first, third;
	struct nx_claimed c;

	attach_one(e, one);
	attach_one(e, two);
	(void)schedule(e, one, 2, now + 600);
	assert_line(e, one, "2 waits");
	third = schedule(e, one, 3, now + 900);
	assert_line(e, one, "2 waits");
	first = schedule(e, one, 1, now - 1);
	assert_line(e, one, "1 due");
	c = take_due(e);
	assert_string_equal(c.post.id, first.id);
	assert_line(e, one, "1 busy");
	end_as(e, &c, NX_PART_WAITING, NX_POST_STATE_QUEUED, 1200);
	assert_line(e, one, "1 waits");
	cancel_it(e, first.id);
	assert_line(e, one, "2 waits");
	move_it(e, third.id, one, one, now - 1);
	assert_line(e, one, "3 due");
	move_it(e, third.id, one, two, now + 1200);
	assert_line(e, one, "2 waits");
	assert_line(e, two, "3 waits");
	cancel_it(e, third.id);
	assert_line(e, two, "- none");
	(void)schedule(e, two, 4, now - 1);
	c = take_due(e);
	assert_line(e, two, "4 busy");
	end_as(e, &c, NX_PART_SENT, NX_POST_STATE_SENT, -1);
	assert_line(e, two, "- none");
}

/* What is being removed was in the line once; who waits there goes on. */
static void
a_removal_holds_nobody(void **state)
{
	struct env *e = need_database(state);
	char one[NX_UUID_LEN + 1];
	struct made gone;
	struct nx_claimed c;

	attach_one(e, one);
	gone = schedule(e, one, 1, nx_clock_wall() - 1);
	c = take_due(e);
	end_as(e, &c, NX_PART_SENT, NX_POST_STATE_SENT, -1);
	(void)schedule(e, one, 2, nx_clock_wall() + NX_POST_LEASE_MS / 2000);
	(void)sql(e, "UPDATE x_posts SET goal = 'delete', next_try_at = now()"
	    " WHERE user_id = $1 AND id = $2", e->user, gone.id);
	assert_string_equal(take_due(e).post.id, gone.id);
	assert_line(e, one, "2 waits");
}

/* One that is due keeps its place however much is queued behind it. */
static void
who_is_served_goes_to_the_end(void **state)
{
	struct env *e = need_database(state);
	static const char since[] = "SELECT next_at::text FROM x_lines WHERE"
	    " user_id = $1 AND connection_id = $2";
	const int64_t now = nx_clock_wall();
	char one[NX_UUID_LEN + 1];
	const char *was;
	struct nx_claimed c;

	attach_one(e, one);
	(void)schedule(e, one, 1, now - 2);
	was = sql(e, since, e->user, one);
	(void)schedule(e, one, 2, now - 1);
	assert_string_equal(sql(e, since, e->user, one), was);
	c = take_due(e);
	end_as(e, &c, NX_PART_SENT, NX_POST_STATE_SENT, -1);
	assert_line(e, one, "2 due");
	assert_string_not_equal(sql(e, since, e->user, one), was);
}

enum { EDITORS = 6, ROUNDS = 20 };

struct editor {
	const struct env	*e;
	const char		*connection;
	int			 index, failures;
};

/* Schedule one in the past, cancel or send one, over and over. */
static void *
edit(void *arg)
{
	struct editor *ed = arg;
	struct nx_store_ask ask = ask_of(ed->e);

	if ((ask.arena = nx_arena_new(ARENA_MAX)) == NULL)
		return NULL;
	for (int i = 0; i < ROUNDS; i++) {
		struct nx_err err = { 0 };
		struct nx_claimed c;
		struct made m;
		bool ours;

		ask.deadline = nx_clock_mono() + PATIENCE_MS;
		begin(&ask, (struct nx_new_post){ .user_id = ed->e->user,
		    .connection_id = ed->connection, .nparts = 1,
		    .publish_at = nx_clock_wall() - i % 7 }, &m);
		ed->failures += m.rc != NX_OK;
		if (ed->index % 2 == 0 && nx_post_take(&ask, ed->e->user,
		    m.id, NX_TAKE_REMOVE, &c, &err) != NX_OK)
			ed->failures += err.rc != NX_POST_BUSY;
		if (ed->index % 2 == 1 && nx_post_claim_due(&ask, &c,
		    &err) == NX_OK && c.taken) {
			struct nx_post_outcome o = outcome(ed->e, c.post.id,
			    c.lease, 0);

			o.x_id = c.post.id;
			ed->failures += nx_post_finish(&ask, &o, &ours,
			    &err) != NX_OK || !ours;
		}
		nx_arena_reset(ask.arena);
	}
	nx_arena_free(ask.arena);
	return NULL;
}

/* Whoever comes last sees what all have done. */
static void
none_is_late_where_many_change_it(void **state)
{
	struct env *e = need_database(state);
	struct editor editors[EDITORS];
	char one[NX_UUID_LEN + 1];

	attach_one(e, one);
	for (int i = 0; i < EDITORS; i++)
		editors[i] = (struct editor){ e, one, i, 0 };
	race(edit, editors, sizeof(editors[0]), EDITORS);
	for (int i = 0; i < EDITORS; i++)
		assert_int_equal(editors[i].failures, 0);
	assert_string_equal(sql(e, "SELECT count(*) FROM x_lines l WHERE"
	    " l.user_id = $1 AND (l.next_at IS NULL OR l.next_at > now())"
	    " AND EXISTS (SELECT 1 FROM x_posts p WHERE p.user_id = $1"
	    "  AND p.connection_id = l.connection_id AND " NX_LINE_HAS("p")
	    "  AND p.next_try_at <= now())", e->user, NULL), "0");
	/* And all that is left can be sent. */
	for (struct nx_claimed c = take_due(e); c.taken; c = take_due(e))
		end_as(e, &c, NX_PART_SENT, NX_POST_STATE_SENT, -1);
	assert_line(e, one, "- none");
	assert_string_equal(sql(e, "SELECT count(*) FROM x_posts WHERE"
	    " user_id = $1 AND state NOT IN ('sent', 'cancelled')", e->user,
	    NULL), "0");
}

static int
mend(const struct env *e, bool wait)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int done;

	if (!wait)
		(void)sql(e, "UPDATE x_app SET mended_at = '-infinity'", NULL,
		    NULL);
	if (nx_post_mend_lines(&ask, &done, &err) != NX_OK)
		fail_msg("mend: %s", err.detail);
	return done;
}

/* By psql, or a program that knows nothing of lines. */
static void
what_was_written_past_it_is_found(void **state)
{
	struct env *e = need_database(state);
	const int64_t now = nx_clock_wall();
	char one[NX_UUID_LEN + 1], two[NX_UUID_LEN + 1];

	attach_one(e, one);
	attach_one(e, two);
	(void)schedule(e, one, 1, now - 1);
	(void)schedule(e, two, 2, now + 600);
	(void)sql(e, "DELETE FROM x_lines WHERE connection_id = $1", one,
	    NULL);
	(void)sql(e, "UPDATE x_lines SET next_at = NULL, post_id = NULL",
	    NULL, NULL);
	assert_null(take_due(e).post.id);
	assert_int_equal(mend(e, false), 2);
	assert_line(e, one, "1 due");
	assert_line(e, two, "2 waits");
	/* One of all who ask, and from the beginning behind the end. */
	assert_int_equal(mend(e, true), 0);
	assert_int_equal(mend(e, false), 0);
	assert_int_equal(mend(e, false), 2);
}

/* A turn that ends early is gone on with, behind what could not be set. */
static void
a_turn_goes_on_where_one_broke_off(void **state)
{
	static const char bar[] = "ALTER TABLE x_lines ADD CHECK"
	    " (post_id IS NULL OR connection_id <> least('%s', '%s'::uuid))";
	struct env *e = need_database(state);
	struct nx_store_ask ask = ask_of(e);
	char one[NX_UUID_LEN + 1], two[NX_UUID_LEN + 1], text[256];
	struct nx_err err;
	int done;

	attach_one(e, one);
	attach_one(e, two);
	(void)schedule(e, one, 1, nx_clock_wall() + 600);
	(void)schedule(e, two, 1, nx_clock_wall() + 600);
	(void)sql(e, "DELETE FROM x_lines", NULL, NULL);
	(void)snprintf(text, sizeof(text), bar, one, two);
	(void)sql(e, text, NULL, NULL);
	assert_int_equal(nx_post_mend_lines(&ask, &done, &err), NX_INVALID);
	/* There is no time. */
	(void)sql(e, "UPDATE x_app SET mended_at = '-infinity'", NULL, NULL);
	ask.deadline = nx_clock_mono() + 1000;
	assert_int_equal(nx_post_mend_lines(&ask, &done, &err), NX_OK);
	assert_int_equal(done, 0);
	assert_int_equal(mend(e, false), 1);
	assert_line(e, strcmp(one, two) < 0 ? two : one, "1 waits");
}

/* Programs of the version before queue, take and end without a line. */
static void
programs_of_before_run_beside(void **state)
{
	static const char of_before[] = "UPDATE x_posts SET state = 'sending',"
	    " lease_owner = id, lease_until = now() + interval '1 min',"
	    " next_try_at = now() + interval '61 s' WHERE user_id = $1"
	    " AND id = $2";
	struct env *e = need_database(state);
	char one[NX_UUID_LEN + 1];
	struct made first, second, third;
	struct nx_claimed c;

	(void)sql(e, "UPDATE x_app SET contracted = false", NULL, NULL);
	attach_one(e, one);
	first = schedule(e, one, 1, nx_clock_wall() - 3);
	second = schedule(e, one, 2, nx_clock_wall() - 2);
	third = schedule(e, one, 3, nx_clock_wall() - 1);
	(void)sql(e, "DELETE FROM x_lines", NULL, NULL);
	(void)sql(e, of_before, e->user, first.id);
	assert_null(take_due(e).post.id);
	(void)sql(e, "UPDATE x_posts SET state = 'sent', lease_until = NULL,"
	    " next_try_at = NULL WHERE user_id = $1 AND id = $2", e->user,
	    first.id);
	c = take_due(e);
	assert_string_equal(c.post.id, second.id);
	assert_null(take_due(e).post.id);
	/* It puts off what is behind, each by itself. */
	end_as(e, &c, NX_PART_WAITING, NX_POST_STATE_QUEUED, 600);
	(void)sql(e, "UPDATE x_posts SET next_try_at = now() + interval"
	    " '10 min' WHERE user_id = $1 AND id = $2", e->user, third.id);
	assert_null(take_due(e).post.id);
	cancel_it(e, second.id);
	(void)sql(e, "UPDATE x_posts SET next_try_at = now() WHERE user_id ="
	    " $1 AND id = $2", e->user, third.id);
	assert_string_equal(take_due(e).post.id, third.id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, env_open_apart,		\
	env_close_apart)
		T(it_follows_what_is_queued),
		T(a_removal_holds_nobody),
		T(who_is_served_goes_to_the_end),
		T(none_is_late_where_many_change_it),
		T(what_was_written_past_it_is_found),
		T(a_turn_goes_on_where_one_broke_off),
		T(programs_of_before_run_beside),
#undef T
	};

	return cmocka_run_group_tests_name("store/line", tests, NULL, NULL);
}
