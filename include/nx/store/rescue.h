/*
 * rescue.h - granted tokens that the database has not taken yet.
 *
 * X hands a grant out once.  A file of its own below NEXUS_STATE_DIR/rescue
 * is made for it before X is asked, and what X gives is sealed into it before
 * it is saved, so that neither a database that is away, a disk that has become
 * full nor the death of the process loses it.  A file whose writer is gone is
 * replayed by any process on the host; it is removed only after the database
 * has taken it, or refused it for good as older than what is there.
 *
 * Files and directory belong to whom NEXUS_STATE_DIR belongs to, also when
 * root makes them.
 */
#ifndef NX_STORE_RESCUE_H
#define NX_STORE_RESCUE_H

#include "nx/store/lease.h"
#include "nx/store/pending.h"

/* Can `dir` be written?  CONFIG with the reason otherwise. */
NX_MUST_USE enum nx_rc	nx_rescue_check(const char *dir, struct nx_err *err);

/* How the directory is; CONFIG as above. */
struct nx_rescue_state {
	int	files;		/* those that are being written included */
	int	unreadable;	/* of them, for this user */
	bool	nearly_full;	/* its disk */
};
NX_MUST_USE enum nx_rc	nx_rescue_look(const char *dir,
			    struct nx_rescue_state *out, struct nx_err *err);

/* A file of ours; no replay touches it before it is let go. */
struct nx_rescue {
	char	uuid[NX_UUID_LEN + 1];
	int	dir, fd;		/* -1: there is none */
	bool	written;
};

#define NX_RESCUE_NONE	((struct nx_rescue){ .dir = -1, .fd = -1 })

/*
 * The safety net, spread before a code or a refresh token is spent: an empty
 * file with room for any record, locked, it and its name on the disk.
 * Writing it takes no further space (where the file system overwrites in
 * place).  CONFIG when it cannot be made; `out` is then NX_RESCUE_NONE.
 */
NX_MUST_USE enum nx_rc	nx_rescue_open(const char *dir,
			    struct nx_rescue *out, struct nx_err *err);

/*
 * Write into it: whose code is about to be spent (an attempt's hash, so that
 * the replay can end the attempt if the process dies), and over it what X has
 * granted, or a refreshed pair.  NX_OK: it outlives the machine's fall.  It is
 * to be let go in any case (CONFIG, NO_MEMORY).
 */
NX_MUST_USE enum nx_rc	nx_rescue_attempt(struct nx_rescue *r,
			    const struct nx_keyring *ring,
			    const char *user_id, const char *login_hash,
			    struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_rescue_pending(struct nx_rescue *r,
			    const struct nx_keyring *ring,
			    const struct nx_pending *p, struct nx_err *err);
NX_MUST_USE enum nx_rc	nx_rescue_pair(struct nx_rescue *r,
			    const struct nx_keyring *ring,
			    const struct nx_new_pair *pair,
			    struct nx_err *err);

/*
 * Let go: `saved` removes the file, and so does having written nothing;
 * otherwise it waits for a replay.  NX_RESCUE_NONE is fine.
 */
void	nx_rescue_close(struct nx_rescue *r, bool saved);

/*
 * Replay every file.  Two processes may do so at once: each file is locked.
 * `saved` and `left` count files.  A file that does not open stays, and so
 * does one that this user may not read: CONFIG then.  What its writer left
 * without having written is removed and not counted.
 */
NX_MUST_USE enum nx_rc	nx_rescue_replay(const struct nx_store_ask *ask,
			    const char *dir, int *saved, int *left,
			    struct nx_err *err);

#endif
