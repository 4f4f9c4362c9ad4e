/*
 * account.h - one at a time at an X account, whichever users have it.
 *
 * Their rows may lie on several nodes of a distributed PostgreSQL, where no
 * transaction shows all of what it did at once.  So this is a lease, taken
 * before that transaction and left after it, each in one of its own: whoever
 * has it next sees all of it.  What a crash leaves behind runs out, and
 * belongs to whoever comes next.
 */
#ifndef NX_SRC_STORE_ACCOUNT_H
#define NX_SRC_STORE_ACCOUNT_H

#include "nx/base/uuid.h"
#include "row.h"

struct nx_account_lease {
	const char	*x_user_id;	/* borrowed; NULL: of no account */
	char		 owner[NX_UUID_LEN + 1];
};

/*
 * Wait for it until ask's deadline, past which nobody may do anything under
 * it.  BUSY: somebody else had it all the time.
 */
NX_MUST_USE enum nx_rc	nx_account_take(const struct nx_store_ask *ask,
			    const char *x_user_id,
			    struct nx_account_lease *out, struct nx_err *err);

/* Nothing where it was not taken; where it fails, it runs out. */
void	nx_account_leave(const struct nx_store_ask *ask,
	    const struct nx_account_lease *lease);

/*
 * The transaction in between begins with it.  Where the lease has run out it
 * fails the transaction: BUSY; where it has not, nobody else comes to have it
 * before the transaction has ended, however long that is on its way.
 */
struct nx_query	nx_account_holds(const struct nx_account_lease *lease);

#endif
