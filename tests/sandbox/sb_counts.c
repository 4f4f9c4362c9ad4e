#include "sb_counts.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "sb_buf.h"

struct sb_counts {
	atomic_long n[SB_COUNT_SIZE];
};

struct sb_counts *
sb_counts_new(void)
{
	return sb_alloc(1, sizeof(struct sb_counts));
}

void
sb_counts_free(struct sb_counts *c)
{
	free(c);
}

void
sb_counts_add(struct sb_counts *c, enum sb_count which, long n)
{
	atomic_fetch_add(&c->n[which], n);
}

void
sb_counts_reset(struct sb_counts *c)
{
	for (int i = 0; i < SB_COUNT_SIZE; i++)
		atomic_store(&c->n[i], 0);
}

struct json_object *
sb_counts_json(struct sb_counts *c)
{
	static const char *const names[] = {
#define X(name, text) text,
		SB_COUNT_LIST(X)
#undef X
	};
	struct json_object *o = json_object_new_object();
	long live = atomic_load(&c->n[SB_POSTS_CREATED]) -
	    atomic_load(&c->n[SB_POSTS_DELETED]);

	for (int i = 0; i < SB_COUNT_SIZE; i++)
		json_object_object_add(o, names[i],
		    json_object_new_int64(atomic_load(&c->n[i])));
	json_object_object_add(o, "posts_live", json_object_new_int64(live));
	return o;
}
