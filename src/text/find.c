/* find.c - all entities of a text, and their places in bytes. */

#include "find.h"

#include <stdlib.h>

#include "scan.h"

static int
by_start(const void *a, const void *b)
{
	const struct nx_hit *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void
nx_scan_rest(const struct nx_units *t, unsigned int kinds,
    struct nx_hits *out)
{
	int32_t i, kept = 0, end = 0;

	if ((kinds & NX_ENTITY_MENTION) != 0)
		nx_scan_mentions(t, out);
	if ((kinds & NX_ENTITY_HASHTAG) != 0)
		nx_scan_hashtags(t, out);
	if ((kinds & NX_ENTITY_CASHTAG) != 0)
		nx_scan_cashtags(t, out);
	if (out->n == 0)
		return;
	qsort(out->v, (size_t)out->n, sizeof(*out->v), by_start);
	for (i = 0; i < out->n; i++) {
		struct nx_hit hit = out->v[i];

		if (hit.start < end)
			continue;
		end = hit.end;
		if ((hit.kind & kinds) != 0)
			out->v[kept++] = hit;
	}
	out->n = kept;
}

static enum nx_rc
place_in_bytes(const struct nx_units *t, const struct nx_hits *hits,
    struct nx_arena *arena, struct nx_entity **out)
{
	struct nx_entity *v;
	size_t byte = 0;
	int32_t i, at = 0;

	v = nx_arena_alloc(arena, ((size_t)hits->n + 1) * sizeof(*v));
	if (v == NULL)
		return NX_NO_MEMORY;
	for (i = 0; i < hits->n; i++) {
		const struct nx_hit *h = &hits->v[i];

		byte += (size_t)nx_units_bytes(t, at, h->start);
		at = h->end;
		v[i] = (struct nx_entity){ .kind = h->kind, .start = byte,
		    .start16 = (size_t)h->start, .end16 = (size_t)h->end };
		byte += (size_t)nx_units_bytes(t, h->start, h->end);
		v[i].end = byte;
	}
	*out = v;
	return NX_OK;
}

enum nx_rc
nx_find(struct nx_slice text, unsigned int kinds, struct nx_arena *arena,
    struct nx_entity **out, size_t *count)
{
	struct nx_units t = { 0 };
	struct nx_hits hits = { 0 };
	enum nx_rc rc;

	*out = NULL;
	*count = 0;
	if ((rc = nx_units_read(text, &t)) != NX_OK)
		return rc;
	if ((rc = nx_units_classify(&t)) != NX_OK)
		goto out;
	/* What lies inside a URL is not a hashtag. */
	if ((kinds & (NX_ENTITY_URL | NX_ENTITY_HASHTAG)) != 0)
		nx_scan_urls(&t, &hits);
	nx_scan_rest(&t, kinds, &hits);
	rc = hits.failed ? NX_NO_MEMORY : place_in_bytes(&t, &hits, arena, out);
	if (rc == NX_OK)
		*count = (size_t)hits.n;
out:
	nx_hits_free(&hits);
	nx_units_free(&t);
	return rc;
}
