/*
 * migration.h - bring a schema to a version, one file of sql/ after another.
 *
 * A migrator is one session of its own, not of a pool: it holds an advisory
 * lock, builds indexes beside readers and writers, and sets its own limits.
 * One thread.  Waits for the server as long as a statement takes.
 *
 * Each call can return DB_DOWN (the connection broke; what a file did not
 * commit is undone) and SCHEMA_WRONG (the server refused a statement).
 */
#ifndef NX_STORE_MIGRATION_H
#define NX_STORE_MIGRATION_H

#include "nx/base/arena.h"
#include "nx/base/buf.h"
#include "nx/seal/digest.h"
#include "nx/store/pool.h"

struct nx_migrator;

/*
 * No statement of a migration waits longer for a lock, in ms: whoever comes
 * after it waits behind it (docs/contract.md section 8: 200 ms in all).  Where
 * a file sets lock_timeout to 0 it waits in nobody's way.
 */
enum { NX_MIGRATION_LOCK_MS = 100 };

struct nx_migration {
	int		 version;	/* NNN of its name */
	const char	*name;
	struct nx_slice	 text;
	char		 checksum[NX_SHA256_HEX + 1];	/* of the text */
	const char	*mark;	/* what "There with:" says; or NULL */
	bool		 contracts;	/* of sql/contract: x_schema has none */
};

/* Which form the tables have (x_app.contracted). */
enum nx_form {
	NX_FORM_OLD,		/* of before there were two */
	NX_FORM_EXPANDED,	/* as older programs know it, and more */
	NX_FORM_CONTRACTED,	/* which older programs do not know */
};

/* A row of x_schema. */
struct nx_applied {
	int		 version;
	const char	*name, *checksum, *at, *program;
	bool		 adopted;
};

/*
 * `database`: another of the same server, or NULL for the one in `url`.
 * CONFIG when a pooler in transaction mode stands between, which would give
 * each transaction another session.
 */
NX_MUST_USE enum nx_rc	nx_migrator_open(const char *url,
			    const char *database, struct nx_migrator **out,
			    struct nx_err *err);
void			nx_migrator_close(struct nx_migrator *m);

/*
 * Be the only one that migrates, until closed.  SCHEMA_BUSY: somebody else
 * is.  Does not wait: an index that is being built would wait for us.
 */
NX_MUST_USE enum nx_rc	nx_migrator_lock(struct nx_migrator *m,
			    struct nx_err *err);

/* What has been applied, by version, in the arena; none without x_schema. */
NX_MUST_USE enum nx_rc	nx_migrator_applied(struct nx_migrator *m,
			    struct nx_arena *arena, struct nx_applied **out,
			    int *n, struct nx_err *err);

/* Is nothing of ours there, not even half of it? */
NX_MUST_USE enum nx_rc	nx_migrator_is_empty(struct nx_migrator *m, bool *out,
			    struct nx_err *err);

NX_MUST_USE enum nx_rc	nx_migrator_form(struct nx_migrator *m,
			    enum nx_form *out, struct nx_err *err);

/* Has somebody done the file's work who did not enter it? */
NX_MUST_USE enum nx_rc	nx_migrator_is_there(struct nx_migrator *m,
			    const struct nx_migration *file, bool *out,
			    struct nx_err *err);

/* Enter it as adopted, without running it. */
NX_MUST_USE enum nx_rc	nx_migrator_adopt(struct nx_migrator *m,
			    const struct nx_migration *file,
			    struct nx_err *err);

/*
 * Run the file's statements, once, and enter it, unless it contracts: in its
 * last transaction where it ends with COMMIT, else behind it.  SCHEMA_BUSY: a
 * lock was not to be had; what had not been committed is undone, and the file
 * may be run again.  The detail names the file and the line.
 */
NX_MUST_USE enum nx_rc	nx_migrator_run(struct nx_migrator *m,
			    const struct nx_migration *file,
			    struct nx_err *err);

/*
 * What is there of ours, one line each: "kind name definition".  Of
 * platform_connections, which others share, only the names.
 */
NX_MUST_USE enum nx_rc	nx_migrator_list(struct nx_migrator *m,
			    struct nx_buf *out, struct nx_err *err);

/* The oldest open transaction of others, as text in the arena; or NULL. */
const char		*nx_migrator_oldest(struct nx_migrator *m,
			    struct nx_arena *arena);

/*
 * A database of this server for one test, nx_lock_times_NUMBER; the session
 * bears its name.  Those that no session bears the name of are dropped: what
 * made them was killed.
 */
NX_MUST_USE enum nx_rc	nx_migrator_scratch(struct nx_migrator *m,
			    const char *name, struct nx_err *err);
void			nx_migrator_drop(struct nx_migrator *m,
			    const char *name);

/*
 * Fill what is there and empty: `rows` posts of a thousand users, a tenth as
 * many connections; before there is anything, as many of other platforms.
 */
NX_MUST_USE enum nx_rc	nx_migrator_fill(struct nx_migrator *m, int rows,
			    struct nx_err *err);

#endif
