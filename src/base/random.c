/*
 * random.c - the one door to randomness: the kernel's, since OpenSSL 3.0's
 * RAND_bytes() takes one lock of the whole process for every call.
 */

#include "nx/base/random.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "nx/base/must.h"

void
nx_random(void *p, size_t n)
{
	unsigned char *at = p;

	while (n > 0) {
		ssize_t got = getrandom(at, n, 0);

		/* Without the kernel's source nothing is safe any more. */
		assert(got > 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
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
