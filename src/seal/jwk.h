/* jwk.h - what a set of JWT keys is made of.  Only for the seal room. */
#ifndef NX_SRC_SEAL_JWK_H
#define NX_SRC_SEAL_JWK_H

#include <cjose/cjose.h>

#include "nx/base/maxima.h"
#include "nx/seal/jwt.h"

enum jwk_alg { JWK_HS256, JWK_ES256, JWK_RS256, JWK_ALGS };

struct jwk {
	enum jwk_alg	 alg;	/* the one algorithm it is good for */
	char		 kid[NX_KID_MAX + 1];
	/* Its reference count is not atomic: nobody but the set touches it. */
	cjose_jwk_t	*key;
};

struct nx_jwt_keys {
	cjose_jwk_t	*secret;	/* HS256; NULL: none */
	size_t		 n;
	struct jwk	 keys[NX_JWT_KEYS_MAX];
};

/* As in a token's or a key's `alg`. */
const char	*jwk_alg_name(enum jwk_alg alg);

/*
 * Did cjose fail for lack of memory?  Also empties the thread's OpenSSL error
 * queue, which whoever uses TLS next would read.
 */
bool		 jwk_out_of_memory(const cjose_err *e);

#endif
