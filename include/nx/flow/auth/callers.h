/*
 * callers.h - the keys that tell who is calling, kept up to date.
 *
 * The keys are SUPABASE_JWT_SECRET and a JWKS: that of SUPABASE_JWKS_FILE, or
 * the one that the project of SUPABASE_URL publishes.  The latter is fetched
 * by a thread of its own, at once and then every ten minutes; after a failure
 * after 5 s, 10 s, ... 5 min, while the last good set stays in use.  A token
 * that names an unknown key makes it fetch out of turn, once in 60 s.
 *
 * Tokens that were found good are remembered by their hash until they expire
 * or the keys change: 4096 of them, which is all the memory it ever takes.
 */
#ifndef NX_FLOW_AUTH_CALLERS_H
#define NX_FLOW_AUTH_CALLERS_H

#include "nx/base/conf.h"
#include "nx/seal/jwt.h"
#include "nx/http/http.h"

enum { NX_CALLERS_CACHE = 4096, NX_CALLERS_WAIT_MS = 2000 };

struct nx_callers;

/*
 * `conf` and `ca` (who vouches for Supabase's host; NULL where that is a
 * loopback http:// one) must outlive it.  Nothing is fetched yet.  The caller
 * owns `*out`, which is NULL on failure.
 * Errors: CONFIG (the file cannot be read or used), NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_callers_new(const struct nx_conf *conf,
			    struct nx_http_ca *ca, struct nx_callers **out,
			    struct nx_err *err);

/* No thread may be in nx_callers_check() any more.  NULL is fine. */
void			nx_callers_free(struct nx_callers *callers);

/*
 * Begin to fetch, where there is a URL to fetch from, before the first check.
 * nx_callers_wind_down() lets no further fetch begin, and returns at once: a
 * token with an unknown key is then BUSY, for another process to look at.
 * nx_callers_stop() ends it, after a fetch that is under way.  One thread
 * calls these, once each.
 * NO_MEMORY when no thread can be started.
 */
NX_MUST_USE enum nx_rc	nx_callers_start(struct nx_callers *callers,
			    struct nx_err *err);
void			nx_callers_wind_down(struct nx_callers *callers);
void			nx_callers_stop(struct nx_callers *callers);

/*
 * Whose token is it: genuine, for this project and for `authenticated`.  Any
 * thread.  Waits at most NX_CALLERS_WAIT_MS, and not past `deadline`, for a
 * key that is not known yet.
 * Errors: those of nx_jwt_check(); BUSY while there is a key set to fetch
 * that could not be fetched even once, or too many wait for it.
 */
NX_MUST_USE enum nx_rc	nx_callers_check(struct nx_callers *callers,
			    struct nx_slice token, int64_t deadline,
			    struct nx_jwt_claims *out, struct nx_err *err);

/* Is the project's key set to be fetched, and from where?  NULL: no. */
const char		*nx_callers_project(const struct nx_conf *conf);

#endif
