/* fault.c - die at a point, once.  Part of test builds only. */

#include "nx/base/fault.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1100, LINE_SIZE = 80 };

/* What the file asks for; false when there is none. */
static bool
read_order(const char *path, char line[LINE_SIZE])
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL)
		return false;
	ok = fgets(line, LINE_SIZE, f) != NULL;
	(void)fclose(f);
	line[ok ? strcspn(line, "\n") : 0] = '\0';
	return ok;
}

void
nx_fault(const char *point)
{
	const char *dir = getenv("NEXUS_STATE_DIR");
	char path[PATH_SIZE], line[LINE_SIZE];

	(void)snprintf(path, sizeof(path), "%s/fault",
	    dir == NULL ? "." : dir);
	if (read_order(path, line) &&
	    strcmp(line, point + strlen("fault:")) == 0 && unlink(path) == 0)
		(void)raise(SIGKILL);
}
