#include "sb_posts.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sb_clock.h"
#include "sb_lock.h"
#include "sb_table.h"
#include "sb_text.h"

enum { DUPLICATE_MS = 24 * 3600 * 1000 };

struct post {
	uint64_t	 id;
	char		 key[SB_ID_SIZE];	/* id in digits */
	char		 digest[SB_ID_SIZE + SB_HEX256_SIZE];
	struct author	*author;
	char		*text;
	char		*shown;
	char		 reply_settings[16];
	uint64_t	 reply_to;
	char		 reply_to_user[SB_ID_SIZE];
	uint64_t	 quoted;
	uint64_t	 conversation;
	int64_t		 created;
	bool		 live;
};

struct author {
	struct sb_account account;
	struct post	**posts;	/* ascending ids, also deleted ones */
	size_t		  count, room;
};

struct sb_posts {
	pthread_mutex_t	 lock;		/* guards the tables and in them */
	struct sb_table	*posts;		/* key -> post, owns it */
	struct sb_table	*digests;	/* author and digest -> last post */
	struct sb_table	*authors;	/* account id -> author */
	_Atomic uint64_t last_id;
};

static void
free_post(void *value)
{
	struct post *p = value;

	free(p->text);
	free(p->shown);
	free(p);
}

static void
free_author(void *value)
{
	struct author *a = value;

	free(a->posts);
	free(a);
}

static void
start(struct sb_posts *p)
{
	p->posts = sb_table_new();
	p->digests = sb_table_new();
	p->authors = sb_table_new();
}

static void
clear(struct sb_posts *p)
{
	sb_table_free(p->digests, NULL);
	sb_table_free(p->posts, free_post);
	sb_table_free(p->authors, free_author);
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
append(struct author *a, struct post *post)
{
	size_t at = a->count;

	if (a->count == a->room) {
		a->room = a->room * 2 + 4;
		a->posts = sb_realloc(a->posts, a->room, sizeof *a->posts);
	}
	for (; at > 0 && a->posts[at - 1]->id > post->id; at--)
		a->posts[at] = a->posts[at - 1];
	a->posts[at] = post;
	a->count++;
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
		if (target == NULL)
			return SB_REPLY_GONE;
		if (!may_engage(target, in->author))
			return SB_REPLY_FORBIDDEN;
	}
	if (in->quoted != 0) {
		target = living(p, in->quoted);
		if (target == NULL)
			return SB_QUOTE_GONE;
		if (!may_engage(target, in->author))
			return SB_QUOTE_FORBIDDEN;
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
	post->shown = sb_strdup(in->shown);
	sb_copy(post->reply_settings, sizeof post->reply_settings,
	    in->reply_settings);
	post->reply_to = in->reply_to;
	post->quoted = in->quoted;
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
		append(post->author, post);
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

/* Lock held. */
static struct json_object *
post_json(const struct post *post, const struct sb_fields *fields)
{
	struct json_object *o = json_object_new_object(), *history;
	char when[SB_TIME_SIZE];

	add_string(o, "id", post->key);
	add_string(o, "text", post->shown);
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
	return post->live && post->id > page->since_id &&
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
	for (size_t i = a == NULL ? 0 : a->count; i > 0 && *more == 0; i--) {
		const struct post *post = a->posts[i - 1];

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

static int
by_id(const void *a, const void *b)
{
	const struct post *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

struct gathering {
	const struct post	**posts;
	size_t			  count;
};

static void
gather(void *value, void *arg)
{
	const struct post *post = value;
	struct gathering *g = arg;

	if (post->live)
		g->posts[g->count++] = post;
}

struct json_object *
sb_posts_json(struct sb_posts *p)
{
	struct json_object *list = json_object_new_array(), *o;
	struct gathering g = { 0 };

	sb_lock(&p->lock);
	g.posts = sb_alloc(sb_table_count(p->posts) + 1, sizeof *g.posts);
	sb_table_each(p->posts, gather, &g);
	qsort(g.posts, g.count, sizeof *g.posts, by_id);
	for (size_t i = 0; i < g.count; i++) {
		o = json_object_new_object();
		add_string(o, "id", g.posts[i]->key);
		add_string(o, "author", g.posts[i]->author->account.handle);
		add_string(o, "author_id", g.posts[i]->author->account.id);
		add_string(o, "text", g.posts[i]->text);
		json_object_object_add(o, "reply_to",
		    g.posts[i]->reply_to == 0 ? NULL :
		    id_json(g.posts[i]->reply_to));
		json_object_array_add(list, o);
	}
	sb_unlock(&p->lock);
	free(g.posts);
	return list;
}
