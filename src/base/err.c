/* err.c - the error table and the one way to fill a struct nx_err. */

#include "nx/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nx/base/must.h"

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
row(enum nx_rc rc)
{
	assert((unsigned int)rc < NX_RC_COUNT);
	return &rows[rc];
}

const char *
nx_rc_code(enum nx_rc rc)
{
	return row(rc)->code;
}

const char *
nx_rc_title(enum nx_rc rc)
{
	return row(rc)->title;
}

const char *
nx_rc_remedy(enum nx_rc rc)
{
	return row(rc)->remedy;
}

int
nx_rc_status(enum nx_rc rc)
{
	return row(rc)->status;
}

int
nx_rc_exit(enum nx_rc rc)
{
	return row(rc)->exit;
}

/* Bytes of the UTF-8 character at `p` (RFC 3629, roughly); 0: none. */
static size_t
character(const unsigned char *p)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/* Quoted bytes may be anything, and a precision cuts inside characters. */
static void
make_utf8(char *text)
{
	while (*text != '\0') {
		size_t n = character((const unsigned char *)text);

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
