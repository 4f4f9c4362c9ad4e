/* fault.c - die at a point, or take long, once.  Part of test builds only. */

#include "nx/base/fault.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nx/base/clock.h"

enum { PATH_SIZE = 1100, LINE_SIZE = 80, LONG_MS = 3000 };

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

static void
spin(int64_t until)
{
	while (nx_clock_left(until) > 0)
		continue;
}

static void
carry_out(const char *how)
{
	if (strcmp(how, " sleep") == 0)
		nx_clock_sleep(LONG_MS);
	else if (strcmp(how, " stall") == 0)
		(void)poll(NULL, 0, LONG_MS);
	else if (strcmp(how, " spin") == 0)
		spin(nx_clock_mono() + LONG_MS);
	else if (*how == '\0')
		(void)raise(SIGKILL);
}

void
nx_fault(const char *point)
{
	const char *dir = getenv("NEXUS_STATE_DIR");
	const char *name = point + strlen("fault:");
	char path[PATH_SIZE], line[LINE_SIZE];

	(void)snprintf(path, sizeof(path), "%s/fault",
	    dir == NULL ? "." : dir);
	if (read_order(path, line) &&
	    strncmp(line, name, strlen(name)) == 0 &&
	    strchr(" ", line[strlen(name)]) != NULL && unlink(path) == 0)
		carry_out(line + strlen(name));
}
