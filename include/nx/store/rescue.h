/*
 * rescue.h - granted tokens that the database could not take.
 *
 * X hands a grant out once.  When the save fails, the grant is sealed into a
 * file of its own below NEXUS_STATE_DIR/rescue (written aside, fsync'd,
 * renamed, directory fsync'd) and replayed later by any process on the host.
 * A file is removed only after the database has taken it, or refused it for
 * good as older than what is there.
 */
#ifndef NX_STORE_RESCUE_H
#define NX_STORE_RESCUE_H

#include "nx/store/lease.h"

/* Can `dir` be written?  CONFIG with the reason otherwise. */
NX_MUST_USE enum nx_rc	nx_rescue_check(const char *dir, struct nx_err *err);

/* Keep a new grant, and the hash of the attempt it came from (or NULL). */
NX_MUST_USE enum nx_rc	nx_rescue_grant(const struct nx_keyring *ring,
			    const char *dir, const struct nx_new_grant *grant,
			    const char *login_hash, struct nx_err *err);

/* Keep a refreshed pair. */
NX_MUST_USE enum nx_rc	nx_rescue_pair(const struct nx_keyring *ring,
			    const char *dir, const struct nx_new_pair *pair,
			    struct nx_err *err);

/*
 * Replay every file.  Two processes may do so at once: each file is locked.
 * `saved` and `left` count files; a file that does not open stays.
 */
NX_MUST_USE enum nx_rc	nx_rescue_replay(const struct nx_store_ask *ask,
			    const char *dir, int *saved, int *left,
			    struct nx_err *err);

#endif
