/* pkce.c - RFC 7636. */

#include "nx/seal/pkce.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "nx/base/random.h"
#include "nx/seal/digest.h"

enum { BYTES = 32 };

/* base64url of 32 bytes without an allocation that could fail. */
static void
encode_text(const unsigned char in[BYTES], char out[NX_PKCE_LEN + 1])
{
	unsigned char padded[NX_PKCE_LEN + 2];

	(void)EVP_EncodeBlock(padded, in, BYTES);
	for (size_t i = 0; i < NX_PKCE_LEN; i++) {
		char c = (char)padded[i];

		out[i] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	out[NX_PKCE_LEN] = '\0';
	OPENSSL_cleanse(padded, sizeof(padded));
}

void
nx_pkce_verifier(char out[NX_PKCE_LEN + 1])
{
	unsigned char bits[BYTES];

	nx_random(bits, sizeof(bits));
	encode_text(bits, out);
	OPENSSL_cleanse(bits, sizeof(bits));
}

void
nx_pkce_challenge(struct nx_slice verifier, char out[NX_PKCE_LEN + 1])
{
	unsigned char md[NX_SHA256_BYTES];

	nx_sha256(verifier, md);
	encode_text(md, out);
}
