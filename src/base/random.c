/* random.c - the one door to randomness. */

#include "nx/base/random.h"

#include <assert.h>
#include <openssl/rand.h>
#include <stdio.h>

void
nx_random(void *p, size_t n)
{
	/* Fails only when the kernel's source is gone: nothing is safe then. */
	int ok = RAND_bytes(p, (int)n);

	assert(ok == 1);
}

void
nx_random_uuid(char out[NX_UUID_LEN + 1])
{
	unsigned char b[16];

	nx_random(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	(void)snprintf(out, NX_UUID_LEN + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
