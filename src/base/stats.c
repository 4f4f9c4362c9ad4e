/*
 * stats.c - the table, its layout, and counting.
 *
 * A slot holds, for each row, a series of cells for each combination of its
 * labels' values: one cell of a counter, buckets and a sum of a histogram.
 */

#include "stats.h"

#include <stdlib.h>

#include "nx/base/clock.h"
#include "nx/base/must.h"

const uint32_t nx_stats_bounds[] = { NX_STATS_BOUNDS };	/* microseconds */

enum {
	HISTOGRAM_CELLS = NX_STATS_NBUCKETS + 1,
	LINE = 64 / sizeof(uint64_t),	/* cells of a cache line */
};

const struct nx_stats_row nx_stats_rows[NX_STAT_COUNT] = {
#define NX_STATS_ROW(id, kind, name, unit, help, a, b) \
	{ NX_STATS_##kind, name, unit, help, \
	    { NX_LABEL_##a, NX_LABEL_##b } },
	NX_STATS_LIST(NX_STATS_ROW)
#undef NX_STATS_ROW
};

const char *const nx_stats_label_names[NX_LABEL_COUNT] = {
#define NX_STATS_ROW(id, label, values) label,
	NX_STATS_LABELS(NX_STATS_ROW)
#undef NX_STATS_ROW
};

static const char *const label_values[NX_LABEL_COUNT] = {
#define NX_STATS_ROW(id, label, values) values,
	NX_STATS_LABELS(NX_STATS_ROW)
#undef NX_STATS_ROW
};

struct nx_slice
nx_stats_value(enum nx_label label, unsigned int i)
{
	struct nx_slice rest = nx_slice_str(label_values[label]), value;

	do
		value = nx_slice_cut(&rest, ' ');
	while (i-- > 0);
	return value;
}

static unsigned int
values_of(enum nx_label label)
{
	unsigned int n = 0;

	while (nx_stats_value(label, n).n > 0)
		n++;
	return n == 0 ? 1 : n;		/* NONE: one series */
}

/* FNV-1a; texts end with their NUL. */
static uint64_t
hash_bytes(uint64_t hash, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n-- > 0)
		hash = (hash ^ *p++) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
hash_text(uint64_t hash, const char *text)
{
	return hash_bytes(hash, text, strlen(text) + 1);
}

uint64_t
nx_stats_layout(const struct nx_stats_row *r, size_t n)
{
	const uint32_t slots = NX_STATS_SLOTS;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = hash_bytes(hash, &slots, sizeof(slots));
	hash = hash_bytes(hash, nx_stats_bounds, sizeof(nx_stats_bounds));
	for (; n > 0; n--, r++) {
		const unsigned char kind = (unsigned char)r->kind;

		hash = hash_bytes(hash, &kind, 1);
		hash = hash_text(hash, r->name);
		hash = hash_text(hash, r->unit);
		for (int i = 0; i < 2; i++) {
			const enum nx_label label = r->labels[i];

			hash = hash_text(hash, nx_stats_label_names[label]);
			hash = hash_text(hash, label_values[label]);
		}
	}
	return hash;
}

static void
lay_out(struct nx_stats *s)
{
	size_t at = 0;

	for (int i = 0; i < NX_STAT_COUNT; i++) {
		const struct nx_stats_row *r = &nx_stats_rows[i];
		struct nx_stats_place *p = &s->places[i];

		p->first = at;
		p->width = r->kind == NX_STATS_HISTOGRAM ? HISTOGRAM_CELLS :
		    1;
		p->n[0] = values_of(r->labels[0]);
		p->n[1] = values_of(r->labels[1]);
		at += p->width * p->n[0] * p->n[1];
	}
	s->cells = (at + LINE - 1) / LINE * LINE;
}

struct nx_stats *
nx_stats_open(const char *dir)
{
	struct nx_stats *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->fd = -1;
	lay_out(s);
	if (!nx_stats_map(s, dir, nx_stats_layout(nx_stats_rows,
	    NX_STAT_COUNT))) {
		nx_stats_close(s);
		return NULL;
	}
	return s;
}

void
nx_stats_close(struct nx_stats *s)
{
	if (s == NULL)
		return;
	nx_stats_unmap(s);
	free(s);
}

size_t
nx_stats_cell(const struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	const struct nx_stats_place *p = &s->places[what];

	assert(a < p->n[0] && b < p->n[1]);
	return p->first + (a * p->n[1] + b) * p->width;
}

static void
add_to_cell(struct nx_stats *s, size_t cell, uint64_t n)
{
	(void)atomic_fetch_add_explicit(&s->own[cell], n,
	    memory_order_relaxed);
}

void
nx_stats_count(struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	if (s != NULL && s->own != NULL)
		add_to_cell(s, nx_stats_cell(s, what, a, b), 1);
}

void
nx_stats_time(struct nx_stats *s, enum nx_stat what, unsigned int a,
    int64_t began)
{
	size_t at, bucket = 0;
	int64_t gone;

	if (s == NULL || s->own == NULL || (gone = nx_clock_us() - began) < 0)
		return;
	at = nx_stats_cell(s, what, a, 0);
	while (bucket < NX_STATS_NBOUNDS &&
	    gone > (int64_t)nx_stats_bounds[bucket])
		bucket++;
	add_to_cell(s, at + bucket, 1);
	add_to_cell(s, at + NX_STATS_NBUCKETS, (uint64_t)gone);
}

uint64_t
nx_stats_cell_sum(const struct nx_stats *s, size_t cell)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < NX_STATS_SLOTS; i++)
		sum += atomic_load_explicit(&s->all[i * s->cells + cell],
		    memory_order_relaxed);
	return sum;
}

uint64_t
nx_stats_sum(const struct nx_stats *s, enum nx_stat what, unsigned int a,
    unsigned int b)
{
	size_t at, n;
	uint64_t sum = 0;

	if (s == NULL)
		return 0;
	at = nx_stats_cell(s, what, a, b);
	n = nx_stats_rows[what].kind == NX_STATS_HISTOGRAM ?
	    NX_STATS_NBUCKETS : 1;
	for (size_t i = 0; i < n; i++)
		sum += nx_stats_cell_sum(s, at + i);
	return sum;
}
