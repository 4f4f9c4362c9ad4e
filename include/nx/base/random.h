/* random.h - the one door to randomness (the kernel's).  Any thread. */
#ifndef NX_BASE_RANDOM_H
#define NX_BASE_RANDOM_H

#include <stddef.h>

/* Fill `p` with `n` random bytes.  Never returns without having done so. */
void	nx_random(void *p, size_t n);

enum { NX_UUID_LEN = 36 };

/* A random UUID (RFC 9562, version 4) in lower case, NUL-terminated. */
void	nx_random_uuid(char out[NX_UUID_LEN + 1]);

#endif
