/* log.c - structured lines on a file descriptor. */

#include "nx/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nx/base/buf.h"
#include "nx/base/clock.h"
#include "nx/base/maxima.h"
#include "nx/base/stats.h"

static const char *const level_names[] = {
	[NX_LOG_ERROR] = "error", [NX_LOG_WARN] = "warn",
	[NX_LOG_INFO] = "info", [NX_LOG_DEBUG] = "debug",
};
static const char *const priorities[] = {
	[NX_LOG_ERROR] = "<3>", [NX_LOG_WARN] = "<4>",
	[NX_LOG_INFO] = "<6>", [NX_LOG_DEBUG] = "<7>",
};

struct nx_log
nx_log_stderr(const char *journal_stream)
{
	struct nx_log log = { .level = NX_LOG_INFO,
	    .fd = STDERR_FILENO };
	struct stat st;
	char name[64];

	if (journal_stream != NULL && fstat(log.fd, &st) == 0) {
		(void)snprintf(name, sizeof(name), "%ju:%ju",
		    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		log.journal = strcmp(journal_stream, name) == 0;
	}
	return log;
}

/* At the beginning of a line. */
static void
add_priority(struct nx_buf *line, const struct nx_log *log,
    enum nx_log_level level)
{
	if (log->journal)
		nx_buf_adds(line, priorities[level]);
}

static void
write_out(const struct nx_log *log, struct nx_buf *text, int kept_errno)
{
	if (text->n > 0 && write(log->fd, text->p, text->n) < 0)
		errno = kept_errno;	/* there is nowhere to say so */
	nx_buf_free(text);
	errno = kept_errno;
}

void
nx_log_text(const struct nx_log *log, enum nx_log_level level,
    const char *text)
{
	struct nx_buf out = NX_BUF(NX_LOG_TEXT_MAX);
	int kept = errno;
	size_t n;

	for (; *text != '\0'; text += n) {
		n = strcspn(text, "\n");
		add_priority(&out, log, level);
		nx_buf_add(&out, text, n);
		nx_buf_addc(&out, '\n');
		n += text[n] == '\n';
	}
	write_out(log, &out, kept);
}

static bool
is_bare(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* Bare where it can be, quoted and escaped elsewhere. */
static void
add_value(struct nx_buf *line, const char *s)
{
	size_t n = strnlen(s, NX_LOG_VALUE_MAX), bare = 0;

	while (bare < n && is_bare((unsigned char)s[bare]))
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
	struct nx_buf line = NX_BUF(NX_LOG_LINE_MAX);
	char when[NX_RFC3339_MAX];
	int kept = errno;

	if (level > log->level)
		return;
	nx_stats_count(log->stats, NX_STAT_LOG_LINES, level, 0);
	nx_clock_text(nx_clock_wall(), when);
	add_priority(&line, log, level);
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
	write_out(log, &line, kept);
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
