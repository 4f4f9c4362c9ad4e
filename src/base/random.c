/*
 * random.c - the one door to randomness: the kernel's, since OpenSSL 3.0's
 * RAND_bytes() takes one lock of the whole process for every call.
 */

#include "nx/base/random.h"

#include <errno.h>
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
