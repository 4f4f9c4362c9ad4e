/*
 * pkce.h - proof key for code exchange (RFC 7636), method S256.
 *
 * Any thread.
 */
#ifndef NX_SEAL_PKCE_H
#define NX_SEAL_PKCE_H

#include "nx/base/slice.h"

enum { NX_PKCE_LEN = 43 };	/* base64url of 32 bytes */

/*
 * 256 random bits as base64url, NUL-terminated: a code verifier (section
 * 4.1), and just as good an OAuth state.
 */
void	nx_pkce_verifier(char out[NX_PKCE_LEN + 1]);

/* The S256 challenge of a verifier (section 4.2), NUL-terminated. */
void	nx_pkce_challenge(struct nx_slice verifier,
	    char out[NX_PKCE_LEN + 1]);

#endif
