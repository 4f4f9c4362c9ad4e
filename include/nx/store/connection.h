/*
 * connection.h - platform_connections and x_grants: who is connected, and the
 * only place where tokens are sealed and opened.
 *
 * Tokens are sealed with `<row id> <user id> <column>` as context (ids as
 * PostgreSQL prints them).  A token that was opened lives in the caller's
 * arena, which wipes itself.
 */
#ifndef NX_STORE_CONNECTION_H
#define NX_STORE_CONNECTION_H

#include "nx/base/uuid.h"
#include "nx/store/store.h"

/* X's rows of platform_connections, which other platforms share. */
#define NX_PLATFORM "twitter"

/*
 * What has become of a connection; the words stand in platform_connections
 * (sql/001_connections.sql has the CHECK) and in answers.  Zero is one that
 * nobody may use.
 */
#define NX_STATUS_LIST(X)						\
	X(DISCONNECTED, "disconnected")	/* by its owner */		\
	X(SUPERSEDED, "superseded")	/* another user has the account */ \
	X(NEEDS_REAUTH, "needs_reauth")	/* X renews it no more */	\
	X(CONNECTED, "connected")

enum nx_connection_status {
#define NX_STATUS_ENUM(name, word) NX_STATUS_##name,
	NX_STATUS_LIST(NX_STATUS_ENUM)
#undef NX_STATUS_ENUM
	NX_STATUS_COUNT
};

/* Its word; static.  Any thread. */
const char	*nx_connection_status_name(enum nx_connection_status status);

struct nx_connection {
	const char	*id;
	const char	*user_id;
	const char	*x_user_id;
	const char	*username;
	const char	*name;		/* NULL: not known */
	const char	*subscription;	/* NULL: not known */
	enum nx_connection_status status;
	const char	*status_reason;	/* plain words, or NULL */
	const char	*scopes;	/* granted, separated by spaces */
	int64_t		 token_expires_at, connected_at, last_success_at;
	int64_t		 version;	/* counts token pairs; the fence */
	bool		 has_refresh_token;
	bool		 refresh_refused;	/* ends with its access token */
	int64_t		 scheduled;	/* posts; 0 where not asked for */
	const char	*access_token;	/* opened; NULL where not asked for */
	const char	*refresh_token;	/* opened; only by nx_lease_take() */
};

/* Every connection of the user, newest first, without tokens. */
NX_MUST_USE enum nx_rc	nx_connection_list(const struct nx_store_ask *ask,
			    const char *user_id, struct nx_connection **out,
			    size_t *count, struct nx_err *err);

/*
 * The one to act with: `connection_id`, or the user's only connected one when
 * NULL; its access token is opened.  NOT_CONNECTED, CONNECTION_UNKNOWN,
 * CONNECTION_CHOICE (ids and names in the detail), NEEDS_REAUTH, KEY_UNKNOWN,
 * SEAL_BROKEN.
 */
NX_MUST_USE enum nx_rc	nx_connection_pick(const struct nx_store_ask *ask,
			    const char *user_id, const char *connection_id,
			    struct nx_connection *out, struct nx_err *err);

/* A fresh pair and whose it is: what a login brings home. */
struct nx_new_grant {
	const char	*user_id;
	const char	*x_user_id, *username, *name, *subscription;
	const char	*access_token, *refresh_token;	/* or NULL */
	const char	*scopes;
	int64_t		 expires_at;	/* wall clock, seconds */
	/*
	 * By the database's clock, in microseconds: when X's answer was there,
	 * by which logins are ordered, and a moment before the code was spent,
	 * at which whatever was here already was older at X.
	 */
	int64_t		 granted_us, claimed_us;
	const char	*grant_hash;	/* SHA-256 of the access token that X
					 * gave first; NULL: this one's */
	const char	*login_hash;	/* the attempt's, or NULL */
	bool		 only_held;	/* store it only where the user has a
					 * row of the account that has not been
					 * disconnected */
	const char	*replaces;	/* the connection whose place it takes
					 * when it is stored, or NULL */
	const char	*pending_id;	/* of the row in x_pending, or NULL */
	int64_t		 pending_version;
	const char	*pending_owner;	/* of its lease; NULL: nobody has it */
};

/* What became of it. */
struct nx_saved {
	char	id[NX_UUID_LEN + 1];	/* the row's, or what it would be */
	bool	stored;		/* there, unless something newer came since */
	bool	gone;		/* the pending row has gone, or moved on:
				 * nothing was done */
};

/*
 * Store it as the user's connection to that X account (a new row or the old
 * one, `connected`), and mark other users' rows of that X account
 * `superseded`: X has just killed them.  A grant that is older than the stored
 * one is not stored; one that is older than another user's becomes superseded
 * itself.  Every token that loses and may be alive at X is parked in the same
 * transaction (revocation.h), which also removes the pending row and notes
 * the attempt's outcome: `connected`, or `other_account` with only_held; and,
 * where it is stored, ends the connection that it `replaces` and the pending
 * rows that were to renew that one, but none that may be any account.
 * Idempotent: a grant that was stored before changes nothing.
 */
NX_MUST_USE enum nx_rc	nx_connection_save(const struct nx_store_ask *ask,
			    const struct nx_new_grant *grant,
			    struct nx_saved *out, struct nx_err *err);

/*
 * Set status and reason, and move both tokens to x_revocations (revocation.h)
 * in one transaction.  A refresh that is under way is not waited for: its
 * pair is parked there as well when it comes.  What does not open is wiped.
 * CONNECTION_UNKNOWN, KEY_UNKNOWN; BUSY when the tokens keep changing.
 */
NX_MUST_USE enum nx_rc	nx_connection_end(const struct nx_store_ask *ask,
			    const char *user_id, const char *id,
			    enum nx_connection_status status,
			    const char *reason, struct nx_err *err);

/*
 * Does the database answer, with our tables in it?  CONFIG without them.
 * `*confirmed`: a commit waits for a standby to have it.
 */
NX_MUST_USE enum nx_rc	nx_connection_ready(const struct nx_store_ask *ask,
			    bool *confirmed, struct nx_err *err);

#endif
