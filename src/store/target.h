/* target.h - the hosts of DATABASE_URL. */
#ifndef NX_SRC_STORE_TARGET_H
#define NX_SRC_STORE_TARGET_H

#include "nx/base/arena.h"
#include "nx/base/maxima.h"

/* What PQconnectStartParams() takes: one host of those in the URL. */
struct nx_target {
	const char	*words[NX_DB_OPTIONS_MAX + 1];
	const char	*values[NX_DB_OPTIONS_MAX + 1];
};

struct nx_targets {
	struct nx_arena		*texts;	/* owns all of it; wiped */
	struct nx_target	*all;
	int			 n;
	bool			 writable;	/* only such a server will do */
};

/*
 * CONFIG, with what is wrong in words that hold no piece of a password;
 * NO_MEMORY.  Free `out` in any case.
 */
NX_MUST_USE enum nx_rc	nx_targets_read(const char *url,
			    struct nx_targets *out, struct nx_err *err);
void			nx_targets_free(struct nx_targets *targets);

#endif
