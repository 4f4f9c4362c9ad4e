/* files.c - the numbered files of a directory, and which are applied. */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "room.h"

enum { DIGITS = 3 };

/* NNN_name.sql */
static bool
is_migration(const char *name)
{
	size_t n = strlen(name);

	return strspn(name, "0123456789") == DIGITS && name[DIGITS] == '_' &&
	    n > DIGITS + 5 && strcmp(name + n - 4, ".sql") == 0;
}

/* What follows "-- There with: " on a line of its own; or NULL. */
static const char *
mark_of(struct nx_arena *arena, struct nx_slice text)
{
	while (text.n > 0) {
		struct nx_slice line = nx_slice_cut(&text, '\n');

		if (nx_slice_cut_prefix(&line, "-- There with: ") &&
		    line.n > 0)
			return nx_arena_slice(arena, line);
	}
	return NULL;
}

/* `name` below `dir`, or below its folder `contract`. */
static enum nx_rc
load_file(struct nx_ctx *ctx, const char *dir, const char *name,
    struct nx_migration *out)
{
	enum nx_rc rc = nx_read_file(ctx, dir, name, &out->text);
	const char *slash = strrchr(name, '/');

	if (rc != NX_OK)
		return rc;
	out->version = (int)strtol(slash != NULL ? slash + 1 : name, NULL, 10);
	out->name = nx_arena_str(ctx->arena, name);
	out->mark = mark_of(ctx->arena, out->text);
	out->contracts = slash != NULL;
	nx_sha256_hex(out->text, out->checksum);
	return out->name != NULL ? NX_OK :
	    nx_fail(&ctx->err, NX_NO_MEMORY, "for the files");
}

static enum nx_rc
refuse_many(struct nx_ctx *ctx, const char *dir)
{
	return nx_fail(&ctx->err, NX_CONFIG, "%.200s has too many files.",
	    dir);
}

static enum nx_rc
add_file(struct nx_ctx *ctx, const char *dir, const char *name,
    struct nx_files *out)
{
	if (out->n == NX_MIGRATIONS_MAX)
		return refuse_many(ctx, dir);
	memset(&out->all[out->n], 0, sizeof(out->all[out->n]));
	return load_file(ctx, dir, name, &out->all[out->n++].sql);
}

static enum nx_rc
add_contract(struct nx_ctx *ctx, const char *dir, const char *name,
    struct nx_files *out)
{
	const char *path = nx_arena_printf(ctx->arena, "contract/%s", name);

	if (out->ncontract == NX_CONTRACTS_MAX)
		return refuse_many(ctx, dir);
	return path == NULL ? nx_fail(&ctx->err, NX_NO_MEMORY, "for a file") :
	    load_file(ctx, dir, path, &out->contract[out->ncontract++]);
}

static int
by_version(const void *a, const void *b)
{
	return ((const struct nx_file *)a)->sql.version -
	    ((const struct nx_file *)b)->sql.version;
}

static int
by_number(const void *a, const void *b)
{
	return ((const struct nx_migration *)a)->version -
	    ((const struct nx_migration *)b)->version;
}

typedef enum nx_rc add_fn(struct nx_ctx *, const char *, const char *,
    struct nx_files *);

/* Each migration that `d` has, which is `dir` or a folder of it. */
static enum nx_rc
read_each(struct nx_ctx *ctx, const char *dir, DIR *d, add_fn *add,
    struct nx_files *out)
{
	struct dirent *e;
	enum nx_rc rc = NX_OK;

	while (rc == NX_OK && (e = readdir(d)) != NULL) {
		if (is_migration(e->d_name))
			rc = add(ctx, dir, e->d_name, out);
	}
	return rc;
}

/* Files of before there was one have no such folder. */
static enum nx_rc
read_contract(struct nx_ctx *ctx, const char *dir, struct nx_files *out)
{
	const char *path = nx_arena_printf(ctx->arena, "%s/contract", dir);
	DIR *d = path == NULL ? NULL : opendir(path);
	enum nx_rc rc;

	if (d == NULL)
		return NX_OK;
	rc = read_each(ctx, dir, d, add_contract, out);
	(void)closedir(d);
	qsort(out->contract, (size_t)out->ncontract, sizeof(out->contract[0]),
	    by_number);
	return rc;
}

static enum nx_rc
read_all(struct nx_ctx *ctx, const char *dir, DIR *d, struct nx_files *out)
{
	enum nx_rc rc = read_each(ctx, dir, d, add_file, out);

	qsort(out->all, (size_t)out->n, sizeof(out->all[0]), by_version);
	for (int i = 0; rc == NX_OK && i < out->n; i++) {
		if (out->all[i].sql.version != i)
			rc = nx_fail(&ctx->err, NX_CONFIG, "%.200s: number"
			    " %03d is missing or there twice.", dir, i);
	}
	if (rc == NX_OK && out->n == 0)
		rc = nx_fail(&ctx->err, NX_CONFIG, "%.200s has no files like"
		    " 000_schema.sql.", dir);
	return rc;
}

enum nx_rc
nx_files_read(struct nx_ctx *ctx, const char *dir, struct nx_files *out)
{
	DIR *d = opendir(dir);
	enum nx_rc rc;

	memset(out, 0, sizeof(*out));
	if (d == NULL)
		return nx_fail(&ctx->err, NX_CONFIG, "%.200s: %s; --dir=DIR"
		    " says where the files of sql/ are.", dir, strerror(errno));
	rc = read_all(ctx, dir, d, out);
	(void)closedir(d);
	return rc == NX_OK ? read_contract(ctx, dir, out) : rc;
}

static void
match_row(struct nx_file *file, const struct nx_applied *row)
{
	file->row = row;
	file->state = strcmp(row->checksum, file->sql.checksum) != 0 ?
	    NX_FILE_CHANGED : row->adopted ? NX_FILE_ADOPTED :
	    NX_FILE_APPLIED;
}

enum nx_rc
nx_files_compare(struct nx_ctx *ctx, struct nx_migrator *m,
    struct nx_files *files)
{
	struct nx_applied *rows;
	enum nx_rc rc;
	int n;

	rc = nx_migrator_applied(m, ctx->arena, &rows, &n, &ctx->err);
	if (rc == NX_OK)
		rc = nx_migrator_form(m, &files->form, &ctx->err);
	if (rc != NX_OK)
		return rc;
	files->version = n > 0 ? rows[n - 1].version : -1;
	files->pending = files->n;
	files->changed = 0;
	for (int i = 0; i < files->n; i++)
		files->all[i].state = NX_FILE_PENDING;
	for (int i = 0; i < n; i++) {
		if (rows[i].version < 0 || rows[i].version >= files->n)
			continue;	/* of a newer program */
		match_row(&files->all[rows[i].version], &rows[i]);
		files->pending--;
		files->changed += files->all[rows[i].version].state ==
		    NX_FILE_CHANGED;
	}
	return NX_OK;
}

enum nx_rc
nx_migrate_open(struct nx_ctx *ctx, struct nx_migrator **out)
{
	return nx_migrator_open(ctx->app->conf.database_url, NULL, out,
	    &ctx->err);
}

enum nx_rc
nx_migrate_status(struct nx_ctx *ctx, struct nx_files *files)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	if (rc == NX_OK)
		rc = nx_files_compare(ctx, m, files);
	nx_migrator_close(m);
	return rc;
}
