#include "sb_media.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sb_lock.h"
#include "sb_posts.h"
#include "sb_table.h"

enum { HEAD = 32, SEGMENTS = 1000, UPLOAD_MS = 1295999 * 1000 };

#define MB	INT64_C(1048576)

struct item {
	struct sb_medium m;
	char		 key[SB_ID_SIZE];
	EVP_MD_CTX	*digest;
	unsigned char	 head[HEAD];
	char		 last[SB_HEX256_SIZE];	/* of the last segment */
	struct item	*next;
};

struct sb_media {
	pthread_mutex_t	 lock;		/* guards the table and its items */
	struct sb_table	*items;
	struct item	*first, **end;
};

static const char not_found[] = "BadRequest: Not found";

static void
start(struct sb_media *m)
{
	m->items = sb_table_new();
	m->first = NULL;
	m->end = &m->first;
}

static void
free_item(void *value)
{
	struct item *item = value;

	EVP_MD_CTX_free(item->digest);
	free(item);
}

struct sb_media *
sb_media_new(void)
{
	struct sb_media *m = sb_alloc(1, sizeof *m);

	sb_lock_init(&m->lock);
	start(m);
	return m;
}

void
sb_media_free(struct sb_media *m)
{
	sb_table_free(m->items, free_item);
	free(m);
}

void
sb_media_reset(struct sb_media *m)
{
	sb_lock(&m->lock);
	sb_table_free(m->items, free_item);
	start(m);
	sb_unlock(&m->lock);
}

static enum sb_kind
kind_of(const char *category)
{
	static const struct { const char *name; enum sb_kind kind; } rows[] = {
		{ "tweet_image", SB_IMAGE }, { "dm_image", SB_IMAGE },
		{ "tweet_gif", SB_GIF }, { "dm_gif", SB_GIF },
		{ "tweet_video", SB_VIDEO }, { "dm_video", SB_VIDEO },
		{ "amplify_video", SB_VIDEO },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strcmp(rows[i].name, category) == 0)
			return rows[i].kind;
	return SB_NO_KIND;
}

static const char *
too_large(enum sb_kind kind, int64_t bytes, bool premium)
{
	if (kind == SB_IMAGE && bytes > 5 * MB)
		return "Image file size must be <= 5242880 bytes";
	if (kind == SB_GIF && bytes > 15 * MB)
		return "Gif file size must be <= 15728640 bytes";
	if (bytes > (premium ? 16 : 8) * 1024 * MB)
		return "Video file size is over the limit of this account";
	return NULL;
}

/* What the bytes are; the kinds that X takes. */
static const char *
type_of(const unsigned char *head, int64_t len, enum sb_kind *kind)
{
	*kind = SB_IMAGE;
	if (len >= 12 && memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (len >= 12 && memcmp(head, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (len >= 12 && memcmp(head, "RIFF", 4) == 0 &&
	    memcmp(head + 8, "WEBP", 4) == 0)
		return "image/webp";
	*kind = SB_GIF;
	if (len >= 12 && memcmp(head, "GIF8", 4) == 0)
		return "image/gif";
	*kind = SB_VIDEO;
	if (len >= 12 && memcmp(head + 4, "ftypqt", 6) == 0)
		return "video/quicktime";
	if (len >= 12 && memcmp(head + 4, "ftyp", 4) == 0)
		return "video/mp4";
	*kind = SB_NO_KIND;
	return NULL;
}

static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* Of the two formats that begin with it. */
static void
read_size(struct item *item)
{
	if (strcmp(item->m.found, "image/png") == 0) {
		item->m.width = be32(item->head + 16);
		item->m.height = be32(item->head + 20);
	} else if (strcmp(item->m.found, "image/gif") == 0) {
		item->m.width = item->head[6] | (uint32_t)item->head[7] << 8;
		item->m.height = item->head[8] | (uint32_t)item->head[9] << 8;
	}
}

static struct item *
make_item(const struct sb_upload *up, enum sb_kind kind)
{
	struct item *item = sb_alloc(1, sizeof *item);

	item->m = (struct sb_medium){ .id = up->id, .kind = kind,
	    .total = up->total, .expires_at = up->now + UPLOAD_MS };
	sb_copy(item->m.owner, sizeof item->m.owner, up->owner);
	sb_copy(item->m.category, sizeof item->m.category, up->category);
	sb_copy(item->m.type, sizeof item->m.type, up->type);
	snprintf(item->key, sizeof item->key, "%" PRIu64, up->id);
	item->digest = EVP_MD_CTX_new();
	if (item->digest == NULL ||
	    EVP_DigestInit_ex(item->digest, EVP_sha256(), NULL) != 1)
		abort();
	return item;
}

const char *
sb_media_begin(struct sb_media *m, const struct sb_upload *up)
{
	const enum sb_kind kind = kind_of(up->category);
	const char *wrong;
	struct item *item;

	if (kind == SB_NO_KIND)
		return "$.media_category: does not have a value in the "
		    "enumeration";
	wrong = too_large(kind, up->total, up->premium);
	if (wrong != NULL)
		return wrong;
	item = make_item(up, kind);
	sb_lock(&m->lock);
	sb_table_put(m->items, item->key, item);
	*m->end = item;
	m->end = &item->next;
	sb_unlock(&m->lock);
	return NULL;
}

/* Lock held. */
static struct item *
find(struct sb_media *m, uint64_t id, const char *owner)
{
	char key[SB_ID_SIZE];
	struct item *item;

	snprintf(key, sizeof key, "%" PRIu64, id);
	item = sb_table_get(m->items, key);
	return item != NULL && strcmp(item->m.owner, owner) == 0 ? item :
	    NULL;
}

/* Lock held. */
static const char *
append(struct item *item, int64_t index, const void *data, size_t len,
    const char *hash)
{
	const int64_t had = item->m.received;

	if (item->m.finalized > 0)
		return "The media was finalized already";
	if (index == item->m.segments - 1 && strcmp(hash, item->last) == 0)
		return NULL;
	if (index != item->m.segments || index >= SEGMENTS)
		return "Segments must come in the order of their index";
	if (had + (int64_t)len > item->m.total)
		return "Segments exceed the provided total file size.";
	if (had < HEAD)
		memcpy(item->head + had, data, len < (size_t)(HEAD - had) ?
		    len : (size_t)(HEAD - had));
	if (EVP_DigestUpdate(item->digest, data, len) != 1)
		abort();
	item->m.received += (int64_t)len;
	item->m.segments++;
	sb_copy(item->last, sizeof item->last, hash);
	return NULL;
}

const char *
sb_media_append(struct sb_media *m, uint64_t id, const char *owner,
    int64_t index, const void *data, size_t len)
{
	const char *wrong = not_found;
	char hash[SB_HEX256_SIZE];
	struct item *item;

	sb_sha256_hex(data, len, hash);
	sb_lock(&m->lock);
	item = find(m, id, owner);
	if (item != NULL)
		wrong = len == 0 ? "$.media: is missing" :
		    append(item, index, data, len, hash);
	sb_unlock(&m->lock);
	return wrong;
}

/* X takes MP4 for MOV and the other way round. */
static bool
same_type(const char *declared, const char *found)
{
	return declared[0] == '\0' || strcmp(declared, found) == 0 ||
	    (strncmp(declared, "video/", 6) == 0 &&
	    strncmp(found, "video/", 6) == 0);
}

static void
end_digest(struct item *item)
{
	unsigned char hash[32];

	if (EVP_DigestFinal_ex(item->digest, hash, NULL) != 1)
		abort();
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(item->m.sha256 + 2 * i, 3, "%02x", hash[i]);
}

/* Lock held. */
static const char *
finalize(struct item *item, const struct sb_processing *how)
{
	struct sb_medium *m = &item->m;
	const int64_t ms = m->kind == SB_IMAGE ? 0 : how->ms;
	enum sb_kind kind;

	if (m->finalized > 0) {
		m->finalized++;
		return NULL;
	}
	if (m->received != m->total)
		return "Segments do not add up to provided total file size.";
	m->found = type_of(item->head, m->received, &kind);
	if (m->found == NULL || kind != m->kind ||
	    !same_type(m->type, m->found))
		return "media type unrecognized.";
	read_size(item);
	end_digest(item);
	m->finalized = 1;
	m->fate = m->kind == SB_IMAGE ? SB_FATE_GOOD : how->fate;
	m->processing_ms = ms;
	m->ready_at = how->now + ms;
	m->usable_at = m->ready_at + how->lag_ms;
	m->expires_at = how->now + how->ttl * 1000;
	return NULL;
}

const char *
sb_media_finalize(struct sb_media *m, const struct sb_processing *how,
    struct sb_medium *out)
{
	const char *wrong = not_found;
	struct item *item;

	sb_lock(&m->lock);
	item = find(m, how->id, how->owner);
	if (item != NULL)
		wrong = finalize(item, how);
	if (wrong == NULL)
		*out = item->m;
	sb_unlock(&m->lock);
	return wrong;
}

bool
sb_media_get(struct sb_media *m, uint64_t id, const char *owner,
    int64_t now, struct sb_medium *out)
{
	struct item *item;
	bool found;

	sb_lock(&m->lock);
	item = find(m, id, owner);
	found = item != NULL && item->m.expires_at > now;
	if (found)
		*out = item->m;
	sb_unlock(&m->lock);
	return found;
}

bool
sb_media_describe(struct sb_media *m, uint64_t id, const char *owner,
    int64_t now, const char *alt_text)
{
	struct item *item;
	bool found;

	sb_lock(&m->lock);
	item = find(m, id, owner);
	found = item != NULL && item->m.finalized > 0 &&
	    item->m.expires_at > now;
	if (found)
		sb_copy(item->m.alt_text, sizeof item->m.alt_text, alt_text);
	sb_unlock(&m->lock);
	return found;
}

static bool
is_usable(const struct sb_medium *m, int64_t now)
{
	return m->finalized > 0 && m->fate == SB_FATE_GOOD &&
	    m->usable_at <= now;
}

bool
sb_media_attachable(struct sb_media *m, struct json_object *ids,
    const char *owner, int64_t now)
{
	size_t n = json_object_array_length(ids), images = 0;
	uint64_t seen[4] = { 0 };
	bool good = n <= 4;

	for (size_t i = 0; good && i < n; i++) {
		struct sb_medium one;

		seen[i] = sb_post_id(json_object_get_string(
		    json_object_array_get_idx(ids, i)));
		good = sb_media_get(m, seen[i], owner, now, &one) &&
		    is_usable(&one, now);
		images += good && one.kind == SB_IMAGE;
		for (size_t k = 0; k < i; k++)
			good = good && seen[k] != seen[i];
	}
	return good && (n == 1 || images == n);
}

static struct json_object *
item_json(const struct item *item)
{
	const struct sb_medium *m = &item->m;
	struct json_object *o = json_object_new_object();
	const struct { const char *name, *text; } texts[] = {
		{ "id", item->key }, { "owner", m->owner },
		{ "category", m->category }, { "declared", m->type },
		{ "type", m->found }, { "sha256", m->sha256 },
		{ "alt_text", m->alt_text },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		json_object_object_add(o, texts[i].name,
		    texts[i].text == NULL ? NULL :
		    json_object_new_string(texts[i].text));
	json_object_object_add(o, "total", json_object_new_int64(m->total));
	json_object_object_add(o, "bytes",
	    json_object_new_int64(m->received));
	json_object_object_add(o, "segments",
	    json_object_new_int(m->segments));
	json_object_object_add(o, "finalized",
	    json_object_new_boolean(m->finalized > 0));
	return o;
}

struct json_object *
sb_media_json(struct sb_media *m)
{
	struct json_object *list = json_object_new_array();

	sb_lock(&m->lock);
	for (struct item *item = m->first; item != NULL; item = item->next)
		json_object_array_add(list, item_json(item));
	sb_unlock(&m->lock);
	return list;
}
