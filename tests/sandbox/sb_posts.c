#include "sb_posts.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sb_clock.h"
#include "sb_lock.h"
#include "sb_table.h"
#include "sb_text.h"

enum { DUPLICATE_MS = 24 * 3600 * 1000, LIST_CHUNK = 200 };

struct post {
	uint64_t	 id;
	char		 key[SB_ID_SIZE];	/* id in digits */
	char		 digest[SB_ID_SIZE + SB_HEX256_SIZE];
	struct author	*author;
	char		*text;
	char		*poll;			/* JSON or NULL */
	char		*media_ids;		/* JSON or NULL */
	struct sb_shown	*shown;
	char		 reply_settings[16];
	uint64_t	 reply_to;
	char		 reply_to_user[SB_ID_SIZE];
	uint64_t	 quoted;
	uint64_t	 conversation;
	int64_t		 created;
	bool		 made_with_ai;
	bool		 paid_partnership;
	bool		 live;
};

struct line {
	struct post	**posts;	/* ascending ids, also deleted ones */
	size_t		  count, room;
};

struct author {
	struct sb_account account;
	struct line	  line;
};

struct sb_posts {
	pthread_mutex_t	 lock;		/* guards the tables and in them */
	struct sb_table	*posts;		/* key -> post, owns it */
	struct sb_table	*digests;	/* author and digest -> last post */
	struct sb_table	*authors;	/* account id -> author */
	struct line	 all;
	_Atomic uint64_t last_id;
};

static void
free_post(void *value)
{
	struct post *p = value;

	free(p->text);
	free(p->poll);
	free(p->media_ids);
	sb_shown_free(p->shown);
	free(p);
}

static void
free_author(void *value)
{
	struct author *a = value;

	free(a->line.posts);
	free(a);
}

static void
start(struct sb_posts *p)
{
	p->posts = sb_table_new();
	p->digests = sb_table_new();
	p->authors = sb_table_new();
	p->all = (struct line){ 0 };
}

static void
clear(struct sb_posts *p)
{
	sb_table_free(p->digests, NULL);
	sb_table_free(p->posts, free_post);
	sb_table_free(p->authors, free_author);
	free(p->all.posts);
}

struct sb_posts *
sb_posts_new(void)
{
	struct sb_posts *p = sb_alloc(1, sizeof *p);

	sb_lock_init(&p->lock);
	start(p);
	return p;
}

void
sb_posts_free(struct sb_posts *p)
{
	clear(p);
	free(p);
}

void
sb_posts_reset(struct sb_posts *p)
{
	sb_lock(&p->lock);
	clear(p);
	start(p);
	sb_unlock(&p->lock);
}

uint64_t
sb_posts_next_id(struct sb_posts *p, int64_t now)
{
	/* X's ids are milliseconds since this moment, shifted by 22 bits. */
	uint64_t id = (uint64_t)(now - INT64_C(1288834974657)) << 22;
	uint64_t last = atomic_load(&p->last_id);

	do {
		if (id <= last)
			id = last + 1;
	} while (!atomic_compare_exchange_weak(&p->last_id, &last, id));
	return id;
}

uint64_t
sb_post_id(const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 19 || text[len] != '\0')
		return 0;
	return strtoull(text, NULL, 10);
}

/* Lock held. */
static struct author *
author_of(struct sb_posts *p, const struct sb_account *account)
{
	struct author *a = sb_table_get(p->authors, account->id);

	if (a == NULL) {
		a = sb_alloc(1, sizeof *a);
		a->account = *account;
		sb_table_put(p->authors, a->account.id, a);
	}
	return a;
}

/* Lock held.  Two threads may come here in the other order of their ids. */
static void
append(struct line *l, struct post *post)
{
	size_t at = l->count;

	if (l->count == l->room) {
		l->room = l->room * 2 + 4;
		l->posts = sb_realloc(l->posts, l->room, sizeof *l->posts);
	}
	for (; at > 0 && l->posts[at - 1]->id > post->id; at--)
		l->posts[at] = l->posts[at - 1];
	l->posts[at] = post;
	l->count++;
}

/* Lock held.  NULL when it never was or was deleted. */
static struct post *
living(const struct sb_posts *p, uint64_t id)
{
	char key[SB_ID_SIZE];
	struct post *post;

	snprintf(key, sizeof key, "%" PRIu64, id);
	post = sb_table_get(p->posts, key);
	return post != NULL && post->live ? post : NULL;
}

/* Lock held.  X lets one answer only own posts and those that mention one. */
static bool
may_engage(const struct post *target, const struct sb_account *who)
{
	return strcmp(target->author->account.id, who->id) == 0 ||
	    sb_text_mentions(target->text, who->handle);
}

/* Lock held. */
static enum sb_post_rc
allowed(const struct sb_posts *p, const struct sb_new_post *in,
    const char *digest)
{
	const struct post *same = sb_table_get(p->digests, digest);
	const struct post *target;

	if (in->reply_to != 0) {
		target = living(p, in->reply_to);
		if (target == NULL ||
		    in->now - target->created < in->reply_lag)
			return SB_REPLY_GONE;
		if (!in->enterprise && !may_engage(target, in->author))
			return SB_REPLY_FORBIDDEN;
	}
	if (in->quoted != 0) {
		if (!in->enterprise)
			return SB_QUOTE_FORBIDDEN;
		if (living(p, in->quoted) == NULL)
			return SB_QUOTE_GONE;
	}
	if (same != NULL && same->live &&
	    same->created > in->now - DUPLICATE_MS)
		return SB_DUPLICATE;
	return SB_POSTED;
}

static struct post *
make_post(const struct sb_new_post *in)
{
	struct post *post = sb_alloc(1, sizeof *post);

	post->id = in->id;
	snprintf(post->key, sizeof post->key, "%" PRIu64, in->id);
	snprintf(post->digest, sizeof post->digest, "%s:%s", in->author->id,
	    in->digest);
	post->text = sb_strdup(in->text);
	post->poll = in->poll == NULL ? NULL : sb_strdup(in->poll);
	post->media_ids = in->media_ids == NULL ? NULL :
	    sb_strdup(in->media_ids);
	post->shown = in->shown;
	sb_copy(post->reply_settings, sizeof post->reply_settings,
	    in->reply_settings);
	post->reply_to = in->reply_to;
	post->quoted = in->quoted;
	post->made_with_ai = in->made_with_ai;
	post->paid_partnership = in->paid_partnership;
	post->conversation = in->id;
	post->created = in->now;
	post->live = true;
	return post;
}

enum sb_post_rc
sb_posts_add(struct sb_posts *p, const struct sb_new_post *in)
{
	struct post *post = make_post(in);
	const struct post *target;
	enum sb_post_rc rc;

	sb_lock(&p->lock);
	rc = allowed(p, in, post->digest);
	if (rc == SB_POSTED) {
		target = in->reply_to == 0 ? NULL : living(p, in->reply_to);
		if (target != NULL) {
			post->conversation = target->conversation;
			sb_copy(post->reply_to_user,
			    sizeof post->reply_to_user,
			    target->author->account.id);
		}
		post->author = author_of(p, in->author);
		append(&post->author->line, post);
		append(&p->all, post);
		sb_table_put(p->posts, post->key, post);
		sb_table_put(p->digests, post->digest, post);
		post = NULL;
	}
	sb_unlock(&p->lock);
	if (post != NULL)
		free_post(post);
	return rc;
}

enum sb_post_rc
sb_posts_delete(struct sb_posts *p, uint64_t id, const char *author_id)
{
	enum sb_post_rc rc = SB_POSTED;
	struct post *post;

	sb_lock(&p->lock);
	post = living(p, id);
	if (post == NULL)
		rc = SB_NO_POST;
	else if (strcmp(post->author->account.id, author_id) != 0)
		rc = SB_NOT_OWN;
	else
		post->live = false;
	sb_unlock(&p->lock);
	return rc;
}

static struct json_object *
id_json(uint64_t id)
{
	char text[SB_ID_SIZE];

	snprintf(text, sizeof text, "%" PRIu64, id);
	return json_object_new_string(text);
}

static void
add_string(struct json_object *o, const char *name, const char *value)
{
	json_object_object_add(o, name, json_object_new_string(value));
}

/* Nobody reads here, so all stay 0; growth would be reckoned in this place. */
static struct json_object *
metrics_json(bool legacy)
{
	struct json_object *o = json_object_new_object();
	const char *const names[] = {
		legacy ? "retweet_count" : "repost_count", "reply_count",
		"like_count", "quote_count", "bookmark_count",
		"impression_count",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		json_object_object_add(o, names[i], json_object_new_int(0));
	return o;
}

static struct json_object *
references_json(const struct post *post)
{
	struct json_object *list = json_object_new_array(), *o;
	const struct { const char *type; uint64_t id; } refs[] = {
		{ "quoted", post->quoted },
		{ "replied_to", post->reply_to },
	};

	for (int i = 0; i < 2; i++) {
		if (refs[i].id == 0)
			continue;
		o = json_object_new_object();
		add_string(o, "type", refs[i].type);
		json_object_object_add(o, "id", id_json(refs[i].id));
		json_object_array_add(list, o);
	}
	return list;
}

static void
add_entities(struct json_object *o, const struct sb_shown *shown)
{
	struct json_object *entities = sb_shown_entities(shown);

	if (entities != NULL)
		json_object_object_add(o, "entities", entities);
}

static struct json_object *
note_json(const struct sb_shown *shown)
{
	struct json_object *o = json_object_new_object();

	add_string(o, "text", shown->text);
	add_entities(o, shown);
	return o;
}

/* Lock held. */
static struct json_object *
post_json(const struct post *post, const struct sb_fields *fields)
{
	const struct sb_shown *shown = post->shown->brief != NULL ?
	    post->shown->brief : post->shown;
	struct json_object *o = json_object_new_object(), *history;
	char when[SB_TIME_SIZE];

	add_string(o, "id", post->key);
	add_string(o, "text", shown->text);
	if (fields->history) {
		history = json_object_new_array();
		json_object_array_add(history, id_json(post->id));
		json_object_object_add(o, fields->legacy ?
		    "edit_history_tweet_ids" : "edit_history_post_ids",
		    history);
	}
	if (fields->author_id)
		add_string(o, "author_id", post->author->account.id);
	if (fields->conversation_id)
		json_object_object_add(o, "conversation_id",
		    id_json(post->conversation));
	sb_clock_text(post->created, when);
	if (fields->created_at)
		add_string(o, "created_at", when);
	if (fields->entities)
		add_entities(o, shown);
	if (fields->note && post->shown->brief != NULL)
		json_object_object_add(o, fields->legacy ? "note_tweet" :
		    "note_post", note_json(post->shown));
	if (fields->paid_partnership)
		json_object_object_add(o, "paid_partnership",
		    json_object_new_boolean(post->paid_partnership));
	if (fields->in_reply_to && post->reply_to != 0)
		add_string(o, "in_reply_to_user_id", post->reply_to_user);
	if (fields->metrics)
		json_object_object_add(o, "public_metrics",
		    metrics_json(fields->legacy));
	if (fields->referenced && (post->reply_to | post->quoted) != 0)
		json_object_object_add(o, fields->legacy ?
		    "referenced_tweets" : "referenced_posts",
		    references_json(post));
	if (fields->reply_settings)
		add_string(o, "reply_settings", post->reply_settings);
	return o;
}

struct json_object *
sb_posts_get(struct sb_posts *p, uint64_t id, const struct sb_fields *fields)
{
	struct json_object *o = NULL;
	const struct post *post;

	sb_lock(&p->lock);
	post = living(p, id);
	if (post != NULL)
		o = post_json(post, fields);
	sb_unlock(&p->lock);
	return o;
}

static bool
on_page(const struct post *post, const struct sb_page *page)
{
	return post->live && post->created <= page->newest &&
	    post->id > page->since_id &&
	    (page->until_id == 0 || post->id < page->until_id) &&
	    (page->start == 0 || post->created >= page->start) &&
	    (page->end == 0 || post->created < page->end) &&
	    !(page->no_replies && post->reply_to != 0);
}

struct json_object *
sb_posts_timeline(struct sb_posts *p, const char *author_id,
    const struct sb_page *page, const struct sb_fields *fields,
    uint64_t *more)
{
	struct json_object *list = json_object_new_array();
	const struct author *a;
	uint64_t last = 0;

	*more = 0;
	sb_lock(&p->lock);
	a = sb_table_get(p->authors, author_id);
	for (size_t i = a == NULL ? 0 : a->line.count;
	    i > 0 && *more == 0; i--) {
		const struct post *post = a->line.posts[i - 1];

		if (post->id <= page->since_id)
			break;
		if (!on_page(post, page))
			continue;
		if (json_object_array_length(list) ==
		    (size_t)page->max_results) {
			*more = last;
		} else {
			last = post->id;
			json_object_array_add(list, post_json(post, fields));
		}
	}
	sb_unlock(&p->lock);
	return list;
}

void
sb_posts_age(struct sb_posts *p, const char *handle, int64_t ms)
{
	sb_lock(&p->lock);
	for (size_t i = 0; i < p->all.count; i++) {
		struct post *post = p->all.posts[i];

		if (strcmp(post->author->account.handle, handle) == 0)
			post->created -= ms;
	}
	sb_unlock(&p->lock);
}

static void
add_id(struct json_object *o, const char *name, uint64_t id)
{
	json_object_object_add(o, name, id == 0 ? NULL : id_json(id));
}

/* Lock held. */
static struct json_object *
listed_json(const struct post *post)
{
	struct json_object *o = json_object_new_object();
	char when[SB_TIME_SIZE];

	sb_clock_text(post->created, when);
	add_string(o, "id", post->key);
	add_string(o, "author", post->author->account.handle);
	add_string(o, "author_id", post->author->account.id);
	add_string(o, "text", post->text);
	add_string(o, "created_at", when);
	add_string(o, "reply_settings", post->reply_settings);
	add_id(o, "reply_to", post->reply_to);
	add_id(o, "quoted", post->quoted);
	json_object_object_add(o, "poll", post->poll == NULL ? NULL :
	    json_tokener_parse(post->poll));
	json_object_object_add(o, "media_ids", post->media_ids == NULL ?
	    json_object_new_array() : json_tokener_parse(post->media_ids));
	json_object_object_add(o, "made_with_ai",
	    json_object_new_boolean(post->made_with_ai));
	json_object_object_add(o, "paid_partnership",
	    json_object_new_boolean(post->paid_partnership));
	if (!post->live)
		json_object_object_add(o, "deleted",
		    json_object_new_boolean(true));
	return o;
}

/* Lock held.  Where the posts with ids greater than last begin. */
static size_t
place_after(const struct line *l, uint64_t last)
{
	size_t from = 0, to = l->count, middle;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (l->posts[middle]->id <= last)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The posts after *last, not many of them; false when there are none. */
static bool
list_some(struct sb_posts *p, const struct sb_listing *which,
    uint64_t *last, struct json_object *list)
{
	size_t from, to;

	sb_lock(&p->lock);
	from = place_after(&p->all, *last);
	to = p->all.count - from > LIST_CHUNK ? from + LIST_CHUNK :
	    p->all.count;
	for (size_t i = from; i < to; i++) {
		const struct post *post = p->all.posts[i];

		*last = post->id;
		if ((post->live || which->deleted) &&
		    (which->author == NULL || strcasecmp(which->author,
		    post->author->account.handle) == 0))
			json_object_array_add(list, listed_json(post));
	}
	sb_unlock(&p->lock);
	return to > from;
}

struct json_object *
sb_posts_json(struct sb_posts *p, const struct sb_listing *which)
{
	struct json_object *list = json_object_new_array();
	uint64_t last = 0;

	while (list_some(p, which, &last, list))
		;
	return list;
}
