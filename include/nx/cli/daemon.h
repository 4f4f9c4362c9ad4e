/* daemon.h - what the two long-running programs do before and after. */
#ifndef NX_CLI_DAEMON_H
#define NX_CLI_DAEMON_H

#include "nx/cli/args.h"
#include "nx/flow/app.h"

struct nx_daemon {
	const char	*name;
	enum nx_program	 program;
	unsigned int	 need;		/* a set of NX_NEED_* */
	int		 malloc_arenas;	/* fewer: less memory, more waiting */
	/* Runs until told to stop; called with no other thread running. */
	enum nx_rc	(*run)(const struct nx_app *app, struct nx_err *err);
};

/*
 * Read the arguments and the environment, check what must be right before
 * anything is begun (configuration, rescue directory, keys), run, clean up.
 * What is wrong goes to stderr as text.  Returns the exit status.
 */
int	nx_daemon(const struct nx_daemon *d, int argc, char **argv);

#endif
