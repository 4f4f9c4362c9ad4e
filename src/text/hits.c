/* hits.c - a growing list of entities. */

#include "hits.h"

#include <stdlib.h>

enum { FIRST_HITS = 16 };

void
nx_hits_add(struct nx_hits *hits, struct nx_hit hit)
{
	if (hits->failed)
		return;
	if (hits->n == hits->cap) {
		int32_t cap = hits->cap > 0 ? hits->cap * 2 : FIRST_HITS;
		struct nx_hit *v = realloc(hits->v, (size_t)cap * sizeof(*v));

		if (v == NULL) {
			hits->failed = true;
			return;
		}
		hits->v = v;
		hits->cap = cap;
	}
	hits->v[hits->n++] = hit;
}

int32_t
nx_hits_from(const struct nx_hits *hits, int32_t unit)
{
	int32_t low = 0, high = hits->n;

	while (low < high) {
		int32_t mid = (low + high) / 2;

		if (hits->v[mid].start < unit)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
nx_hits_free(struct nx_hits *hits)
{
	free(hits->v);
	*hits = (struct nx_hits){ 0 };
}
