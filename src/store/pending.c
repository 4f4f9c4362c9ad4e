/* pending.c - grants that wait for their profile. */

#include "nx/store/pending.h"

#include "nx/base/uuid.h"
#include "nx/seal/digest.h"
#include "nx/store/lease.h"
#include "nx/store/login.h"
#include "park.h"
#include "row.h"

enum {
	SHORT_MS = 30000,	/* a lease without a renewal */
	NEAR_END = 60,		/* seconds: renew before asking */
	ENOUGH_REFUSALS = 2,	/* 401s that earn a token one renewal */
};

const char nx_column_pending_access[] = "pending_access_token";
const char nx_column_pending_refresh[] = "pending_refresh_token";

/* Its tokens have gone where they belong, whatever a rescue file says. */
#define ENDED "'connected', 'other_account', 'not_connected', 'x_token'"

/* 1 id, 2 user, 3 access, 4 refresh, 5 expires, 6 hash, 7 scopes, 8 attempt,
 * 9 aim, 10 replaces, 11 asked, 12 granted, 13 claimed, 14 version */
#define NEW_ROW								\
	"INSERT INTO x_pending (id, user_id, access_token,"		\
	" refresh_token, token_expires_at, grant_hash, scopes,"		\
	" state_hash, aim, replaces, asked, granted_at, claimed_at,"	\
	" token_version, next_try_at)"					\
	" SELECT $1::uuid, $2::uuid, $3::text, $4::text,"		\
	"  to_timestamp($5::bigint), $6::text, $7::text, $8::text,"	\
	"  $9::uuid, $10::boolean, $11::text, " NX_AT_US("$12") ", "	\
	NX_AT_US("$13") ", $14::bigint, now() + interval '3 s'"
enum { ROW_PARAMS = 14 };

static const char insert[] =
    NEW_ROW " WHERE NOT EXISTS (SELECT 1 FROM x_grants g"
    "  JOIN platform_connections c ON c.user_id = g.user_id"
    "  AND c.id = g.connection_id"
    "  WHERE c.user_id = $2 AND c.platform = '" NX_PLATFORM "'"
    "  AND g.grant_hash = $6)"
    " AND NOT EXISTS (SELECT 1 FROM x_logins WHERE user_id = $2"
    "  AND state_hash = $8 AND outcome IN (" ENDED "))"
    " ON CONFLICT (user_id, id) DO NOTHING";

/* 1 id, 2 user, 3 access, 4 refresh, 5 expires, 6 version before, 7 scopes,
 * 8 hash */
static const char renew_pending[] =
    "UPDATE x_pending SET access_token = $3,"
    " refresh_token = coalesce($4, refresh_token),"
    " token_expires_at = to_timestamp($5::bigint),"
    " token_version = token_version + 1, grant_hash = $8,"
    " scopes = coalesce($7, scopes), suspect = false, refusals = 0,"
    " attempt_started_at = NULL,"
    " lease_until = (SELECT clock_timestamp() + interval '30 s')"
    " WHERE id = $1 AND user_id = $2 AND token_version = $6::bigint";

/*
 * Whoever gave the row up since had only the pair before this one, which X no
 * longer knew.  As NEW_ROW.
 */
static const char revive[] =
    "WITH again AS (UPDATE x_logins SET outcome = 'pending'"
    "  WHERE user_id = $2 AND state_hash = $8 AND outcome = 'x_token'"
    "  AND NOT EXISTS (SELECT 1 FROM x_pending"
    "   WHERE user_id = $2 AND id = $1)"
    "  RETURNING 1) "
    NEW_ROW " FROM again ON CONFLICT (user_id, id) DO NOTHING";

/*
 * Or made a connection of that one, whose refresh token is spent.
 * 1 user, 2 hash of the pair before, 3 id
 */
static const char heir[] =
    "SELECT c.id, g.token_version FROM platform_connections c"
    " JOIN x_grants g ON g.user_id = c.user_id AND g.connection_id = c.id"
    " WHERE c.user_id = $1 AND c.platform = '" NX_PLATFORM "'"
    " AND g.grant_hash = $2 AND g.refreshed_by IS NULL"
    " AND c.status IN ('connected', 'needs_reauth')"
    " AND NOT EXISTS (SELECT 1 FROM x_pending"
    "  WHERE user_id = $1 AND id = $3)"
    " FOR NO KEY UPDATE OF c";

/* Otherwise nobody has a use for this pair. */
static const char park_renewed[] =
    NX_PARK_INTO " SELECT p.id, $2, $1, NULL, p.hint, p.token, now()"
    " FROM " NX_PARK_PAIR("$3", "$4", "$5", "$6")
    " WHERE p.token IS NOT NULL AND NOT EXISTS ("
    "  SELECT 1 FROM x_pending WHERE user_id = $2 AND id = $1)"
    " AND NOT EXISTS (SELECT 1 FROM x_grants g"
    "  JOIN platform_connections c ON c.user_id = g.user_id"
    "  AND c.id = g.connection_id"
    "  WHERE c.user_id = $2 AND c.platform = '" NX_PLATFORM "'"
    "  AND (g.grant_hash = $8 OR g.grant_hash = $7"
    "   AND c.status IN ('connected', 'needs_reauth')))"
    " ON CONFLICT (user_id, id) DO NOTHING";

/* 1 user, 2 attempt, 3 id */
static const char note[] =
    "UPDATE x_logins SET outcome = 'pending'"
    " WHERE user_id = $1 AND state_hash = $2"
    " AND (outcome IN (" ENDED ")) IS NOT TRUE"
    " AND EXISTS (SELECT 1 FROM x_pending WHERE user_id = $1 AND id = $3)";

static enum nx_rc
seal_pending(const struct nx_store_ask *ask, const struct nx_pending *p,
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

/* Texts of the parameters. */
struct texts {
	char	expires[NX_NUMBER_MAX], version[NX_NUMBER_MAX];
	char	granted[NX_NUMBER_MAX], claimed[NX_NUMBER_MAX];
};

/* As NEW_ROW; the tokens are sealed. */
static void
fill_pending(struct nx_query *q, const struct nx_pending *p, const char *hash,
    const char *const sealed[2], struct texts *t)
{
	const char *params[ROW_PARAMS] = { p->id, p->user_id, sealed[0],
	    sealed[1], nx_row_number(t->expires, p->expires_at), hash,
	    p->scopes, p->login_hash, p->aim,
	    p->replaces ? "true" : "false", p->asked,
	    nx_row_number(t->granted, p->granted_us),
	    nx_row_number(t->claimed, p->claimed_us),
	    nx_row_number(t->version, p->version) };

	memcpy(q->params, params, sizeof(params));
	q->nparams = ROW_PARAMS;
}

static enum nx_rc
put_first(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	struct nx_query queries[] = {
		{ .sql = insert },
		{ note, { p->user_id, p->login_hash, p->id }, 3 },
	};
	const char *sealed[2];
	struct texts texts;
	enum nx_rc rc = seal_pending(ask, p, &sealed[0], &sealed[1], err);

	if (rc != NX_OK)
		return rc;
	fill_pending(&queries[0], p, p->grant_hash, sealed, &texts);
	return nx_row_write(ask, queries, 2, err);
}

/* The connection that is to have it. */
static enum nx_rc
inherit(const struct nx_store_ask *ask, const struct nx_pending *p,
    const PGresult *found, struct nx_err *err)
{
	const struct nx_new_pair pair = {
		.user_id = p->user_id,
		.connection_id = nx_row_peek(found, 0, 0),
		.owner = p->id,
		.version = nx_row_i64(found, 0, 1),
		.access_token = p->access_token,
		.refresh_token = p->refresh_token,
		.scopes = p->scopes,
		.expires_at = p->expires_at,
	};
	bool saved;

	return nx_lease_save(ask, &pair, &saved, err);
}

static enum nx_rc
seal_parked(const struct nx_store_ask *ask, const struct nx_pending *p,
    const char **params, struct nx_err *err)
{
	enum nx_rc rc = nx_revocation_seal(ask, p->user_id, p->refresh_token,
	    &params[0], err);

	return rc != NX_OK ? rc : nx_revocation_seal(ask, p->user_id,
	    p->access_token, &params[2], err);
}

/* The heir is locked before the pair may be parked for want of one. */
static enum nx_rc
put_renewed(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	char hash[NX_SHA256_HEX + 1], before[NX_NUMBER_MAX];
	struct texts texts;
	const char *sealed[2];
	enum { RENEW, REVIVE, HEIR, PARK, NOTE, N };
	struct nx_query queries[N] = {
		[REVIVE] = { .sql = revive },
		[HEIR] = { heir, { p->user_id, p->grant_hash, p->id }, 3 },
		[PARK] = { park_renewed, { p->id, p->user_id, NULL, NULL,
		    NULL, NULL, p->grant_hash, hash }, 8 },
		[NOTE] = { note, { p->user_id, p->login_hash, p->id }, 3 },
	};
	PGresult *results[N] = { NULL };
	enum nx_rc rc = seal_pending(ask, p, &sealed[0], &sealed[1], err);

	nx_sha256_hex(nx_slice_str(p->access_token), hash);
	if (rc == NX_OK)
		rc = seal_parked(ask, p, &queries[PARK].params[2], err);
	if (rc != NX_OK)
		return rc;
	fill_pending(&queries[REVIVE], p, hash, sealed, &texts);
	queries[RENEW] = (struct nx_query){ renew_pending, { p->id, p->user_id,
	    sealed[0], sealed[1], texts.expires,
	    nx_row_number(before, p->version - 1), p->scopes, hash }, 8 };
	rc = nx_row_repeat(ask, queries, N, results, err);
	if (rc == NX_OK && PQntuples(results[HEIR]) > 0)
		rc = inherit(ask, p, results[HEIR], err);
	nx_db_clear(results, N);
	return rc;
}

enum nx_rc
nx_pending_put(const struct nx_store_ask *ask, const struct nx_pending *p,
    struct nx_err *err)
{
	return p->version == 1 ? put_first(ask, p, err) :
	    put_renewed(ask, p, err);
}

#define IS_DUE								\
	"(next_try_at <= (SELECT clock_timestamp()) AND (lease_until"	\
	"  IS NULL OR lease_until <= (SELECT clock_timestamp())))"

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

static const struct nx_query find_waiting = {
	.sql = NX_FIND_BY("next_try_at", "tries", "x_pending",
	    "next_try_at <= now()"
	    " AND (lease_until IS NULL OR lease_until <= now())"),
};

/*
 * 1 user, 2 id, 3 owner, 4 and 5 ms of a lease without and with a renewal, 6
 * seconds before the end, 7 refusals that earn a renewal.  A repeated call
 * finds its own.
 */
#define RENEW								\
	"(refresh_token IS NOT NULL AND (token_expires_at <"		\
	"  (SELECT now() + $6::float8 * interval '1 s')"		\
	"  OR (refusals = $7::integer AND token_version = 1)))"
static const char take_waiting[] =
    "UPDATE x_pending SET lease_owner = $3, tries = tries + 1,"
    " lease_until = CASE WHEN " RENEW
    "  THEN (SELECT clock_timestamp() + $5::float8 * interval '1 ms')"
    "  ELSE (SELECT clock_timestamp() + $4::float8 * interval '1 ms') END,"
    " suspect = CASE WHEN lease_owner = $3 THEN suspect"
    "  ELSE suspect OR attempt_started_at IS NOT NULL END,"
    " attempt_started_at = coalesce(attempt_started_at,"
    "  CASE WHEN " RENEW " THEN (SELECT now()) END)"
    " WHERE user_id = $1 AND id = $2 AND (lease_owner = $3 OR " IS_DUE ")"
    " RETURNING id, user_id, state_hash, aim, replaces, asked, scopes,"
    "  (SELECT extract(epoch FROM token_expires_at)::bigint),"
    "  (SELECT " NX_US_OF("granted_at") "),"
    "  (SELECT " NX_US_OF("claimed_at") "), grant_hash,"
    "  token_version, " RENEW ", suspect, tries, refusals, access_token,"
    "  refresh_token, (SELECT coalesce(extract(epoch FROM now()"
    "  - attempt_started_at), 0)::bigint)";

enum { ACCESS = 16, REFRESH, OPEN_FOR };

static enum nx_rc
read_pending(const struct nx_store_ask *ask, const PGresult *r,
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
	out->open_for = nx_row_i64(r, 0, OPEN_FOR);
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

static enum nx_rc
take_found_waiting(const struct nx_store_ask *ask,
    const struct nx_candidate *c, void *waiting, bool *taken,
    struct nx_err *err)
{
	struct nx_waiting *out = waiting;
	char brief[NX_NUMBER_MAX], full[NX_NUMBER_MAX];
	char near_end[NX_NUMBER_MAX], enough[NX_NUMBER_MAX];
	const struct nx_put_off later = { .pause = NX_LEASE_PAUSE_MAX / 3 };
	const struct nx_query query = { take_waiting, { c->user_id, c->id,
	    out->owner, nx_row_number(brief, SHORT_MS),
	    nx_row_number(full, NX_LEASE_MS),
	    nx_row_number(near_end, NEAR_END),
	    nx_row_number(enough, ENOUGH_REFUSALS) }, 7 };
	PGresult *row = NULL;
	enum nx_rc rc, put;

	rc = nx_row_repeat(ask, &query, 1, &row, err);
	*taken = rc == NX_OK && PQntuples(row) == 1;
	if (*taken) {
		rc = read_pending(ask, row, out, err);
		put = rc != NX_KEY_UNKNOWN ? NX_OK :
		    nx_pending_put_off(ask, out, &later, NULL);
		(void)put;		/* else its lease runs out */
	}
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_pending_take(const struct nx_store_ask *ask, struct nx_candidates *found,
    struct nx_waiting *out, struct nx_err *err)
{
	memset(out, 0, sizeof(*out));
	nx_uuid_random(out->owner);
	return nx_row_take(ask, &find_waiting, found, take_found_waiting, out,
	    err);
}

/*
 * 1 user, 2 id, 3 owner, 4 pause, 5 whether X knew the token, 6 whether an
 * answer was lost, 7 whether it may still come: then nobody else is at it as
 * long as the lease runs.
 */
static const char put_off[] =
    "UPDATE x_pending SET lease_owner = NULL,"
    " lease_until = CASE WHEN $7::boolean THEN lease_until END,"
    " next_try_at = (SELECT clock_timestamp() + $4::float8 * interval '1 s'),"
    " refusals = refusals + $5::boolean::integer,"
    " attempt_started_at = CASE WHEN $6::boolean OR suspect"
    "  THEN attempt_started_at END"
    " WHERE user_id = $1 AND id = $2 AND lease_owner = $3";

enum nx_rc
nx_pending_put_off(const struct nx_store_ask *ask,
    const struct nx_waiting *w, const struct nx_put_off *how,
    struct nx_err *err)
{
	char pause[NX_NUMBER_MAX];
	const struct nx_query query = { put_off, { w->pending.user_id,
	    w->pending.id, w->owner, nx_row_number(pause, how->pause),
	    how->refused ? "true" : "false", how->lost ? "true" : "false",
	    how->lost && !how->answered ? "true" : "false" }, 7 };

	return nx_row_write(ask, &query, 1, err);
}

/* 1 user, 2 id, 3 version, 4 outcome */
static const char drop[] =
    "WITH gone AS (DELETE FROM x_pending WHERE user_id = $1 AND id = $2"
    "  AND token_version = $3::bigint RETURNING *),"
    NX_TELL_GONE("$1", "$4") NX_PARK_GONE("g.id");

enum nx_rc
nx_pending_drop(const struct nx_store_ask *ask, const struct nx_waiting *w,
    enum nx_rc why, struct nx_err *err)
{
	char version[NX_NUMBER_MAX];
	const struct nx_query query = { drop, { w->pending.user_id,
	    w->pending.id, nx_row_number(version, w->pending.version),
	    nx_rc_code(why) }, 4 };

	return nx_row_write(ask, &query, 1, err);
}

/* 1 user, 2 connection, 3 parked as */
static const char end[] =
    "WITH gone AS (DELETE FROM x_pending WHERE user_id = $1"
    "  AND ($2::uuid IS NULL OR aim = $2 OR aim IS NULL) RETURNING *),"
    NX_TELL_GONE("$1", "'not_connected'") ","
    "parked AS (" NX_PARK_GONE("$3::uuid") ")"
    "SELECT count(*) FROM gone";

enum nx_rc
nx_pending_end(const struct nx_store_ask *ask, const char *user_id,
    const char *connection_id, const char *parked_as, int *ended,
    struct nx_err *err)
{
	const struct nx_query query = { end, { user_id, connection_id,
	    parked_as }, 3 };
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
