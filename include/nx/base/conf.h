/*
 * conf.h - the configuration: one table, one immutable struct.
 *
 * Everything comes from the environment (docs/contract.md section 3).  The
 * rows in conf_list.h give each variable its field, type, range, default, who
 * needs it and its manual text; the struct, the parser, `--help` and
 * `--check-config` all come from them.
 */
#ifndef NX_BASE_CONF_H
#define NX_BASE_CONF_H

#include <stdio.h>

#include "nx/base/buf.h"
#include "nx/base/conf_list.h"
#include "nx/base/log.h"

/* What a program is about to do decides which variables must be set. */
enum {
	NX_NEED_X = 1,		/* talk to X */
	NX_NEED_DB = 2,		/* use the database */
	NX_NEED_KEYS = 4,	/* seal or open values */
	NX_NEED_CALLERS = 8,	/* tell who is calling */
};

struct nx_conf {
#define NX_CONF_FIELD_STR(f)	const char *f;	/* NULL: not set */
#define NX_CONF_FIELD_SECRET(f)	const char *f;
#define NX_CONF_FIELD_URL(f)	const char *f;
#define NX_CONF_FIELD_PATH(f)	const char *f;
#define NX_CONF_FIELD_LEVEL(f)	const char *f;
#define NX_CONF_FIELD_PLAN(f)	const char *f;
#define NX_CONF_FIELD_MONEY(f)	const char *f;
#define NX_CONF_FIELD_INT(f)	int f;
#define NX_CONF_MEMBER(f, name, type, def, lo, hi, need, text) \
	NX_CONF_FIELD_##type(f)
	NX_CONF_LIST(NX_CONF_MEMBER)
#undef NX_CONF_MEMBER
	bool		 origin_is_https;
	struct nx_log	 log;
	struct nx_arena	*arena;		/* owns every text above */
};

/*
 * Read the configuration.  `lookup(ctx, name)` gives a variable's value or
 * NULL.  `need` is a set of NX_NEED_*.  Every problem is a line in
 * `problems`, naming its variable and never a secret value; CONFIG then, but
 * `out` is still to be freed.
 */
NX_MUST_USE enum nx_rc	nx_conf_load(
			    const char *(*lookup)(void *, const char *),
			    void *ctx, unsigned int need,
			    struct nx_conf *out, struct nx_buf *problems);
void	nx_conf_free(struct nx_conf *conf);

/* nx_conf_load()'s lookup for the process's own environment. */
const char	*nx_conf_getenv(void *unused, const char *name);

/* The table as text for `--help`. */
void	nx_conf_help(FILE *out);

#endif
