/* read.c - a file of the directory, as a whole. */

#include "nx/base/maxima.h"
#include "room.h"

#include <errno.h>
#include <stdio.h>

enum { CHUNK = 4096 };

enum nx_rc
nx_read_file(struct nx_ctx *ctx, const char *dir, const char *name,
    struct nx_slice *out)
{
	const char *path = nx_arena_printf(ctx->arena, "%s/%s", dir, name);
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	struct nx_buf text = NX_BUF(NX_MIGRATION_FILE_MAX);
	char chunk[CHUNK];
	size_t n;
	bool failed;

	if (f == NULL)
		return nx_fail(&ctx->err, NX_CONFIG, "%.100s/%.100s: %s.",
		    dir, name, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		nx_buf_add(&text, chunk, n);
	failed = ferror(f) != 0 || !nx_buf_ok(&text);
	(void)fclose(f);
	out->p = failed ? NULL : nx_arena_slice(ctx->arena,
	    nx_buf_slice(&text));
	out->n = text.n;
	nx_buf_free(&text);
	return out->p != NULL ? NX_OK : nx_fail(&ctx->err, NX_CONFIG,
	    "%.100s/%.100s cannot be read as a whole.", dir, name);
}
