/* buf.c - bounded, growing byte buffer. */

#include "nx/base/buf.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAP = 1024 };

static void
free_bytes(const struct nx_buf *b, char *p, size_t cap)
{
	if (p == NULL)
		return;
	if (b->secret)
		OPENSSL_cleanse(p, cap);
	free(p);
}

/* Make room for `more` bytes and a NUL.  A secret is never realloc'd. */
static bool
reserve_more(struct nx_buf *b, size_t more)
{
	size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
	char *p;

	if (b->failed || more > b->max - b->n) {
		b->failed = true;
		return false;
	}
	if (b->n + more < b->cap)
		return true;
	while (cap <= b->n + more)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	if ((p = malloc(cap)) == NULL) {
		b->failed = true;
		return false;
	}
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	p[b->n] = '\0';
	free_bytes(b, b->p, b->cap);
	b->p = p;
	b->cap = cap;
	return true;
}

bool
nx_buf_reserve(struct nx_buf *b, size_t n)
{
	const bool failed = b->failed;
	bool ok;

	b->failed = false;
	ok = n <= b->n || reserve_more(b, n - b->n);
	b->failed = failed;
	return ok;
}

void
nx_buf_add(struct nx_buf *b, const void *p, size_t n)
{
	if (!reserve_more(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
nx_buf_adds(struct nx_buf *b, const char *s)
{
	nx_buf_add(b, s, strlen(s));
}

void
nx_buf_addc(struct nx_buf *b, char c)
{
	nx_buf_add(b, &c, 1);
}

void
nx_buf_slice_add(struct nx_buf *b, struct nx_slice s)
{
	nx_buf_add(b, s.p, s.n);
}

void
nx_buf_addf(struct nx_buf *b, const char *fmt, ...)
{
	size_t room = b->p == NULL ? 0 : b->cap - b->n;
	char *at = b->p == NULL ? NULL : b->p + b->n;
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(at, room, fmt, ap);
	va_end(ap);
	if (at != NULL && (n < 0 || (size_t)n >= room))
		*at = '\0';		/* it was cut: print it anew */
	if (n < 0)
		b->failed = true;
	else if (reserve_more(b, (size_t)n)) {
		if ((size_t)n >= room)
			(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt,
			    again);
		b->n += (size_t)n;
	} else if (at != NULL)
		*at = '\0';
	va_end(again);
}

static bool
is_unreserved(unsigned char c)
{
	return nx_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void
nx_buf_add_url(struct nx_buf *b, struct nx_slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	size_t plain = 0;	/* where a run of plain bytes begins */

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_unreserved(c))
			continue;
		nx_buf_add(b, s.p + plain, i - plain);
		nx_buf_add(b, (char[]){ '%', hex[c >> 4], hex[c & 15] }, 3);
		plain = i + 1;
	}
	nx_buf_add(b, s.p + plain, s.n - plain);
}

void
nx_buf_reset(struct nx_buf *b)
{
	if (b->secret && b->p != NULL)
		OPENSSL_cleanse(b->p, b->cap);
	b->n = 0;
	b->failed = false;
	if (b->p != NULL)
		b->p[0] = '\0';
}

void
nx_buf_recycle(struct nx_buf *b)
{
	if (b->cap > NX_BUF_KEEP)
		nx_buf_free(b);
	else
		nx_buf_reset(b);
}

void
nx_buf_free(struct nx_buf *b)
{
	free_bytes(b, b->p, b->cap);
	b->p = NULL;
	b->n = b->cap = 0;
	b->failed = false;
}
