/* verified.c - a table of sets of four, each looked through in full. */

#include "nx/seal/verified.h"

#include <stdlib.h>

#include "nx/base/must.h"

enum { WAYS = 4 };

struct entry {
	unsigned char		hash[NX_SHA256_BYTES];
	uint64_t		generation;
	uint64_t		used;		/* 0: empty */
	struct nx_jwt_claims	claims;
};

struct nx_verified {
	pthread_mutex_t	 mutex;
	size_t		 sets;
	uint64_t	 clock;		/* counts uses */
	struct entry	 entries[];
};

struct nx_verified *
nx_verified_new(size_t entries)
{
	struct nx_verified *v = calloc(1, sizeof(*v) +
	    entries * sizeof(struct entry));

	assert(entries >= WAYS && entries % WAYS == 0);
	if (v == NULL)
		return NULL;
	v->sets = entries / WAYS;
	nx_mutex_init(&v->mutex);
	return v;
}

void
nx_verified_free(struct nx_verified *v)
{
	if (v == NULL)
		return;
	nx_mutex_destroy(&v->mutex);
	free(v);
}

/* The four that a token with this hash can be among. */
static struct entry *
set_of(struct nx_verified *v, const unsigned char *hash)
{
	uint64_t n;

	memcpy(&n, hash, sizeof(n));
	return &v->entries[n % v->sets * WAYS];
}

static bool
is_of(const struct entry *e, const unsigned char *hash)
{
	return e->used != 0 && nx_constant_time_eq(
	    (struct nx_slice){ (const char *)e->hash, NX_SHA256_BYTES },
	    (struct nx_slice){ (const char *)hash, NX_SHA256_BYTES });
}

bool
nx_verified_find(struct nx_verified *v,
    const unsigned char hash[NX_SHA256_BYTES], uint64_t generation,
    int64_t now, struct nx_jwt_claims *out)
{
	struct entry *set = set_of(v, hash);
	bool found = false;

	nx_lock(&v->mutex);
	for (int i = 0; i < WAYS && !found; i++) {
		if (!is_of(&set[i], hash))
			continue;
		if (set[i].generation != generation ||
		    now - NX_JWT_LEEWAY >= set[i].claims.expires) {
			set[i].used = 0;
			break;
		}
		set[i].used = ++v->clock;
		*out = set[i].claims;
		found = true;
	}
	nx_unlock(&v->mutex);
	return found;
}

void
nx_verified_keep(struct nx_verified *v,
    const unsigned char hash[NX_SHA256_BYTES], uint64_t generation,
    const struct nx_jwt_claims *claims)
{
	struct entry *set = set_of(v, hash), *to = set;

	nx_lock(&v->mutex);
	for (int i = 0; i < WAYS; i++) {
		if (is_of(&set[i], hash)) {
			to = &set[i];
			break;
		}
		if (set[i].used < to->used)
			to = &set[i];
	}
	memcpy(to->hash, hash, NX_SHA256_BYTES);
	to->generation = generation;
	to->used = ++v->clock;
	to->claims = *claims;
	nx_unlock(&v->mutex);
}
