/* log.c - structured lines on a file descriptor. */

#include "nx/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "nx/base/buf.h"
#include "nx/base/clock.h"

enum { LINE_MAX_BYTES = 4000, VALUE_MAX_BYTES = 200 };

static const char *const level_names[] = {
	[NX_LOG_ERROR] = "error", [NX_LOG_WARN] = "warn",
	[NX_LOG_INFO] = "info", [NX_LOG_DEBUG] = "debug",
};

static int
plain(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* Bare where it can be, quoted and escaped elsewhere. */
static void
add_value(struct nx_buf *line, const char *s)
{
	size_t n = strnlen(s, VALUE_MAX_BYTES), bare = 0;

	while (bare < n && plain((unsigned char)s[bare]))
		bare++;
	if (bare == n && n > 0) {
		nx_buf_add(line, s, n);
		return;
	}
	nx_buf_addc(line, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			nx_buf_addc(line, '\\');
		if (c < 0x20 || c == 0x7f)
			nx_buf_addf(line, "\\x%02x", c);
		else
			nx_buf_addc(line, (char)c);
	}
	nx_buf_addc(line, '"');
}

void
nx_log_event(const struct nx_log *log, enum nx_log_level level,
    const char *request_id, const char *event, const struct nx_kv *pairs)
{
	struct nx_buf line = NX_BUF(LINE_MAX_BYTES);
	char when[NX_RFC3339_MAX];
	int kept = errno;

	if (level > log->level)
		return;
	nx_clock_text(nx_clock_wall(), when);
	nx_buf_addf(&line, "%s %s %s %s", when, level_names[level],
	    request_id == NULL ? "-" : request_id, event);
	for (; pairs->key != NULL; pairs++) {
		if (!pairs->is_num && pairs->str == NULL)
			continue;
		nx_buf_addf(&line, " %s=", pairs->key);
		if (pairs->is_num)
			nx_buf_addf(&line, "%" PRId64, pairs->num);
		else
			add_value(&line, pairs->str);
	}
	line.failed = false;	/* a line that is cut is better than none */
	nx_buf_addc(&line, '\n');
	if (line.failed && line.n > 0)
		line.p[line.n - 1] = '\n';
	if (line.n > 0 && write(log->fd, line.p, line.n) < 0)
		errno = kept;	/* there is nowhere to say so */
	nx_buf_free(&line);
	errno = kept;
}

int
nx_log_level_parse(const char *name, enum nx_log_level *out)
{
	for (int i = 0; i <= NX_LOG_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum nx_log_level)i;
			return 1;
		}
	}
	return 0;
}
