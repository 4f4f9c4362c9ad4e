/*
 * jwt.h - who is calling: Supabase access tokens (docs/contract.md section 4).
 *
 * A token is a JWS in compact form (RFC 7515) with JSON claims (RFC 7519).
 * The algorithm comes from the key, never from the token: HS256 is checked
 * with the secret alone, ES256 and RS256 with the public key that the
 * token's `kid` names.  Nothing of a token ever reaches an error's detail.
 */
#ifndef NX_SEAL_JWT_H
#define NX_SEAL_JWT_H

#include <stdint.h>

#include "nx/base/err.h"
#include "nx/base/maxima.h"
#include "nx/base/slice.h"
#include "nx/base/uuid.h"

enum {
	NX_JWT_LEEWAY = 30,		/* seconds that clocks may differ */
};

/* Opaque and immutable: any thread may use one without a lock. */
struct nx_jwt_keys;

/*
 * The keys to check with: an HS256 secret (its bytes as they are; NULL:
 * none) and a JWKS (RFC 7517; empty: none).  Of the JWKS, signature keys
 * with a `kid` of 1-128 bytes are kept: EC on P-256 for ES256, RSA of
 * 2048-8192 bits for RS256.  Others (`use` not `sig`, an `alg` that
 * disagrees, other types, the 33rd) are passed over, and private parts are
 * never read.  No key at all is not an error: then nobody is let in.
 *
 * The caller owns `*out`, which is NULL on failure.
 * Errors: NOT_JSON, TOO_BIG, MALFORMED (no array `keys`), NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_jwt_keys_new(const char *hs256_secret,
			    struct nx_slice jwks, struct nx_jwt_keys **out,
			    struct nx_err *err);

/* Wipes the secret.  NULL is fine. */
void			 nx_jwt_keys_free(struct nx_jwt_keys *keys);

/* How many public keys were kept. */
size_t			 nx_jwt_keys_count(const struct nx_jwt_keys *keys);

/* What a token must say beside being genuine; texts are borrowed. */
struct nx_jwt_rules {
	const char	*issuer;	/* `iss` exactly; NULL: any or none */
	const char	*audience;	/* `aud` is it or holds it */
	const char	*clients;	/* `client_id`s that may act, comma
					 * separated; NULL: none */
	int64_t		 now;		/* seconds since 1970 */
	int		 leeway;	/* seconds, NX_JWT_LEEWAY */
};

struct nx_jwt_claims {
	char	 sub[NX_UUID_LEN + 1];	/* in lower case; "": none */
	char	 role[32];	/* "" when absent */
	int64_t	 expires;	/* `exp`, seconds since 1970 */
	bool	 unknown_kid;	/* refused: fetching the JWKS may help */
};

/*
 * Check a token.  It is valid while `now < exp + leeway`, and once `nbf` and
 * `iat`, where given, are at most `leeway` ahead.  A token with the role
 * service_role, which is Supabase's service key, may leave out `sub` and
 * `aud`, and may be issued by `supabase`, `supabase-demo` or nobody.  On
 * failure `*out` is empty but for `unknown_kid`, which is set when the token
 * names an ES256 or RS256 key that is not among `keys`.
 * Errors: TOKEN_EXPIRED (all else is in order), APP_STRANGER (a `client_id`
 * that is not among rules->clients), UNAUTHENTICATED with a detail that says
 * why, NO_MEMORY.
 */
NX_MUST_USE enum nx_rc	nx_jwt_check(const struct nx_jwt_keys *keys,
			    struct nx_slice token,
			    const struct nx_jwt_rules *rules,
			    struct nx_jwt_claims *out, struct nx_err *err);

#endif
