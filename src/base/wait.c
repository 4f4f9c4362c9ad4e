/* wait.c - what a thread does before it waits. */

#include "nx/base/wait.h"

#include <stddef.h>

static _Thread_local struct {
	void	(*first)(void *arg);
	void	*arg;
} before_wait;

void
nx_wait_first(void (*first)(void *arg), void *arg)
{
	before_wait.first = first;
	before_wait.arg = arg;
}

void
nx_wait_begin(void)
{
	if (before_wait.first != NULL)
		before_wait.first(before_wait.arg);
}
