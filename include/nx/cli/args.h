/*
 * args.h - the command lines of docs/contract.md section 9, in one table.
 *
 * Options are `--name=value` or `--name value`; `_` and `-` mean the same.
 */
#ifndef NX_CLI_ARGS_H
#define NX_CLI_ARGS_H

#include <stdio.h>

#include "nx/base/arena.h"
#include "nx/base/maxima.h"

struct nx_args {
	const char	*action, *user_id, *return_to, *code, *state, *flow;
	const char	*content, *on_long, *link, *idempotency_key;
	const char	*connection_id, *scopes, *within;
	const char	*publish_at, *on_partial;
	const char	*post_id, *limit, *before, *view;
	const char	*dir, *wait, *again, *from, *rows;
	const char	*media[NX_MEDIA_ARGS_MAX];
	int		 nmedia;
	bool		 replace, numbering;
	bool		 list;
	bool		 expand;
	bool		 rekey, dry_run, help, version, check_config;
};

enum nx_program {
	NX_TWITTER_FLOW = 1, NX_TOKEN_REFRESH = 2, NX_FCGI = 4, NX_WORKER = 8,
	NX_MIGRATE = 16,
};

/*
 * USAGE with what is wrong in `err`.  Texts live in the arena; the values of
 * code, state and flow are overwritten in argv, where others could see them.
 */
NX_MUST_USE enum nx_rc	nx_args_parse(enum nx_program program, int argc,
			    char **argv, struct nx_arena *arena,
			    struct nx_args *out, struct nx_err *err);

/* A decimal number from `least` to `most`, and nothing else; or false. */
bool	nx_args_number(const char *text, int least, int most, int *out);

/* The options of a program and all variables. */
void	nx_args_help(enum nx_program program, FILE *out);

#endif
