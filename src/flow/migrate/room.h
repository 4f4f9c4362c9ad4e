/* room.h - what the modules of this room share. */
#ifndef NX_SRC_FLOW_MIGRATE_ROOM_H
#define NX_SRC_FLOW_MIGRATE_ROOM_H

#include "nx/flow/migrate/migrate.h"

/* Its bytes, in the arena; CONFIG when it cannot be read. */
NX_MUST_USE enum nx_rc	nx_read_file(struct nx_ctx *ctx, const char *dir,
			    const char *name, struct nx_slice *out);

/* A session at DATABASE_URL. */
NX_MUST_USE enum nx_rc	nx_migrate_open(struct nx_ctx *ctx,
			    struct nx_migrator **out);

/* Run one file, until `deadline` again and again where a lock is missing. */
NX_MUST_USE enum nx_rc	nx_migrate_patiently(struct nx_ctx *ctx,
			    struct nx_migrator *m,
			    const struct nx_migration *file,
			    struct nx_apply *apply, int64_t deadline);

/* Other runs are waited for, until `deadline`, outside of any statement. */
NX_MUST_USE enum nx_rc	nx_migrate_take_turn(struct nx_ctx *ctx,
			    struct nx_migrator *m, int64_t deadline);

/* nx_migrate_contract() of files that were compared, in its turn. */
NX_MUST_USE enum nx_rc	nx_contract_run(struct nx_ctx *ctx,
			    struct nx_migrator *m, struct nx_files *files,
			    struct nx_apply *apply, int64_t deadline);

/* nx_migrate_status() in a session that is there. */
NX_MUST_USE enum nx_rc	nx_files_compare(struct nx_ctx *ctx,
			    struct nx_migrator *m, struct nx_files *files);

#endif
