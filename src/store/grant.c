/*
 * grant.c - what a login brings home becomes a connection.
 *
 * One transaction, under a lease of the X account: two logins of it that
 * arrive together cannot both stay connected.  Rows of x_pending are locked
 * before platform_connections, and those before x_grants.
 *
 * X ends, with each login, what it had granted to the account before.  Which
 * of two logins that overlap came last at X nobody but X knows, so whatever
 * loses here, and may be alive there, is parked for its revocation in the
 * same transaction: a living pair is never nowhere.
 */

#include "nx/store/connection.h"

#include "nx/base/uuid.h"
#include "nx/base/words_list.h"
#include "nx/seal/digest.h"
#include "account.h"
#include "park.h"
#include "row.h"
#include "tell.h"

/* Beside the lease: programs of before know no other lock. */
static const char lock_account[] =
    "SELECT pg_advisory_xact_lock("
    " hashtextextended('nexus-x account ' || $1, 0))"
    " WHERE (SELECT contracted FROM x_app) IS NOT TRUE";

/* The row that the grant belongs to: the old one, or a new id. */
static const char find_row[] =
    "SELECT coalesce((SELECT id FROM platform_connections"
    "  WHERE user_id = $1 AND platform = '" NX_PLATFORM "'"
    "  AND platform_user_id = $2), $3::uuid), $1::uuid";

/*
 * 1 account, 2 user: whether others had it, and whether none of them may come
 * to have it while its lease is held.
 */
static const char others_connected[] =
    "SELECT 1 FROM platform_connections WHERE platform = '" NX_PLATFORM "'"
    " AND platform_user_id = $1 AND user_id <> $2 AND status = 'connected'"
    " LIMIT 1";
static const char others_parked[] =
    "SELECT 1 FROM x_revocations WHERE platform_user_id = $1"
    " AND user_id <> $2 LIMIT 1";
static const char is_leased[] = NX_IS_CONTRACTED;

/* The user's own; those of others are taken as they were read (supersede). */
static const char lock_rows[] =
    "SELECT 1 FROM platform_connections WHERE user_id = $3"
    " AND platform = '" NX_PLATFORM "'"
    " AND (platform_user_id = $1 OR id = $2)"
    " ORDER BY id FOR NO KEY UPDATE";

/* 1 id, 2 version; 3 user, 4 the connection that is replaced */
static const char hold_pending[] =
    "SELECT 1 FROM x_pending WHERE user_id = $3"
    " AND (id = $1 AND token_version = $2 OR aim = $4)"
    " ORDER BY id FOR UPDATE";

/*
 * The same in all that follow: 1 id, 2 user, 3 account, 4 granted, 5 claimed
 * (microseconds), 6 hash, 7 whether only a row that is there already may take
 * it, 8 to 10 the row of x_pending that it comes from, its version and lease.
 */
#define GIVEN								\
	"given AS (SELECT $1::uuid, $2::uuid, $3::text, $4::bigint,"	\
	" $5::bigint, $6::text, $7::boolean, $8::uuid, $9::bigint,"	\
	" $10::uuid)"
#define GRANTED		NX_AT_US("$4")
#define CLAIMED		NX_AT_US("$5")

enum { COMMON_MAX = 10 };

/* The pending row was not dropped or renewed, nor is another at it. */
#define STANDS								\
	"($8::uuid IS NULL OR EXISTS (SELECT 1 FROM x_pending p"	\
	"  WHERE p.user_id = $2 AND p.id = $8"				\
	"  AND p.token_version = $9::bigint"				\
	"  AND p.lease_owner IS NOT DISTINCT FROM $10::uuid))"

/* The row `c` with its grant `g` gives way to this one. */
#define GIVES_WAY							\
	"(g.granted_at > " GRANTED " OR g.grant_hash = $6) IS NOT TRUE"	\
	" AND (NOT $7::boolean OR c.status <> 'disconnected')"

/* What rows were left alone since before the claim X has done away with. */
#define LIVES	" AND c.updated_at >= " CLAIMED

#define OF_CONNECTION	"g.user_id = c.user_id AND g.connection_id = c.id"

static const char park_old[] =
    "WITH " GIVEN ", this AS MATERIALIZED (SELECT " STANDS " AS stands)"
    NX_PARK_HELD("platform_connections c"
    " LEFT JOIN x_grants g ON " OF_CONNECTION " CROSS JOIN this")
    LIVES " AND c.id = $1 AND c.user_id = $2"
    " AND c.platform_user_id = $3 AND " GIVES_WAY " AND this.stands";

/* 11 username, 12 access, 13 refresh, 14 expires, 15 scopes, 16 name,
 * 17 subscription */
static const char save_grant[] =
    "WITH " GIVEN ", saved AS ("
    " INSERT INTO platform_connections AS c (id, user_id, platform,"
    "  platform_user_id, platform_username, access_token, refresh_token,"
    "  token_expires_at, scopes, status, status_reason, metadata,"
    "  created_at, updated_at)"
    " SELECT $1::uuid, $2::uuid,"
    " '" NX_PLATFORM "', $3::text, $11::text, $12::text,"
    "  $13::text, to_timestamp($14::bigint), string_to_array($15, ' '),"
    "  'connected', NULL, jsonb_strip_nulls(jsonb_build_object("
    "  'name', $16::text, 'subscription_type', $17::text)), now(), now()"
    "  WHERE " STANDS " AND (NOT $7::boolean OR EXISTS ("
    "   SELECT 1 FROM platform_connections o"
    "   WHERE o.user_id = $2 AND o.id = $1))"
    "  AND NOT EXISTS (SELECT 1 FROM x_grants g WHERE g.user_id = $2"
    "   AND g.connection_id = $1"
    "   AND (g.granted_at > " GRANTED " OR g.grant_hash = $6))"
    " ON CONFLICT (user_id, platform, platform_user_id)"
    "  WHERE platform = '" NX_PLATFORM "'"
    " DO UPDATE SET platform_username = excluded.platform_username,"
    "  access_token = excluded.access_token,"
    "  refresh_token = excluded.refresh_token,"
    "  token_expires_at = excluded.token_expires_at,"
    "  scopes = excluded.scopes, status = 'connected',"
    "  status_reason = NULL,"
    "  metadata = coalesce(c.metadata, '{}') || excluded.metadata,"
    "  updated_at = excluded.updated_at"
    " WHERE c.id = excluded.id"
    "  AND (NOT $7::boolean OR c.status <> 'disconnected')"
    " RETURNING " NX_TELL_COLUMNS("c") ", c.status, c.status_reason),"
    "changed AS (SELECT s.*, w.status AS was_status,"
    "  w.status_reason AS was_reason FROM saved s"
    " LEFT JOIN platform_connections w ON w.user_id = $2 AND w.id = s.id),"
    "granted AS ("
    " INSERT INTO x_grants AS g (user_id, connection_id, token_version,"
    " granted_at, grant_hash, last_success_at, due_at)"
    " SELECT $2, id, 1, " GRANTED ", $6, now(), "
    NX_DUE_AT("$1::uuid", "to_timestamp($14::bigint)") " FROM saved"
    " ON CONFLICT (user_id, connection_id) DO UPDATE SET"
    "  token_version = g.token_version + 1, due_at = excluded.due_at,"
    "  granted_at = excluded.granted_at,"
    "  grant_hash = excluded.grant_hash, refreshed_at = NULL,"
    "  refreshed_by = NULL, lease_owner = NULL, lease_until = NULL,"
    "  attempt_started_at = NULL, suspect = false, refused_at = NULL,"
    "  retry_at = NULL, failures = 0,"
    "  last_success_at = excluded.last_success_at),"
    NX_TELL "SELECT " NX_TOLD;

/* It is stored, now or by an earlier call, or was and has moved on. */
#define STORED								\
	"EXISTS (SELECT 1 FROM x_grants g WHERE g.user_id = $2"		\
	"  AND g.connection_id = $1 AND g.grant_hash = $6)"

/* Rows as they were in `from` are of that status now, for what is told. */
#define ARE_NOW(now, why, from)						\
	"changed AS (SELECT " NX_TELL_COLUMNS("o") ","			\
	" " now " AS status, '" why "' AS status_reason,"		\
	" o.status AS was_status, o.status_reason AS was_reason"	\
	" FROM " from " o)"

/*
 * Whoever had the account before this login, or before another one that is
 * stored, has it no longer; also when this login itself is stored nowhere.
 * Nobody else's row is locked first: one whose tokens are others than were
 * read stays, is counted, and is looked at again.  `own` narrows it to the
 * user where no other had it.
 */
#define SUPERSEDE_BY(own)						\
	"WITH " GIVEN ", this AS MATERIALIZED (SELECT " STANDS		\
	"  OR " STORED " AS stands),"					\
	"newest AS MATERIALIZED (SELECT max(g.granted_at) AS at"	\
	"  FROM platform_connections c JOIN x_grants g"			\
	"  ON " OF_CONNECTION " WHERE c.platform = '" NX_PLATFORM "'"	\
	"  AND c.platform_user_id = $3 AND c.status = 'connected'"	\
	own("c") "),"							\
	"lost AS MATERIALIZED ("					\
	" SELECT c.* FROM platform_connections c"			\
	" LEFT JOIN x_grants g ON " OF_CONNECTION " CROSS JOIN this"	\
	" WHERE c.platform = '" NX_PLATFORM "'"				\
	"  AND c.platform_user_id = $3 AND c.status = 'connected'"	\
	"  AND this.stands" own("c")					\
	"  AND (c.id <> $1 AND (g.granted_at > " GRANTED ") IS NOT TRUE" \
	"   OR coalesce(g.granted_at, '-infinity')"			\
	"    < (SELECT at FROM newest))),"				\
	"older AS ("							\
	" UPDATE platform_connections c SET status = 'superseded',"	\
	"  status_reason = '" NX_WORDS_SUPERSEDED "',"			\
	"  access_token = NULL, refresh_token = NULL, updated_at = now()" \
	" FROM lost WHERE c.user_id = lost.user_id AND c.id = lost.id"	\
	"  AND c.status = 'connected'" own("c")				\
	"  AND c.access_token IS NOT DISTINCT FROM lost.access_token"	\
	"  AND c.refresh_token IS NOT DISTINCT FROM lost.refresh_token"	\
	" RETURNING lost.*),"						\
	"parked AS (" NX_PARK_HELD("older c") LIVES "),"		\
	"ended AS ("							\
	" UPDATE x_grants g SET token_version = token_version + 1,"	\
	"  lease_owner = NULL, lease_until = NULL,"			\
	"  attempt_started_at = NULL, due_at = NULL FROM older"		\
	"  WHERE g.user_id = older.user_id" own("g")			\
	"  AND g.connection_id = older.id),"				\
	ARE_NOW("'superseded'", NX_WORDS_SUPERSEDED, "older") ","	\
	NX_TELL "SELECT (SELECT count(*) FROM lost)"			\
	" - (SELECT count(*) FROM older), " NX_TOLD
#define OWN(row)	" AND " row ".user_id = $2"
#define ALL(row)	""
static const char supersede[] = SUPERSEDE_BY(ALL);
static const char supersede_own[] = SUPERSEDE_BY(OWN);

/*
 * Its fate is known.  It is not when another login has made the row under
 * another id meanwhile.
 */
#define SETTLED								\
	"(NOT " STANDS " OR EXISTS (SELECT 1 FROM platform_connections c" \
	"  WHERE c.user_id = $2 AND c.id = $1)"				\
	" OR $7::boolean AND NOT EXISTS (SELECT 1"			\
	"  FROM platform_connections c WHERE c.user_id = $2"		\
	"  AND c.platform = '" NX_PLATFORM "' AND c.platform_user_id = $3))"

/* 11 to 14: two pairs of id and sealed token */
static const char park_new[] =
    "WITH " GIVEN
    " " NX_PARK_INTO
    " SELECT p.id, $2, $1, $3, p.hint, p.token, " NX_PARK_WAIT
    " FROM " NX_PARK_PAIR("$11", "$12", "$13", "$14")
    " WHERE p.token IS NOT NULL AND " SETTLED " AND NOT " STORED
    "  AND " STANDS " ON CONFLICT (user_id, id) DO NOTHING";

/*
 * The login has ended at X what was still to be revoked of this account, and
 * the attempt has its outcome.
 * 11 the attempt, 12 its outcome
 */
/* What is compared with null leaves Citus no node to ask. */
#define IS_IT(column, param)	column " IS NOT DISTINCT FROM " param
#define FINISH_LOGIN(own)						\
	"WITH " GIVEN ", was AS MATERIALIZED (SELECT "			\
	"  " SETTLED " AS settled,"					\
	"  " STORED " AS stored, " STANDS " AS stands),"		\
	"forgot AS (DELETE FROM x_revocations r USING was"		\
	"  WHERE r.platform_user_id = $3 AND r.created_at < " CLAIMED	\
	"  AND was.settled AND (was.stored OR was.stands)" own("r") ")," \
	"told AS (UPDATE x_logins l SET outcome = $12 FROM was"		\
	"  WHERE l.user_id = $2 AND " IS_IT("l.state_hash", "$11")	\
	"  AND l.outcome IS DISTINCT FROM 'connected'"			\
	"  AND was.settled AND (was.stored OR was.stands)),"		\
	"gone AS (DELETE FROM x_pending p USING was"			\
	"  WHERE p.user_id = $2 AND " IS_IT("p.id", "$8")		\
	"  AND was.stands AND was.settled)"				\
	"SELECT settled, stored, stands OR stored FROM was"
static const char finish[] = FINISH_LOGIN(ALL);
static const char finish_own[] = FINISH_LOGIN(OWN);

/*
 * It takes another connection's place, unless that one was connected anew
 * since.  11 that connection
 */
static const char end_replaced[] =
    "WITH " GIVEN ", this AS MATERIALIZED (SELECT " STORED " AS stored),"
    "lost AS MATERIALIZED ("
    " SELECT c.* FROM platform_connections c"
    " LEFT JOIN x_grants g ON " OF_CONNECTION " CROSS JOIN this"
    " WHERE c.id = $11 AND c.id <> $1 AND c.user_id = $2"
    "  AND c.platform = '" NX_PLATFORM "' AND c.status <> 'disconnected'"
    "  AND (g.granted_at > " GRANTED ") IS NOT TRUE AND this.stored),"
    "parked AS (" NX_PARK_HELD("lost c") "),"
    "ended AS ("
    " UPDATE platform_connections c SET status = 'disconnected',"
    "  status_reason = '" NX_WORDS_DISCONNECTED "', access_token = NULL,"
    "  refresh_token = NULL, updated_at = now()"
    " FROM lost WHERE c.user_id = $2 AND c.id = lost.id"
    " RETURNING lost.*),"
    "granted AS ("
    " INSERT INTO x_grants AS g (user_id, connection_id, token_version)"
    " SELECT $2, id, 1 FROM ended" NX_GRANT_ENDS "),"
    ARE_NOW("'disconnected'", NX_WORDS_DISCONNECTED, "ended") ","
    NX_TELL "SELECT " NX_TOLD;

/* What was to renew that one; as above. */
static const char end_aimed[] =
    "WITH " GIVEN ", gone AS (DELETE FROM x_pending p"
    "  WHERE p.user_id = $2 AND p.aim = $11 AND " STORED " RETURNING *),"
    NX_TELL_GONE("$2", "'not_connected'") NX_PARK_GONE("$11::uuid");

/* Where it goes; `alone`: no other user has to do with the account. */
struct found {
	char	id[NX_UUID_LEN + 1], user_id[NX_UUID_LEN + 1];
	bool	alone;
};

static enum nx_rc
find(const struct nx_store_ask *ask, const struct nx_new_grant *grant,
    struct found *out, struct nx_err *err)
{
	char fresh[NX_UUID_LEN + 1];
	const char *user = grant->user_id, *account = grant->x_user_id;
	const struct nx_query queries[] = {
		{ find_row, { user, account, fresh }, 3 },
		{ others_connected, { account, user }, 2 },
		{ others_parked, { account, user }, 2 },
		{ .sql = is_leased },
	};
	enum { N = sizeof(queries) / sizeof(queries[0]) };
	PGresult *rows[N] = { NULL };
	enum nx_rc rc;

	nx_uuid_random(fresh);
	rc = nx_row_repeat(ask, queries, N, rows, err);
	if (rc == NX_OK) {
		memcpy(out->id, PQgetvalue(rows[0], 0, 0), NX_UUID_LEN + 1);
		memcpy(out->user_id, PQgetvalue(rows[0], 0, 1),
		    NX_UUID_LEN + 1);
		out->alone = PQntuples(rows[1]) == 0 &&
		    PQntuples(rows[2]) == 0 && PQntuples(rows[3]) == 1;
	}
	nx_db_clear(rows, N);
	return rc;
}

/* The transaction's statements, in order. */
enum step {
	ACCOUNT, HELD, PENDING, ROWS, OLD, SAVE, SUPERSEDE, NEW, FINISH,
	REPLACED, AIMED,		/* only where another is replaced */
	STEPS
};

/* Texts of the parameters. */
struct texts {
	char	granted[NX_NUMBER_MAX], claimed[NX_NUMBER_MAX];
	char	version[NX_NUMBER_MAX], expires[NX_NUMBER_MAX];
	char	hash[NX_SHA256_HEX + 1];
};

static void
fill_steps(struct nx_query *all, const struct nx_new_grant *g,
    const struct nx_place *row, struct texts *t)
{
	const char *common[COMMON_MAX] = { row->id, row->user_id,
	    g->x_user_id, nx_row_number(t->granted, g->granted_us),
	    nx_row_number(t->claimed, g->claimed_us),
	    g->grant_hash == NULL ? t->hash : g->grant_hash,
	    g->only_held ? "true" : "false", g->pending_id,
	    nx_row_number(t->version, g->pending_version),
	    g->pending_owner };
	const char *own[] = { g->username, NULL, NULL,
	    nx_row_number(t->expires, g->expires_at), g->scopes, g->name,
	    g->subscription };

	nx_sha256_hex(nx_slice_str(g->access_token), t->hash);
	all[ACCOUNT] = (struct nx_query){ lock_account, { g->x_user_id }, 1 };
	all[PENDING] = (struct nx_query){ hold_pending, { g->pending_id,
	    t->version, row->user_id, g->replaces }, 4 };
	all[ROWS] = (struct nx_query){ lock_rows, { g->x_user_id,
	    g->replaces, row->user_id }, 3 };
	all[OLD] = (struct nx_query){ park_old, { NULL }, COMMON_MAX };
	all[SAVE] = (struct nx_query){ save_grant, { NULL },
	    COMMON_MAX + (int)(sizeof(own) / sizeof(own[0])) };
	all[SUPERSEDE] = (struct nx_query){ supersede, { NULL },
	    COMMON_MAX };
	all[NEW] = (struct nx_query){ park_new, { NULL }, COMMON_MAX + 4 };
	all[FINISH] = (struct nx_query){ finish, { NULL }, COMMON_MAX + 2 };
	all[REPLACED] = (struct nx_query){ end_replaced, { NULL },
	    COMMON_MAX + 1 };
	all[AIMED] = (struct nx_query){ end_aimed, { NULL },
	    COMMON_MAX + 1 };
	for (int i = OLD; i < STEPS; i++)
		memcpy(all[i].params, common, sizeof(common));
	memcpy(&all[SAVE].params[COMMON_MAX], own, sizeof(own));
	all[FINISH].params[COMMON_MAX] = g->login_hash;
	all[REPLACED].params[COMMON_MAX] = g->replaces;
	all[AIMED].params[COMMON_MAX] = g->replaces;
	all[FINISH].params[COMMON_MAX + 1] = g->only_held ?
	    nx_rc_code(NX_OTHER_ACCOUNT) : "connected";
}

/* The tokens, for where they may go. */
static enum nx_rc
seal_grant(const struct nx_store_ask *ask, struct nx_query *all,
    const struct nx_new_grant *g, const struct nx_place *row,
    struct nx_err *err)
{
	struct nx_place access = *row, refresh = *row;
	const char **save = &all[SAVE].params[COMMON_MAX];
	const char **park = &all[NEW].params[COMMON_MAX];
	enum nx_rc rc;

	access.column = nx_column_access;
	refresh.column = nx_column_refresh;
	rc = nx_row_seal(ask, &access, g->access_token, &save[1], err);
	if (rc == NX_OK)
		rc = nx_row_seal(ask, &refresh, g->refresh_token, &save[2],
		    err);
	if (rc == NX_OK)
		rc = nx_revocation_seal(ask, row->user_id, g->refresh_token,
		    &park[0], err);
	if (rc == NX_OK)
		rc = nx_revocation_seal(ask, row->user_id, g->access_token,
		    &park[2], err);
	return rc;
}

/* NX_BUSY when another login has made the row meanwhile: look again. */
static enum nx_rc
store_grant(const struct nx_store_ask *ask, const struct nx_new_grant *grant,
    const struct nx_account_lease *lease, const struct found *found,
    struct nx_saved *out, struct nx_err *err)
{
	const struct nx_place row = { found->id, found->user_id, NULL };
	struct nx_query queries[STEPS];
	PGresult *results[STEPS] = { NULL };
	const int n = grant->replaces != NULL ? STEPS : REPLACED;
	struct texts texts;
	enum nx_rc rc;

	fill_steps(queries, grant, &row, &texts);
	queries[HELD] = nx_account_holds(lease);
	if (found->alone) {
		queries[SUPERSEDE].sql = supersede_own;
		queries[FINISH].sql = finish_own;
	}
	rc = seal_grant(ask, queries, grant, &row, err);
	if (rc != NX_OK)
		return rc;
	rc = nx_row_repeat(ask, queries, n, results, err);
	if (rc == NX_OK && !nx_row_bool(results[FINISH], 0, 0))
		rc = nx_fail(err, NX_BUSY, "The same account is being"
		    " connected twice at once.");
	if (rc == NX_OK && nx_row_i64(results[SUPERSEDE], 0, 0) > 0)
		rc = nx_fail(err, NX_BUSY, "The account is being renewed for"
		    " another user.");
	if (rc == NX_OK) {
		out->stored = nx_row_bool(results[FINISH], 0, 1);
		out->gone = !nx_row_bool(results[FINISH], 0, 2);
	}
	nx_db_clear(results, n);
	return rc;
}

enum nx_rc
nx_connection_save(const struct nx_store_ask *ask,
    const struct nx_new_grant *grant, struct nx_saved *out,
    struct nx_err *err)
{
	enum { TRIES = 3 };
	struct nx_account_lease lease;
	struct found found;
	enum nx_rc rc = nx_account_take(ask, grant->x_user_id, &lease, err);

	*out = (struct nx_saved){ .stored = false };
	if (rc != NX_OK)
		return rc;
	rc = NX_BUSY;
	for (int i = 0; i < TRIES && rc == NX_BUSY; i++) {
		rc = find(ask, grant, &found, err);
		if (rc != NX_OK)
			break;
		memcpy(out->id, found.id, sizeof(out->id));
		rc = store_grant(ask, grant, &lease, &found, out, err);
	}
	nx_account_leave(ask, &lease);
	return rc;
}
