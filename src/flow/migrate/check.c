/* check.c - is the schema what the files would make of it. */

#include "nx/base/maxima.h"
#include "room.h"

/* "kind name" of a line. */
static struct nx_slice
key_of(struct nx_slice line)
{
	struct nx_slice rest = line, kind = nx_slice_cut(&rest, ' ');
	struct nx_slice name = nx_slice_cut(&rest, ' ');

	return (struct nx_slice){ kind.p, kind.n + 1 + name.n };
}

/* The line with that key; p NULL when there is none. */
static struct nx_slice
find_line(struct nx_slice list, struct nx_slice key)
{
	while (list.n > 0) {
		struct nx_slice line = nx_slice_cut(&list, '\n');

		if (line.n > 0 && nx_slice_eq(key_of(line), key))
			return line;
	}
	return (struct nx_slice){ NULL, 0 };
}

static void
compare_lines(struct nx_slice wanted, struct nx_slice here,
    struct nx_buf *problems)
{
	while (wanted.n > 0) {
		struct nx_slice line = nx_slice_cut(&wanted, '\n');
		struct nx_slice found;

		if (line.n == 0)
			continue;
		found = find_line(here, key_of(line));
		if (nx_slice_eq(found, line))
			continue;
		nx_buf_addf(problems, "%.*s %s", (int)key_of(line).n, line.p,
		    found.p == NULL ? "is missing" : "is not as it should"
		    " be: ");
		if (found.p != NULL)
			nx_buf_addf(problems, "%.*s",
			    (int)(found.n - key_of(line).n),
			    found.p + key_of(line).n);
		nx_buf_addc(problems, '\n');
	}
}

static enum nx_rc
compare_list(struct nx_ctx *ctx, struct nx_migrator *m, const char *dir,
    enum nx_form form, struct nx_buf *problems)
{
	struct nx_buf here = NX_BUF(NX_MIGRATION_LIST_MAX);
	struct nx_slice wanted;
	enum nx_rc rc;

	rc = nx_read_file(ctx, dir, form == NX_FORM_CONTRACTED ?
	    "contract/schema.list" : "schema.list", &wanted);
	if (rc == NX_OK)
		rc = nx_migrator_list(m, &here, &ctx->err);
	if (rc == NX_OK)
		compare_lines(wanted, nx_buf_slice(&here), problems);
	nx_buf_free(&here);
	return rc;
}

static void
compare_files(const struct nx_files *files, struct nx_buf *problems)
{
	for (int i = 0; i < files->n; i++) {
		const struct nx_file *file = &files->all[i];

		if (file->state == NX_FILE_PENDING)
			nx_buf_addf(problems, "%s is not applied\n",
			    file->sql.name);
		else if (file->state == NX_FILE_CHANGED)
			nx_buf_addf(problems, "%s is not the file that was"
			    " applied on %s\n", file->sql.name,
			    file->row->at);
	}
}

enum nx_rc
nx_migrate_check(struct nx_ctx *ctx, struct nx_files *files, const char *dir,
    struct nx_buf *problems)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	if (rc == NX_OK)
		rc = nx_files_compare(ctx, m, files);
	if (rc == NX_OK)
		compare_files(files, problems);
	/* Before the last file, and beyond it, other things are there. */
	if (rc == NX_OK && files->pending == 0 && files->version < files->n)
		rc = compare_list(ctx, m, dir, files->form, problems);
	nx_migrator_close(m);
	return rc;
}

enum nx_rc
nx_migrate_list(struct nx_ctx *ctx, struct nx_buf *out)
{
	struct nx_migrator *m;
	enum nx_rc rc = nx_migrate_open(ctx, &m);

	if (rc == NX_OK)
		rc = nx_migrator_list(m, out, &ctx->err);
	nx_migrator_close(m);
	return rc;
}
