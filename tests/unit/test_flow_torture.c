/*
 * test_flow_torture.c - the allocator fails at the Nth call, for each N, while
 * an account is connected, renewed, posted for and looked up; where a grant is
 * at stake, also at some calls in a row.
 *
 * Whatever fails: the process lives, nothing leaks, the error is not blamed on
 * the caller, and afterwards, when there is memory again, whoever does the
 * worker's jobs finds the pair that lives at X in the row, or X was told that
 * it is not wanted.  Nothing is posted twice, and what is posted is known.
 * NX_TORTURE=1 tells of each try.
 */

#include "store_apart.h"
#include "store_posts.h"
#include "torture.h"
#include "x_small.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "nx/base/uuid.h"
#include "nx/flow/account/attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/flow/account/disconnect.h"
#include "nx/flow/account/keep.h"
#include "nx/flow/patient.h"
#include "nx/flow/account/pending.h"
#include "nx/flow/publish/posts.h"
#include "nx/flow/account/refresh.h"
#include "nx/flow/account/revoke.h"

#define TEXT "Said by a process that has little memory."

enum { ALLOCATIONS_MAX = 2000 };

static const char *const keys = KEY_1;

struct world {
	struct env		*env;		/* its pool: to look with */
	struct xs		*server;
	struct xsm		 x;
	struct nx_app		 app;		/* anew for each try */
	struct nx_ctx		 ctx;
	struct nx_attempt_start	 start;
	char			 connection[NX_UUID_LEN + 1];
	char			 post[NX_UUID_LEN + 1];
	bool			 unknown;	/* what run_post() heard */
	char			 hash[80];	/* of what run_post() asks */
	char			 dir[64];
	const char		*api, *database;
};

struct scenario {
	const char	*name;
	void		(*prepare)(struct world *w);
	enum nx_rc	(*run)(struct world *w);
	void		(*look)(struct world *w, enum nx_rc rc);
	long		burst;		/* so many more fail after it */
};

void
xs_thread_begins(void)
{
	torture_leave_out();
}

/* ---- a world for one try ---- */

static const char *
look_up(void *ctx, const char *name)
{
	const struct world *w = ctx;
	const char *const all[] = {
		"TWITTER_CLIENT_ID", "client-1", "TWITTER_REDIRECT_URI",
		"https://nexus.example/api/auth/twitter/callback",
		"TWITTER_API_URL", w->api, "DATABASE_URL", w->database,
		"NEXUS_KEYS", keys, "NEXUS_STATE_DIR", w->dir,
		"NEXUS_LOG_LEVEL", "error", "NEXUS_DB_POOL", "2",
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i += 2) {
		if (strcmp(all[i], name) == 0)
			return all[i + 1];
	}
	return NULL;
}

static void
open_app(struct world *w)
{
	struct nx_buf problems = NX_BUF(4000);

	if (nx_app_open(&w->app, NX_NEED_X | NX_NEED_DB | NX_NEED_KEYS,
	    look_up, w, &problems) != NX_OK)
		fail_msg("%s", nx_buf_str(&problems));
	nx_buf_free(&problems);
	w->app.conf.log.fd = -1;	/* what fails is said thousandfold */
	w->ctx = (struct nx_ctx){
		.app = &w->app,
		.http = nx_app_http_x(&w->app),
		.arena = nx_arena_new(NX_ARENA_MAX),
		.request_id = "torture",
		.deadline = nx_clock_mono() + NX_REQUEST_MS,
	};
	assert_non_null(w->ctx.http);
	assert_non_null(w->ctx.arena);
}

static void
close_app(struct world *w)
{
	nx_attempt_start_free(&w->start);
	nx_app_http_free(w->ctx.http);
	nx_arena_free(w->ctx.arena);
	nx_app_close(&w->app);
}

static void
empty(const char *dir)
{
	char path[400];
	struct dirent *e;
	DIR *d = opendir(dir);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (unlink(path) != 0)
			empty(path);
	}
	if (d != NULL)
		(void)closedir(d);
}

/* Another user, another account of X, nothing granted yet. */
static void
begin_anew(struct world *w)
{
	struct env *e = w->env;

	nx_arena_reset(e->arena);
	nx_uuid_random(e->user);
	fresh_x_user(e->x_user);
	empty(w->dir);
	memset(&w->x, 0, sizeof(w->x));
	w->x.user_id = e->x_user;
	memset(&w->start, 0, sizeof(w->start));
	w->server = xs_start(NULL);
	xs_handle(w->server, xsm_answer, &w->x);
	w->api = xs_url(w->server, "127.0.0.1", "");
}

/* ---- what the worker would do, and what is there then ---- */

/* After an attempt that failed the pool makes no other for a moment. */
static void
await_database(struct world *w)
{
	const int64_t end = nx_clock_mono() + PATIENCE_MS;
	struct nx_store_ask ask;
	bool confirmed;

	nx_arena_reset(w->ctx.arena);
	do {
		w->ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
		ask = nx_ctx_store(&w->ctx);
		if (nx_connection_ready(&ask, &confirmed, &w->ctx.err) == NX_OK)
			return;
		nx_clock_sleep(20);
	} while (nx_clock_left(end) > 0);
	fail_msg("%s", w->ctx.err.detail);
}

static void
do_the_jobs(struct world *w)
{
	int done;

	(void)sql(w->env, "UPDATE x_revocations SET next_try_at = now()",
	    NULL, NULL);
	(void)nx_keep_replay(&w->ctx);
	(void)sql(w->env, "UPDATE x_pending SET next_try_at = now(),"
	    " lease_owner = NULL, lease_until = NULL, attempt_started_at ="
	    " NULL WHERE user_id = $1", w->env->user, NULL);
	assert_int_equal(nx_pending_settle_due(&w->ctx, &done), NX_OK);
	assert_true(nx_patient_wait(w->app.patient, nx_clock_mono() +
	    PATIENCE_MS));
	if (nx_revoke_due(&w->ctx, &done) != NX_OK)
		fail_msg("%s", w->ctx.err.detail);
}

/* The refresh token in the user's row, opened; NULL: there is none. */
static const char *
stored(struct world *w)
{
	struct nx_store_ask ask = ask_of(w->env);
	struct nx_lease lease;
	struct nx_err err = { 0 };
	const char *id, *version;

	id = sql(w->env, "SELECT id::text FROM platform_connections WHERE"
	    " user_id = $1 AND status = 'connected'", w->env->user, NULL);
	if (id == NULL)
		return NULL;
	(void)sql(w->env, "UPDATE x_grants SET lease_owner = NULL,"
	    " lease_until = NULL, attempt_started_at = NULL WHERE"
	    " connection_id = $1", id, NULL);
	version = sql(w->env, "SELECT token_version::text FROM x_grants WHERE"
	    " connection_id = $1", id, NULL);
	assert_non_null(version);
	if (nx_lease_take(&ask, w->env->user, id, strtoll(version, NULL, 10),
	    &lease, &err) != NX_OK)
		fail_msg("%s", err.detail);
	assert_int_equal(lease.state, NX_LEASE_TAKEN);
	return lease.connection.refresh_token;
}

/* The pair that lives at X is ours, or none lives any more. */
static void
check_grant(struct world *w, enum nx_rc rc)
{
	const char *living, *row;

	do_the_jobs(w);
	living = xsm_living(&w->x);
	row = stored(w);
	if (living != NULL && row == NULL)
		fail_msg("%s lives at X and nobody here knows it", living);
	if (living != NULL && row != NULL)
		assert_string_equal(row, living);
	if (living == NULL)
		assert_int_not_equal(rc, NX_OK);
}

/* ---- connect ---- */

static void
prepare_connect(struct world *w)
{
	const struct nx_attempt_ask ask = { .user_id = w->env->user,
	    .return_to = "/dashboard", .now = nx_clock_wall() };

	(void)strcpy(w->x.code, "code-1");
	assert_int_equal(nx_attempt_begin(&w->app.conf, w->app.ring, &ask,
	    &w->start, &w->ctx.err), NX_OK);
}

/* The same account is connected already, and its pair lives. */
static void
prepare_reconnect(struct world *w)
{
	struct nx_new_grant g = grant_of(w->env);

	xsm_grant(&w->x, "access-token-0", "refresh-token-0");
	g.access_token = "access-token-0";
	g.refresh_token = "refresh-token-0";
	g.granted_us -= (int64_t)3600 * 1000000;
	save(w->env, &g, w->connection);
	prepare_connect(w);
}

static enum nx_rc
run_connect(struct world *w)
{
	const struct nx_connect_answer answer = { .user_id = w->env->user,
	    .state = w->start.state, .code = "code-1",
	    .attempt = nx_buf_str(&w->start.sealed) };
	struct nx_connect_result result;

	return nx_connect_finish(&w->ctx, &answer, &result);
}

static void
look_connect(struct world *w, enum nx_rc rc)
{
	check_grant(w, rc);
	if (rc == NX_OK)
		assert_non_null(stored(w));
}

/* ---- refresh ---- */

static void
prepare_due(struct world *w)
{
	struct nx_new_grant g = grant_of(w->env);

	xsm_grant(&w->x, "access-token-0", "refresh-token-0");
	g.access_token = "access-token-0";
	g.refresh_token = "refresh-token-0";
	g.expires_at = nx_clock_wall() - 10;
	save(w->env, &g, w->connection);
}

static enum nx_rc
run_refresh(struct world *w)
{
	struct nx_store_ask ask = nx_ctx_store(&w->ctx);
	struct nx_connection c;
	enum nx_rc rc = nx_connection_pick(&ask, w->env->user,
	    w->connection, &c, &w->ctx.err);

	if (rc == NX_OK)
		rc = nx_refresh(&w->ctx, &c);
	if (rc == NX_OK)
		assert_string_equal(c.access_token, "access-token-1");
	return rc;
}

static void
look_refresh(struct world *w, enum nx_rc rc)
{
	check_grant(w, rc);
	assert_non_null(xsm_living(&w->x));
	assert_int_equal(w->x.refused, 0);
}

/* ---- post ---- */

static void
prepare_post(struct world *w)
{
	struct nx_new_grant g = grant_of(w->env);

	xsm_grant(&w->x, "access-token-0", "refresh-token-0");
	g.access_token = "access-token-0";
	g.refresh_token = "refresh-token-0";
	save(w->env, &g, w->connection);
}

static enum nx_rc
run_post(struct world *w)
{
	const struct nx_publish_ask ask = { .user_id = w->env->user,
	    .text = NX_SLICE(TEXT) };
	struct nx_published made;
	enum nx_rc rc = nx_publish(&w->ctx, &ask, &made);

	w->unknown = rc == NX_OK &&
	    made.post.state == NX_POST_STATE_UNKNOWN;
	return rc;
}

/* Leases have run out, and it is due: what the worker makes of it. */
static void
settle_all(struct world *w)
{
	int done;

	(void)sql(w->env, "UPDATE x_posts SET lease_until = now() -"
	    " interval '1 s', next_try_at = now() WHERE user_id = $1 AND"
	    " state IN ('sending', 'unknown')", w->env->user, NULL);
	w->ctx.deadline = nx_clock_mono() + NX_REQUEST_MS;
	do
		assert_int_equal(nx_posts_settle_due(&w->ctx, &done), NX_OK);
	while (done > 0 && strcmp(sql(w->env, "SELECT count(*)::text FROM"
	    " x_posts WHERE user_id = $1 AND state = 'unknown' AND"
	    " next_try_at <= now()", w->env->user, NULL), "0") != 0);
}

static const char *
states(struct world *w)
{
	const char *all = sql(w->env, "SELECT string_agg(p.state || ' ' ||"
	    " coalesce(q.x_post_id, p.x_post_id, '-'), ', ') FROM x_posts p"
	    " LEFT JOIN x_parts q ON q.user_id = p.user_id AND q.post_id = p.id WHERE p.user_id ="
	    " $1", w->env->user, NULL);

	return all == NULL ? "" : all;
}

/* The hash that tells repetitions is of the whole body, or there is none. */
static void
check_hash(struct world *w)
{
	const char *hash = sql(w->env, "SELECT body_hash FROM x_posts WHERE"
	    " user_id = $1", w->env->user, NULL);

	if (hash == NULL)
		return;
	if (w->hash[0] == '\0')
		(void)snprintf(w->hash, sizeof(w->hash), "%s", hash);
	assert_string_equal(hash, w->hash);
}

static void
look_post(struct world *w, enum nx_rc rc)
{
	char want[40] = "sent ";

	assert_true(w->x.nposts <= 1);
	check_hash(w);
	settle_all(w);
	assert_true(w->x.nposts <= 1);
	if (w->x.nposts == 1) {
		xsm_post_id(0, want + strlen(want));
		assert_string_equal(states(w), want);
	} else {
		assert_true(rc != NX_OK || w->unknown);
		assert_null(strstr(states(w), "sent"));
		assert_null(strstr(states(w), "queued"));
	}
	check_grant(w, NX_OK);
}

/* ---- settle ---- */

static void
prepare_unknown(struct world *w)
{
	struct xs_seen create = { .path = "/2/tweets",
	    .auth = "Bearer access-token-0",
	    .body = "{\"text\":\"part 1\"}" };
	struct xs_reply said;

	prepare_post(w);
	xsm_answer(&w->x, &create, &said);
	put(w->env, w->connection, w->post, "unknown", "unknown");
}

static enum nx_rc
run_settle(struct world *w)
{
	int done;

	return nx_posts_settle_due(&w->ctx, &done);
}

static void
look_settle(struct world *w, enum nx_rc rc)
{
	char want[40] = "sent ";

	(void)rc;
	assert_int_equal(w->x.nposts, 1);
	settle_all(w);
	xsm_post_id(0, want + strlen(want));
	assert_string_equal(states(w), want);
	assert_int_equal(w->x.nposts, 1);
	check_grant(w, NX_OK);
}

/* ---- the rack ---- */

/* Not the caller's fault, and said in words. */
static void
check_honest(const struct scenario *s, long nth, const struct nx_err *err,
    enum nx_rc rc)
{
	if (rc == NX_OK)
		return;
	if (rc != err->rc || err->detail[0] == '\0' ||
	    nx_rc_status(rc) < 500 || rc == NX_INTERNAL)
		fail_msg("%s, allocation %ld: %s (%s)", s->name, nth,
		    nx_rc_code(rc), err->detail);
}

/* False: there were fewer than `nth` allocations. */
static bool
try(struct world *w, const struct scenario *s, long nth, long burst)
{
	enum nx_rc rc;
	bool failed;

	begin_anew(w);
	open_app(w);
	s->prepare(w);
	torture_begin(nth, burst);
	rc = s->run(w);
	/* What nobody waits for any more is racked as well. */
	assert_true(nx_patient_wait(w->app.patient, nx_clock_mono() +
	    PATIENCE_MS));
	(void)torture_end();
	failed = torture_failed();
	if (getenv("NX_TORTURE") != NULL)
		print_message("%s %ld: %s %s\n", s->name, nth,
		    nx_rc_code(rc), rc == NX_OK ? "" : w->ctx.err.detail);
	check_honest(s, nth, &w->ctx.err, rc);
	if (!failed && rc != NX_OK)
		fail_msg("%s fails without cause: %s", s->name,
		    w->ctx.err.detail);
	await_database(w);
	s->look(w, rc);
	close_app(w);
	xs_stop(w->server);
	if (torture_living() != 0)
		fail_msg("%s, allocation %ld: %ld blocks leak", s->name, nth,
		    torture_living());
	return failed;
}

static void
torture(void **state, const struct scenario *s)
{
	struct world w = { .env = need_database(state) };
	struct nx_buf url = NX_BUF(4096);
	long nth;

	apart_url(&url);
	w.database = nx_buf_str(&url);
	(void)strcpy(w.dir, "/tmp/nx-torture-XXXXXX");
	assert_non_null(mkdtemp(w.dir));
	assert_false(try(&w, s, 0, 0));	/* all is well without a failure */
	for (nth = 1; try(&w, s, nth, 0); nth++)
		assert_true(nth < ALLOCATIONS_MAX);
	print_message("%s: %ld allocations\n", s->name, nth - 1);
	assert_true(nth > 10);
	for (nth = 1; s->burst > 0 && try(&w, s, nth, s->burst); nth++)
		assert_true(nth < ALLOCATIONS_MAX);
	empty(w.dir);
	nx_buf_free(&url);
}

#define SCENARIO(name, prepare, run, look, burst)			\
	static void							\
	name(void **state)						\
	{								\
		static const struct scenario s = { #name, prepare, run,	\
		    look, burst };					\
									\
		torture(state, &s);					\
	}

SCENARIO(connects, prepare_connect, run_connect, look_connect, 3)
SCENARIO(connects_again, prepare_reconnect, run_connect, look_connect, 3)
SCENARIO(refreshes, prepare_due, run_refresh, look_refresh, 3)
SCENARIO(posts, prepare_post, run_post, look_post, 0)
SCENARIO(posts_with_a_refresh, prepare_due, run_post, look_post, 0)
SCENARIO(settles, prepare_unknown, run_settle, look_settle, 0)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects),
		cmocka_unit_test(connects_again),
		cmocka_unit_test(refreshes),
		cmocka_unit_test(posts),
		cmocka_unit_test(posts_with_a_refresh),
		cmocka_unit_test(settles),
	};

	if (nx_app_process_start() != NX_OK)
		return 1;
	return cmocka_run_group_tests_name("flow/torture", tests,
	    env_open_apart, env_close_apart);
}
