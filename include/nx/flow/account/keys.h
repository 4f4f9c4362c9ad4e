/* keys.h - does the key ring open what is stored; seal it anew. */
#ifndef NX_FLOW_ACCOUNT_KEYS_H
#define NX_FLOW_ACCOUNT_KEYS_H

#include "nx/flow/app.h"
#include "nx/store/rekey.h"

/*
 * Before a program begins: KEY_UNKNOWN, with the id in the detail, when a
 * stored token was sealed with a key that is not on the ring, and the pool's
 * SCHEMA_OLD.  A database that does not answer is no reason not to start:
 * NX_OK, and a warning in the log.  Waits for a few seconds at the most.
 */
NX_MUST_USE enum nx_rc	nx_keys_check(const struct nx_app *app,
			    struct nx_err *err);

/* What a sweep over all sealed tokens did, and what the keys are for now. */
struct nx_rekeyed {
	struct nx_rekey		rows;
	struct nx_keys_in_use	in_use;
	/* Of the ring: neither its first nor in use; live as long as it. */
	const char		*may_go[NX_KEYRING_MAX];
	size_t			nmay_go;
};

/*
 * Seal every stored token with the first key of the ring.  Resets the ctx's
 * arena as it goes; takes as long as it takes.
 */
NX_MUST_USE enum nx_rc	nx_rekey(struct nx_ctx *ctx, struct nx_rekeyed *out);

/*
 * For dry runs without NEXUS_KEYS: a ring with a key that nobody will ever
 * have.  The caller owns `*out`.  NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_keys_throw_away(struct nx_keyring **out,
			    struct nx_err *err);

#endif
