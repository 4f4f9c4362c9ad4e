/*
 * slice.h - a borrowed run of bytes: pointer and length, no NUL needed.
 *
 * A slice never owns what it points at; it lives as long as its source.
 */
#ifndef NX_BASE_SLICE_H
#define NX_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "nx/base/ascii.h"

struct nx_slice {
	const char	*p;
	size_t		 n;	/* bytes */
};

#define NX_SLICE(literal) \
	((struct nx_slice){ (literal), sizeof(literal) - 1 })

/* The whole of a C string; NULL gives an empty slice. */
static inline struct nx_slice
nx_slice_str(const char *s)
{
	return (struct nx_slice){ s, s == NULL ? 0 : strlen(s) };
}

static inline bool
nx_slice_eq(struct nx_slice a, struct nx_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
nx_slice_is(struct nx_slice a, const char *s)
{
	return nx_slice_eq(a, nx_slice_str(s));
}

/* The same, be it in capitals or not (ASCII). */
static inline bool
nx_slice_eq_nocase(struct nx_slice a, struct nx_slice b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool
nx_slice_is_nocase(struct nx_slice a, const char *s)
{
	return nx_slice_eq_nocase(a, nx_slice_str(s));
}

/* Its place in `list`, which ends with NULL; -1: it is not there. */
static inline int
nx_slice_index(struct nx_slice a, const char *const *list)
{
	for (int i = 0; list[i] != NULL; i++) {
		if (nx_slice_is(a, list[i]))
			return i;
	}
	return -1;
}

static inline bool
nx_slice_is_one_of(struct nx_slice a, const char *const *list)
{
	return nx_slice_index(a, list) >= 0;
}

/* Its first `n` bytes, of which it has as many. */
static inline struct nx_slice
nx_slice_head(struct nx_slice s, size_t n)
{
	return (struct nx_slice){ s.p, n };
}

/* What follows its first `n` bytes. */
static inline struct nx_slice
nx_slice_tail(struct nx_slice s, size_t n)
{
	return n == 0 ? s : (struct nx_slice){ s.p + n, s.n - n };
}

static inline bool
nx_slice_starts(struct nx_slice s, const char *with)
{
	const size_t n = strlen(with);

	return s.n >= n && nx_slice_is(nx_slice_head(s, n), with);
}

static inline bool
nx_slice_starts_nocase(struct nx_slice s, const char *with)
{
	const size_t n = strlen(with);

	return s.n >= n && nx_slice_is_nocase(nx_slice_head(s, n), with);
}

static inline bool
nx_slice_ends(struct nx_slice s, const char *with)
{
	const size_t n = strlen(with);

	return s.n >= n && nx_slice_is(nx_slice_tail(s, s.n - n), with);
}

/* Does it start so?  Then `s` becomes what follows. */
static inline bool
nx_slice_cut_prefix(struct nx_slice *s, const char *with)
{
	if (!nx_slice_starts(*s, with))
		return false;
	*s = nx_slice_tail(*s, strlen(with));
	return true;
}

static inline bool
nx_slice_cut_prefix_nocase(struct nx_slice *s, const char *with)
{
	if (!nx_slice_starts_nocase(*s, with))
		return false;
	*s = nx_slice_tail(*s, strlen(with));
	return true;
}

/* Has it bytes, and are all of them decimal digits? */
static inline bool
nx_slice_is_digits(struct nx_slice s)
{
	size_t n = 0;

	while (n < s.n && nx_is_digit(s.p[n]))
		n++;
	return n > 0 && n == s.n;
}

/* A decimal number, all of it digits; false past 18, which always fit. */
static inline bool
nx_slice_decimal(struct nx_slice s, int64_t *out)
{
	int64_t v = 0;

	if (s.n > 18 || !nx_slice_is_digits(s))
		return false;
	for (size_t i = 0; i < s.n; i++)
		v = v * 10 + (s.p[i] - '0');
	*out = v;
	return true;
}

/*
 * Cut `in` at the first `sep`: what stands before it is returned and `in`
 * becomes what follows.  Without `sep` all of `in` is returned and it becomes
 * empty with p NULL.
 */
static inline struct nx_slice
nx_slice_cut(struct nx_slice *in, char sep)
{
	struct nx_slice head = *in;
	const char *at = in->n == 0 ? NULL : memchr(in->p, sep, in->n);

	if (at == NULL) {
		*in = (struct nx_slice){ NULL, 0 };
		return head;
	}
	head.n = (size_t)(at - in->p);
	in->p = at + 1;
	in->n -= head.n + 1;
	return head;
}

/* Without the bytes of `set` at either end. */
static inline struct nx_slice
nx_slice_trim(struct nx_slice s, const char *set)
{
	while (s.n > 0 && strchr(set, s.p[0]) != NULL && s.p[0] != '\0')
		s.p++, s.n--;
	while (s.n > 0 && strchr(set, s.p[s.n - 1]) != NULL &&
	    s.p[s.n - 1] != '\0')
		s.n--;
	return s;
}

/* Is `s` there and spelled so? */
static inline bool
nx_str_is(const char *s, const char *want)
{
	return s != NULL && strcmp(s, want) == 0;
}

#endif
