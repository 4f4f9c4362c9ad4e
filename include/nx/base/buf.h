/*
 * buf.h - a growing byte buffer that is born with its maximum.
 *
 * Overflow and lack of memory are one sticky flag: append freely, ask once at
 * the end with nx_buf_ok().  A secret buffer is wiped whenever its memory is
 * given back, also when it grows.  Not shared between threads.
 */
#ifndef NX_BASE_BUF_H
#define NX_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "nx/base/err.h"
#include "nx/base/slice.h"

struct nx_buf {
	char	*p;		/* always NUL-terminated once not NULL */
	size_t	 n;		/* bytes in use, the NUL not counted */
	size_t	 cap;
	size_t	 max;		/* n never passes this */
	bool	 secret;
	bool	 failed;	/* sticky: something did not fit */
};

#define NX_BUF(limit)		{ .max = (limit) }
#define NX_BUF_SECRET(limit)	{ .max = (limit), .secret = true }

void	nx_buf_add(struct nx_buf *b, const void *p, size_t n);
void	nx_buf_adds(struct nx_buf *b, const char *s);
void	nx_buf_addc(struct nx_buf *b, char c);
void	nx_buf_slice_add(struct nx_buf *b, struct nx_slice s);
void	nx_buf_addf(struct nx_buf *b, const char *fmt, ...) NX_PRINTF(2, 3);

/*
 * Room for `n` bytes in all, now: what then fits asks for no more memory.
 * False when it is over the maximum, or there is none; nothing has changed.
 */
NX_MUST_USE bool	nx_buf_reserve(struct nx_buf *b, size_t n);

/* Percent-encode everything but RFC 3986's unreserved characters. */
void	nx_buf_add_url(struct nx_buf *b, struct nx_slice s);

static inline bool
nx_buf_ok(const struct nx_buf *b)
{
	return !b->failed;
}

static inline struct nx_slice
nx_buf_slice(const struct nx_buf *b)
{
	return (struct nx_slice){ b->p, b->n };
}

/* The text as a C string; "" while nothing was added. */
static inline const char *
nx_buf_str(const struct nx_buf *b)
{
	return b->p == NULL ? "" : b->p;
}

/* Empty it and clear the flag; a secret's bytes are wiped. */
void	nx_buf_reset(struct nx_buf *b);

/* Empty it for the next use: what grew beyond NX_BUF_KEEP is given back. */
enum { NX_BUF_KEEP = 16 * 1024 };
void	nx_buf_recycle(struct nx_buf *b);

/* Give the memory back.  The buffer may be used again afterwards. */
void	nx_buf_free(struct nx_buf *b);

#endif
