/*
 * post_claim.h - take the lease of a post that is there already: what is due,
 * what nobody knows the outcome of, or what its owner named.
 *
 * All is decided by the database's clock.  Taking a post whose part was
 * `sending` under a lease that ran out makes part and post `unknown`.  Every
 * claim also sets next_try_at behind the lease's end, so that a taker that
 * dies is followed by another.
 */
#ifndef NX_STORE_POST_CLAIM_H
#define NX_STORE_POST_CLAIM_H

#include "nx/store/post.h"

struct nx_claimed {
	char			 lease[NX_UUID_LEN + 1];
	bool			 taken;		/* the lease is ours */
	struct nx_stored_post	 post;	/* as it is now; id NULL: none */
	struct nx_connection	 connection;	/* access token opened */
	enum nx_rc		 token_rc;	/* why it is not; else NX_OK */

	/* Of the part that is `unknown`: */
	int64_t			 first_left_at;	/* wall clock */
	int64_t			 age;	/* seconds since it last left */
	const char		*since_id;	/* newest post that X had for
						 * sure before it first left;
						 * NULL: none */
};

/*
 * The next post that is due and that nobody is at: `queued`, or `partial` with
 * a next try, becomes `sending` with its first missing part; one that is to
 * be removed (goal) keeps its state.  Queued posts of one connection come in
 * the order of publish_at, one at a time.  None was found is not a promise
 * that there is none: others may have taken what was tried.
 */
NX_MUST_USE enum nx_rc	nx_post_claim_due(const struct nx_store_ask *ask,
			    struct nx_claimed *out, struct nx_err *err);

/* The next post that is `unknown` and due, or stranded while `sending`. */
NX_MUST_USE enum nx_rc	nx_post_claim_unknown(const struct nx_store_ask *ask,
			    struct nx_claimed *out, struct nx_err *err);

enum nx_take {
	NX_TAKE_RESUME,		/* partial, failed: becomes `sending` with its
				 * first part that is waiting or failed, unless
				 * a part was deleted or its goal is not SEND,
				 * or nothing of it is live and the same was
				 * asked for again since, and did not fail.  A
				 * key that it released is its own again, where
				 * no other post of the user has it */
	NX_TAKE_SEND,		/* queued and due: becomes `sending`, unless it
				 * stands in line (option `queue`) behind
				 * another one that is due */
	NX_TAKE_REMOVE,		/* queued, failed without a part that is sent:
				 * becomes `cancelled`, not taken, and what was
				 * put off behind it is not any more; with one,
				 * and sent, partial: goal DELETE; unknown: goal
				 * DELETE, due at once, not taken */
};

/*
 * Take post `id` of the user.  An `unknown` one is taken for settling by
 * RESUME.  What is in no state for `how` is returned as it is, not taken.
 * POST_UNKNOWN; POST_BUSY while somebody else is at it, or was a moment ago
 * and the wish to REMOVE it could not be written down, with retry_after of a
 * few seconds: a lease is mostly given back long before its end.
 */
NX_MUST_USE enum nx_rc	nx_post_take(const struct nx_store_ask *ask,
			    const char *user_id, const char *id,
			    enum nx_take how, struct nx_claimed *out,
			    struct nx_err *err);

/*
 * Write X's id down as that of part `position`, which is `unknown`, unless it
 * is another part's (TAKEN, on record since `since`, wall clock) or may be
 * about to become that (CONTESTED): one of the X account with the same text is
 * being sent, or left earlier, within two hours, and is not settled either.
 * All users who have, or had, that account are asked about.  OURS for one of
 * all who ask at once.
 */
enum nx_id_claim { NX_ID_TAKEN, NX_ID_OURS, NX_ID_CONTESTED };
NX_MUST_USE enum nx_rc	nx_post_reserve_id(const struct nx_store_ask *ask,
			    const struct nx_stored_post *post,
			    size_t position, const char *x_id,
			    int64_t since, enum nx_id_claim *out);

/* Is it another part's?  As above, but nothing is written down. */
NX_MUST_USE enum nx_rc	nx_post_id_is_taken(const struct nx_store_ask *ask,
			    const struct nx_stored_post *post,
			    size_t position, const char *x_id,
			    int64_t since, bool *taken);

/*
 * Give the lease back without an outcome: a part that is `sending` becomes
 * `waiting` again, since it did not leave; the post becomes `state` and is due
 * in `next_try` seconds (-1: never), with those behind it as nx_post_finish()
 * says.  Goal, error and tries stay.  Nothing happens where the lease has gone
 * to somebody else.
 */
NX_MUST_USE enum nx_rc	nx_post_put_off(const struct nx_store_ask *ask,
			    const struct nx_stored_post *post,
			    const char *lease, enum nx_post_state state,
			    int next_try, struct nx_err *err);

/*
 * Compare some accounts' queues (src/store/line.h) with what is queued, going
 * on where the last call, on whatever host, has ended; none where that was
 * less than NX_LINES_MEND_S seconds ago.  `*done`: how many.
 */
enum { NX_LINES_MEND_S = 10 };
NX_MUST_USE enum nx_rc	nx_post_mend_lines(const struct nx_store_ask *ask,
			    int *done, struct nx_err *err);

/*
 * How candidates are found, for the test that explains them; nx_post_due_before
 * as long as programs of the version before may run.
 */
extern const char	nx_post_due[], nx_post_due_before[], nx_post_open[];

#endif
