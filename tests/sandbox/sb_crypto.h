/*
 * sb_crypto.h - random values, digests and base64url.  Any thread.
 */
#ifndef SB_CRYPTO_H
#define SB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sb_buf.h"

enum {
	SB_TOKEN_SIZE = 96,	/* room for a token and its NUL */
	SB_S256_SIZE = 44,	/* room for base64url(SHA-256) and its NUL */
	SB_HEX256_SIZE = 65	/* room for hex(SHA-256) and its NUL */
};

void	 sb_random(void *out, size_t len);
/* Hexadecimal digits of len / 2 random bytes, terminated: out[len + 1]. */
void	 sb_random_hex(char *out, size_t len);
/*
 * A token that looks like X's: base64url of "<random>:<ms>:1:1:<kind>:1",
 * 256 random bits in it.  kind is "at", "rt" or "ac".
 */
void	 sb_token_make(char out[SB_TOKEN_SIZE], const char *kind, int64_t ms);

void	 sb_sha256(const void *data, size_t len, unsigned char out[32]);
void	 sb_sha256_hex(const void *data, size_t len, char out[SB_HEX256_SIZE]);
void	 sb_s256(const char *text, char out[SB_S256_SIZE]);
/* The first 8 bytes of SHA-256: the same text is always the same number. */
uint64_t sb_number_of(const char *text);

void	 sb_buf_base64url(struct sb_buf *b, const void *data, size_t len);
/* Reads base64url or base64, padded or not; false if it is neither. */
bool	 sb_base64_read(const char *text, size_t len, struct sb_buf *out);
/* Equal, in time that tells nothing about where they differ. */
bool	 sb_same(const char *a, const char *b);

#endif
