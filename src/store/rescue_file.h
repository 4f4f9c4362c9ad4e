/*
 * rescue_file.h - between the files (rescue.c), what stands in them
 * (rescue_record.c) and the replay (rescue_replay.c) only.
 */
#ifndef NX_SRC_STORE_RESCUE_FILE_H
#define NX_SRC_STORE_RESCUE_FILE_H

#include <dirent.h>

#include "nx/store/rescue.h"

/* CONFIG: `what` cannot be done in the directory, for the reason in errno. */
enum nx_rc	nx_rescue_fail(struct nx_err *err, const char *what);

/* DIR/rescue to be read through; closed by closedir().  NULL: CONFIG. */
DIR		*nx_rescue_dir(const char *dir, struct nx_err *err);

/* Is a file of this name one of ours?  It begins with its UUID then. */
bool		 nx_rescue_is_ours(const char *name);

/* Write it over what is there, and to the disk.  CONFIG. */
NX_MUST_USE enum nx_rc	nx_rescue_write(struct nx_rescue *r,
			    struct nx_slice sealed, struct nx_err *err);

/*
 * Bring home what an opened record holds.  MALFORMED, and the errors of
 * whatever takes it.
 */
NX_MUST_USE enum nx_rc	nx_rescue_apply(const struct nx_store_ask *ask,
			    struct nx_slice record, struct nx_err *err);

#endif
