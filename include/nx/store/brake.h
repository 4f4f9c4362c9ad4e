/*
 * brake.h - x_app, x_refreshing: no refresh token is thrown after another
 * into an X that does not answer.
 *
 * Each refresh token that is sent and not answered may be a connection lost.
 * When NX_BRAKE_UNANSWERED of them, of all hosts together, have waited for
 * NX_BRAKE_SLOW seconds, or NX_BRAKE_LOST in a row were lost, none is sent
 * for NX_BRAKE_SECONDS, then one as a probe, and so on until X answers a
 * probe.
 */
#ifndef NX_STORE_BRAKE_H
#define NX_STORE_BRAKE_H

#include "nx/store/store.h"

enum {
	NX_BRAKE_UNANSWERED = 4,
	NX_BRAKE_SLOW = 10,
	NX_BRAKE_LOST = 3,
	NX_BRAKE_SECONDS = 60,
};

/*
 * Asked by the holder of a lease right before its refresh token is spent, so
 * it also shows that the database is there.  `*wait` is 0: go, and it is
 * counted as under way for NX_LEASE_MS at the most; otherwise the seconds
 * until it may be worth to ask again.  `row`: the user's connection or
 * pending grant that the lease is of.  REFRESH_BUSY when it has run out
 * meanwhile, as after a process was stopped: another holder may have sent the
 * token.
 */
NX_MUST_USE enum nx_rc	nx_brake_enter(const struct nx_store_ask *ask,
			    const char *owner, const char *user_id,
			    const char *row, int *wait, struct nx_err *err);

enum nx_brake_end {
	NX_BRAKE_END_ANSWERED,	/* X said something, be it a refusal */
	NX_BRAKE_END_LOST,	/* it may have been carried out */
	NX_BRAKE_END_UNSENT,	/* X was not reached: says nothing */
};

/* What became of it; after nx_brake_enter() let it go. */
NX_MUST_USE enum nx_rc	nx_brake_leave(const struct nx_store_ask *ask,
			    const char *owner, enum nx_brake_end end,
			    struct nx_err *err);

#endif
