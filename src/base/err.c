/* err.c - the error table and the one way to fill a struct nx_err. */

#include "nx/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nx/base/must.h"
#include "nx/base/utf8.h"

static const struct row {
	const char	*code, *title, *remedy;
	int		 status, exit;
} rows[NX_RC_COUNT] = {
#define NX_ERR_ROW(name, code, status, exit, title, remedy) \
	[NX_##name] = { code, title, remedy, status, exit },
	NX_ERR_LIST(NX_ERR_ROW)
#undef NX_ERR_ROW
};

static const struct row *
err_row(enum nx_rc rc)
{
	assert((unsigned int)rc < NX_RC_COUNT);
	return &rows[rc];
}

const char *
nx_rc_code(enum nx_rc rc)
{
	return err_row(rc)->code;
}

const char *
nx_rc_title(enum nx_rc rc)
{
	return err_row(rc)->title;
}

const char *
nx_rc_remedy(enum nx_rc rc)
{
	return err_row(rc)->remedy;
}

int
nx_rc_status(enum nx_rc rc)
{
	return err_row(rc)->status;
}

int
nx_rc_exit(enum nx_rc rc)
{
	return err_row(rc)->exit;
}

enum nx_rc
nx_rc_from_code(const char *code)
{
	for (int rc = NX_OK + 1; rc < NX_RC_COUNT; rc++) {
		if (strcmp(rows[rc].code, code) == 0)
			return (enum nx_rc)rc;
	}
	return NX_INTERNAL;
}

/* Quoted bytes may be anything, and a precision cuts inside characters. */
static void
make_utf8(char *text)
{
	const char *end = text + strlen(text);

	while (text < end) {
		size_t n = nx_utf8_length(text, (size_t)(end - text));

		if (n == 0)
			*text = '?';
		text += n == 0 ? 1 : n;
	}
}

struct nx_err *
nx_err_describe(struct nx_err *err, const char *fmt, ...)
{
	char detail[sizeof(err->detail)];
	va_list ap;

	if (err == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	*err = (struct nx_err){ 0 };
	memcpy(err->detail, detail, sizeof(detail));
	make_utf8(err->detail);
	return err;
}

void
nx_err_set_args(struct nx_err *err, const struct nx_kv *args)
{
	size_t used = 0, n = 0;

	for (; args->key != NULL; args++) {
		char *text = err->texts + used;

		if (!args->is_num && (args->str == NULL ||
		    used == sizeof(err->texts)))
			continue;
		assert(n < NX_ERR_ARGS);
		err->args[n++] = (struct nx_err_arg){ args->key, args->num,
		    args->is_num ? -1 : (int)used };
		if (args->is_num)
			continue;
		(void)snprintf(text, sizeof(err->texts) - used, "%s",
		    args->str);
		make_utf8(text);
		used += strlen(text) + 1;
	}
}

void
nx_err_args(const struct nx_err *err, struct nx_kv out[NX_ERR_ARGS + 1])
{
	size_t n = 0;

	for (; n < NX_ERR_ARGS && err->args[n].key != NULL; n++)
		out[n] = (struct nx_kv){
			.key = err->args[n].key,
			.str = err->args[n].at < 0 ? NULL :
			    err->texts + err->args[n].at,
			.num = err->args[n].num,
			.is_num = err->args[n].at < 0,
		};
	out[n] = (struct nx_kv){ 0 };
}
