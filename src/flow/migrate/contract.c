/*
 * contract.c - take away what only programs of the version before need.
 *
 * One statement, of the file NX_CONTRACT_FLIP, gives the tables their new
 * form; each statement of a program reads which one it finds.
 */

#include "nx/base/clock.h"
#include "room.h"

enum nx_rc
nx_contract_run(struct nx_ctx *ctx, struct nx_migrator *m,
    struct nx_files *files, struct nx_apply *apply, int64_t deadline)
{
	/* What is run once more may have brought back what was taken away. */
	const bool all = files->form != NX_FORM_CONTRACTED ||
	    apply->again >= 0;
	enum nx_rc rc = NX_OK;

	for (int i = 0; rc == NX_OK && i < files->ncontract; i++) {
		const struct nx_migration *file = &files->contract[i];

		if (all || file->version > NX_CONTRACT_FLIP)
			rc = nx_migrate_patiently(ctx, m, file, apply,
			    deadline);
	}
	return rc == NX_OK ? nx_files_compare(ctx, m, files) : rc;
}

static enum nx_rc
refuse_pending(struct nx_ctx *ctx, const struct nx_files *files)
{
	return nx_fail(&ctx->err, NX_SCHEMA_OLD, "%d of the files are not"
	    " applied: nexus-x-migrate apply comes first, and then every"
	    " program of before is replaced.", files->pending);
}

static enum nx_rc
contract_all(struct nx_ctx *ctx, struct nx_migrator *m, struct nx_files *files,
    struct nx_apply *apply)
{
	int64_t deadline = nx_clock_mono() + (int64_t)apply->wait * 1000;
	enum nx_rc rc = nx_migrate_take_turn(ctx, m, deadline);

	if (rc == NX_OK)
		rc = nx_files_compare(ctx, m, files);
	if (rc == NX_OK && files->pending > 0)
		rc = refuse_pending(ctx, files);
	return rc == NX_OK ?
	    nx_contract_run(ctx, m, files, apply, deadline) : rc;
}

enum nx_rc
nx_migrate_contract(struct nx_ctx *ctx, struct nx_files *files,
    struct nx_apply *apply)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	if (rc == NX_OK)
		rc = contract_all(ctx, m, files, apply);
	nx_migrator_close(m);
	return rc;
}
