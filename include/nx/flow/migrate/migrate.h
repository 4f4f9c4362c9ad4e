/*
 * migrate.h - what nexus-x-migrate does with the files of sql/.
 *
 * The one list of them is the directory: NNN_name.sql, without gaps from 000
 * on.  Each is applied once, in order; x_schema remembers which.  One thread;
 * all texts live in the ctx's arena.  Each call opens a session of its own at
 * DATABASE_URL (store/migration.h) and can return that one's errors.
 */
#ifndef NX_FLOW_MIGRATE_MIGRATE_H
#define NX_FLOW_MIGRATE_MIGRATE_H

#include "nx/base/maxima.h"
#include "nx/flow/app.h"
#include "nx/store/migration.h"
#include "nx/store/probe.h"

enum nx_file_state {
	NX_FILE_PENDING,
	NX_FILE_APPLIED,
	NX_FILE_ADOPTED,	/* its work was there before x_schema was */
	NX_FILE_CHANGED,	/* it is not what was applied */
};

struct nx_file {
	struct nx_migration		 sql;
	enum nx_file_state		 state;
	const struct nx_applied		*row;	/* NULL: pending */
};

struct nx_files {
	struct nx_file	 all[NX_MIGRATIONS_MAX];
	int		 n;
	int		 version;	/* of the database; -1: none */
	int		 pending, changed;
	/* Those of DIR/contract, by number, with gaps. */
	struct nx_migration	 contract[NX_CONTRACTS_MAX];
	int			 ncontract;
	enum nx_form		 form;		/* of the database */
};

/*
 * The file that says the tables have their new form.  Those before it prepare
 * and are passed over afterwards; those behind it remove what is of no more
 * use, as often as it takes.
 */
enum { NX_CONTRACT_FLIP = 500 };

/* Read the directory: CONFIG with what is wrong with it. */
NX_MUST_USE enum nx_rc	nx_files_read(struct nx_ctx *ctx, const char *dir,
			    struct nx_files *out);

/* Fill in what the database says was applied. */
NX_MUST_USE enum nx_rc	nx_migrate_status(struct nx_ctx *ctx,
			    struct nx_files *files);

struct nx_apply {
	int	 again;		/* a version to apply once more, or -1 */
	int	 wait;		/* seconds for locks, in all */
	bool	 expands;	/* an empty database is not contracted */
	int	 applied, adopted, retries;	/* what was done */
};

/*
 * Apply what is pending, and contract what was empty.  Files whose work is
 * there already are adopted.  A lock that is not to be had at once is tried
 * for again, ever more rarely.  SCHEMA_BUSY when it never was; SCHEMA_WRONG
 * when a file has changed since it was applied (nothing is done then) or a
 * statement fails.
 */
NX_MUST_USE enum nx_rc	nx_migrate_apply(struct nx_ctx *ctx,
			    struct nx_files *files, struct nx_apply *apply);

/*
 * Give the tables the form that programs of the version before do not know:
 * none of them may run any more.  May be broken off and repeated.  As apply;
 * SCHEMA_OLD while a file pends.
 */
NX_MUST_USE enum nx_rc	nx_migrate_contract(struct nx_ctx *ctx,
			    struct nx_files *files, struct nx_apply *apply);

/*
 * What is not as the files would make it, a line each, in words.  `dir` has
 * schema.list, which says what they make, and contract/schema.list.
 */
NX_MUST_USE enum nx_rc	nx_migrate_check(struct nx_ctx *ctx,
			    struct nx_files *files, const char *dir,
			    struct nx_buf *problems);

/* How long a file's locks were in the way of somebody. */
struct nx_lock_time {
	const char		*name;
	int			 ms;		/* that it took */
	int			 retries;
	struct nx_probed	 seen;
};

struct nx_lock_times {
	int	 from;		/* first version to look at; -1: what pends */
	int	 rows;		/* posts that are there before */
	int	 limit_ms;	/* that nobody may wait longer */
	int	 wait;		/* seconds, as in nx_apply */
	const char		*database;	/* while it lasts */
	struct nx_lock_time	 all[NX_MIGRATIONS_MAX + NX_CONTRACTS_MAX];
	int	 n, over;	/* of them, and over the limit */
};

/*
 * In a database of its own beside DATABASE_URL's, filled with data: apply the
 * files from `from` on, and contract, while its tables are read and written.
 * The role must be able to create databases; what ends us in the middle
 * leaves nx_lock_times_PID behind, which the next call drops.
 */
NX_MUST_USE enum nx_rc	nx_migrate_lock_times(struct nx_ctx *ctx,
			    struct nx_files *files,
			    struct nx_lock_times *times);

/* What is there, as schema.list has it. */
NX_MUST_USE enum nx_rc	nx_migrate_list(struct nx_ctx *ctx,
			    struct nx_buf *out);

#endif
