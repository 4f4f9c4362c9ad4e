/* store_posts.h - posts for the tests of the store room. */
#ifndef NX_TEST_STORE_POSTS_H
#define NX_TEST_STORE_POSTS_H

#include "nx/store/post_claim.h"
#include "store_env.h"

struct made {
	enum nx_rc		 rc;
	struct nx_err		 err;
	char			 id[NX_UUID_LEN + 1], lease[NX_UUID_LEN + 1];
	struct nx_connection	 connection;
	struct nx_stored_post	 repeat;
};

static const struct nx_stored_part two_parts[] = {
	{ .text = { "one \"quoted\" \xf0\x9f\x98\x80\n", 18 },
	    .weighted_length = 17 },
	{ .text = { "two", 3 }, .weighted_length = 3,
	    .state = NX_PART_WAITING },
};

/* `what`: user, key, hash, publish_at, as many of two_parts as are wanted. */
static const struct nx_post_warning cut_warning = {
	.warning = NX_WARN_CUT,
};

static inline void
begin(const struct nx_store_ask *ask, struct nx_new_post what,
    struct made *out)
{
	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->id);
	nx_uuid_random(out->lease);
	what.id = out->id;
	what.lease = out->lease;
	what.body_hash = what.body_hash == NULL ? "hash" : what.body_hash;
	what.options = "{\"reply_to\":\"1\"}";
	what.warnings = (struct nx_post_warnings){ &cut_warning, 1 };
	what.price = 150;
	what.parts = two_parts;
	what.nparts = what.nparts == 0 ? 2 : what.nparts;
	out->rc = nx_post_begin(ask, &what, &out->connection, &out->repeat,
	    &out->err);
}

/* Those, too, that are in their post's own row. */
#define ALL_PARTS							\
	"(SELECT user_id, post_id, position, text, state, x_post_id,"	\
	"  error, attempts, left_at, first_left_at, was_lost, sent_at,"	\
	"  reserved_id, updated_at"					\
	" FROM x_parts UNION ALL SELECT user_id, id, 0, text,"		\
	"  CASE WHEN x_post_id IS NULL THEN 'sending' ELSE 'sent' END,"	\
	"  x_post_id, NULL, 1, created_at, created_at, false, sent_at,"	\
	"  NULL, updated_at FROM x_posts WHERE text IS NOT NULL)"

/* In words: the post's state, and its parts' with X's ids. */
static inline const char *
story(const struct env *e, const char *id)
{
	return sql(e, "SELECT p.state || ': ' || string_agg(q.state ||"
	    " coalesce(' ' || q.x_post_id, ''), ', ' ORDER BY q.position)"
	    " FROM x_posts p JOIN " ALL_PARTS " q ON q.user_id = p.user_id AND"
	    " q.post_id = p.id WHERE p.user_id = $1 AND p.id = $2 GROUP BY"
	    " p.state", e->user, id);
}

#define assert_story(e, id, want) assert_string_equal(story(e, id), want)

/* One field of the post, as an SQL expression. */
static inline const char *
field(const struct env *e, const char *id, const char *expression)
{
	char text[512];
	const char *out;

	(void)snprintf(text, sizeof(text), "SELECT %s FROM x_posts p"
	    " WHERE user_id = $1 AND id = $2", expression);
	out = sql(e, text, e->user, id);
	return out == NULL ? "null" : out;
}

#define assert_field(e, id, expression, want)				\
	assert_string_equal(field(e, id, expression), want)

/* What was written past the service: its line is looked at. */
static inline void
touch_line(const struct env *e, const char *id)
{
	(void)sql(e, "INSERT INTO x_lines (user_id, connection_id, next_at)"
	    " SELECT user_id, connection_id, now() FROM x_posts"
	    " WHERE user_id = $1 AND id = $2 AND publish_at IS NOT NULL"
	    " ON CONFLICT (user_id, connection_id)"
	    " DO UPDATE SET next_at = now()", e->user, id);
}

/*
 * A post that is there, due now, with parts in these states, separated by
 * commas; X's ids are `x_id` and those after it.
 */
static inline void
put(const struct env *e, const char *connection, char id[NX_UUID_LEN + 1],
    const char *state, const char *parts)
{
	static const char insert[] =
	    "WITH post AS (INSERT INTO x_posts (id, user_id, connection_id,"
	    " state, body_hash, next_try_at, publish_at) VALUES ('%s', '%s',"
	    " '%s', '%s', '', now(), CASE WHEN '%s' = 'queued' THEN now()"
	    " END) RETURNING *) INSERT INTO x_parts (user_id, post_id,"
	    " position, text, weighted_length, state, x_post_id, attempts,"
	    " first_left_at, left_at, sent_at) SELECT user_id, id, n - 1, 'part ' || n, 6,"
	    " s, CASE WHEN s IN ('sent', 'deleted') THEN 100 + n END,"
	    " (s <> 'waiting')::integer, CASE WHEN s <> 'waiting' THEN now()"
	    " - interval '90 s' END, CASE WHEN s <> 'waiting' THEN now()"
	    " - interval '60 s' END, CASE WHEN s IN ('sent', 'deleted')"
	    " THEN now() - interval '50 s' END"
	    " FROM post, unnest(string_to_array('%s', ','))"
	    " WITH ORDINALITY AS u (s, n)";
	char text[2048];

	nx_uuid_random(id);
	(void)snprintf(text, sizeof(text), insert, id, e->user, connection,
	    state, state, parts);
	(void)sql(e, text, NULL, NULL);
	touch_line(e, id);
}

static inline void
change(const struct env *e, const char *id, const char *assignments)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "UPDATE x_posts SET %s"
	    " WHERE user_id = $1 AND id = $2", assignments);
	(void)sql(e, text, e->user, id);
	touch_line(e, id);
}

/* The same for a part: assignments, and an expression. */
static inline void
change_part(const struct env *e, const char *id, const char *assignments)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "UPDATE x_parts SET %s"
	    " WHERE user_id = $1 AND post_id = $2", assignments);
	(void)sql(e, text, e->user, id);
}

static inline const char *
part_field(const struct env *e, const char *id, int position,
    const char *expression)
{
	char text[1024];
	const char *out;

	(void)snprintf(text, sizeof(text), "SELECT %s FROM " ALL_PARTS " q"
	    " WHERE user_id = $1 AND post_id = $2 AND position = %d",
	    expression, position);
	out = sql(e, text, e->user, id);
	return out == NULL ? "null" : out;
}

/* What comes of `position`; set what else matters. */
static inline struct nx_post_outcome
outcome(const struct env *e, const char *id, const char *lease, int position)
{
	return (struct nx_post_outcome){
		.id = id, .user_id = e->user, .lease = lease,
		.position = position, .part_state = NX_PART_SENT,
		.post_state = NX_POST_STATE_SENT, .next_try = -1,
		.is_alone = true, .in_line = true, .is_news = true,
	};
}

/* True when the lease was ours. */
static inline bool
finish(const struct env *e, const struct nx_post_outcome *o)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	bool ours = false;

	if (nx_post_finish(&ask, o, &ours, &err) != NX_OK)
		fail_msg("finish: %s", err.detail);
	return ours;
}

/* `part` and `post`: states; `x_id` may be NULL. */
static inline bool
finish_as(const struct env *e, const struct made *m, int position,
    const char *part, const char *post, const char *x_id)
{
	struct nx_post_outcome o = outcome(e, m->id, m->lease, position);

	o.part_state = nx_part_state_of(part);
	o.post_state = nx_post_state_of(post);
	o.x_id = x_id;
	return finish(e, &o);
}

#endif
