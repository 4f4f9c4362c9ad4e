/* script.c - where one statement ends and the next one begins. */

#include "script.h"

#include <strings.h>

static const char space[] = " \t\r\n\f";

static bool
is_space(char c)
{
	return c != '\0' && strchr(space, c) != NULL;
}

static bool
is_word(char c)
{
	return nx_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* How far it is to behind the first `end`; all of it when there is none. */
static size_t
length_past(struct nx_slice s, size_t from, struct nx_slice end)
{
	for (size_t i = from; i + end.n <= s.n; i++) {
		if (memcmp(s.p + i, end.p, end.n) == 0)
			return i + end.n;
	}
	return s.n;
}

/* Comments of this kind stand in one another. */
static size_t
block_comment_length(struct nx_slice s)
{
	size_t i = 0;
	int depth = 0;

	do {
		const struct nx_slice at = nx_slice_tail(s, i);
		const bool opens = nx_slice_starts(at, "/*");
		const bool closes = nx_slice_starts(at, "*/");

		depth += opens - closes;
		i += opens || closes ? 2 : 1;
	} while (depth > 0 && i < s.n);
	return i < s.n ? i : s.n;
}

static size_t
comment_length(struct nx_slice s)
{
	if (nx_slice_starts(s, "--"))
		return length_past(s, 2, NX_SLICE("\n"));
	return nx_slice_starts(s, "/*") ? block_comment_length(s) : 0;
}

/* In E'' a backslash takes the next character's meaning. */
static size_t
quoted_length(struct nx_slice s, bool escapes)
{
	for (size_t i = 1; i < s.n; i++) {
		if (escapes && s.p[i] == '\\')
			i++;
		else if (s.p[i] == s.p[0])
			return i + 1;
	}
	return s.n;
}

/* $$ or $tag$; 0: a parameter, or no more than a dollar. */
static size_t
dollar_quoted_length(struct nx_slice s)
{
	size_t n = 1;

	while (n < s.n && is_word(s.p[n]))
		n++;
	if (n == s.n || s.p[n] != '$' ||
	    (n > 1 && nx_is_digit(s.p[1])))
		return 0;
	return length_past(s, n + 1, (struct nx_slice){ s.p, n + 1 });
}

/* The length of what `s` begins with: a comment, a quotation, a character. */
static size_t
token_length(struct nx_slice s, char before)
{
	size_t n = comment_length(s);

	if (n == 0 && s.p[0] == '\'')
		n = quoted_length(s, before == 'E' || before == 'e');
	else if (n == 0 && s.p[0] == '"')
		n = quoted_length(s, false);
	else if (n == 0 && s.p[0] == '$' && !is_word(before))
		n = dollar_quoted_length(s);
	return n == 0 ? 1 : n;
}

/* Of what stands between two statements and begins here. */
static size_t
blank_length(struct nx_slice s)
{
	if (s.n > 0 && (is_space(s.p[0]) || s.p[0] == ';'))
		return 1;
	return comment_length(s);
}

static void
advance_script(struct nx_script *script, size_t n)
{
	for (size_t i = 0; i < n; i++)
		script->line += script->rest.p[i] == '\n';
	script->rest.p += n;
	script->rest.n -= n;
}

bool
nx_script_next(struct nx_script *script, struct nx_slice *statement, int *line)
{
	struct nx_slice *rest = &script->rest;
	size_t n;

	while ((n = blank_length(*rest)) > 0)
		advance_script(script, n);
	if (rest->n == 0)
		return false;
	while (n < rest->n && rest->p[n] != ';')
		n += token_length((struct nx_slice){ rest->p + n, rest->n - n },
		    n == 0 ? ' ' : rest->p[n - 1]);
	*statement = nx_slice_trim((struct nx_slice){ rest->p, n }, space);
	*line = script->line;
	advance_script(script, n);
	return true;
}

bool
nx_script_begins(struct nx_slice statement, const char *words)
{
	size_t i = 0;

	for (; *words != '\0'; words++) {
		if (*words == ' ') {
			if (i == statement.n || !is_space(statement.p[i]))
				return false;
			while (i < statement.n && is_space(statement.p[i]))
				i++;
		} else if (i == statement.n ||
		    strncasecmp(&statement.p[i++], words, 1) != 0)
			return false;
	}
	return i == statement.n || !is_word(statement.p[i]);
}
