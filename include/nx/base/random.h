/* random.h - the one door to randomness (the kernel's).  Any thread. */
#ifndef NX_BASE_RANDOM_H
#define NX_BASE_RANDOM_H

#include <stddef.h>

/* Fill `p` with `n` random bytes.  Never returns without having done so. */
void	nx_random(void *p, size_t n);

#endif
