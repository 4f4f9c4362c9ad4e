/*
 * sweep.h - the use case "renew whatever is due".
 *
 * Any number of sweeps may run at once, on any number of hosts: each takes
 * the leases of other rows (store/lease.h).  A sweep ends no connection on the
 * word of an X that refuses everybody, and stops where going on would be
 * knocking: no money, credentials refused, trouble after trouble.
 */
#ifndef NX_FLOW_ACCOUNT_SWEEP_H
#define NX_FLOW_ACCOUNT_SWEEP_H

#include "nx/flow/account/refresh.h"

/* Seconds, and how many at a time, where nothing else is asked for. */
enum {
	NX_SWEEP_WITHIN = 900,
	NX_SWEEP_THREADS = 8,
};

struct nx_sweep {
	int64_t		due;		/* leases taken; of a dry run: due,
					 * counted to NX_DUE_COUNT_MAX */
	int		refreshed;
	int		waiting;	/* for a later sweep */
	int		ending;		/* refused; they work to their end */
	int		ended;		/* needs_reauth now */
	int		failed;		/* and only the operator can help */
	int		unreadable;	/* no key of the ring opens them */
	bool		stopped;	/* was told to end */
	bool		outage;		/* X refuses or fails everybody */
	struct nx_err	halt;		/* why it gave up; rc NX_OK: did not */
};

/*
 * Renew everything that is due, so many at a time, until nothing is left or
 * ctx->stop says so: then what is under way is finished, however long X takes
 * (flow/patient.h), and the rest given back.  ctx->http is not used.
 * DB_DOWN, NO_MEMORY, ...: `out` says what was done until then.
 */
NX_MUST_USE enum nx_rc	nx_sweep(struct nx_ctx *ctx,
			    const struct nx_due *due, int threads,
			    struct nx_sweep *out);

/* Only count. */
NX_MUST_USE enum nx_rc	nx_sweep_count(struct nx_ctx *ctx,
			    const struct nx_due *due, struct nx_sweep *out);

#endif
