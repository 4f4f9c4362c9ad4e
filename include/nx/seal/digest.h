/*
 * digest.h - SHA-256 (FIPS 180-4), HMAC with it (RFC 2104), and comparing
 * without a timing trace.
 *
 * Pure.  Any thread.
 */
#ifndef NX_SEAL_DIGEST_H
#define NX_SEAL_DIGEST_H

#include "nx/base/slice.h"

enum { NX_SHA256_BYTES = 32, NX_SHA256_HEX = 64 };

void	nx_sha256(struct nx_slice in, unsigned char out[NX_SHA256_BYTES]);

/* In lower-case hex, NUL-terminated. */
void	nx_sha256_hex(struct nx_slice in, char out[NX_SHA256_HEX + 1]);

/* The HMAC-SHA256 of `in`, in lower-case hex, NUL-terminated. */
void	nx_hmac_sha256_hex(struct nx_slice key, struct nx_slice in,
	    char out[NX_SHA256_HEX + 1]);

/* Equal?  Takes as long as it takes; only the lengths show in the time. */
bool	nx_constant_time_eq(struct nx_slice a, struct nx_slice b);

#endif
