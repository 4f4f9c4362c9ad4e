#include "sb_crypto.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sb_random(void *out, size_t len)
{
	if (RAND_bytes(out, (int)len) != 1)
		abort();
}

static void
to_hex(const unsigned char *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 15];
	}
	out[2 * len] = '\0';
}

void
sb_random_hex(char *out, size_t len)
{
	unsigned char bytes[32];

	if (len > 2 * sizeof bytes)
		abort();
	sb_random(bytes, len / 2);
	to_hex(bytes, len / 2, out);
}

void
sb_token_make(char out[SB_TOKEN_SIZE], const char *kind, int64_t ms)
{
	unsigned char bytes[32];
	char plain[SB_TOKEN_SIZE];
	struct sb_buf random = { 0 }, token = { 0 };
	int len;

	sb_random(bytes, sizeof bytes);
	sb_buf_base64url(&random, bytes, sizeof bytes);
	len = snprintf(plain, sizeof plain, "%s:%lld:1:1:%s:1", random.data,
	    (long long)ms, kind);
	sb_buf_base64url(&token, plain, (size_t)len);
	sb_copy(out, SB_TOKEN_SIZE, token.data);
	sb_buf_free(&random);
	sb_buf_free(&token);
}

void
sb_sha256(const void *data, size_t len, unsigned char out[32])
{
	SHA256(data, len, out);
}

void
sb_sha256_hex(const void *data, size_t len, char out[SB_HEX256_SIZE])
{
	unsigned char digest[32];

	sb_sha256(data, len, digest);
	to_hex(digest, sizeof digest, out);
}

void
sb_s256(const char *text, char out[SB_S256_SIZE])
{
	unsigned char digest[32];
	struct sb_buf b = { 0 };

	sb_sha256(text, strlen(text), digest);
	sb_buf_base64url(&b, digest, sizeof digest);
	sb_copy(out, SB_S256_SIZE, b.data);
	sb_buf_free(&b);
}

uint64_t
sb_number_of(const char *text)
{
	unsigned char digest[32];
	uint64_t n = 0;

	sb_sha256(text, strlen(text), digest);
	for (int i = 0; i < 8; i++)
		n = n << 8 | digest[i];
	return n;
}

void
sb_buf_base64url(struct sb_buf *b, const void *data, size_t len)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = data;
	char out[4];

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)p[i] << 16;

		if (n > 1)
			v |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			v |= p[i + 2];
		for (int k = 0; k < 4; k++)
			out[k] = set[v >> (18 - 6 * k) & 63];
		sb_buf_add(b, out, n + 1);
	}
	if (len == 0)
		sb_buf_puts(b, "");
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	if (c == '_' || c == '/')
		return 63;
	return -1;
}

bool
sb_base64_read(const char *text, size_t len, struct sb_buf *out)
{
	uint32_t v = 0;
	int bits = 0;

	while (len > 0 && text[len - 1] == '=')
		len--;
	if (len % 4 == 1)
		return false;
	for (size_t i = 0; i < len; i++) {
		int six = value_of(text[i]);
		char byte;

		if (six < 0)
			return false;
		v = (v << 6 | (uint32_t)six) & 0xffffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		byte = (char)(v >> bits & 255);
		sb_buf_add(out, &byte, 1);
	}
	return true;
}

bool
sb_same(const char *a, const char *b)
{
	size_t len = strlen(a);

	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}
