/* hits.h - the entities that were found among units.  Private to the room. */
#ifndef NX_TEXT_HITS_H
#define NX_TEXT_HITS_H

#include <stdbool.h>
#include <stdint.h>

enum nx_entity_kind {
	NX_ENTITY_URL = 1,
	NX_ENTITY_MENTION = 2,		/* with its /list, if any */
	NX_ENTITY_HASHTAG = 4,
	NX_ENTITY_CASHTAG = 8,
	NX_ENTITY_ALL = 15,
};

struct nx_hit {
	enum nx_entity_kind	kind;
	int32_t			start, end;	/* units */
	int32_t			len;	/* what counts; mostly end - start */
};

struct nx_hits {
	struct nx_hit	*v;
	int32_t		 n, cap;
	bool		 failed;	/* sticky: out of memory */
};

void	nx_hits_add(struct nx_hits *hits, struct nx_hit hit);
void	nx_hits_free(struct nx_hits *hits);

/* The first that begins at or after `unit`; they are in order. */
int32_t	nx_hits_from(const struct nx_hits *hits, int32_t unit);

#endif
