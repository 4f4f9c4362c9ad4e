/* stored.c - what X makes of a text, step by step. */

#include "stored.h"

#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/ustring.h>

#include "units.h"

enum { BMP_BYTES = 3 };		/* the most that a unit has in UTF-8 */

struct range {
	UChar	first, last;
};

/* Stripped wherever they stand; LF and CR are not among them. */
static const struct range stripped[] = {
	{ 0x0000, 0x0009 }, { 0x000b, 0x000c }, { 0x000e, 0x001f },
	{ 0x007f, 0x007f }, { 0x200e, 0x200f }, { 0x202a, 0x202e },
	{ 0x2065, 0x2065 }, { 0xfeff, 0xfeff }, { 0xfffe, 0xffff },
};

/* Blank on a line, beside white space; those of `edge` also at the ends. */
static const struct range edge[] = {
	{ 0x0085, 0x0085 }, { 0x180e, 0x180e }, { 0x200b, 0x200b },
};
static const struct range blank[] = {
	{ 0x0085, 0x0085 }, { 0x00ad, 0x00ad }, { 0x061c, 0x061c },
	{ 0x180e, 0x180e }, { 0x200b, 0x200d }, { 0x2061, 0x2064 },
	{ 0x2066, 0x206f }, { 0x2800, 0x2800 }, { 0x3164, 0x3164 },
	{ 0xffa0, 0xffa0 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
in_ranges(UChar c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

static bool
is_java_space(UChar c)
{
	return c == '\n' || c == '\r' || u_isJavaSpaceChar(c);
}

static const struct {
	const char	*name;
	int32_t		 n;
	UChar		 c;
} entities[] = {
	{ "&amp;", 5, '&' }, { "&lt;", 4, '<' }, { "&gt;", 4, '>' },
	{ "&quot;", 6, '"' }, { "&#39;", 5, '\'' },
};

/* The entity at `i`; -1: none. */
static int
entity_at(const struct nx_units *t, int32_t i)
{
	for (int e = 0; e < (int)COUNT(entities); e++) {
		int32_t k = 0;

		while (k < entities[e].n && i + k < t->n &&
		    t->u[i + k] == (UChar)entities[e].name[k])
			k++;
		if (k == entities[e].n)
			return e;
	}
	return -1;
}

static void
undo_html(struct nx_units *t)
{
	int32_t i = 0, kept = 0;

	while (i < t->n) {
		int e = t->u[i] == '&' ? entity_at(t, i) : -1;

		t->u[kept++] = e < 0 ? t->u[i] : entities[e].c;
		i += e < 0 ? 1 : entities[e].n;
	}
	t->n = kept;
}

static void
strip_controls(struct nx_units *t)
{
	int32_t i, kept = 0;

	for (i = 0; i < t->n; i++)
		if (!in_ranges(t->u[i], stripped, COUNT(stripped)))
			t->u[kept++] = t->u[i];
	t->n = kept;
}

static bool
is_edge(UChar c)
{
	return is_java_space(c) || in_ranges(c, edge, COUNT(edge));
}

static void
trim_edges(struct nx_units *t)
{
	int32_t from = 0;

	while (t->n > 0 && is_edge(t->u[t->n - 1]))
		t->n--;
	while (from < t->n && is_edge(t->u[from]))
		from++;
	t->n -= from;
	u_memmove(t->u, t->u + from, t->n);
}

static void
join_line_ends(struct nx_units *t)
{
	int32_t i, kept = 0;

	for (i = 0; i < t->n; i++)
		if (t->u[i] != '\r' || i + 1 == t->n || t->u[i + 1] != '\n')
			t->u[kept++] = t->u[i];
	t->n = kept;
}

/*
 * What is blank from the LF at `i` on: the place behind its last LF, and how
 * many LFs it has.
 */
static int32_t
blank_lines(const struct nx_units *t, int32_t i, int *lines)
{
	int32_t end = i;

	for (*lines = 0; i < t->n && (is_java_space(t->u[i]) ||
	    in_ranges(t->u[i], blank, COUNT(blank))); i++) {
		if (t->u[i] == '\n') {
			++*lines;
			end = i + 1;
		}
	}
	return end;
}

static void
collapse_blank_lines(struct nx_units *t)
{
	int32_t i = 0, kept = 0;

	while (i < t->n) {
		int32_t end = i + 1;
		int lines = 0;

		if (t->u[i] == '\n')
			end = blank_lines(t, i, &lines);
		if (lines > 2) {
			t->u[kept++] = '\n';
			t->u[kept++] = '\n';
			i = end;
		}
		while (i < end)
			t->u[kept++] = t->u[i++];
	}
	t->n = kept;
}

static enum nx_rc
write_utf8(const struct nx_units *t, struct nx_buf *out)
{
	UErrorCode ec = U_ZERO_ERROR;
	int32_t n = 0, max = t->n * BMP_BYTES + 1;
	char *p = malloc((size_t)max);

	if (p == NULL)
		return NX_NO_MEMORY;
	u_strToUTF8(p, max, &n, t->u, t->n, &ec);
	nx_buf_add(out, p, (size_t)n);
	free(p);
	return nx_buf_ok(out) && U_SUCCESS(ec) ? NX_OK : NX_NO_MEMORY;
}

enum nx_rc
nx_stored(struct nx_slice text, bool html, struct nx_buf *out)
{
	struct nx_units t = { 0 };
	enum nx_rc rc;

	if ((rc = nx_units_read(text, &t)) != NX_OK)
		return rc;
	if (html)
		undo_html(&t);
	strip_controls(&t);
	trim_edges(&t);
	join_line_ends(&t);
	collapse_blank_lines(&t);
	/* Last, so that what was stripped keeps nothing from composing. */
	rc = nx_units_nfc(&t);
	if (rc == NX_OK)
		rc = write_utf8(&t, out);
	nx_units_free(&t);
	return rc;
}
