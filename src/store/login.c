/* login.c - each attempt's answer is acted on once. */

#include "nx/store/login.h"

#include "nx/base/uuid.h"
#include "row.h"

/* Past this nobody is at work on one any more: its process has died. */
#define IS_OPEN(l)							\
	l ".created_at > clock_timestamp() - interval '"		\
	NX_LOGIN_OPEN "'"
#define LOGIN_COLUMNS							\
	"user_id, return_to, coalesce(outcome, CASE WHEN NOT "		\
	IS_OPEN("l") " THEN 'code_lost' END), claim = $2, "		\
	NX_US_OF("created_at") ", " NX_US_OF("clock_timestamp()")

static const char sweep[] =
    "DELETE FROM x_logins WHERE user_id = $1"
    " AND created_at < now() - interval '1 hour'";

static const char lock_user[] =
    "SELECT pg_advisory_xact_lock("
    " hashtextextended('nexus-x login ' || $1, 0))";

/* Not while another attempt of the user's is under way. */
static const char claim_login[] =
    "INSERT INTO x_logins (state_hash, claim, user_id, return_to)"
    " SELECT $1::text, $2::uuid, $3::uuid, $4::text WHERE NOT EXISTS ("
    "  SELECT 1 FROM x_logins o WHERE o.user_id = $3 AND o.outcome IS NULL"
    "  AND o.state_hash <> $1 AND " IS_OPEN("o") ")"
    " ON CONFLICT (user_id, state_hash) DO NOTHING";

/* 1 hash, 2 claim, 3 user; the second looks everywhere */
#define LOOK								\
	"SELECT " LOGIN_COLUMNS " FROM x_logins l WHERE state_hash = $1" \
	" AND created_at > now() - interval '1 hour'"
static const char look_login[] = LOOK " AND user_id = $3";
static const char look_anywhere[] = LOOK;

/* 1 user, 2 hash, 3 outcome */
static const char finish_login[] =
    "UPDATE x_logins SET outcome = $3 WHERE user_id = $1 AND state_hash = $2"
    " AND outcome IS DISTINCT FROM 'connected'";

/* How an attempt ended, as x_logins keeps it: this, `pending` or an error. */
static const char connected[] = "connected";

static void
read_outcome(const char *outcome, struct nx_login *out)
{
	out->state = NX_LOGIN_DONE;
	if (strcmp(outcome, "pending") == 0)
		out->state = NX_LOGIN_PENDING;
	else if (strcmp(outcome, connected) != 0)
		out->rc = nx_rc_from_code(outcome);
}

static enum nx_rc
read_login(const struct nx_store_ask *ask, const PGresult *row,
    struct nx_login *out, struct nx_err *err)
{
	memset(out, 0, sizeof(*out));
	out->state = NX_LOGIN_ABSENT;
	if (PQntuples(row) == 0)
		return NX_OK;
	out->user_id = nx_row_str(ask->arena, row, 0, 0);
	out->return_to = nx_row_str(ask->arena, row, 0, 1);
	out->claimed_us = nx_row_i64(row, 0, 4);
	out->now_us = nx_row_i64(row, 0, 5);
	if (nx_row_peek(row, 0, 2) != NULL)
		read_outcome(nx_row_peek(row, 0, 2), out);
	else if (nx_row_bool(row, 0, 3))
		out->state = NX_LOGIN_CLAIMED;
	else
		out->state = NX_LOGIN_BUSY;
	return nx_arena_ok(ask->arena) ? NX_OK :
	    nx_fail(err, NX_NO_MEMORY, "while reading an attempt");
}

enum nx_rc
nx_login_claim(const struct nx_store_ask *ask, const char *hash,
    const char *user_id, const char *return_to, struct nx_login *out,
    struct nx_err *err)
{
	/* A repeated call recognises its own claim by this. */
	char mine[NX_UUID_LEN + 1];
	const struct nx_query queries[] = {
		{ sweep, { user_id }, 1 },
		{ lock_user, { user_id }, 1 },
		{ claim_login, { hash, mine, user_id, return_to }, 4 },
		{ look_login, { hash, mine, user_id }, 3 },
	};
	enum { N = sizeof(queries) / sizeof(queries[0]) };
	PGresult *results[N] = { NULL };
	enum nx_rc rc;

	nx_uuid_random(mine);
	rc = nx_row_repeat(ask, queries, N, results, err);
	if (rc == NX_OK)
		rc = read_login(ask, results[N - 1], out, err);
	if (rc == NX_OK && out->state == NX_LOGIN_ABSENT)
		out->state = NX_LOGIN_WAITS;
	nx_db_clear(results, N);
	return rc;
}

enum nx_rc
nx_login_look(const struct nx_store_ask *ask, const char *user_id,
    const char *hash, struct nx_login *out, struct nx_err *err)
{
	const struct nx_query query = {
		user_id == NULL ? look_anywhere : look_login,
		{ hash, NULL, user_id }, user_id == NULL ? 2 : 3,
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	if (rc == NX_OK)
		rc = read_login(ask, row, out, err);
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_login_finish(const struct nx_store_ask *ask, const char *user_id,
    const char *hash, enum nx_rc rc, struct nx_err *err)
{
	struct nx_query query = { finish_login, { user_id, hash,
	    rc == NX_OK ? connected : nx_rc_code(rc) }, 3 };
	struct nx_login login = { .user_id = user_id };
	enum nx_rc found = NX_OK;

	if (user_id == NULL)
		found = nx_login_look(ask, NULL, hash, &login, err);
	query.params[0] = login.user_id;
	if (found != NX_OK || login.user_id == NULL)
		return found;
	return nx_row_write(ask, &query, 1, err);
}

static const char release[] =
    "DELETE FROM x_logins WHERE user_id = $1 AND state_hash = $2"
    " AND outcome IS NULL";

enum nx_rc
nx_login_release(const struct nx_store_ask *ask, const char *user_id,
    const char *hash, struct nx_err *err)
{
	const struct nx_query query = { release, { user_id, hash }, 2 };

	return nx_row_write(ask, &query, 1, err);
}
