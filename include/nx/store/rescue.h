/*
 * rescue.h - granted tokens that the database has not taken yet.
 *
 * X hands a grant out once.  Before it is saved it is sealed into a file of
 * its own below NEXUS_STATE_DIR/rescue, so that neither a database that is
 * away nor the death of the process loses it.  A file whose writer is gone is
 * replayed by any process on the host; it is removed only after the database
 * has taken it, or refused it for good as older than what is there.
 */
#ifndef NX_STORE_RESCUE_H
#define NX_STORE_RESCUE_H

#include "nx/store/lease.h"

/* Can `dir` be written?  CONFIG with the reason otherwise. */
NX_MUST_USE enum nx_rc	nx_rescue_check(const char *dir, struct nx_err *err);

/* A file of ours; no replay touches it before it is let go. */
struct nx_rescue {
	char	uuid[NX_ID_LEN + 1];
	int	dir, fd;		/* -1: there is none */
};

#define NX_RESCUE_NONE	((struct nx_rescue){ .dir = -1, .fd = -1 })

/*
 * Keep a new grant, and the hash of the attempt it came from (or NULL), or a
 * refreshed pair.  It outlives the process from then on, and the machine's
 * fall after nx_rescue_sync().  `out` is to be let go, also on failure
 * (CONFIG, NO_MEMORY).
 */
NX_MUST_USE enum nx_rc	nx_rescue_grant(const struct nx_keyring *ring,
			    const char *dir, const struct nx_new_grant *grant,
			    const char *login_hash, struct nx_rescue *out,
			    struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_rescue_pair(const struct nx_keyring *ring,
			    const char *dir, const struct nx_new_pair *pair,
			    struct nx_rescue *out, struct nx_err *err);

/* Make it last; false when the disk does not. */
bool	nx_rescue_sync(const struct nx_rescue *r);

/* Let go: `saved` removes the file, otherwise it waits for a replay. */
void	nx_rescue_close(struct nx_rescue *r, bool saved);

/*
 * Replay every file.  Two processes may do so at once: each file is locked.
 * `saved` and `left` count files; a file that does not open stays.
 */
NX_MUST_USE enum nx_rc	nx_rescue_replay(const struct nx_store_ask *ask,
			    const char *dir, int *saved, int *left,
			    struct nx_err *err);

#endif
