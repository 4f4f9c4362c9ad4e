#include "sb_storage.h"

#include <stdlib.h>
#include <string.h>

#include "sb_crypto.h"
#include "sb_lock.h"
#include "sb_table.h"

struct object {
	struct sb_object o;
	struct sb_buf	 data;		/* its beginning */
};

struct sb_storage {
	pthread_mutex_t	 lock;		/* guards the table and its objects */
	struct sb_table	*objects;
};

static void
free_object(void *value)
{
	struct object *object = value;

	sb_buf_free(&object->data);
	free(object);
}

struct sb_storage *
sb_storage_new(void)
{
	struct sb_storage *s = sb_alloc(1, sizeof *s);

	sb_lock_init(&s->lock);
	s->objects = sb_table_new();
	return s;
}

void
sb_storage_free(struct sb_storage *s)
{
	sb_table_free(s->objects, free_object);
	free(s);
}

void
sb_storage_reset(struct sb_storage *s)
{
	sb_lock(&s->lock);
	sb_table_free(s->objects, free_object);
	s->objects = sb_table_new();
	sb_unlock(&s->lock);
}

static const char *
text_of(struct json_object *o, const char *name)
{
	struct json_object *value = json_object_object_get(o, name);

	return json_object_is_type(value, json_type_string) ?
	    json_object_get_string(value) : "";
}

static int64_t
number_of(struct json_object *o, const char *name)
{
	return json_object_get_int64(json_object_object_get(o, name));
}

static bool
is_object_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./");

	return len > 0 && len < SB_OBJECT_NAME_SIZE && name[len] == '\0';
}

const char *
sb_storage_put(struct sb_storage *s, struct json_object *o)
{
	const char *name = text_of(o, "name"), *data = text_of(o, "data");
	struct object *object, *old;
	int64_t size = number_of(o, "size");

	if (!is_object_name(name))
		return "name is not one";
	object = sb_alloc(1, sizeof *object);
	if (!sb_base64_read(data, strlen(data), &object->data)) {
		free_object(object);
		return "data is not base64";
	}
	if (size < (int64_t)object->data.len)
		size = (int64_t)object->data.len;
	object->o = (struct sb_object){ .size = size,
	    .no_ranges = json_object_get_boolean(
	    json_object_object_get(o, "no_ranges")),
	    .changes = json_object_get_boolean(
	    json_object_object_get(o, "changes")),
	    .lie = number_of(o, "lie"), .status = (int)number_of(o,
	    "status") };
	sb_copy(object->o.name, sizeof object->o.name, name);
	sb_copy(object->o.type, sizeof object->o.type, text_of(o, "type"));
	sb_copy(object->o.redirect, sizeof object->o.redirect,
	    text_of(o, "redirect"));
	sb_lock(&s->lock);
	old = sb_table_get(s->objects, name);
	object->o.version = old == NULL ? 1 : old->o.version + 1;
	sb_table_put(s->objects, object->o.name, object);
	sb_unlock(&s->lock);
	if (old != NULL)
		free_object(old);
	return NULL;
}

bool
sb_storage_get(struct sb_storage *s, const char *name, struct sb_object *out)
{
	struct object *object;

	sb_lock(&s->lock);
	object = sb_table_get(s->objects, name);
	if (object != NULL) {
		object->o.version += object->o.changes;
		*out = object->o;
	}
	sb_unlock(&s->lock);
	return object != NULL;
}

/* Behind its data: a byte that depends on its place, the same each time. */
static char
byte_at(const struct object *object, int64_t at)
{
	const uint64_t x = (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15);

	return at < (int64_t)object->data.len ? object->data.data[at] :
	    (char)(x >> 56);
}

void
sb_storage_read(struct sb_storage *s, const char *name, int64_t from,
    int64_t n, struct sb_buf *out)
{
	const struct object *object;
	char chunk[4096];

	sb_lock(&s->lock);
	object = sb_table_get(s->objects, name);
	while (object != NULL && n > 0) {
		size_t k = n < (int64_t)sizeof chunk ? (size_t)n :
		    sizeof chunk;

		for (size_t i = 0; i < k; i++)
			chunk[i] = byte_at(object, from + (int64_t)i);
		sb_buf_add(out, chunk, k);
		from += (int64_t)k;
		n -= (int64_t)k;
	}
	sb_unlock(&s->lock);
}
