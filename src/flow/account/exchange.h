/* exchange.h - an attempt that was claimed: its code is to be spent. */
#ifndef NX_SRC_FLOW_ACCOUNT_EXCHANGE_H
#define NX_SRC_FLOW_ACCOUNT_EXCHANGE_H

#include "attempt.h"
#include "nx/flow/account/connect.h"
#include "nx/seal/digest.h"
#include "nx/store/rescue.h"

struct nx_claimed {
	const struct nx_attempt	*attempt;
	const char		*code;
	char			 hash[NX_SHA256_HEX + 1];	/* of state */
	struct nx_rescue	 aside;		/* the safety net, or none */
	/*
	 * The database's time when it answered, microseconds; nx_clock_mono()
	 * then; and the database's when the attempt was claimed.
	 */
	int64_t			 now_us, mono_ms, claimed_us;
};

/*
 * Spend the code in a patient task and wait for it while there is time: what
 * takes longer is `out->pending`, and goes on.  Lets `what->aside` go.  Errors
 * as nx_connect_finish(); BUSY: nothing was spent, nor is it claimed any more.
 */
NX_MUST_USE enum nx_rc	nx_exchange(struct nx_ctx *ctx,
			    struct nx_claimed *what,
			    struct nx_connect_result *out);

#endif
