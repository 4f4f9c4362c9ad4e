/*
 * digest.c - SHA-256, HMAC-SHA256 and constant-time comparison.
 *
 * OpenSSL 3 calls the SHA256_* functions deprecated; EVP_Digest() in their
 * place looks its algorithm up under a lock and allocates, so it takes three
 * times as long for a short text and can fail.  These cannot.
 */

#define OPENSSL_SUPPRESS_DEPRECATED

#include "nx/seal/digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

void
nx_sha256(struct nx_slice in, unsigned char out[NX_SHA256_BYTES])
{
	SHA256_CTX ctx;

	(void)SHA256_Init(&ctx);
	if (in.n > 0)
		(void)SHA256_Update(&ctx, in.p, in.n);
	(void)SHA256_Final(out, &ctx);
	OPENSSL_cleanse(&ctx, sizeof(ctx));
}

static void
write_hex(const unsigned char md[NX_SHA256_BYTES],
    char out[NX_SHA256_HEX + 1])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < NX_SHA256_BYTES; i++) {
		out[2 * i] = hex[md[i] >> 4];
		out[2 * i + 1] = hex[md[i] & 15];
	}
	out[NX_SHA256_HEX] = '\0';
}

void
nx_sha256_hex(struct nx_slice in, char out[NX_SHA256_HEX + 1])
{
	unsigned char md[NX_SHA256_BYTES];

	nx_sha256(in, md);
	write_hex(md, out);
}

/* `md` becomes SHA-256 of the key, each byte XOR `pad`, and `in`. */
static void
half(const unsigned char key[SHA256_CBLOCK], unsigned char pad,
    struct nx_slice in, unsigned char md[NX_SHA256_BYTES])
{
	unsigned char block[SHA256_CBLOCK];
	SHA256_CTX ctx;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	(void)SHA256_Init(&ctx);
	(void)SHA256_Update(&ctx, block, sizeof(block));
	if (in.n > 0)
		(void)SHA256_Update(&ctx, in.p, in.n);
	(void)SHA256_Final(md, &ctx);
	OPENSSL_cleanse(&ctx, sizeof(ctx));
	OPENSSL_cleanse(block, sizeof(block));
}

void
nx_hmac_sha256_hex(struct nx_slice key, struct nx_slice in,
    char out[NX_SHA256_HEX + 1])
{
	unsigned char block[SHA256_CBLOCK] = { 0 };
	unsigned char md[NX_SHA256_BYTES];

	if (key.n > sizeof(block))
		nx_sha256(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	half(block, 0x36, in, md);
	half(block, 0x5c, (struct nx_slice){ (char *)md, sizeof(md) }, md);
	write_hex(md, out);
	OPENSSL_cleanse(block, sizeof(block));
}

bool
nx_constant_time_eq(struct nx_slice a, struct nx_slice b)
{
	return a.n == b.n && (a.n == 0 || CRYPTO_memcmp(a.p, b.p, a.n) == 0);
}
