/*
 * row.h - what the modules of this room share: running statements for an ask,
 * reading rows into its arena, sealing and opening token columns.
 */
#ifndef NX_SRC_STORE_ROW_H
#define NX_SRC_STORE_ROW_H

#include "nx/store/lease.h"

/*
 * Run once, or (nx_row_repeat) once more when the database failed it: for
 * what is safe to repeat.  The caller clears the results.
 */
NX_MUST_USE enum nx_rc	nx_row_run(const struct nx_store_ask *ask,
			    const struct nx_query *queries, int n,
			    PGresult **results, struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_row_repeat(const struct nx_store_ask *ask,
			    const struct nx_query *queries, int n,
			    PGresult **results, struct nx_err *err);

/* nx_row_repeat() for what is written, and answers nothing. */
NX_MUST_USE enum nx_rc	nx_row_write(const struct nx_store_ask *ask,
			    const struct nx_query *queries, int n,
			    struct nx_err *err);

/* A field: NULL where it is null; in the arena, or as long as the result. */
const char	*nx_row_str(struct nx_arena *arena, const PGresult *result,
		    int row, int column);
const char	*nx_row_peek(const PGresult *result, int row, int column);
int64_t		 nx_row_i64(const PGresult *result, int row, int column);
int		 nx_row_count(PGresult *result);	/* written */
bool		 nx_row_bool(const PGresult *result, int row, int column);

/*
 * Whose connection it is, as PostgreSQL prints it, in the arena; NULL: there
 * is no such.  Asks everywhere: where the user is known, it is not needed.
 */
NX_MUST_USE enum nx_rc	nx_row_owner(const struct nx_store_ask *ask,
			    const char *connection_id, const char **out,
			    struct nx_err *err);

/*
 * Candidates (candidate.h) by a plain SELECT of user, id and version that is
 * random in its order.
 */
NX_MUST_USE enum nx_rc	nx_row_find(const struct nx_store_ask *ask,
			    const struct nx_query *find,
			    struct nx_candidates *out, struct nx_err *err);

/* Take one by its key into `out`; false where somebody else was faster. */
typedef enum nx_rc	nx_row_taker(const struct nx_store_ask *ask,
			    const struct nx_candidate *c, void *out,
			    bool *taken, struct nx_err *err);

/*
 * Take one of `found`, which is filled when it is empty.  Nothing is done to
 * `out` when there is none, or none could be had in time.
 */
NX_MUST_USE enum nx_rc	nx_row_take(const struct nx_store_ask *ask,
			    const struct nx_query *find,
			    struct nx_candidates *found, nx_row_taker *take,
			    void *out, struct nx_err *err);

/* Of those that wait by a time: `what` holds for some, the oldest first. */
#define NX_FIND_BY(at, version, table, what)				\
	"SELECT user_id, id, version FROM (SELECT user_id, id, "	\
	version " AS version FROM " table " WHERE " what		\
	" ORDER BY " at " LIMIT 64) s ORDER BY random() LIMIT 32"

/* A row: no program of before is at work (sql/contract/500_flip.sql). */
#define NX_IS_CONTRACTED	"SELECT 1 FROM x_app WHERE contracted"

/* A number as a parameter. */
enum { NX_NUMBER_MAX = 24 };
const char	*nx_row_number(char out[NX_NUMBER_MAX], int64_t number);

/*
 * The clock, read once and before any row is locked.  A distributed PostgreSQL
 * takes it, and whatever moves a time, in a subquery of its own alone
 * (CONTRIBUTING.md, "Add a statement").
 */
#define NX_CLOCK	"(SELECT clock_timestamp())"

/* A parameter, microseconds since 1970, as timestamptz; and the way back. */
#define NX_AT_US(param)							\
	"(timestamptz 'epoch' + " param "::float8"			\
	" * interval '1 microsecond')"
#define NX_US_OF(time)							\
	"floor(extract(epoch FROM " time ") * 1000000)::bigint"

/*
 * The columns of struct nx_connection, from `c` (platform_connections) and
 * `g` (x_grants, may be absent), with both tokens still sealed.
 */
#define NX_CONNECTION_COLUMNS						\
	"c.id, c.user_id, c.platform_user_id, c.platform_username,"	\
	" c.metadata ->> 'name', c.metadata ->> 'subscription_type',"	\
	" c.status, c.status_reason, array_to_string(c.scopes, ' '),"	\
	" extract(epoch FROM c.token_expires_at)::bigint,"		\
	" extract(epoch FROM coalesce(g.granted_at, c.created_at))"	\
	"::bigint, extract(epoch FROM g.last_success_at)::bigint,"	\
	" coalesce(g.token_version, 0),"				\
	" c.refresh_token IS NOT NULL, g.refused_at IS NOT NULL,"	\
	" c.access_token, c.refresh_token"
#define NX_CONNECTION_FROM						\
	" FROM platform_connections c"					\
	" LEFT JOIN x_grants g ON g.user_id = c.user_id"		\
	"  AND g.connection_id = c.id"

enum { NX_COLUMN_ACCESS = 15, NX_COLUMN_REFRESH, NX_CONNECTION_NCOLUMNS };

/*
 * The oldest rows of a table, as a condition of a DELETE or UPDATE that has
 * `which` of the rows: 500 by `at` of those for which `old` holds.  An index
 * on `at` finds them; no lock is held before.
 */
#define NX_ROWS_MOST(end, at, table, old)				\
	"(SELECT " end "(t) FROM (SELECT " at " AS t FROM " table	\
	" WHERE " old " ORDER BY 1 LIMIT 500) s)"
#define NX_ROWS_OLDEST(at, table, old)					\
	at " BETWEEN " NX_ROWS_MOST("min", at, table, old)		\
	" AND " NX_ROWS_MOST("max", at, table, old)

/* The status of that name; NEEDS_REAUTH for any other, and for NULL. */
enum nx_connection_status	nx_row_status(const char *word);

/* All but the tokens; false when the arena is full. */
bool	nx_row_connection(struct nx_arena *arena, const PGresult *result,
	    int row, struct nx_connection *out);

/* All rows, one allocation; as many as PQntuples(). */
NX_MUST_USE enum nx_rc	nx_row_connections(struct nx_arena *arena,
			    const PGresult *rows, struct nx_connection **out,
			    struct nx_err *err);

/* Where a token belongs; the ids in PostgreSQL's spelling. */
struct nx_place {
	const char	*id, *user_id;
	const char	*column;	/* one of these */
};
extern const char	nx_column_access[], nx_column_refresh[];
extern const char	nx_column_parked[];	/* of x_revocations */
extern const char	nx_column_pending_access[];	/* of x_pending */
extern const char	nx_column_pending_refresh[];

/*
 * Open a token into the arena; NULL stays NULL.
 * KEY_UNKNOWN, SEAL_BROKEN, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_row_open(const struct nx_store_ask *ask,
			    const struct nx_place *place,
			    const char *sealed, const char **out,
			    struct nx_err *err);

/*
 * The same of the tokens in a row of NX_CONNECTION_COLUMNS, for the connection
 * that was read from it: the access token alone, or both.
 */
NX_MUST_USE enum nx_rc	nx_row_open_access(const struct nx_store_ask *ask,
			    const PGresult *rows, int row,
			    struct nx_connection *c, struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_row_open_both(const struct nx_store_ask *ask,
			    const PGresult *rows, int row,
			    struct nx_connection *c, struct nx_err *err);

/* Seal a token into the arena; NULL and "" become NULL. */
NX_MUST_USE enum nx_rc	nx_row_seal(const struct nx_store_ask *ask,
			    const struct nx_place *place, const char *token,
			    const char **out, struct nx_err *err);

/*
 * A token as a row of x_revocations: `out` gets a fresh id and what is sealed
 * for it; both NULL for no token.
 */
NX_MUST_USE enum nx_rc	nx_revocation_seal(const struct nx_store_ask *ask,
			    const char *user_id, const char *token,
			    const char *out[2], struct nx_err *err);

/*
 * The rule of nx_connection_pick() over all rows of a user, newest first;
 * the access token is opened.
 */
NX_MUST_USE enum nx_rc	nx_row_pick(const struct nx_store_ask *ask,
			    const PGresult *rows, const char *connection_id,
			    struct nx_connection *out, struct nx_err *err);

/*
 * x_grants.due_at of a connection, as sql/015_keys.sql has it: when the access
 * token ends, and by its id some seconds later, so that not all meet at one
 * time.  `id` is a uuid.
 */
#define NX_DUE_SPREAD(id)	"(hashtext((" id ")::text) & 255)"
#define NX_DUE_AT(id, expires)						\
	"(" expires " + " NX_DUE_SPREAD(id) " * interval '1 s')"

/* An ended connection's row of x_grants `g`: whoever refreshes it has lost. */
#define NX_GRANT_ENDS							\
	" ON CONFLICT (user_id, connection_id) DO UPDATE SET"		\
	"  token_version = g.token_version + 1, lease_owner = NULL,"	\
	"  lease_until = NULL, attempt_started_at = NULL, due_at = NULL"

/* Every row of user $1, newest first. */
#define NX_CONNECTIONS_OF_USER						\
	"SELECT " NX_CONNECTION_COLUMNS NX_CONNECTION_FROM		\
	" WHERE c.user_id = $1 AND c.platform = '" NX_PLATFORM "'"	\
	" ORDER BY c.created_at DESC, c.id LIMIT 100"

/*
 * 1 user, 2 connection: it as it is now; and the lease that a statement before
 * it took, or did not take, of a connection at version `seen`.  As
 * nx_lease_take().
 */
extern const char nx_lease_look[];
NX_MUST_USE enum nx_rc	nx_lease_read(const struct nx_store_ask *ask,
			    PGresult *const *results, int64_t seen,
			    struct nx_lease *out, struct nx_err *err);

/* Statements of due.c, for the tests that explain them. */
extern const char nx_lease_find[], nx_lease_take_found[];

/* The statements of nx_purge_batch() and nx_notice_purge(), likewise. */
enum { NX_PURGES = 4 };
extern const char *const nx_purges[NX_PURGES];
extern const char nx_notice_purge_done[], nx_notice_purge_all[];

#endif
