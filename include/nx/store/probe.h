/*
 * probe.h - readers and writers beside a migration, and how long they wait.
 *
 * Each table of ours has a reader and writer of its own, one statement after
 * another; a watcher sees how long any of them waits for a lock.  What a busy
 * processor costs does not count, what a lock costs does, whoever holds it.
 */
#ifndef NX_STORE_PROBE_H
#define NX_STORE_PROBE_H

#include "nx/base/err.h"

struct nx_probe;

struct nx_probed {
	int	 longest_ms;		/* that a statement waited for a lock */
	char	 statement[128];	/* which one; "" when none did */
	int	 statements;		/* that were answered */
};

/* In `database` at the server of `url`.  DB_DOWN, NO_MEMORY. */
NX_MUST_USE enum nx_rc	nx_probe_start(const char *url,
			    const char *database, struct nx_probe **out,
			    struct nx_err *err);

/* Ends it; `probe` is gone then.  NULL is fine. */
void			nx_probe_stop(struct nx_probe *probe,
			    struct nx_probed *out);

#endif
