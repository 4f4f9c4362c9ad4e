#include "sb_canaries.h"

#include <stdlib.h>

#include "sb_buf.h"
#include "sb_lock.h"

enum { KEPT = 100000 };

struct sb_canaries {
	pthread_mutex_t	 lock;		/* guards the rest */
	size_t		 next;		/* the slot to overwrite */
	char		*ring[KEPT];
};

struct sb_canaries *
sb_canaries_new(void)
{
	struct sb_canaries *c = sb_alloc(1, sizeof *c);

	sb_lock_init(&c->lock);
	return c;
}

void
sb_canaries_free(struct sb_canaries *c)
{
	sb_canaries_reset(c);
	free(c);
}

void
sb_canaries_add(struct sb_canaries *c, const char *secret)
{
	char *copy = sb_strdup(secret), *old;

	sb_lock(&c->lock);
	old = c->ring[c->next];
	c->ring[c->next] = copy;
	c->next = (c->next + 1) % KEPT;
	sb_unlock(&c->lock);
	free(old);
}

void
sb_canaries_reset(struct sb_canaries *c)
{
	sb_lock(&c->lock);
	for (size_t i = 0; i < KEPT; i++) {
		free(c->ring[i]);
		c->ring[i] = NULL;
	}
	c->next = 0;
	sb_unlock(&c->lock);
}

struct json_object *
sb_canaries_json(struct sb_canaries *c)
{
	struct json_object *list = json_object_new_array();

	sb_lock(&c->lock);
	for (size_t i = 0; i < KEPT; i++) {
		const char *secret = c->ring[(c->next + i) % KEPT];

		if (secret != NULL)
			json_object_array_add(list,
			    json_object_new_string(secret));
	}
	sb_unlock(&c->lock);
	return list;
}
