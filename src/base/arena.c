/* arena.c - a list of blocks, bumped through, wiped at reset. */

#include "nx/base/arena.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 4096 };

struct block {
	struct block	*next;
	size_t		 used, size;
	alignas(max_align_t) char data[];
};

struct nx_arena {
	struct block	*blocks;	/* newest first */
	size_t		 held;		/* bytes in all blocks */
	size_t		 max;
	bool		 failed;
};

static struct block *
block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->used = 0;
	b->size = size;
	return b;
}

static void
block_free(struct block *b)
{
	OPENSSL_cleanse(b->data, b->used);
	free(b);
}

struct nx_arena *
nx_arena_new(size_t max)
{
	struct nx_arena *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->max = max;
	return a;
}

/* Keeps the oldest block, which is of the usual size, for the next use. */
void
nx_arena_reset(struct nx_arena *a)
{
	struct block *b = a->blocks;

	while (b != NULL && b->next != NULL) {
		struct block *next = b->next;

		block_free(b);
		b = next;
	}
	if (b != NULL && b->size > BLOCK_SIZE) {
		block_free(b);
		b = NULL;
	}
	if (b != NULL) {
		OPENSSL_cleanse(b->data, b->used);
		b->used = 0;
	}
	a->blocks = b;
	a->held = b == NULL ? 0 : b->size;
	a->failed = false;
}

void
nx_arena_free(struct nx_arena *a)
{
	if (a == NULL)
		return;
	while (a->blocks != NULL) {
		struct block *next = a->blocks->next;

		block_free(a->blocks);
		a->blocks = next;
	}
	free(a);
}

bool
nx_arena_ok(const struct nx_arena *a)
{
	return !a->failed;
}

bool
nx_arena_has(const struct nx_arena *a, size_t n)
{
	/* At worst each piece begins a block and leaves half of it empty. */
	return !a->failed && (a->max - a->held) / 2 >= n;
}

static struct block *
add_block(struct nx_arena *a, size_t n)
{
	const size_t room = a->max - a->held;
	size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;
	struct block *b;

	if (size > room)
		size = room;
	if (n > size || (b = block_new(size)) == NULL)
		return NULL;
	b->next = a->blocks;
	a->blocks = b;
	a->held += size;
	return b;
}

bool
nx_arena_reserve(struct nx_arena *a, size_t n)
{
	const struct block *b = a->blocks;

	return !a->failed && n <= a->max &&
	    ((b != NULL && n <= b->size - b->used) || add_block(a, n) != NULL);
}

void *
nx_arena_alloc(struct nx_arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->blocks;
	void *p;

	if (n > a->max) {
		a->failed = true;
		return NULL;
	}
	n = (n + align - 1) / align * align;
	if (b == NULL || n > b->size - b->used)
		b = add_block(a, n);
	if (b == NULL) {
		a->failed = true;
		return NULL;
	}
	p = b->data + b->used;
	b->used += n;
	memset(p, 0, n);
	return p;
}

char *
nx_arena_slice(struct nx_arena *a, struct nx_slice s)
{
	char *p;

	if (s.p == NULL)
		return NULL;
	if ((p = nx_arena_alloc(a, s.n + 1)) != NULL)
		memcpy(p, s.p, s.n);
	return p;
}

char *
nx_arena_str(struct nx_arena *a, const char *s)
{
	return nx_arena_slice(a, nx_slice_str(s));
}

char *
nx_arena_printf(struct nx_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p = NULL;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0 && (p = nx_arena_alloc(a, (size_t)n + 1)) != NULL)
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}
