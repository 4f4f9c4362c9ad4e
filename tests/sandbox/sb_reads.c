/*
 * sb_reads.c - reading posts: one, many, an author's timeline.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sb_clock.h"
#include "sb_routes.h"

enum { IDS_MAX = 100, TOKEN_SIZE = 32 };

static const char page_mark[] = "7140dibdnow9c7btw";

static void
refuse_param(struct sb_call *c, const char *name, const char *value,
    const char *what)
{
	struct sb_buf message = { 0 };

	sb_buf_printf(&message, "The `%s` query parameter value [%s] %s",
	    name, value, what);
	sb_invalid(c, name, value, message.data);
	sb_buf_free(&message);
}

static void
answer(struct sb_call *c, struct json_object *data,
    struct json_object *errors)
{
	struct json_object *o = json_object_new_object();

	if (data != NULL)
		json_object_object_add(o, "data", data);
	if (errors != NULL)
		json_object_object_add(o, "errors", errors);
	sb_reply_json(c->reply, 200, o);
}

/* False after it has answered; the form is to be freed in either case. */
static bool
read_query(struct sb_call *c, const char *allowed, struct sb_form *out)
{
	const char *repeated;

	if (!sb_form_read(c->req->query, strlen(c->req->query), out)) {
		sb_invalid(c, NULL, NULL, "The query is not well formed.");
		return false;
	}
	repeated = sb_form_repeated(out);
	if (repeated != NULL) {
		refuse_param(c, repeated, sb_form_get(out, repeated),
		    "is there more than once");
		return false;
	}
	for (size_t i = 0; i < out->count; i++)
		if (!sb_list_has(allowed, out->pairs[i].name) ||
		    (c->settings.old_names &&
		    strcmp(out->pairs[i].name, "post.fields") == 0)) {
			struct sb_buf message = { 0 };

			sb_buf_printf(&message, "The query parameter [%s] is "
			    "not one of [%s]", out->pairs[i].name, allowed);
			sb_invalid(c, out->pairs[i].name,
			    out->pairs[i].value, message.data);
			sb_buf_free(&message);
			return false;
		}
	return true;
}

void
sb_reads_one(struct sb_call *c)
{
	struct json_object *data, *errors = NULL;
	uint64_t id = sb_post_id(c->id);
	struct sb_fields fields;
	struct sb_form query;

	if (!read_query(c, "expansions,media.fields,place.fields,poll.fields,"
	    "post.fields,tweet.fields,user.fields", &query)) {
		;
	} else if (id == 0) {
		refuse_param(c, "id", c->id, "is not valid");
	} else {
		sb_fields_read(&query, &fields);
		data = sb_posts_get(c->app->posts, id, &fields);
		if (data == NULL) {
			errors = json_object_new_array();
			json_object_array_add(errors,
			    sb_missing("tweet", "id", c->id));
		}
		answer(c, data, errors);
	}
	sb_form_free(&query);
}

static void
read_many(struct sb_call *c, const struct sb_form *query, char *ids)
{
	struct json_object *data = json_object_new_array();
	struct json_object *errors = json_object_new_array();
	struct json_object *post;
	struct sb_fields fields;
	char *rest = ids, *id;
	size_t n = 0;

	sb_fields_read(query, &fields);
	while ((id = strsep(&rest, ",")) != NULL) {
		if (++n > IDS_MAX || sb_post_id(id) == 0) {
			json_object_put(data);
			json_object_put(errors);
			refuse_param(c, "ids", id, "is not valid");
			return;
		}
		post = sb_posts_get(c->app->posts, sb_post_id(id), &fields);
		if (post != NULL)
			json_object_array_add(data, post);
		else
			json_object_array_add(errors,
			    sb_missing("tweet", "ids", id));
	}
	if (json_object_array_length(data) == 0) {
		json_object_put(data);
		data = NULL;
	}
	if (json_object_array_length(errors) == 0) {
		json_object_put(errors);
		errors = NULL;
	}
	answer(c, data, errors);
}

void
sb_reads_many(struct sb_call *c)
{
	struct sb_form query;
	const char *list;
	char *ids;

	if (read_query(c, "expansions,ids,media.fields,place.fields,"
	    "poll.fields,post.fields,tweet.fields,user.fields", &query)) {
		list = sb_form_get(&query, "ids");
		ids = sb_strdup(list == NULL ? "" : list);
		read_many(c, &query, ids);
		free(ids);
	}
	sb_form_free(&query);
}

static bool
read_page_id(struct sb_call *c, const struct sb_form *query,
    const char *name, uint64_t *out)
{
	const char *value = sb_form_get(query, name);

	*out = value == NULL ? 0 : sb_post_id(value);
	if (value != NULL && *out == 0)
		refuse_param(c, name, value, "is not valid");
	return value == NULL || *out != 0;
}

static bool
read_page_time(struct sb_call *c, const struct sb_form *query,
    const char *name, int64_t *out)
{
	const char *value = sb_form_get(query, name);

	*out = 0;
	if (value == NULL || sb_clock_read(value, out))
		return true;
	refuse_param(c, name, value, "is not a time");
	return false;
}

/* A token is the mark and, in hexadecimal, the id to go on before. */
static bool
read_page_token(struct sb_call *c, const struct sb_form *query,
    struct sb_page *page)
{
	const char *value = sb_form_get(query, "pagination_token");
	size_t mark = strlen(page_mark);
	uint64_t before;
	char *end;

	if (value == NULL)
		return true;
	if (strncmp(value, page_mark, mark) == 0 && value[mark] != '\0') {
		before = strtoull(value + mark, &end, 16);
		if (*end == '\0' && before > 0) {
			if (page->until_id == 0 || before < page->until_id)
				page->until_id = before;
			return true;
		}
	}
	refuse_param(c, "pagination_token", value, "is not valid");
	return false;
}

static bool
read_page(struct sb_call *c, const struct sb_form *query,
    struct sb_page *out)
{
	const char *max = sb_form_get(query, "max_results");
	char *end = NULL;
	long n = max == NULL ? 10 : strtol(max, &end, 10);

	*out = (struct sb_page){ .max_results = (int)n,
		.newest = c->settings.read_lag_ms == 0 ? INT64_MAX :
		    c->now - c->settings.read_lag_ms };
	if (max != NULL && (*max == '\0' || *end != '\0' || n < 5 ||
	    n > 100)) {
		refuse_param(c, "max_results", max,
		    "is not between 5 and 100");
		return false;
	}
	out->no_replies = sb_list_has(sb_form_get(query, "exclude"),
	    "replies");
	return read_page_id(c, query, "since_id", &out->since_id) &&
	    read_page_id(c, query, "until_id", &out->until_id) &&
	    read_page_time(c, query, "start_time", &out->start) &&
	    read_page_time(c, query, "end_time", &out->end) &&
	    read_page_token(c, query, out);
}

static struct json_object *
meta_of(struct json_object *list, uint64_t more)
{
	struct json_object *meta = json_object_new_object();
	size_t n = json_object_array_length(list);
	char token[sizeof page_mark + TOKEN_SIZE];

	json_object_object_add(meta, "result_count",
	    json_object_new_int64((int64_t)n));
	if (n > 0) {
		json_object_object_add(meta, "newest_id", json_object_get(
		    json_object_object_get(
		    json_object_array_get_idx(list, 0), "id")));
		json_object_object_add(meta, "oldest_id", json_object_get(
		    json_object_object_get(
		    json_object_array_get_idx(list, n - 1), "id")));
	}
	if (more != 0) {
		snprintf(token, sizeof token, "%s%" PRIx64, page_mark, more);
		json_object_object_add(meta, "next_token",
		    json_object_new_string(token));
	}
	return meta;
}

static void
show_page(struct sb_call *c, const struct sb_form *query,
    const struct sb_page *page)
{
	struct json_object *o, *list, *errors;
	struct sb_account account;
	struct sb_fields fields;
	uint64_t more;

	if (!sb_grants_account(c->app->grants, c->id, &account)) {
		errors = json_object_new_array();
		json_object_array_add(errors,
		    sb_missing("user", "id", c->id));
		answer(c, NULL, errors);
		return;
	}
	sb_fields_read(query, &fields);
	list = sb_posts_timeline(c->app->posts, c->id, page, &fields, &more);
	o = json_object_new_object();
	json_object_object_add(o, "meta", meta_of(list, more));
	if (json_object_array_length(list) > 0)
		json_object_object_add(o, "data", list);
	else
		json_object_put(list);
	sb_reply_json(c->reply, 200, o);
}

void
sb_reads_timeline(struct sb_call *c)
{
	struct sb_form query;
	struct sb_page page;

	if (!read_query(c, "end_time,exclude,expansions,max_results,"
	    "media.fields,pagination_token,place.fields,poll.fields,"
	    "post.fields,since_id,start_time,tweet.fields,until_id,"
	    "user.fields", &query))
		;
	else if (sb_post_id(c->id) == 0)
		refuse_param(c, "id", c->id, "is not valid");
	else if (read_page(c, &query, &page))
		show_page(c, &query, &page);
	sb_form_free(&query);
}
