/* json_write.c - JSON without a tree: straight into a buffer. */

#include <inttypes.h>

#include "nx/base/clock.h"
#include "nx/base/json.h"

static void
write_string(struct nx_buf *out, struct nx_slice s)
{
	size_t from = 0;

	nx_buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		nx_buf_add(out, s.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\')
			nx_buf_add(out, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			nx_buf_adds(out, "\\n");
		else
			nx_buf_addf(out, "\\u%04x", c);
	}
	if (s.n > from)		/* not so for an empty slice, whose p is NULL */
		nx_buf_add(out, s.p + from, s.n - from);
	nx_buf_addc(out, '"');
}

static void
write_key(struct nx_jw *w, const char *key)
{
	if (w->comma)
		nx_buf_addc(w->out, ',');
	w->comma = true;
	if (key == NULL)
		return;
	write_string(w->out, nx_slice_str(key));
	nx_buf_addc(w->out, ':');
}

void
nx_jw_open(struct nx_jw *w, const char *key, char bracket)
{
	write_key(w, key);
	nx_buf_addc(w->out, bracket);
	w->comma = false;
}

void
nx_jw_close(struct nx_jw *w, char bracket)
{
	nx_buf_addc(w->out, bracket);
	w->comma = true;
}

void
nx_jw_raw(struct nx_jw *w, const char *key, const char *text)
{
	write_key(w, key);
	nx_buf_adds(w->out, text);
}

void
nx_jw_null(struct nx_jw *w, const char *key)
{
	nx_jw_raw(w, key, "null");
}

void
nx_jw_slice(struct nx_jw *w, const char *key, struct nx_slice value)
{
	write_key(w, key);
	write_string(w->out, value);
}

void
nx_jw_str(struct nx_jw *w, const char *key, const char *value)
{
	if (value == NULL)
		nx_jw_null(w, key);
	else
		nx_jw_slice(w, key, nx_slice_str(value));
}

void
nx_jw_i64(struct nx_jw *w, const char *key, int64_t value)
{
	write_key(w, key);
	nx_buf_addf(w->out, "%" PRId64, value);
}

void
nx_jw_bool(struct nx_jw *w, const char *key, bool value)
{
	nx_jw_raw(w, key, value ? "true" : "false");
}

void
nx_jw_time(struct nx_jw *w, const char *key, int64_t wall)
{
	char text[NX_RFC3339_MAX];

	nx_clock_text(wall, text);
	nx_jw_str(w, key, wall == 0 ? NULL : text);
}
