/* pending.c - grants that wait for their profile. */

#include "nx/store/pending.h"

#include "nx/base/random.h"
#include "nx/store/lease.h"
#include "nx/store/login.h"
#include "row.h"

enum {
	SHORT_MS = 30000,	/* a lease without a renewal */
	NEAR_END = 60,		/* seconds: renew before asking */
	ENOUGH_REFUSALS = 2,	/* 401s that earn a token one renewal */
};

const char nx_column_pending_access[] = "pending_access_token";
const char nx_column_pending_refresh[] = "pending_refresh_token";

/* What is parked here stays sealed as it was: see sql/011_pending.sql. */
#define PARK_GONE(as)							\
	"INSERT INTO x_revocations (id, user_id, connection_id, hint,"	\
	" token, next_try_at, sealed_id, sealed_column)"		\
	" SELECT gen_random_uuid(), g.user_id, " as ", t.hint, t.token,"\
	"  now() + interval '30 s', g.id, 'pending_' || t.hint"		\
	" FROM gone g, LATERAL (VALUES"					\
	"  ('refresh_token', g.refresh_token),"				\
	"  ('access_token', g.access_token)) AS t (hint, token)"	\
	" WHERE t.token IS NOT NULL"

/* Its tokens have gone where they belong, whatever a rescue file says. */
#define ENDED "'connected', 'other_account', 'not_connected', 'x_token'"

/* 1 id, 2 user, 3 access, 4 refresh, 5 expires, 6 hash, 7 scopes, 8 attempt,
 * 9 aim, 10 replaces, 11 asked, 12 granted, 13 claimed */
static const char insert[] =
    "INSERT INTO x_pending (id, user_id, access_token, refresh_token,"
    " token_expires_at, grant_hash, scopes, state_hash, aim, replaces,"
    " asked, granted_at, claimed_at, next_try_at)"
    " SELECT $1::uuid, $2::uuid, $3::text, $4::text,"
    "  to_timestamp($5::bigint), $6::text, $7::text, $8::text, $9::uuid,"
    "  $10::boolean, $11::text, " NX_AT_US("$12") ", " NX_AT_US("$13") ","
    "  now() + interval '3 s'"
    " WHERE NOT EXISTS (SELECT 1 FROM x_grants g"
    "  JOIN platform_connections c ON c.id = g.connection_id"
    "  WHERE c.user_id = $2 AND c.platform = 'twitter'"
    "  AND g.grant_hash = $6)"
    " AND NOT EXISTS (SELECT 1 FROM x_logins WHERE state_hash = $8"
    "  AND outcome IN (" ENDED "))"
    " ON CONFLICT (id) DO NOTHING";

/* 1 id, 2 user, 3 access, 4 refresh, 5 expires, 6 version before, 7 scopes */
static const char renew[] =
    "UPDATE x_pending SET access_token = $3,"
    " refresh_token = coalesce($4, refresh_token),"
    " token_expires_at = to_timestamp($5::bigint),"
    " token_version = token_version + 1,"
    " scopes = coalesce($7, scopes), suspect = false, refusals = 0,"
    " attempt_started_at = NULL,"
    " lease_until = clock_timestamp() + interval '30 s'"
    " WHERE id = $1 AND user_id = $2 AND token_version = $6::bigint";

/* The row has gone: nobody else has this pair. */
static const char park_renewed[] =
    "INSERT INTO x_revocations (id, user_id, connection_id, hint, token,"
    " next_try_at)"
    " SELECT p.id, $2, $1, p.hint, p.token, now()"
    " FROM (VALUES ($3::uuid, 'refresh_token', $4::text),"
    "  ($5::uuid, 'access_token', $6::text)) AS p (id, hint, token)"
    " WHERE p.token IS NOT NULL AND NOT EXISTS ("
    "  SELECT 1 FROM x_pending WHERE id = $1)"
    " AND NOT EXISTS (SELECT 1 FROM x_grants g"
    "  JOIN platform_connections c ON c.id = g.connection_id"
    "  WHERE c.user_id = $2 AND c.platform = 'twitter'"
    "  AND g.grant_hash = $7)"
    " ON CONFLICT (id) DO NOTHING";

static const char note[] =
    "UPDATE x_logins SET outcome = 'pending' WHERE state_hash = $1"
    " AND (outcome IN (" ENDED ")) IS NOT TRUE"
    " AND EXISTS (SELECT 1 FROM x_pending WHERE id = $2)";

static enum nx_rc
seal(const struct nx_store_ask *ask, const struct nx_pending *p,
    const char **access, const char **refresh, struct nx_err *err)
{
	struct nx_place place = { p->id, p->user_id,
	    nx_column_pending_access };
	enum nx_rc rc;

	rc = nx_row_seal(ask, &place, p->access_token, access, err);
	place.column = nx_column_pending_refresh;
	if (rc == NX_OK)
		rc = nx_row_seal(ask, &place, p->refresh_token, refresh,
		    err);
	return rc;
}

static enum nx_rc
put_first(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	char expires[NX_NUMBER_MAX];
	char granted[NX_NUMBER_MAX], claimed[NX_NUMBER_MAX];
	struct nx_query queries[] = {
		{ insert, { p->id, p->user_id, NULL, NULL,
		    nx_row_number(expires, p->expires_at), p->grant_hash,
		    p->scopes, p->login_hash, p->aim,
		    p->replaces ? "true" : "false", p->asked,
		    nx_row_number(granted, p->granted_us),
		    nx_row_number(claimed, p->claimed_us) }, 13 },
		{ note, { p->login_hash, p->id }, 2 },
	};
	enum nx_rc rc = seal(ask, p, &queries[0].params[2],
	    &queries[0].params[3], err);

	return rc == NX_OK ? nx_row_write(ask, queries, 2, err) : rc;
}

static enum nx_rc
put_renewed(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	char expires[NX_NUMBER_MAX], before[NX_NUMBER_MAX];
	struct nx_query queries[] = {
		{ renew, { p->id, p->user_id, NULL, NULL,
		    nx_row_number(expires, p->expires_at),
		    nx_row_number(before, p->version - 1), p->scopes }, 7 },
		{ park_renewed, { p->id, p->user_id, NULL, NULL, NULL, NULL,
		    p->grant_hash }, 7 },
		{ note, { p->login_hash, p->id }, 2 },
	};
	enum nx_rc rc = seal(ask, p, &queries[0].params[2],
	    &queries[0].params[3], err);

	if (rc == NX_OK)
		rc = nx_revocation_seal(ask, p->user_id, p->refresh_token,
		    &queries[1].params[2], err);
	if (rc == NX_OK)
		rc = nx_revocation_seal(ask, p->user_id, p->access_token,
		    &queries[1].params[4], err);
	return rc == NX_OK ? nx_row_write(ask, queries, 3, err) : rc;
}

enum nx_rc
nx_pending_put(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	return p->version == 1 ? put_first(ask, p, err) :
	    put_renewed(ask, p, err);
}

#define IS_DUE								\
	"(next_try_at <= clock_timestamp() AND (lease_until IS NULL"	\
	"  OR lease_until <= clock_timestamp()))"

enum nx_rc
nx_pending_is_due(const struct nx_store_ask *ask, bool *out,
    struct nx_err *err)
{
	const struct nx_query query = {
		.sql = "SELECT EXISTS (SELECT 1 FROM x_pending WHERE " IS_DUE
		    ")",
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*out = rc == NX_OK && nx_row_bool(row, 0, 0);
	nx_db_clear(&row, 1);
	return rc;
}

/*
 * 1 owner, 2 and 3 ms of a lease without and with a renewal, 4 seconds before
 * the end, 5 refusals that earn a renewal.  A repeated call finds its own.
 */
static const char take[] =
    "WITH next AS ("
    " SELECT id, refresh_token IS NOT NULL AND (token_expires_at <"
    "  now() + $4::float8 * interval '1 s'"
    "  OR (refusals = $5::integer AND token_version = 1)) AS renew"
    " FROM x_pending WHERE lease_owner = $1 OR " IS_DUE
    " ORDER BY lease_owner IS NOT DISTINCT FROM $1 DESC, next_try_at"
    " LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
    "UPDATE x_pending p SET lease_owner = $1, tries = tries + 1,"
    " lease_until = clock_timestamp() + CASE WHEN next.renew"
    "  THEN $3::float8 ELSE $2::float8 END * interval '1 ms',"
    " suspect = CASE WHEN p.lease_owner = $1 THEN suspect"
    "  ELSE suspect OR attempt_started_at IS NOT NULL END,"
    " attempt_started_at = CASE WHEN next.renew THEN now()"
    "  ELSE attempt_started_at END"
    " FROM next WHERE p.id = next.id"
    " RETURNING p.id, user_id, state_hash, aim, replaces, asked, scopes,"
    "  extract(epoch FROM token_expires_at)::bigint, "
    NX_US_OF("granted_at") ", " NX_US_OF("claimed_at") ", grant_hash,"
    "  token_version, next.renew, suspect, tries, refusals, access_token,"
    "  refresh_token";

enum { ACCESS = 16, REFRESH };

static enum nx_rc
read_row(const struct nx_store_ask *ask, const PGresult *r,
    struct nx_waiting *out, struct nx_err *err)
{
	struct nx_pending *p = &out->pending;
	struct nx_place place = { .column = nx_column_pending_access };
	enum nx_rc rc;

	*p = (struct nx_pending){
		.id = nx_row_str(ask->arena, r, 0, 0),
		.user_id = nx_row_str(ask->arena, r, 0, 1),
		.login_hash = nx_row_str(ask->arena, r, 0, 2),
		.aim = nx_row_str(ask->arena, r, 0, 3),
		.replaces = nx_row_bool(r, 0, 4),
		.asked = nx_row_str(ask->arena, r, 0, 5),
		.scopes = nx_row_str(ask->arena, r, 0, 6),
		.expires_at = nx_row_i64(r, 0, 7),
		.granted_us = nx_row_i64(r, 0, 8),
		.claimed_us = nx_row_i64(r, 0, 9),
		.grant_hash = nx_row_str(ask->arena, r, 0, 10),
		.version = nx_row_i64(r, 0, 11),
	};
	out->renew = nx_row_bool(r, 0, 12);
	out->suspect = nx_row_bool(r, 0, 13);
	out->tries = (int)nx_row_i64(r, 0, 14);
	out->refusals = (int)nx_row_i64(r, 0, 15);
	if (!nx_arena_ok(ask->arena))
		return nx_fail(err, NX_NO_MEMORY, "while reading a grant");
	place.id = p->id;
	place.user_id = p->user_id;
	rc = nx_row_open(ask, &place, nx_row_peek(r, 0, ACCESS),
	    &p->access_token, err);
	place.column = nx_column_pending_refresh;
	if (rc == NX_OK)
		rc = nx_row_open(ask, &place, nx_row_peek(r, 0, REFRESH),
		    &p->refresh_token, err);
	out->broken = rc == NX_SEAL_BROKEN;
	return out->broken ? NX_OK : rc;
}

enum nx_rc
nx_pending_take(const struct nx_store_ask *ask, struct nx_waiting *out,
    struct nx_err *err)
{
	char brief[NX_NUMBER_MAX], full[NX_NUMBER_MAX];
	char near_end[NX_NUMBER_MAX], enough[NX_NUMBER_MAX];
	const struct nx_put_off later = { .pause = NX_LEASE_PAUSE_MAX / 3 };
	const struct nx_query query = { take, { out->owner,
	    nx_row_number(brief, SHORT_MS), nx_row_number(full, NX_LEASE_MS),
	    nx_row_number(near_end, NEAR_END),
	    nx_row_number(enough, ENOUGH_REFUSALS) }, 5 };
	PGresult *row = NULL;
	enum nx_rc rc, put;

	memset(out, 0, sizeof(*out));
	nx_random_uuid(out->owner);
	rc = nx_row_repeat(ask, &query, 1, &row, err);
	if (rc == NX_OK && PQntuples(row) == 1) {
		rc = read_row(ask, row, out, err);
		put = rc != NX_KEY_UNKNOWN ? NX_OK :
		    nx_pending_put_off(ask, out, &later, NULL);
		(void)put;		/* else its lease runs out */
	}
	nx_db_clear(&row, 1);
	return rc;
}

/* 1 id, 2 owner, 3 pause, 4 whether X knew the token, 5 whether an answer was
 * lost */
static const char put_off[] =
    "UPDATE x_pending SET lease_owner = NULL, lease_until = NULL,"
    " next_try_at = clock_timestamp() + $3::float8 * interval '1 s',"
    " refusals = refusals + $4::boolean::integer,"
    " attempt_started_at = CASE WHEN $5::boolean OR suspect"
    "  THEN attempt_started_at END"
    " WHERE id = $1 AND lease_owner = $2";

enum nx_rc
nx_pending_put_off(const struct nx_store_ask *ask,
    const struct nx_waiting *w, const struct nx_put_off *how,
    struct nx_err *err)
{
	char pause[NX_NUMBER_MAX];
	const struct nx_query query = { put_off, { w->pending.id, w->owner,
	    nx_row_number(pause, how->pause),
	    how->refused ? "true" : "false", how->lost ? "true" : "false" },
	    5 };

	return nx_row_write(ask, &query, 1, err);
}

/* 1 id, 2 version, 3 outcome */
static const char drop[] =
    "WITH gone AS (DELETE FROM x_pending WHERE id = $1"
    "  AND token_version = $2::bigint RETURNING *),"
    "told AS (UPDATE x_logins l SET outcome = $3 FROM gone"
    "  WHERE l.state_hash = gone.state_hash"
    "  AND l.outcome IS DISTINCT FROM 'connected')"
    PARK_GONE("g.id");

enum nx_rc
nx_pending_drop(const struct nx_store_ask *ask, const struct nx_waiting *w,
    const char *outcome, struct nx_err *err)
{
	char version[NX_NUMBER_MAX];
	const struct nx_query query = { drop, { w->pending.id,
	    nx_row_number(version, w->pending.version), outcome }, 3 };

	return nx_row_write(ask, &query, 1, err);
}

/* 1 user, 2 connection, 3 whether it must be the aim, 4 parked as */
static const char end[] =
    "WITH gone AS (DELETE FROM x_pending WHERE user_id = $1"
    "  AND ($2::uuid IS NULL OR aim = $2 OR aim IS NULL"
    "   AND NOT $3::boolean) RETURNING *),"
    "told AS (UPDATE x_logins l SET outcome = 'not_connected' FROM gone"
    "  WHERE l.state_hash = gone.state_hash"
    "  AND l.outcome IS DISTINCT FROM 'connected'),"
    "parked AS (" PARK_GONE("$4::uuid") ")"
    "SELECT count(*) FROM gone";

enum nx_rc
nx_pending_end(const struct nx_store_ask *ask,
    const struct nx_pending_which *which, const char *parked_as, int *ended,
    struct nx_err *err)
{
	const struct nx_query query = { end, { which->user_id,
	    which->connection_id, which->only_aimed ? "true" : "false",
	    parked_as }, 4 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*ended = rc == NX_OK ? (int)nx_row_i64(row, 0, 0) : 0;
	nx_db_clear(&row, 1);
	return rc;
}

static const char count[] =
    "SELECT (SELECT count(*) FROM x_pending WHERE user_id = $1)"
    " + (SELECT count(*) FROM x_logins WHERE user_id = $1"
    "  AND outcome IS NULL"
    "  AND created_at > clock_timestamp() - interval '" NX_LOGIN_OPEN "')";

enum nx_rc
nx_pending_count(const struct nx_store_ask *ask, const char *user_id,
    int *out, struct nx_err *err)
{
	const struct nx_query query = { count, { user_id }, 1 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*out = rc == NX_OK ? (int)nx_row_i64(row, 0, 0) : 0;
	nx_db_clear(&row, 1);
	return rc;
}
