/*
 * revocation.c - tokens of ended connections, until X knows.
 *
 * The row's own id goes into the seal, so what is parked here does not open
 * in platform_connections, nor the other way round.  What a statement moved
 * here, which cannot seal, is still sealed for the place it names.
 */

#include "nx/store/revocation.h"

#include "nx/base/uuid.h"
#include "park.h"
#include "row.h"

const char nx_column_parked[] = "parked_token";

static const char find_parked[] =
    NX_FIND_BY("next_try_at", "tries", "x_revocations",
    "next_try_at <= now()");

/* For half a minute a fresh one is its maker's.  1 user, 2 connection */
static const char find_parked_of[] =
    NX_FIND_BY("next_try_at", "tries", "x_revocations",
    "user_id = $1 AND connection_id = $2 AND tries = 0");

/* 1 user, 2 id, 3 tries so far */
static const char take_parked[] =
    "UPDATE x_revocations SET tries = tries + 1,"
    " next_try_at = now() + interval '30 s' * 2 ^ least($3::integer, 9)"
    " WHERE user_id = $1 AND id = $2 AND tries = $3"
    " RETURNING id, user_id, connection_id, hint, token,"
    "  coalesce(sealed_id, id), sealed_column";

static enum nx_rc
read_parked(const struct nx_store_ask *ask, const PGresult *row,
    struct nx_revocation *out, struct nx_err *err)
{
	struct nx_place place = { .id = nx_row_peek(row, 0, 5),
	    .column = nx_row_peek(row, 0, 6) };
	enum nx_rc rc;

	if (place.column == NULL)
		place.column = nx_column_parked;
	out->id = nx_row_str(ask->arena, row, 0, 0);
	out->user_id = place.user_id = nx_row_str(ask->arena, row, 0, 1);
	out->connection_id = nx_row_str(ask->arena, row, 0, 2);
	out->hint = nx_row_str(ask->arena, row, 0, 3);
	if (!nx_arena_ok(ask->arena))
		return nx_fail(err, NX_NO_MEMORY, "while reading a token");
	rc = nx_row_open(ask, &place, nx_row_peek(row, 0, 4), &out->token,
	    err);
	out->broken = rc == NX_SEAL_BROKEN;
	return out->broken ? NX_OK : rc;
}

static enum nx_rc
take_found_parked(const struct nx_store_ask *ask, const struct nx_candidate *c,
    void *revocation, bool *taken, struct nx_err *err)
{
	char tries[NX_NUMBER_MAX];
	const struct nx_query query = { take_parked, { c->user_id, c->id,
	    nx_row_number(tries, c->version) }, 3 };
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	*taken = rc == NX_OK && PQntuples(row) == 1;
	if (*taken)
		rc = read_parked(ask, row, revocation, err);
	nx_db_clear(&row, 1);
	return rc;
}

enum nx_rc
nx_revocation_take(const struct nx_store_ask *ask,
    const struct nx_parked_of *whose, struct nx_candidates *found,
    struct nx_revocation *out, struct nx_err *err)
{
	const struct nx_query find = {
		whose == NULL ? find_parked : find_parked_of,
		{ whose == NULL ? NULL : whose->user_id,
		    whose == NULL ? NULL : whose->connection_id },
		whose == NULL ? 0 : 2,
	};

	memset(out, 0, sizeof(*out));
	return nx_row_take(ask, &find, found, take_found_parked, out, err);
}

enum nx_rc
nx_revocation_done(const struct nx_store_ask *ask,
    const struct nx_revocation *r, struct nx_err *err)
{
	const struct nx_query query = {
		"DELETE FROM x_revocations WHERE user_id = $1 AND id = $2",
		{ r->user_id, r->id }, 2,
	};

	return nx_row_write(ask, &query, 1, err);
}

/* 1 user, 2 id, 3 whatever its age, 4 request, 5 why */
static const char give_up[] =
    "WITH gone AS ("
    " DELETE FROM x_revocations WHERE user_id = $1 AND id = $2"
    "  AND ($3 OR created_at < now() - interval '7 days')"
    " RETURNING user_id, connection_id, hint)"
    "INSERT INTO x_events (user_id, connection_id, request_id, code, detail)"
    " SELECT user_id, connection_id, $4, 'revocation_given_up',"
    "  format('X was never told that the %s has ended: %s', hint, $5::text)"
    " FROM gone RETURNING 1";

enum nx_rc
nx_revocation_failed(const struct nx_store_ask *ask,
    const struct nx_revocation *r, const char *why, bool *given_up,
    struct nx_err *err)
{
	const struct nx_query query = {
		give_up, { r->user_id, r->id, r->broken ? "true" : "false",
		    ask->request_id, why }, 5,
	};
	PGresult *result = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &result, err);

	*given_up = rc == NX_OK && PQntuples(result) == 1;
	nx_db_clear(&result, 1);
	return rc;
}

enum nx_rc
nx_revocation_seal(const struct nx_store_ask *ask, const char *user_id,
    const char *token, const char *out[2], struct nx_err *err)
{
	char id[NX_UUID_LEN + 1];
	struct nx_place place = { id, user_id, nx_column_parked };

	out[0] = out[1] = NULL;
	if (token == NULL)
		return NX_OK;
	nx_uuid_random(id);
	if ((out[0] = nx_arena_str(ask->arena, id)) == NULL)
		return nx_fail(err, NX_NO_MEMORY, "while sealing a token");
	return nx_row_seal(ask, &place, token, &out[1], err);
}

/* 4 to 7: two pairs of id and sealed token; repeated, it changes nothing. */
static const char put[] =
    NX_PARK_INTO
    " SELECT p.id, $1, $2, $3, p.hint, p.token, " NX_PARK_WAIT
    " FROM " NX_PARK_PAIR("$4", "$5", "$6", "$7")
    " WHERE p.token IS NOT NULL ON CONFLICT (user_id, id) DO NOTHING";

enum nx_rc
nx_revocation_park(const struct nx_store_ask *ask,
    const struct nx_parked *what, struct nx_err *err)
{
	struct nx_query query = { put, { what->user_id, what->connection_id,
	    what->x_user_id }, 7 };
	enum nx_rc rc;

	rc = nx_revocation_seal(ask, what->user_id, what->refresh_token,
	    &query.params[3], err);
	if (rc == NX_OK)
		rc = nx_revocation_seal(ask, what->user_id,
		    what->access_token, &query.params[5], err);
	return rc == NX_OK ? nx_row_write(ask, &query, 1, err) : rc;
}

/*
 * Its connection was disconnected or superseded, or a login came in between,
 * and which came last at X is not known.  A row that was refreshed since has
 * used this very pair.
 */
static const char has_lost[] =
    "SELECT c.user_id, c.platform_user_id FROM platform_connections c"
    " JOIN x_grants g ON g.user_id = c.user_id AND g.connection_id = c.id"
    " WHERE c.user_id = $1 AND c.id = $2"
    " AND c.platform = '" NX_PLATFORM "'"
    " AND (c.status IN ('disconnected', 'superseded')"
    "  OR g.refreshed_by IS NULL)";

enum nx_rc
nx_revocation_park_pair(const struct nx_store_ask *ask,
    const struct nx_new_pair *pair, struct nx_err *err)
{
	const struct nx_query query = {
		has_lost, { pair->user_id, pair->connection_id }, 2,
	};
	struct nx_parked what = {
		.connection_id = pair->connection_id,
		.access_token = pair->access_token,
		.refresh_token = pair->refresh_token,
	};
	PGresult *row = NULL;
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, &row, err);

	if (rc == NX_OK && PQntuples(row) == 1) {
		what.user_id = nx_row_peek(row, 0, 0);
		what.x_user_id = nx_row_peek(row, 0, 1);
		rc = nx_revocation_park(ask, &what, err);
	}
	nx_db_clear(&row, 1);
	return rc;
}
