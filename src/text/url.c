/*
 * url.c - URLs, as twitter-text's extractUrlsWithIndices finds them.
 *
 * Its regular expression is
 *	preceding ( https?:// )? domain ( :port )? ( /path )? ( ?query )?
 * Backtracking is replaced by tables that are filled once, from the right:
 * where the label that begins or goes on here stops, and where the domain
 * that begins after a dot ends.  So every place is tried in constant time.
 */

#include <stdlib.h>
#include <string.h>
#include <unicode/ustring.h>

#include "nx/base/maxima.h"
#include "scan.h"

enum { HTTPS_LEN = 8 };

/* What is worked out beforehand of every place. */
struct domains {
	const struct nx_units	*t;
	struct nx_hits		*out;
	int32_t			*stop;	/* end of the label around a unit */
	int32_t			*after;	/* at a dot: end of the domain that
					   begins behind it; 0: none */
	int32_t			*tld;	/* at a dot: end of the top-level
					   domain behind it; 0: none */
	int32_t			*under;	/* next `_` at or after, or n */
};

/* The parts of one match; a part that is missing has end == start. */
struct match {
	int32_t	before;		/* the preceding unit, -1: start of text */
	int32_t	start;
	int32_t	domain, domain_end;
	int32_t	path, path_end;
	int32_t	end;
};

static bool
in_label(const struct nx_units *t, int32_t i)
{
	return (t->cls[i] & NX_C_DOMAIN) != 0 || t->u[i] == '-' ||
	    t->u[i] == '_';
}

/*
 * End of the domain whose first label begins at `i`, or 0.  A chain of labels
 * as long as possible, then a top-level domain; the label before that one
 * must not hold a `_`.
 */
static int32_t
domain_end(const struct domains *s, int32_t i)
{
	const struct nx_units *t = s->t;
	int32_t e;

	if (i >= t->n || (t->cls[i] & NX_C_DOMAIN) == 0)
		return 0;
	e = s->stop[i];
	if (e >= t->n || t->u[e] != '.' || (t->cls[e - 1] & NX_C_DOMAIN) == 0)
		return 0;
	if (s->after[e] > 0)
		return s->after[e];
	return s->under[i] < e ? 0 : s->tld[e];
}

static void
index_domains(struct domains *s)
{
	const struct nx_units *t = s->t;
	int32_t i;
	int n;

	s->under[t->n] = t->n;
	s->stop[t->n] = t->n;
	for (i = t->n - 1; i >= 0; i--) {
		s->under[i] = t->u[i] == '_' ? i : s->under[i + 1];
		s->stop[i] = !in_label(t, i) ? i :
		    i + 1 < t->n && in_label(t, i + 1) ? s->stop[i + 1] :
		    i + 1;
		if (t->u[i] != '.')
			continue;
		n = nx_tld_at(t, i + 1, t->n);
		s->tld[i] = n > 0 ? i + 1 + n : 0;
		s->after[i] = domain_end(s, i + 1);
	}
}

/* http:// or https:// at `i`: its length, or 0. */
static int
protocol_at(const struct nx_units *t, int32_t i)
{
	static const char http[] = "http";
	int k;

	for (k = 0; k < 4; k++)
		if (i + k >= t->n || (t->u[i + k] | 0x20) != http[k])
			return 0;
	if (i + k < t->n && (t->u[i + k] | 0x20) == 's')
		k++;
	return i + k + 2 < t->n && t->u[i + k] == ':' &&
	    t->u[i + k + 1] == '/' && t->u[i + k + 2] == '/' ? k + 3 : 0;
}

/* Balanced parentheses with at most one level inside: their end, or 0. */
static int32_t
parens_end(const struct nx_units *t, int32_t i)
{
	int32_t j = nx_run(t, i + 1, t->n, NX_C_PATH), k;

	if (j >= t->n)
		return 0;
	if (t->u[j] == ')')
		return j > i + 1 ? j + 1 : 0;
	if (t->u[j] != '(')
		return 0;
	k = nx_run(t, j + 1, t->n, NX_C_PATH);
	if (k == j + 1 || k >= t->n || t->u[k] != ')')
		return 0;
	k = nx_run(t, k + 1, t->n, NX_C_PATH);
	return k < t->n && t->u[k] == ')' ? k + 1 : 0;
}

/*
 * A path from its `/` on: to the last unit that may end one, or to the
 * parentheses that follow such an end directly.
 */
static int32_t
path_end(const struct nx_units *t, int32_t i)
{
	int32_t end = i + 1, j = i + 1, close;

	while (j < t->n) {
		if ((t->cls[j] & NX_C_PATH) != 0) {
			if ((t->cls[j++] & NX_C_PATH_END) != 0)
				end = j;
		} else if (t->u[j] == '(' && (close = parens_end(t, j)) > 0) {
			if (end == j)
				end = close;
			j = close;
		} else {
			break;
		}
	}
	return end;
}

/* A query from its `?` on; `i` itself when none is there. */
static int32_t
query_end(const struct nx_units *t, int32_t i, int32_t stop)
{
	int32_t end = i, j;

	if (i >= stop || t->u[i] != '?')
		return i;
	for (j = i + 1; j < stop && (t->cls[j] & NX_C_QUERY) != 0; j++)
		if ((t->cls[j] & NX_C_QUERY_END) != 0)
			end = j + 1;
	return end;
}

static int32_t
port_end(const struct nx_units *t, int32_t i)
{
	int32_t j = i + 1;

	if (i >= t->n || t->u[i] != ':')
		return i;
	while (j < t->n && nx_is_digit(t->u[j]))
		j++;
	return j > i + 1 ? j : i;
}

/* Try the expression with `m->start` set. */
static bool
match_url(const struct domains *s, struct match *m)
{
	const struct nx_units *t = s->t;

	m->domain = m->start + protocol_at(t, m->start);
	m->domain_end = domain_end(s, m->domain);
	if (m->domain_end == 0)
		return false;
	m->path = m->path_end = port_end(t, m->domain_end);
	if (m->path < t->n && t->u[m->path] == '/')
		m->path_end = path_end(t, m->path);
	m->end = query_end(t, m->path_end, t->n);
	return true;
}

/* The domains in [i, end) that are ASCII but for accents, one by one. */
static bool
ascii_domain(const struct nx_units *t, int32_t *i, int32_t end,
    int32_t *from, int32_t *to)
{
	int32_t j = *i;

	while (j < end) {
		int32_t label = j, best = 0;

		*from = j;
		while ((j = nx_run(t, label, end, NX_C_ASCII_LABEL)) > label &&
		    j < end && t->u[j] == '.') {
			int n = nx_tld_at(t, j + 1, end);

			if (n > 0)
				best = j + 1 + n;
			label = j + 1;
		}
		if (best > 0) {
			*i = *to = best;
			return true;
		}
		if (j == *from)
			j++;
	}
	*i = end;
	return false;
}

/* twitter-text's isValidUrl: the whole and each label within its length. */
static bool
is_valid_url(const struct nx_units *t, const struct match *m)
{
	int32_t i = m->domain, j, from, to, at = m->domain;
	int32_t protocol = m->domain - m->start;

	if ((protocol > 0 ? protocol : HTTPS_LEN) + m->end - m->start >
	    NX_TEXT_URL_MAX)
		return false;
	if (m->domain_end - i >= 4 && t->u[i] == 'x' && t->u[i + 1] == 'n' &&
	    t->u[i + 2] == '-' && t->u[i + 3] == '-' &&
	    !ascii_domain(t, &at, m->domain_end, &from, &to))
		return false;
	for (; i <= m->domain_end; i = j + 1) {
		for (j = i; j < m->domain_end && t->u[j] != '.'; j++)
			;
		if (!nx_label_fits(t->u + i, j - i))
			return false;
	}
	return true;
}

/* First place in [from, to) where the units [a, b) stand; it is there. */
static int32_t
find_units(const struct nx_units *t, int32_t from, int32_t a, int32_t b)
{
	while (from < a && memcmp(t->u + from, t->u + a,
	    (size_t)(b - a) * sizeof(*t->u)) != 0)
		from++;
	return from;
}

/*
 * Without a protocol only the ASCII part of a domain counts, and there may be
 * several.  The place of each is where its text first stands after the one
 * before, even if the expression passed over it there: so does the original.
 */
static void
add_bare_url(const struct domains *s, const struct match *m)
{
	const struct nx_units *t = s->t;
	int32_t at = m->domain, free_from = m->domain, from, to;
	struct nx_hit hit = { .kind = NX_ENTITY_URL };

	if (m->before >= 0 && (t->u[m->before] == '-' ||
	    t->u[m->before] == '_' || t->u[m->before] == '.' ||
	    t->u[m->before] == '/'))
		return;
	while (ascii_domain(t, &at, m->domain_end, &from, &to)) {
		if (hit.len > 0)
			nx_hits_add(s->out, hit);
		hit.start = find_units(t, free_from, from, to);
		hit.len = to - from;
		hit.end = free_from = hit.start + hit.len;
	}
	if (hit.len == 0)
		return;
	if (m->path_end > m->path) {
		hit.len += m->end - m->domain_end;
		hit.end = m->end;
	}
	nx_hits_add(s->out, hit);
}

/* A t.co link is its slug and a query; false when the slug is too long. */
static bool
cut_tco(const struct nx_units *t, struct match *m)
{
	static const UChar host[] = { 't', '.', 'c', 'o', '/' };
	int32_t slug = m->domain + 5, i = slug;
	int k;

	for (k = 0; k < 5; k++) {
		UChar c = m->domain + k < m->end ? t->u[m->domain + k] : 0;

		if (nx_to_lower(c) != host[k])
			return true;
	}
	while (i < m->end && nx_is_alnum(t->u[i]))
		i++;
	if (i == slug)
		return true;
	if (i - slug > NX_TCO_SLUG_MAX)
		return false;
	m->end = query_end(t, i, m->end);
	return true;
}

static void
add_url(const struct domains *s, struct match *m)
{
	if (!is_valid_url(s->t, m))
		return;
	if (m->domain == m->start) {
		add_bare_url(s, m);
		return;
	}
	if (!cut_tco(s->t, m))
		return;
	nx_hits_add(s->out, (struct nx_hit){ NX_ENTITY_URL, m->start, m->end,
	    m->end - m->start });
}

static void
find_urls(const struct domains *s)
{
	const struct nx_units *t = s->t;
	int32_t i = 0;

	while (i < t->n) {
		struct match m = { .before = i, .start = i + 1 };
		int32_t end;

		if ((t->cls[i] & NX_C_BEFORE_URL) == 0 || !match_url(s, &m)) {
			m = (struct match){ .before = -1 };
			if (i > 0 || !match_url(s, &m)) {
				i++;
				continue;
			}
		}
		end = m.end;	/* a shortened t.co link is passed whole */
		add_url(s, &m);
		i = end;
	}
}

void
nx_scan_urls(const struct nx_units *t, struct nx_hits *out)
{
	size_t n = (size_t)t->n + 1;
	struct domains s = { .t = t, .out = out };

	if (t->n == 0 || u_memchr(t->u, '.', t->n) == NULL)
		return;
	s.stop = malloc(n * 4 * sizeof(*s.stop));
	if (s.stop == NULL) {
		out->failed = true;
		return;
	}
	s.after = s.stop + n;
	s.tld = s.after + n;
	s.under = s.tld + n;
	index_domains(&s);
	find_urls(&s);
	free(s.stop);
}
