/* canary.c - free(), looked at. */

#include "canary.h"

#include <malloc.h>
#include <string.h>

void	__wrap_free(void *p);
void	__real_free(void *p);

static int leaks, frees;

bool
canary_in(const void *p, size_t n)
{
	return memmem(p, n, CANARY, sizeof(CANARY) - 1) != NULL;
}

void
__wrap_free(void *p)
{
	if (p != NULL) {
		frees++;
		leaks += canary_in(p, malloc_usable_size(p));
	}
	__real_free(p);
}

int
canary_leaks(void)
{
	int n = leaks;

	leaks = 0;
	return n;
}

int
canary_frees(void)
{
	int n = frees;

	frees = 0;
	return n;
}
