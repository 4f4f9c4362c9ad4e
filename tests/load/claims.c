/*
 * claims.c - how many posts workers claim and end, and what that costs
 * PostgreSQL, with nothing between: X answers at once.
 * Usage: claims WORKERS POSTS ACCOUNTS, on a database of its own that
 * DATABASE_URL names (its posts are deleted); one line as JSON.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nx/base/arena.h"
#include "nx/base/clock.h"
#include "nx/base/must.h"
#include "nx/base/uuid.h"
#include "nx/store/post_claim.h"

enum { WORKERS_MAX = 1024, POOL_MAX = 64, ARENA_MAX = 1 << 20,
	PATIENCE_MS = 60000 };

struct run {
	struct nx_store	 store;
	atomic_int	 left, failures, empty, out_of_order;
};

/* What one worker did. */
struct worker {
	struct run	*run;
	int		 ended;
};

static PGresult *
query(struct nx_pool *pool, const char *sql, const char *a, const char *b)
{
	const struct nx_query q = { sql, { a, b }, (a != NULL) + (b != NULL) };
	struct nx_err err = { 0 };
	PGresult *result = NULL;

	if (nx_pool_run(pool, &q, 1, nx_clock_mono() + 600000, &result,
	    &err) != NX_OK) {
		(void)fprintf(stderr, "claims: %s\n", err.detail);
		exit(1);
	}
	return result;
}

static void
change(struct nx_pool *pool, const char *sql, const char *a, const char *b)
{
	PGresult *result = query(pool, sql, a, b);

	nx_db_clear(&result, 1);
}

/* All due, in the order of their numbers (price). */
static void
fill(struct nx_pool *pool, const char *posts, const char *accounts)
{
	change(pool, "TRUNCATE x_posts, x_parts, x_ids, x_notices", NULL, NULL);
	change(pool, "DO $$ BEGIN IF to_regclass('x_lines') IS NOT NULL THEN"
	    " TRUNCATE x_lines; END IF; END $$", NULL, NULL);
	change(pool, "INSERT INTO x_posts (id, user_id, connection_id, state,"
	    " body_hash, publish_at, next_try_at, price)"
	    " SELECT gen_random_uuid(), md5('u' || i % $2::int)::uuid,"
	    " md5('c' || i % $2::int)::uuid, 'queued', '', now()"
	    " - ($1::int - i) * interval '1 ms', now() - ($1::int - i)"
	    " * interval '1 ms', i FROM generate_series(1, $1::int) AS i",
	    posts, accounts);
	change(pool, "INSERT INTO x_parts (user_id, post_id, position, text,"
	    " weighted_length, state) SELECT user_id, id, 0, 'text', 4,"
	    " 'waiting' FROM x_posts", NULL, NULL);
	change(pool, "DO $$ BEGIN IF to_regclass('x_lines') IS NOT NULL THEN"
	    " INSERT INTO x_lines (user_id, connection_id, post_id, head_at,"
	    " next_at) SELECT DISTINCT ON (connection_id) user_id,"
	    " connection_id, id, next_try_at, next_try_at FROM x_posts"
	    " ORDER BY connection_id, publish_at; END IF; END $$", NULL, NULL);
	change(pool, "ANALYZE x_posts, x_parts", NULL, NULL);
}

/* Of one process: fields 14 and 15 of proc(5), behind its name. */
static long
ticks_of(const char *pid)
{
	char path[64], text[1024] = "", *at;
	long sum = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if ((f = fopen(path, "r")) == NULL)
		return 0;
	at = fgets(text, sizeof(text), f) == NULL ? NULL : strrchr(text, ')');
	(void)fclose(f);
	for (int field = 2; at != NULL && field < 15; field++) {
		if ((at = strchr(at + 1, ' ')) != NULL && field >= 13)
			sum += strtol(at, NULL, 10);
	}
	return sum;
}

/* Of all the database's backends. */
static long
ticks(struct nx_pool *pool)
{
	PGresult *pids = query(pool, "SELECT pid FROM pg_stat_activity WHERE"
	    " datname = current_database() AND backend_type ="
	    " 'client backend'", NULL, NULL);
	long sum = 0;

	for (int i = 0; i < PQntuples(pids); i++)
		sum += ticks_of(PQgetvalue(pids, i, 0));
	nx_db_clear(&pids, 1);
	return sum;
}

/* False: there was none. */
static bool
end_one(struct worker *w, const struct nx_store_ask *ask)
{
	struct run *run = w->run;
	struct nx_claimed c;
	struct nx_err err = { 0 };
	struct nx_post_outcome o;
	char x_id[24];
	bool ours = false;

	if (nx_post_claim_due(ask, &c, &err) != NX_OK) {
		atomic_fetch_add(&run->failures, 1);
		return false;
	}
	if (c.post.id == NULL) {
		atomic_fetch_add(&run->empty, 1);
		return false;
	}
	(void)snprintf(x_id, sizeof(x_id), "%ld", c.post.price);
	o = (struct nx_post_outcome){
		.id = c.post.id, .user_id = c.post.user_id, .lease = c.lease,
		.part_state = NX_PART_SENT, .post_state = NX_POST_STATE_SENT,
		.x_id = x_id, .next_try = -1,
#ifndef WITHOUT_LINES
		.in_line = true,
#endif
	};
	if (nx_post_finish(ask, &o, &ours, &err) != NX_OK || !ours)
		atomic_fetch_add(&run->failures, 1);
	w->ended++;
	atomic_fetch_sub(&run->left, 1);
	return true;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct nx_store_ask ask = {
		.store = &w->run->store, .arena = nx_arena_new(ARENA_MAX),
		.request_id = "claims",
	};

	while (ask.arena != NULL && atomic_load(&w->run->left) > 0) {
		ask.deadline = nx_clock_mono() + PATIENCE_MS;
		if (!end_one(w, &ask))
			nx_clock_sleep(2);
		nx_arena_reset(ask.arena);
	}
	nx_arena_free(ask.arena);
	return NULL;
}

/* Posts that ended before one that stood in front of them. */
static long
disorder(struct nx_pool *pool)
{
	PGresult *n = query(pool, "SELECT count(*) FROM (SELECT updated_at <"
	    " lag(updated_at) OVER (PARTITION BY connection_id ORDER BY"
	    " publish_at) AS early FROM x_posts) s WHERE early", NULL, NULL);
	long out = strtol(PQgetvalue(n, 0, 0), NULL, 10);

	nx_db_clear(&n, 1);
	return out;
}

static void
report(struct run *run, const struct worker *workers, int n, int64_t ms,
    long used)
{
	int most = 0, least = 1 << 30, ended = 0;

	for (int i = 0; i < n; i++) {
		ended += workers[i].ended;
		most = workers[i].ended > most ? workers[i].ended : most;
		least = workers[i].ended < least ? workers[i].ended : least;
	}
	(void)printf("{\"workers\":%d,\"posts\":%d,\"per_s\":%ld,"
	    "\"postgres_us\":%ld,\"least\":%d,\"most\":%d,\"empty\":%d,"
	    "\"failures\":%d,\"disorder\":%ld}\n", n, ended,
	    (long)(ended * 1000LL / (ms > 0 ? ms : 1)),
	    used * (1000000L / sysconf(_SC_CLK_TCK)) / (ended > 0 ? ended : 1),
	    least, most, atomic_load(&run->empty), atomic_load(&run->failures),
	    disorder(run->store.pool));
}

int
main(int argc, char *argv[])
{
	static struct worker workers[WORKERS_MAX];
	static pthread_t threads[WORKERS_MAX];
	int n = argc == 4 ? (int)strtol(argv[1], NULL, 10) : 0;
	struct run run = { 0 };
	struct nx_err err = { 0 };
	int64_t began;
	long before;

	if (n < 1 || n > WORKERS_MAX || getenv("DATABASE_URL") == NULL ||
	    nx_keyring_parse("k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
	    (struct nx_keyring **)&run.store.ring, &err) != NX_OK ||
	    nx_pool_new(getenv("DATABASE_URL"), n < POOL_MAX ? n : POOL_MAX,
	    &run.store.pool, &err) != NX_OK) {
		(void)fprintf(stderr, "usage: claims WORKERS POSTS ACCOUNTS"
		    " %s\n", err.detail);
		return 64;
	}
	fill(run.store.pool, argv[2], argv[3]);
	atomic_store(&run.left, (int)strtol(argv[2], NULL, 10));
	before = ticks(run.store.pool);
	began = nx_clock_mono();
	for (int i = 0; i < n; i++) {
		workers[i].run = &run;
		if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	report(&run, workers, n, nx_clock_mono() - began,
	    ticks(run.store.pool) - before);
	nx_pool_free(run.store.pool);
	nx_keyring_free((struct nx_keyring *)run.store.ring);
	return 0;
}
