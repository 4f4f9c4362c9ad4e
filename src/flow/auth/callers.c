/*
 * callers.c - a snapshot of the keys, a thread that renews it, and what was
 * found good with it.
 *
 * Lock: `mutex` guards what stands below it in struct nx_callers and is never
 * held while a token is checked or a key set fetched.  Whoever checks holds a
 * reference to the snapshot; the last one to let go frees it.
 */

#include "nx/flow/auth/callers.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/must.h"
#include "nx/base/random.h"
#include "nx/base/threads.h"
#include "nx/seal/verified.h"

enum {
	FETCH_MS = 5000,		/* one fetch at the most */
	EVERY_MS = 600 * 1000,
	AGAIN_MS = 5000,		/* after a failure, then doubling */
	AGAIN_MAX_MS = 300 * 1000,
	ASK_MS = 60 * 1000,		/* between fetches out of turn */
};

static const char audience[] = "authenticated";

struct snapshot {
	struct nx_jwt_keys	*keys;
	unsigned char		 hash[NX_SHA256_BYTES];	/* of the JWKS */
	uint64_t		 generation;
	atomic_int		 holders;
};

struct nx_callers {
	const struct nx_conf	*conf;
	struct nx_http_ca	*ca;
	struct nx_http		*http;		/* the fetcher's */
	struct nx_verified	*verified;
	struct nx_buf		 issuer;	/* empty: any */
	struct nx_buf		 url;		/* empty: nothing to fetch */
	struct nx_threads	*fetcher;
	int			 waiting_max;

	pthread_mutex_t		 mutex;
	pthread_cond_t		 wake;		/* for the fetcher */
	pthread_cond_t		 ended;		/* for who waits for it */
	struct snapshot		*current;
	uint64_t		 fetches;	/* that have ended */
	int64_t			 asked_at;	/* out of turn, mono ms */
	int			 waiting;
	bool			 running, stopping, wanted, fetching;
	bool			 loaded;	/* a fetch has succeeded */
};

static void
release_snapshot(struct snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->holders, 1) > 1)
		return;
	nx_jwt_keys_free(s->keys);
	free(s);
}

static struct snapshot *
hold_snapshot(struct nx_callers *c)
{
	struct snapshot *s;

	nx_lock(&c->mutex);
	s = c->current;
	(void)atomic_fetch_add(&s->holders, 1);
	nx_unlock(&c->mutex);
	return s;
}

/* Make it the one that is used from now on. */
static void
publish_snapshot(struct nx_callers *c, struct snapshot *s)
{
	struct snapshot *old;

	nx_lock(&c->mutex);
	old = c->current;
	s->generation = old == NULL ? 1 : old->generation + 1;
	c->current = s;
	nx_unlock(&c->mutex);
	release_snapshot(old);
}

/* The secret and `jwks`; nothing happens when that is what is in use. */
static enum nx_rc
adopt_jwks(struct nx_callers *c, struct nx_slice jwks, bool *changed,
    struct nx_err *err)
{
	unsigned char hash[NX_SHA256_BYTES];
	struct snapshot *s;
	enum nx_rc rc;

	nx_sha256(jwks, hash);
	/* Nobody but the caller replaces it, so it needs no holding. */
	*changed = c->current == NULL ||
	    memcmp(c->current->hash, hash, sizeof(hash)) != 0;
	if (!*changed)
		return NX_OK;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return nx_fail(err, NX_NO_MEMORY, "while reading JWT keys");
	memcpy(s->hash, hash, sizeof(hash));
	atomic_init(&s->holders, 1);
	rc = nx_jwt_keys_new(c->conf->jwt_secret, jwks, &s->keys, err);
	if (rc != NX_OK)
		release_snapshot(s);
	else
		publish_snapshot(c, s);
	return rc;
}

static enum nx_rc
read_jwks_file(const char *path, struct nx_buf *out, struct nx_err *err)
{
	char chunk[4096];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return nx_fail(err, NX_CONFIG, "%s cannot be opened.", path);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		nx_buf_add(out, chunk, (size_t)n);
	(void)close(fd);
	if (n < 0 || !nx_buf_ok(out))
		return nx_fail(err, NX_CONFIG, "%s cannot be read, or is"
		    " longer than %zu bytes.", path, out->max);
	return NX_OK;
}

const char *
nx_callers_project(const struct nx_conf *conf)
{
	return conf->jwks_file == NULL ? conf->supabase_url : NULL;
}

static enum nx_rc
load_keys(struct nx_callers *c, struct nx_err *err)
{
	struct nx_buf jwks = NX_BUF(NX_JWKS_MAX);
	const struct nx_conf *conf = c->conf;
	enum nx_rc rc = NX_OK;
	bool changed;

	if (conf->supabase_url != NULL)
		nx_buf_addf(&c->issuer, "%s/auth/v1", conf->supabase_url);
	if (nx_callers_project(conf) != NULL)
		nx_buf_addf(&c->url, "%s/auth/v1/.well-known/jwks.json",
		    conf->supabase_url);
	/* A lost issuer would accept any. */
	if (c->verified == NULL || !nx_buf_ok(&c->issuer) ||
	    !nx_buf_ok(&c->url))
		return nx_fail(err, NX_NO_MEMORY, "for JWT keys");
	if (conf->jwks_file != NULL)
		rc = read_jwks_file(conf->jwks_file, &jwks, err);
	if (rc == NX_OK)
		rc = adopt_jwks(c, nx_buf_slice(&jwks), &changed, err);
	nx_buf_free(&jwks);
	return rc;
}

enum nx_rc
nx_callers_new(const struct nx_conf *conf, struct nx_http_ca *ca,
    struct nx_callers **out, struct nx_err *err)
{
	struct nx_callers *c = calloc(1, sizeof(*c));
	enum nx_rc rc;

	*out = NULL;
	if (c == NULL)
		return nx_fail(err, NX_NO_MEMORY, "for JWT keys");
	c->conf = conf;
	c->ca = ca;
	c->issuer = (struct nx_buf)NX_BUF(NX_JWKS_URL_MAX);
	c->url = (struct nx_buf)NX_BUF(NX_JWKS_URL_MAX);
	c->verified = nx_verified_new(NX_CALLERS_CACHE);
	c->asked_at = nx_clock_mono() - ASK_MS;
	c->waiting_max = conf->threads > 1 ? conf->threads / 2 : 1;
	nx_mutex_init(&c->mutex);
	nx_cond_init(&c->wake);
	nx_cond_init(&c->ended);
	if ((rc = load_keys(c, err)) != NX_OK) {
		nx_callers_free(c);
		return rc;
	}
	*out = c;
	return NX_OK;
}

void
nx_callers_free(struct nx_callers *c)
{
	if (c == NULL)
		return;
	nx_callers_stop(c);
	release_snapshot(c->current);
	nx_verified_free(c->verified);
	nx_buf_free(&c->issuer);
	nx_buf_free(&c->url);
	nx_cond_destroy(&c->wake);
	nx_cond_destroy(&c->ended);
	nx_mutex_destroy(&c->mutex);
	free(c);
}

/* False: `why` it failed, for the log. */
static bool
fetch_jwks(struct nx_callers *c, bool *changed, struct nx_buf *why)
{
	const struct nx_http_ask ask = {
		.method = "GET",
		.url = nx_buf_str(&c->url),
		.deadline = nx_clock_mono() + FETCH_MS,
	};
	struct nx_http_answer answer;
	struct nx_err err = { 0 };

	nx_http_do(c->http, &ask, &answer);
	/* adopt_jwks() understands an empty text as: there is no JWKS. */
	if (answer.outcome != NX_HTTP_ANSWERED)
		nx_buf_adds(why, answer.why);
	else if (answer.status != 200 || answer.body.n == 0)
		nx_buf_addf(why, "it answered %d%s", answer.status,
		    answer.body.n == 0 ? ", nothing" : "");
	else if (adopt_jwks(c, answer.body, changed, &err) != NX_OK)
		nx_buf_adds(why, err.detail);
	else
		return true;
	return false;
}

/* Fetch, and say in the log what came of it. */
static bool
fetch_and_log(struct nx_callers *c)
{
	struct nx_buf why = NX_BUF(sizeof(((struct nx_err *)0)->detail));
	bool changed = false;
	const bool good = fetch_jwks(c, &changed, &why);

	if (!good)
		nx_log(&c->conf->log, NX_LOG_WARN, NULL, "jwks.failed",
		    NX_S("url", nx_buf_str(&c->url)),
		    NX_S("detail", nx_buf_str(&why)));
	else if (changed)
		nx_log(&c->conf->log, NX_LOG_INFO, NULL, "jwks.fetched",
		    NX_S("url", nx_buf_str(&c->url)), NX_I("keys",
		    (int64_t)nx_jwt_keys_count(c->current->keys)));
	nx_buf_free(&why);
	return good;
}

/* Up to a tenth more or less, so that hosts do not ask all at once. */
static int
with_jitter(int ms)
{
	uint32_t n;

	nx_random(&n, sizeof(n));
	return ms - ms / 10 + (int)(n % (uint32_t)(ms / 5));
}

static void
fetch_in_turn(void *ctx, int index)
{
	struct nx_callers *c = ctx;
	int again = AGAIN_MS;
	int64_t next = 0;

	(void)index;
	nx_lock(&c->mutex);
	while (!c->stopping) {
		bool good, in_turn = nx_clock_mono() >= next;

		c->wanted = false;
		c->fetching = true;
		nx_unlock(&c->mutex);
		good = fetch_and_log(c);
		nx_lock(&c->mutex);
		c->fetching = false;
		c->loaded = c->loaded || good;
		c->fetches++;
		nx_cond_broadcast(&c->ended);
		if (good || in_turn)
			next = nx_clock_mono() +
			    with_jitter(good ? EVERY_MS : again);
		if (good)
			again = AGAIN_MS;
		else if (in_turn)
			again = again * 2 < AGAIN_MAX_MS ? again * 2 :
			    AGAIN_MAX_MS;
		while (!c->stopping && !c->wanted &&
		    nx_cond_wait_until(&c->wake, &c->mutex, next))
			;
	}
	nx_unlock(&c->mutex);
}

enum nx_rc
nx_callers_start(struct nx_callers *c, struct nx_err *err)
{
	if (c->url.n == 0)
		return NX_OK;
	if ((c->http = nx_http_new(c->ca)) == NULL)
		return nx_fail(err, NX_NO_MEMORY, "No thread can start.");
	c->wanted = true;
	c->fetcher = nx_threads_new(1);
	c->running = c->fetcher != NULL && nx_threads_start(c->fetcher,
	    "keys", 1, fetch_in_turn, c) == 1;
	return c->running ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "No thread can start.");
}

void
nx_callers_wind_down(struct nx_callers *c)
{
	nx_lock(&c->mutex);
	c->stopping = true;
	nx_cond_broadcast(&c->wake);
	nx_unlock(&c->mutex);
}

void
nx_callers_stop(struct nx_callers *c)
{
	nx_callers_wind_down(c);
	nx_threads_free(c->fetcher);
	c->fetcher = NULL;
	nx_lock(&c->mutex);
	c->running = false;
	nx_unlock(&c->mutex);
	nx_http_free(c->http);
	c->http = NULL;
}

/* With the lock held: is a fetch under way, or can one be, out of turn? */
static bool
request_fetch(struct nx_callers *c)
{
	const int64_t now = nx_clock_mono();

	if (c->fetching)
		return true;
	if (!c->running || c->stopping)
		return false;
	if (c->wanted)
		return true;
	if (now - c->asked_at < ASK_MS)
		return false;
	c->asked_at = now;
	c->wanted = true;
	nx_cond_signal(&c->wake);
	return true;
}

/*
 * Wait for keys that are newer than those of `generation`.  A fetch that was
 * under way may have read what is old by now, so another one may follow it.
 * BUSY when too many wait already: the others are still to be served.
 */
static enum nx_rc
await_keys(struct nx_callers *c, uint64_t generation, int64_t deadline,
    struct nx_err *err)
{
	const int64_t soon = nx_clock_mono() + NX_CALLERS_WAIT_MS;
	const int64_t until = deadline < soon ? deadline : soon;
	enum nx_rc rc = NX_OK;
	bool in_time = true;

	nx_lock(&c->mutex);
	while (in_time && c->current->generation == generation &&
	    request_fetch(c)) {
		const uint64_t before = c->fetches;

		if (c->waiting == c->waiting_max) {
			rc = nx_fail(err, NX_BUSY, "The keys that sign-ins"
			    " are checked with are being fetched.");
			err->retry_after = 2;
			break;
		}
		c->waiting++;
		while (in_time && c->fetches == before)
			in_time = nx_cond_wait_until(&c->ended, &c->mutex,
			    until);
		c->waiting--;
	}
	nx_unlock(&c->mutex);
	return rc;
}

static enum nx_rc
check_token(struct nx_callers *c, const struct snapshot *s,
    struct nx_slice token, struct nx_jwt_claims *out, struct nx_err *err)
{
	const struct nx_jwt_rules rules = {
		.issuer = c->issuer.n == 0 ? NULL : nx_buf_str(&c->issuer),
		.audience = audience,
		.clients = c->conf->oauth_clients,
		.now = nx_clock_wall(),
		.leeway = NX_JWT_LEEWAY,
	};
	unsigned char hash[NX_SHA256_BYTES];
	enum nx_rc rc;

	nx_sha256(token, hash);
	if (nx_verified_find(c->verified, hash, s->generation, rules.now,
	    out))
		return NX_OK;
	rc = nx_jwt_check(s->keys, token, &rules, out, err);
	if (rc == NX_OK)
		nx_verified_keep(c->verified, hash, s->generation, out);
	return rc;
}

/*
 * Nobody can be told apart before there were any keys at all, and once none
 * are fetched any more somebody else may know newer ones.
 */
static enum nx_rc
busy_while_unloaded(struct nx_callers *c, enum nx_rc rc, struct nx_err *err)
{
	bool waits;

	nx_lock(&c->mutex);
	waits = c->running && (!c->loaded || c->stopping);
	nx_unlock(&c->mutex);
	if (!waits)
		return rc;
	rc = nx_fail(err, NX_BUSY, "The keys that sign-ins are checked with"
	    " could not be fetched yet.");
	err->retry_after = 5;
	return rc;
}

enum nx_rc
nx_callers_check(struct nx_callers *c, struct nx_slice token,
    int64_t deadline, struct nx_jwt_claims *out, struct nx_err *err)
{
	struct snapshot *s = hold_snapshot(c);
	uint64_t tried = s->generation;
	enum nx_rc rc = check_token(c, s, token, out, err);

	release_snapshot(s);
	if (!out->unknown_kid)
		return rc;
	if (await_keys(c, tried, deadline, err) != NX_OK)
		return NX_BUSY;
	s = hold_snapshot(c);
	if (s->generation != tried)
		rc = check_token(c, s, token, out, err);
	release_snapshot(s);
	return out->unknown_kid ? busy_while_unloaded(c, rc, err) : rc;
}
