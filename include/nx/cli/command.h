/*
 * command.h - run one command: open what it needs, call its use case, print
 * one JSON object, or a problem on stderr (docs/contract.md section 9).
 */
#ifndef NX_CLI_COMMAND_H
#define NX_CLI_COMMAND_H

#include "nx/cli/args.h"
#include "nx/cli/drain.h"
#include "nx/flow/app.h"

/* What a command works with; made by nx_command_open(). */
struct nx_command {
	struct nx_app	 app;
	struct nx_ctx	 ctx;
	struct nx_args	 args;
	struct nx_drain	*drain;		/* or NULL: nx_command_need_x() */
	struct nx_buf	 out;		/* the JSON object to print */
	bool		 failed;	/* what it tells of is a failure */
	const struct nx_post_error *problem;	/* why; NULL: it is not kept */
	char		 request_id[40];
};

/*
 * Read the arguments.  NX_OK to go on; otherwise *exit is the status to end
 * with, and help, version or the problem has been printed.
 */
NX_MUST_USE enum nx_rc	nx_command_open(struct nx_command *c,
			    enum nx_program program, const char *name,
			    int argc, char **argv, int *exit_status);

/* Open configuration, keys, pool and handle as `need` (NX_NEED_*) says. */
NX_MUST_USE enum nx_rc	nx_command_need(struct nx_command *c,
			    unsigned int need);

/*
 * The same for what may spend a code or a token at X; once.  Whoever tells
 * the process to end meanwhile is heard when X has answered (drain.h).
 */
NX_MUST_USE enum nx_rc	nx_command_need_x(struct nx_command *c,
			    unsigned int need);

/*
 * Print the result, where there is one, and the problem, free everything: the
 * exit status, which is 1 for a result that is a failure.
 */
int	nx_command_close(struct nx_command *c, enum nx_rc rc);

/* The command lines: all of their logic beyond main(). */
int	nx_twitter_flow(int argc, char **argv);
int	nx_token_refresh(int argc, char **argv);

/* `dir`: where the files of sql/ are, unless an option says otherwise. */
int	nx_migrate(int argc, char **argv, const char *dir);

#endif
