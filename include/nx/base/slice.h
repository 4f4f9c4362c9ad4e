/*
 * slice.h - a borrowed run of bytes: pointer and length, no NUL needed.
 *
 * A slice never owns what it points at; it lives as long as its source.
 */
#ifndef NX_BASE_SLICE_H
#define NX_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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

/* What a hexadecimal digit stands for; -1: it is none. */
static inline int
nx_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#endif
