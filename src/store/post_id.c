/*
 * post_id.c - whose is one of X's ids.
 *
 * All who have, or had, the X account of a post may have sent what is found
 * in its timeline.  Their rows may lie on other nodes of a distributed
 * PostgreSQL than the post's, so they are read by statements of their own,
 * under a lease of the account.
 */

#include "nx/store/post_claim.h"

#include "account.h"
#include "post_row.h"

/* 1 user, 2 post, 3 position */
static const char look_part[] =
    "SELECT c.platform_user_id, p.connection_id, q.text, q.left_at,"
    " q.reserved_id FROM x_posts p"
    " JOIN x_parts q ON q.user_id = $1 AND q.post_id = p.id"
    "  AND q.position = $3"
    " LEFT JOIN platform_connections c ON c.user_id = $1"
    "  AND c.id = p.connection_id WHERE p.user_id = $1 AND p.id = $2";

enum { ACCOUNT, CONNECTION, TEXT, LEFT_AT, RESERVED_ID };

/*
 * Posts `o` with their parts `r`, or none where they hold their only one
 * themselves: of all users who have the X account $1; or of user $1, where
 * nobody knows the account any more.
 */
#define OF_ACCOUNT(and)							\
	" FROM platform_connections k JOIN x_posts o"			\
	" ON o.user_id = k.user_id" and					\
	" LEFT JOIN x_parts r ON r.user_id = o.user_id"			\
	"  AND r.post_id = o.id"					\
	" WHERE k.platform = '" NX_PLATFORM "' AND k.platform_user_id = $1"
#define OF_USER(and)							\
	" FROM x_posts o"						\
	" LEFT JOIN x_parts r ON r.user_id = $1 AND r.post_id = o.id"	\
	" WHERE o.user_id = $1" and

/*
 * 2 post, 3 position, 4 X's id, 5 since, 6 text or null.  An id of before
 * `since` is not this one: a simulator's begin anew.  Within minutes, too:
 * where ids are short, the texts must agree.
 */
#define HAS_ID								\
	" AND o.created_at > to_timestamp($5::bigint) - " NX_POST_MEMORY \
	" AND (o.id, coalesce(r.position, 0))"				\
	"  <> ($2::uuid, $3::smallint)"					\
	" AND (coalesce(r.x_post_id, o.x_post_id) = $4"			\
	"  OR (r.state = 'unknown' AND r.reserved_id = $4))"		\
	" AND coalesce(r.sent_at, o.sent_at, r.updated_at)"		\
	"  >= to_timestamp($5::bigint)"					\
	" AND ($6::text IS NULL OR length($4) >= 15"			\
	"  OR coalesce(r.text, o.text) = $6)"				\
	" LIMIT 1"

/*
 * 2 post, 3 X's id, 4 text, 5 when it left, 6 the id that it has reserved; 7
 * its connection.  A twin that is being sent may be what X has; and one that
 * left earlier and is not settled has the first choice, since the younger's
 * own may still come: whoever waits longest finds what is left.  One that
 * nobody can look up for two hours (reconcile.c calls all others sent or not
 * within one) stands in nobody's way.
 */
#define IS_TWIN								\
	" AND o.id <> $2 AND o.next_try_at IS NOT NULL"			\
	" AND coalesce(r.state, 'sending') IN ('sending', 'unknown')"	\
	" AND coalesce(r.text, o.text) = $4"				\
	" AND (coalesce(r.state, 'sending') = 'sending'"		\
	"   AND o.lease_until > now()"					\
	"   AND $6::text IS DISTINCT FROM $3::text"			\
	"  OR (coalesce(r.left_at, o.created_at), o.id)"		\
	"    < ($5::timestamptz, $2::uuid)"				\
	"   AND coalesce(r.left_at, o.created_at)"			\
	"    > now() - interval '2 hours')"				\
	" LIMIT 1"

/* Of the account, and of the user. */
static const char *const has_id[] = {
	"SELECT 1" OF_ACCOUNT("") HAS_ID, "SELECT 1" OF_USER("") HAS_ID,
};
static const char *const has_twin[] = {
	"SELECT 1" OF_ACCOUNT(" AND o.connection_id = k.id") IS_TWIN,
	"SELECT 1" OF_USER(" AND o.connection_id = $7") IS_TWIN,
};

/* 1 user, 2 post, 3 position, 4 X's id */
static const char reserve[] =
    "UPDATE x_parts SET reserved_id = $4, updated_at = now()"
    " WHERE user_id = $1 AND post_id = $2 AND position = $3"
    " AND state = 'unknown' RETURNING 1";

/* A part, as look_part has it, and the id that it may have. */
struct question {
	const struct nx_stored_post	*post;
	const PGresult	*part;
	const char	*x_id;
	char		 position[NX_NUMBER_MAX], since[NX_NUMBER_MAX];
};

/* Of post and id; no part where it has gone.  The caller clears `part`. */
static enum nx_rc
begin_question(const struct nx_store_ask *ask, struct question *q,
    size_t position, int64_t since, PGresult **part)
{
	const struct nx_query query = { look_part, { q->post->user_id,
	    q->post->id, nx_row_number(q->position, (int64_t)position) }, 3 };
	enum nx_rc rc = nx_row_repeat(ask, &query, 1, part, NULL);

	(void)nx_row_number(q->since, since);
	q->part = rc == NX_OK && PQntuples(*part) == 1 ? *part : NULL;
	return rc;
}

/* Has another part the id, of the same text where that is to count? */
static struct nx_query
ask_id(const struct question *q, const char *text)
{
	const char *account = nx_row_peek(q->part, 0, ACCOUNT);

	return (struct nx_query){ has_id[account == NULL],
	    { account == NULL ? q->post->user_id : account, q->post->id,
	    q->position, q->x_id, q->since, text }, 6 };
}

static struct nx_query
ask_twin(const struct question *q)
{
	const char *account = nx_row_peek(q->part, 0, ACCOUNT);

	return (struct nx_query){ has_twin[account == NULL],
	    { account == NULL ? q->post->user_id : account, q->post->id,
	    q->x_id, nx_row_peek(q->part, 0, TEXT),
	    nx_row_peek(q->part, 0, LEFT_AT),
	    nx_row_peek(q->part, 0, RESERVED_ID),
	    nx_row_peek(q->part, 0, CONNECTION) }, account == NULL ? 7 : 6 };
}

enum nx_rc
nx_post_id_is_taken(const struct nx_store_ask *ask,
    const struct nx_stored_post *post, size_t position, const char *x_id,
    int64_t since, bool *taken)
{
	PGresult *part = NULL, *row = NULL;
	struct question q = { .post = post, .x_id = x_id };
	struct nx_query query;
	enum nx_rc rc = begin_question(ask, &q, position, since, &part);

	*taken = false;
	if (q.part != NULL) {
		query = ask_id(&q, NULL);
		rc = nx_row_repeat(ask, &query, 1, &row, NULL);
		*taken = rc == NX_OK && PQntuples(row) == 1;
	}
	nx_db_clear(&row, 1);
	nx_db_clear(&part, 1);
	return rc;
}

/* Write it down unless somebody else has it; nobody else does so meanwhile. */
static enum nx_rc
reserve_free(const struct nx_store_ask *ask, const struct question *q,
    const struct nx_account_lease *lease, enum nx_id_claim *out)
{
	const struct nx_query looks[] = {
		ask_id(q, nx_row_peek(q->part, 0, TEXT)), ask_twin(q),
	}, writes[] = {
		nx_account_holds(lease),
		{ reserve, { q->post->user_id, q->post->id, q->position,
		    q->x_id }, 4 },
	};
	PGresult *found[2] = { NULL }, *done[2] = { NULL };
	enum nx_rc rc = nx_row_repeat(ask, looks, 2, found, NULL);

	if (rc == NX_OK && PQntuples(found[1]) > 0)
		*out = NX_ID_CONTESTED;
	else if (rc == NX_OK && PQntuples(found[0]) == 0) {
		rc = nx_row_repeat(ask, writes, 2, done, NULL);
		if (rc == NX_OK && PQntuples(done[1]) == 1)
			*out = NX_ID_OURS;
	}
	nx_db_clear(found, 2);
	nx_db_clear(done, 2);
	return rc;
}

enum nx_rc
nx_post_reserve_id(const struct nx_store_ask *ask,
    const struct nx_stored_post *post, size_t position, const char *x_id,
    int64_t since, enum nx_id_claim *out)
{
	struct nx_account_lease lease;
	PGresult *part = NULL;
	struct question q = { .post = post, .x_id = x_id };
	const char *account;
	enum nx_rc rc = begin_question(ask, &q, position, since, &part);

	*out = NX_ID_TAKEN;
	if (q.part != NULL) {
		account = nx_row_peek(part, 0, ACCOUNT);
		rc = nx_account_take(ask, account == NULL ? post->user_id :
		    account, &lease, NULL);
		if (rc == NX_OK)
			rc = reserve_free(ask, &q, &lease, out);
		nx_account_leave(ask, &lease);
	}
	nx_db_clear(&part, 1);
	return rc;
}
