#include "sb_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sb_buf.h"

struct entry {
	const char	*key;
	void		*value;
	uint64_t	 hash;
	struct entry	*next;
};

struct sb_table {
	struct entry	**slots;
	size_t		 size;		/* a power of two */
	size_t		 count;
};

static uint64_t
hash_of(const char *key)
{
	uint64_t h = 14695981039346656037u;	/* FNV-1a */

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	return h ^ h >> 29;
}

struct sb_table *
sb_table_new(void)
{
	struct sb_table *t = sb_alloc(1, sizeof *t);

	t->size = 256;
	t->slots = sb_alloc(t->size, sizeof *t->slots);
	return t;
}

void
sb_table_free(struct sb_table *t, void (*drop)(void *value))
{
	struct entry *e, *next;

	if (t == NULL)
		return;
	for (size_t i = 0; i < t->size; i++)
		for (e = t->slots[i]; e != NULL; e = next) {
			next = e->next;
			if (drop != NULL)
				drop(e->value);
			free(e);
		}
	free(t->slots);
	free(t);
}

static void
grow(struct sb_table *t)
{
	size_t size = t->size * 2;
	struct entry **slots = sb_alloc(size, sizeof *slots), *e, *next;

	for (size_t i = 0; i < t->size; i++)
		for (e = t->slots[i]; e != NULL; e = next) {
			next = e->next;
			e->next = slots[e->hash & (size - 1)];
			slots[e->hash & (size - 1)] = e;
		}
	free(t->slots);
	t->slots = slots;
	t->size = size;
}

/* Where the pointer to the key's entry is, or would be. */
static struct entry **
place_of(const struct sb_table *t, const char *key, uint64_t hash)
{
	struct entry **at = &t->slots[hash & (t->size - 1)];

	while (*at != NULL &&
	    ((*at)->hash != hash || strcmp((*at)->key, key) != 0))
		at = &(*at)->next;
	return at;
}

void *
sb_table_get(const struct sb_table *t, const char *key)
{
	struct entry *e = *place_of(t, key, hash_of(key));

	return e == NULL ? NULL : e->value;
}

void
sb_table_put(struct sb_table *t, const char *key, void *value)
{
	uint64_t hash = hash_of(key);
	struct entry **at = place_of(t, key, hash), *e = *at;

	if (e == NULL) {
		e = sb_alloc(1, sizeof *e);
		e->hash = hash;
		*at = e;
		t->count++;
	}
	e->key = key;
	e->value = value;
	if (t->count > t->size)
		grow(t);
}

void *
sb_table_remove(struct sb_table *t, const char *key)
{
	struct entry **at = place_of(t, key, hash_of(key)), *e = *at;
	void *value;

	if (e == NULL)
		return NULL;
	value = e->value;
	*at = e->next;
	free(e);
	t->count--;
	return value;
}

void
sb_table_each(const struct sb_table *t,
    void (*visit)(void *value, void *arg), void *arg)
{
	for (size_t i = 0; i < t->size; i++)
		for (struct entry *e = t->slots[i]; e != NULL; e = e->next)
			visit(e->value, arg);
}

size_t
sb_table_count(const struct sb_table *t)
{
	return t->count;
}
