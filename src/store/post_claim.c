/*
 * post_claim.c - take the lease of a post that is there already.
 *
 * A claim asks for candidates, without locks, and tries to take one after
 * another by its key, each in a transaction of its own that also brings its
 * parts in line and reads it all.  The fence is the lease's condition: of all
 * who try the same one, one succeeds.  Candidates come in random order from
 * among the oldest, so that many workers rarely meet.
 */

#include "nx/store/post_claim.h"

#include "nx/base/uuid.h"
#include "line.h"
#include "machine_rows.h"
#include "post_row.h"
#include "post_words.h"

enum { LOOK_AGAIN = 5 };	/* seconds */

#define IS_FREE "(p.lease_until IS NULL OR p.lease_until <= now())"
#define LEASE_END(ms) "now() + " ms " * interval '1 ms'"
#define AFTER_LEASE(ms) LEASE_END(ms) " + interval '1 s'"

/* The conditions of machine_rows.h, of x_posts p and a tally of parts s. */
#define IF_ALWAYS	"true"
#define IF_SEND		"p.goal = 'send'"
#define IF_REMOVE	"p.goal <> 'send'"
#define IF_DELETE	"p.goal = 'delete'"
#define IF_WITHDRAW	"p.goal = 'withdraw'"
#define IF_NEW		"NOT p.accepted"
#define IF_LIVE		"s.live"
#define IF_IDLE		"NOT s.live"
#define IF_DOUBT	"s.doubt"
#define IF_WHOLE	"s.whole"
#define IF_GONE		"s.gone"

/* What a claim makes of a post, and whether it takes it. */
#define ROW_FITS(cond, from) "p.state = " NX_SQL_##from " AND " IF_##cond
#define WHEN_FITS(cond, from, to)					\
	" WHEN " ROW_FITS(cond, from) " THEN " NX_SQL_##to
#define OR_FITS(cond, from, to) " OR " ROW_FITS(cond, from)
#define STATE_BY(rows) "CASE" rows(WHEN_FITS) " END"
#define IS_IN(rows) "(false" rows(OR_FITS) ")"

/* Of these many candidates, the oldest, a claim tries some. */
#define OLDEST " ORDER BY 1 LIMIT 64"
#define SOME " ORDER BY random() LIMIT 8"

#define IS_DUE(rows)							\
	"p.next_try_at <= now() AND " IS_FREE " AND " IS_IN(rows)
/* In no line: x_posts_due has exactly these. */
#define IS_APART							\
	"p.state IN ('queued', 'partial', 'sent', 'failed')"		\
	" AND (p.state <> 'queued' OR p.goal <> 'send')"

/*
 * One that is queued must head its connection's line, and none of that line
 * be under way.  A snapshot shows the one before it as queued, under way or
 * done with, never in between, so two takes at once keep the order.
 */
#define HAS_ITS_TURN							\
	"(p.goal <> 'send' OR p.state <> 'queued'"			\
	" OR p.accepted AND NOT " NX_LINE_BEFORE("p")			\
	" AND NOT " NX_LINE_BUSY("p") ")"

const char nx_post_due[] =
    "SELECT user_id, id, connection_id FROM ("
    "(SELECT next_at, user_id, connection_id, post_id AS id FROM x_lines"
    "  WHERE next_at <= now() AND (SELECT contracted FROM x_app)" OLDEST ")"
    " UNION ALL"
    " (SELECT p.next_try_at, p.user_id, NULL, p.id FROM x_posts p"
    "  WHERE " IS_DUE(NX_CLAIM_DUE) " AND " IS_APART OLDEST ")) c" SOME;

/*
 * Programs of the version before queue posts, and end them, without a word to
 * their line.
 */
const char nx_post_due_before[] =
    "SELECT user_id, id, NULL FROM ("
    " SELECT p.next_try_at, p.user_id, p.id FROM x_posts p"
    " WHERE p.next_try_at <= now() AND " IS_FREE " AND " NX_LINE_HAS("p")
    "  AND NOT " NX_LINE_BEFORE("p") " AND NOT " NX_LINE_BUSY("p")
    OLDEST ") c" SOME;
static const char is_contracted[] = NX_IS_CONTRACTED;

/* A worker of an older version queues what was never accepted. */
const char nx_post_open[] =
    "SELECT user_id, id, NULL FROM ("
    " SELECT p.next_try_at, p.user_id, p.id FROM x_posts p"
    " WHERE " IS_DUE(NX_CLAIM_OPEN)
    "  AND (p.state IN ('sending', 'unknown')"
    "   OR p.state = 'queued' AND NOT p.accepted)" OLDEST ") c" SOME;

/* 1 user, 2 id, 3 lease, 4 ms */
#define TAKE_ONE(rows, which)						\
	"UPDATE x_posts p SET state = " STATE_BY(rows) ","		\
	" unattended = true,"						\
	" lease_owner = $3, lease_until = " LEASE_END("$4") ","		\
	" next_try_at = " AFTER_LEASE("$4") ", updated_at = now()"	\
	" WHERE p.user_id = $1 AND p.id = $2"				\
	" AND p.lease_owner IS DISTINCT FROM $3"			\
	" AND " IS_DUE(rows) which
static const char take_due[] =
    TAKE_ONE(NX_CLAIM_DUE, " AND " HAS_ITS_TURN);
static const char take_open[] =
    TAKE_ONE(NX_CLAIM_OPEN, "");

/* The key it had released, unless another post has used it since. */
#define KEY_BACK							\
	"CASE WHEN p.idempotency_key IS NULL AND NOT EXISTS (SELECT 1"	\
	"  FROM x_posts o WHERE o.user_id = $1"				\
	"  AND o.idempotency_key = p.released_key)"			\
	" THEN p.released_key ELSE p.idempotency_key END"

/* 1 user, 2 id, 3 lease, 4 ms */
static const char resume[] =
    "UPDATE x_posts p SET state = " STATE_BY(NX_CLAIM_RESUME) ","
    " unattended = false,"
    " accepted = p.accepted OR p.state = 'failed',"
    " error = CASE WHEN p.state IN ('unknown', 'sending') THEN p.error END,"
    " idempotency_key = " KEY_BACK ","
    " lease_owner = $3, lease_until = " LEASE_END("$4") ","
    " next_try_at = " AFTER_LEASE("$4") ", updated_at = now()"
    " WHERE p.user_id = $1 AND p.id = $2"
    " AND p.lease_owner IS DISTINCT FROM $3 AND " IS_FREE
    " AND " IS_IN(NX_CLAIM_RESUME)
    " AND (p.state IN ('unknown', 'sending')"
    "  OR NOT " NX_POST_SUPERSEDED
    "  AND NOT EXISTS (SELECT 1 FROM x_parts WHERE user_id = $1"
    "   AND post_id = $2 AND state = 'deleted'))";

/* As resume. */
static const char send_now[] =
    "UPDATE x_posts p SET state = " STATE_BY(NX_CLAIM_SEND) ","
    " unattended = false, lease_owner = $3, lease_until = " LEASE_END("$4") ","
    " next_try_at = " AFTER_LEASE("$4") ", updated_at = now()"
    " WHERE p.user_id = $1 AND p.id = $2"
    " AND p.lease_owner IS DISTINCT FROM $3 AND " IS_FREE
    " AND " IS_IN(NX_CLAIM_SEND) " AND p.publish_at <= now()"
    " AND (p.options ->> 'queue' IS DISTINCT FROM 'true' OR NOT EXISTS ("
    "  SELECT 1 FROM x_posts o WHERE o.user_id = $1"
    "  AND o.connection_id = p.connection_id"
    "  AND o.state = 'queued' AND o.publish_at <= p.publish_at"
    "  AND o.id <> p.id))";

/* What is unknown may be somebody's: it is only noted.  As resume. */
#define IS_IDLE "p.state IN ('queued', 'failed') AND NOT s.live"
static const char remove_it[] =
    "WITH " NX_POST_WAS ",done AS ("
    "UPDATE x_posts p SET goal = 'delete', unattended = false,"
    " updated_at = now(), state = " STATE_BY(NX_CLAIM_REMOVE) ","
    " lease_owner = CASE WHEN p.state = 'unknown' THEN p.lease_owner"
    "  ELSE $3 END,"
    " lease_until = CASE WHEN p.state = 'unknown' THEN p.lease_until"
    "  WHEN p.state = 'sending' THEN (SELECT now())"
    "  WHEN " IS_IDLE " THEN NULL ELSE (SELECT " LEASE_END("$4") ") END,"
    " error = CASE WHEN " IS_IDLE " THEN NULL ELSE p.error END,"
    " next_try_at = CASE WHEN p.state IN ('unknown', 'sending')"
    "  THEN (SELECT now())"
    "  WHEN " IS_IDLE " THEN NULL ELSE (SELECT " AFTER_LEASE("$4") ") END"
    " FROM (SELECT EXISTS (SELECT 1 FROM x_parts WHERE user_id = $1"
    "  AND post_id = $2 AND state = 'sent') AS live) s, was"
    " WHERE p.user_id = $1 AND p.id = $2"
    " AND p.user_id = was.user_id AND p.id = was.id"
    " AND p.lease_owner IS DISTINCT FROM $3"
    " AND " IS_IN(NX_CLAIM_REMOVE)
    " AND (p.state = 'unknown' OR " IS_FREE ")"
    NX_POST_DONE ", was.state AS was)," NX_POST_TELL(NX_POST_FIRST_ID)
    "SELECT " NX_TOLD " FROM done";

/* From here on: 1 user, 2 id, 3 lease. */
#define HELD " p.user_id = $1 AND p.id = $2 AND p.lease_owner = $3"

/*
 * Of the part to look for, before anything is done to it.  X's ids are only
 * roughly in order, hence the ten seconds.
 */
static const char about[] =
    "SELECT " NX_POST_SECOND("l.first") ","
    NX_POST_SECOND("now() - coalesce(q.left_at, p.created_at)") ","
    " (SELECT b.x_post_id FROM ("
    "   SELECT coalesce(y.x_post_id, x.x_post_id) AS x_post_id,"
    "    coalesce(y.sent_at, x.sent_at) AS sent_at FROM x_posts x"
    "   LEFT JOIN x_parts y ON y.user_id = x.user_id AND y.post_id = x.id"
    "   WHERE x.user_id = $1 AND x.connection_id = p.connection_id"
    "    AND x.created_at < l.first"
    "    AND x.created_at > now() - " NX_POST_MEMORY
    "    AND coalesce(y.x_post_id, x.x_post_id) IS NOT NULL"
    "    AND coalesce(y.sent_at, x.sent_at) < l.first - interval '10 s'"
    "    AND coalesce(y.sent_at, x.sent_at) > now() - interval '30 days'"
    "   ORDER BY x.created_at DESC LIMIT 200) b"
    "  ORDER BY b.sent_at DESC LIMIT 1)"
    " FROM x_posts p JOIN x_parts q ON q.user_id = p.user_id"
    "  AND q.post_id = p.id AND q.state IN ('sending', 'unknown'),"
    " LATERAL (SELECT coalesce(q.first_left_at, q.left_at, p.created_at)"
    "  AS first) l"
    " WHERE" HELD " AND p.state = 'unknown' ORDER BY q.position LIMIT 1";

static const char doubt[] =
    "UPDATE x_parts q SET state = 'unknown', was_lost = true,"
    " updated_at = now() FROM x_posts p WHERE" HELD " AND p.state = 'unknown'"
    " AND q.user_id = $1 AND q.post_id = $2 AND q.state = 'sending'";

/* Who goes on wants it: why X did not delete a part is of no interest now. */
static const char go_on[] =
    "WITH kept AS (UPDATE x_parts q SET error = NULL, updated_at = now()"
    " FROM x_posts p WHERE" HELD " AND p.state = 'sending'"
    " AND q.user_id = $1 AND q.post_id = $2 AND q.state = 'sent'"
    " AND q.error IS NOT NULL)"
    "UPDATE x_parts q SET state = 'sending', attempts = attempts + 1,"
    " left_at = now(), updated_at = now(),"
    " first_left_at = coalesce(first_left_at, left_at, (SELECT now()))"
    " FROM x_posts p WHERE" HELD " AND p.state = 'sending'"
    " AND q.user_id = $1 AND q.post_id = $2"
    " AND q.position = (SELECT min(position) FROM x_parts"
    "  WHERE user_id = $1 AND post_id = $2 AND state <> 'sent')"
    " AND q.state IN ('waiting', 'failed')";

/* Stored for later, but nobody was told so: nothing of it has ever left. */
#define NOT_WANTED							\
	"(NOT p.accepted AND p.goal = 'send' AND NOT s.doubt"		\
	" AND NOT s.live AND NOT s.gone)"

/*
 * Nothing to send or to look for: the parts say what the post is.
 * 4 error of what was not accepted
 */
#define WHEN_SO(cond, post) " WHEN " IF_##cond " THEN " NX_SQL_##post
static const char sort_out[] =
    "WITH " NX_POST_WAS ",done AS ("
    "UPDATE x_posts p SET lease_until = NULL, updated_at = now(),"
    " state = CASE" NX_PARTS_SAY(WHEN_SO) " END,"
    " error = CASE WHEN " NOT_WANTED " THEN $4::jsonb ELSE p.error END,"
    " idempotency_key = CASE WHEN " NOT_WANTED " THEN NULL"
    "  ELSE p.idempotency_key END,"
    " released_key = CASE WHEN " NOT_WANTED " THEN p.idempotency_key"
    "  ELSE p.released_key END,"
    " publish_at = CASE WHEN s.doubt OR s.live OR s.gone"
    "  OR p.goal <> 'send' THEN p.publish_at"
    "  ELSE coalesce(p.publish_at, (SELECT now())) END,"
    " next_try_at = CASE WHEN s.doubt OR (s.live AND p.goal <> 'send')"
    "  OR (p.goal = 'send' AND NOT s.whole AND NOT s.gone"
    "   AND NOT " NOT_WANTED ") THEN (SELECT now()) END"
    " FROM (SELECT bool_or(state IN ('sending', 'unknown')) AS doubt,"
    "  bool_and(state = 'sent') AS whole, bool_or(state = 'sent') AS live,"
    "  bool_or(state = 'deleted') AS gone, array_agg(state) AS states"
    "  FROM x_parts WHERE user_id = $1 AND post_id = $2) s, was"
    " WHERE" HELD " AND p.user_id = was.user_id AND p.id = was.id"
    " AND p.state IN ('sending', 'unknown') AND p.state <> ALL (s.states)"
    NX_POST_DONE ", was.state AS was)," NX_POST_TELL(NX_POST_FIRST_ID)
    "SELECT " NX_TOLD " FROM done";

static const char find_post[] =
    "SELECT " NX_POST_COLUMNS ", p.lease_owner = $3"
    " AND p.lease_until > now(),"
    " ceil(extract(epoch FROM p.lease_until - now()))::bigint"
    NX_POST_FROM("x_posts", "")
    " WHERE p.user_id = $1 AND p.id = $2 ORDER BY q.position";

enum { IS_TAKEN = NX_POST_NCOLUMNS, LEASE_LEFT };

/* 1 user, 2 id */
static const char find_connection[] =
    "SELECT " NX_CONNECTION_COLUMNS NX_CONNECTION_FROM
    " WHERE c.user_id = $1 AND c.id = (SELECT connection_id FROM x_posts"
    "  WHERE user_id = $1 AND id = $2) AND c.platform = '" NX_PLATFORM "'";

enum { TAKE, SPILL, ABOUT, DOUBT, GO_ON, SORT_OUT, LOCK_LINE, SET_LINE, TAKEN,
	POST, CONNECTION, NSTEPS };

/* What is done once a post is taken, or not. */
static const char *const step_texts[NSTEPS] = {
	[SPILL] = nx_post_spill_held, [ABOUT] = about, [DOUBT] = doubt,
	[GO_ON] = go_on, [SORT_OUT] = sort_out, [LOCK_LINE] = nx_line_lock,
	[SET_LINE] = nx_line_set, [TAKEN] = nx_line_taken,
	[POST] = find_post, [CONNECTION] = find_connection,
};

/* How one is taken, and the steps, of which NSTEPS is behind the last. */
struct taking {
	const char	*sql;
	unsigned char	 steps[NSTEPS];
};
#define BY_NAME(sql) { sql, { TAKE, SPILL, ABOUT, DOUBT, GO_ON,		\
	SORT_OUT, LOCK_LINE, SET_LINE, POST, CONNECTION, NSTEPS } }
static const struct taking
	by_resume = BY_NAME(resume),
	by_sending = BY_NAME(send_now),
	by_removing = BY_NAME(remove_it),
	by_due = { take_due, { TAKE, GO_ON, SORT_OUT, TAKEN, POST, CONNECTION,
	    NSTEPS } },
	by_open = { take_open, { TAKE, SPILL, ABOUT, DOUBT, SORT_OUT,
	    LOCK_LINE, SET_LINE, POST, CONNECTION, NSTEPS } };

/* The post can be worked on without it, if only to write down why not. */
static enum nx_rc
read_connection(const struct nx_store_ask *ask, const PGresult *row,
    struct nx_claimed *out, struct nx_err *err)
{
	struct nx_connection *c = &out->connection;
	struct nx_place place = { .column = nx_column_access };
	struct nx_err why;

	if (PQntuples(row) == 0) {
		*c = (struct nx_connection){
			.id = out->post.connection_id,
			.user_id = out->post.user_id,
			.x_user_id = "", .username = "", .scopes = "",
			.status = NX_STATUS_DISCONNECTED,
		};
		out->token_rc = NX_CONNECTION_UNKNOWN;
		return NX_OK;
	}
	if (!nx_row_connection(ask->arena, row, 0, c))
		return nx_fail(err, NX_NO_MEMORY, "while reading a claim");
	place.id = c->id;
	place.user_id = c->user_id;
	out->token_rc = nx_row_open(ask, &place,
	    nx_row_peek(row, 0, NX_COLUMN_ACCESS), &c->access_token, &why);
	return out->token_rc != NX_NO_MEMORY ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading a claim");
}

static enum nx_rc
read_claimed(const struct nx_store_ask *ask, PGresult *const *results,
    struct nx_claimed *out, struct nx_err *err)
{
	const PGresult *part = results[ABOUT];
	enum nx_rc rc = nx_row_post(ask->arena, results[POST], &out->post,
	    err);

	out->taken = rc == NX_OK && nx_row_bool(results[POST], 0, IS_TAKEN);
	if (!out->taken)
		return rc;
	if (part != NULL && PQntuples(part) == 1) {
		out->first_left_at = nx_row_i64(part, 0, 0);
		out->age = nx_row_i64(part, 0, 1);
		out->since_id = nx_row_str(ask->arena, part, 0, 2);
	}
	return read_connection(ask, results[CONNECTION], out, err);
}

/* NULL: no memory, and no words then. */
static const char *
never_accepted(struct nx_arena *arena)
{
	struct nx_post_error error = { 0 };

	(void)nx_fail_for(&error.err, NX_NOT_SENT, NX_WHY_NOT_KEPT, { 0 });
	return nx_post_error_text(arena, &error);
}

static void
step_query(int step, const struct taking *how, const struct nx_claimed *c,
    struct nx_query *out)
{
	*out = (struct nx_query){ step_texts[step],
	    { c->post.user_id, c->post.id, c->lease },
	    step == CONNECTION || step == LOCK_LINE || step == SET_LINE ?
	    2 : 3 };
	if (step == TAKE)
		out->sql = how->sql;
}

/*
 * Take out->post, bring its parts and its line in order with it, and read it
 * all.  `*left`: seconds of whosever lease it is.
 */
static enum nx_rc
take_post(const struct nx_store_ask *ask, const struct taking *how,
    struct nx_claimed *out, int64_t *left, struct nx_err *err)
{
	PGresult *results[NSTEPS] = { NULL }, *by_step[NSTEPS] = { NULL };
	struct nx_query queries[NSTEPS];
	char ms[NX_NUMBER_MAX];
	enum nx_rc rc;
	int n = 0;

	do {
		step_query(how->steps[n], how, out, &queries[n]);
		if (how->steps[n] == TAKE)
			queries[n].params[queries[n].nparams++] =
			    nx_row_number(ms, NX_POST_LEASE_MS);
		if (how->steps[n] == SORT_OUT)
			queries[n].params[queries[n].nparams++] =
			    never_accepted(ask->arena);
	} while (how->steps[++n] != NSTEPS);
	rc = nx_row_repeat(ask, queries, n, results, err);
	for (int i = 0; i < n; i++)
		by_step[how->steps[i]] = results[i];
	if (rc == NX_OK)
		rc = read_claimed(ask, by_step, out, err);
	if (rc == NX_OK)
		*left = nx_row_i64(by_step[POST], 0, LEASE_LEFT);
	nx_db_clear(results, n);
	return rc;
}

/* Try one; out->post.id is NULL unless it was taken. */
static enum nx_rc
try_candidate(const struct nx_store_ask *ask, const struct taking *how,
    const char *user_id, const char *id, struct nx_claimed *out,
    struct nx_err *err)
{
	int64_t left;
	enum nx_rc rc = NX_OK;

	memset(out, 0, sizeof(*out));
	if (id == NULL)
		return NX_OK;
	nx_uuid_random(out->lease);
	out->post.user_id = user_id;
	out->post.id = id;
	rc = take_post(ask, how, out, &left, err);
	if (rc == NX_POST_UNKNOWN)	/* it has just gone */
		rc = NX_OK;
	if (rc != NX_OK || !out->taken)		/* it was sorted out, or */
		memset(&out->post, 0, sizeof(out->post));
	return rc;
}

/* The same of a candidate; of a line's another may have come to be first. */
static enum nx_rc
try_row(const struct nx_store_ask *ask, const PGresult *rows, int row,
    const struct taking *how, struct nx_claimed *out, struct nx_err *err)
{
	const char *user_id = nx_row_peek(rows, row, 0);
	const char *id = nx_row_peek(rows, row, 1);
	const char *line = nx_row_peek(rows, row, 2);
	enum nx_rc rc = try_candidate(ask, how, user_id, id, out, err);

	if (rc != NX_OK || out->taken || line == NULL)
		return rc;
	rc = nx_line_look(ask, user_id, line, &id, err);
	return rc != NX_OK ? rc :
	    try_candidate(ask, how, user_id, id, out, err);
}

/* The first that can be taken of what this statement finds. */
static enum nx_rc
claim_next(const struct nx_store_ask *ask, const char *which,
    const struct taking *how, struct nx_claimed *out, struct nx_err *err)
{
	const struct nx_query query = { .sql = which };
	PGresult *rows = NULL;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	rc = nx_row_repeat(ask, &query, 1, &rows, err);
	for (int i = 0; rc == NX_OK && !out->taken && i < PQntuples(rows); i++)
		rc = try_row(ask, rows, i, how, out, err);
	nx_db_clear(&rows, 1);
	return rc;
}

enum nx_rc
nx_post_claim_due(const struct nx_store_ask *ask, struct nx_claimed *out,
    struct nx_err *err)
{
	const struct nx_query query = { .sql = is_contracted };
	enum nx_rc rc = claim_next(ask, nx_post_due, &by_due, out, err);
	PGresult *row = NULL;
	bool alone;

	if (rc != NX_OK || out->taken)
		return rc;
	rc = nx_row_repeat(ask, &query, 1, &row, err);
	alone = rc == NX_OK && PQntuples(row) == 1;
	nx_db_clear(&row, 1);
	return rc != NX_OK || alone ? rc :
	    claim_next(ask, nx_post_due_before, &by_due, out, err);
}

enum nx_rc
nx_post_claim_unknown(const struct nx_store_ask *ask, struct nx_claimed *out,
    struct nx_err *err)
{
	return claim_next(ask, nx_post_open, &by_open, out, err);
}

/*
 * Of a post that was not taken.  A wish to remove it that is not written down,
 * since somebody was at it then and is not any more, has to be repeated.
 */
static bool
is_answer(enum nx_take how, const struct nx_stored_post *post, int64_t left)
{
	if (how != NX_TAKE_REMOVE)
		return left <= 0;
	if (post->goal != NX_GOAL_DELETE)
		return post->state == NX_POST_STATE_DELETED ||
		    post->state == NX_POST_STATE_CANCELLED;
	return left <= 0 || post->state == NX_POST_STATE_UNKNOWN;
}

enum nx_rc
nx_post_take(const struct nx_store_ask *ask, const char *user_id,
    const char *id, enum nx_take how, struct nx_claimed *out,
    struct nx_err *err)
{
	static const struct taking *const takes[] = {
	    [NX_TAKE_RESUME] = &by_resume, [NX_TAKE_SEND] = &by_sending,
	    [NX_TAKE_REMOVE] = &by_removing };
	int64_t left = 0;
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->lease);
	out->post.user_id = user_id;
	out->post.id = id;
	rc = take_post(ask, takes[how], out, &left, err);
	if (rc != NX_OK || out->taken || is_answer(how, &out->post, left))
		return rc;
	rc = nx_fail_for(err, NX_POST_BUSY, NX_WHY_POST_HELD, NX_S("id", id));
	/* Mostly it is given back long before it would run out. */
	if (err != NULL)
		err->retry_after = left < 1 ? 1 :
		    left < LOOK_AGAIN ? (int)left : LOOK_AGAIN;
	return rc;
}

/* 4 state, 5 seconds to the next try */
static const char put_off[] =
    "WITH " NX_POST_WAS ",done AS ("
    "UPDATE x_posts p SET state = $4, lease_until = NULL,"
    " updated_at = now(), publish_at = CASE WHEN $4 = 'queued'"
    "  THEN coalesce(p.publish_at, (SELECT now())) ELSE p.publish_at END,"
    " next_try_at = CASE WHEN $5::integer >= 0"
    "  THEN (SELECT now() + $5::integer * interval '1 s') END"
    " FROM was WHERE" HELD " AND p.user_id = was.user_id AND p.id = was.id"
    " AND p.lease_until IS NOT NULL"
    NX_POST_DONE ", was.state AS was)," NX_POST_TELL(NX_POST_FIRST_ID)
    "SELECT " NX_TOLD " FROM done";

static const char put_part_off[] =
    "UPDATE x_parts q SET state = 'waiting', updated_at = now(),"
    " attempts = greatest(attempts - 1, 0),"
    " first_left_at = CASE WHEN attempts > 1 THEN first_left_at END"
    " FROM x_posts p WHERE" HELD " AND p.lease_until IS NULL"
    " AND q.user_id = $1 AND q.post_id = $2 AND q.state = 'sending'";

enum nx_rc
nx_post_put_off(const struct nx_store_ask *ask,
    const struct nx_stored_post *post, const char *lease,
    enum nx_post_state state, int next_try, struct nx_err *err)
{
	char seconds[NX_NUMBER_MAX];
	const struct nx_query queries[] = {
		{ nx_post_spill_held, { post->user_id, post->id, lease }, 3 },
		{ put_off, { post->user_id, post->id, lease,
		    nx_post_state_name(state),
		    nx_row_number(seconds, next_try) }, 5 },
		{ put_part_off, { post->user_id, post->id, lease }, 3 },
		{ nx_line_lock, { post->user_id, post->id }, 2 },
		{ nx_line_set, { post->user_id, post->id }, 2 },
	};

	return nx_row_write(ask, queries, sizeof(queries) /
	    sizeof(queries[0]), err);
}
