/*
 * script.h - cut a file of SQL into its statements, as psql does.
 *
 * Pure.  Knows strings ('', E''), quoted names, dollar quotes and comments;
 * not psql's own commands, nor the bodies of BEGIN ATOMIC.
 */
#ifndef NX_STORE_SCRIPT_H
#define NX_STORE_SCRIPT_H

#include "nx/base/slice.h"

struct nx_script {
	struct nx_slice	rest;	/* what is still to be cut */
	int		line;	/* on which it begins, from 1 */
};

/*
 * The next statement, without what stands before it and without its
 * semicolon, and the line that it begins on.  False at the end.
 */
bool	nx_script_next(struct nx_script *script, struct nx_slice *statement,
	    int *line);

/* Does the statement begin with these words, whatever stands between them? */
bool	nx_script_begins(struct nx_slice statement, const char *words);

#endif
