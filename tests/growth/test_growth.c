/*
 * test_growth.c - what the program asks of the database costs as many buffers
 * at 30,000 rows as at 3,000, but for the depth of an index.
 *
 * Every story fills tables of its own to three sizes and calls the program's
 * own function at each.  NX_GROWTH_TOP is the largest size (30000); NX_GROWTH
 * a part of the names of those to run, those that are known to grow as well;
 * NX_GROWTH_ALOUD=1 shows the plans.  NX_GROWTH_THERE=1 takes the rows that the
 * database has (large.sql makes ten million) and tells the time as well.
 */

#include "nx/base/uuid.h"
#include "nx/store/notice.h"
#include "nx/store/purge.h"
#include "nx/store/retention.h"
#include "nx/store/revocation.h"
#include "../unit/store_apart.h"
#include "../unit/store_posts.h"
#include "buffers.h"
#include "crowd.h"

enum { SIZES = 3, TEXTS = 5, SLACK = 32 };

struct story {
	const char	*name;
	const char	*texts[TEXTS];		/* make rows $1 to $2 */
	void		(*once)(struct env *e);
	bool		 grows;			/* known to */
};

/* Each of these is called once at each size, and before that without rows. */
static void
claims_due(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed out;
	struct nx_err err = { 0 };

	if (nx_post_claim_due(&ask, &out, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
claims_unknown(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed out;
	struct nx_err err = { 0 };

	if (nx_post_claim_unknown(&ask, &out, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

/* The head of a queue meets X's limit: all behind it wait as long. */
static void
puts_off(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_claimed out;
	struct nx_err err = { 0 };

	if (nx_post_claim_due(&ask, &out, &err) != NX_OK)
		fail_msg("%s", err.detail);
	if (!out.taken)
		memset(&out.post, 0, sizeof(out.post));
	out.post.id = out.taken ? out.post.id : HUB_ID;
	out.post.user_id = HUB_ID;
	buffers_reset();
	if (nx_post_put_off(&ask, &out.post, out.taken ? out.lease : HUB_ID,
	    NX_POST_STATE_QUEUED, 900, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
lists(struct env *e, const char *connection, bool upcoming, bool further)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_post_query q = { .user_id = HUB_ID, .limit = 20,
	    .connection_id = connection, .upcoming = upcoming };
	struct nx_post_page page;
	struct nx_err err = { 0 };

	if (further)
		q.before = sql(e, "SELECT id FROM x_posts WHERE user_id = $1"
		    " ORDER BY body_hash LIMIT 1", HUB_ID, NULL);
	buffers_reset();
	if (nx_post_list(&ask, &q, &page, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
first_page(struct env *e)
{
	lists(e, NULL, false, false);
}

static void
middle_page(struct env *e)
{
	lists(e, NULL, false, true);
}

static void
connections_page(struct env *e)
{
	lists(e, HUB_ID, false, true);
}

static void
upcoming_page(struct env *e)
{
	lists(e, NULL, true, true);
}

static void
counts_queued(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_connection one = { .id = HUB_ID, .user_id = HUB_ID };
	struct nx_err err = { 0 };

	if (nx_post_count_queued(&ask, &one, 1, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
claims_renewals(struct env *e)
{
	const struct nx_due due = { .within = 900 };
	struct nx_store_ask ask = ask_of(e);
	struct nx_candidates found;
	struct nx_lease lease;
	struct nx_err err = { 0 };
	enum nx_rc rc;

	if (nx_lease_find_due(&ask, &due, &found, &err) != NX_OK)
		fail_msg("%s", err.detail);
	for (size_t i = 0; i < found.n && i < 5; i++) {
		rc = nx_lease_take_due(&ask, &due, &found.list[i], &lease,
		    &err);
		if (rc != NX_OK && rc != NX_SEAL_BROKEN)
			fail_msg("%s", err.detail);
	}
}

static void
counts_renewals(struct env *e)
{
	const struct nx_due due = { .within = 900 };
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int64_t n;

	if (nx_lease_count_due(&ask, &due, &n, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
takes_notice(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_candidates found = { .n = 0 };
	struct nx_notice notice;
	struct nx_err err = { 0 };

	if (nx_notice_take(&ask, &found, &notice, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
purges_notices(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int n;

	if (nx_notice_purge(&ask, false, &n, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
purges(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_err err = { 0 };
	int n;

	if (nx_purge_batch(&ask, &n, &err) != NX_OK)
		fail_msg("%s", err.detail);
}

static void
steps_of_retention(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_retention walk;
	struct nx_err err = { 0 };

	nx_retention_begin(&walk, 60);
	for (int i = 0; i < 2; i++) {
		if (nx_retention_step(&ask, &walk, &err) != NX_OK)
			fail_msg("%s", err.detail);
	}
}

static void
takes_revocation(struct env *e)
{
	struct nx_store_ask ask = ask_of(e);
	struct nx_candidates found = { .n = 0 };
	struct nx_revocation r;
	struct nx_err err = { 0 };
	enum nx_rc rc = nx_revocation_take(&ask, NULL, &found, &r, &err);

	if (rc != NX_OK && rc != NX_KEY_UNKNOWN)
		fail_msg("%s", err.detail);
}

#define HUB_QUEUED(state, due)						\
	QUEUED(HUB_USER, HUB_CONNECTION, IS_HUBS(state, "'sent'"),	\
	    IS_HUBS(due, "NULL"))
#define DUE_NOW "now() - interval '1 s'"
#define ONE_IN_SIXTY "now() + CASE WHEN n % 60 = 0 THEN interval '-1 s'"	\
	" ELSE n % 60 * interval '1 h' END"
static const struct story stories[] = {
	{ "claim of what is due, 1 of 60 is", {
	    QUEUED(USER_N, CONNECTION_N, "'queued'", ONE_IN_SIXTY),
	    PARTS(USER_N, "'waiting'"), CONNECTIONS("now() + interval '1 h'"),
	    LINES(ONE_IN_SIXTY) }, .once = claims_due },
	{ "claim, one account's queue is due, its head under way", {
	    HUB_QUEUED("CASE n WHEN 2 THEN 'sending' ELSE 'queued' END",
	    DUE_NOW), PARTS(HUB_USER, "'waiting'"),
	    "UPDATE x_posts SET lease_until = now() + interval '1 h',"
	    " next_try_at = now() + interval '1 h' WHERE state = 'sending'"
	    " AND $1 < $2", HUB_LINE }, .once = claims_due },
	{ "hold of one account's queue", {
	    HUB_QUEUED("'queued'", DUE_NOW), PARTS(HUB_USER, "'waiting'"),
	    "UPDATE x_posts SET next_try_at = " DUE_NOW " WHERE $1 < $2"
	    " AND state = 'queued'",
	    HUB_LINE }, .once = puts_off },
	{ "claim of what is unknown, all is", {
	    QUEUED(USER_N, CONNECTION_N, "'unknown'", DUE_NOW),
	    PARTS(USER_N, "'unknown'") }, .once = claims_unknown },
	{ "history, first page", {
	    POSTS(HUB, HUB, "'sent'", "", ""), PARTS(HUB, "'failed'") },
	    .once = first_page },
	{ "history, a page in the middle", {
	    POSTS(HUB, HUB, "'sent'", "", ""), PARTS(HUB, "'failed'") },
	    .once = middle_page },
	{ "history of a connection, in the middle", {
	    POSTS(HUB, HUB, "'sent'", "", ""), PARTS(HUB, "'failed'") },
	    .once = connections_page },
	{ "what is upcoming, in the middle", {
	    QUEUED(HUB, HUB, "'queued'", "now() + n * interval '1 s'"),
	    PARTS(HUB, "'waiting'") }, .once = upcoming_page },
	{ "count of what is queued", {
	    HUB_QUEUED("'queued'", "now() + n * interval '1 s'") },
	    .once = counts_queued },
	{ "claim of renewals, all are due", {
	    CONNECTIONS("now() + n * interval '1 ms'"),
	    GRANTS("NULL::timestamptz", "NULL::timestamptz") },
	    .once = claims_renewals },
	{ "claim of renewals, the first sixteenth put off", {
	    CONNECTIONS("now() + (n % 16) * interval '1 s'"),
	    GRANTS("NULL::timestamptz", "CASE WHEN n % 16 = 0 THEN"
	    " now() + interval '1 h' END") }, .once = claims_renewals },
	{ "claim of renewals, all put off", {
	    CONNECTIONS("now() + n * interval '1 ms'"),
	    GRANTS("NULL::timestamptz", "now() + interval '1 h'") },
	    .once = claims_renewals },
	{ "count of renewals", {
	    CONNECTIONS("now() + n * interval '1 ms'"),
	    GRANTS("NULL::timestamptz", "NULL::timestamptz") },
	    .once = counts_renewals, .grows = true /* to 10,000 */ },
	{ "next notice", {
	    "INSERT INTO x_notices (user_id, connection_id, event, body)"
	    " SELECT " USER_N ", " CONNECTION_N ", 'post.sent', '{}'" EACH },
	    .once = takes_notice },
	{ "purge of notices, none is delivered", {
	    "INSERT INTO x_notices (user_id, connection_id, event, body,"
	    " created_at) SELECT " USER_N ", " CONNECTION_N ", 'post.sent',"
	    " '{}', now() - interval '30 days'" EACH },
	    .once = purges_notices },
	{ "purge of keys, all still queued", {
	    POSTS(USER_N, CONNECTION_N, "'queued'", ", idempotency_key,"
	    " updated_at, publish_at, next_try_at", ", n, now() - interval"
	    " '2 days', now() + interval '1 day', now() + interval '1 day'"),
	    }, .once = purges },
	{ "purge, nothing is old", {
	    "INSERT INTO x_events (user_id, code) SELECT " USER_N
	    ", 'notice'" EACH,
	    "INSERT INTO x_logins (state_hash, claim, user_id) SELECT n, "
	    POST_N ", " USER_N EACH,
	    "INSERT INTO x_ids (user_id, post_id, position, x_post_id) SELECT "
	    USER_N ", " POST_N ", 0, n" EACH }, .once = purges },
	{ "two pages of a walk of retention", {
	    POSTS(USER_N, CONNECTION_N, "'sent'", "", "") },
	    .once = steps_of_retention },
	{ "next revocation", {
	    "INSERT INTO x_revocations (id, user_id, hint, token) SELECT "
	    POST_N ", " USER_N ", 'access_token', 'k9:t'" EACH },
	    .once = takes_revocation },
};

static void
fill(struct env *e, const struct story *s, long from, long to)
{
	char a[24], b[24];

	(void)snprintf(a, sizeof(a), "%ld", from);
	(void)snprintf(b, sizeof(b), "%ld", to);
	for (int i = 0; i < TEXTS && s->texts[i] != NULL; i++)
		(void)sql(e, s->texts[i], a, b);
}

static long
count(struct env *e, const struct story *s, int *statements)
{
	buffers_reset();
	s->once(e);
	return buffers_touched(statements);
}

static long
top(void)
{
	const char *asked = getenv("NX_GROWTH_TOP");

	return asked == NULL ? 30000 : strtol(asked, NULL, 10);
}

static bool
grows(struct env *e, const struct story *s)
{
	long touched[SIZES], from = 0;
	int statements;

	(void)count(e, s, &statements);
	for (int i = 0; i < SIZES; i++) {
		long to = i == 0 ? top() / 100 : from * 10;

		fill(e, s, from, to);
		(void)sql(e, "ANALYZE", NULL, NULL);
		touched[i] = count(e, s, &statements);
		from = to;
	}
	print_message("%-58s %7ld %7ld %7ld buffers, %d statements\n", s->name,
	    touched[0], touched[1], touched[2], statements);
	return touched[2] > 2 * touched[1] + SLACK;
}

/* Who may load auto_explain. */
static bool
is_superuser(const struct env *e)
{
	return strcmp(sql(e, "SHOW is_superuser", NULL, NULL), "on") == 0;
}

/* The third call, of the rows that are there. */
static void
measure(struct env *e, const struct story *s)
{
	int64_t begun;
	int statements;
	long touched;

	for (int i = 0; i < 2; i++)
		(void)count(e, s, &statements);
	begun = nx_clock_mono();
	touched = count(e, s, &statements);
	print_message("%-58s %7ld buffers, %d statements, %lld ms\n", s->name,
	    touched, statements, (long long)(nx_clock_mono() - begun));
}

static void
nothing_grows_with_the_rows(void **state)
{
	static const char empty[] =
	    "TRUNCATE platform_connections, x_grants, x_posts, x_parts, x_lines,"
	    " x_notices, x_events, x_logins, x_ids, x_revocations, x_pending";
	const char *asked = getenv("NX_GROWTH");
	struct env *e = need_database(state);
	int bad = 0;

	if (!is_superuser(e))
		skip();

	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		if (asked == NULL ? stories[i].grows :
		    strstr(stories[i].name, asked) == NULL)
			continue;
		if (getenv("NX_GROWTH_THERE") != NULL) {
			measure(e, &stories[i]);
			continue;
		}
		(void)sql(e, empty, NULL, NULL);
		bad += grows(e, &stories[i]);
	}
	assert_int_equal(bad, 0);
}

/* What the migrations tell the planner, which LIKE does not copy. */
static const char as_set[] =
    "DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE x_posts ALTER user_id"
    " SET (%s)', array_to_string(attoptions, ',')) FROM pg_attribute WHERE"
    " attrelid = 'public.x_posts'::regclass AND attname = 'user_id'); END $$";

static int
env_open_telling(void **state)
{
	char schema[32];
	struct nx_err err;
	struct env *e;

	if (env_open_apart(state) != 0)
		return -1;
	e = *state;
	if (e->pool == NULL || !is_superuser(e))
		return 0;
	(void)snprintf(schema, sizeof(schema), getenv("NX_GROWTH_THERE") ==
	    NULL ? "apart_%d" : "public", getpid());
	if (getenv("NX_GROWTH_THERE") == NULL)
		(void)sql(e, as_set, NULL, NULL);
	buffers_tell(schema);
	nx_pool_free(e->pool);
	e->pool = NULL;
	if (nx_pool_new(database_url(), 1, &e->pool, &err) != NX_OK)
		return -1;
	e->store.pool = e->other.pool = e->pool;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_grows_with_the_rows,
		    env_open_telling, env_close_apart),
	};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)tests;
	return 77;		/* it is the database that works */
#else
	return cmocka_run_group_tests_name("growth", tests, NULL, NULL);
#endif
}
